"""What the page on Python says of notebooks, in a real kernel: cell by cell, and what each of them shows."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

SHOWN = ["result", "result.findings[0]", 'result.case("accuracy",', "for"]
PAGE = Path(__file__).parents[2] / "docs" / "python.md"
VEGA_LITE = "application/vnd.vegalite.v5+json"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A notebook of these cells, run from its first to its last in a folder of its own."""
    nbclient = pytest.importorskip("nbclient", reason="notebooks need the extra test: nbclient and ipykernel")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))

    def run_cells(*cells: str) -> list[list[Any]]:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
        client.execute()
        nbformat.validate(notebook)
        return [cell.outputs for cell in notebook.cells]

    return run_cells


def shown(outputs: list[Any]) -> dict[str, Any]:
    """What the last line of a cell shows, which is all that the cell puts out."""
    (output,) = outputs
    assert output.output_type in {"execute_result", "display_data"}
    return dict(output.data)


def cells_of_the_page() -> list[str]:
    """The block on notebooks: what it makes, and each line that shows something as a cell of its own."""
    section = PAGE.read_text(encoding="utf-8").partition("## Notebooks")[2].partition("\n## ")[0]
    code = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)[0]
    made, _, rest = code.partition("\nresult  ")
    return [made, *textwrap.dedent(f"result  {rest}").rstrip().split("\n", 3)]


def test_what_stands_last_in_a_cell_shows_itself(run: Any) -> None:
    cells = cells_of_the_page()
    assert [cell.split(" ")[0] for cell in cells[1:]] == SHOWN
    made, result, worst, any_case, charts = run(*cells)
    assert made == []
    verdict = shown(result)
    assert verdict["text/plain"].startswith("<run ")
    assert 'class="evalkit evalkit-result"' in verdict["text/html"]
    for outputs in (worst, any_case):
        assert 'class="evalkit evalkit-case"' in shown(outputs)["text/html"]
    assert "chart" in charts[0].text


def test_pictures_comparisons_tables_and_models_behind_an_address(run: Any, http_server: Any) -> None:
    """The last from a kernel, which has a loop of its own under way."""
    made, pictures, compared, tables, asked = run(
        'import evalkit\nfirst = evalkit.evaluate("smoke", model="mock:oracle")\n'
        'second = evalkit.evaluate("smoke", model="mock:echo")',
        "for chart in second.charts.values():\n    display(chart)",
        "evalkit.compare(first, second)",
        'display(second.to_frame("gates"))\ndisplay(second.to_frame("scores", engine="polars"))',
        f'evalkit.evaluate("smoke", model="{http_server.reference}", limit=2)',
    )
    assert made == []
    assert len(pictures) > 2
    for picture in pictures:
        assert picture.data[VEGA_LITE]["data"]["values"]
        assert {"text/plain", "image/png"} <= picture.data.keys()
        assert "text/html" not in picture.data
    assert 'class="evalkit evalkit-comparison"' in shown(compared)["text/html"]
    assert ["<table" in table.data["text/html"] for table in tables] == [True, True]
    assert 'class="evalkit evalkit-result"' in shown(asked)["text/html"]
