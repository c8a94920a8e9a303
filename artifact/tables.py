# SPDX-License-Identifier: GPL-2.0-only
"""Tables of a run: the paper's value and ours side by side, as text, Markdown and LaTeX."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from artifact import claims, goals, output
from artifact.errors import ArtifactError
from artifact.records import (
    DEFAULTS,
    PAPER,
    Param,
    Run,
    SampleRecord,
    Verdict,
    in_condition,
    latest_samples,
    write_atomically,
)
from artifact.relations import Evidence, told
from artifact.stats import FEWEST_FOR_INTERVAL, Summary, round_ratios, summarise
from artifact.styles import ROWS, SUITES, VERDICTS, quantity, rows, style
from artifact.systems import registry
from artifact.ui import plain_table

SMOKE_NOTE = " Profile smoke: one pass to see that everything runs, not a measurement."
LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
     "<": r"$<$", ">": r"$>$", "µ": r"\textmu{}", "~": r"\textasciitilde{}",
     "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Text cells with a caption that says what each means."""

    name: str
    caption: str
    columns: Sequence[str]
    cells: Sequence[Sequence[str]]

    def text(self) -> str:
        """Aligned plain text."""
        return plain_table(self.columns, self.cells)

    def markdown(self) -> str:
        """A Markdown table followed by its caption."""
        lines = [self.columns, ["---"] * len(self.columns), *self.cells]
        body = "\n".join("| " + " | ".join(c.replace("|", r"\|") for c in r) + " |" for r in lines)
        return f"{body}\n\n{self.caption}\n"

    def latex(self) -> str:
        """A LaTeX table that needs no package (textcomp for the micro sign)."""
        lines = [" & ".join(cell.translate(LATEX) for cell in row) + r" \\" for row in self.cells]
        head = " & ".join(column.translate(LATEX) for column in self.columns) + r" \\ \hline"
        body = "\n".join([head, *lines])
        return (
            f"\\begin{{table}}\n\\caption{{{self.caption.translate(LATEX)}}}\n"
            f"\\label{{tab:{self.name}}}\n\\begin{{tabular}}{{{'l' * len(self.columns)}}}\n"
            f"{body}\n\\end{{tabular}}\n\\end{{table}}\n"
        )

    def _repr_markdown_(self) -> str:
        return self.markdown()


def note(run: Run) -> str:
    """What a caption has to add about the run it was made from."""
    return SMOKE_NOTE if run.manifest.profile == "smoke" else ""


def shown(summary: Summary, unit: str) -> str:
    """`13.2 ms [13.0, 13.5] (n=30)`; without interval below six samples."""
    middle = quantity(summary.median, unit)
    if summary.low is None or summary.high is None:
        return f"{middle} (n={summary.n})"
    return (
        f"{middle} [{quantity(summary.low, unit)}, {quantity(summary.high, unit)}] (n={summary.n})"
    )


INTERVAL = (
    "Values are medians; brackets are the 95 % percentile-bootstrap interval of the median"
    f" ({FEWEST_FOR_INTERVAL} samples or more), n the number of samples after warm-up."
)


def skipped(run: Run, experiment: str, system: str) -> str:
    """The cell of a system that was not run."""
    return f"not run: {Evidence(skips=run.skips(experiment)).reason(experiment, system)}"


def tally(run: Run, mode: str = DEFAULTS) -> dict[tuple[str, str], Counter[Verdict]]:
    """For each (device, suite) how many cases got which verdict in that condition.

    A device that was not here has `no_test` in every case, and is left out.
    """
    counts: dict[tuple[str, str], Counter[Verdict]] = defaultdict(Counter)
    for record in in_condition(run.verdicts(), mode):
        counts[record.dut, record.suite][record.verdict] += 1
    return {key: found for key, found in counts.items() if {*found} != {Verdict.NO_TEST}}


@dataclass(frozen=True)
class Series:
    """What was varied: the samples of one series differ in their round only."""

    system: str
    workload: str
    metric: str
    params: tuple[tuple[str, Param], ...]

    def param(self, name: str) -> Param:
        """Value of one parameter."""
        return dict(self.params)[name]


def summaries(run: Run, experiment: str) -> dict[Series, tuple[Summary, str]]:
    """For each series the summary of its samples and their unit."""
    groups: dict[Series, list[SampleRecord]] = defaultdict(list)
    for sample in latest_samples(run.samples(experiment)):
        if not sample.warmup:
            params = tuple(sorted(sample.params.items()))
            groups[Series(sample.system, sample.workload, sample.metric, params)].append(sample)
    return {
        key: (summarise([sample.value for sample in group]), group[0].unit)
        for key, group in groups.items()
    }


CONDITION = {
    DEFAULTS: "Stacks as they come.",
    PAPER: "Stacks conditioned as the paper's authors did, with two links; those without such"
    " settings are left out.",
}


def conformance(run: Run, mode: str = DEFAULTS) -> Table:
    """Published and our pass counts per stack and suite (slides p.17)."""
    counts = tally(run, mode)
    paper = {(c.stack, c.suite): f"{c.passed}/{c.total}" for c in claims.published()}
    cells = []
    for stack in rows("conformance", {dut for dut, _ in counts}):
        ran = any((stack, suite) in counts for suite in SUITES)
        if not ran and mode != DEFAULTS:
            continue
        cell = [style(stack).label]
        for suite in SUITES:
            found = counts.get((stack, suite))
            ours = f"{found[Verdict.PASS]}/{found.total()}" if found else "not run"
            cell += [paper.get((stack, suite), "-"), ours]
        cells.append([*cell, "" if ran else skipped(run, "conformance", stack)])
    heads = [f"{label} {who}" for label in SUITES.values() for who in ("paper", "ours")]
    caption = (
        f"Conformance: passed / all cases. {CONDITION[mode]} The paper's counts are of IxANVL, ours"
        " of the open suite of this artifact, which has other cases: compare stacks within a"
        " column."
    )
    return Table(
        _named("conformance", mode), caption + note(run), ["stack", *heads, "remark"], cells
    )


def _named(name: str, mode: str) -> str:
    return name if mode == DEFAULTS else f"{name}_{mode}"


def verdicts(run: Run, mode: str = DEFAULTS) -> Table:
    """All five verdict classes per stack and suite of this run."""
    cells = [
        [style(dut).label, SUITES.get(suite, suite), *(str(found[v]) for v in VERDICTS)]
        for (dut, suite), found in sorted(tally(run, mode).items())
    ]
    heads = ["stack", "suite", *(look.label for look in VERDICTS.values())]
    caption = (
        f"Number of cases with each verdict. {CONDITION[mode]} A case that was repeated counts"
        " once, as last run."
    )
    return Table(_named("verdicts", mode), caption + note(run), heads, cells)


def _measured(run: Run, experiment: str, title: str) -> Table:
    found = summaries(run, experiment)
    cells = []
    for system in rows(experiment, {series.system for series in found}):
        mine = [series for series in found if series.system == system]
        if not mine:
            cells.append([style(system).label, "", "", "", skipped(run, experiment, system)])
        for series in sorted(mine, key=lambda s: (s.workload, s.metric, s.params)):
            params = " ".join(f"{name}={value}" for name, value in series.params)
            what = [style(system).label, series.workload, series.metric, params]
            cells.append([*what, shown(*found[series])])
    heads = ["system", "workload", "metric", "parameters", "ours"]
    return Table(experiment, f"{title} {INTERVAL}{note(run)}", heads, cells)


PHASES = "phases"  # workload of the starts whose parts are timed
IMAGE_ORDER = ("public", "private", "debian", "")
NATIVE, DOCKER = "native", "docker-"
SERIES = {"directly": "", "docker run": DOCKER}


def image_order(image: str) -> int:
    """Where an image stands among those of a system."""
    return IMAGE_ORDER.index(image) if image in IMAGE_ORDER else len(IMAGE_ORDER)


def coldstart(run: Run) -> Table:
    """Durations of the python-hello container (slides p.19)."""
    title = (
        "Cold start: time from starting the runtime until it has exited. Paper: native <"
        " µKontainer < docker/runc < gVisor < Nabla < Kata; its durations are unknown to us."
        " The program is the same in every image: public is our Python with musl, private the same"
        " linked statically, debian the distribution's with glibc. Ratios compare systems that"
        " start the same image. Of runu-private the image is one file; its native is the same"
        " static program and files, unpacked."
    )
    return _measured(run, "coldstart", title)


def coldstart_order(run: Run) -> Table:
    """The paper's order beside ours, and ratios within rounds, for each series and image."""
    walls = [
        s for s in latest_samples(run.samples("coldstart")) if s.metric == "wall" and not s.warmup
    ]
    rounds: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for sample in walls:
        rounds[sample.system, str(sample.params.get("image", ""))][sample.round] = sample.value
    cells = []
    for series, prefix in SERIES.items():
        known = {i for s, i in rounds if s != NATIVE and s.startswith(DOCKER) == bool(prefix)}
        for image in sorted(known, key=image_order):
            cells += _order(rounds, series, prefix, image)
    heads = ["series", "image", "system", "paper's place", "ours", "median", "/ native", "/ runc"]
    caption = (
        "Places by median within a series and an image, among the systems that the paper ranks and"
        " that were run here;"
        " ratios are medians of ratios within rounds, to the host's own start of the same image"
        f" and to runc in the same series. {INTERVAL}{note(run)}"
    )
    return Table("coldstart_order", caption, heads, cells)


def _order(
    rounds: dict[tuple[str, str], dict[int, float]], series: str, prefix: str, image: str
) -> list[list[str]]:
    """Rows of one series and image, fastest first; both series begin with the host's own start."""
    ranked = {row.name: row.paper_order for row in registry.of(registry.COLDSTART)}
    mine = {
        system: summarise([*values.values()])
        for (system, which), values in rounds.items()
        if which == image
        and (system == NATIVE or (system in ranked and system.startswith(DOCKER) == bool(prefix)))
    }
    order = sorted(mine, key=lambda system: mine[system].median)
    places = [system for system in order if ranked[system]]
    published = sorted({ranked[system] for system in places})
    cells = []
    for system in order:
        here = rounds[system, image]
        bases = [rounds.get((base, image), {}) for base in (NATIVE, f"{prefix}runc")]
        ratios = [round_ratios(here, base) if base is not here else [] for base in bases]
        place = ["", ""]
        if ranked[system]:
            place = [str(published.index(ranked[system]) + 1), str(places.index(system) + 1)]
        told_ratios = [told(summarise(points)) if points else "" for points in ratios]
        cells.append(
            [series, image, style(system).label, *place, shown(mine[system], "s"), *told_ratios]
        )
    return cells


def _lines(run: Run, experiment: str, metric: str) -> dict[Series, dict[int, float]]:
    """Values by round for each series of one metric, without the warm-up."""
    found: dict[Series, dict[int, float]] = defaultdict(dict)
    for sample in latest_samples(run.samples(experiment)):
        if sample.metric == metric and not sample.warmup:
            params = tuple(sorted(sample.params.items()))
            series = Series(sample.system, sample.workload, metric, params)
            found[series][sample.round] = sample.value
    return found


def memory(run: Run) -> Table:
    """What one waiting container has, and how much more than the program alone."""
    pss, rss = _lines(run, "memory", "pss"), _lines(run, "memory", "rss")
    counts = _lines(run, "memory", "processes")
    cells = []
    for system in rows("memory", {series.system for series in pss}):
        mine = [s for s in pss if s.system == system and s.param("containers") == 1]
        if not mine:
            cells.append([style(system).label, *[""] * 6, skipped(run, "memory", system)])
        for series in sorted(mine, key=lambda s: (s.workload, image_order(str(s.param("image"))))):
            rounds, native = pss[series], pss.get(replace(series, system="native"), {})
            more = [rounds[number] - native[number] for number in sorted(rounds.keys() & native)]
            numbers = counts.get(replace(series, metric="processes"), {}).values()
            cells.append(
                [style(system).label, series.workload, str(series.param("image")),
                 "/".join(sorted({f"{number:g}" for number in numbers})),
                 shown(summarise([*rss[replace(series, metric="rss")].values()]), "B"),
                 shown(summarise([*rounds.values()]), "B"),
                 shown(summarise(more), "B") if more and system != "native" else "", ""]
            )  # fmt: skip
    heads = ["system", "workload", "image", "processes", "resident", "proportional",
             "over native", "remark"]  # fmt: skip
    caption = (
        "Memory of one container that waits: the sums over all of its processes and those of the"
        " runtime that remain, of the resident and the proportional set (a shared page divided"
        " among those that have it); over native: proportional, within a round. The host"
        f" kernel's own memory and an engine's are not in it. {INTERVAL}{note(run)}"
    )
    return Table("memory", caption, heads, cells)


def memory_containers(run: Run) -> Table:
    """What the n-th container of the same image costs."""
    pss = _lines(run, "memory", "pss")
    cells = []
    for system in rows("memory", {series.system for series in pss}):
        mine = sorted(
            (s for s in pss if s.system == system and s.workload == "hello"),
            key=lambda s: (image_order(str(s.param("image"))), int(s.param("containers") or 0)),
        )
        for before, series in zip([None, *mine], mine, strict=False):
            image, number = str(series.param("image")), int(series.param("containers") or 0)
            rounds = pss[series]
            steps: list[float] = []
            if before is not None and before.param("image") == image:
                fewer, last = pss[before], int(before.param("containers") or 0)
                both = sorted(rounds.keys() & fewer)
                steps = [(rounds[r] - fewer[r]) / (number - last) for r in both]
            total = shown(summarise([*rounds.values()]), "B")
            further = shown(summarise(steps), "B") if steps else ""
            cells.append([style(system).label, image, str(number), total, further])
        if not mine:
            cells.append([style(system).label, "", "", "", skipped(run, "memory", system)])
    heads = ["system", "image", "containers", "proportional, all", "each further one"]
    caption = (
        "Memory of n containers of hello that wait at once: the sum of their proportional sets, and"
        " what each container costs between one line's number and the line's above."
        f" {INTERVAL}{note(run)}"
    )
    return Table("memory_containers", caption, heads, cells)


SIZES = ("unpacked", "gzip", "zstd")
SHARED = "shared"


def image_size(run: Run) -> Table:
    """Sizes of images, and of what a system's images share on a machine."""
    found = {
        (s.system, s.workload, str(s.params.get("part", "")), s.metric): s.value
        for s in latest_samples(run.samples("image_size"))
    }
    parts = {(system, workload, part): None for system, workload, part, _ in found}
    cells = []
    for system in rows("image_size", {key[0] for key in found}):
        mine = [key for key in parts if key[0] == system]
        for key in sorted(mine, key=lambda key: (key[1] == SHARED, key[1:])):
            values = [found.get((*key, metric)) for metric in SIZES]
            told_sizes = ["" if value is None else quantity(value, "B") for value in values]
            what = f"{SHARED}: {key[2]}" if key[2] else key[1]
            cells.append([style(system).label, what, *told_sizes, ""])
        if not mine:
            cells.append([style(system).label, *[""] * 4, skipped(run, "image_size", system)])
    caption = (
        "Sizes of images as files, and compressed as a registry holds them (gzip -6, zstd -3)."
        " Shared: what a machine has once, however many images; in a private image kernel and C"
        f" library are inside.{note(run)}"
    )
    heads = ["system", "image", "unpacked", "gzip", "zstd", "remark"]
    return Table("image_size", caption, heads, cells)


def netperf(run: Run) -> Table:
    """Goodput and transactions (slides p.20)."""
    title = (
        "netperf. Paper: native about equal to µKontainer; its goodput and latency are unknown"
        " to us."
    )
    return _measured(run, "netperf", title)


def core(run: Run) -> Table:
    """The library kernel's own costs; the paper publishes none of them."""
    title = "Core costs of the library kernel beside the host kernel."
    return _measured(run, "core", title)


def programs(run: Run) -> Table:
    """What programs get from the library kernel, beside native and this project's goals."""
    samples = latest_samples(run.samples("programs"))
    cells = []
    for series, (summary, unit) in program_series(run):
        libc = str(dict(series.params).get("libc", ""))
        measure = goals.Measure(series.workload, series.metric, series.system, libc)
        points = [] if series.system == goals.NATIVE else measure.ratios(samples)
        ratio = told(summarise(points)) if points else ""
        what = [series.workload, series.metric, libc, style(series.system).label]
        cells.append([*what, shown(summary, unit), ratio, goals.judge(measure, samples)])
    for system in () if cells else rows("programs", set()):
        cells.append(["", "", "", style(system).label, skipped(run, "programs", system), "", ""])
    heads = ["workload", "metric", "libc", "system", "ours", "ratio to native", "goal"]
    caption = (
        "Programs on the library kernel and the same files on the host's kernel; the ratio is"
        f" taken within rounds, the goals are this project's. {INTERVAL}{note(run)}"
    )
    return Table("programs", caption, heads, cells)


def program_series(run: Run) -> list[tuple[Series, tuple[Summary, str]]]:
    """What the experiment `programs` has measured, workload by workload."""
    names = [*ROWS["programs"]]

    def place(item: tuple[Series, tuple[Summary, str]]) -> tuple[object, ...]:
        series = item[0]
        order = names.index(series.system) if series.system in names else len(names)
        return series.workload, series.metric, series.params, order

    found = summaries(run, "programs")
    return sorted(((s, v) for s, v in found.items() if s.metric != "cases_passed"), key=place)


def claim_table(run: Run, prefixes: tuple[str, ...] = ("",)) -> Table:
    """What this run says about every claim, or about those whose id has one of the prefixes."""
    counts = claims.published()
    cells = []
    for finding in claims.judge(run):
        claim, judgement = finding.claim, finding.judgement
        if not claim.id.startswith(prefixes):
            continue
        cells.append(
            [claim.id, claim.place, claims.paper_value(claim, counts), judgement.ours,
             judgement.outcome.value, judgement.why]
        )  # fmt: skip
    caption = (
        "Claims of the paper. HOLDS, DIFFERS: the interval of the ratio lies inside, outside the"
        " claimed band; INCONCLUSIVE: across its edge, or too few rounds; NOT RUN: the reason"
        f" says why. Run {run.id}, profile {run.manifest.profile}." + note(run)
    )
    return Table("claims", caption, ["claim", "place", "paper", "ours", "outcome", "why"], cells)


def record_counts(run: Run) -> Table:
    """How many valid records the run holds; reading them all is what validates them."""
    counts = Counter(sample.experiment for sample in run.samples())
    counts["conformance verdicts"] = len(run.verdicts())
    counts["not run"] = len(run.skips())
    cells = [[name, str(count)] for name, count in counts.items()]
    return Table("records", "Valid records of this run.", ["records", "number"], cells)


def provenance(run: Run) -> Table:
    """Where and with what the run was made."""
    manifest = run.manifest
    head = [["run", manifest.run_id], ["profile", manifest.profile], ["seed", str(manifest.seed)],
            ["started", manifest.started], ["ended", manifest.ended or "unfinished"]]  # fmt: skip
    unknown = manifest.provenance.unknown
    facts = [
        [name, f"unknown: {unknown.get(name, '')}" if value is None else str(value)]
        for name, value in manifest.provenance.facts.items()
    ]
    return Table("provenance", "Where and with what this run was made.", ["fact", "value"],
                 head + facts)  # fmt: skip


def short_claim_table(run: Run) -> Table:
    """The claims without reasons, for the README."""
    whole = claim_table(run)
    texts = {claim.id: claim.text for claim in claims.load().claim}
    cells = [[texts[row[0]], *row[1:5]] for row in whole.cells]
    return Table("claims", whole.caption, ["claim", *whole.columns[1:5]], cells)


def insert(file: Path, table: Table) -> None:
    """Replace what stands between a file's `<!-- name:begin -->` and `end` markers."""
    begin, end = (f"<!-- {table.name}:{word} -->\n" for word in ("begin", "end"))
    text = file.read_text()
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ArtifactError(f"{file} has no place for the table {table.name}: {begin.strip()}")
    before, after = text.split(begin)[0], text.split(end)[1]
    write_atomically(file, f"{before}{begin}{table.markdown()}{end}{after}")


TABLES: dict[str, Callable[[Run], Table]] = {
    "claims": claim_table,
    "conformance": conformance,
    "conformance_paper": lambda run: conformance(run, PAPER),
    "verdicts": verdicts,
    "coldstart": coldstart,
    "coldstart_order": coldstart_order,
    "netperf": netperf,
    "memory": memory,
    "memory_containers": memory_containers,
    "image_size": image_size,
    "core": core,
    "programs": programs,
    "provenance": provenance,
}


def write(run: Run, directory: Path, table: Table) -> list[Path]:
    """Write one table as .md and .tex with its sidecar; the paths written."""
    written = []
    for ending, text in (("md", table.markdown()), ("tex", table.latex())):
        file = directory / f"tab_{table.name}.{ending}"
        file.write_text(text)
        written.append(file)
    return [*written, output.sidecar(directory / f"tab_{table.name}", run, table.caption)]


def write_all(run: Run, directory: Path) -> list[Path]:
    """Write every table; the paths written."""
    return [path for make in TABLES.values() for path in write(run, directory, make(run))]
