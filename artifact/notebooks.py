# SPDX-License-Identifier: GPL-2.0-only
"""Run the notebooks by papermill, with the interpreter that runs us.

Parameters are the names assigned in the cell tagged `parameters`; papermill only warns of an
unknown one, so names are compared here. The Jupyter kernel is described in a private
directory: neither the user's kernels nor the home directory are touched.
"""

import ast
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat

from artifact import paths, ui
from artifact.errors import ArtifactError, Unavailable

Value = str | int | float | bool
KERNEL_NAME = "ukontainer"
TAG = "parameters"
# JupyterLab asks nobody outside for news, updates or extensions.
QUIET = (
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
)
QUESTIONS = "[0-9]*_*.ipynb"
LABS = "lab_*.ipynb"


def questions() -> list[Path]:
    """The notebooks that answer a question of the paper, in their order."""
    return sorted(paths.NOTEBOOKS.glob(QUESTIONS))


def labs() -> list[Path]:
    """The notebooks for exploring; they need the library kernel."""
    return sorted(paths.NOTEBOOKS.glob(LABS))


def parameters(notebook: Path) -> set[str]:
    """Names a notebook can be given."""
    content = nbformat.reads(notebook.read_text(), as_version=4)  # type: ignore[no-untyped-call] # no annotations
    tagged = [cell for cell in content.cells if TAG in cell.metadata.get("tags", ())]
    statements = [node for cell in tagged for node in ast.parse(cell.source).body]
    targets = [t for node in statements if isinstance(node, ast.Assign) for t in node.targets]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _refuse_unknown(notebooks: Sequence[Path], params: Mapping[str, Value]) -> None:
    known = set().union(*(parameters(notebook) for notebook in notebooks))
    unknown = sorted(params.keys() - known)
    if unknown:
        names = ", ".join(notebook.name for notebook in notebooks)
        raise ArtifactError(
            f"unknown notebook parameter {', '.join(unknown)} for {names}",
            f"choose {', '.join(sorted(known)) or 'none: there are no parameters'}",
        )


@contextmanager
def _private_jupyter() -> Iterator[None]:
    """A kernel of this interpreter, known only inside this block."""
    with tempfile.TemporaryDirectory(prefix="uk-jupyter-") as directory:
        home = Path(directory)
        spec = home / "share" / "kernels" / KERNEL_NAME
        spec.mkdir(parents=True)
        search = os.pathsep.join(filter(None, [str(paths.REPO), os.environ.get("PYTHONPATH")]))
        kernel = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "µKontainer artifact",
            "language": "python",
            "env": {"PYTHONPATH": search},
        }
        (spec / "kernel.json").write_text(json.dumps(kernel))
        private = {
            "JUPYTER_PATH": str(home / "share"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "IPYTHONDIR": str(home / "ipython"),
            # The debugger in the kernel warns about frozen modules on every start otherwise.
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        before = {name: os.environ.get(name) for name in private}
        os.environ.update(private)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _execute(notebook: Path, target: Path, params: Mapping[str, Value]) -> None:
    import papermill  # type: ignore[import-untyped] # no stubs; here because it takes a second
    from papermill.exceptions import (  # type: ignore[import-untyped] # no stubs
        PapermillExecutionError,
    )
    from traitlets.config import Config

    mine = {name: value for name, value in params.items() if name in parameters(notebook)}
    try:
        papermill.execute_notebook(
            str(notebook),
            str(target),
            parameters=mine,
            kernel_name=KERNEL_NAME,
            cwd=str(paths.REPO),
            progress_bar=False,
            config=Config({"KernelManager": {"transport": "ipc"}}),  # no TCP ports at all
        )
    except PapermillExecutionError as error:
        raise ArtifactError(
            f"{notebook.name}: cell In [{error.exec_count}] failed: {error.ename}: {error.evalue}",
            f"the partial notebook is {paths.shown(target)}",
        ) from None


def run_all(
    run_dir: Path, params: Mapping[str, Value] | None = None, only: Sequence[Path] = ()
) -> list[Path]:
    """Execute the notebooks into `run_dir`/notebooks; returns the executed ones.

    Each notebook gets the parameters it has; one that no notebook has is an error. The labs
    are run when the library kernel is built. A failing cell ends everything with an error
    that names notebook and cell, and leaves the partial notebook.
    """
    chosen = list(only) or questions() + _runnable_labs()
    _refuse_unknown(chosen, params or {})
    given = {"run_dir": str(run_dir), **(params or {})}
    directory = run_dir / "notebooks"
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    with _private_jupyter(), ui.progress("notebooks", len(chosen)) as bar:
        for notebook in chosen:
            target = directory / notebook.name
            _execute(notebook, target, given)
            written.append(target)
            bar.advance(what=notebook.name)
    return written


def _runnable_labs() -> list[Path]:
    try:
        paths.lkl_prefix()
    except Unavailable as reason:
        ui.say(f"skipped {', '.join(lab.name for lab in labs())}: {reason}")
        return []
    return labs()


def find(name: str) -> Path:
    """A notebook by file name, with or without ending."""
    every = questions() + labs()
    for notebook in every:
        if name in (notebook.name, notebook.stem):
            return notebook
    raise ArtifactError(
        f"unknown notebook {name!r}", f"choose {', '.join(notebook.stem for notebook in every)}"
    )


def parse_parameters(words: Sequence[str]) -> dict[str, Value]:
    """`name=value` words; values are Python literals, anything else is text."""
    parsed: dict[str, Value] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise ArtifactError(f"not a parameter: {word!r}", "write name=value")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        if not isinstance(value, (str, int, float, bool)):
            raise ArtifactError(f"parameter {name} is not a simple value: {text!r}")
        parsed[name] = value
    return parsed


def lab() -> None:
    """Serve JupyterLab on the notebooks (it prints the address); returns when it is closed."""
    from artifact.proc import spawn  # JupyterLab is the only thing here that runs beside us

    argv = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={paths.NOTEBOOKS}", *QUIET]
    if os.geteuid() == 0:  # as in a fresh machine; it listens on the loopback interface only
        argv += ["--allow-root", "--no-browser"]
    with spawn(argv, env={"PYTHONPATH": str(paths.REPO)}, stdout=1, stderr=2) as server:
        server.wait()
