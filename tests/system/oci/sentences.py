# SPDX-License-Identifier: GPL-2.0-only
"""Which sentence a test checks: document and section of the OCI runtime-spec, and key words.

`cli` stands for runc's command line, which engines rely on and no document of OCI fixes.
`python -m tests.system.oci.sentences` prints the table of sentences and tests.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

DOCUMENTS = ("runtime", "config", "config-linux", "runtime-linux", "bundle", "features", "cli")
Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Sentence:
    """A place in the specification and the words to find the sentence by."""

    document: str
    section: str
    words: str

    def __post_init__(self) -> None:
        assert self.document in DOCUMENTS, f"unknown document {self.document!r}"
        assert self.section, "no section"
        assert self.words, "no words"

    @staticmethod
    def at(place: str, words: str) -> "Sentence":
        """From "document#section" and the words."""
        document, _, section = place.partition("#")
        return Sentence(document, section, words)


def says(place: str, words: str) -> Callable[[Test], Test]:
    """Decorator: `@says("runtime#start", "MUST run the user-specified program")`."""
    sentence = Sentence.at(place, words)

    def mark(test: Test) -> Test:
        test.sentence = sentence  # type: ignore[attr-defined]
        return test

    return mark


def sentence_of(item: pytest.Item) -> Sentence | None:
    """The sentence of a collected test."""
    return getattr(item.obj, "sentence", None)  # type: ignore[attr-defined]


def table() -> dict[str, list[Sentence]]:
    """All tests, as `test_x::test_y`, and their sentences; read from the sources."""
    found: dict[str, list[Sentence]] = {}
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{file.stem}::{node.name}"] = [
                    Sentence.at(*map(ast.literal_eval, call.args))
                    for call in node.decorator_list
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "says"
                ]
    return found


if __name__ == "__main__":
    for name, sentences in sorted(table().items(), key=lambda each: str(each[1])):
        for each in sentences:
            print(f"| {each.document} | {each.section} | {each.words} | `{name}` |")
