"""Runs that stop early: what is asked no further, what the report says of it, and how a full run goes on from there."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from evalkit.checks.base import AnswerCheck, one
from evalkit.errors import Interrupted, StoreError
from evalkit.metrics.kinds import rate
from evalkit.records import Answer, Case, Score, Verdict, Word
from evalkit.results import CheckSummary, Result
from evalkit.runner.baseline import Baseline
from evalkit.runner.document import from_json, to_json
from evalkit.runner.execute import run_suite
from evalkit.runner.plan import Scope, make_plan
from evalkit.runner.running import RunOptions
from evalkit.runner.stopping import prepare
from evalkit.runner.under_way import Progress
from evalkit.store import Store, open_store
from evalkit.suite.load import Suite, load_suite

ROWS = 640
STOPPING = """
checks:
  accuracy: {metrics: [exact_match, rougeL]}
gates:
  - accuracy.exact_match >= 0.8
  - accuracy.rougeL > 0.3
"""
WITH_BLEU = """
checks:
  accuracy: {metrics: [exact_match, bleu]}
gates: [accuracy.exact_match >= 0.8, accuracy.bleu > 0.1]
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Suite]:
    def suite(text: str, rows: int = ROWS) -> Suite:
        lines = (
            json.dumps(
                {
                    "id": f"r{i}",
                    "prompt": f"say the word {i}",
                    "references": [f"the word is {i}"],
                    "category": "abc"[i % 3],
                }
            )
            for i in range(rows)
        )
        (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
        path = tmp_path / "s.yaml"
        path.write_text(f"name: s\ndatasets: {{d: {{path: rows.jsonl}}}}\n{text}", encoding="utf-8")
        return load_suite(path)

    return suite


def run(suite: Suite, store: Store, model: str = "mock:oracle", **options: Any) -> Result:
    return run_suite(suite, model, store, RunOptions(**options))


def summary(result: Result) -> CheckSummary:
    return result.checks[0]


def own(result: Result) -> list[Verdict]:
    return [verdict for verdict in result.outcome.verdicts if not verdict.automatic]


def test_a_check_stops_when_its_gates_are_decided(make: Any, store: Store) -> None:
    quick = run(make(STOPPING), store, stop_early=True)
    assert quick.outcome.exit_code == 0
    assert quick.usage.asked < ROWS / 4
    assert (summary(quick).available, summary(quick).counts.planned) == (ROWS, quick.usage.asked)
    assert "stopped after" in summary(quick).stopped
    for verdict in own(quick):
        assert verdict.word is Word.PASS
        assert (verdict.used, verdict.available) == (quick.usage.asked, ROWS)
        assert verdict.evidence
    assert "right wherever it stops" in own(quick)[0].estimate.interval.method  # type: ignore[union-attr]
    assert from_json(to_json(quick)) == quick


def test_a_bad_model_is_found_out_as_early(make: Any, store: Store) -> None:
    quick = run(make(STOPPING), store, "mock:degraded?gibberish=0.9", stop_early=True)
    assert quick.outcome.exit_code == 1
    assert quick.usage.asked < ROWS / 4


def test_the_suite_may_ask_for_it_and_the_command_may_refuse_it(make: Any, store: Store) -> None:
    suite = make(STOPPING + "stop_early: true\n")
    assert run(suite, store).usage.cases < ROWS
    assert run(suite, store, stop_early=False).usage.cases == ROWS


def test_a_corpus_metric_runs_to_the_end_and_says_so(make: Any, store: Store) -> None:
    whole = run(make(WITH_BLEU), store, stop_early=True)
    assert whole.usage.asked == ROWS
    assert "accuracy.bleu > 0.1" in summary(whole).stopped
    assert "decided at the end" in summary(whole).stopped


def test_a_check_without_gates_runs_to_the_end(make: Any, store: Store) -> None:
    whole = run(make("checks: {length: {}}\n".replace("length", "readability")), store, stop_early=True)
    assert whole.usage.asked == ROWS
    assert "no gate" in summary(whole).stopped


def test_whoever_watches_hears_of_each_gate_once_it_is_decided(make: Any, store: Store) -> None:
    seen: list[Progress] = []
    quick = run(make(WITH_BLEU), store, stop_early=True, on_progress=seen.append)
    told = [progress.decided for progress in seen]
    assert (told[0], seen[0].gates) == ((), 2)
    assert all(after[: len(before)] == before for before, after in pairwise(told))
    (one,) = told[-1]
    verdict = next(verdict for verdict in own(quick) if verdict.gate == one.gate)
    assert (one.gate, one.word) == ("accuracy.exact_match >= 0.8", verdict.word)
    assert 0 < one.cases < ROWS
    assert next(progress.done for progress in seen if progress.decided) == one.cases


def test_of_a_run_that_may_not_stop_no_gate_is_decided_before_its_end(make: Any, store: Store) -> None:
    seen: list[Progress] = []
    run(make(STOPPING), store, stop_early=False, on_progress=seen.append)
    assert {(progress.decided, progress.gates) for progress in seen} == {((), 2)}


def test_evidence_is_stored_with_its_block(make: Any, store: Store) -> None:
    quick = run(make(STOPPING), store, stop_early=True)
    rows = store.get_evidence(quick.run.id)
    assert {row.gate for row in rows} == {verdict.gate for verdict in quick.outcome.verdicts}
    last = json.loads([row for row in rows if row.gate == "accuracy.exact_match >= 0.8"][-1].document)
    assert last["word"] == "pass"
    assert last["cases"] == quick.usage.asked


def test_a_full_run_goes_on_from_a_quick_one(make: Any, store: Store) -> None:
    suite = make(STOPPING)
    quick = run(suite, store, "mock:flaky?rate=0.02", stop_early=True)  # a model whose answers serve one run only
    full = run(suite, store, "mock:flaky?rate=0.02", continues=quick.run.id)
    assert full.run.continues == quick.run.id
    assert full.usage.reused == quick.usage.asked - store.counts(quick.run.id).attempts
    assert full.usage.cases == ROWS
    assert not [warning for warning in full.warnings if "evidence" in warning]
    before, after = own(quick)[0].evidence, own(full)[0].evidence
    assert after[: len(before)] == before


def test_only_a_run_of_the_same_suite_data_and_model_is_continued(make: Any, store: Store) -> None:
    quick = run(make(STOPPING), store, stop_early=True)
    with pytest.raises(StoreError, match="its model is"):
        run(make(STOPPING), store, "mock:echo", continues=quick.run.id)
    with pytest.raises(StoreError, match="its suite is"):
        run(make(WITH_BLEU), store, continues=quick.run.id)
    with pytest.raises(StoreError, match="its data is"):
        run(make(STOPPING, rows=300), store, continues=quick.run.id)


def test_a_replicate_goes_on_from_no_other(make: Any, store: Store) -> None:
    quick = run(make(STOPPING), store, stop_early=True)
    with pytest.raises(StoreError, match="its replicate is another one"):
        run(make(STOPPING), store, continues=quick.run.id, replicate=2)


def test_a_run_under_a_limit_is_held_against_no_evidence_of_a_whole_one(make: Any, store: Store) -> None:
    suite = make(STOPPING)
    quick = run(suite, store, stop_early=True)
    limited = run(suite, store, continues=quick.run.id, scope=Scope(limit=40))
    assert limited.run.continues == quick.run.id
    assert not [warning for warning in limited.warnings if "evidence" in warning]


def test_the_same_asked_of_the_dataset_and_of_the_population_are_two_gates(make: Any, store: Store) -> None:
    """Four in five to the case: true of the dataset, and of a population nobody can tell."""
    gates = "gates: [accuracy.exact_match >= 0.8, {gate: accuracy.exact_match >= 0.8, about: dataset}]\n"
    suite = make("checks: {accuracy: {metrics: [exact_match]}}\n" + gates)
    rows = [json.loads(line) for line in (suite.path.parent / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows):
        row["references"] = ["something else"] if number % 5 == 0 else [row["prompt"]]
    (suite.path.parent / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    population, dataset = own(run(suite, store, "mock:echo", stop_early=True))
    assert population.gate != dataset.gate
    assert (population.about, population.word) == ("population", Word.UNSURE)
    assert (dataset.about, dataset.word) == ("dataset", Word.PASS)


def test_a_gate_without_its_baseline_keeps_no_check_running(make: Any, store: Store) -> None:
    gates = "gates: [accuracy.exact_match >= 0.8, accuracy.exact_match >= baseline - 0.02]\n"
    quick = run(make("checks: {accuracy: {metrics: [exact_match]}}\n" + gates), store, stop_early=True)
    decided, without = own(quick)
    assert (decided.word, without.word) == (Word.PASS, Word.UNSURE)
    assert quick.usage.cases < ROWS / 4


def test_an_interrupted_run_stops_where_it_would_have(make: Any, store: Store, tmp_path: Path) -> None:
    suite, model = make(STOPPING), "mock:degraded?gibberish=0.15"

    def interrupt(progress: Progress) -> None:
        if progress.stage == "asking" and progress.done >= 64:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(suite, store, model, stop_early=True, on_progress=interrupt)
    resumed = run(suite, store, model, stop_early=True)
    with open_store(str(tmp_path / "other.db")) as other:
        straight = run(suite, other, model, stop_early=True)
    assert resumed.outcome == straight.outcome


class Recovering(AnswerCheck):
    """Breaks on every fifth case until it is mended."""

    kind = "recovering"
    broken = True

    def measures(self) -> Iterable[Any]:
        yield rate("ok", signature="recovering")

    def judge(self, case: Case, answer: Answer) -> Score:
        if self.broken and int(case.id[1:]) % 5 == 0:
            raise RuntimeError("not yet")
        return Score({"ok": one(1.0)})


def test_what_an_interrupted_run_asked_beyond_the_end_is_no_part_of_it(
    make: Any, store: Store, install_checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors kept its gate open; without them it would have been decided in the first block."""
    install_checks({"recovering": Recovering})
    suite = make("checks: {recovering: {}}\ngates: [recovering.ok >= 0.75]\n")

    def interrupt(progress: Progress) -> None:
        if progress.stage == "asking" and progress.done >= 2 * 64:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(suite, store, stop_early=True, on_progress=interrupt)
    monkeypatch.setattr(Recovering, "broken", False)
    resumed = run(suite, store, stop_early=True)
    assert resumed.usage.cases == 64
    assert len(list(store.iter_scores(resumed.run.id))) == 64
    assert {row.block for row in store.get_evidence(resumed.run.id)} == {0}


def test_false_alarms_are_shared_by_all_that_can_fail_by_chance(make: Any, store: Store) -> None:
    """Two gates, one of them in three slices, BLEU at the end and the automatic coverage; what is universal has no
    chance in it."""
    suite = make("""
checks: {accuracy: {metrics: [exact_match, bleu]}}
gates:
  - accuracy.exact_match >= 0.8
  - min accuracy.exact_match by category >= 0.5
  - accuracy.exact_match == 1
  - accuracy.bleu > 0.1
""")
    result = run(suite, store, stop_early=True)
    told = {verdict.gate: verdict.needed for verdict in result.outcome.verdicts if verdict.needed}
    assert len(told) == 3
    for for_pass, for_fail in told.values():
        assert for_pass == pytest.approx(math.log(1 / 0.05))
        assert for_fail == pytest.approx(math.log(6 / 0.05))
    assert prepare(make_plan(suite), Baseline(), may_stop=True).level == pytest.approx(0.05 / 6)
    assert prepare(make_plan(suite), Baseline(), may_stop=False).level == 0.05


class Unlucky(AnswerCheck):
    """Wrong on the cases that come first, and right on all others."""

    kind = "unlucky"
    wrong: frozenset[str] = frozenset()

    def measures(self) -> Iterable[Any]:
        yield rate("ok", signature="unlucky")

    def judge(self, case: Case, answer: Answer) -> Score:
        return Score({"ok": one(case.id not in self.wrong)})


@pytest.mark.parametrize(("about", "settled"), [("dataset", Word.PASS), ("population", Word.FAIL)])
def test_of_a_dataset_all_cases_outweigh_what_was_decided_on_some(  # noqa: PLR0917 - four of them are fixtures
    about: str, settled: Word, make: Any, store: Store, install_checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One time in twenty the first cases mislead. A dataset's facts then count; of a population a decision is final."""
    install_checks({"unlucky": Unlucky})
    suite = make(f"about: {about}\nchecks: {{unlucky: {{}}}}\ngates: [unlucky.ok >= 0.8]\n")
    first = make_plan(suite).cases["unlucky"][:64]
    monkeypatch.setattr(Unlucky, "wrong", frozenset(case.id for case in first))
    quick = run(suite, store, stop_early=True)
    assert (own(quick)[0].word, quick.usage.cases) == (Word.FAIL, 64)
    full = run(suite, store, continues=quick.run.id)
    assert (own(full)[0].word, full.usage.cases) == (settled, ROWS)
    assert own(full)[0].estimate.value == 0.9  # type: ignore[union-attr]


def test_baseline_gates_stop_too(make: Any, store: Store) -> None:
    suite = make("checks: {accuracy: {metrics: [exact_match]}}\ngates: [accuracy.exact_match >= baseline - 0.1]\n")
    before = run(suite, store)
    after = run(suite, store, "mock:degraded?gibberish=0.7", baseline=before.run.id, stop_early=True)
    assert own(after)[0].word is Word.FAIL
    assert after.usage.cases < ROWS / 2
