# SPDX-License-Identifier: GPL-2.0-only
"""Each case names a section of an RFC and words that stand there: look them up."""

from dataclasses import replace
from pathlib import Path

import pytest

from artifact.conformance import cases, rfc

NUMBERS = sorted({case.rfc.split(" ")[0] for case in cases.every()}, key=int)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_words_stand_in_the_section(number: str) -> None:
    where = rfc.directory()
    if rfc.text(number, where) is None:
        pytest.skip(f"RFC {number} is not in {where} (Debian non-free: {', '.join(rfc.PACKAGES)})")
    wrong = [
        f"{case.id}: not in section {case.rfc}: {case.words}"
        for case in cases.every()
        if case.rfc.split(" ")[0] == number and not rfc.stands_there(case, where)
    ]
    assert wrong == []


PAGE = """1.  Introduction ......... 2
2.1.  Host duties

   A host MUST do
   this and well-
   known things.

Smith                                                       [Page 1]
\f
RFC 9999                     Duties                         May 2026

   It SHOULD rest.

2.2.  Router duties

   A router MUST work.
"""


def test_words_are_found_in_their_section_only(tmp_path: Path) -> None:
    (tmp_path / "rfc9999.txt").write_text(PAGE)
    case = replace(cases.find("IP-1.1"), rfc="9999 2.1", words="A host MUST do this")
    assert rfc.stands_there(case, tmp_path) is True
    assert rfc.stands_there(replace(case, words="well-known things. It SHOULD"), tmp_path) is True
    assert rfc.stands_there(replace(case, words="A router MUST work"), tmp_path) is False
    assert rfc.stands_there(replace(case, words="A host MAY do this"), tmp_path) is False
    assert rfc.stands_there(replace(case, rfc="9998 2.1"), tmp_path) is None
