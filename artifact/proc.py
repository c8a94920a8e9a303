# SPDX-License-Identifier: GPL-2.0-only
"""Child processes that end with us and whose failures fit on one line.

Each child leads its own process group and gets PR_SET_PDEATHSIG (prctl(2)), so neither
Ctrl-C nor kill -9 of the parent leaves it running. The signal follows the *thread* that
started the child: keep that thread alive as long as the child is wanted.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from artifact.errors import ArtifactError, Unavailable

PR_SET_PDEATHSIG = 1
TERMINATE_GRACE_S = 2.0
SHOWN_LINES = 5
SYSTEM_DIRS = "/usr/local/sbin:/usr/sbin:/sbin"

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Completed:
    """What a finished program left: with a log, stdout holds both streams and stderr is empty."""

    returncode: int
    stdout: str
    stderr: str


def die_with_parent() -> Callable[[], None]:
    """A preexec_fn that has the kernel kill the child when its parent thread goes away."""
    parent = os.getpid()

    def arm() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # the parent was gone before prctl could see it go
            os._exit(127)

    return arm


# Process 1 of a process id namespace gets no signal that it has no handler for.
_FAMILY_HEAD = 'trap "exit 143" TERM; "$@" & wait $!'


def family(argv: Sequence[str | Path]) -> list[str]:
    """The command, so that its children die with it and with us, by a namespace of their own.

    For root, and for a program that forks: die_with_parent() is not inherited.
    """
    apart = [need("unshare", "util-linux"), "--pid", "--fork", "--kill-child=KILL"]
    return [*apart, "sh", "-c", _FAMILY_HEAD, "sh", *map(str, argv)]


def which(tool: str) -> str | None:
    """Path of a program, also looking where root's programs live; None when absent."""
    return shutil.which(tool) or shutil.which(tool, path=SYSTEM_DIRS)


def need(tool: str, apt_package: str) -> str:
    """Path of a program; Unavailable names the Debian package that has it."""
    found = which(tool)
    if found is None:
        raise Unavailable(
            f"{tool} is not installed", f"run: invoke setup (apt package {apt_package})"
        )
    return found


def _environment(env: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(env or {})}


def _start(argv: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [str(word) for word in argv],
            process_group=0,
            # preexec: only prctl(2) and getppid(2) run in the child
            preexec_fn=die_with_parent(),  # noqa: PLW1509
            **options,
        )
    except OSError as error:
        raise ArtifactError(f"cannot start {argv[0]}: {error.strerror}") from error


def _kill_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return  # the whole group has ended already, which is what we want


def stop(child: subprocess.Popen[bytes], grace: float = TERMINATE_GRACE_S) -> None:
    """Ask the child's group to end, wait up to `grace` seconds, then kill what is left of it."""
    if child.poll() is None:
        _kill_group(child, signal.SIGTERM)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            _kill_group(child, signal.SIGKILL)
    _kill_group(child, signal.SIGKILL)  # descendants that outlived their leader
    child.wait()


def _tail(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-SHOWN_LINES:]) or "no output"


def _failure(argv: Sequence[str | Path], how: str, output: str, log: Path | None) -> ArtifactError:
    name = Path(str(argv[0])).name
    return ArtifactError(f"{name} {how}: {_tail(output)}", f"full log: {log}" if log else "")


def _communicate(
    child: subprocess.Popen[bytes], data: bytes | None, timeout: float | None
) -> tuple[bytes, bytes]:
    try:
        out, err = child.communicate(data, timeout)
    except BaseException:  # also Ctrl-C: no child may outlive the call
        stop(child)
        raise
    return out or b"", err or b""


def run(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    input: str | None = None,
    check: bool = True,
) -> Completed:
    """Run a program to its end.

    `env` is added to our own environment, `timeout` is in seconds. With `log` both streams
    are appended to that file. ArtifactError names program, exit code, last lines and log.
    """
    options: dict[str, Any] = {"cwd": cwd, "env": _environment(env)}
    options["stdin"] = subprocess.DEVNULL if input is None else subprocess.PIPE
    data = None if input is None else input.encode()
    if log is None:
        child = _start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        written, offset = b"", 0
    else:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            offset = sink.tell()
            child = _start(argv, stdout=sink, stderr=subprocess.STDOUT, **options)
    started = time.monotonic()
    how = ""
    out = err = b""
    try:
        out, err = _communicate(child, data, timeout)
    except subprocess.TimeoutExpired as expired:
        out, err = expired.stdout or b"", expired.stderr or b""
        how = f"ran longer than {time.monotonic() - started:.0f} s and was stopped"
    if log is not None:
        with log.open("rb") as source:
            source.seek(offset)
            written = source.read()
        out, err = written, b""
    done = Completed(child.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
    if not how and done.returncode != 0 and check:
        how = f"failed with exit code {done.returncode}"
        if done.returncode < 0:
            how = f"was killed by {signal.Signals(-done.returncode).name}"
    if how:
        raise _failure(argv, how, done.stdout + done.stderr, log)
    return done


@contextmanager
def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program that runs beside us; on leaving it is terminated, then killed.

    Streams that are not given go to `log`, or nowhere when there is no log.
    """
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
    with open(log or os.devnull, "ab") as sink:
        child = _start(
            argv,
            cwd=cwd,
            env=_environment(env),
            stdin=stdin,
            stdout=sink if stdout is None else stdout,
            stderr=sink if stderr is None else stderr,
            pass_fds=pass_fds,
        )
    try:
        yield child
    finally:
        stop(child)
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
