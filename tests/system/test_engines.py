# SPDX-License-Identifier: GPL-2.0-only
"""Container engines with each runtime: what a user of docker, podman or containerd expects.

UK_MANY_CONTAINERS=1000 makes the test for leftovers as long as that (minutes); the default is
a few rounds of the same.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from errno import ENOSYS
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.engines import cli, images, runtimes
from artifact.engines.archive import Config
from artifact.engines.containerd import Containerd
from artifact.engines.docker import Docker
from artifact.engines.enclosure import processes
from artifact.engines.podman import Podman
from artifact.errors import Unavailable
from artifact.systems import cgroups, leftovers

pytestmark = pytest.mark.system

RUNTIMES = ("runc", "runu")
LIMIT_S = 30.0
BUSYBOX, HELLO, NGINX, REDIS, SAYS = (
    f"uk-{name}-public:latest" for name in ("busybox", "hello", "nginx", "redis", "says")
)
# Terminals are resized after the start: the program waits for a line first.
ON_A_TERMINAL = 'test -t 0 && test -t 1 && echo ready; read word; stty size; echo "got $word"'
OBEYS = "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.1; done"
IGNORES = "trap '' TERM; echo up; while :; do sleep 0.1; done"


@pytest.fixture(scope="module")
def engines() -> Iterator[cli.Engines]:
    try:
        with cli.started() as engines:
            for name in ("busybox", "hello", "nginx", "redis"):
                for engine in engines.all:
                    engine.load(images.recipe(name).file)
            yield engines
    except Unavailable as reason:
        pytest.skip(str(reason))


def until(met: Callable[[], object], what: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while not met():
        assert time.monotonic() < limit, what
        time.sleep(0.1)


@dataclass(frozen=True)
class Cell:
    """One engine that has docker's command line, with one runtime."""

    engine: Docker | Podman
    runtime: str

    def argv(self, *words: str) -> list[str]:
        """A command of the engine; one that starts containers names the runtime."""
        if words[0] not in ("run", "create"):
            return self.engine.argv(*words)
        if isinstance(self.engine, Podman):
            return self.engine.argv("--runtime", self.runtime, *words)
        return self.engine.argv(words[0], "--runtime", self.runtime, *words[1:])

    def call(self, *words: str, check: bool = True) -> proc.Completed:
        return proc.run(self.argv(*words), check=check, timeout=LIMIT_S)

    def out(self, *words: str) -> str:
        return self.call(*words).stdout.strip()

    def inspect(self, name: str, template: str) -> str:
        return self.out("inspect", "--format", template, name)

    def remove(self, *names: str) -> None:
        """Remove containers, running or not; docker kills at once, podman when told so."""
        now = ("--time", "0") if isinstance(self.engine, Podman) else ()
        self.call("rm", "--force", *now, *names)

    def running(self, name: str, word: str) -> None:
        """Wait until a container has written a word."""
        until(lambda: word in self.out("logs", name), f"{name} never said {word}")


def installed(name: str) -> None:
    try:
        runtimes.find(name)
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=[(e, r) for e in ("docker", "podman") for r in RUNTIMES], ids="-".join)
def cell(request: pytest.FixtureRequest, engines: cli.Engines) -> Iterator[Cell]:
    engine_name, runtime = request.param
    installed(runtime)
    engine = {"docker": engines.docker, "podman": engines.podman}[engine_name]
    if engine is None:
        pytest.skip("; ".join(engines.absent))
    cell = Cell(engine, runtime)
    yield cell
    if left := cell.out("ps", "--all", "--quiet").split():
        cell.remove(*left)


def test_hello(cell: Cell) -> None:
    assert cell.out("run", "--rm", HELLO) == "hello, world"
    assert cell.out("run", "--rm", HELLO, "/bin/hello", "you") == "hello, you"


def test_environment_directory_and_user(cell: Cell) -> None:
    words = ("--env", "COLOUR=blue", "--workdir", "/usr/bin", "--user", "1234:5678")
    said = cell.out("run", "--rm", *words, BUSYBOX, "sh", "-c", "echo $COLOUR; pwd; id -u; id -g")
    assert said.split() == ["blue", "/usr/bin", "1234", "5678"]


def test_hostname(cell: Cell) -> None:
    assert cell.out("run", "--rm", "--hostname", "pond", BUSYBOX, "hostname") == "pond"


@pytest.mark.parametrize("code", [0, 3, 255])
def test_exit_code(cell: Cell, code: int) -> None:
    done = cell.call("run", "--rm", BUSYBOX, "sh", "-c", f"exit {code}", check=False)
    assert done.returncode == code


def test_a_program_that_is_not_there(cell: Cell) -> None:
    done = cell.call("run", "--rm", BUSYBOX, "/bin/absent", check=False)
    assert done.returncode == 127
    assert "/bin/absent" in done.stderr


def test_killed_by_a_signal(cell: Cell) -> None:
    cell.out("run", "--detach", "--name", "victim", BUSYBOX, "sh", "-c", "echo up; sleep 600")
    cell.running("victim", "up")
    cell.call("kill", "--signal", "KILL", "victim")
    assert cell.out("wait", "victim") == "137"


def test_volumes(cell: Cell, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "in").write_text("from outside\n")
    script = "cat /data/in; echo inside >/data/out"
    volume = f"{shared}:/data"
    assert cell.out("run", "--rm", "-v", volume, BUSYBOX, "sh", "-c", script) == "from outside"
    assert (shared / "out").read_text() == "inside\n"
    script = "cat /data/in; echo again >/data/more || echo refused"
    done = cell.call("run", "--rm", "-v", f"{volume}:ro", BUSYBOX, "sh", "-c", script)
    assert done.stdout.split("\n")[:2] == ["from outside", "refused"]
    assert not (shared / "more").exists()


def test_read_only_root(cell: Cell) -> None:
    words = ("--read-only", "--tmpfs", "/tmp")
    script = "echo x >/bin/file || echo refused; echo y >/tmp/file && cat /tmp/file"
    assert cell.out("run", "--rm", *words, BUSYBOX, "sh", "-c", script).split() == ["refused", "y"]


def test_a_seccomp_profile(cell: Cell, tmp_path: Path) -> None:
    rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS}
    file = tmp_path / "profile.json"
    file.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
    show = (BUSYBOX, "sh", "-c", "grep Seccomp: /proc/self/status; mkdir /tmp/x")
    told = f"mkdir: can't create directory '/tmp/x': {os.strerror(ENOSYS)}"
    seen = {}
    for profile in ("", "unconfined", str(file)):
        words = ("--security-opt", f"seccomp={profile}") if profile else ()
        done = cell.call("run", "--rm", *words, *show, check=False)
        seen[profile] = (done.stdout.split()[1], done.stderr.strip().startswith(told))
    assert seen == {"": ("2", False), "unconfined": ("0", False), str(file): ("2", True)}


def test_standard_input(cell: Cell) -> None:
    done = proc.run(cell.argv("run", "--rm", "-i", BUSYBOX, "tr", "a-z", "A-Z"), input="quiet\n")
    assert done.stdout == "QUIET\n"


def test_logs_keep_both_streams(cell: Cell) -> None:
    script = "echo one; echo two >&2"
    cell.call("run", "--detach", "--name", "talker", BUSYBOX, "sh", "-c", script)
    assert cell.out("wait", "talker") == "0"
    done = cell.call("logs", "talker")
    assert (done.stdout, done.stderr) == ("one\n", "two\n")


@pytest.mark.parametrize(("script", "seconds", "code"), [(OBEYS, 20, "5"), (IGNORES, 1, "137")])
def test_stop_asks_and_then_kills(cell: Cell, script: str, seconds: int, code: str) -> None:
    cell.call("run", "--detach", "--name", "server", BUSYBOX, "sh", "-c", script)
    cell.running("server", "up")
    started = time.monotonic()
    cell.call("stop", "--time", str(seconds), "server")
    assert time.monotonic() - started < 15
    assert cell.out("wait", "server") == code


def test_exec(cell: Cell) -> None:
    cell.call("run", "--detach", "--name", "host", BUSYBOX, "sh", "-c", "echo x >/tmp/x; sleep 600")
    until(lambda: cell.call("exec", "host", "test", "-f", "/tmp/x", check=False).returncode == 0,
          "the first program never wrote")  # fmt: skip
    words = ("--env", "COLOUR=red", "--workdir", "/tmp", "--user", "7")
    script = "cat x; echo $COLOUR; pwd; id -u; exit 9"
    done = cell.call("exec", *words, "host", "sh", "-c", script, check=False)
    assert (done.stdout.split(), done.returncode) == (["x", "red", "/tmp", "7"], 9)


def read_until(terminal: int, word: bytes) -> bytes:
    """What comes on a terminal, up to a word and what came with it; bounded in time."""
    seen = b""
    limit = time.monotonic() + LIMIT_S
    while word not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, limit - time.monotonic()))
        assert ready, f"{word!r} did not come, but {seen!r}"
        seen += os.read(terminal, 4096)
    return seen


def on_a_terminal(argv: Sequence[str]) -> str:
    """What a command writes on a terminal of 100 columns by 40 lines that is typed on."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    child = subprocess.Popen(
        argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    try:
        seen = read_until(ours, b"ready")
        time.sleep(0.5)  # for the engine to pass the terminal's size on
        os.write(ours, b"go\n")
        seen += read_until(ours, b"got go")
        assert child.wait(LIMIT_S) == 0
    finally:
        child.kill()
        child.wait()
        os.close(ours)
        os.close(theirs)
    return seen.decode(errors="replace")


def test_a_terminal(cell: Cell) -> None:
    seen = on_a_terminal(cell.argv("run", "--rm", "-it", BUSYBOX, "sh", "-c", ON_A_TERMINAL))
    assert "40 100" in seen


def test_nginx_behind_a_published_port(cell: Cell) -> None:
    cell.call("run", "--detach", "--name", "web", "--publish", "80", NGINX)
    port = cell.out("port", "web", "80").splitlines()[0].rpartition(":")[2]
    ask = ("curl", "--silent", "--show-error", "--max-time", "5", f"http://127.0.0.1:{port}/")
    inside = cell.engine.inside
    until(lambda: inside.run(*ask, check=False).returncode == 0, "nginx never answered")
    page = (paths.REPO / "artifact/images/recipes/nginx-index.html").read_text()
    assert inside.run(*ask).stdout == page


def test_redis_with_a_client_container(cell: Cell) -> None:
    cell.call("run", "--detach", "--name", "store", REDIS)
    address = cell.inspect("store", "{{.NetworkSettings.IPAddress}}")
    assert re.fullmatch(r"[\d.]+", address)
    client = ("run", "--rm", REDIS, "/usr/bin/redis-cli", "-h", address)
    until(lambda: cell.call(*client, "ping", check=False).stdout == "PONG\n", "redis is silent")
    assert cell.out(*client, "set", "key", "value") == "OK"
    assert cell.out(*client, "get", "key") == "value"


def test_names_and_ipv6_on_a_network_of_one_s_own(cell: Cell) -> None:
    if not isinstance(cell.engine, Docker):
        pytest.skip("podman's networks have names with a helper that is not installed")
    network = ("--network", "pond")
    cell.call("network", "create", "--ipv6", "--subnet", "fd00:77::/64", "pond")
    try:
        serve = "echo up; exec httpd -f -h /etc"
        cell.call("run", "--detach", "--name", "heron", *network, BUSYBOX, "sh", "-c", serve)
        cell.running("heron", "up")
        form = "{{.NetworkSettings.Networks.pond.GlobalIPv6Address}}"
        address = cell.out("inspect", "--format", form, "heron")
        assert address.startswith("fd00:77::")
        name = cell.out("exec", "heron", "hostname")
        for host in ("heron", f"[{address}]"):
            words = ("wget", "-q", "-O", "-", f"http://{host}/hostname")
            until(
                lambda words=words: (
                    cell.call("run", "--rm", *network, BUSYBOX, *words, check=False).stdout.strip()
                    == name
                ),
                f"no answer from {host}",
            )
    finally:
        cell.remove("heron")
        cell.call("network", "rm", "pond")


def test_restart_policy(cell: Cell) -> None:
    cell.call("run", "--detach", "--name", "fails", "--restart", "on-failure:2", BUSYBOX,
              "sh", "-c", "echo once; exit 3")  # fmt: skip
    until(lambda: cell.out("logs", "fails").split() == ["once"] * 3, "it was not restarted twice")
    until(lambda: cell.inspect("fails", "{{.State.Status}}") == "exited", "it did not end")
    assert cell.inspect("fails", "{{.State.ExitCode}}") == "3"


def test_fifty_at_once(cell: Cell) -> None:
    def start(number: int) -> str:
        script = f"echo number {number}; sleep 600"
        return cell.out("run", "--detach", BUSYBOX, "sh", "-c", script)

    with ThreadPoolExecutor(4) as several:
        names = [*several.map(start, range(50))]
    assert len(cell.out("ps", "--quiet").split()) == 50
    for number in (0, 49):
        cell.running(names[number], f"number {number}")
    cell.remove(*names)
    assert cell.out("ps", "--all", "--quiet") == ""


# --- nothing stays -------------------------------------------------------------------------


def traces(engines: cli.Engines) -> dict[str, list[str]]:
    """What a container could leave: processes, mounts, namespaces, groups, interfaces, files."""
    inside = engines.inside
    living = processes(inside.pid)
    spaces = {
        os.readlink(link)
        for process in living
        for link in Path(f"/proc/{process.pid}/ns").glob("*")
        if link.is_symlink() and Path(f"/proc/{process.pid}").exists()
    }
    mounts = Path(f"/proc/{inside.pid}/mountinfo").read_text().splitlines()
    groups = [str(d) for top in inside.groups for d in top.rglob("*") if d.is_dir()]
    links = json.loads(inside.run("ip", "-json", "link").stdout)
    files = inside.run("find", "/run", "/dev/shm", "-type", "f").stdout.splitlines()
    # dockerd removes these once a minute: empty, no longer mounted upon.
    files = [file for file in files if not file.startswith("/run/docker-exec/netns/")]
    return {
        "processes": sorted(p.name for p in living if p.name not in ("sleep", "podman pause")),
        "mounts": sorted(line.split()[4] for line in mounts),
        "namespaces": sorted(spaces),
        "groups": sorted(groups),
        "interfaces": sorted(link["ifname"] for link in links),
        "files": sorted(files),
    }


def test_nothing_stays_behind(cell: Cell, engines: cli.Engines) -> None:
    def once() -> None:
        name = cell.out("create", BUSYBOX, "sh", "-c", "echo here")
        cell.call("start", name)
        cell.call("wait", name)
        cell.call("rm", name)

    once()  # what an engine makes the first time and keeps
    before = traces(engines)
    for _ in range(int(os.environ.get("UK_MANY_CONTAINERS", "3"))):
        once()
    until(lambda: traces(engines) == before, f"left: {difference(before, traces(engines))}")


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    return {what: sorted(set(after[what]) - set(before[what])) for what in before}


def test_traces_see_a_container(engines: cli.Engines) -> None:
    if engines.docker is None:
        pytest.skip("; ".join(engines.absent))
    cell = Cell(engines.docker, "runc")
    before = traces(engines)
    cell.call("run", "--detach", "--name", "seen", BUSYBOX, "sleep", "600")
    left = difference(before, traces(engines))
    cell.remove("seen")
    assert all(left[what] for what in before), left


VICTIM = """
from artifact.engines import cli
with cli.started() as engines:
    print(engines.inside.pid, flush=True)
    engines.inside.run("sleep", "600", timeout=700)
"""


def test_after_kill_9_nothing_runs_and_the_next_start_removes_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path(tempfile.mkdtemp(dir="/tmp"))  # a socket's name may not be long
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM], stdout=subprocess.PIPE, text=True, cwd=paths.REPO
    ) as victim:
        assert victim.stdout is not None
        line = victim.stdout.readline()
        if not line:
            pytest.skip("no engine starts here")
        living = processes(int(line))
        assert {"containerd", "dockerd"} & {process.name for process in living}
        os.kill(victim.pid, signal.SIGKILL)
    until(lambda: not any(leftovers.alive(p.pid) for p in living), "something still runs")
    prefix = leftovers.prefix_of(victim.pid)
    assert [d for d in place.iterdir() if d.name.startswith(prefix)]
    leftovers.sweep()
    assert [*place.iterdir()] == []
    assert not [name for name in cgroups.names() if name.startswith(prefix)]
    place.rmdir()


# --- invoke engines ------------------------------------------------------------------------


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Temporary directories of our children, in a place that nobody else uses."""
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(directory))
    yield directory
    assert [*directory.iterdir()] == []
    directory.rmdir()


def invoke(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", "engines", *words], cwd=paths.REPO,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_one_command_with_the_engines(engines: cli.Engines, place: Path) -> None:
    if engines.docker is None or engines.podman is None:
        pytest.skip("; ".join(engines.absent))
    command = f"docker run --rm {HELLO}; podman run --rm {HELLO}; pwd; exit 7"
    with invoke("--run", command) as child:
        out, _ = child.communicate(timeout=LIMIT_S)
    assert out.splitlines()[-3:] == ["hello, world", "hello, world", str(paths.REPO)]
    assert child.returncode == 7


def test_until_ctrl_c(engines: cli.Engines, place: Path) -> None:
    if engines.docker is None:
        pytest.skip("; ".join(engines.absent))
    with invoke() as child:
        assert child.stdout is not None
        lines: list[str] = []
        while not lines or "Ctrl-C" not in lines[-1]:
            lines.append(child.stdout.readline().strip())
            assert lines[-1], lines
        (run,) = (line for line in lines if " run --rm " in line)
        done = proc.run(run.replace("NAME", "runc").split(), timeout=LIMIT_S)
        assert done.stdout == "hello, world\n"
        (enter,) = (line.split()[0] for line in lines if "/enter " in line)
        assert "Storage Driver" in proc.run([enter, "docker", "info"], timeout=LIMIT_S).stdout
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=LIMIT_S)
    assert child.returncode == 0
    assert not cgroups.names() or leftovers.prefix_of(child.pid) not in " ".join(cgroups.names())


IN_A_CHROOT = """
set -e
mount --make-rprivate /
mount --rbind / "$1"
mount -t tmpfs tmp "$1/tmp"
for kept in "$2" "$3"; do  # they may be below /tmp
    mkdir -p "$1$kept"
    mount --bind "$kept" "$1$kept"
done
exec chroot "$1" sh -c 'cd "$1" && shift && exec "$@"' sh "$2" "$4" -c "$5"
"""
OWN_FILES = """
from artifact.engines.enclosure import enclosure
with enclosure() as inside:
    print(inside.run("cat", inside.place / "enclosure.log").stdout, inside.run("pwd").stdout)
"""


def test_in_a_chroot_the_inside_sees_the_same_files(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    words = [root, paths.REPO, paths.CACHE, sys.executable, OWN_FILES]
    proc.run(["unshare", "--mount", "sh", "-c", IN_A_CHROOT, "sh", *words], timeout=LIMIT_S)


# --- containerd ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Ctr:
    """containerd's own client with one runtime."""

    engine: Containerd
    runtime: str
    name: str

    def argv(self, image: str, *words: str, options: Sequence[str] = ()) -> list[str]:
        how = self.engine.runtime(runtimes.find(self.runtime).program)
        image = f"docker.io/library/{image}"
        return self.engine.argv("run", "--rm", *how, *options, image, self.name, *words)

    def run(self, image: str, *words: str, options: Sequence[str] = ()) -> proc.Completed:
        argv = self.argv(image, *words, options=options)
        return proc.run(argv, check=False, timeout=LIMIT_S)


@pytest.fixture(params=RUNTIMES)
def ctr(request: pytest.FixtureRequest, engines: cli.Engines) -> Ctr:
    installed(request.param)
    if engines.containerd is None:
        pytest.skip("; ".join(engines.absent))
    return Ctr(engines.containerd, request.param, f"c{time.monotonic_ns()}")


def test_ctr_hello_and_exit_code(ctr: Ctr) -> None:
    assert ctr.run(HELLO).stdout == "hello, world\n"
    assert ctr.run(BUSYBOX, "sh", "-c", "exit 6").returncode == 6


def test_ctr_environment_directory_and_mount(ctr: Ctr, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("from outside\n")
    mount = f"type=bind,src={tmp_path},dst=/data,options=rbind:ro"
    options = ("--env", "COLOUR=blue", "--cwd", "/usr", "--mount", mount)
    script = "echo $COLOUR; pwd; cat /data/in; echo x >/data/x || echo refused"
    done = ctr.run(BUSYBOX, "sh", "-c", script, options=options)
    assert done.stdout.split("\n")[:4] == ["blue", "/usr", "from outside", "refused"]


def test_ctr_exec_and_kill(ctr: Ctr) -> None:
    argv = ctr.argv(BUSYBOX, "sleep", "600", options=("--detach",))
    argv.remove("--rm")
    proc.run(argv, timeout=LIMIT_S)
    call = ctr.engine.argv
    done = proc.run(call("tasks", "exec", "--exec-id", "second", ctr.name, "echo", "inside"))
    assert done.stdout == "inside\n"
    proc.run(call("tasks", "kill", "--signal", "KILL", ctr.name))

    def stopped() -> bool:
        rows = proc.run(call("tasks", "list")).stdout.splitlines()
        return any(ctr.name in row and "STOPPED" in row for row in rows)

    until(stopped, "the task did not stop")
    proc.run(call("tasks", "delete", ctr.name), check=False)  # its exit code is the program's
    proc.run(call("containers", "delete", ctr.name))


def test_ctr_terminal(ctr: Ctr) -> None:
    argv = ctr.argv(BUSYBOX, "sh", "-c", ON_A_TERMINAL, options=("--tty",))
    assert "40 100" in on_a_terminal(argv)


# --- the configuration of an image -----------------------------------------------------------


def test_entrypoint_command_environment_and_user_of_the_image(cell: Cell) -> None:
    config = Config(
        entrypoint=("/bin/echo",), cmd=("two", "words"), env=("PATH=/bin:/usr/bin", "A=b"), user="3"
    )
    image = images.recipe("busybox", config=config, called=SAYS)
    cell.engine.load(image.file)
    assert cell.out("run", "--rm", SAYS) == "two words"
    assert cell.out("run", "--rm", SAYS, "another") == "another"
    argv = ("run", "--rm", "--entrypoint", "/bin/sh", SAYS, "-c", "echo $A; id -u")
    assert cell.out(*argv).split() == ["b", "3"]
