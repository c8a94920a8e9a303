# SPDX-License-Identifier: GPL-2.0-only
"""Tables that need the suite itself: what flips, why counts differ, compatibility."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from artifact import claims, tables
from artifact.conformance import cases, flips
from artifact.conformance.case import NEEDS
from artifact.records import (
    DEFAULTS,
    PAPER,
    Compat,
    CompatRecord,
    Run,
    Verdict,
    in_condition,
    latest_verdicts,
)
from artifact.styles import SUITES, style
from artifact.tables import Table

# Stacks that the authors could give no commands, so that IxANVL could neither configure them nor
# make them send (their public bench repository: the host name of the DUT is a dummy there).
NO_CONTROL_CHANNEL = ("lwip", "osv", "mtcp", "rump", "seastar")
OUTCOMES = {Compat.WORKS: "works", Compat.FAILS: "fails", Compat.LIES: "LIES"}


def flipped(run: Run) -> Table:
    """Cases that end otherwise in the paper's condition, and the sysctl that explains each."""
    cells = [
        [style(flip.dut).label, flip.case, cases.find(flip.case).title, flip.defaults.value,
         flip.paper.value, flip.explanation]
        for flip in flips.flips(latest_verdicts(run.verdicts()))
        if flip.dut in flips.EXPLAINED
    ]  # fmt: skip
    caption = (
        "Cases whose verdict the condition decides, on the stacks where the reason was looked for:"
        " the paper's condition was run again without one sysctl at a time; a sysctl without which"
        " the verdict is another explains it."
    )
    heads = ["stack", "case", "requirement", DEFAULTS, PAPER, "explained by"]
    return Table("flips", caption + tables.note(run), heads, cells)


@dataclass(frozen=True)
class Prose:
    """Paragraphs whose numbers come from records."""

    paragraphs: list[str]

    def _repr_markdown_(self) -> str:
        return "\n\n".join(self.paragraphs)


def why_counts_differ(run: Run) -> Prose:
    """Why our pass counts are not the paper's: suite, control channel, condition, versions."""
    records = in_condition(run.verdicts())
    told = [_suites(run), _channel(run), _condition(run), _not_applicable(run)]
    if not records:
        told = ["This run has no conformance verdicts."]
    return Prose([text for text in told if text])


def _suites(run: Run) -> str:
    counts = tables.tally(run)
    size = {suite: max((c.total() for (_, s), c in counts.items() if s == suite), default=0)
            for suite in SUITES}  # fmt: skip
    paper = {
        suite: max(c.total for c in claims.published() if c.suite == suite) for suite in SUITES
    }
    pairs = ", ".join(
        f"{label} {size[suite]} (paper {paper[suite]})" for suite, label in SUITES.items()
    )
    return (
        "**The suite.** Our cases are not IxANVL's, whose list is not public. Number of cases:"
        f" {pairs}."
        " A count of passes says something only beside another count of the same column."
    )


def _share(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    passed, total = 0, 0
    for one, other in pairs:
        passed, total = passed + one, total + other
    return passed, total


def _channel(run: Run) -> str:
    counts = tables.tally(run)
    rows = []
    for stack in NO_CONTROL_CHANNEL:
        ours = _share(
            (c[Verdict.PASS], c.total()) for (dut, s), c in counts.items()
            if dut == stack and s in SUITES
        )  # fmt: skip
        theirs = _share((c.passed, c.total) for c in claims.published() if c.stack == stack)
        if ours[1]:
            rows.append(
                f"{style(stack).label} {ours[0]}/{ours[1]} = {ours[0] / ours[1]:.0%} here,"
                f" {theirs[0]}/{theirs[1]} = {theirs[0] / theirs[1]:.0%} there"
            )
    if not rows:
        return ""
    names = ", ".join(style(stack).label for stack in NO_CONTROL_CHANNEL)
    return (
        f"**The control channel.** IxANVL configures the device, and has it send, by commands. For"
        f" {names} there was none: what needed one could not pass. Ours needs no commands: an echo"
        " request from a neighbour that the stack has never met makes it resolve and send."
        f" Passes over the three suites: {'; '.join(rows)}."
    )


def _condition(run: Run) -> str:
    found = [f for f in flips.flips(latest_verdicts(run.verdicts())) if f.dut in flips.EXPLAINED]
    if not found:
        return ""
    because = Counter(key for flip in found for key in flip.because)
    told = ", ".join(f"`{key}` {number}" for key, number in because.most_common())
    stacks = ", ".join(sorted({style(flip.dut).label for flip in found}))
    return (
        "**The condition.** The authors conditioned Linux, LKL and Graphene."
        f" {len(found)} verdicts of {stacks} flip between defaults and that condition; the sysctls"
        f" that explain them: {told or 'none alone'}."
    )


def _not_applicable(run: Run) -> str:
    skipped: dict[str, int] = defaultdict(int)
    for record in in_condition(run.verdicts()):
        if record.verdict is Verdict.NO_TEST and record.pcap is not None:
            skipped[_in_words(record.reason)] += 1
    if not skipped:
        return ""
    told = "; ".join(f"{reason} ({number})" for reason, number in
                     sorted(skipped.items(), key=lambda pair: -pair[1])[:6])  # fmt: skip
    return (
        "**No test.** IxANVL leaves cases out by configuration, a whole stack at a time. Ours asks"
        f" the stack and says why; the most frequent reasons: {told}."
    )


def _in_words(reason: str) -> str:
    """`needs alias` as a sentence."""
    what = NEEDS.get(reason.removeprefix("needs "), "")
    return f"the case asks that {what}" if what else reason


def _matrix(run: Run, name: str, caption: str, kinds: tuple[str, ...]) -> Table:
    records = [record for record in run.compat() if record.kind in kinds]
    systems = list(dict.fromkeys(record.system for record in records))
    seen: dict[tuple[str, str], CompatRecord] = {(r.name, r.system): r for r in records}
    names = list(dict.fromkeys(record.name for record in records))
    cells = [[what, *(_outcome(seen.get((what, system))) for system in systems)] for what in names]
    absent = "; ".join(f"{style(s.system).label}: {s.reason}" for s in run.skips("compat"))
    more = f" Not run: {absent}." if absent else ""
    heads = ["", *(style(system).label for system in systems)]
    return Table(name, caption + more + tables.note(run), heads, cells)


def _outcome(record: CompatRecord | None) -> str:
    if record is None:
        return "-"
    detail = f" ({record.detail})" if record.detail and record.outcome is not Compat.WORKS else ""
    return OUTCOMES[record.outcome] + detail


def congestion(run: Run) -> Table:
    """TCP congestion control algorithms that a stack offers (slides p.7)."""
    caption = (
        "TCP congestion control: set on a socket and read back, for each algorithm that Linux has"
        " in its sources. What is offered depends on the kernel's configuration as well."
    )
    return _matrix(run, "compat_congestion", caption, ("congestion control",))


def control_messages(run: Run) -> Table:
    """Control messages of sockets (slides p.7)."""
    caption = (
        "Control messages. works: it came, with the right value; fails: refused; LIES: accepted,"
        " but it did not come or had another value."
    )
    return _matrix(run, "compat_control", caption, ("control message",))


def options(run: Run) -> Table:
    """Socket options."""
    caption = (
        "Socket options. The first ones are judged by their effect, the others by what is read back"
        " after setting. LIES: accepted, without effect or with another value."
    )
    return _matrix(run, "compat_options", caption, ("effect", "option"))


def stacks(run: Run) -> Table:
    """Versions of the stacks that were asked."""
    asked = dict.fromkeys((record.system, record.version) for record in run.compat())
    cells = [[style(name).label, version] for name, version in asked]
    return Table("compat_stacks", "What was asked.", ["stack", "version"], cells)


TABLES: dict[str, Callable[[Run], Table]] = {
    "flips": flipped,
    "compat_congestion": congestion,
    "compat_control": control_messages,
    "compat_options": options,
}


def write_all(run: Run, directory: Path) -> list[Path]:
    """Write these tables beside the others."""
    return [path for make in TABLES.values() for path in tables.write(run, directory, make(run))]
