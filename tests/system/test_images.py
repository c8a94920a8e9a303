# SPDX-License-Identifier: GPL-2.0-only
"""Images for real: every program does its job on the host's kernel, in both forms."""

import json
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from artifact import proc
from artifact.errors import ArtifactError, Unavailable
from artifact.images import catalogue, interp, native, toolchain, tree
from artifact.images.builder import Built
from artifact.images.recipe import Form
from artifact.net.netns import namespace
from artifact.programs import nginx, redis

pytestmark = pytest.mark.system


def image(name: str, form: Form) -> Built:
    try:
        return catalogue.image(name, form)
    except Unavailable as error:
        pytest.skip(str(error))


def run(built: Built, *argv: str, input: str | None = None) -> str:
    """Standard output of a program of the image, started natively in its root directory."""
    return proc.run([*native.prefix(built.rootfs), *argv], input=input, timeout=60).stdout


@pytest.fixture(params=list(Form))
def form(request: pytest.FixtureRequest) -> Form:
    return Form(request.param)


@pytest.mark.parametrize("name", catalogue.RECIPES)
def test_the_program_is_of_its_form(name: str, form: Form) -> None:
    built = image(name, form)
    loader = built.rootfs / toolchain.LOADER.lstrip("/")
    assert interp.interpreter(built.program) == (toolchain.LOADER if form is Form.PUBLIC else None)
    assert loader.is_file() == (form is Form.PUBLIC)
    inside = built.rootfs / built.argv[0].lstrip("/")
    assert inside.samefile(built.program) or inside.is_symlink()
    for place in ("dev", "proc", "sys", "tmp", "etc/passwd", "etc/group"):
        assert (built.rootfs / place).exists()


def test_hello(form: Form) -> None:
    assert run(image("hello", form), "/bin/hello", "there") == "hello, there\n"


SCRIPT = """
count() { local n=0; for word in "$@"; do n=$((n + 1)); done; echo "$n words"; }
count a b c
echo 'one two' | sed 's/one/three/' | tr a-z A-Z
for f in /etc/pass*; do test -f "$f" && cat "$f" | grep -c root; done
false || echo "status $?"
echo "$(basename /usr/bin/env) in $(dirname /usr/bin/env)"
trap 'echo bye' EXIT
"""


def test_busybox_runs_a_hush_script(form: Form) -> None:
    built = image("busybox", form)
    lines = run(built, "/bin/sh", "-s", input=SCRIPT).splitlines()
    assert lines == ["3 words", "three two".upper(), "1", "status 1", "env in /usr/bin", "bye"]
    assert "hush" in run(built, "/bin/busybox")


def test_sqlite_shell_and_speed_test(form: Form) -> None:
    built = image("sqlite3", form)
    sql = "create table t(a, b); insert into t values (1, 'x'), (2, 'y'); select sum(a) from t;"
    assert run(built, "/bin/sqlite3", ":memory:", sql) == "3\n"
    assert "TOTAL" in run(built, "/bin/speedtest1", "--memdb", "--size", "1")


def test_netperf_talks_to_netserver(form: Form) -> None:
    built = image("netperf", form)
    with loopback():
        root = native.prefix(built.rootfs)
        with proc.spawn([*root, "/bin/netserver", "-D", "-4", "-p", "12865"]) as server:
            argv = [*root, "/bin/netperf", "-4", "-H", "127.0.0.1", "-l", "1", "-t", "TCP_RR"]
            said = until_connected(argv)
            assert server.poll() is None
    assert "REQUEST/RESPONSE" in said
    assert float(said.split()[-3]) > 0


def until_connected(argv: Sequence[str | Path]) -> str:
    """What a client says once its server listens."""
    for _ in range(50):
        done = proc.run(argv, check=False, timeout=30)
        if done.returncode == 0:
            return done.stdout
        subprocess.run(["sleep", "0.1"], check=True)
    pytest.fail(done.stdout + done.stderr)


PYTHON = """
import csv, hashlib, json, mmap, socket, sqlite3, ssl, subprocess, sys, threading, zlib
context = ssl.create_default_context()
base = sqlite3.connect(":memory:")
base.execute("create table t(a)")
base.executemany("insert into t values (?)", [(n,) for n in range(10)])
child = subprocess.run(
    [sys.executable, "-c", "print('from a child')"], capture_output=True, text=True, check=True
)
found = []
threads = [threading.Thread(target=found.append, args=(n,)) for n in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
near, far = socket.socketpair()
near.sendall(b"x" * 1000)
print(json.dumps({
    "version": sys.version.split()[0],
    "executable": sys.executable,
    "tls": str(context.minimum_version.name),
    "sum": base.execute("select sum(a) from t").fetchone()[0],
    "vfork": subprocess._USE_VFORK,
    "child": child.stdout,
    "threads": sorted(found),
    "crc": zlib.crc32(far.recv(1000)),
    "sha256": hashlib.sha256(b"").hexdigest()[:8],
    "dialects": csv.list_dialects(),
}))
"""


def test_python_and_its_modules(form: Form) -> None:
    built = image("python", form)
    before = tree.digest(built.rootfs)
    told = json.loads(run(built, "/usr/bin/python3", "-c", PYTHON))
    assert str(built.facts["version"]).startswith(told.pop("version"))
    assert told == {
        "executable": "/usr/bin/python3",
        "tls": "TLSv1_2",
        "sum": 45,
        "vfork": True,
        "child": "from a child\n",
        "threads": [*range(8)],
        "crc": zlib.crc32(b"x" * 1000),
        "sha256": "e3b0c442",
        "dialects": ["excel", "excel-tab", "unix"],
    }
    assert tree.digest(built.rootfs) == before


def test_python_imports_without_asking_for_newer_sources(form: Form) -> None:
    code = "import json.decoder as d, pathlib; print(pathlib.Path(d.__cached__).read_bytes()[4])"
    assert run(image("python", form), "/usr/bin/python3", "-c", code) == "1\n"  # PEP 552


def test_the_private_python_has_its_modules_inside() -> None:
    code = "import _ssl, _sqlite3, zlib, sys; print({'_ssl', '_sqlite3', 'zlib'}.issubset("
    code += "sys.builtin_module_names))"
    assert run(image("python", Form.PRIVATE), "/usr/bin/python3", "-c", code) == "True\n"


@contextmanager
def loopback() -> Iterator[None]:
    """A network namespace of our own whose lo is up."""
    with namespace() as net, net.entered():
        proc.run(["ip", "link", "set", "lo", "up"])
        yield


def test_nginx_serves_a_file_and_obeys_signals(form: Form) -> None:
    image("nginx", form)
    with loopback(), nginx.running(native.prefix, form) as server:
        page = nginx.get("/index.html")
        assert len(page) == 1024
        assert nginx.get("/again/index.html") == page
        assert re.fullmatch(rb"\d+\.\d+\.\d+\n", nginx.get("/version"))
        nginx.reopen(server)
        assert nginx.get("/") == page
        with pytest.raises(ArtifactError, match="does not serve /absent: HTTP Error 404"):
            nginx.get("/absent")
        assert nginx.graceful_end(server) == 0


def test_redis_keeps_what_it_is_given(form: Form) -> None:
    built = image("redis", form)
    with loopback(), redis.running(native.prefix, form):
        assert run(built, "/usr/bin/redis-cli", "SET", "key", "value") == "OK\n"
        assert run(built, "/usr/bin/redis-cli", "GET", "key") == "value\n"
        assert "redis_version:" in run(built, "/usr/bin/redis-cli", "INFO", "server")


@pytest.mark.parametrize("name", catalogue.RECIPES)
def test_nothing_of_the_host_is_linked(name: str, form: Form) -> None:
    built = image(name, form)
    for file in tree.walk(built.rootfs):
        if file.is_symlink() or not file.is_file() or file.open("rb").read(4) != b"\x7fELF":
            continue
        told = proc.run(["readelf", "--dynamic", file]).stdout
        needed = set(re.findall(r"NEEDED.*\[(.*)\]", told))
        assert needed <= {"libc.so"}, file


def test_a_run_changes_nothing_in_the_image(form: Form) -> None:
    built = image("busybox", form)
    before = tree.digest(built.rootfs)
    run(built, "/bin/sh", "-c", "ls -R /etc >/dev/null; cat /etc/passwd >/tmp/copy")
    assert tree.digest(built.rootfs) == before


def test_a_run_that_changes_the_image_is_seen(tmp_path: Path) -> None:
    root = tmp_path / "rootfs"
    shutil.copytree(image("busybox", Form.PUBLIC).rootfs, root, symlinks=True)
    before = tree.digest(root)
    proc.run([*native.prefix(root), "/bin/sh", "-c", "echo x >>/etc/passwd"])
    changed = tree.digest(root)
    assert changed != before
    proc.run([*native.prefix(root), "/bin/sh", "-c", ">/etc/new"])
    assert tree.digest(root) not in (changed, before)


def test_building_again_does_nothing(form: Form) -> None:
    built = image("hello", form)
    stamp = (built.directory / "image.json").stat().st_mtime_ns
    again = image("hello", form)
    assert again.directory == built.directory
    assert (again.directory / "image.json").stat().st_mtime_ns == stamp
