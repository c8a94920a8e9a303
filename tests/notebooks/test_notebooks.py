# SPDX-License-Identifier: GPL-2.0-only
"""The committed notebooks, and how they are run."""

import os
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from artifact import notebooks, paths, report
from artifact.errors import ArtifactError, Unavailable
from artifact.records import Run

ALL = notebooks.questions() + notebooks.labs()


def cells(notebook: Path, kind: str) -> list[nbformat.NotebookNode]:
    content = nbformat.reads(notebook.read_text(), as_version=4)
    return [cell for cell in content.cells if cell.cell_type == kind]


def test_there_is_one_for_each_question() -> None:
    assert [notebook.stem for notebook in notebooks.questions()] == [
        "00_overview", "10_conformance", "15_compat_examples", "20_cold_start", "30_netperf",
        "40_programs", "50_memory", "60_image_size",
    ]  # fmt: skip


@pytest.mark.parametrize("notebook", ALL, ids=lambda notebook: notebook.stem)
def test_committed_without_outputs(notebook: Path) -> None:
    nbformat.validate(nbformat.reads(notebook.read_text(), as_version=4))
    for cell in cells(notebook, "code"):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("notebook", ALL, ids=lambda notebook: notebook.stem)
def test_parameters_come_first(notebook: Path) -> None:
    first, *others = cells(notebook, "code")
    assert "parameters" in first.metadata.get("tags", ())
    assert not [cell for cell in others if cell.metadata.get("tags")]


@pytest.mark.parametrize("notebook", notebooks.questions(), ids=lambda notebook: notebook.stem)
def test_no_parsing_and_no_statistics_inside(notebook: Path) -> None:
    source = "\n".join(cell.source for cell in cells(notebook, "code"))
    for word in ("json", "csv", "open(", "numpy", "pandas", "re.", "median", "for "):
        assert word not in source.replace("parameters", ""), word


def test_all_run_and_make_one_page_that_loads_nothing(
    synthetic_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    run = synthetic_run()
    before = dict(os.environ)
    executed = notebooks.run_all(run.dir, only=notebooks.questions())
    assert dict(os.environ) == before
    assert [file.stem for file in executed] == [file.stem for file in notebooks.questions()]
    assert not [f for f in home.rglob("*") if "jupyter" in f.name or "ipython" in f.name]
    page = report.write(run).read_text()
    for text in ("Is the library kernel the same Linux", "lwip-below-linux", "data:image/png"):
        assert text in page
    assert 'src="http' not in page
    assert "<script" not in page


def write(place: Path, *sources: str) -> Path:
    content = nbformat.v4.new_notebook()
    content.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    content.cells[0].metadata["tags"] = ["parameters"]
    content.metadata["kernelspec"] = {"name": "python3", "display_name": "p", "language": "python"}
    file = place / "50_test.ipynb"
    file.write_text(nbformat.writes(content))
    return file


def test_a_failing_cell_is_named_and_the_partial_notebook_kept(tmp_path: Path) -> None:
    notebook = write(tmp_path, "limit = 1\ntext = 'a=b'", "print(limit, text)", "1 / 0", "print(3)")
    with pytest.raises(ArtifactError) as caught:
        notebooks.run_all(tmp_path, {"limit": 5}, [notebook])
    kept = tmp_path / "notebooks" / "50_test.ipynb"
    assert str(caught.value) == (
        "50_test.ipynb: cell In [4] failed: ZeroDivisionError: division by zero;"
        f" the partial notebook is {kept}"
    )
    text = kept.read_text()
    assert "5 a=b" in text
    assert "ZeroDivisionError" in text


def test_parameters_are_the_names_of_the_tagged_cell(tmp_path: Path) -> None:
    notebook = write(tmp_path, "limit = 1\ntext = 'a=b'  # 1 = 2", "other = 3")
    assert notebooks.parameters(notebook) == {"limit", "text"}
    with pytest.raises(
        ArtifactError, match=r"parameter other for 50_test\.ipynb; choose limit, text"
    ):
        notebooks.run_all(tmp_path, {"other": 5}, [notebook])
    assert not (tmp_path / "notebooks").exists()


def test_parameter_words() -> None:
    words = ["a=1", "b=x=y", "c=True", "d=", "e=[1"]
    assert notebooks.parse_parameters(words) == {
        "a": 1, "b": "x=y", "c": True, "d": "", "e": "[1",
    }  # fmt: skip
    for wrong in ("a", "1=2", "a=[1]"):
        with pytest.raises(ArtifactError, match="parameter"):
            notebooks.parse_parameters([wrong])


def test_labs_are_left_out_without_the_library_kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("UK_LKL_PREFIX", raising=False)
    monkeypatch.setattr(paths, "KERNEL", tmp_path)
    assert notebooks._runnable_labs() == []
    assert "invoke build" in capsys.readouterr().out


def test_the_labs_run_where_there_is_a_library_kernel(tmp_path: Path) -> None:
    try:
        paths.lkl_prefix()
    except Unavailable as reason:
        pytest.skip(str(reason))
    kernel, programs = notebooks.run_all(tmp_path, only=notebooks.labs())
    assert "Linux version " in kernel.read_text()
    for said in ("hello, world", "ld-musl-x86_64.so.1", "45\\\\n", "[1, 10]", "OpenSSL"):
        assert said in programs.read_text(), said
