# SPDX-License-Identifier: GPL-2.0-only
"""The prose names only what exists."""

import re
import shlex

import pytest

from artifact import paths

DOCUMENTS = ("README.md", "ARTIFACT_APPENDIX.md", "DEVIATIONS.md", "data/README.md",
             "paper_figures/README.md", "artifact/conformance/README.md",
             "docs/own_stack.md")  # fmt: skip
COMMAND = re.compile(r"(?:invoke|\./bootstrap) ([a-z][a-z-]+)((?: --[a-z-]+(?: [a-z]+)?)*)")
LINK = re.compile(r"\]\(([^)#]+)\)")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist_with_their_options(name: str) -> None:
    tasks = (paths.REPO / "tasks.py").read_text()
    for task, options in COMMAND.findall((paths.REPO / name).read_text()):
        function = {"test": "check"}.get(task, task).replace("-", "_")
        body = tasks.partition(f"\ndef {function}(")[2].partition(") -> None:")[0]
        assert body, f"{name}: no task {task}"
        for option in shlex.split(options):
            if option.startswith("--"):
                assert option[2:].replace("-", "_") in body, f"{name}: {task} has no {option}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    for target in LINK.findall((paths.REPO / name).read_text()):
        if not target.startswith("http"):
            assert ((paths.REPO / name).parent / target).exists(), target


def test_folders_of_the_readme_exist() -> None:
    text = (paths.REPO / "README.md").read_text().partition("## Folders")[2].partition("##")[0]
    for name in re.findall(r"^\| `([\w./]+)`", text, re.MULTILINE):
        assert (paths.REPO / name).exists(), name
