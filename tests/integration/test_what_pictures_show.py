"""What a finished run keeps for pictures and readers: distributions, agreements, changes, drawn cases, its course."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.models.mock.memory import CARD
from evalkit.results import Result
from evalkit.runner import baseline_file
from evalkit.runner.changes import MOST
from evalkit.runner.document import from_json, to_json
from evalkit.runner.execute import run_suite
from evalkit.runner.findings import DRAWN, MOST_TEXT, SMALL, characters
from evalkit.runner.kept import kept_run
from evalkit.runner.running import RunOptions
from evalkit.store import Store
from evalkit.suite.load import Suite, load_suite

WORSE = "mock:degraded?drop=0.3"
CHECKS = "checks: {accuracy: {metrics: [exact_match, rougeL]}, length: {}}\n"
GATES = "gates: [accuracy.exact_match >= baseline - 0.05, length.words <= 40]\n"
Make = Callable[..., Suite]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def suite(text: str = CHECKS + GATES, rows: int = SMALL + 60, longer: str = "", name: str = "s") -> Suite:
        lines = (
            json.dumps({"id": f"r{i} ü", "prompt": f"say {i}", "references": [f"say the number {i} aloud{longer}"]})
            for i in range(rows)
        )
        (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"name: {name}\ndatasets: {{d: {{path: rows.jsonl}}}}\n{text}", encoding="utf-8")
        return load_suite(path)

    return suite


def run(suite: Suite, store: Store, model: str = "mock:oracle", **options: Any) -> Result:
    return run_suite(suite, model, store, RunOptions(**options))


def hits(store: Store, result: Result) -> Mapping[str, float]:
    """By case, whether it was right."""
    scores = store.iter_scores(result.run.id, "accuracy")
    return {score.case: score.score.results["exact_match"][0] for score in scores}  # type: ignore[index]


# --- drawn cases ------------------------------------------------------------------------------------------------------


def test_of_few_cases_every_one_is_listed_once(make: Make, store: Store) -> None:
    result = run(make(rows=30), store, WORSE)
    for check in ("accuracy", "length"):
        listed = [one.case for one in (*result.findings, *result.sampled) if one.check == check]
        assert sorted(listed) == sorted(f"r{i} ü" for i in range(30))
    one = next(one for one in result.sampled if one.check == "accuracy")
    assert one.exchanges[0].messages[-1].content == f"say {one.case.split()[0][1:]}"
    assert one.value == hits(store, result)[one.case]


def test_of_many_some_are_drawn_the_same_ones_for_every_model(make: Make, store: Store) -> None:
    suite = make()
    first, again = run(suite, store, WORSE), run(suite, store, "mock:oracle")
    for result in (first, again):
        worst = {one.case for one in result.findings if one.check == "accuracy"}
        drawn = [one.case for one in result.sampled if one.check == "accuracy"]
        assert len(set(drawn)) == len(drawn)
        assert DRAWN - len(worst) <= len(drawn) <= DRAWN
        assert not worst.intersection(drawn)
    listed = [(*result.findings, *result.sampled) for result in (first, again)]
    cases = [{one.case for one in both if one.check == "accuracy"} for both in listed]
    assert len(cases[0] & cases[1]) >= DRAWN - 12  # all but those that are among the worst of one of them
    others = run(suite, store, WORSE, seed=7)
    assert {one.case for one in others.sampled} != {one.case for one in first.sampled}


def test_texts_of_drawn_cases_have_a_limit(make: Make, store: Store) -> None:
    each = MOST_TEXT // 20
    result = run(make(rows=60, longer=" x" * (each // 2)), store)
    drawn = [one for one in result.sampled if one.check == "length"]
    assert 10 <= len(drawn) < 40
    assert max(characters(one.exchanges) for one in drawn) < each, "of one text the beginning"
    assert sum(characters(one.exchanges) for one in drawn) <= MOST_TEXT


def test_a_run_that_looks_for_leaks_shows_none_in_any_case(tmp_path: Path, store: Store) -> None:
    (tmp_path / "rows.jsonl").write_text(
        "\n".join(json.dumps({"id": f"r{i}", "prompt": f"say {i}", "references": [f"{i}"]}) for i in range(20)),
        encoding="utf-8",
    )
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: s\ndatasets: {d: {path: rows.jsonl}}\nchecks: {leakage: {}, accuracy: {metrics: [exact_match]}}\n"
        "gates: [accuracy.exact_match >= baseline]\n",
        encoding="utf-8",
    )
    suite = load_suite(path)
    before = run(suite, store, "mock:degraded?leaky=1")
    after = run(suite, store, "mock:oracle", baseline=before.run.id)
    assert len(before.sampled) > 20
    assert any(change.kind == "fixed" and change.before for change in after.changes)
    for result in (before, after):
        shown = "".join(to_json(result).split())
        assert CARD.replace(" ", "") not in shown


def test_what_the_baseline_leaked_is_masked_where_only_it_looked_for_leaks(make: Make, store: Store) -> None:
    checks = "accuracy: {metrics: [exact_match]}"
    gates = "gates: [accuracy.exact_match >= baseline]\n"
    before = run(make(f"checks: {{leakage: {{}}, {checks}}}\n{gates}", rows=20), store, "mock:degraded?leaky=1")
    after = run(make(f"checks: {{{checks}}}\n{gates}", rows=20), store, baseline=before.run.id)
    assert any(change.before for change in after.changes)
    assert CARD.replace(" ", "") not in "".join(to_json(after).split())


# --- changes ----------------------------------------------------------------------------------------------------------


def test_changes_are_those_of_the_scores_with_what_both_said(make: Make, store: Store) -> None:
    suite = make()
    before = run(suite, store)
    after = run(suite, store, WORSE, baseline=before.run.id)
    was, now = hits(store, before), hits(store, after)
    fell = {case for case in now if now[case] < was[case]}
    count = next(one for one in after.change_counts if one.metric == "exact_match")
    assert (count.fixed, count.regressed, count.same) == (0, len(fell), len(now) - len(fell))
    mine = [change for change in after.changes if change.check == "accuracy"]
    assert len(mine) == min(MOST, len(fell))
    for change in mine:
        assert change.case in fell
        assert (change.kind, change.was, change.now) == ("regressed", 1.0, 0.0)
        assert change.before[0].answer == change.before[0].references[0] != change.after[0].answer
        assert change.before[0].sample == change.after[0].sample == change.case


def test_the_other_way_round_they_are_fixed_and_without_a_baseline_there_are_none(make: Make, store: Store) -> None:
    suite = make(rows=40)
    before = run(suite, store, WORSE)
    assert (before.changes, before.change_counts) == ((), ())
    after = run(suite, store, baseline="last")
    assert {change.kind for change in after.changes if change.check == "accuracy"} == {"fixed"}
    assert from_json(to_json(after)) == after
    assert from_json(store.get_result(after.run.id)).changes == after.changes


def test_of_a_baseline_in_a_file_only_the_numbers_are_known(make: Make, store: Store, tmp_path: Path) -> None:
    from evalkit.store import open_store

    suite = make(rows=40)
    with open_store(str(tmp_path / "other.db")) as other:
        before = run(suite, other)
        baseline_file.write(baseline_file.render(kept_run(other, before.run)), tmp_path / "main.json")
    after = run(suite, store, WORSE, baseline=str(tmp_path / "main.json"))
    assert after.changes
    assert {change.before for change in after.changes} == {()}
    assert all(change.after[0].answer for change in after.changes)


def test_a_check_over_other_data_has_no_cases_in_common(make: Make, store: Store) -> None:
    """Its ids may be the same: that says nothing. What a gate compares is refused, or allowed by name."""
    before = run(make(rows=40), store)
    suite = make("checks: {accuracy: {metrics: [exact_match]}}\n", rows=41)
    after = run(suite, store, WORSE, baseline=before.run.id)
    assert after.differences
    assert (after.changes, after.change_counts) == ((), ())


# --- distributions, agreements, course --------------------------------------------------------------------------------


def test_a_run_tells_how_its_values_lie(make: Make, store: Store) -> None:
    result = run(make(), store, WORSE)
    found = {(one.check, one.metric): one for one in result.distributions}
    words = found["length", "words"]
    assert words.cases == sum(words.counts) == SMALL + 60
    assert (words.low, words.high, words.unit) == (None, 40.0, "words")
    assert ("accuracy", "rougeL") in found
    assert ("accuracy", "exact_match") not in found
    assert from_json(to_json(result)).distributions == result.distributions


def test_attempts_that_drift_agree_as_often_as_the_check_counted(make: Make, store: Store) -> None:
    suite = make("checks: {steady: {kind: determinism, repeats: 3}, accuracy: {metrics: [rougeL]}}\n", rows=60)
    result = run(suite, store, "mock:drift?rate=0.4")
    (one,) = result.agreements
    share = next(e.value for e in result.estimates if e.name == "steady.identical")
    assert one.check == "steady"
    assert one.cases == 60
    assert share is not None
    assert 0 < share < 1
    others = [same for i, row in enumerate(one.same) for j, same in enumerate(row) if i != j]
    assert others == [pytest.approx(share)] * 6  # what drifts is another text each time
    assert run(suite, store, "mock:oracle").agreements[0].same == ((1.0,) * 3,) * 3


def test_the_course_of_a_run_begins_with_none_and_ends_with_all_of_its_cases(make: Make, store: Store) -> None:
    result = run(make(rows=100), store)
    assert (result.timeline[0].done, result.timeline[0].output_tokens) == (0, 0)
    assert result.timeline[-1].done == 200
    assert result.timeline[-1].output_tokens == result.usage.output_tokens > 0
    assert [moment.done for moment in result.timeline] == sorted(moment.done for moment in result.timeline)
    assert from_json(store.get_result(result.run.id)).timeline == result.timeline
