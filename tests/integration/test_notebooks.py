"""The notebooks run from top to bottom, and define nothing that belongs into a package."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.shared_data import need_shared_data

ROOT = Path(__file__).parents[2]


def _read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # has no types
    return notebook


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_defines_nothing_and_keeps_no_output(path: Path) -> None:
    for cell in _read(path).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
            defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, defined)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # the kernel's own plumbing
def test_the_brunel_day_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMISTA_BRUNEL", str(need_shared_data("brunel")))
    monkeypatch.setenv("SMISTA_BRUNEL_ORDERS", "200")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = _read(ROOT / "notebooks" / "brunel.ipynb")
    ran = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    told = "".join(str(output.get("data", {})) for cell in ran.cells for output in cell.get("outputs", []))
    assert "placed online" in told
    assert "price_of_products" in told
