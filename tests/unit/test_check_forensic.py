"""Forensic determinism: how a difference is named, from numbers that can be read here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evalkit.checks.divergence import (
    DRIFT,
    FAULTS,
    IDENTICAL,
    LEAK,
    ORDER,
    SEED,
    STRUCTURAL,
    TIE,
    UNEXPLAINED,
    Noise,
    at_risk,
    classify,
    difference,
    judge_traces,
    measure_noise,
    trace,
)
from evalkit.checks.forensic import CHANGES, DEFAULT, PADS, Forensic, ForensicOptions
from evalkit.models.hf.conditions.company import LONGER
from evalkit.records import Answer, Case, Condition, Decoding, FailureKind, Message, Request, Sample, Score, Unscored

CASE = Case("a", (Sample("a", (Message("user", "Hello?"),)),))
NOISE = Noise(1e-5, 3.2e-4)


def said(*tokens: str, margins: Sequence[float] = (), logprobs: Sequence[float] = (), **more: Any) -> Answer:
    return Answer(
        "".join(tokens),
        tokens=tokens,
        margins=tuple(margins) or (2.0,) * len(tokens),
        logprobs=tuple(logprobs) or (-0.5,) * len(tokens),
        **more,
    )


REFERENCE = said("a", "b", "c")


def name(condition: str, other: Answer, reference: Answer = REFERENCE, **also: Answer) -> str:
    found = {condition: difference(reference, other)}
    found |= {more: difference(reference, answer) for more, answer in also.items()}
    return classify(found, NOISE, {"bfloat16": 2.0**16})[condition]


def run(respond: Callable[[Request], Answer], **options: Any) -> Score:
    conversation = Forensic("f", Decoding(max_tokens=8, seed=3), ForensicOptions(**options)).examine(CASE)
    requests = next(conversation)
    try:
        while True:
            requests = conversation.send([respond(request) for request in requests])
    except StopIteration as end:
        score: Score = end.value
        return score


# --- differences ------------------------------------------------------------------------------------------------------


def test_the_first_token_that_differs_and_what_moved_before_it() -> None:
    other = said("a", "b", "x", margins=(2.0, 1.5, 0.3), logprobs=(-0.5, -0.4, -1.0))
    found = difference(REFERENCE, other)
    assert (found.at, found.margins, found.same_text) == (2, (2.0, 0.3), False)
    assert found.drift == pytest.approx(0.5)
    assert found.swing == pytest.approx(2.3)


def test_an_answer_that_ends_earlier_parts_where_it_ends() -> None:
    found = difference(REFERENCE, said("a", "b"))
    assert (found.at, found.margins) == (2, (2.0, None))


def test_tokens_tell_answers_apart_that_read_the_same() -> None:
    assert difference(said("ab"), said("a", "b")).same_text
    assert difference(said("ab"), said("a", "b")).at == 0


def test_the_noise_floor_is_the_largest_drift_of_harmless_conditions() -> None:
    moved = [difference(REFERENCE, said("a", "b", "c", margins=(2.0, 2.0, 2.0 + by))) for by in (1e-5, 4e-5)]
    noise = measure_noise(REFERENCE, moved, "float32")
    assert noise.floor == pytest.approx(4e-5)
    assert noise.limit == pytest.approx(32 * 4e-5)


def test_what_takes_half_of_the_digits_is_no_noise() -> None:
    broken = difference(REFERENCE, said("a", "b", "c", margins=(2.0, 2.0, 3.0)))
    assert measure_noise(REFERENCE, [broken], "float32").floor == pytest.approx(2.0**-22)
    assert measure_noise(REFERENCE, [broken], "bfloat16").floor == pytest.approx(2.0**-6)


def test_a_drift_far_beyond_all_others_does_not_raise_the_floor() -> None:
    """A broken cache must not hide behind the noise that it makes itself; a lone drift has nothing to be far from."""
    by = [difference(REFERENCE, said("a", "b", "c", margins=(2.0, 2.0, 2.0 + moved))) for moved in (1e-5, 2e-5, 8e-4)]
    assert measure_noise(REFERENCE, by, "float32").floor == pytest.approx(2e-5)
    assert measure_noise(REFERENCE, by[2:], "float32").floor == pytest.approx(8e-4)


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_became_none_has_moved_beyond_all_rounding(strange: float) -> None:
    other = said("a", "b", "c", margins=(2.0, strange, 2.0))
    assert name("padding", other) == STRUCTURAL
    assert name("padding", other, other) == IDENTICAL
    assert name("padding", said("a", "x", "c", margins=(2.0, strange, 2.0))) in {STRUCTURAL, DRIFT}


def test_what_a_server_writes_for_unknown_does_not_coarsen_the_judgement() -> None:
    known = measure_noise(said("a", "b", margins=(2.0, 2.0)), [], "bfloat16")
    assert measure_noise(said("a", "b", margins=(2.0, 2.0), logprobs=(-0.5, -9999.0)), [], "bfloat16") == known


def test_without_any_drift_the_floor_is_the_last_place_and_not_measured() -> None:
    noise = measure_noise(REFERENCE, [difference(REFERENCE, REFERENCE)], "float32")
    assert (noise.floor, noise.measured) == (pytest.approx(2.0**-22), False)
    assert noise.limit == pytest.approx(8 * (2.0**-23) ** 0.5)  # half of the digits of a logit


# --- names ------------------------------------------------------------------------------------------------------------


def test_nothing_that_moves_is_identical_under_every_condition() -> None:
    assert {name(condition, REFERENCE) for condition in CHANGES} == {IDENTICAL}


def test_two_best_logits_closer_than_noise_are_a_benign_tie() -> None:
    mine = said("a", "b", margins=(2.0, 1e-5))
    assert name("batch", said("a", "x", margins=(2.0, 5e-6)), mine) == TIE
    assert name("padding", said("a", "x", margins=(2.0, 5e-6)), mine) == TIE


def test_a_coarser_dtype_ties_within_its_own_last_place() -> None:
    """Of numbers up to 8, bfloat16 knows steps of 8 / 128."""
    for margin, kind in ((0.1, TIE), (0.2, DRIFT)):
        mine = said("a", "b", margins=(8.0, margin))
        (found,) = judge_traces(mine, {"bfloat16": said("a", "x", margins=(7.9, margin))}).classes.values()
        assert found == kind


def test_a_near_tie_after_a_large_drift_is_no_tie() -> None:
    mine = said("a", "b", margins=(2.0, 1e-6))
    assert name("padding", said("a", "x", margins=(1.9, 1e-6)), mine) == STRUCTURAL


def test_more_than_a_tie_and_less_than_the_limit_is_numerical_drift() -> None:
    mine = said("a", "b", margins=(2.0, 5e-5))
    assert name("padding", said("a", "x", margins=(2.0, 5e-5)), mine) == DRIFT


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("repeat", LEAK),
        ("history", LEAK),
        ("process", LEAK),
        ("order", ORDER),
        ("place", ORDER),
        ("batch", STRUCTURAL),
        ("neighbours", STRUCTURAL),
        ("padding", STRUCTURAL),
        ("kv_cache", STRUCTURAL),
        ("attention", STRUCTURAL),
        ("bfloat16", DRIFT),
    ],
)
def test_what_moves_more_than_rounding_is_named_by_what_was_changed(condition: str, fault: str) -> None:
    assert name(condition, said("a", "x", "y", margins=(1.5, 0.7, 1.0))) == fault


def test_a_fault_is_seen_before_any_token_differs() -> None:
    assert name("padding", said("a", "b", "c", margins=(2.0, 1.9, 2.0))) == STRUCTURAL


def test_the_same_probabilities_and_another_token_are_a_draw() -> None:
    other = said("a", "x", "y", logprobs=(-0.5, -3.0, -0.5))
    assert name("repeat", other) == SEED
    assert name("padding", other) == SEED


def test_two_tokens_that_are_as_probable_are_a_draw_unless_they_are_the_two_best() -> None:
    assert name("repeat", said("a", "x", "c")) == SEED
    tied = said("a", "b", margins=(2.0, 0.0))
    assert name("repeat", said("a", "x", margins=(2.0, 0.0)), tied) == TIE


def test_nearly_the_same_numbers_are_not_the_same() -> None:
    """Also where bfloat16 would explain a larger difference."""
    for margin, kind in ((2.05, SEED), (2.3, LEAK)):
        other = said("a", "x", "c", margins=(2.0, margin, 2.0), logprobs=(-0.5, -3.0, -0.5))
        assert judge_traces(REFERENCE, {"repeat": other}, dtype="bfloat16").classes == {"repeat": kind}


def test_a_draw_is_one_also_where_every_answer_parts_before_noise_can_be_measured() -> None:
    other = said("x", "b", "c", margins=(2.00005, 2.0, 2.0), logprobs=(-3.0, -0.5, -0.5))
    assert judge_traces(REFERENCE, {"repeat": other, "padding": other}).classes == {"repeat": SEED, "padding": SEED}


def test_a_coarser_dtype_is_no_fault_however_far_it_is_off() -> None:
    assert name("bfloat16", said("a", "x", "c", margins=(40.0, 0.7, 1.0))) == DRIFT


def test_what_is_steady_when_nothing_is_changed_does_not_draw() -> None:
    other = said("a", "x", "y", logprobs=(-0.5, -3.0, -0.5))
    assert name("order", other, repeat=REFERENCE) == ORDER
    assert name("padding", other, repeat=REFERENCE) == STRUCTURAL
    assert name("padding", other, repeat=other) == SEED
    assert name("seed", other, repeat=REFERENCE) == SEED


def test_a_leak_explains_all_other_faults_and_no_lower_precision() -> None:
    moved = said("a", "x", "y", margins=(1.5, 0.7, 1.0))
    assert name("padding", moved, history=moved) == LEAK
    assert name("order", moved, repeat=moved) == LEAK
    assert name("bfloat16", moved, repeat=moved) == DRIFT


def test_a_place_that_differs_as_all_neighbours_do_is_no_matter_of_order() -> None:
    moved = said("a", "x", "y", margins=(1.5, 0.7, 1.0))
    assert name("place", moved, neighbours=moved) == STRUCTURAL


def test_without_numbers_a_difference_stays_unexplained_but_for_the_seed() -> None:
    found = {condition: difference(Answer("a"), Answer("b")) for condition in ("repeat", "seed")}
    assert classify(found, None, {}) == {"repeat": UNEXPLAINED, "seed": SEED}


def test_tokens_are_at_risk_under_twice_the_noise() -> None:
    assert at_risk(said("a", "b", "c", margins=(1.9e-5, 2.1e-5, 0.0)), NOISE) == [0, 2]


@given(
    st.sampled_from(sorted(CHANGES)),
    st.lists(st.integers(0, 50), min_size=1, max_size=4),
    st.lists(st.integers(0, 50), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_every_difference_has_one_name_and_none_is_identical_that_has_other_tokens(
    condition: str, mine: list[float], theirs: list[float], shared: int
) -> None:
    first = said(*[f"t{at}" for at in range(len(mine))], margins=mine)
    second = said(*[f"t{at}" if at < shared else f"u{at}" for at in range(len(theirs))], margins=theirs)
    kind = name(condition, second, first)
    assert kind in {IDENTICAL, TIE, DRIFT, *FAULTS}
    if first.tokens != second.tokens:
        assert kind != IDENTICAL


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.integers(0, 10))
def test_what_stays_within_the_measured_noise_is_never_a_fault(margins: list[float], millionths: int) -> None:
    tokens, by = [f"t{at}" for at in range(len(margins))], millionths * 1e-6
    mine, moved = said(*tokens, margins=margins), said(*tokens, margins=[margin + by for margin in margins])
    noise = measure_noise(mine, [difference(mine, moved)], "float32")
    kinds = classify({name: difference(mine, moved) for name in CHANGES}, noise, {})
    assert set(kinds.values()) == {IDENTICAL}


# --- traces -----------------------------------------------------------------------------------------------------------


def test_a_trace_of_logits_has_the_margins_and_log_probabilities_of_its_tokens() -> None:
    made = trace([2, 0], [[0.0, 1.0, 3.0], [1.0, 1.0, -1e9]])
    assert made.tokens == ("2", "0")
    assert made.margins == (2.0, 0.0)
    total = math.log(1 + math.exp(1) + math.exp(3))
    assert made.logprobs == pytest.approx((3 - total, math.log(0.5)))
    with pytest.raises(ValueError, match="3 tokens were not taken from 1 rows"):
        trace([1, 2, 3], [[0.0, 1.0]])


def test_two_traces_are_judged_without_model_or_check() -> None:
    rows = [[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]]
    noisy = [[value + 1e-6 for value in rows[0]], [0.0, 3.00001, 1.0]]
    shifted = [[2.0, 0.0, 1.2], [0.0, 1.0, 3.0]]
    judged = judge_traces(trace([0, 1], rows), {"batch": trace([0, 1], noisy), "padding": trace([0, 2], shifted)})
    assert judged.classes == {"batch": IDENTICAL, "padding": STRUCTURAL}
    assert judged.noise is not None
    assert judged.noise.floor == pytest.approx(1e-5, rel=0.1)
    assert (judged.differences["padding"].at, judged.differences["padding"].margins) == (1, (2.0, 2.0))


def test_log_probabilities_alone_are_judged_too_and_texts_alone_are_not() -> None:
    mine = Answer("a b", tokens=("a", "b"), logprobs=(-0.5, -0.5))
    moved = Answer("a c", tokens=("a", "c"), logprobs=(-0.9, -0.5))
    assert judge_traces(mine, {"padding": moved, "other": mine}).classes == {"padding": STRUCTURAL, "other": IDENTICAL}
    assert judge_traces(Answer("a b"), {"padding": Answer("a c")}).classes == {"padding": UNEXPLAINED}


# --- the conversation -------------------------------------------------------------------------------------------------


def test_each_request_changes_one_condition_of_the_reference_and_none_is_reused() -> None:
    asked: list[Request] = []

    def respond(request: Request) -> Answer:
        asked.append(request)
        return REFERENCE

    score = run(respond)
    assert score.results["sound"] == score.results["identical"] == (1.0, 1.0)
    assert asked[0].condition == Condition(batch_size=1, threads=1, dtype="float32")
    assert all(request.fresh for request in asked)
    assert len({(r.ask, r.condition, r.attempt) for r in asked}) == len(asked) == 1 + len(DEFAULT) + 2
    assert score.results["noise_floor"] == Unscored("nothing moved")


def test_an_engine_that_sets_nothing_is_asked_as_it_pleases() -> None:
    def respond(request: Request) -> Answer:
        refused = request.condition != Condition()
        return Answer.failed(FailureKind.UNSUPPORTED, "no") if refused else Answer("same")

    score = run(respond)
    assert score.results["same_repeat"] == (1.0, 1.0)
    assert score.results["same_padding"] == Unscored("not supported: no")
    assert score.results["at_risk"] == Unscored("the engine gives no margins")
    assert score.results["sound"] == (1.0, 1.0)


def test_an_engine_that_makes_no_company_is_asked_beside_the_others_of_the_round() -> None:
    asked: list[Request] = []

    def respond(request: Request) -> Answer:
        asked.append(request)
        return Answer.failed(FailureKind.UNSUPPORTED, "no") if request.condition.order else REFERENCE

    score = run(respond, conditions=("batch", "history", "place"))
    batch, before, again = asked[-3:]
    assert batch.condition.batch_size == 4
    assert before.ask == again.ask
    assert before.condition == again.condition == asked[0].condition
    assert len({asked[0].attempt, before.attempt, again.attempt}) == 3
    assert score.results["same_batch"] == score.results["same_history"] == (1.0, 1.0)
    assert score.results["same_place"] == Unscored("not supported: no")
    assert set(score.evidence["asked otherwise"]) == {"batch", "history"}


@pytest.mark.parametrize(("stays", "kind"), [(True, STRUCTURAL), (False, DRIFT)])
def test_a_coarse_difference_is_a_fault_only_if_float32_shows_it_too(stays: bool, kind: str) -> None:
    moved = said("a", "x", "y", margins=(0.5, 0.7, 1.0))

    def respond(request: Request) -> Answer:
        wrong = request.condition.padding and (stays or request.condition.dtype == "bfloat16")
        return moved if wrong else REFERENCE

    score = run(respond, dtype="bfloat16", conditions=("repeat", "batch", "padding"))
    (row,) = score.evidence["differences"]
    assert (row["condition"], row["class"]) == ("padding", kind)
    assert score.results["sound"] == (float(not stays), 1.0)


def test_a_fault_too_small_for_coarse_numbers_is_found_in_float32() -> None:
    moved = said("a", "b", "c", margins=(2.0, 1.9, 2.0))
    score = run(
        lambda request: moved if request.condition.padding else REFERENCE,
        dtype="bfloat16",
        conditions=("repeat", "batch", "padding"),
    )
    (row,) = score.evidence["differences"]
    assert (row["condition"], row["class"]) == ("padding", STRUCTURAL)


def test_a_mistake_with_other_numbers_is_not_the_cause_and_one_batch_has_one_cause() -> None:
    wrong, unlike = (said("x", "y", margins=(0.7, last)) for last in (1.0, 1.5))

    def respond(request: Request) -> Answer:
        padding = request.condition.padding or ""
        if padding.startswith("right"):
            return unlike
        return wrong if padding or request.condition.order in {"first", "last"} else REFERENCE

    score = run(respond, conditions=("repeat", "neighbours", "place", "padding"))
    causes = {row["condition"]: row["cause"] for row in score.evidence["differences"]}
    assert causes == dict.fromkeys(("neighbours", "place", "padding"), "pads are attended to (mask)")


def test_without_tokens_both_texts_are_shown_where_they_part() -> None:
    score = run(lambda request: Answer("other" if request.attempt else "one"), conditions=("repeat",))
    (row,) = score.evidence["differences"]
    assert (row["class"], row["reference text"], row["other text"]) == (UNEXPLAINED, "one", "other")
    assert (
        "reference text"
        not in run(lambda request: said("x") if request.attempt else REFERENCE, conditions=("repeat",)).evidence[
            "differences"
        ][0]
    )


def test_an_engine_that_tells_no_numbers_is_asked_without_them() -> None:
    def respond(request: Request) -> Answer:
        return Answer.failed(FailureKind.CONFIGURATION, "no logprobs here") if request.wants else Answer("same")

    score = run(respond)
    assert score.results["identical"] == (1.0, 1.0)
    assert score.results["at_risk"] == Unscored("the engine gives no margins")


def test_an_engine_that_fails_under_a_condition_is_not_sound() -> None:
    def respond(request: Request) -> Answer:
        failed = request.condition.dtype == "bfloat16"
        return Answer.failed(FailureKind.OUT_OF_MEMORY, "too large") if failed else REFERENCE

    score = run(respond)
    assert score.results["same_bfloat16"] == score.results["sound"] == (0.0, 1.0)
    assert score.evidence["differences"][-1]["class"] == "errored"


def test_a_reference_that_fails_is_an_error() -> None:
    assert run(lambda _: Answer.failed(FailureKind.NETWORK, "gone")).error == "network: gone"


def test_a_mistake_whose_answer_is_the_engines_is_the_cause() -> None:
    wrong = said("x", "y", margins=(0.7, 1.0))

    def respond(request: Request) -> Answer:
        return wrong if request.condition.padding in {f"left:{PADS}", f"positions:{PADS}"} else REFERENCE

    score = run(respond)
    (row,) = score.evidence["differences"]
    assert (row["condition"], row["class"], row["cause"]) == ("padding", STRUCTURAL, "positions count the pads")
    assert (row["token"], row["reference"], row["instead"], row["at risk"]) == (0, "a", "x", "no")
    assert score.results["structural_error"] == (1.0, 1.0)


def test_another_server_is_named_and_no_fault_of_the_first() -> None:
    def respond(request: Request) -> Answer:
        if request.condition not in {Condition(concurrency=1), Condition()} and request.condition.concurrency != 8:
            return Answer.failed(FailureKind.UNSUPPORTED, "no")
        many = request.condition.concurrency == 8
        return Answer("other" if many else "one", served_by="m fp_2" if many else "m fp_1")

    score = run(respond)
    (row,) = score.evidence["differences"]
    assert (row["class"], row["cause"]) == ("server changed", "it was m fp_2 that answered, not m fp_1")
    assert score.results["same_server"] == (0.0, 1.0)
    assert score.results["sound"] == (1.0, 1.0)


def test_seeds_are_tried_on_samples_and_the_rest_is_greedy() -> None:
    hot = [r for r in _asked(conditions=("seed", "repeat"), temperature=0.5) if not r.ask.decoding.greedy]  # type: ignore[union-attr]
    assert [request.ask.decoding.seed for request in hot] == [3, 3, 4]  # type: ignore[union-attr]
    assert {request.attempt for request in hot} == {0}
    assert hot[0].condition != hot[1].condition


def _asked(**options: Any) -> list[Request]:
    asked: list[Request] = []

    def respond(request: Request) -> Answer:
        asked.append(request)
        return REFERENCE

    run(respond, **options)
    return asked


def test_options_that_make_no_sense_are_refused() -> None:
    for wrong in ({"conditions": ["repeat", "repeat"]}, {"conditions": []}, {"dtype": "int4"}, {"noise": 0}):
        with pytest.raises(ValidationError):
            ForensicOptions(**wrong)


def test_padding_and_neighbours_pad_by_the_same_so_that_one_mistake_explains_both() -> None:
    assert PADS == LONGER
