# SPDX-License-Identifier: GPL-2.0-only
"""The process object of config.json, as the program itself sees it."""

import pytest

from tests.system.oci.bundle import CAPABILITY_SETS, PROBE, Seen, Workshop
from tests.system.oci.sentences import says

CAP_CHOWN, CAP_KILL, CAP_NET_BIND_SERVICE, CAP_NET_RAW = 0, 5, 10, 13
FOUR = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW"]
ENV = ["PATH=/bin", "A=1", "EMPTY=", "SPACES=a b  c", "EQUALS=a=b", "HOME=/elsewhere"]
FULL = {
    "process": {
        "env": ENV,
        "cwd": "/usr/bin",
        "user": {"uid": 1234, "gid": 2345, "additionalGids": [7, 4000], "umask": 0o027},
        "rlimits": [
            {"type": "RLIMIT_NOFILE", "soft": 300, "hard": 400},
            {"type": "RLIMIT_CORE", "soft": 0, "hard": 1 << 20},
            {"type": "RLIMIT_FSIZE", "soft": 1 << 40, "hard": 1 << 41},
        ],
        "oomScoreAdj": 321,
        "noNewPrivileges": True,
    }
}
ROOT = {
    "process": {
        "capabilities": {
            "bounding": FOUR,
            "permitted": FOUR[:3],
            "effective": FOUR[:2],
            "inheritable": [],
        },
        "noNewPrivileges": False,
        "user": {"uid": 0, "gid": 0},
    }
}
USER = {
    "process": {
        "capabilities": dict.fromkeys((*CAPABILITY_SETS, "inheritable", "ambient"), FOUR[:2]),
        "user": {"uid": 1000, "gid": 1000},
    }
}


@pytest.fixture(scope="module")
def seen(shared: Workshop) -> Seen:
    return shared.see("a word", "", "ü", edit=FULL)


@pytest.fixture(scope="module")
def as_root(shared: Workshop) -> Seen:
    return shared.see(edit=ROOT)


@pytest.fixture(scope="module")
def as_user(shared: Workshop) -> Seen:
    return shared.see(edit=USER)


@says("config#process", "args: same semantics as execvp's argv")
def test_args(seen: Seen) -> None:
    words = [word.encode("latin-1").decode() for word in seen["argv"]]
    assert words == [PROBE, "see", "a word", "", "ü"]


@says("config#process", "env: same semantics as environ; nothing else than given")
def test_env(seen: Seen) -> None:
    assert seen["env"] == ENV


@says("config#process", "cwd: the working directory that will be set")
def test_cwd(seen: Seen) -> None:
    assert seen["cwd"] == "/usr/bin"


@says("config#process", "args: a name without slash is looked for in PATH of env")
def test_the_program_is_found_by_path(shared: Workshop) -> None:
    container = shared.container("probe", "see", edit={"process": {"env": ["PATH=/sbin:/bin"]}})
    assert Seen.parse(container.run().good().out)["argv"] == ["probe", "see"]
    container = shared.container("probe", "see", edit={"process": {"env": ["PATH=/sbin"]}})
    container.run().refused("probe")


@says("config#posix-platform-user", "uid, gid: IDs in the container namespace")
def test_user(seen: Seen) -> None:
    assert (seen["uid"], seen["euid"]) == (1234, 1234)
    assert (seen["gid"], seen["egid"]) == (2345, 2345)
    assert seen.status("Uid").split() == ["1234"] * 4
    assert seen.status("Gid").split() == ["2345"] * 4


@says("config#posix-platform-user", "additionalGids are added to the process")
def test_additional_groups(seen: Seen, as_root: Seen) -> None:
    assert set(seen["groups"]) - {2345} == {7, 4000}
    assert set(as_root["groups"]) <= {0}


@says("config#posix-platform-user", "umask of the user")
def test_umask(seen: Seen) -> None:
    assert seen["umask"] == 0o027


@says("config#posix-platform-user", "umask: unchanged, or the usual one, when not given")
def test_umask_by_default(as_root: Seen) -> None:
    assert as_root["umask"] == 0o022


@says("config#posix-process", "rlimits: soft and hard MUST be set, others stay")
@pytest.mark.parametrize("entry", FULL["process"]["rlimits"], ids=lambda entry: entry["type"])
def test_rlimits(seen: Seen, as_root: Seen, entry: dict[str, int]) -> None:
    wanted = [entry["soft"], entry["hard"]]
    assert seen["rlimits"][entry["type"]] == wanted
    assert as_root["rlimits"][entry["type"]] != wanted


@says("config#posix-process", "rlimits: a type that cannot be mapped MUST generate an error")
def test_unknown_rlimit(shared: Workshop) -> None:
    limit = {"type": "RLIMIT_NOSUCH", "soft": 1, "hard": 1}
    shared.container(edit={"process": {"rlimits": [limit]}}).run().refused("RLIMIT_NOSUCH|rlimit")


@says("config#linux-process", "oomScoreAdj MUST be set to that value")
def test_oom_score_adj(seen: Seen) -> None:
    assert seen["oom_score_adj"] == "321\n"


@says("config#linux-process", "noNewPrivileges prevents additional privileges")
def test_no_new_privileges(seen: Seen, as_root: Seen) -> None:
    assert seen["no_new_privs"] == 1
    assert as_root["no_new_privs"] == 0


@says("config#linux-process", "capabilities: the sets of root's process")
def test_capabilities_of_root(as_root: Seen) -> None:
    assert as_root.capabilities("Bnd") == {
        CAP_CHOWN,
        CAP_KILL,
        CAP_NET_BIND_SERVICE,
        CAP_NET_RAW,
    }
    # Root's program gets the bounding set anew at exec: capabilities(7).
    assert as_root.capabilities("Eff") == as_root.capabilities("Prm")
    assert {CAP_CHOWN, CAP_KILL} <= as_root.capabilities("Eff") <= as_root.capabilities("Bnd")
    assert as_root.capabilities("Amb") == set()


@says("config#linux-process", "capabilities: ambient ones survive exec of a user's program")
def test_ambient_capabilities(as_user: Seen) -> None:
    for kind in ("Amb", "Eff", "Prm", "Bnd"):
        assert as_user.capabilities(kind) == {CAP_CHOWN, CAP_KILL}


@says("config#linux-process", "capabilities: without ambient ones a user's program has none")
def test_a_user_has_no_capabilities(seen: Seen) -> None:
    assert seen.capabilities("Eff") == set()
    assert seen.capabilities("Bnd") == {CAP_CHOWN, CAP_KILL}


@says("config#linux-process", "capabilities work: without CHOWN chown fails")
def test_capabilities_are_enforced(shared: Workshop) -> None:
    script = "echo >/mine; chown 5:5 /mine && echo changed || echo refused"
    none = {"process": {"capabilities": {kind: [] for kind in CAPABILITY_SETS}}}
    assert shared.container("/bin/sh", "-c", script).run().out == "changed\n"
    assert shared.container("/bin/sh", "-c", script, edit=none).run().out == "refused\n"


@says("config#process", "terminal defaults to false: the streams are the caller's")
def test_no_terminal(seen: Seen) -> None:
    assert seen["isatty"] == 0


@says("cli#run", "the program leads a session of its own")
def test_session(seen: Seen) -> None:
    assert seen["sid"] == seen["pid"] == 1


@says("cli#run", "only the three streams are open in the program")
def test_descriptors(seen: Seen) -> None:
    assert set(seen["fds"]) == {"0", "1", "2"}


@says("config#process", "cwd: a directory that is not there is made or refused, never ignored")
def test_an_absent_cwd(shared: Workshop) -> None:
    container = shared.container(PROBE, "see", edit={"process": {"cwd": "/made/here"}})
    done = container.run()
    if done.status == 0:
        assert Seen.parse(done.out)["cwd"] == "/made/here"
    else:
        done.refused("/made/here|chdir|No such")
