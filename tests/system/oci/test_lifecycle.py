# SPDX-License-Identifier: GPL-2.0-only
"""Operations and states: create, start, state, kill, delete, run, and their errors."""

import json
import re
from pathlib import Path

import pytest

from tests.system.oci.bundle import PROBE, Container, Workshop, alive, signal_number
from tests.system.oci.sentences import says

ANNOTATIONS = {"org.example.key": "value", "org.example.empty": ""}
MARK = ("/bin/sh", "-c", "echo ran >/mark; exec /bin/probe loop")


@pytest.fixture
def created(oci: Workshop) -> Container:
    container = oci.container(*MARK, edit={"annotations": ANNOTATIONS})
    container.create().good()
    return container


@pytest.fixture
def running(oci: Workshop) -> Container:
    return oci.container().begin()


@pytest.fixture
def stopped(oci: Workshop) -> Container:
    container = oci.container(PROBE, "see")
    container.create().good()
    container.call("start").good()
    container.wait_for_end()
    return container


@says("runtime#state", "ociVersion, id, status, pid, bundle (absolute), annotations")
def test_state_of_a_created_container(created: Container) -> None:
    state = created.state()
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", state["ociVersion"])
    assert (state["id"], state["status"]) == (created.ident, "created")
    assert state["bundle"] == str(created.bundle)
    assert alive(state["pid"])


@says("runtime#state", "annotations: the list associated with the container")
def test_state_has_the_annotations(created: Container) -> None:
    annotations = created.state()["annotations"]
    assert {key: annotations.get(key) for key in ANNOTATIONS} == ANNOTATIONS


@says("runtime#state", "bundle is the absolute path")
def test_bundle_is_the_working_directory_by_default(oci: Workshop) -> None:
    container = oci.container()
    oci.call("create", container.ident, cwd=container.bundle).good()
    assert container.state()["bundle"] == str(container.bundle)


@says("runtime#state", "bundle is the absolute path (given relative)")
def test_a_relative_bundle_is_shown_absolute(oci: Workshop) -> None:
    container = oci.container()
    name = container.bundle.name
    oci.call("create", "--bundle", name, container.ident, cwd=oci.place).good()
    assert container.state()["bundle"] == str(container.bundle)


@says("runtime#lifecycle", "user-specified program MUST NOT be run at this time (create)")
def test_the_program_runs_at_start_only(created: Container) -> None:
    mark = created.rootfs / "mark"
    assert not mark.exists()
    created.call("start").good()
    created.call("kill", after=["KILL"]).good()
    created.wait_for_end()
    other = created.workshop.container("/bin/sh", "-c", "echo ran >/mark")
    other.create().good()
    assert not (other.rootfs / "mark").exists()
    other.call("start").good()
    other.wait_for_end()
    assert (other.rootfs / "mark").read_text() == "ran\n"


@says("runtime#lifecycle", "updates to config.json after create MUST NOT affect the container")
def test_later_changes_of_the_configuration_have_no_effect(oci: Workshop) -> None:
    container = oci.container("/bin/sh", "-c", "echo before >/mark")
    container.create().good()
    config = container.config
    config["process"]["args"][-1] = "echo after >/mark"
    container.write(config)
    container.call("start").good()
    container.wait_for_end()
    assert (container.rootfs / "mark").read_text() == "before\n"


@says("runtime#start", "status MUST be running")
def test_status_after_start(running: Container) -> None:
    state = running.state()
    assert state["status"] == "running"
    assert alive(state["pid"])


@says("runtime#state", "stopped: the container process has exited; pid REQUIRED when running")
def test_status_after_the_end(stopped: Container) -> None:
    state = stopped.state()
    assert state["status"] == "stopped"
    assert state.get("pid", 0) == 0


@says("runtime#start", "already started container MUST generate an error, have no effect")
def test_start_twice(running: Container) -> None:
    pid = running.state()["pid"]
    running.call("start").refused()
    assert running.state()["pid"] == pid
    assert running.status == "running"


@says("runtime#start", "attempting to start a stopped container MUST generate an error")
def test_start_of_a_stopped_one(stopped: Container) -> None:
    stopped.call("start").refused()
    assert stopped.status == "stopped"


@says("runtime#create", "ID not unique: MUST generate an error, no new container")
def test_create_with_an_id_in_use(created: Container) -> None:
    pid = created.state()["pid"]
    created.create().refused("exist")
    assert created.state()["pid"] == pid
    created.run().refused("exist")
    assert created.status == "created"


@pytest.mark.parametrize("verb", ["state", "start", "kill", "delete", "pause", "resume", "ps"])
@says("runtime#operations", "a container that does not exist MUST generate an error")
def test_an_unknown_container(oci: Workshop, verb: str) -> None:
    oci.call(verb, "uk-absent").refused("exist|not found|No such")


@pytest.mark.parametrize("verb", ["create", "run", "state", "start", "kill", "delete", "exec"])
@says("runtime#operations", "MUST generate an error if not provided the ID")
def test_no_id(oci: Workshop, verb: str) -> None:
    done = oci.call(verb)
    assert done.status != 0
    assert (done.out + done.err).strip()


@pytest.mark.parametrize("ident", ["a/b", "..", "../escape", "sp ace"])
@says("runtime#create", "ID not valid in any other way MUST generate an error")
def test_a_bad_id(oci: Workshop, ident: str) -> None:
    container = oci.container()
    done = oci.call("create", "--bundle", container.bundle, ident)
    if done.status == 0:
        oci.call("delete", "--force", ident)
    done.refused()
    assert not (oci.root.parent / "escape").exists()


@says("runtime#delete", "process still running MUST generate an error")
def test_delete_of_a_running_one(running: Container) -> None:
    running.call("delete").refused("stopped|running")
    assert running.status == "running"
    assert alive(running.state()["pid"])


@says("cli#delete", "--force kills and removes")
def test_delete_by_force(running: Container) -> None:
    pid = running.state()["pid"]
    running.call("delete", "--force").good()
    assert not alive(pid)
    running.call("state").refused()


@says("cli#delete", "--force of an unknown container is no error")
def test_delete_by_force_of_none(oci: Workshop) -> None:
    oci.call("delete", "--force", "uk-absent").good()


@says("runtime#delete", "MUST delete the resources that were created; ID MAY be used again")
def test_delete_leaves_nothing(stopped: Container) -> None:
    stopped.call("delete").good()
    stopped.call("state").refused()
    assert not (stopped.workshop.root / stopped.ident).exists()
    assert stopped.rootfs.is_dir()
    stopped.create().good()
    assert stopped.status == "created"


@says("runtime#delete", "resources created during create (mounts of the host)")
def test_delete_leaves_no_mount(stopped: Container) -> None:
    stopped.call("delete").good()
    assert str(stopped.bundle) not in Path("/proc/self/mountinfo").read_text()


@says("runtime#kill", "MUST send the specified signal to the container process")
@pytest.mark.parametrize("name", ["USR1", "SIGUSR1", "10"])
def test_kill_by_name_and_number(running: Container, name: str) -> None:
    running.call("kill", after=[name]).good()
    assert running.line() == "signal 10"
    assert running.status == "running"


@says("cli#kill", "the default signal is SIGTERM")
def test_kill_sends_term_by_default(running: Container) -> None:
    running.call("kill").good()
    assert running.line() == f"signal {signal_number('TERM')}"
    running.wait_for_end()
    assert running.status == "stopped"


@says("runtime#kill", "neither created nor running MUST generate an error")
def test_kill_of_a_stopped_one(stopped: Container) -> None:
    stopped.call("kill", after=["TERM"]).refused()


@says("cli#kill", "--all: every process of the container")
def test_kill_all(running: Container) -> None:
    running.call("exec", "--detach", after=["/bin/sleep", "99"]).good()
    pids = json.loads(running.call("ps", "--format", "json").good().out)
    running.call("kill", "--all", after=["KILL"]).good()
    running.wait_for_end()
    assert running.status == "stopped"
    assert not any(alive(pid) for pid in pids)


@says("cli#kill", "an unknown signal is an error")
def test_kill_by_a_wrong_name(running: Container) -> None:
    running.call("kill", after=["NOSUCH"]).refused("signal")
    assert running.status == "running"


@says("runtime#kill", "created container can be killed; its status MUST be stopped")
def test_kill_of_a_created_one(created: Container) -> None:
    created.call("kill", after=["KILL"]).good()
    created.wait_for_end()
    assert created.status == "stopped"
    assert not (created.rootfs / "mark").exists()


@pytest.mark.parametrize("status", [0, 1, 42, 255])
@says("cli#run", "the status of the program is the runtime's")
def test_run_ends_with_the_programs_status(oci: Workshop, status: int) -> None:
    container = oci.container("/bin/sh", "-c", f"exit {status}")
    assert container.run().status == status


@says("cli#run", "a program ended by signal n gives 128+n")
def test_run_of_a_killed_program(oci: Workshop) -> None:
    container = oci.container()
    child = oci.start("run", "--bundle", container.bundle, container.ident)
    _await_running(container)
    container.call("kill", after=["KILL"]).good()
    assert child.wait() == 128 + signal_number("KILL")


def _await_running(container: Container) -> None:
    for _ in range(600):
        done = container.call("state")
        if done.status == 0 and json.loads(done.out)["status"] == "running":
            return
    pytest.fail("it does not begin to run")


@says("cli#run", "create, start, delete in one; streams are the caller's")
def test_run_removes_the_container(oci: Workshop) -> None:
    container = oci.container("/bin/sh", "-c", "echo to out; echo to err >&2")
    done = container.run().good()
    assert (done.out, done.err) == ("to out\n", "to err\n")
    container.call("state").refused()


@says("cli#run", "standard input is the caller's")
def test_run_reads_its_input(oci: Workshop, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("some words\n")
    container = oci.container("/bin/cat")
    with text.open() as stdin:
        assert container.run(stdin=stdin.fileno()).good().out == "some words\n"


@says("cli#run", "SIGTERM to the runtime in the foreground reaches the container")
def test_run_passes_signals_on(oci: Workshop) -> None:
    container = oci.container()
    child = oci.start("run", "--bundle", container.bundle, container.ident)
    _await_running(container)
    child.child.send_signal(signal_number("TERM"))
    assert child.wait() == 0
