"""Where benchmarks/refusal/measure.py looks for the human labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.refusal import measure


def test_the_usual_folder_serves_only_if_it_holds_the_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_TEST_DATA", str(tmp_path))
    assert measure.data_folder(None) is None
    (tmp_path / "xstest").mkdir()
    assert measure.data_folder(None) == tmp_path


def test_a_named_folder_without_the_labels_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds no folder xstest"):
        measure.data_folder(tmp_path)


def test_costs_are_measured_on_few_words_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "hostile", dict)
    measure.show_costs({"short": ["word " * 49 + "word"], "none": []})
    shown = capsys.readouterr().out
    assert "short,    50 words" in shown
    assert "200 words" not in shown
