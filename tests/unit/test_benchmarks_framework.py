"""benchmarks/framework_overhead.py: lines take turns, and every round of them is kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import framework_overhead as framework
from benchmarks.framework_overhead import EXACT_MATCH, FIVE_CHECKS, Line, Round, arguments, measure_in_turn, shown
from benchmarks.peers.processes import Failed, Usage


def line(work: str, samples: int, costs: Callable[[int], float], at_most: int = sys.maxsize) -> Line:
    return Line(work, samples, 25, lambda number: Round(number, costs(number), 1.0, 100.0, 0.0), at_most)


def test_lines_take_turns_and_what_is_measured_once_is_in_the_last_round() -> None:
    turns: list[tuple[int, int]] = []

    def costing(samples: int) -> Callable[[int], float]:
        return lambda number: turns.append((number, samples)) or 1.0  # type: ignore[func-returns-value]

    measure_in_turn([line("a", 1, costing(1)), line("a", 2, costing(2)), line("a", 3, costing(3), 1)], 2)
    assert turns == [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3)]


def test_growth_is_between_rounds_that_both_sizes_have() -> None:
    """The first round was slow for both; the larger is 3 times the smaller in each, 1,000 samples in 2 s and 4 s."""
    lines = [line(EXACT_MATCH, 1_000, lambda number: 3.0 - number), line(EXACT_MATCH, 2_000, lambda n: 9.0 - 3 * n)]
    measure_in_turn(lines, 2)
    assert "  3.00x   1.00x            375" in list(shown(lines))[-1]


def test_there_is_no_growth_between_other_works() -> None:
    lines = [line(EXACT_MATCH, 1_000, float), line(FIVE_CHECKS, 2_000, float)]
    measure_in_turn(lines, 1)
    assert "x" not in list(shown(lines))[-1].removeprefix(FIVE_CHECKS)


def test_a_million_is_measured_once_beside_what_else_is_asked_for(tmp_path: Path) -> None:
    chosen = arguments(["--million", "--exact", "10", "--five", "", "--long", "", "--rounds", "2"])
    framework.MILLION, before = 30, framework.MILLION
    try:
        lines = list(framework.all_lines(tmp_path, {}, chosen))
    finally:
        framework.MILLION = before
    assert [(one.work, one.samples, one.at_most) for one in lines if one.samples] == [
        (EXACT_MATCH, 10, sys.maxsize),
        (EXACT_MATCH, 30, 1),
    ]


def test_five_checks_are_measured_beside_functions_and_judging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([3.0, 2.0, 2.5])
    monkeypatch.setattr(framework, "run_measured", lambda *_: Usage(next(seconds), 1.0, 50.0))
    found = framework.run_line(tmp_path, {}, FIVE_CHECKS, 4, 200).measure(1)
    assert (found.cpu_seconds, found.alone, found.judged) == (3.0, 2.0, 2.5)
    rows = [json.loads(text) for text in (tmp_path / "five-checks-4-200.jsonl").read_text().splitlines()]
    assert [len(row["references"][0].split()) for row in rows] == [200] * 4


def fake_usage(command: tuple[str, ...], *_: object) -> Usage:
    return Usage(1.5, 2.0, 80.0)


def test_what_is_written_has_every_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framework, "run_measured", fake_usage)
    words = ["--exact", "10", "--five", "", "--long", "", "--rounds", "2", "--results", str(tmp_path)]
    assert framework.main(words) == 0
    kept = json.loads((tmp_path / "framework.json").read_text())
    assert kept["command"] == "python -m benchmarks framework --exact 10 --five '' --long '' --rounds 2"
    assert kept["interrupted"] is False
    assert [(one["work"], one["samples"]) for one in kept["lines"]] == [
        ("import evalkit", None),
        ("evalkit --help", None),
        (EXACT_MATCH, 10),
    ]
    assert [one["cpu_seconds"] for one in kept["lines"][2]["rounds"]] == [1.5, 1.5]
    assert str(tmp_path) not in json.dumps(kept)


def test_an_interruption_keeps_what_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter(range(5))  # two runs that compile, and one of each line of the first round

    def until(*_: object) -> Usage:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return Usage(1.0, 1.0, 80.0)

    monkeypatch.setattr(framework, "run_measured", until)
    words = ["--exact", "10", "--five", "", "--long", "", "--rounds", "2", "--results", str(tmp_path)]
    monkeypatch.setattr(framework, "CHECKS", dict(list(framework.CHECKS.items())[:2]))
    assert framework.main(words) == 130
    kept = json.loads((tmp_path / "framework.json").read_text())
    assert kept["interrupted"] is True
    assert [len(one["rounds"]) for one in kept["lines"]] == [1, 1, 1]


def test_a_run_that_fails_ends_the_benchmark_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Usage:
        raise Failed("ended with exit code 2: no such thing")

    monkeypatch.setattr(framework, "run_measured", fails)
    with pytest.raises(SystemExit, match="evalkit ended with exit code 2: no such thing"):
        framework.main(["--rounds", "1"])


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--exact", "-5"], ["--exact", "many"]])
def test_impossible_numbers_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(words)
    assert words[0] in capsys.readouterr().err
