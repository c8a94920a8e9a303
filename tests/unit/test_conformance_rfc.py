# SPDX-License-Identifier: GPL-2.0-only
"""Each case names a section of an RFC and words that stand there: look them up.

The texts are in Debian's non-free packages doc-rfc-std, doc-rfc-std-proposed and
doc-rfc-old-std; $UK_RFC_DIR names another directory with them.
"""

import gzip
import os
import re
from functools import cache
from pathlib import Path

import pytest

from artifact.conformance import cases

DIRECTORY = Path(os.environ.get("UK_RFC_DIR") or "/usr/share/doc/RFC")


@cache
def text(number: str) -> str | None:
    """An RFC without page breaks; None when it is not installed."""
    for file in sorted(DIRECTORY.rglob(f"rfc{number}.txt*")):
        if not file.exists():
            continue
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        lines = raw.decode(errors="replace").replace("\f", "\n").splitlines()
        return "\n".join(line for line in lines if not page_furniture(line))
    return None


def page_furniture(line: str) -> bool:
    """A page's header or footer, which interrupts sentences."""
    return bool(
        re.search(r"\[Page \d+\]\s*$", line)
        or re.match(r"(RFC ?\d+|\[Page \d+\]) .*\d{4}\s*$", line)
        or re.match(r"\[Page \d+\]\s*$", line)
    )


def section(body: str, name: str) -> str:
    """The section's text, from its heading to the next one of the same or a higher level."""
    if name[0].isdigit():
        start = rf"^ *{re.escape(name)}\.? +[A-Z].*$"
        depth = name.count(".")
        later = rf"^ *\d+(\.\d+){{0,{depth}}}\.? +[A-Z][A-Za-z/ -]*"
    else:
        start = rf"^{re.escape(name)}.*$"
        later = r"^[A-Z][A-Za-z ,]+(:| Message)$|^[A-Z][a-z]+ [A-Z][a-z]+:$"
    found = [m for m in re.finditer(start, body, re.MULTILINE) if "....." not in m[0]]
    # RFC 768 repeats a heading on the next page; a number stands in the list of contents, too
    begins = [m.end() for m in found] if not name[0].isdigit() else [m.end() for m in found[-1:]]
    return "\n".join(_up_to(later, body[begin:]) for begin in begins)


def _up_to(later: str, rest: str) -> str:
    end = re.search(later, rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def squeezed(words: str) -> str:
    """White space and hyphenation do not matter."""
    return re.sub(r"\s+", " ", re.sub(r"-\n\s*", "-", words))


NUMBERS = sorted({case.rfc.split(" ")[0] for case in cases.every()}, key=int)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_words_stand_in_the_section(number: str) -> None:
    body = text(number)
    if body is None:
        pytest.skip(f"RFC {number} is not in {DIRECTORY} (Debian non-free: doc-rfc-std)")
    wrong = []
    for case in cases.every():
        of, name = case.rfc.split(" ", 1)
        if of == number and squeezed(case.words) not in squeezed(section(body, name)):
            wrong.append(f"{case.id}: not in section {name}: {case.words}")
    assert wrong == []
