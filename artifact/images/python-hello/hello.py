# SPDX-License-Identifier: GPL-2.0-only
"""The paper's cold-start program: import, print, listen, exit (VEE'21 slides p.19).

Its output proves that the work was done: versions that only the loaded modules know, the
argument of this very start, and the kernel's own word that the socket listens.
"""

import csv
import json
import socket
import sqlite3
import ssl
import sys

with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
    server.bind(("127.0.0.1", 0))
    server.listen(5)
    report = {
        "hello": sys.argv[1],
        "python": sys.version.split()[0],
        "ssl": ssl.OPENSSL_VERSION,
        "sqlite3": sqlite3.sqlite_version,
        "csv": csv.list_dialects(),
        "listening": server.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
        "port": server.getsockname()[1],
    }
    print(json.dumps(report), flush=True)
