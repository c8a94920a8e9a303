# SPDX-License-Identifier: GPL-2.0-only
"""Figures of a run, in the paper's order and with the paper's values beside ours.

Every figure is drawn from records only, comes with a caption that defines each bar and
whisker, and is written without time stamps: the same records give the same bytes.
"""

import base64
import html
import io
import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter

from artifact import claims, conformance_tables, goals, output, paths, tables
from artifact.records import DEFAULTS, PAPER, Run, Verdict, in_condition, latest_samples
from artifact.stats import FEWEST_FOR_INTERVAL, Summary, summarise
from artifact.styles import SUITES, VERDICTS, rows, style

STYLE: dict[Any, Any] = {  # the stubs want the literal name of every setting as key type
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "svg.hashsalt": "ukontainer",  # element ids, random otherwise
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}
METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
LONGEST_REASON = 60  # characters
NARROW = 36
POINTS_AND_INTERVALS = (
    " Dots are single rounds, the thick mark their median, the whisker the 95 %"
    f" percentile-bootstrap interval of the median (only from {FEWEST_FOR_INTERVAL} rounds on)."
)


@dataclass(frozen=True)
class Drawing:
    """A figure with its caption; a notebook shows it as a picture."""

    name: str
    caption: str
    figure: Figure

    def render(self, kind: str) -> bytes:
        """The figure as pdf, svg or png."""
        buffer = io.BytesIO()
        with mpl.rc_context(STYLE):
            self.figure.savefig(buffer, format=kind, dpi=200, metadata=METADATA[kind])
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.render("png")).decode()
        caption = html.escape(self.caption)
        return (
            f'<figure><img alt="{caption}" src="data:image/png;base64,{picture}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )


def _canvas(width: float, height: float, columns: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, [*axes]


def _absent(axes: Axes, position: float, text: str, longest: int = LONGEST_REASON) -> None:
    """Say in place of a bar or dots why there is none; the tables have the whole reason."""
    short = textwrap.shorten(text, longest, placeholder=" ...")
    note = axes.annotate(
        short, (0.01, position), xycoords=("axes fraction", "data"), va="center", color="#555555",
        fontsize=7, fontstyle="italic",
    )  # fmt: skip
    note.set_in_layout(False)


def _finished(name: str, caption: str, figure: Figure, run: Run) -> Drawing:
    """The drawing; one made from a smoke run says so in the picture itself."""
    if tables.note(run):
        figure.suptitle("profile smoke: not a measurement", fontsize=8, color="#D55E00")
    return Drawing(name, caption + tables.note(run), figure)


# --- conformance ---------------------------------------------------------------------------


def _stacked(axes: Axes, position: float, counts: Mapping[Verdict, int]) -> None:
    total = sum(counts.values())
    left = 0.0
    for verdict, look in VERDICTS.items():
        share = counts.get(verdict, 0) / total
        axes.barh(
            position, share, 0.6, left=left, color=look.colour, edgecolor="#444444", linewidth=0.4
        )
        left += share
    _beside(axes, position, f"{counts.get(Verdict.PASS, 0)}/{total}", OURS)


# Columns right of the bars, in points.
OURS, PAPERS = 5, 42


def _beside(axes: Axes, row: float, text: str, column: float) -> None:
    """A number of a row, as far from the axes in a wide panel as in a narrow one."""
    axes.annotate(
        text, (1, row), (column, 0), textcoords="offset points", va="center", fontsize=7,
        color="black" if column == OURS else "#0072B2", annotation_clip=False,
    )  # fmt: skip


def conformance(run: Run, mode: str = DEFAULTS) -> Drawing:
    """Share of cases per verdict for each stack and suite (slides p.17)."""
    counts = tables.tally(run, mode)
    paper = {(cell.stack, cell.suite): cell for cell in claims.published()}
    present = {dut for dut, _ in counts}
    every = rows("conformance", present)
    stacks = every if mode == DEFAULTS else [name for name in every if name in present]
    with mpl.rc_context(STYLE):
        figure, panels = _canvas(9.5, 0.34 * max(len(stacks), 4) + 1.2, len(SUITES))
        for axes, (suite, title) in zip(panels, SUITES.items(), strict=True):
            for position, stack in enumerate(stacks):
                if (stack, suite) in counts:
                    _stacked(axes, position, counts[stack, suite])
                else:
                    text = tables.skipped(run, "conformance", stack)
                    _absent(axes, position - 0.2, text, NARROW)
                if (stack, suite) in paper:
                    cell = paper[stack, suite]
                    share = cell.passed / cell.total
                    axes.plot(
                        share, position + 0.1, "D", mfc="white", mec="#0072B2", ms=5, clip_on=False
                    )
                    _beside(axes, position, f"{cell.passed}/{cell.total}", PAPERS)
            axes.set(title=title, xlim=(0, 1), xlabel="share of cases")
            axes.set_yticks(range(len(stacks)), [style(stack).label for stack in stacks])
            axes.tick_params(labelleft=axes is panels[0])  # the rows of all panels are the same
            axes.invert_yaxis()
            _beside(axes, -0.8, "ours", OURS)
            _beside(axes, -0.8, "paper", PAPERS)
        _verdict_legend(figure)
    caption = (
        f"Conformance of network stacks. {tables.CONDITION[mode]} Bars: share of this run's cases"
        " with each verdict, and passed/all in black. Diamonds and blue numbers: passed/all as the"
        " paper publishes them."
        " The paper used IxANVL, we an open suite with other cases: compare stacks, not counts."
    )
    name = "conformance" if mode == DEFAULTS else f"conformance_{mode}"
    return _finished(name, caption, figure, run)


def conformance_paper(run: Run) -> Drawing:
    """The same in the paper's condition."""
    return conformance(run, PAPER)


def conformance_map(run: Run) -> Drawing:
    """Case by stack: which verdict."""
    records = in_condition(run.verdicts())
    suites = [suite for suite in SUITES if any(r.suite == suite for r in records)]
    here = {dut for dut, _ in tables.tally(run)}
    stacks = [name for name in rows("conformance", here) if name in here]
    order = list(VERDICTS)
    height = max(len(suites), 1) * (1.1 + 0.2 * max(len(stacks), 2)) + 0.5
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, height), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(max(len(suites), 1), 1, squeeze=False)[:, 0]
        for axes, suite in zip(panels, suites, strict=False):
            found = {(r.dut, r.case): r.verdict for r in records if r.suite == suite}
            names = sorted({r.case for r in records if r.suite == suite}, key=_in_order)
            grid = [
                [order.index(found[s, n]) if (s, n) in found else len(order) for n in names]
                for s in stacks
            ]
            _map(axes, grid, names, stacks)
            axes.set_title(SUITES[suite], loc="left")
        _verdict_legend(figure)
    caption = (
        f"Verdict of each case (column) on each stack (row). {tables.CONDITION[DEFAULTS]} Blank:"
        " not run. The pages of the run (invoke conformance-report) have the reasons."
    )
    return _finished("conformance_map", caption, figure, run)


def _in_order(case: str) -> list[int]:
    """ARP-2.10 comes after ARP-2.9."""
    return [int(number) for number in re.findall(r"\d+", case)]


def _map(
    axes: Axes, grid: Sequence[Sequence[int]], cases: Sequence[str], stacks: Sequence[str]
) -> None:
    colours = ListedColormap([*(look.colour for look in VERDICTS.values()), "#ffffff"])
    axes.pcolormesh(
        grid, cmap=colours, vmin=0, vmax=len(VERDICTS), edgecolors="#dddddd", linewidth=0.2
    )
    axes.set_yticks([row + 0.5 for row in range(len(stacks))], [style(s).label for s in stacks])
    axes.set_xticks(
        [column + 0.5 for column in range(len(cases))], cases, rotation=90, fontsize=3.2
    )
    axes.tick_params(length=0)
    axes.invert_yaxis()


def _verdict_legend(figure: Figure) -> None:
    handles = [
        Patch(facecolor=look.colour, edgecolor="#444444", label=look.label)
        for look in VERDICTS.values()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


# --- durations and rates -------------------------------------------------------------------


def _dots(
    axes: Axes,
    position: float,
    summary: Summary,
    scale: float,
    colour: str,
    upright: bool,
    width: float = 0.6,
) -> None:
    """Points, median and interval; values along y when `upright`, along x otherwise."""

    def line(along: Sequence[float], across: Sequence[float], **how: Any) -> None:
        pair = (across, along) if upright else (along, across)
        axes.plot(*pair, color=colour, **how)

    points = [point * scale for point in summary.points]
    spread = [position + 0.27 * width * ((7 * index) % 11 / 5 - 1) for index in range(len(points))]
    line(points, spread, marker="o", ms=2.5, ls="none", alpha=0.45, mew=0)
    middle = summary.median * scale
    line([middle, middle], [position - width / 2, position + width / 2], lw=2)
    if summary.low is not None and summary.high is not None:
        line([summary.low * scale, summary.high * scale], [position, position], lw=1)


def coldstart(run: Run) -> Drawing:
    """Time until the container has exited (slides p.19), in the paper's order, by image."""
    every = tables.summaries(run, "coldstart").items()
    found = {
        (series.system, str(dict(series.params).get("image", ""))): value[0]
        for series, value in every
        if series.metric == "wall"
    }
    lines: list[tuple[str, str]] = []
    for system in rows("coldstart", {system for system, _ in found}):
        images = sorted((i for s, i in found if s == system), key=tables.image_order)
        lines += [(system, image) for image in images] or [(system, "")]
    with mpl.rc_context(STYLE):
        figure, (axes,) = _canvas(7, 0.22 * len(lines) + 1, 1)
        for position, line in enumerate(lines):
            if line in found:
                _dots(axes, position, found[line], 1e3, style(line[0]).colour, upright=False)
            else:
                _absent(axes, position, tables.skipped(run, "coldstart", line[0]))
        axes.set_yticks(
            range(len(lines)),
            [f"{style(system).label}, {image}".removesuffix(", ") for system, image in lines],
        )
        axes.set(xlabel="cold start, ms (logarithmic)", xscale="log" if found else "linear")
        if found:
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.grid(axis="x", which="both", color="#dddddd", linewidth=0.4)
    caption = (
        "Cold start of the python-hello container until it has exited, started directly and by"
        " docker run; in each series rows are in the paper's order from fastest to slowest (its"
        " durations are unknown to us). After the comma: which build of Python, see the table."
    )
    return _finished("coldstart", caption + POINTS_AND_INTERVALS, figure, run)


PHASES = {
    "process": "#BBBBBB", "start": "#999999", "parse": "#CC79A7", "namespaces": "#0072B2",
    "boot": "#D55E00", "mount": "#E69F00", "exec": "#F0E442", "program": "#009E73",
}  # fmt: skip


def coldstart_phases(run: Run) -> Drawing:
    """Where the time of a start by our runtime goes."""
    medians: dict[str, dict[str, float]] = {}
    for series, (summary, _) in tables.summaries(run, "coldstart").items():
        if series.workload == tables.PHASES:
            medians.setdefault(series.system, {})[series.metric] = summary.median
    systems = [name for name in rows("coldstart", set(medians)) if name.startswith("runu-p")]
    others = sorted({phase for found in medians.values() for phase in found} - PHASES.keys())
    colours = {**PHASES, **dict.fromkeys(others, "#555555")}
    with mpl.rc_context(STYLE):
        figure, (axes,) = _canvas(7, 0.4 * max(len(systems), 2) + 1.2, 1)
        for position, system in enumerate(systems):
            left = 0.0
            for phase, colour in colours.items():
                width = medians.get(system, {}).get(phase, 0) * 1e3
                axes.barh(position, width, 0.6, left=left, color=colour)
                left += width
            if system not in medians:
                _absent(axes, position, tables.skipped(run, "coldstart", system))
        axes.set_yticks(range(len(systems)), [style(name).label for name in systems])
        axes.set(xlabel="ms", ylim=(len(systems) - 0.5, -0.5))
        handles = [Patch(color=colour, label=name) for name, colour in colours.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    caption = (
        "Where the time of a cold start by our runtime goes: medians of each phase over the rounds,"
        " from starts that are not in the other figure. process: what lies before the runtime's"
        " first line and after its last, making the process and waiting for its end. Medians of"
        " parts need not add up to the median of the whole."
    )
    return _finished("coldstart_phases", caption, figure, run)


def _goodput(axes: Axes, found: Mapping[tables.Series, Summary]) -> None:
    """Groups of bars per message size: transmit up, receive down, as in the paper's plot."""
    halves = {"TCP_STREAM": 1e-9, "TCP_MAERTS": -1e-9}
    mine = {series: value for series, value in found.items() if series.workload in halves}
    sizes = sorted({int(series.param("size") or 0) for series in mine})
    present = {series.system for series in mine}
    systems = [name for name in rows("netperf", present) if name in present]
    step = 0.8 / max(len(systems), 1)
    for series, summary in mine.items():
        index = systems.index(series.system)
        position = sizes.index(int(series.param("size") or 0)) + (index + 0.5) * step - 0.4
        colour = style(series.system).colour
        scale = halves[series.workload]
        width = 0.75 * step
        axes.bar(position, summary.median * scale, width, color=colour, alpha=0.3)
        _dots(axes, position, summary, scale, colour, upright=True, width=width)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(title="goodput: transmit up, receive down", ylabel="Gbit/s")
    axes.set_xticks(range(len(sizes)), [f"{size}" for size in sizes])
    axes.set_xlabel("size of a message, B")
    labels = [
        Patch(color=style(name).colour, alpha=0.5, label=style(name).label) for name in systems
    ]
    if labels:
        axes.legend(handles=labels, frameon=False)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")


def _transactions(axes: Axes, run: Run, found: Mapping[tables.Series, Summary]) -> None:
    """One bar per system; the systems that were not run say why."""
    systems = rows("netperf", {series.system for series in found})
    mine = {s.system: value for s, value in found.items() if s.metric == "transactions"}
    for position, system in enumerate(systems):
        if system in mine:
            colour = style(system).colour
            axes.barh(position, mine[system].median * 1e-3, 0.6, color=colour, alpha=0.3)
            _dots(axes, position, mine[system], 1e-3, colour, upright=False)
        else:
            _absent(axes, position, tables.skipped(run, "netperf", system))
    axes.set(title="request-response (TCP_RR)", xlabel="thousand transactions/s")
    axes.set_yticks(range(len(systems)), [style(system).label for system in systems])
    axes.set_ylim(len(systems) - 0.5, -0.5)


def netperf(run: Run) -> Drawing:
    """Goodput both ways and transactions (slides p.20)."""
    found = {
        series: value
        for series, (value, _) in tables.summaries(run, "netperf").items()
        if dict(series.params).get("pinning") != "same"
    }
    with mpl.rc_context(STYLE):
        figure, (left, right) = _canvas(10, 3.6, 2)
        _goodput(left, found)
        _transactions(right, run, found)
        left.grid(axis="y", color="#dddddd", linewidth=0.4)
        right.grid(axis="x", color="#dddddd", linewidth=0.4)
    caption = (
        "netperf. Left: goodput for each message size, transmit (TCP_STREAM) upwards and receive"
        " (TCP_MAERTS) downwards; right: TCP_RR transactions of one byte each way. Bars are"
        " medians, with client and server on different cores. The paper says µKontainer is about"
        " equal to native (values unknown to us)."
    )
    return _finished("netperf", caption + POINTS_AND_INTERVALS, figure, run)


# --- memory and sizes ----------------------------------------------------------------------


def _image_label(system: str, image: str) -> str:
    """A system with its image, where the label does not have it already."""
    label = style(system).label
    return label if "image" in label else f"{label}, {image}"


def memory(run: Run) -> Drawing:
    """Memory of one waiting container per program, and of many."""
    found = {
        series: summary
        for series, (summary, _) in tables.summaries(run, "memory").items()
        if series.metric == "pss"
    }
    lines: list[tuple[str, str]] = []
    for system in rows("memory", {series.system for series in found}):
        images = {str(s.param("image")) for s in found if s.system == system}
        lines += [(system, i) for i in sorted(images, key=tables.image_order)] or [(system, "")]
    programs = ("hello", "python", "nginx")
    with mpl.rc_context(STYLE):
        figure, panels = _canvas(11, 0.34 * len(lines) + 1.4, 1 + len(programs))
        for axes, program in zip(panels, programs, strict=False):
            _one_container(axes, run, found, lines, program)
            axes.set_yticks(range(len(lines)), [_image_label(*line) for line in lines])
            if program != programs[0]:
                axes.set_yticks([])
        _many_containers(panels[-1], found, lines)
    caption = (
        "Proportional set size, of one container that waits with each program, and of n containers"
        " of hello together: all processes of the containers and what remains of the runtime."
        " Bars and lines are medians."
    )
    return _finished("memory", caption + POINTS_AND_INTERVALS, figure, run)


def _one_container(
    axes: Axes,
    run: Run,
    found: Mapping[tables.Series, Summary],
    lines: Sequence[tuple[str, str]],
    program: str,
) -> None:
    for position, (system, image) in enumerate(lines):
        wanted = (system, program, "pss", (("containers", 1), ("image", image)))
        summary = found.get(tables.Series(*wanted))
        if summary is None:
            _absent(axes, position, tables.skipped(run, "memory", system), NARROW)
            continue
        colour = style(system).colour
        axes.barh(position, summary.median * 1e-6, 0.6, color=colour, alpha=0.3)
        _dots(axes, position, summary, 1e-6, colour, upright=False)
    axes.set(title=program, xlabel="MB", ylim=(len(lines) - 0.5, -0.5))
    axes.grid(axis="x", color="#dddddd", linewidth=0.4)


def _many_containers(
    axes: Axes, found: Mapping[tables.Series, Summary], lines: Sequence[tuple[str, str]]
) -> None:
    drawn = False
    for system, image in lines:
        mine = {
            int(series.param("containers") or 0): summary.median * 1e-6
            for series, summary in found.items()
            if (series.system, series.workload, series.param("image")) == (system, "hello", image)
        }
        if mine:
            drawn = True
            numbers = sorted(mine)
            how = "--" if image == "private" and system == "native" else "-"
            axes.plot(
                numbers, [mine[n] for n in numbers], marker="o", ms=3, ls=how,
                color=style(system).colour, label=_image_label(system, image),
            )  # fmt: skip
    scale = "log" if drawn else "linear"
    axes.set(title="n containers of hello", xlabel="n", ylabel="MB", xscale=scale, yscale=scale)
    if drawn:
        axes.legend(frameon=False, fontsize=6)
        axes.xaxis.set_major_locator(LogLocator(base=2))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def image_size(run: Run) -> Drawing:
    """Images of each system, compressed and unpacked; what they share in a panel of its own."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for sample in latest_samples(run.samples("image_size")):
        found[sample.workload, sample.system][sample.metric] += int(sample.value)
    systems = rows("image_size", {system for _, system in found})
    images = sorted({image for image, _ in found} - {tables.SHARED}) or ["image"]
    panels = [*images, tables.SHARED]
    with mpl.rc_context(STYLE):
        figure, every = _canvas(11, 0.3 * len(systems) + 1.3, len(panels))
        for axes, image in zip(every, panels, strict=True):
            for position, system in enumerate(systems):
                sizes = found.get((image, system))
                if sizes is None:
                    _absent(axes, position, tables.skipped(run, "image_size", system), NARROW)
                    continue
                colour = style(system).colour
                axes.barh(position, sizes["unpacked"] * 1e-6, 0.7, color=colour, alpha=0.3)
                axes.barh(position, sizes["gzip"] * 1e-6, 0.35, color=colour)
            axes.set(title=image, xlabel="MB", ylim=(len(systems) - 0.5, -0.5))
            axes.set_yticks(range(len(systems)), [style(system).label for system in systems])
            if image != panels[0]:
                axes.set_yticks([])
    caption = (
        "Sizes of images: light bars unpacked, dark bars compressed by gzip. Shared: what a machine"
        " has once beside all images, runtime and kernel where it is not the host's."
    )
    return _finished("image_size", caption, figure, run)


# --- programs ------------------------------------------------------------------------------


def programs(run: Run) -> Drawing:
    """Ratio to native of everything that programs are measured with, and the goals."""
    samples = latest_samples(run.samples(goals.EXPERIMENT))
    lines = [measure for measure in _measures(run) if measure.ratios(samples)]
    with mpl.rc_context(STYLE):
        figure, (axes,) = _canvas(7.5, 0.22 * max(len(lines), 3) + 1.2, 1)
        for position, measure in enumerate(lines):
            summary = summarise(measure.ratios(samples))
            _dots(axes, position, summary, 1.0, style(measure.system).colour, upright=False)
            if (limit := goals.limit(measure)) is not None:
                edge = [position - 0.45, position + 0.45]
                axes.plot([limit, limit], edge, color="#009E73", lw=2, ls=":")
        if not lines:
            _absent(axes, 0, tables.skipped(run, goals.EXPERIMENT, goals.UKONTAINER))
        axes.axvline(1, color="black", linewidth=0.6)
        axes.set_yticks(range(len(lines)), [_named(measure) for measure in lines])
        axes.set(xlabel="ratio to native (logarithmic)", xscale="log" if lines else "linear")
        if lines:
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_ylim(max(len(lines), 1) - 0.5, -0.5)
        axes.grid(axis="x", which="both", color="#dddddd", linewidth=0.4)
    caption = (
        "Programs on the library kernel: ratio to the same files on the host's kernel, taken"
        " within rounds. Of durations (opbench, wall) and memory less is better, of rates (redis,"
        " nginx) more. Dotted: the goal of this project where it is a ratio."
    )
    return _finished("programs", caption + POINTS_AND_INTERVALS, figure, run)


def _measures(run: Run) -> list[goals.Measure]:
    """What has been measured on the library kernel, in the order of the table."""
    return [
        goals.Measure(
            series.workload, series.metric, series.system, str(dict(series.params).get("libc", ""))
        )
        for series, _ in tables.program_series(run)
        if series.system != goals.NATIVE
    ]


def _named(measure: goals.Measure) -> str:
    parts = [measure.workload, measure.metric, measure.libc]
    tap = "tap" if measure.system == goals.TAP else ""
    return " ".join(filter(None, [*parts, tap]))


FIGURES: dict[str, Callable[[Run], Drawing]] = {
    "conformance": conformance,
    "conformance_paper": conformance_paper,
    "conformance_map": conformance_map,
    "coldstart": coldstart,
    "coldstart_phases": coldstart_phases,
    "netperf": netperf,
    "programs": programs,
    "memory": memory,
    "image_size": image_size,
}


def write_all(run: Run, directory: Path = paths.PAPER_FIGURES) -> list[Path]:
    """Write every figure (pdf, svg, png) and table with its sidecar; the paths written."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for make in FIGURES.values():
        drawing = make(run)
        stem = directory / f"fig_{drawing.name}"
        for kind in METADATA:
            file = stem.with_suffix(f".{kind}")
            file.write_bytes(drawing.render(kind))
            written.append(file)
        written.append(output.sidecar(stem, run, drawing.caption))
    written += tables.write_all(run, directory)
    return [*written, *conformance_tables.write_all(run, directory)]
