# SPDX-License-Identifier: GPL-2.0-only
"""sqlite's own speed test, and a database that is written, checked and read again.

speedtest1 --verify prints a hash over everything its queries returned: the same everywhere.
Sources: sqlite's test/speedtest1.c, cli.html.
"""

import re

from artifact import proc
from artifact.errors import ArtifactError
from artifact.images import catalogue
from artifact.images.recipe import Form
from artifact.programs.launcher import Launcher

TIMEOUT_S = 600.0
_HASH = re.compile(r"^Verification Hash: (\d+ [0-9a-f]+)$", re.MULTILINE)
_TIME = re.compile(r"TOTAL\.* +([\d.]+)s")
SCRIPT = """
pragma journal_mode = wal;
create table t(a integer primary key, b text);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 10000)
  insert into t select x, hex(x * 2654435761 % 4294967296) from n;
create index i on t(b);
delete from t where a % 3 = 0;
vacuum;
pragma integrity_check;
select count(*), sum(a), min(b), max(b) from t;
"""
ANSWER = "wal\nok\n6667|33336667|"


def speedtest(
    launcher: Launcher, form: Form, size: int = 10, database: str = "/tmp/speed.db"
) -> tuple[str, float]:
    """Verification hash and total seconds of speedtest1 on a database file."""
    image = catalogue.image("sqlite3", form)
    words = ["--verify", "--size", str(size), "--shrink-memory", database]
    argv = [*launcher(image.rootfs), "/bin/speedtest1", *words]
    return parse_speedtest(proc.run(argv, timeout=TIMEOUT_S).stdout)


def parse_speedtest(text: str) -> tuple[str, float]:
    """Hash and seconds in the output of speedtest1 --verify."""
    found, total = _HASH.search(text), _TIME.search(text)
    if found is None or total is None:
        raise ArtifactError(f"speedtest1 said {' '.join(text.split())[-200:]!r}")
    return found[1], float(total[1])


def shell(launcher: Launcher, form: Form) -> None:
    """Write a database file with the shell, check its integrity, read it; or ArtifactError."""
    image = catalogue.image("sqlite3", form)
    argv = [*launcher(image.rootfs), *image.argv, "/tmp/shell.db"]
    said = proc.run(argv, input=SCRIPT, timeout=TIMEOUT_S).stdout
    if not said.startswith(ANSWER):
        raise ArtifactError(f"the sqlite3 shell answered {said!r}")
