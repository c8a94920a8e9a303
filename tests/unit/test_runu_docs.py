# SPDX-License-Identifier: GPL-2.0-only
"""docs/runu.md says what the sources of runu say: treatments, annotations, system calls."""

import re

from artifact import paths

DOCUMENT = (paths.REPO / "docs" / "runu.md").read_text()
SOURCES = paths.REPO / "artifact" / "csrc" / "runu"
SANDBOX = paths.REPO / "lkl_patches/linux/overlay/tools/lkl/process/sandbox.c"


def treatments() -> dict[str, tuple[str, str]]:
    """Field: treatment and reason, of treatment.c."""
    text = (SOURCES / "treatment.c").read_text().split("treatments[] = {")[1]
    rows = re.findall(r'\{ "([\w.]+)",\s*((?:"[^"]*"\s*)+),\s*(true|false) \}', text)
    return {
        field: (
            "refused" if refused == "true" else "ignored",
            "".join(re.findall(r'"([^"]*)"', why)),
        )
        for field, why, refused in rows
    }


def test_every_treatment_is_told() -> None:
    known = treatments()
    assert len(known) >= 15
    for field, (treatment, why) in known.items():
        assert f"| {field} | {treatment} | {why} |" in DOCUMENT


def test_every_annotation_is_told() -> None:
    used = set()
    for file in SOURCES.glob("*.c"):
        used |= set(re.findall(r'json_annotation\([^,]+, "([\w.-]+)"', file.read_text()))
    told = set(re.findall(r"^\| `org\.ukontainer\.([\w.-]+)`", DOCUMENT, re.MULTILINE))
    assert used
    assert told - {"net.address"} == used
    listed = re.search(r"annotations\[\] = \{([^}]*)\}", (SOURCES / "features.c").read_text())
    assert listed
    assert set(re.findall(r'"([\w.-]+)"', listed[1])) == used


def test_every_system_call_is_told() -> None:
    allowed = re.findall(r'\{ SYS_\w+, "(\w+)" \}', SANDBOX.read_text())
    assert 20 < len(allowed) <= 30
    block = DOCUMENT.split("from one instruction in the host layer only:")[1]
    assert block.split("Everything else")[0].split() == allowed
