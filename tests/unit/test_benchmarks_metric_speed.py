"""benchmarks/metric_speed.py: its texts are long, and it ends with 1 where numbers differ."""

from __future__ import annotations

import importlib.util
import itertools
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "metric_speed.py"


@pytest.fixture(scope="module")
def benchmark_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("metric_speed", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_made_texts_are_long_alike_and_in_lines(benchmark_module: ModuleType) -> None:
    for said, wanted in itertools.islice(benchmark_module.made(random.Random(1)), 20):
        assert 300 <= len(wanted.split()) <= 600
        assert "\n" in said
        assert 0.3 < len(set(said.split()) & set(wanted.split())) / len(set(wanted.split())) < 1


@pytest.mark.parametrize("error", [0.0, 1e-12, 1e-6])
def test_it_ends_with_1_where_a_number_differs(
    benchmark_module: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: float,
) -> None:
    def nothing() -> float:
        return sum(range(5000)) * 0.0  # in some time

    made = benchmark_module.Comparison("theirs", lambda pairs: [nothing()], lambda pairs: [nothing() + error])
    monkeypatch.setattr(benchmark_module, "comparisons", lambda: {"length": made})
    monkeypatch.setattr(sys, "argv", ["metric_speed.py", str(tmp_path), "--pairs", "2"])
    assert benchmark_module.main() == (1 if error > 1e-9 else 0)
    row = capsys.readouterr().out.splitlines()[-1]
    assert ("equal" in row, "within 1e-12" in row, "DIFFER" in row) == (error == 0, error == 1e-12, error == 1e-6)
