"""Measurements that are no good evidence, through whole runs: NaN and infinity, nothing but errors, one case, all
answers alike, nothing scored. Each ends in a clear verdict or error, and the same inputs in the same bytes."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalkit.checks.base import AnswerCheck
from evalkit.cli.main import run_and_exit
from evalkit.errors import PluginError
from evalkit.metrics.kinds import mean, quantile, rate, ratio
from evalkit.protocols import Metric
from evalkit.records import Answer, Case, Score, Unscored, Vector, Word
from evalkit.report import write_all
from evalkit.report.terminal import render
from evalkit.results import Result
from evalkit.runner.document import from_json, to_json
from evalkit.runner.execute import run_suite
from evalkit.runner.running import RunOptions
from evalkit.store import Store, open_store
from evalkit.suite.load import Suite, load_suite

NUMBERS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


class Told(AnswerCheck):
    """Scores what the row's label ``told`` says: a number, ``nan``, ``inf``, ``-inf``, ``nothing`` or ``crash``."""

    kind = "told"

    def measures(self) -> Iterable[Metric]:
        yield rate("share", signature="share")
        yield mean("grade", bounds=(0.0, 1.0), signature="grade")
        yield mean("size", signature="size")
        yield ratio("speed", signature="speed")
        yield quantile("wait", 0.95, signature="wait")

    def judge(self, case: Case, answer: Answer) -> Score:
        told = str(case.labels["told"])
        if told == "crash":
            raise RuntimeError("out of order")
        if told == "nothing":
            return Score({metric.name: Unscored("nothing to score") for metric in self.metrics})
        value = NUMBERS.get(told, float(told) if told not in NUMBERS else 0.0)
        pair = (value, 1.0)
        return Score({"share": pair, "grade": pair, "size": pair, "speed": pair, "wait": (value,)})


class Strange:
    """A metric whose statistics are sound, and whose value is whatever the row's label ``told`` says."""

    name, kind, better, unit, bounds, signature, worst = "odd", "ratio", "higher", "", None, "odd", None
    value_of: Callable[[Vector], Any]

    def __init__(self, value_of: Callable[[Vector], Any]) -> None:
        self.value_of = value_of

    def value(self, total: Vector) -> Any:
        return self.value_of(total)


def _raise(_: Vector) -> float:
    raise ZeroDivisionError("no value at all")


VALUES: dict[str, Callable[[Vector], Any]] = {
    "oddnan": lambda _: float("nan"),
    "oddinf": lambda _: float("inf"),
    "oddtext": lambda _: "high",
    "oddraise": _raise,
    "oddnanresampled": lambda total: total[0] if total[0] == total[1] / 2 else float("nan"),
}


def _strange(name: str) -> type[AnswerCheck]:
    class Odd(AnswerCheck):
        kind = name

        def measures(self) -> Iterable[Any]:
            yield Strange(VALUES[name])

        def judge(self, case: Case, answer: Answer) -> Score:
            return Score({"odd": (float(case.labels["told"]), 1.0)})

    return Odd


@pytest.fixture(autouse=True)
def toys(install_checks: Callable[[Mapping[str, type]], None]) -> None:
    install_checks({"told": Told, **{name: _strange(name) for name in VALUES}})


Make = Callable[..., Suite]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def suite(told: Iterable[object], text: str, ids: bool = True) -> Suite:
        rows = [
            {"prompt": f"say {n}", "answer": f"say {n}", "told": str(value), "topic": "ab"[n % 2]}
            for n, value in enumerate(told)
        ]
        rows = [{"id": f"r{n}", **row} for n, row in enumerate(rows)] if ids else rows
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        path = tmp_path / "s.yaml"
        path.write_text(f"name: s\ndatasets: {{d: {{path: rows.jsonl}}}}\nslices: [topic]\n{text}", encoding="utf-8")
        return load_suite(path)

    return suite


METRICS = ("share", "grade", "size", "speed", "wait")
GATES = (
    *(f"told.{metric} >= -5" for metric in METRICS),
    *(f"told.{metric} <= 5" for metric in METRICS),
    "told.share == 1",
    "told.grade by topic >= 0",
    "told.share[topic=a] >= 0",
    "told.share >= baseline - 1",
    "told.wait <= baseline + 100",
)


def told_suite(more: str = "", gates: Iterable[str] = GATES) -> str:
    return f"checks: {{told: {{}}}}\ngates: [{', '.join(json.dumps(gate) for gate in gates)}]\n{more}"


def run(suite: Suite, store: Store, tmp_path: Path, model: str = "mock:echo", **options: Any) -> Result:
    """The run, whose result can be rendered, written and read back whatever it holds."""
    result = run_suite(suite, model, store, RunOptions(**options))
    assert to_json(from_json(to_json(result))) == to_json(result)
    for constant in ("NaN", "Infinity"):
        assert constant not in to_json(result)
    assert write_all(result, tmp_path / "report")
    assert render(result)
    return result


def written(result: Result) -> list[Any]:
    return [verdict for verdict in result.outcome.verdicts if not verdict.automatic]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
class TestStatisticsThatAreNoNumbers:
    def test_everywhere_nothing_is_measured(self, number: str, make: Make, store: Store, tmp_path: Path) -> None:
        result = run(make([number] * 30, told_suite()), store, tmp_path)
        assert (result.outcome.word, result.outcome.exit_code) == ("not measured", 3)
        assert all(Word.PASS not in (v.word, v.counts_as) for v in written(result) if not v.contrast)
        (check,) = result.checks
        assert check.counts.errored == 30
        assert "not a finite number" in next(iter(check.counts.reasons))

    def test_beyond_tolerance_outweigh_every_verdict(
        self, number: str, make: Make, store: Store, tmp_path: Path
    ) -> None:
        result = run(make(["1"] * 90 + [number] * 10, told_suite()), store, tmp_path)
        assert result.outcome.exit_code == 3
        assert "10 of 100 cases of told errored" in result.outcome.reason

    def test_within_tolerance_they_count_at_the_worst(
        self, number: str, make: Make, store: Store, tmp_path: Path
    ) -> None:
        suite = make(["1"] * 98 + [number] * 2, told_suite(gates=["told.share >= 0.8", "told.grade >= 0.8"]))
        result = run(suite, store, tmp_path)
        assert result.outcome.exit_code == 0
        values = {estimate.name: estimate.value for estimate in result.estimates}
        assert (values["told.share"], values["told.grade"]) == (0.98, 0.98)


@pytest.mark.parametrize("kind", sorted(VALUES))
def test_a_value_that_is_no_number_ends_the_run_and_names_its_metric(kind: str, make: Make, store: Store) -> None:
    suite = make(["0", "1"] * 10, f"checks: {{{kind}: {{}}}}\ngates: [{kind}.odd >= 0.5]\n")
    with pytest.raises(PluginError, match=rf"{kind}\.odd cannot be computed") as caught:
        run_suite(suite, "mock:echo", store)
    assert caught.value.exit_code == 2
    assert "all answers are kept" in caught.value.hint
    assert store.get_run("last").state == "failed"


@dataclass(frozen=True)
class Way:
    """How a suite wants its gates decided."""

    about: str
    unsure: str
    stop_early: bool

    def text(self, gates: Iterable[str] = GATES[:-2], more: str = "") -> str:
        keys = f"about: {self.about}\nunsure: {self.unsure}\nstop_early: {json.dumps(self.stop_early)}\n"
        return told_suite(keys + more, gates)


ABOUT = ("dataset", "population")
WAYS = [
    *(Way(about, unsure, False) for about, unsure in itertools.product(ABOUT, ("estimate", "pass", "fail"))),
    *(Way(about, "pass", True) for about in ABOUT),
]


@pytest.mark.parametrize("way", WAYS, ids=str)
class TestNothingToGoBy:
    def test_nothing_but_errors(self, make: Make, store: Store, tmp_path: Path, way: Way) -> None:
        result = run(make(["crash"] * 20, way.text()), store, tmp_path)
        assert (result.outcome.word, result.outcome.exit_code) == ("not measured", 3)
        assert "20 of 20 cases of told errored" in result.outcome.reason
        assert all(Word.PASS not in (v.word, v.counts_as) for v in result.outcome.verdicts)

    def test_nothing_but_errors_where_all_are_tolerated(
        self, make: Make, store: Store, tmp_path: Path, way: Way
    ) -> None:
        result = run(make(["crash"] * 20, way.text(more="errors: {tolerance: 1}\n")), store, tmp_path)
        assert result.outcome.exit_code not in (0, 130)
        assert all(Word.PASS not in (v.word, v.counts_as) for v in result.outcome.verdicts)

    def test_nothing_scored(self, make: Make, store: Store, tmp_path: Path, way: Way) -> None:
        result = run(make(["nothing"] * 20, way.text()), store, tmp_path)
        assert (result.outcome.word, result.outcome.exit_code) == ("nothing evaluated", 5)
        assert result.outcome.reason == "none of 20 planned measurements was scored"
        assert all(Word.PASS not in (v.word, v.counts_as) for v in result.outcome.verdicts)
        assert all("none of 20 cases was scored" in v.reason for v in written(result) if not v.estimate.slice)

    def test_one_case(self, make: Make, store: Store, tmp_path: Path, way: Way) -> None:
        result = run(make(["1"], way.text(["told.share >= 0.8"])), store, tmp_path)
        (verdict,) = written(result)
        exact = way.about == "dataset"
        assert verdict.word is (Word.PASS if exact else Word.UNSURE)
        assert result.outcome.exit_code == (4 if way.unsure == "fail" and not exact else 0)
        assert verdict.estimate.value == 1

    @pytest.mark.parametrize("value", [1, 0])
    def test_all_answers_alike(self, make: Make, store: Store, tmp_path: Path, way: Way, value: int) -> None:
        """A bootstrap of sixty ones has no width; what decides has."""
        result = run(make([value] * 60, way.text(["told.share >= 0.8", "told.grade >= 0.8"])), store, tmp_path)
        assert result.outcome.exit_code == 1 - value
        for verdict in written(result):
            assert verdict.word is (Word.PASS if value else Word.FAIL)
            if way.about == "population" and not way.stop_early:
                assert verdict.decided_by.low < verdict.decided_by.high
        assert not any(test.flagged for test in result.diagnoses)


def test_a_baseline_of_nothing_is_nothing_to_compare_with(make: Make, store: Store, tmp_path: Path) -> None:
    gates = ["told.share >= baseline - 1", "told.wait <= baseline + 100"]
    text = told_suite("errors: {tolerance: 1}\n", gates=gates)
    nothing = run(make(["nothing"] * 20, text), store, tmp_path)
    assert nothing.outcome.exit_code == 5
    result = run(make(["1"] * 20, text), store, tmp_path, baseline=nothing.run.id, allow_different=True)
    assert result.outcome.exit_code != 0
    assert all(Word.PASS not in (v.word, v.counts_as) for v in written(result))
    assert all(v.contrast is None or v.contrast.value is None for v in written(result))


@pytest.mark.parametrize(
    ("told", "code", "said"),
    [
        (["nan"] * 5, 3, "not measured"),
        (["crash"] * 5, 3, "not measured"),
        (["nothing"] * 5, 5, "nothing evaluated"),
        (["1"], 0, "good enough"),
    ],
)
def test_the_command_line_says_it_in_a_word_and_shows_no_traceback(  # noqa: PLR0917 - four of them are fixtures
    told: list[str], code: int, said: str, make: Make, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    make(told, told_suite(gates=["told.share >= 0.5", "told.share >= baseline - 0.1"]))
    with pytest.raises(SystemExit) as stopped:
        run_and_exit(["run", "s.yaml", "--model", "mock:echo", "--store", f"sqlite:///{tmp_path}/cli.db"])
    shown = capsys.readouterr()
    assert stopped.value.code == code
    assert said in (shown.out + shown.err).lower()
    assert "Traceback" not in shown.out + shown.err


# --- the same inputs, the same bytes ----------------------------------------------------------------------------------

CLOCKS = {"seconds", "timeline", "memory_growth_mb", "created", "finished"}


def unclocked(result: Result) -> str:
    """``report.json`` without the run's id, its moments and its durations, which no two runs share."""

    def cleaned(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: cleaned(value) for key, value in node.items() if key not in CLOCKS}
        return [cleaned(value) for value in node] if isinstance(node, list) else node

    document = cleaned(json.loads(to_json(result)))
    assert document["run"].pop("id") == result.run.id
    text = json.dumps(document, indent=1)
    assert result.run.id not in text
    return text


EVERYTHING = """
checks:
  accuracy: {metrics: [exact_match, bleu, rougeL]}
  told: {}
  length: {}
gates:
  - accuracy.exact_match >= 0.5
  - accuracy.bleu >= 0.5
  - told.share >= 0.7
  - told.grade by topic >= 0.6
  - told.wait <= 0.9
"""


def mixed(n: int) -> list[object]:
    rng = random.Random(7)
    return [rng.choice(["1", "1", "1", "0.0", "nothing"]) for _ in range(n)]


@pytest.mark.parametrize("more", ["", "stop_early: true\n", "about: dataset\n"])
def test_the_same_inputs_give_the_same_bytes(more: str, make: Make, tmp_path: Path) -> None:
    reports = []
    for place in ("a", "b"):
        with open_store(str(tmp_path / f"{place}.db")) as store:
            suite = make(mixed(150), EVERYTHING + more)
            reports.append(unclocked(run_suite(suite, "mock:degraded?drop=0.3", store)))
    assert reports[0] == reports[1]


def test_rows_in_another_order_give_the_same_findings(make: Make, tmp_path: Path) -> None:
    """Without ids, too: only the file's lines are others."""
    reports = []
    suite = make(mixed(150), EVERYTHING, ids=False)
    rows = tmp_path / "rows.jsonl"
    for place in ("a", "b"):
        with open_store(str(tmp_path / f"{place}.db")) as store:
            reports.append(unclocked(run_suite(load_suite(suite.path), "mock:echo", store)))
        lines = rows.read_text(encoding="utf-8").splitlines(keepends=True)
        random.Random(1).shuffle(lines)
        rows.write_text("".join(lines), encoding="utf-8")
    assert reports[0] == reports[1]


def test_a_sample_of_more_rows_than_there_are_is_said_in_the_report(make: Make, store: Store, tmp_path: Path) -> None:
    suite = make(["1"] * 12, told_suite(gates=["told.share >= 0.1"]))
    text = suite.path.read_text(encoding="utf-8").replace("rows.jsonl}", "rows.jsonl, sample: {n: 100}}")
    suite.path.write_text(text, encoding="utf-8")
    result = run(load_suite(suite.path), store, tmp_path)
    assert "dataset 'd': sample wants 100 rows; there are 12, all are taken" in result.warnings
