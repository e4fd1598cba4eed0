"""Attempts and replicates in whole runs, on a mock that draws by seed: what is asked, kept, shared and found."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.errors import Interrupted
from evalkit.models import open_backend
from evalkit.results import Result
from evalkit.runner.cost import cost_of
from evalkit.runner.execute import run_suite
from evalkit.runner.plan import make_plan
from evalkit.runner.repeats import splits
from evalkit.runner.running import RunOptions
from evalkit.runner.tables import load_tables
from evalkit.runner.under_way import Progress
from evalkit.store import Store, open_store
from evalkit.suite.load import Suite, load_suite

ROWS = 150
DRAWS = "mock:degraded?of=echo&empty=0.3"
"""Says what it is asked, but for three answers in ten, drawn by seed, attempt and prompt."""
SEVERAL = """
generation: {temperature: 0.8}
checks: {accuracy: {metrics: [exact_match, token_f1, bleu], attempts: 4}}
gates:
  - accuracy.exact_match_pass@4 >= 0.8
  - accuracy.exact_match_pass^4 >= 0.8
"""


Make = Callable[..., Suite]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def suite(text: str, name: str = "s") -> Suite:
        rows = ({"id": f"r{i}", "prompt": f"say {i} now", "references": [f"say {i} now"]} for i in range(ROWS))
        (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"name: {name}\ndatasets: {{d: {{path: rows.jsonl}}}}\n{text}", encoding="utf-8")
        return load_suite(path)

    return suite


def run(suite: Suite, store: Store, model: str = DRAWS, **options: object) -> Result:
    return run_suite(suite, model, store, RunOptions(**options))  # type: ignore[arg-type]


def values(result: Result, check: str = "accuracy") -> dict[str, float]:
    return {e.metric: e.value for e in result.estimates if e.check == check and e.value is not None and not e.slice}


def answers(store: Store, result: Result, check: str = "accuracy") -> dict[str, list[str]]:
    """By case, in the order of attempts."""
    scores = list(store.iter_scores(result.run.id, check))
    texts = store.get_answers([key for score in scores for key in score.keys], {}, run_id="")
    return {score.case: [texts[key].text for key in score.keys] for score in scores}


def test_a_run_in_attempts_is_what_a_count_of_its_answers_says(make: Make, store: Store) -> None:
    result = run(make(SEVERAL), store)
    assert (result.usage.cases, result.usage.needed, result.usage.asked) == (ROWS, 4 * ROWS, 4 * ROWS)
    right = [sum(text != "" for text in texts) for texts in answers(store, result).values()]
    assert len(right) == ROWS
    found = values(result)
    assert found["exact_match"] == pytest.approx(sum(right) / (4 * ROWS))
    assert found["exact_match_pass@4"] == pytest.approx(sum(n > 0 for n in right) / ROWS)
    assert found["exact_match_pass^4"] == pytest.approx(sum(n == 4 for n in right) / ROWS)
    assert found["exact_match_majority"] == pytest.approx(sum(n > 2 for n in right) / ROWS)
    assert found["exact_match_attempt_variance"] == pytest.approx(sum(n * (4 - n) / 12 for n in right) / ROWS)
    assert found["token_f1"] == pytest.approx(found["exact_match"])
    # the mock draws each attempt by itself: 0.7 of them, 1 - 0.3^4 and 0.7^4 of prompts, within four standard errors
    for name, share in (("exact_match", 0.7), ("exact_match_pass@4", 1 - 0.3**4), ("exact_match_pass^4", 0.7**4)):
        assert found[name] == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / ROWS))
    words = {verdict.gate.split(" ")[0]: verdict.word for verdict in result.outcome.verdicts if not verdict.automatic}
    assert words == {"accuracy.exact_match_pass@4": "pass", "accuracy.exact_match_pass^4": "fail"}
    (summary,) = result.checks
    assert summary.generation["attempts"] == 4


def test_the_spread_of_a_run_is_split_and_advised_on(make: Make, store: Store) -> None:
    suite = make(SEVERAL)
    result = run(suite, store)
    plan = make_plan(suite)
    known = {check.name: {metric.name: metric for metric in check.check.metrics} for check in plan.checks}
    exact, f1 = splits(plan, load_tables(store, result, known))
    assert (exact.check, exact.metric, exact.prompts, exact.attempts) == ("accuracy", "exact_match", ROWS, 4)
    assert f1.metric == "token_f1"
    assert exact.within == pytest.approx(values(result)["exact_match_attempt_variance"])
    # every prompt has the same chance: no prompt differs from another but by its attempts
    assert exact.within == pytest.approx(0.21, abs=0.04)
    assert exact.between == pytest.approx(0, abs=4 * (0.21 / 4) * math.sqrt(2 / ROWS))
    assert exact.advice.startswith("More attempts do nearly what more prompts do")
    assert splits(make_plan(make("checks: {accuracy: {metrics: [exact_match]}}\n")), {}) == ()


def test_prompts_that_differ_ask_for_more_prompts(make: Make, store: Store, tmp_path: Path) -> None:
    """Half of the prompts are always answered and half never: attempts have nothing to add."""
    script = tmp_path / "script.jsonl"
    lines = ({"prompt": f"say {i} now", "answer": f"say {i} now" if i % 2 else "no"} for i in range(ROWS))
    script.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    suite = make(SEVERAL)
    result = run(suite, store, f"mock:script?file={script}")
    exact, *_ = splits(make_plan(suite), load_tables(store, result))
    assert exact.within == 0
    assert exact.between == pytest.approx(0.25, rel=0.01)
    assert exact.advice.startswith("More prompts")
    assert values(result)["exact_match_pass@4"] == values(result)["exact_match_pass^4"] == 0.5


def test_attempts_are_counted_before_anything_is_asked(make: Make, store: Store) -> None:
    suite = make(SEVERAL)
    backend = open_backend(DRAWS)
    before = cost_of(make_plan(suite), backend, store)
    assert (before.checks[0].cases, before.checks[0].requests, before.wanted, before.asked) == (150, 600, 600, 600)
    run(suite, store)
    assert cost_of(make_plan(suite), backend, store).asked == 0


def test_an_interrupted_run_goes_on_and_finds_the_same(make: Make, store: Store, tmp_path: Path) -> None:
    suite = make(SEVERAL)

    def stop(progress: Progress) -> None:
        if progress.tally.asked >= 300:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(suite, store, on_progress=stop)
    result = run(suite, store)
    assert 0 < result.usage.asked < 4 * ROWS
    with open_store(str(tmp_path / "other.db")) as other:
        whole = run(suite, other)
    assert result.estimates == whole.estimates


def test_the_first_attempt_is_shared_with_whoever_asks_once(make: Make, store: Store) -> None:
    suite = make(
        "generation: {temperature: 0.8}\nchecks:\n  accuracy: {metrics: [exact_match], attempts: 4}\n"
        "  length: {attempts: 2}\n  keywords: {kind: length}\n"
    )
    result = run(suite, store)
    assert (result.usage.needed, result.usage.asked) == (7 * ROWS, 4 * ROWS)
    several, two, once = (answers(store, result, check) for check in ("accuracy", "length", "keywords"))
    assert all(several[case][:2] == two[case] and two[case][:1] == once[case] for case in several)


def test_another_number_of_attempts_asks_only_for_the_rest(make: Make, store: Store) -> None:
    run(make(SEVERAL), store)
    text = SEVERAL.replace("attempts: 4", "attempts: 6").replace("@4", "@6").replace("^4", "^6")
    more = run(make(text), store)
    assert (more.usage.reused, more.usage.asked) == (4 * ROWS, 2 * ROWS)


def test_replicates_are_independent_and_each_repeats_itself(make: Make, store: Store, tmp_path: Path) -> None:
    suite = make(SEVERAL)
    drawn = [answers(store, run(suite, store, replicate=replicate)) for replicate in (0, 1, 2)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        pairs = [
            (a != "", b != "") for case in drawn[one] for a, b in zip(drawn[one][case], drawn[other][case], strict=True)
        ]
        # two independent draws agree in 0.7^2 + 0.3^2 of all cases; four standard errors of 600 of them
        agreed = sum(a == b for a, b in pairs) / len(pairs)
        assert agreed == pytest.approx(0.58, abs=4 * math.sqrt(0.58 * 0.42 / len(pairs)))
    again = run(suite, store, replicate=1)
    assert again.usage.asked == 0
    with open_store(str(tmp_path / "other.db")) as other_store:  # nothing to look it up in
        anew = run(suite, other_store, replicate=1)
        assert anew.usage.asked == 4 * ROWS
        assert answers(other_store, anew) == drawn[1]


def test_a_replicate_of_a_greedy_suite_says_the_same(make: Make, store: Store) -> None:
    suite = make("checks: {accuracy: {metrics: [exact_match]}}\n")
    first, second = (run(suite, store, replicate=replicate) for replicate in (0, 1))
    assert second.usage.asked == ROWS
    assert answers(store, first) == answers(store, second)


def test_failed_attempts_count_at_the_worst_and_prompts_without_answers_are_errored(make: Make, store: Store) -> None:
    suite = make(SEVERAL.replace(", bleu", ""))
    result = run(suite, store, "mock:flaky?of=echo&rate=0.3")
    per_case: dict[str, list[int]] = {}
    for score in store.iter_scores(result.run.id, "accuracy"):
        rows = score.score.evidence["attempts"]
        per_case[score.case] = [int("error" not in row) for row in rows]
    assert {len(attempts) for attempts in per_case.values()} == {4}
    found = values(result)
    assert found["exact_match"] == pytest.approx(sum(map(sum, per_case.values())) / (4 * ROWS))
    assert found["exact_match_pass^4"] == pytest.approx(sum(map(all, per_case.values())) / ROWS)
    errored = sum(not any(attempts) for attempts in per_case.values())
    (summary,) = result.checks
    assert summary.counts.errored == errored


def test_findings_show_every_attempt_with_what_was_said_of_it(make: Make, store: Store) -> None:
    result = run(make(SEVERAL), store)
    worst = result.findings[0]
    assert len(worst.exchanges) == 4
    assert {exchange.sample for exchange in worst.exchanges} == {worst.case}
    rows = worst.evidence["attempts"]
    assert [row["attempt"] for row in rows] == [1, 2, 3, 4]
    assert [row["exact_match"] for row in rows] == [float(exchange.answer != "") for exchange in worst.exchanges]


def test_attempts_that_errored_beyond_tolerance_are_no_measurement(make: Make, store: Store) -> None:
    """Three requests in ten fail, but hardly ever all four of a case."""
    result = run(make(SEVERAL), store, "mock:flaky?of=echo&rate=0.3")
    assert result.checks[0].counts.errored < 0.05 * ROWS
    assert (result.outcome.word, result.outcome.exit_code) == ("not measured", 3)
    lost = 4 * ROWS - sum(len([text for text in texts if text]) for texts in answered(store, result).values())
    assert f"{lost / (4 * ROWS):.1%} of the attempts of accuracy errored" in result.outcome.reason


def answered(store: Store, result: Result) -> dict[str, list[str]]:
    scores = list(store.iter_scores(result.run.id, "accuracy"))
    found = store.get_answers([key for score in scores for key in score.keys], {}, run_id="")
    return {score.case: [found[key].text for key in score.keys if key in found] for score in scores}


def test_a_few_errored_attempts_are_tolerated(make: Make, store: Store) -> None:
    result = run(make(SEVERAL), store, "mock:flaky?of=echo&rate=0.02")
    assert result.outcome.word == "good enough"
