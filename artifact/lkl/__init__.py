# SPDX-License-Identifier: GPL-2.0-only
"""Linux as a Python object.

>>> from artifact.lkl import Kernel, Tap
>>> with Kernel(mem="64M", net=[Tap("tap0")]) as k:
...     k.net["eth0"].up()
...     k.net["eth0"].add_address("10.1.0.2/16")
...     k.routes.add("default", via="10.1.0.1")
...     with k.socket() as s:
...         s.connect(("10.1.0.1", 80))
"""

from artifact.lkl.console import Console
from artifact.lkl.devices import DatagramSocket, Disk, Packet, Tap
from artifact.lkl.errors import KernelError
from artifact.lkl.files import RawFile
from artifact.lkl.kernel import Kernel
from artifact.lkl.sockets import Socket
from artifact.lkl.sysctl import Sysctl

__all__ = [
    "Console",
    "DatagramSocket",
    "Disk",
    "Kernel",
    "KernelError",
    "Packet",
    "RawFile",
    "Socket",
    "Sysctl",
    "Tap",
]
