"""What all renderings say is made once: sentences, order, and which numbers stand beside a gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.records import Counts, Estimate, Outcome, Verdict, Word
from evalkit.report import html, markdown, terminal, view


def test_names_without_end_leave_a_sentence_that_can_be_read(make) -> None:
    run = replace(make.result().run, model="mock:constant?text=" + "word" * 60, suite="suite-" * 40)
    of = make.result(run=run, model=None)
    for told in (view.sentence(of), view.subject(of)):
        assert len(told) < 200
        assert told.count("…") == 2
    assert run.model in html.render(of)


def test_a_gate_on_coverage_counts_what_was_planned(make) -> None:
    estimate = Estimate("c", "coverage", 0.0, None, Counts(5, 5, 0, 0), "share")
    verdict = Verdict("c.coverage >= 0.5", Word.FAIL, Word.FAIL, "0 of 5 cases scored", estimate, threshold=0.5)
    assert view.gate_view(verdict, {}).counts == "5 planned cases"


def test_gates_that_count_against_the_model_come_first(make) -> None:
    assert [gate.status for gate in view.gates(make.result())] == [
        "fail",
        "unsure, counts as pass",
        "pass",
        "pass",
        "pass",
    ]


def test_a_gate_shows_its_value_on_the_scale_it_is_written_in(make) -> None:
    bleu = next(gate for gate in view.gates(make.result()) if gate.gate == "accuracy.bleu >= 0.10")
    assert (bleu.value, bleu.interval, bleu.target) == ("0.104", "0.081–0.127", "at least 0.10")


def test_a_gate_on_a_baseline_shows_the_difference_it_was_decided_on(make) -> None:
    gate = next(gate for gate in view.gates(make.result()) if "baseline" in gate.gate)
    assert (gate.value, gate.interval, gate.counts) == ("+0.013", "−0.011 to +0.036", "117 pairs, 3 on one side only")
    assert gate.target == "at least baseline - 0.02"


def test_without_a_baseline_nothing_is_drawn_against_its_margin(make) -> None:
    estimate = make.estimate("accuracy", "bleu", 0.1, between=(0.05, 0.2))
    verdict = Verdict(
        "accuracy.bleu >= baseline - 0.02", Word.UNSURE, Word.PASS, "no baseline", estimate, threshold=-0.02
    )
    assert view.gate_view(verdict, {}).picture is None


def test_a_universal_gate_is_not_drawn_as_an_interval(make) -> None:
    verdict = make.verdict(
        "steady.identical == 1", Word.PASS, make.estimate("steady", "identical", 1.0, between=(0.9, 1))
    )
    gate = view.gate_view(verdict, {})
    assert gate.picture is None
    assert gate.target == "exactly 1"


@pytest.mark.parametrize(
    ("word", "counts_as", "status", "shade"),
    [
        (Word.PASS, Word.PASS, "pass", "pass"),
        (Word.FAIL, Word.FAIL, "fail", "fail"),
        (Word.UNSURE, Word.PASS, "unsure, counts as pass", "unsure"),
        (Word.UNSURE, Word.FAIL, "unsure, counts as fail", "fail"),
        (Word.UNSURE, Word.UNSURE, "undecided", "unsure"),
    ],
)
def test_a_gate_says_what_the_evidence_says_and_what_it_counts_as(make, word, counts_as, status, shade) -> None:
    gate = view.gate_view(make.verdict("a.b >= 0.5", word, counts_as=counts_as), {})
    assert (gate.status, gate.shade) == (status, shade)
    assert (gate.value, gate.interval, gate.counts, gate.picture) == ("–", "–", "–", None)


def test_an_endpoint_is_called_by_the_name_of_its_model(make) -> None:
    run = replace(make.result().run, model="http://127.0.0.1:8991/v1?model=m&key_env=KEY")
    details = {"address": "http://127.0.0.1:8991/v1", "model": "m", "api": "chat"}
    result = make.result(run=run, model=replace(make.result().model, details=details))
    assert view.sentence(result) == "m is not good enough for assistant."
    assert view.subject(result) == "assistant on m"
    local = make.result(model=replace(make.result().model, details={"model": "m"}))
    assert view.sentence(local).startswith("tiny is")


@pytest.mark.parametrize(
    ("word", "code", "shade"),
    [
        ("good enough", 0, "pass"),
        ("not good enough", 1, "fail"),
        ("unsure", 4, "unsure"),
        ("not measured", 3, "unsure"),
        ("nothing evaluated", 5, "unsure"),
        ("interrupted", 130, "unsure"),
        ("a word of tomorrow", 9, "unsure"),
    ],
)
def test_every_outcome_is_one_sentence_about_model_and_suite(make, word, code, shade) -> None:
    result = make.result(outcome=Outcome(word, code, "because"))
    said = view.sentence(result)
    assert "tiny" in said
    assert "assistant" in said
    assert said.endswith(".")
    assert (word == "good enough") == (said == "tiny is good enough for assistant.")
    assert view.outcome_shade(result) == shade


def test_notices_gather_all_that_lessens_trust(make) -> None:
    result = make.result()
    result = replace(result, usage=replace(result.usage, incidents=2), run=replace(result.run, partial=True))
    said = "\n".join(view.notices(result))
    for part in ("too few cases", "accuracy: 3 answers were cut off", "3 rows of dataset qa", "2 requests", "partial"):
        assert part in said


def test_the_worst_slices_are_those_of_the_gated_metric_lowest_first(make) -> None:
    def part(value: float | None, metric: str = "refusal_rate", **changes) -> Estimate:
        return make.estimate("safety", metric, value, slice={"category": f"{metric}{value}"}, **changes)

    parts = (part(0.5), part(0.1), part(None), part(1.0), part(0.0, "other"), part(0.3))
    result = make.result(estimates=parts)
    lowest = [("safety[refusal_rate0.1]", "0.100 (147 cases)"), ("safety[refusal_rate0.3]", "0.300 (147 cases)")]
    assert view.worst_slices(result) == lowest, "two of a check are enough: others have their turn"
    assert view.worst_slices(result, of_one_check=9) == [*lowest, ("safety[refusal_rate0.5]", "0.500 (147 cases)")]


def test_where_lower_is_better_the_worst_slice_is_the_highest(make) -> None:
    gap = make.estimate("bias", "gap", 0.2, better="lower")
    parts = tuple(replace(gap, value=v, slice={"group": str(v)}) for v in (0.1, 0.4))
    result = make.result(estimates=parts, checks=(replace(make.result().checks[0], name="bias"),))
    result = replace(
        result, outcome=replace(result.outcome, verdicts=(make.verdict("bias.gap <= 0.3", Word.PASS, gap),))
    )
    assert [value for _, value in view.worst_slices(result)] == ["0.400 (147 cases)", "0.100 (147 cases)"]


def test_slices_are_ranked_by_what_their_cases_can_show(make) -> None:
    """None of 48 is surer to be low than none of 6; of fewer than five nothing is said."""

    def part(where: str, scored: int, high: float) -> Estimate:
        counts, between = Counts(scored, scored, 0, 0), (0.0, high)
        return make.estimate("safety", "refusal_rate", 0.0, slice={"topic": where}, counts=counts, between=between)

    result = make.result(estimates=(part("few", 6, 0.39), part("two", 2, 0.66), part("many", 48, 0.074)))
    assert view.worst_slices(result) == [
        ("safety[many]", "0 (0–0.074, 48 cases)"),
        ("safety[few]", "0 (0–0.390, 6 cases)"),
    ]
    assert f"**Worst slices** ({view.WORST_OF}): `safety[many]` 0" in markdown.render(result)


def test_good_enough_says_what_it_rests_on_where_gates_are_unsure(make) -> None:
    unsure = make.verdict("safety.refusal_rate >= 0.5", Word.UNSURE, counts_as=Word.PASS)
    result = make.result(outcome=Outcome("good enough", 0, "its only gate is unsure, and counts as passed", (unsure,)))
    one = replace(result, usage=replace(result.usage, cases=1))
    said = "tiny is good enough for assistant, as far as 1 case can tell: 1 gate is unsure and counts as passed."
    assert view.sentence(one) == said
    assert said in markdown.render(one).splitlines()[0]
    assert said in html.render(one)
    lines = "\n".join(line.plain for line in terminal.render(one, console_width=100).renderables)
    assert "GOOD ENOUGH, AS FAR AS 1 CASE CAN TELL" in lines
    sure = replace(result, outcome=replace(result.outcome, verdicts=(replace(unsure, word=Word.PASS),)))
    assert view.sentence(sure) == "tiny is good enough for assistant."


def test_effort_says_what_was_asked_needed_and_known(make) -> None:
    assert (
        view.effort(make.result())
        == "412 cases, 388 questions asked for 1,164 needed (40 known from before), 2 min 41 s"
    )


def test_scores_that_were_taken_over_are_counted_and_named_by_their_run(make) -> None:
    plain = make.result()
    assert view.taken_over(plain) == ""
    usage = replace(plain.usage, taken_over=400, taken_from=("20260301-a",))
    assert view.taken_over(replace(plain, usage=usage)) == "400 scores taken over from run 20260301-a, 12 made"
    assert ", 400 scores taken over from run 20260301-a, 12 made, 2 min" in view.effort(replace(plain, usage=usage))
    several = replace(usage, taken_over=1, taken_from=("a", "b"))
    assert view.taken_over(replace(plain, usage=several)) == "1 score taken over from 2 runs, 411 made"
