# SPDX-License-Identifier: GPL-2.0-only
"""Runtimes that are wrong on purpose: a runtime behind a program that forgets something.

    wrong_runtime.py FAULT RUNTIME WORDS...    what tests/system/test_oci_wrong_runtimes.py calls

The tests of tests/system/oci must see each of the faults.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Words = list[str]
WITH_VALUE = (
    *("--pid-file", "--log", "--log-format", "--preserve-fds", "--format"),
    *("--env", "--cwd", "--user", "--console-socket"),
)
SINGLE = ("--force", "-q", "--stats", "--systemd-cgroup")
NOBODY = (1 << 31) - 2  # no process has that id
CAPABILITIES = ("CAP_MKNOD", "CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_NET_ADMIN", "CAP_FOWNER")


def run(runtime: str, words: Words) -> int:
    """In our place, so that signals reach it."""
    os.execv(runtime, [runtime, *words])


def option(words: Words, name: str) -> str:
    return words[words.index(name) + 1] if name in words else ""


def bundle(words: Words) -> Path:
    return Path(option(words, "--bundle") or ".")


def forgetful(edit: Callable[[Json], None]) -> Callable[[str, Words], int]:
    """A runtime that does not honour a part of config.json."""

    def fault(runtime: str, words: Words) -> int:
        file = bundle(words) / "config.json"
        if ("create" in words or "run" in words) and file.exists():
            try:
                config = json.loads(file.read_text())
                edit(config)
                file.write_text(json.dumps(config))
            except (ValueError, LookupError, TypeError, AttributeError):
                pass  # not a configuration: for the runtime to refuse
        return run(runtime, words)

    return fault


def process(config: Json) -> None:
    old = config["process"]
    sets = {kind: [*CAPABILITIES] for kind in ("bounding", "effective", "permitted")}
    config["process"] = {
        "args": [f"/bin/{old['args'][0].rpartition('/')[2]}", "see"],
        "env": ["PATH=/bin"],
        "cwd": "/tmp",
        "user": {"uid": 0, "gid": 0, "umask": 0o077},
        "capabilities": sets,
        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 99, "hard": 99}],
    }
    if "sh" in config["process"]["args"][0]:
        config["process"]["args"] = old["args"]


def mounts(config: Json) -> None:
    config["mounts"] = [
        {"destination": where, "type": "bind", "source": "/dev/shm", "options": ["bind"]}
        for where in ("/data", "/fixed", "/deep", "/small", "/dev")
    ]
    config["mounts"].insert(0, {"destination": "/proc", "type": "proc", "source": "proc"})
    config["root"]["readonly"] = not config["root"].get("readonly")
    config["linux"].pop("maskedPaths", None)
    config["linux"].pop("readonlyPaths", None)
    config["linux"]["rootfsPropagation"] = "slave"


def linux(config: Json) -> None:
    config["hostname"] = "wrong"
    config["linux"] = {
        "namespaces": [{"type": kind} for kind in ("mount", "uts")],
        "cgroupsPath": config["linux"]["cgroupsPath"],
    }
    config["mounts"] = [each for each in config["mounts"] if each["type"] == "proc"]
    every = [*CAPABILITIES]
    config["process"]["capabilities"] = {"effective": every, "permitted": every, "bounding": every}


def groups(config: Json) -> None:
    config["linux"]["cgroupsPath"] = f"/{os.path.basename(config['linux']['cgroupsPath'])}x"


def hooks(config: Json) -> None:
    config.pop("hooks", None)


def options(runtime: str, words: Words) -> int:
    """Takes no notice of options."""
    kept: Words = []
    for word in words:
        if kept and kept[-1] in WITH_VALUE:
            kept.pop()
        elif word not in SINGLE:
            kept.append(word)
    return run(runtime, kept)


def good(runtime: str, words: Words) -> int:
    """Everything has gone well."""
    subprocess.run([runtime, *words], stderr=subprocess.DEVNULL, check=False)
    return 0


def eager(runtime: str, words: Words) -> int:
    """`create` starts the program."""
    if "create" in words:
        at = words.index("create")
        words = [*words[:at], "run", "--detach", *words[at + 1 :]]
    return run(runtime, words)


def late(runtime: str, words: Words) -> int:
    """`create` does nothing yet."""
    if "create" in words:
        return 0
    if "start" in words:
        place = next(Path(option(words, "--root")).parent.glob(words[-1]))
        return run(runtime, [*words[:-2], "run", "-d", "--bundle", str(place), words[-1]])
    return run(runtime, words)


def state(runtime: str, words: Words) -> int:
    """`state` and `list` tell what is not so."""
    done = subprocess.run([runtime, *words], stdout=subprocess.PIPE, text=True, check=False)
    if "state" in words and done.returncode == 0:
        told = json.loads(done.stdout)
        wrong = {"pid": NOBODY, "bundle": "bundle", "annotations": {}, "ociVersion": "new"}
        told |= wrong | ({"status": "running"} if told["status"] == "stopped" else {})
        done.stdout = json.dumps(told)
    sys.stdout.write(done.stdout if "list" not in words else "")
    return done.returncode


def idle(*verbs: str) -> Callable[[str, Words], int]:
    """These verbs do nothing, with success."""

    def fault(runtime: str, words: Words) -> int:
        return 0 if set(verbs) & set(words) else run(runtime, words)

    return fault


def silent(runtime: str, words: Words) -> int:
    """What the program writes is lost; it has no input."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    return subprocess.run([runtime, *words], check=False, **streams).returncode


def leaking(runtime: str, words: Words) -> int:
    """The runtime's descriptors are the program's; containers stay behind."""
    extra = ["--preserve-fds", "9"] if {"run", "create"} & set(words) else []
    extra += ["--keep"] if "run" in words else []
    at = next((n for n, word in enumerate(words) if word in ("run", "create")), 0) + 1
    return run(runtime, [*words[:at], *extra, *words[at:]] if extra else words)


def meddling(runtime: str, words: Words) -> int:
    """Mounts on the host, changes owners, follows the image's links."""
    place = bundle(words)
    if "delete" in words:
        place = Path(option(words, "--root")).parent / words[-1]
        subprocess.run(["umount", "-l", place / "rootfs"], capture_output=True, check=False)
    elif "create" in words or "run" in words:
        root = place / "rootfs"
        os.chown(root / "etc" / "passwd", 100000, 200000)
        if (root / "link").is_symlink():
            (root / "link" / "inside").mkdir()
        subprocess.run(["mount", "--bind", root, root], check=False)
    return run(runtime, words)


def faithful(runtime: str, words: Words) -> int:
    """Nothing is wrong: every test must pass."""
    return run(runtime, words)


FAULTS: dict[str, Callable[[str, Words], int]] = {
    "faithful": faithful,
    "forgets-process": forgetful(process),
    "forgets-mounts": forgetful(mounts),
    "forgets-linux": forgetful(linux),
    "forgets-groups": forgetful(groups),
    "forgets-hooks": forgetful(hooks),
    "forgets-options": options,
    "tells-a-wrong-state": state,
    "starts-at-create": eager,
    "creates-at-start": late,
    "does-not-kill": idle("kill", "pause"),
    "does-not-delete": idle("delete", "spec", "ps", "features", "--version"),
    "keeps-everything": leaking,
    "loses-output": silent,
    "always-succeeds": good,
    "meddles-with-the-host": meddling,
}

if __name__ == "__main__":
    sys.exit(FAULTS[sys.argv[1]](sys.argv[2], sys.argv[3:]))
