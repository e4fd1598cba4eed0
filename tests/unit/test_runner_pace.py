"""How long a run may still take, against runs that are played: what it says is held to how long they then took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field

import pytest

from evalkit.runner.ask import Tally
from evalkit.runner.pace import Pace, Work


@dataclass
class Block:
    cases: dict[str, int]
    known: float = 0.0
    """The share of its answers that the store has."""
    each: float = 0.1
    """Seconds for an answer."""
    stopped: Set[str] = field(default_factory=frozenset)
    """Checks that are decided when it ends."""


def told(
    blocks: Sequence[Block], *, loading: float = 0.0, planned: dict[str, int] | None = None
) -> list[tuple[float, float]]:
    """At each moment how long the run still took, and how long it was said to take."""
    moments = list(_played(blocks, loading, planned))
    end = moments[-1][0]
    return [(end - seconds, left) for seconds, left in moments if left is not None]


def _played(
    blocks: Sequence[Block], loading: float, planned: dict[str, int] | None
) -> Iterator[tuple[float, float | None]]:
    names = {name for block in blocks for name in block.cases}
    work = Work(planned or {name: sum(block.cases.get(name, 0) for block in blocks) for name in names})
    pace, tally, stopped = Pace(), Tally(), set[str]()
    seconds = 0.0

    def look() -> tuple[float, float | None]:
        if seconds >= pace.due:
            pace.take(seconds, *work.stand(tally, stopped), tally.output_tokens)
        return seconds, pace.seconds_left

    yield look()
    seconds += loading
    yield look()
    for block in blocks:
        asked = {name: many for name, many in block.cases.items() if name not in stopped}
        many = sum(asked.values())
        work.begin(block.cases, many, tally)
        known = round(many * block.known)
        tally.needed += many
        tally.reused += known
        tally.round_asked, tally.round_missing = 0, many - known
        seconds += 0.02  # the store is looked through
        for _ in range(many - known):
            seconds += block.each
            tally.asked += 1
            tally.round_asked += 1
            tally.output_tokens += 30
            yield look()
        tally.round_missing = 0
        yield look()
        stopped |= block.stopped


def wrong(moments: Sequence[tuple[float, float]], apart: float = 1.0) -> list[tuple[float, float]]:
    """Where it was said by more than a tenth, and by more than some seconds, otherwise."""
    return [(true, said) for true, said in moments if abs(said - true) > max(0.1 * true, apart)]


def test_a_run_that_goes_steadily_takes_as_long_as_it_says() -> None:
    moments = told([Block({"a": 64})] * 20)
    assert wrong(moments) == []
    assert moments[0][0] > 120, "it is said early"


@pytest.mark.parametrize("boundary", [0.0, 0.5, 0.98])
def test_answers_that_a_resumed_run_finds_do_not_make_the_rest_look_fast(boundary: float) -> None:
    known, fresh = Block({"a": 512}, known=1.0), Block({"a": 512})
    moments = told([*[known] * 10, Block({"a": 512}, known=boundary), *[fresh] * 4])
    assert wrong(moments) == []
    assert moments[0][0] > 180


def test_of_a_run_whose_first_block_is_half_known_the_rest_is_not_taken_to_be() -> None:
    assert wrong(told([Block({"a": 512}, known=0.6), *[Block({"a": 512})] * 3])) == []


def test_what_is_known_of_every_block_is_expected_of_the_next_ones() -> None:
    moments = told([Block({"a": 64}, known=0.75)] * 40)
    assert wrong([one for one in moments if one[0] < 62]) == []
    assert all(said >= 0.9 * true for true, said in moments), (
        "the first block may promise too much time, not too little"
    )


def test_a_dataset_that_is_known_as_a_whole_between_others_promises_nothing_of_them() -> None:
    blocks = [*[Block({"a": 64})] * 6, *[Block({"b": 512}, known=1.0)] * 10, *[Block({"c": 64})] * 6]
    moments = told(blocks)
    ahead = [one for one in moments if one[0] < 6.4 * 6]  # before, what is known of later datasets is not looked up
    assert len(ahead) > 300
    assert wrong(ahead) == []


def test_a_dataset_with_longer_answers_is_reckoned_by_its_own_pace_within_half_a_minute() -> None:
    moments = told([*[Block({"a": 64}, each=0.05)] * 10, *[Block({"b": 64}, each=0.5)] * 10])
    assert wrong([one for one in moments if one[0] < 320 - Pace.WINDOW - 1], apart=5.0) == []


def test_cases_of_a_check_that_needs_no_more_are_not_waited_for() -> None:
    both = {"a": 32, "b": 32}
    moments = told([Block(both), Block(both), Block(both, stopped={"a"}), *[Block(both)] * 20])
    assert wrong([one for one in moments if one[0] < 20 * 3.2]) == []
    assert all(said >= 0.9 * true for true, said in moments), "it is the time that is left at most"


def test_what_loading_took_does_not_count() -> None:
    moments = told([Block({"a": 64})] * 5, loading=300.0)
    assert wrong(moments) == []
    assert moments[0][0] > 20


def test_the_first_cases_which_are_slow_promise_no_hours() -> None:
    pace = Pace()
    pace.take(0, 0, 272, 0)
    pace.take(70, 1, 271, 0)
    assert pace.seconds_left is None
    pace.take(100, 79, 193, 0)
    assert pace.seconds_left == pytest.approx(193 * 30 / 78), "the first, slow one is forgotten"


def test_nothing_is_foretold_before_there_is_something_to_go_by() -> None:
    pace = Pace()
    assert (pace.seconds_left, pace.tokens_per_second) == (None, None)
    pace.take(300, 0, 1000, 0)
    assert (pace.seconds_left, pace.tokens_per_second) == (None, None)
    pace.take(300.2, 500, 500, 90)
    assert (pace.seconds_left, pace.tokens_per_second) == (None, None), "a second at least"


def test_the_speed_is_that_of_now() -> None:
    pace = Pace()
    for second in range(120):
        pace.take(second, 10 * second, 5000 - 10 * second, 100 * min(second, 60) + 40 * max(second - 60, 0))
    assert pace.tokens_per_second == pytest.approx(40)


def test_a_model_that_answers_by_the_batch_has_a_speed_between_batches_too() -> None:
    pace = Pace()
    pace.take(0, 0, 640, 0)
    for batch in range(1, 5):
        pace.take(90 * batch, 64 * batch, 640 - 64 * batch, 6400 * batch)
        pace.take(90 * batch + 1, 64 * batch, 640 - 64 * batch, 6400 * batch)
    assert pace.seconds_left == pytest.approx((640 - 256) * 90 / 64, rel=0.05)


def test_the_rounds_of_a_conversation_take_nothing_back() -> None:
    work, tally = Work({"talk": 8}), Tally()
    work.begin({"talk": 8}, 8, tally)
    spent = []
    for _ in range(3):
        tally.round_asked, tally.round_missing = 0, 8
        for _ in range(8):
            tally.asked += 1
            tally.round_asked += 1
            spent.append(work.stand(tally)[0])
    assert spent == sorted(spent)
    assert spent[-1] == 8


def test_a_long_run_keeps_no_long_memory() -> None:
    pace = Pace()
    for tenth in range(36_000):
        pace.take(tenth / 10, tenth, 36_000 - tenth, 0)
    assert len(pace._seen) <= Pace.WINDOW / Pace.APART + 2
