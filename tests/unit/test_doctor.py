# SPDX-License-Identifier: GPL-2.0-only
"""Doctor's rows: each can come out bad, and then says what follows."""

import os
from collections.abc import Callable

import pytest

from artifact import doctor, packages, proc
from artifact.doctor import Finding, State
from artifact.packages import Feature, Package


def test_without_root_the_measurements_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    row = doctor.root()
    assert (row.state, row.found) == (State.SKIP, "uid 1000")
    assert "netperf" in row.consequence


def test_too_little_disk_stops() -> None:
    assert doctor.disk(1).state is State.OK
    assert doctor.disk(1 << 60).state is State.STOP


def test_another_system_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    row = doctor.system()
    assert row.state is State.STOP
    assert "Vagrantfile" in row.consequence


@pytest.mark.parametrize("probe", [doctor.tun, doctor.kvm])
def test_an_absent_device_is_a_reason_not_an_error(
    monkeypatch: pytest.MonkeyPatch, probe: Callable[[], Finding]
) -> None:
    def absent(*_: object) -> int:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "open", absent)
    row = probe()
    assert row.state is State.SKIP
    assert "No such file" in row.found


def test_refused_namespaces_are_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proc, "which", lambda _: "/bin/false")
    monkeypatch.setattr(doctor, "_runs", lambda *_: False)
    assert doctor.namespaces().state is State.SKIP
    assert doctor.user_namespaces().state is State.SKIP


@pytest.mark.parametrize(("required", "state"), [(True, State.STOP), (False, State.SKIP)])
def test_lacking_packages_weigh_as_their_feature(
    monkeypatch: pytest.MonkeyPatch, required: bool, state: State
) -> None:
    gcc = Package("gcc", "compiles")
    monkeypatch.setattr(packages, "read", lambda: [Feature("kernel", "b", required, (gcc,))])
    monkeypatch.setattr(packages, "missing", lambda _: [gcc])
    (row,) = doctor.system_packages()
    assert row.state is state
    assert "lacks gcc" in row.found


def test_every_bad_row_says_what_follows_and_the_end_says_ready_or_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = doctor.findings(0)
    assert all(row.consequence for row in rows if row.state is not State.OK)
    doctor.run()
    assert capsys.readouterr().out.splitlines()[-1].startswith(("ready: ", "not ready: "))
