# SPDX-License-Identifier: GPL-2.0-only
"""The C library: programs of tests/c/libc, linked in each way, run on each kernel there is.

A test root has a program, its helpers, and for a public image our loader. `native` runs it in a
chroot on the host's kernel; `entry` does the same with every system call coming through the
protocol of the library kernel's entry (tests/c/libc/entry-host) and none allowed past it; `ukrun`
runs it on the library kernel. UK_LIBC_RUNNER="COMMAND..." names another command for the last, which
is run as COMMAND... ROOT PROGRAM ARGS....
"""

import os
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.errors import Unavailable

pytestmark = pytest.mark.system

C = paths.REPO / "tests" / "c" / "libc"
CFLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
# The C++ program throws from a signal handler.
CXXFLAGS = ("-std=gnu++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fnon-call-exceptions")
HOST_CFLAGS = (
    *("-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-stack-protector"),
    *("-mno-red-zone", "-mgeneral-regs-only", "-mcmodel=large", "-fno-pie", "-no-pie", "-nostdlib"),
    # beside the addresses of programs at fixed ones
    *("-static", "-Wl,-Ttext-segment=0x7e00000000"),
)
LINKS = {
    "public": (),
    "private": ("-static",),
    "fixed": ("-no-pie",),
    "fixed-private": ("-static", "-no-pie"),
}
PROGRAMS = sorted(file.stem for file in C.glob("t-*.c"))
HELPERS = ("sh", "child")
ARGS = ("one", "two words")
ENV = {"UK_TEST": "a value", "PATH": "/bin"}
LIMIT_S = 120
COMMAND = os.environ.get("UK_LIBC_RUNNER", "")
UKRUN = ("bin/ukrun", "--no-tty", "--libc", "none")
RESULT = re.compile(r"(not )?ok (\d+) - .*")

# In a mount namespace of its own, so that nothing stays mounted whatever happens.
ENTER = (
    'mount --bind /proc "$1/proc" && mount --bind /dev "$1/dev" && root=$1 && shift &&'
    ' exec chroot "$root" "$@"'
)


def chroot(root: Path, *words: str) -> list[str]:
    return ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(root), *words]


def through_entry(root: Path, *words: str) -> list[str]:
    return chroot(root, "/bin/entry-host", "-c", "/calls", words[0], *words)


def command(root: Path, *words: str) -> list[str]:
    ukrun = [str(paths.lkl_prefix() / UKRUN[0]), *UKRUN[1:]]
    return [*(shlex.split(COMMAND) or ukrun), str(root), *words]


Runner = Callable[..., list[str]]
RUNNERS: dict[str, Runner] = {"native": chroot, "entry": through_entry, "ukrun": command}


@dataclass(frozen=True)
class Prefix:
    """An installed C library."""

    path: Path

    def compile(self, source: str, target: Path, *options: str) -> None:
        argv = [self.path / "bin" / "ukcc", *CFLAGS, *options, C / source, "-o", target]
        proc.run(argv)


@pytest.fixture(scope="module")
def prefix() -> Prefix:
    try:
        return Prefix(paths.libc_prefix())
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def entry_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("host") / "entry-host"
    sources = [C / "entry-host" / name for name in ("main.c", "entry.S")]
    proc.run(["gcc", *HOST_CFLAGS, *sources, "-o", made])
    return made


@pytest.fixture(scope="module", params=LINKS)
def root(
    request: pytest.FixtureRequest,
    prefix: Prefix,
    entry_host: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A root directory with all programs, linked in one way."""
    link = LINKS[request.param]
    top = tmp_path_factory.mktemp(request.param)
    for name in ("bin", "lib", "tmp", "proc", "dev"):
        (top / name).mkdir()
    if "-static" not in link:
        shutil.copy(prefix.path / "lib" / "libc.so", top / "lib" / "ld-musl-x86_64.so.1")
        prefix.compile("plugin.c", top / "lib" / "plugin.so", "-fPIC", "-shared")
    for name in (*PROGRAMS, *HELPERS):
        # Started beside a program at a fixed address, so never at one themselves.
        how = [word for word in link if word != "-no-pie" or name not in HELPERS]
        export = ["-rdynamic"] if name == "t-dl" else []
        prefix.compile(f"{name}.c", top / "bin" / name, *how, *export)
    shutil.copy(entry_host, top / "bin" / "entry-host")
    return top


def failures(text: str) -> list[str]:
    """The failed checks in TAP; an error when it is not whole."""
    lines = text.splitlines()
    found = [match for line in lines if (match := RESULT.fullmatch(line))]
    assert [int(match[2]) for match in found] == list(range(1, len(found) + 1)), text
    assert found
    assert lines[-1] == f"1..{len(found)}", text
    return [match[0] for match in found if match[1]]


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_program(root: Path, program: str, runner: str) -> None:
    check(root, program, runner)


def check(root: Path, program: str, runner: str) -> None:
    path = f"/bin/{program}"
    (root / "calls").unlink(missing_ok=True)
    argv = RUNNERS[runner](root, path, *ARGS)
    done = proc.run(argv, env=ENV | {"PATH": os.environ["PATH"]}, timeout=LIMIT_S, check=False)
    assert failures(done.stdout) == [], done.stderr
    assert done.returncode == 0, done.stderr
    if runner == "entry":
        counts = dict(line.split() for line in (root / "calls").read_text().splitlines())
        assert int(counts[path]) > 5


@pytest.fixture
def cxx_root(root: Path, prefix: Prefix) -> Path:
    """The root with the C++ program, and its library where that is a file of its own."""
    library = prefix.path / "cxx" / "lib"
    if not library.is_dir():
        pytest.skip("no C++ library: invoke libc --cxx")
    link = LINKS[root.name.rstrip("0123456789")]
    if not (root / "bin" / "t-cxx").is_file():
        argv = [prefix.path / "bin" / "ukc++", *CXXFLAGS, *link, C / "t-cxx.cc"]
        proc.run([*argv, "-o", root / "bin" / "t-cxx"])
        if "-static" not in link:
            shutil.copy(library / "libstdc++.so.6", root / "lib" / "libstdc++.so.6")
    return root


@pytest.mark.parametrize("runner", RUNNERS)
def test_cxx(cxx_root: Path, runner: str) -> None:
    check(cxx_root, "t-cxx", runner)


def test_a_failed_check_is_seen() -> None:
    assert failures("ok 1 - a\nnot ok 2 - b\n1..2\n") == ["not ok 2 - b"]
    for broken in ("ok 1 - a\n", "ok 1 - a\nok 3 - b\n1..2\n", "1..0\n", ""):
        with pytest.raises((AssertionError, IndexError)):
            failures(broken)


def test_the_entry_host_lets_no_instruction_past(root: Path) -> None:
    """A program of the host's C library executes the instruction itself."""
    shutil.copy(entry_test_program(root), root / "bin" / "raw")
    done = proc.run(through_entry(root, "/bin/raw"), check=False)
    assert done.returncode == -31 or done.returncode == 128 + 31


def entry_test_program(root: Path) -> Path:
    source = root / "raw.c"
    source.write_text("int main(void) { return 0; }\n")
    proc.run(["gcc", "-static", source, "-o", root / "raw"])
    return root / "raw"


INSTRUCTION = re.compile(r"^\s*[0-9a-f]+:\t(?:[0-9a-f]{2} )+\s*(syscall|sysenter|int\s+\$0x80)")
FUNCTION = re.compile(r"^[0-9a-f]+ <(\S+)>:")
# The native entry, and the places where a host needs the instruction itself.
ALLOWED = {"__uk_native", "vfork", "__clone", "__cp_native_begin", "__restore_rt"}


def raw_calls(file: Path) -> list[str]:
    """Functions of an object that hold a system call instruction, one entry for each."""
    found, function = [], ""
    for line in proc.run(["objdump", "-d", file]).stdout.splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        elif INSTRUCTION.match(line):
            found.append(function)
    return found


@pytest.mark.parametrize("name", ["libc.so", "libc.a"])
def test_no_other_system_call_instruction(prefix: Prefix, name: str) -> None:
    assert sorted(raw_calls(prefix.path / "lib" / name)) == sorted(ALLOWED)


def test_a_system_call_instruction_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "raw.c"
    source.write_text('void odd(void) { __asm__("syscall"); }\n')
    proc.run(["gcc", "-c", source, "-o", tmp_path / "raw.o"])
    assert raw_calls(tmp_path / "raw.o") == ["odd"]


def test_calls_go_through_rcx_only(prefix: Prefix) -> None:
    """Restarting sets rip back by two: every call of the entry is `call *%rcx`, ff d1."""
    text = proc.run(["objdump", "-d", prefix.path / "lib" / "libc.so"]).stdout
    loads = re.findall(r"mov\s+\S+\(%rip\),%(\w+)\s+# [0-9a-f]+ <__uk_entry>", text)
    assert len(loads) > 400
    assert len(re.findall(r"\tff d1 +\tcall +\*%rcx", text)) > 400
