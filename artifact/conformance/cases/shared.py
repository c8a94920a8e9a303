# SPDX-License-Identifier: GPL-2.0-only
"""Bodies that several suites use."""

from __future__ import annotations

from collections.abc import Callable

from artifact.conformance.case import Body
from artifact.conformance.tester import Stimulus, Tester
from artifact.conformance.wire import Station

Make = Callable[[Tester, Station], Stimulus]


def silent(*makes: Make) -> Body:
    """None of these datagrams may cause any reaction, and the DUT goes on working."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        sent = [make(t, n) for make in makes]
        t.send(*sent)
        t.silence(n, lambda f: any(s.reaction(f) for s in sent), "no reaction")

    return body
