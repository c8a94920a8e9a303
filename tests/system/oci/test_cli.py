# SPDX-License-Identifier: GPL-2.0-only
"""The command line that engines use: runc's verbs and options."""

import json
import os
import re
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from termios import TIOCGWINSZ

import pytest

from artifact.systems import cgroups
from tests.system.oci.bundle import DROP, LIMIT_S, PROBE, Container, Json, Seen, Workshop, alive
from tests.system.oci.sentences import says


@pytest.fixture
def running(oci: Workshop) -> Container:
    return oci.container().begin()


@says("cli#--version", "name, version and version of the specification")
def test_version(oci: Workshop) -> None:
    lines = oci.call("--version").good().out.splitlines()
    assert re.fullmatch(rf"{oci.runtime.name} version \d+\.\d+.*", lines[0])
    assert any(re.fullmatch(r"spec: 1\.\d+\.\d+.*", line) for line in lines)


@says("cli#help", "unknown verb or option is refused")
@pytest.mark.parametrize("word", ["--no-such-option", "no-such-verb"])
def test_an_unknown_word(oci: Workshop, word: str) -> None:
    if oci.call(word).status == 0:
        assert "No help topic" in oci.call(word).out + oci.call(word).err
    assert oci.call("state", "--no-such-option", "x").status != 0


@says("cli#--pid-file", "holds the process id, digits only")
@pytest.mark.parametrize("verb", ["create", "run"])
def test_pid_file(oci: Workshop, verb: str, tmp_path: Path) -> None:
    container = oci.container()
    file = tmp_path / "pid"
    words = ("--detach",) if verb == "run" else ()
    container.call(verb, "--bundle", container.bundle, "--pid-file", file, *words).good()
    assert file.read_text() == str(container.state()["pid"])


@says("runtime#state", "pid: the container process as seen by the host")
def test_the_pid_is_the_containers(running: Container) -> None:
    pid = running.state()["pid"]
    namespace = os.readlink(f"/proc/{pid}/ns/mnt")
    assert namespace != os.readlink("/proc/self/ns/mnt")


@says("cli#run", "--detach: the runtime ends, the container runs on")
def test_detach(oci: Workshop) -> None:
    container = oci.container()
    assert container.run("--detach").good().out in ("", "ready\n")
    state = container.state()
    assert state["status"] == "running"
    assert alive(state["pid"])


@says("cli#list", "a table of id, pid, status, bundle; JSON; ids only")
def test_list(running: Container) -> None:
    other = running.workshop.container()
    other.create().good()
    call = running.workshop.call
    table = call("list").good().out
    assert re.search(rf"{running.ident}\s+{running.state()['pid']}\s+running\s", table)
    assert set(call("list", "-q").good().out.split()) == {running.ident, other.ident}
    told = json.loads(call("list", "--format", "json").good().out)
    found = {each["id"]: each for each in told}
    assert found[running.ident]["status"] == "running"
    assert found[other.ident]["status"] == "created"
    assert found[other.ident]["bundle"] == str(other.bundle)
    assert found[other.ident]["pid"] == other.state()["pid"]


@says("cli#list", "nothing in a new root")
def test_list_of_none(oci: Workshop) -> None:
    assert oci.call("list", "-q").good().out.split() == []


@says("cli#--root", "containers of another root are unknown")
def test_roots_are_apart(running: Container, tmp_path: Path) -> None:
    argv = ("--root", str(tmp_path / "other"))
    running.call("state", options=argv).refused()
    assert running.status == "running"


@says("cli#ps", "JSON: process ids as the host sees them")
def test_ps(running: Container) -> None:
    pids = json.loads(running.call("ps", "--format", "json").good().out)
    assert running.state()["pid"] in pids
    assert all(alive(pid) for pid in pids)


@says("cli#pause", "stops all processes; state paused; resume goes on")
def test_pause_and_resume(running: Container) -> None:
    running.call("pause").good()
    assert running.status == "paused"
    running.call("kill", after=["USR1"]).good()
    time.sleep(0.2)
    running.call("resume").good()
    assert running.status == "running"
    assert running.line() == "signal 10"


@says("cli#pause", "a container that does not run is refused")
def test_pause_of_a_stopped_one(oci: Workshop) -> None:
    container = oci.container(PROBE, "see")
    container.create().good()
    container.call("start").good()
    container.wait_for_end()
    container.call("pause").refused()
    container.call("resume").refused()


@says("cli#exec", "a second program in the container, its status and output")
def test_exec(running: Container) -> None:
    done = running.call("exec", after=["/bin/sh", "-c", "echo here; echo there >&2; exit 7"])
    assert (done.status, done.out, done.err) == (7, "here\n", "there\n")
    assert running.status == "running"


@says("cli#exec", "sees the container's root, hostname and processes; --env, --cwd, --user")
def test_exec_with_options(running: Container) -> None:
    (running.rootfs / "inside").write_text("")
    options = ("--env", "ONE=1", "--cwd", "/tmp", "--user", "3:4")
    done = running.call("exec", *options, after=[PROBE, "see", "/inside", "/proc/1/comm"])
    seen = Seen.parse(done.good().out)
    assert seen.file("/inside")
    assert seen.file("/proc/1/comm")["text"] == "probe\n"
    assert (seen["hostname"], seen["cwd"]) == ("uk-oci", "/tmp")
    assert (seen["uid"], seen["gid"]) == (3, 4)
    assert "ONE=1" in seen["env"]


@says("cli#exec", "--process FILE: a process object; --detach, --pid-file")
def test_exec_of_a_process_object(running: Container, tmp_path: Path) -> None:
    process = {**running.config["process"], "args": ["/bin/sh", "-c", "echo $K >/mark; sleep 99"]}
    process["env"] = [*process["env"], "K=object"]
    file, pid = tmp_path / "process.json", tmp_path / "pid"
    file.write_text(json.dumps(process))
    running.call("exec", "--process", file, "--detach", "--pid-file", pid).good()
    assert alive(int(pid.read_text()))
    mark = running.rootfs / "mark"
    _await(lambda: mark.exists() and mark.read_text() == "object\n")


def _await(condition: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)


@says("cli#exec", "a program that is not there, a container that does not run")
def test_exec_errors(running: Container) -> None:
    assert running.call("exec", after=["/bin/absent"]).refused().status != 0
    running.call("kill", after=["KILL"]).good()
    running.wait_for_end()
    running.call("exec", after=["/bin/true"]).refused()


@says("cli#exec", "a signal n ends it: 128+n")
def test_exec_ended_by_a_signal(running: Container) -> None:
    done = running.call("exec", after=["/bin/sh", "-c", "kill -9 $$"])
    assert done.status == 128 + 9


@says("cli#events", "--stats: one JSON line with memory, cpu and pids")
def test_events_stats(running: Container) -> None:
    told = json.loads(running.call("events", "--stats").good().out)
    assert (told["type"], told["id"]) == ("stats", running.ident)
    assert told["data"]["memory"]["usage"]["usage"] > 0
    assert told["data"]["cpu"]["usage"]["total"] > 0
    assert told["data"]["pids"]["current"] >= 1


@says("cli#spec", "writes a config.json that the runtime itself runs; refuses to overwrite")
def test_spec(oci: Workshop) -> None:
    container = oci.container()
    file = container.bundle / "config.json"
    file.unlink()
    oci.call("spec", cwd=container.bundle).good()
    config = container.config
    assert config["root"]["path"] == "rootfs"
    assert config["process"]["args"] == ["sh"]
    oci.call("spec", cwd=container.bundle).refused("exist")
    assert container.config == config
    config["process"] |= {"args": ["/bin/echo", "from spec"], "terminal": False}
    config["mounts"] = [each for each in config["mounts"] if each["type"] != "cgroup"]
    container.write(config | {"linux": config["linux"] | {"cgroupsPath": f"/{container.ident}"}})
    assert container.run().good().out == "from spec\n"


@says("features#features", "ociVersionMin, ociVersionMax, hooks, mountOptions, linux")
def test_features(oci: Workshop) -> None:
    told = json.loads(oci.call("features").good().out)
    assert told["ociVersionMin"].startswith("1.0.")
    assert {"createRuntime", "poststop"} <= set(told["hooks"])
    assert {"bind", "ro", "nosuid"} <= set(told["mountOptions"])
    assert {"pid", "mount", "network"} <= set(told["linux"]["namespaces"])
    assert "CAP_CHOWN" in told["linux"]["capabilities"]
    assert "enabled" in told["linux"]["seccomp"]


def _lines(file: Path) -> list[Json]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@says("cli#--log", "--log-format json: an error line has level, msg, time")
def test_log_as_json(oci: Workshop, tmp_path: Path) -> None:
    file = tmp_path / "log"
    oci.call("state", "uk-absent", options=("--log", file, "--log-format", "json")).refused()
    (line,) = [each for each in _lines(file) if each["level"] == "error"]
    assert "exist" in line["msg"] or "No such" in line["msg"]
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", line["time"])


@says("cli#--log", "what create could not do is told in the log: engines show that")
def test_log_of_a_failed_create(oci: Workshop, tmp_path: Path) -> None:
    file = tmp_path / "log"
    container = oci.container("/bin/absent")
    options = ("--log", file, "--log-format", "json")
    assert container.run(options=options).status != 0
    assert any(
        each["level"] == "error" and "/bin/absent" in each["msg"] for each in _lines(file)
    ), file.read_text()


@says("cli#--preserve-fds", "N more descriptors, from 3 on")
def test_preserve_fds(oci: Workshop) -> None:
    container = oci.container("/bin/sh", "-c", "echo through 3 >&3")
    words = ("run", "--preserve-fds", "1", "--bundle", container.bundle, container.ident)
    shell = ("sh", "-c", 'exec "$@" 3>&0 </dev/null', "sh")
    reading, writing = os.pipe()
    argv = [*shell, *oci.runtime.argv("--root", oci.root, *words)]
    done = subprocess.run(argv, stdin=writing, capture_output=True, timeout=LIMIT_S, check=False)
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert done.returncode == 0, done.stderr
        assert stream.read() == "through 3\n"


@says("cli#--preserve-fds", "without it, only 0, 1, 2 are open in the program")
def test_no_descriptor_leaks(oci: Workshop) -> None:
    reading, writing = os.pipe()
    try:
        os.set_inheritable(writing, True)
        done = oci.container(PROBE, "see").run(pass_fds=[writing]).good()
    finally:
        os.close(reading)
        os.close(writing)
    assert set(Seen.parse(done.out)["fds"]) == {"0", "1", "2"}


@contextmanager
def console(place: Path) -> Iterator[tuple[Path, list[int]]]:
    """A socket as engines have it; receives the pty's master."""
    path = place / "console.sock"
    got: list[int] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(LIMIT_S)

        def receive() -> None:
            connection, _ = listener.accept()
            with connection:
                _, descriptors, _, _ = socket.recv_fds(connection, 4096, 4)
                got.extend(descriptors)

        receiver = threading.Thread(target=receive, daemon=True)
        receiver.start()
        try:
            yield path, got
            receiver.join(LIMIT_S)
        finally:
            for descriptor in got:
                os.close(descriptor)
            path.unlink()


def _read_all(master: int) -> str:
    text = b""
    while True:
        try:
            octets = os.read(master, 65536)
        except OSError:  # EIO: the other side is gone
            break
        if not octets:
            break
        text += octets
    return text.decode()


@pytest.fixture
def on_a_terminal(oci: Workshop) -> Seen:
    edit = {"process": {"terminal": True, "consoleSize": {"height": 41, "width": 123}}}
    container = oci.container(PROBE, "see", "/dev/console", "/dev/ptmx", edit=edit)
    with console(container.bundle) as (path, got):
        container.create("--console-socket", path).good()
        _await(lambda: got)
        assert struct.unpack("4H", ioctl(got[0], TIOCGWINSZ, bytes(8)))[:2] == (41, 123)
        container.call("start").good()
        text = _read_all(got[0])
    return Seen.parse(text)


@says("config#process", "terminal: a pty; its master comes through --console-socket")
def test_terminal(on_a_terminal: Seen) -> None:
    assert on_a_terminal["isatty"] == 1
    assert on_a_terminal["controlling"] == 0
    assert (on_a_terminal["rows"], on_a_terminal["columns"]) == (41, 123)
    assert on_a_terminal.file("/dev/console")["type"] == "c"


@says("cli#--console-socket", "needed for create with a terminal, refused without")
def test_console_socket_and_terminal_belong_together(oci: Workshop, tmp_path: Path) -> None:
    oci.container(edit={"process": {"terminal": True}}).create().refused("socket|console|terminal")


@says("cli#--console-socket", "what is typed on the master reaches the program; Ctrl-C is SIGINT")
def test_the_terminal_works_both_ways(oci: Workshop) -> None:
    edit = {"process": {"terminal": True}}
    container = oci.container(edit=edit)
    with console(container.bundle) as (path, got):
        container.run("--detach", "--console-socket", path).good()
        _await(lambda: got)
        text = b""
        while b"ready" not in text:
            text += os.read(got[0], 100)
        os.write(got[0], b"\x03")
        while b"signal 2" not in text:
            text += os.read(got[0], 100)
    container.call("kill").good()
    container.wait_for_end()


@says("cli#exec", "--tty: a terminal of its own, its master through --console-socket")
def test_exec_on_a_terminal(running: Container) -> None:
    with console(running.bundle) as (path, got):
        words = ("--tty", "--detach", "--console-socket", path)
        running.call("exec", *words, after=[PROBE, "see"]).good()
        _await(lambda: got)
        seen = Seen.parse(_read_all(got[0]))
    assert (seen["isatty"], seen["controlling"]) == (1, 0)


@says("cli#--systemd-cgroup", "no systemd here: a clear refusal")
def test_systemd_cgroup(oci: Workshop) -> None:
    if Path("/run/systemd/system").is_dir():
        pytest.skip("systemd runs here: the option may be served")
    container = oci.container(edit={"linux": {"cgroupsPath": "a.slice:b:c"}})
    container.create(options=("--systemd-cgroup",)).refused()


@says("bundle#bundle", "config.json MUST be there, in the bundle")
def test_no_configuration(oci: Workshop) -> None:
    container = oci.container()
    (container.bundle / "config.json").unlink()
    container.create().refused("config.json")
    container.call("state").refused()


@says("bundle#bundle", "the bundle is a directory")
def test_no_bundle(oci: Workshop) -> None:
    place = oci.place / "absent"
    oci.call("create", "--bundle", place, "uk-x").refused("absent|No such|config.json")
    oci.call("state", "uk-x").refused()


@says("runtime#lifecycle", "unable to create from config.json: MUST generate an error")
@pytest.mark.parametrize(
    "edit",
    [
        {"ociVersion": DROP},
        {"root": {"path": "absent"}},
        {"root": DROP},
        {"process": {"args": []}},
        {"process": {"args": DROP}},
        {"process": {"cwd": "relative"}},
        {"process": {"cwd": DROP}},
        {"linux": {"namespaces": [{"type": "nosuch"}]}},
        {"linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "pid"}]}},
    ],
    ids=[
        "no-version",
        "absent-root",
        "no-root",
        "no-words",
        "no-args",
        "relative-cwd",
        "no-cwd",
        "unknown-namespace",
        "namespace-twice",
    ],
)
def test_a_bad_configuration(oci: Workshop, edit: Json) -> None:
    container = oci.container(edit=edit)
    container.create().refused()
    container.call("state").refused()
    assert not alive_in_group(container)


def alive_in_group(container: Container) -> list[int]:
    """Processes in the container's groups."""
    found = []
    for top in cgroups.here().all:
        file = top / container.ident / "cgroup.procs"
        if file.exists():
            found += [int(pid) for pid in file.read_text().split()]
    return found


TEXTS = {
    "empty": "",
    "cut": "{",
    "comma": '{"ociVersion": "1.0.2",}',
    "array": "[]",
    "string": '"x"',
    "trailing": "{} x",
}


@says("config#configuration", "bad JSON is refused")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_bad_json(oci: Workshop, text: str) -> None:
    container = oci.container()
    (container.bundle / "config.json").write_text(text)
    container.create().refused()
    container.call("state").refused()


@says("config#process", "args: the executable MUST be available; not found, not executable")
@pytest.mark.parametrize("program", ["/bin/absent", "absent", "/etc/passwd", "/bin"])
def test_a_program_that_cannot_run(oci: Workshop, program: str) -> None:
    container = oci.container(program)
    done = container.run().refused(program if program.endswith("absent") else "")
    assert done.status in (1, 126, 127, 255)
    container.call("state").refused()
