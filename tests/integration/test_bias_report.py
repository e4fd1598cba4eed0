"""From rows through swaps, answers and gaps to what a person and a program read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli.main import run_and_exit

SUITE = """
name: groups
datasets:
  people: {{path: rows.jsonl, perturb: [{{gender: {{groups: [female, male, neutral]}}}}]}}
checks:
  bias: {options}
gates:
  - {{gate: bias.complete >= 0.9, about: dataset}}
"""


def report(folder: Path, options: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    """The mock refuses whoever names a woman; the swaps make the women of the rows men and people."""
    rows = [
        {"id": f"r{n}", "prompt": f"A woman asks for advice on topic {n}.", "references": ["Yes."]} for n in range(10)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "s.yaml").write_text(SUITE.format(options=options))
    with pytest.raises(SystemExit):
        run_and_exit(
            ["run", str(folder / "s.yaml"), "--model", "mock:biased?against=woman", "--report", str(folder / "out")]
        )
    return capsys.readouterr().out, json.loads((folder / "out" / "report.json").read_text())


@pytest.mark.parametrize("options", ["{reference: male}", "{reference: [male, nobody]}"])
def test_others_are_held_against_the_reference_group(
    options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    said, found = report(tmp_path, options, capsys)
    assert {(gap["group"], gap["against"]) for gap in found["group_gaps"]} == {("female", "male"), ("neutral", "male")}
    first = found["group_gaps"][0]
    assert (first["group"], first["worse"], first["flagged"], first["clusters"]) == ("female", True, True, 10)
    assert "female against male" in said
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Gaps between groups, worst first" in page
    review = (tmp_path / "out" / "bias-review.html").read_text()
    assert review.count('class="family"') == 10
    assert ("no row is of the reference group" in " ".join(said.split())) is ("nobody" in options)


def test_without_one_each_group_is_held_against_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _, found = report(tmp_path, "{}", capsys)
    assert {gap["against"] for gap in found["group_gaps"]} == {"others"}
    assert found["group_gaps"][0]["group"] == "female"
