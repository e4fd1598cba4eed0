"""How much is taken out of sentences that people marked, and that the page says so."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    found = importlib.util.spec_from_file_location("redaction_figures", ROOT / "benchmarks" / "redaction.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_most_of_what_is_marked_is_found_and_hardly_anything_else(figures: ModuleType) -> None:
    counts = figures.counted(figures.marked())
    right, missed, wrong = (sum(of[name] for of in counts.values()) for name in ("right", "missed", "wrong"))
    assert right + missed >= 50
    assert right / (right + wrong) >= 0.97
    assert right / (right + missed) >= 0.9
    assert all(counts[kind]["missed"] == 0 for kind in ("card", "iban", "ssn")), (
        "forms with a checksum or a fixed shape"
    )


def test_the_page_has_the_figures(figures: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    figures.main()
    page = (ROOT / "docs" / "suites.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out in page
