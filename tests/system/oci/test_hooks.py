# SPDX-License-Identifier: GPL-2.0-only
"""Hooks at all six points: when, where and with what they run, and what their failure does."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.system.oci.bundle import Container, Json, Workshop
from tests.system.oci.sentences import says

# in the order in which they run; all but startContainer are programs of the host
POINTS = (
    "prestart",
    "createRuntime",
    "createContainer",
    "startContainer",
    "poststart",
    "poststop",
)
SHELLS = re.compile("(PWD|OLDPWD|SHLVL|_|HUSH_VERSION)=")  # what the hook's shell adds itself
PROGRAM = ("/bin/sh", "-c", "echo program >>/order; exec /bin/probe loop")


def hook(point: str, root: str, **more: Any) -> Json:
    """Notes its point in ROOT/order, its standard input, environment, arguments beside."""
    script = f"cd {root}/; echo {point} >>order; cat >stdin.{point}; env >env.{point}; "
    script += f'echo "$0 $*" >args.{point}'
    args = ["sh", "-c", script, "first", "second word"]
    return {"path": "/bin/sh", "args": args, "env": [f"POINT={point}", "TWO=2 words"]} | more


def with_hooks(
    oci: Workshop, *args: str, replace: Mapping[str, list[Json]] | None = None
) -> Container:
    container = oci.container(*(args or PROGRAM), edit={"annotations": {"k": "v"}})
    roots = {point: str(container.rootfs) for point in POINTS} | {"startContainer": ""}
    hooks = {point: [hook(point, root)] for point, root in roots.items()}
    container.write(container.config | {"hooks": hooks | dict(replace or {})})
    return container


def order(container: Container) -> list[str]:
    file = container.rootfs / "order"
    return file.read_text().split() if file.exists() else []


class Lifecycle:
    """One container through all points; the order of the hooks after each operation."""

    def __init__(self, oci: Workshop) -> None:
        self.container = with_hooks(oci)
        self.container.create().good()
        self.created = order(self.container)
        self.pid = self.container.state()["pid"]
        self.container.call("start").good()
        self.started = order(self.container)
        self.container.call("kill", after=["KILL"]).good()
        self.container.wait_for_end()
        self.stopped = order(self.container)
        self.container.call("delete").good()
        self.deleted = order(self.container)

    def text(self, what: str, point: str) -> str:
        return (self.container.rootfs / f"{what}.{point}").read_text()

    def state(self, point: str) -> Json:
        return json.loads(self.text("stdin", point))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def life(shared: Workshop) -> Lifecycle:
    return Lifecycle(shared)


@says("runtime#lifecycle", "prestart, createRuntime, createContainer during create, in order")
def test_create_runs_three(life: Lifecycle) -> None:
    assert life.created[:3] == ["prestart", "createRuntime", "createContainer"]


@says("runtime#lifecycle", "startContainer in start, before the program")
def test_start_runs_the_start_hook(life: Lifecycle) -> None:
    assert "startContainer" not in life.created
    assert "startContainer" in life.started
    assert life.stopped.index("program") > life.stopped.index("startContainer")


@says("runtime#lifecycle", "poststart in start, after the program was started")
def test_start_runs_the_poststart_hook(life: Lifecycle) -> None:
    assert "poststart" not in life.created
    assert "poststart" in life.started


@says("runtime#lifecycle", "poststop after delete, not at the end of the program")
def test_delete_runs_poststop(life: Lifecycle) -> None:
    assert "poststop" not in life.stopped
    assert life.deleted[-1] == "poststop"
    assert sorted(life.deleted) == sorted((*POINTS, "program"))


@says("config#posix-platform-hooks", "state of the container MUST be passed over stdin")
@pytest.mark.parametrize("point", POINTS)
def test_the_state_comes_on_standard_input(life: Lifecycle, point: str) -> None:
    state = life.state(point)
    assert state["id"] == life.container.ident
    assert state["bundle"] == str(life.container.bundle)
    assert state["ociVersion"].startswith("1.")
    assert state["annotations"]["k"] == "v"


@says("runtime#state", "status: creating, created, running, stopped as hooks see it")
@pytest.mark.parametrize(
    ("point", "status"),
    [
        ("createRuntime", {"creating", "created"}),  # runc's is creating, crun's created
        ("createContainer", {"creating", "created"}),
        ("startContainer", {"created"}),
        ("poststart", {"running"}),
        ("poststop", {"stopped"}),
    ],
    ids=POINTS[1:],
)
def test_the_status_that_hooks_see(life: Lifecycle, point: str, status: set[str]) -> None:
    assert life.state(point)["status"] in status


@says("runtime#state", "pid REQUIRED when created or running")
@pytest.mark.parametrize("point", ["prestart", "createRuntime", "poststart"])
def test_the_pid_that_hooks_see(life: Lifecycle, point: str) -> None:
    assert life.state(point)["pid"] == life.pid


@says("config#posix-platform-hooks", "env: same semantics as environ, nothing else")
@pytest.mark.parametrize("point", POINTS)
def test_the_environment_of_hooks(life: Lifecycle, point: str) -> None:
    found = {line for line in life.text("env", point).splitlines() if not SHELLS.match(line)}
    assert found == {f"POINT={point}", "TWO=2 words"}


@says("config#posix-platform-hooks", "args: same semantics as execv's argv")
@pytest.mark.parametrize("point", POINTS)
def test_the_arguments_of_hooks(life: Lifecycle, point: str) -> None:
    assert life.text("args", point) == "first second word\n"


@says("config#posix-platform-hooks", "hooks MUST be called in the listed order")
def test_hooks_of_one_point_run_in_order(oci: Workshop) -> None:
    container = with_hooks(oci)
    config = container.config
    root = str(container.rootfs)
    config["hooks"]["createRuntime"] = [hook(f"number{n}", root) for n in range(3)]
    container.write(config)
    container.create().good()
    assert [word for word in order(container) if "number" in word] == [
        "number0",
        "number1",
        "number2",
    ]


FAIL = [{"path": "/bin/false"}]


@says("runtime#lifecycle", "hook of create fails: MUST generate an error, stop the container")
@pytest.mark.parametrize("point", ["prestart", "createRuntime", "createContainer"])
def test_a_failing_hook_of_create(oci: Workshop, point: str) -> None:
    container = with_hooks(oci, replace={point: FAIL})
    container.create().refused()
    container.call("state").refused()
    assert "program" not in order(container)


@says("runtime#lifecycle", "startContainer hook fails: MUST generate an error, stop")
def test_a_failing_start_hook(oci: Workshop) -> None:
    container = with_hooks(oci, replace={"startContainer": FAIL})
    container.create().good()
    container.call("start")  # whether the error shows here or in the end is the runtime's
    container.wait_for_end()
    assert container.status == "stopped"
    assert "program" not in order(container)


@says("runtime#lifecycle", "poststop hook fails: MUST log a warning, the lifecycle continues")
def test_a_failing_poststop_hook(oci: Workshop) -> None:
    container = with_hooks(oci, "/bin/true", replace={"poststop": FAIL})
    container.create().good()
    container.call("start").good()
    container.wait_for_end()
    container.call("delete")
    container.call("state").refused()


@says("config#posix-platform-hooks", "path: a program that is not there is a failure")
def test_a_hook_that_is_not_there(oci: Workshop) -> None:
    container = with_hooks(oci, replace={"createRuntime": [{"path": "/bin/absent"}]})
    container.create().refused()
    container.call("state").refused()


@says("config#posix-platform-hooks", "timeout: seconds before aborting the hook")
def test_a_hook_that_takes_too_long(oci: Workshop) -> None:
    slow = [{"path": "/bin/sleep", "args": ["sleep", "25"], "timeout": 1}]
    container = with_hooks(oci, replace={"createRuntime": slow})
    container.create(limit_s=15).refused()
    container.call("state").refused()
