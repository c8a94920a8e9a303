# SPDX-License-Identifier: GPL-2.0-only
"""Which sentence a test checks: document and section of the OCI runtime-spec, and key words.

`cli` stands for runc's command line, which engines rely on and no document of OCI fixes.
"""

from collections.abc import Callable
from dataclasses import dataclass
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


def says(place: str, words: str) -> Callable[[Test], Test]:
    """Decorator: `@says("runtime#start", "MUST run the user-specified program")`."""
    document, _, section = place.partition("#")
    assert document in DOCUMENTS, place
    assert section, place
    assert words, place

    def mark(test: Test) -> Test:
        test.sentence = Sentence(document, section, words)  # type: ignore[attr-defined]
        return test

    return mark


def sentence_of(item: pytest.Item) -> Sentence | None:
    """The sentence of a collected test."""
    return getattr(item.obj, "sentence", None)  # type: ignore[attr-defined]
