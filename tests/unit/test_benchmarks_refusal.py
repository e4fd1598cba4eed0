"""Where benchmarks/refusal/measure.py looks for the human labels."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def refusal_benchmark() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "refusal" / "measure.py"
    spec = importlib.util.spec_from_file_location("refusal_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_usual_folder_serves_only_if_it_holds_the_labels(
    refusal_benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_TEST_DATA", str(tmp_path))
    assert refusal_benchmark.data_folder(None) is None
    (tmp_path / "xstest").mkdir()
    assert refusal_benchmark.data_folder(None) == tmp_path


def test_a_named_folder_without_the_labels_is_an_error_that_names_it(
    refusal_benchmark: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="holds no folder xstest"):
        refusal_benchmark.data_folder(tmp_path)


def test_costs_are_measured_on_few_words_too(
    refusal_benchmark: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusal_benchmark, "hostile", dict)
    refusal_benchmark.show_costs({"short": ["word " * 49 + "word"], "none": []})
    shown = capsys.readouterr().out
    assert "short,    50 words" in shown
    assert "200 words" not in shown
