"""benchmarks/metric_speed.py: its texts are long, and it ends with 1 where numbers differ."""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path

import pytest

from benchmarks import metric_speed


def test_made_texts_are_long_alike_and_in_lines() -> None:
    for said, wanted in itertools.islice(metric_speed.made(random.Random(1)), 20):
        assert 300 <= len(wanted.split()) <= 600
        assert "\n" in said
        assert 0.3 < len(set(said.split()) & set(wanted.split())) / len(set(wanted.split())) < 1


@pytest.mark.parametrize("error", [0.0, 1e-12, 1e-6])
def test_it_ends_with_1_where_a_number_differs(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: float,
) -> None:
    def nothing() -> float:
        return sum(range(5000)) * 0.0  # in some time

    made = metric_speed.Comparison("theirs", lambda pairs: [nothing()], lambda pairs: [nothing() + error])
    monkeypatch.setattr(metric_speed, "comparisons", lambda: {"length": made})
    monkeypatch.setattr(sys, "argv", ["metric_speed.py", "--pairs", "2"])
    monkeypatch.setenv("EVALKIT_TEST_DATA", str(tmp_path))
    assert metric_speed.main() == (1 if error > 1e-9 else 0)
    row = capsys.readouterr().out.splitlines()[-1]
    assert ("equal" in row, "within 1e-12" in row, "DIFFER" in row) == (error == 0, error == 1e-12, error == 1e-6)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nowhere"], "there is no folder onestopenglish in nowhere"),
        (["--pairs", "0"], "a number of at least 1 is needed, not '0'"),
        (["--repetitions", "x"], "a number of at least 1 is needed, not 'x'"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    words: list[str], reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["metric_speed.py", *words])
    with pytest.raises(SystemExit) as stopped:
        metric_speed.main()
    assert stopped.value.code == 2
    assert reason in capsys.readouterr().err
