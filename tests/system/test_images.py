# SPDX-License-Identifier: GPL-2.0-only
"""Images for real: every program does its job on the host's kernel, in both forms."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from artifact import proc
from artifact.errors import Unavailable
from artifact.images import catalogue, interp, native, toolchain, tree
from artifact.images.builder import Built
from artifact.images.recipe import Form
from artifact.net.netns import namespace

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
    with namespace() as net, net.entered():
        proc.run(["ip", "link", "set", "lo", "up"])
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
