"""Which beginnings of prompts are computed once, and how many rows are written at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.hf.stream.places import MOST_SAMPLES, PAYS, SAMPLES, START, Places
from evalkit.models.hf.stream.shared import WORTH, beginnings
from evalkit.models.hf.work import Work

TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=60).map(tuple)
HEADER, EXAMPLES = tuple(range(100, 140)), tuple(range(200, 300))


@given(st.lists(TOKENS, max_size=30))
def test_a_beginning_is_shared_by_as_many_as_make_it_worth_it(prompts: list[tuple[int, ...]]) -> None:
    found = beginnings(prompts)
    assert set(found) == set(prompts)
    saved = 0
    for prompt, length in found.items():
        assert 0 <= length < len(prompt)
    for beginning in {prompt[:length] for prompt, length in found.items() if length}:
        under = [prompt for prompt in found if prompt[: found[prompt]][: len(beginning)] == beginning]
        assert len(under) >= 2
        saved += (len(under) - 1) * len(beginning)
        assert saved >= WORTH


def test_one_header_is_shared_by_all() -> None:
    prompts = [(*HEADER, number, 7) for number in range(10)]
    assert set(beginnings(prompts).values()) == {len(HEADER)}


def test_each_task_shares_its_own_examples_behind_the_header_of_all() -> None:
    first = [(*HEADER, *EXAMPLES, number, 7) for number in range(4)]
    second = [(*HEADER, *reversed(EXAMPLES), number, 7) for number in range(4)]
    plain = [(*HEADER, number, 7) for number in range(4)]
    found = beginnings([*first, *second, *plain])
    assert {found[prompt] for prompt in first + second} == {len(HEADER) + len(EXAMPLES)}
    assert {found[prompt] for prompt in plain} == {len(HEADER)}


def test_equal_prompts_are_one_prompt() -> None:
    assert beginnings([HEADER] * 50) == {HEADER: 0}


def test_a_prompt_that_another_one_continues_keeps_its_last_token() -> None:
    long = (*EXAMPLES, 1, 2, 3)
    assert beginnings([EXAMPLES, long]) == {EXAMPLES: len(EXAMPLES) - 1, long: len(EXAMPLES) - 1}


def test_nothing_is_shared_where_it_saves_too_little() -> None:
    assert set(beginnings([(1, 2, 3, number) for number in range(5)]).values()) == {0}


def timed(chosen: Places, seconds: float) -> None:
    for _ in range(SAMPLES):
        chosen.timed(chosen.now, seconds)


def test_rows_double_while_it_pays_and_then_stay_at_the_best_number() -> None:
    chosen = Places(None, None)
    seen = [chosen.now]
    for seconds in (0.10, 0.11, 0.13, 0.26):  # four times the rows a step in 1.3 times the seconds, then no more
        timed(chosen, seconds)
        seen.append(chosen.now)
    assert seen == [START, 2 * START, 4 * START, 8 * START, 4 * START]
    timed(chosen, 0.001)
    assert chosen.now == 4 * START


def test_one_disturbed_step_does_not_end_the_growth() -> None:
    chosen = Places(None, None)
    timed(chosen, 0.1)
    for seconds in (9.0, 0.1, 9.0):
        chosen.timed(chosen.now, seconds)
    assert chosen.now == 4 * START
    assert PAYS < 2


def test_quick_steps_are_timed_more_often_than_slow_ones() -> None:
    chosen = Places(None, None)
    for _ in range(SAMPLES):
        chosen.timed(chosen.now, 0.001)
    assert chosen.now == START
    for _ in range(MOST_SAMPLES - SAMPLES):
        chosen.timed(chosen.now, 0.001)
    assert chosen.now == 2 * START


def test_a_batch_that_is_not_full_says_nothing() -> None:
    chosen = Places(None, None)
    for _ in range(20):
        chosen.timed(START - 1, 0.1)
    assert chosen.now == START


def test_the_number_that_somebody_set_stays() -> None:
    chosen = Places(5, 1000)
    timed(chosen, 0.1)
    assert chosen.now == 5
    assert chosen.fitting(900) == 5


def test_rows_take_no_more_than_their_part_of_memory_but_one_is_always_tried() -> None:
    chosen = Places(None, 1000)
    assert [chosen.fitting(size) for size in (None, 1, 100, 5000)] == [START, START, 10, 1]


@pytest.mark.parametrize("out_of_memory", [True, False])
def test_half_the_rows_are_left_after_a_failure_and_all_return_when_it_was_one_request(out_of_memory: bool) -> None:
    chosen = Places(None, None)
    for rows, left in ((20, 10), (10, 5), (5, 2), (2, 1)):
        chosen.halve(rows, out_of_memory)
        assert chosen.now == left
    timed(chosen, 0.1)
    assert chosen.now == 1
    chosen.restore(out_of_memory)
    assert chosen.now == START
    timed(chosen, 0.1)
    assert chosen.now == 2 * START


def test_a_request_that_fails_for_itself_does_not_bring_back_a_number_that_memory_did_not_hold() -> None:
    chosen = Places(None, None)
    chosen.halve(START, True)
    chosen.halve(START // 2, False)
    chosen.restore(False)
    assert chosen.now == START // 2


def test_shares_of_no_work_are_unknown() -> None:
    nothing = Work()
    assert (nothing.rows_a_step, nothing.padding_share, nothing.shared_share) == (None, None, None)
    some = Work(prompt_tokens=100, computed_tokens=30, shared_tokens=70, padded_tokens=10, steps=4, row_steps=10)
    assert (some.rows_a_step, some.padding_share, some.shared_share) == (2.5, 0.25, 0.7)
