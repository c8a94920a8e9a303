# SPDX-License-Identifier: GPL-2.0-only
"""The texts of the RFCs, so that what a case quotes can be looked up.

They are in Debian's non-free packages; $UK_RFC_DIR names another directory that has them.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from artifact import proc
from artifact.aptroot import PrivateApt, host_codename
from artifact.conformance.case import Case
from artifact.paths import CACHE

PACKAGES = ("doc-rfc-std", "doc-rfc-std-proposed", "doc-rfc-old-std")
INSTALLED, FETCHED = Path("/usr/share/doc/RFC"), CACHE / "rfc"
VARIABLE = "UK_RFC_DIR"


def directory() -> Path:
    """Where the texts are, or would be."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    return FETCHED if FETCHED.is_dir() else INSTALLED


def fetch() -> Path:
    """Bring the packages through a private apt and keep their texts in the cache.

    Unavailable where there is no apt, or no mirror.
    """
    if FETCHED.is_dir():
        return FETCHED
    proc.need("dpkg-deb", "dpkg")
    apt = PrivateApt(host_codename(), ("main", "non-free"))
    apt.update()
    FETCHED.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FETCHED.parent, prefix=".rfc-") as name:
        work, texts = Path(name), Path(name) / "texts"
        texts.mkdir()
        for package in PACKAGES:
            proc.run(["dpkg-deb", "-x", apt.download(package, work / "debs"), work / "root"])
        for file in (work / "root").rglob("rfc*.txt.gz"):
            if not file.is_symlink():
                shutil.copyfile(file, texts / file.name)
        texts.rename(FETCHED)
    return FETCHED


@cache
def text(number: str, where: Path) -> str | None:
    """An RFC without page breaks; None when it is not there."""
    for file in sorted(where.rglob(f"rfc{number}.txt*")):
        if not file.exists():
            continue
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        lines = raw.decode(errors="replace").replace("\f", "\n").splitlines()
        return "\n".join(line for line in lines if not _page_furniture(line))
    return None


def _page_furniture(line: str) -> bool:
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
    begins = [m.end() for m in (found[-1:] if name[0].isdigit() else found)]
    return "\n".join(_up_to(later, body[begin:]) for begin in begins)


def _up_to(later: str, rest: str) -> str:
    end = re.search(later, rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def squeezed(words: str) -> str:
    """White space and hyphenation do not matter."""
    return re.sub(r"\s+", " ", re.sub(r"-\n\s*", "-", words))


def stands_there(case: Case, where: Path) -> bool | None:
    """Whether a case's words are in the section it names; None when the RFC is not there."""
    number, name = case.rfc.split(" ", 1)
    body = text(number, where)
    return None if body is None else squeezed(case.words) in squeezed(section(body, name))
