# SPDX-License-Identifier: GPL-2.0-only
"""What ukrun makes the root of, what it mounts there, and its options, right and wrong."""

import hashlib
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from artifact import proc
from artifact.errors import Unavailable
from tests.system.conftest import LOADER, Ukrun

pytestmark = pytest.mark.system

SETUP_STATUS = 125
USAGE_STATUS = 2
NOT_FOUND_STATUS = 127
NOT_EXECUTABLE_STATUS = 126
IMAGE_MIB = 24
BLOCK = 4096


def newc(root: Path) -> bytes:
    """A cpio archive of a tree (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    archive = bytearray()
    data_written: set[int] = set()

    def put(name: str, info: Sequence[int], data: bytes) -> None:
        ino, mode, uid, gid, nlink, mtime, device = info
        fields = [ino, mode, uid, gid, nlink, mtime, len(data), 0, 0]
        fields += [os.major(device), os.minor(device), len(name) + 1, 0]
        archive.extend(b"070701" + b"".join(b"%08X" % field for field in fields))
        archive.extend(name.encode() + b"\0")
        archive.extend(b"\0" * (-len(archive) % 4) + data)
        archive.extend(b"\0" * (-len(archive) % 4))

    for path in sorted(root.rglob("*")):
        st = path.lstat()
        data = b""
        if path.is_symlink():
            data = os.readlink(path).encode()
        elif path.is_file() and st.st_ino not in data_written:
            data = path.read_bytes()
            data_written.add(st.st_ino)
        info = [st.st_ino & 0xFFFFFFFF, st.st_mode, st.st_uid, st.st_gid, st.st_nlink]
        put(str(path.relative_to(root)), [*info, int(st.st_mtime), st.st_rdev], data)
    put("TRAILER!!!", [0] * 7, b"")
    return bytes(archive)


def small_root(ukrun: Ukrun) -> None:
    """Only what these tests use."""
    for program in (ukrun.root / "bin").iterdir():
        if program.name not in {"tool", "tool-dynamic", "die"}:
            program.unlink()


@pytest.fixture(params=["directory", "ext4", "erofs", "initramfs"])
def any_root(request: pytest.FixtureRequest, ukrun: Ukrun, tmp_path: Path) -> Path:
    """The test root in each form that there is."""
    kind = request.param
    small_root(ukrun)
    (ukrun.root / "etc" / "message").write_text("a message\n")
    (ukrun.root / "etc" / "link").symlink_to("/etc/message")
    if kind == "directory":
        return ukrun.root
    image = tmp_path / f"image.{kind}"
    try:
        if kind == "ext4":
            with image.open("wb") as file:
                file.truncate(IMAGE_MIB << 20)
            mkfs = proc.need("mkfs.ext4", "e2fsprogs")
            proc.run([mkfs, "-q", "-F", "-b", str(BLOCK), "-d", ukrun.root, image])
        elif kind == "erofs":
            proc.run([proc.need("mkfs.erofs", "erofs-utils"), image, ukrun.root])
        else:
            image.write_bytes(newc(ukrun.root))
    except Unavailable as reason:
        pytest.skip(str(reason))
    return image


def digest(root: Path) -> str:
    """Everything about a tree or an image that must not change."""
    found = hashlib.sha256()
    for path in [root, *sorted(root.rglob("*"))] if root.is_dir() else [root]:
        st = path.lstat()
        found.update(f"{path} {st.st_mode} {st.st_size} {st.st_mtime_ns} {st.st_nlink}".encode())
        if stat.S_ISREG(st.st_mode):
            found.update(path.read_bytes())
    return found.hexdigest()


def test_programs_run(ukrun: Ukrun, any_root: Path) -> None:
    for program in ("/bin/tool", "/bin/tool-dynamic"):
        done = ukrun.run(program, "show", "/etc/link", root=any_root)
        assert (done.status, done.text, done.err) == (0, "a message\n", b"")
    assert ukrun.run("/bin/die", "exit", "77", root=any_root).status == 77


def test_a_read_only_root_is_not_changed(ukrun: Ukrun, any_root: Path) -> None:
    before = digest(any_root)
    done = ukrun.run("/bin/tool", "create", "/etc/new", root=any_root, options=["-r"])
    assert done.status == 1
    assert b"Read-only file system" in done.err
    assert ukrun.run("/bin/tool", "show", "/proc/self/maps", root=any_root, options=["-r"]).out
    assert digest(any_root) == before


def test_an_image_that_may_not_be_written_to(ukrun: Ukrun, any_root: Path) -> None:
    if any_root.is_dir():
        pytest.skip("an image is a file")
    any_root.chmod(0o444)
    done = ukrun.run("/bin/tool", "show", "/etc/message", root=any_root, options=["-r"])
    assert done.text == "a message\n"


def test_writes_stay_where_that_is_meant(ukrun: Ukrun, any_root: Path) -> None:
    kind = any_root.suffix
    done = ukrun.run("/bin/tool", "create", "/etc/new", root=any_root)
    assert done.status == (1 if kind == ".erofs" else 0), done.err
    shown = ukrun.run("/bin/tool", "show", "/etc/new", root=any_root)
    kept = kind in {"", ".ext4"}
    assert (shown.status == 0) == kept
    if kind == "":
        assert (any_root / "etc" / "new").read_text() == "made\n"


def test_a_disk_is_left_clean(ukrun: Ukrun, any_root: Path) -> None:
    """Also when somebody still has a file open for writing."""
    if any_root.suffix != ".ext4":
        pytest.skip("only ext4 has a journal")
    for words in (("create", "/etc/new"), ("orphan-writer", "/etc/log"), ("signals",)):
        with subprocess.Popen(
            ukrun.argv("/bin/tool", *words, root=any_root), stdout=subprocess.PIPE
        ) as process:
            assert process.stdout
            if words == ("signals",):
                assert process.stdout.readline() == b"ready\n"
                process.terminate()
            process.stdout.read()
            assert process.wait(20) == 0
        state = proc.run([proc.need("dumpe2fs", "e2fsprogs"), "-h", any_root]).stdout
        assert "needs_recovery" not in state
        assert re.search(r"Filesystem state:\s+clean\n", state)
        assert (
            proc.run([proc.need("e2fsck", "e2fsprogs"), "-fn", any_root], check=False).returncode
            == 0
        )


def test_an_archive_is_unpacked_as_it_was(ukrun: Ukrun, tmp_path: Path) -> None:
    """Hard links, devices, owners, times."""
    small_root(ukrun)
    etc = ukrun.root / "etc"
    (etc / "one").write_text("x" * 5000)
    os.link(etc / "one", etc / "two")
    os.mknod(etc / "zero", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    os.mkfifo(etc / "fifo")
    os.chown(etc / "one", 12, 34)
    (etc / "one").chmod(0o4751)
    os.utime(etc / "one", (1000, 1000))
    image = tmp_path / "image"
    image.write_bytes(newc(ukrun.root))
    for name in ("one", "two", "zero", "fifo"):
        seen = [
            ukrun.run("/bin/tool", "stat", f"/etc/{name}", root=where).text
            for where in (ukrun.root, image)
        ]
        assert seen[0]
        assert seen[0] == seen[1]
    short = tmp_path / "short"
    short.write_bytes(image.read_bytes()[:-600])
    done = ukrun.run("/bin/die", "exit", "0", root=short)
    assert done.status == SETUP_STATUS
    assert done.err.startswith(b"ukrun: initramfs: ")


def test_what_is_mounted(ukrun: Ukrun, any_root: Path) -> None:
    show = ukrun.run("/bin/tool", "show", "/proc/mounts", root=any_root).text
    kinds = {line.split()[1]: line.split()[2] for line in show.splitlines()}
    assert kinds["/proc"] == "proc"
    assert kinds["/sys"] == "sysfs"
    assert kinds["/dev/pts"] == "devpts"
    names = ukrun.run("/bin/tool", "ls", "/dev", root=any_root).text.split()
    assert {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm"} <= set(names)
    assert {"fd", "stdin", "stdout", "stderr"} <= set(names)
    assert "net" in ukrun.run("/bin/tool", "ls", "/sys/class", root=any_root).text.split()
    assert "1" in ukrun.run("/bin/tool", "ls", "/proc", root=any_root).text.split()


def test_nothing_but_the_root_is_seen(ukrun: Ukrun, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    for path in ("/../outside", "/etc/../../outside", str(tmp_path / "outside")):
        assert ukrun.run("/bin/tool", "show", path).status == 1
    (ukrun.root / "etc" / "up").symlink_to("../../outside")
    (ukrun.root / "etc" / "far").symlink_to(tmp_path / "outside")
    for name in ("up", "far"):
        assert ukrun.run("/bin/tool", "show", f"/etc/{name}").status == 1


def test_identity(ukrun: Ukrun) -> None:
    done = ukrun.run("/bin/tool", "ids")
    first, second = done.text.splitlines()
    assert first == "uid 0 0 gid 0 0 groups 0"
    assert second.endswith("ppid 1 cwd / host lkl")
    options = ["-u", "12:34", "-C", "/etc", "--hostname", "other", "--pid1"]
    done = ukrun.run("/bin/tool", "ids", options=options)
    assert done.text == (
        "uid 12 12 gid 34 34 groups 1\npid 1 ppid 0 cwd /etc host other\n"
    )  # fmt: skip


def test_process_one_of_a_namespace(ukrun: Ukrun) -> None:
    assert (
        ukrun.run("/bin/tool", "ls", "/proc", options=["--pid1"]).text.split()[:2].count("2") == 0
    )
    assert ukrun.run("/bin/die", "null-write", options=["--pid1"]).status == 128 + 11
    assert ukrun.run("/bin/die", "exit", "3", options=["--pid1"]).status == 3
    assert ukrun.run("/bin/tool", "orphan", options=["--pid1"]).status == 7


def test_environment(ukrun: Ukrun) -> None:
    outside = {"PATH": "/bin", "ONE": "1", "EMPTY": "", "LINES": "a\nb"}
    run = ukrun.run("/bin/tool", "env", options=["-e", "TWO=2", "--env", "ONE=one"], env=outside)
    assert "TWO=2" in run.text.splitlines()
    assert "EMPTY=" in run.text.splitlines()
    assert "LINES=a\nb\n" in run.text
    assert [line for line in run.text.splitlines() if line.startswith("ONE=")] == ["ONE=one"]
    cleared = ukrun.run("/bin/tool", "env", options=["--clear-env", "-e", "A=b=c"], env=outside)
    assert cleared.text == "A=b=c\n"


def test_the_path_is_searched(ukrun: Ukrun) -> None:
    assert ukrun.run("die", "exit", "4", options=["-e", "PATH=/tmp:/bin"]).status == 4
    assert ukrun.run("die", "exit", "4", options=["-e", "PATH=/tmp"]).status == NOT_FOUND_STATUS


def test_binds(ukrun: Ukrun, tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    shown.mkdir()
    (shown / "file").write_text("from outside\n")
    before = digest(ukrun.root)
    target = ["-b", f"{shown}:/tmp"]
    assert ukrun.run("/bin/tool", "show", "/tmp/file", options=target).text == "from outside\n"
    assert ukrun.run("/bin/tool", "create", "/tmp/new", options=target).status == 0
    assert (shown / "new").read_text() == "made\n"
    read_only = ["-b", f"{shown}:/tmp:ro"]
    assert ukrun.run("/bin/tool", "create", "/tmp/newer", options=read_only).status == 1
    (ukrun.root / "etc" / "one").write_text("covered\n")
    one = ["-b", f"{shown}/file:/etc/one:ro", "-b", f"{shown}:/tmp", "-r"]
    assert ukrun.run("/bin/tool", "show", "/etc/one", options=one).text == "from outside\n"
    (ukrun.root / "etc" / "one").unlink()
    os.utime(ukrun.root / "etc", ns=(0, 0))
    assert digest(ukrun.root) != before  # a check that can fail
    assert ukrun.run("/bin/tool", "ls", "/tmp").text == ""


def test_libc_is_shown_over_the_root_s_own(ukrun: Ukrun, libc: Path) -> None:
    loader = ukrun.root / "lib" / LOADER
    loader.unlink()
    loader.write_bytes(b"not a loader\n")
    before = digest(ukrun.root)
    words = ("/bin/tool-dynamic", "ls", "/etc")
    assert ukrun.run(*words, options=["--libc", "none"]).status == NOT_EXECUTABLE_STATUS
    assert ukrun.run(*words, options=["--libc", str(libc / "lib" / "libc.so")]).status == 0
    assert digest(ukrun.root) == before


BAD_OPTIONS = {
    "no such option": (["--nonsense"], USAGE_STATUS),
    "memory": (["-m", "lots"], SETUP_STATUS),
    "memory suffix": (["-m", "64Q"], SETUP_STATUS),
    "memory negative": (["-m", "-1M"], SETUP_STATUS),
    "memory small": (["-m", "1M"], SETUP_STATUS),
    "memory large": (["-m", "99999999999999999999"], SETUP_STATUS),
    "memory empty": (["-m", ""], SETUP_STATUS),
    "env": (["-e", "NOVALUE"], SETUP_STATUS),
    "env name": (["-e", "=x"], SETUP_STATUS),
    "bind form": (["-b", "/tmp"], SETUP_STATUS),
    "bind relative": (["-b", "/tmp:etc"], SETUP_STATUS),
    "bind mode": (["-b", "/tmp:/tmp:rx"], SETUP_STATUS),
    "bind source": (["-b", "/no/such:/tmp"], SETUP_STATUS),
    "bind target": (["-b", "/tmp:/no/such"], SETUP_STATUS),
    "bind file on directory": (["-b", "/etc/passwd:/tmp"], SETUP_STATUS),
    "cwd": (["-C", "/no/such"], SETUP_STATUS),
    "user": (["-u", "root"], SETUP_STATUS),
    "user group": (["-u", "1:x"], SETUP_STATUS),
    "user rest": (["-u", "1:2:3"], SETUP_STATUS),
    "user negative": (["-u", "-5"], SETUP_STATUS),
    "user large": (["-u", "99999999999"], SETUP_STATUS),
    "hostname": (["--hostname", "x" * 65], SETUP_STATUS),
    "libc": (["--libc", "/no/such"], SETUP_STATUS),
    "net form": (["-n", "eth0"], SETUP_STATUS),
    "net kind": (["-n", "wire:eth0"], SETUP_STATUS),
    "net name": (["-n", "tap:"], SETUP_STATUS),
    "net long name": (["-n", "packet:a-name-that-is-too-long"], SETUP_STATUS),
    "net interface": (["-n", "packet:nosuch0"], SETUP_STATUS),
    "net descriptor": (["-n", "dgram:77"], SETUP_STATUS),
    "net number": (["-n", "dgram:x"], SETUP_STATUS),
    "address alone": (["--ip", "10.0.0.1/24"], SETUP_STATUS),
    "mac": (["-n", "dgram:0", "--mac", "02:00"], SETUP_STATUS),
    "mac multicast": (["-n", "dgram:0", "--mac", "01:00:00:00:00:01"], SETUP_STATUS),
    "ip": (["-n", "dgram:0", "--ip", "10.0.0"], SETUP_STATUS),
    "ip prefix": (["-n", "dgram:0", "--ip", "10.0.0.1"], SETUP_STATUS),
    "ip long prefix": (["-n", "dgram:0", "--ip", "10.0.0.1/33"], SETUP_STATUS),
    "ip6": (["-n", "dgram:0", "--ip6", "10.0.0.1/24"], SETUP_STATUS),
    "gateway": (["-n", "dgram:0", "--gateway", "x"], SETUP_STATUS),
    "gateway without route": (["-n", "dgram:0", "--gateway", "10.0.0.1"], SETUP_STATUS),
    "tty": (["-t"], SETUP_STATUS),
    "argument is missing": (["--cwd"], USAGE_STATUS),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_options_are_one_line(ukrun: Ukrun, case: str) -> None:
    options, status = BAD_OPTIONS[case]
    words = ["/bin/die", "exit", "0"] if options[-1] != "--cwd" else []
    argv = [str(ukrun.path), *options, *([str(ukrun.root), *words] if words else [])]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        done = subprocess.run(argv, stdin=theirs, capture_output=True, timeout=20, check=False)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == status, lines
    assert done.stdout == b""
    assert len(lines) == (1 if status == SETUP_STATUS else 2), lines
    assert lines[0].startswith(("ukrun: ", str(ukrun.path)))


def test_bad_roots_and_programs(ukrun: Ukrun, tmp_path: Path) -> None:
    empty, text, fifo = tmp_path / "empty", tmp_path / "text", tmp_path / "fifo"
    empty.write_bytes(b"")
    text.write_text("x" * 10000)
    os.mkfifo(fifo)
    broken = tmp_path / "broken.ext4"
    broken.write_bytes(b"\0" * 1080 + b"\x53\xef" + b"\xff" * 100000)
    for root in (empty, text, fifo, broken, tmp_path / "absent"):
        done = ukrun.run("/bin/die", "exit", "0", root=root)
        assert done.status == SETUP_STATUS
        assert done.err.startswith(b"ukrun: ")
        assert done.err.count(b"\n") == 1
    for program, status in (
        ("/bin/absent", NOT_FOUND_STATUS),
        ("/bin", NOT_EXECUTABLE_STATUS),
        ("/bin/text", NOT_EXECUTABLE_STATUS),
        ("", NOT_FOUND_STATUS),
    ):
        shutil.copy(text, ukrun.root / "bin" / "text")
        done = ukrun.run(program)
        assert done.status == status
        assert done.err.startswith(b"ukrun: ")
        assert done.err.count(b"\n") == 1


def test_help_and_version(ukrun: Ukrun) -> None:
    for word, text in (("--help", b"usage: ukrun"), ("--version", b"ukrun, Linux 6.12")):
        done = subprocess.run([ukrun.path, word], capture_output=True, check=True)
        assert done.stdout.startswith(text)
        assert done.stderr == b""
    done = subprocess.run([ukrun.path], capture_output=True, check=False)
    assert done.returncode == SETUP_STATUS
    assert done.stderr.count(b"\n") == 1


def test_an_empty_root_says_what_it_lacks(ukrun: Ukrun, tmp_path: Path) -> None:
    """No /proc, /sys, /dev: the program runs without them, if it is there."""
    root = tmp_path / "bare"
    root.mkdir()
    shutil.copy(ukrun.root / "bin" / "die", root / "die")
    assert ukrun.run("/die", "exit", "6", root=root).status == 6
    assert ukrun.run("/die", "exit", "6", root=root, options=["--pid1"]).status == 6


def test_not_as_root(ukrun: Ukrun) -> None:
    """A user without privileges has all of it but interfaces."""
    nobody = 65534
    with tempfile.TemporaryDirectory() as top:
        root, path = Path(top) / "root", Path(top) / "ukrun"
        shutil.copytree(ukrun.root, root)
        shutil.copy(ukrun.path, path)
        for place in (Path(top), root):
            place.chmod(0o755)
        argv = [path, "-r", root, "/bin/tool", "ids"]
        done = subprocess.run(argv, capture_output=True, user=nobody, group=nobody, check=False)
    assert done.stdout.splitlines()[:1] == [b"uid 0 0 gid 0 0 groups 0"], done.stderr
