# SPDX-License-Identifier: GPL-2.0-only
"""One HTML page per run: steps, claims and every executed notebook, pictures included.

The page loads nothing from anywhere: it can be sent by mail.
"""

import html
from pathlib import Path

from markdown_it import MarkdownIt
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped] # it has no stubs

from artifact import tables
from artifact.records import Run, write_atomically

FRAME = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.45 sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em }}
table {{ border-collapse: collapse; font-size: 13px; margin: 1em 0 }}
td, th {{ border-bottom: 1px solid #ccc; padding: 2px 8px; text-align: left; vertical-align: top }}
img {{ max-width: 100% }}
pre {{ background: #f6f6f6; padding: .6em; overflow-x: auto; font-size: 13px }}
.prompt, .anchor-link {{ display: none }}
figure {{ margin: 1em 0 }}
{highlight}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def _notebook(file: Path) -> str:
    from nbconvert import HTMLExporter  # here because it takes seconds to import

    exporter = HTMLExporter(template_name="basic", embed_images=True)  # type: ignore[no-untyped-call] # no annotations
    body, _ = exporter.from_filename(str(file))
    return f'<section id="{html.escape(file.stem)}">{body}</section>'


def write(run: Run, steps: tables.Table | None = None) -> Path:
    """Write `report.html` into the run's directory; returns its path."""
    markdown = MarkdownIt().enable("table")
    shown = [table for table in (steps, tables.claim_table(run)) if table is not None]
    parts = [markdown.render(f"## {table.name}\n\n{table.markdown()}") for table in shown]
    parts += [_notebook(file) for file in sorted((run.dir / "notebooks").glob("*.ipynb"))]
    page = FRAME.format(
        title=f"µKontainer, reproduced: run {html.escape(run.id)}",
        highlight=HtmlFormatter().get_style_defs(".highlight"),
        body="\n".join(parts),
    )
    target = run.dir / "report.html"
    write_atomically(target, page)
    return target
