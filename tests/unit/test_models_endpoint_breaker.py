"""The circuit breaker: when it opens, how it probes, and when it gives up; time is a number that tests choose."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.endpoint.breaker import LONGEST_WAIT, Breaker, State


def opened(wait: float = 1.0, patience: float = 60.0) -> Breaker:
    breaker = Breaker(wait, patience, opens_after=3)
    for _ in range(3):
        breaker.silent(0.0)
    return breaker


def test_it_opens_after_so_many_in_a_row_and_an_answer_begins_the_count_again() -> None:
    breaker = Breaker(1.0, 60.0, opens_after=3)
    assert [breaker.silent(0.0), breaker.silent(0.0)] == [False, False]
    assert breaker.heard(0.0) is None
    assert [breaker.silent(1.0), breaker.silent(1.0), breaker.silent(1.0)] == [False, False, True]
    assert breaker.state is State.OPEN


def test_open_it_sends_nothing_and_then_one_probe() -> None:
    breaker = opened()
    assert not breaker.may_ask(0.9)
    assert breaker.may_ask(1.0)
    assert breaker.state is State.HALF_OPEN
    assert not breaker.may_ask(50.0)


def test_a_probe_that_is_answered_closes_it() -> None:
    breaker = opened()
    breaker.may_ask(1.0)
    assert breaker.heard(4.0) == 4.0
    assert breaker.state is State.CLOSED
    assert breaker.may_ask(4.0)
    assert not breaker.silent(5.0)


def test_waits_double_with_every_probe_that_fails() -> None:
    breaker = opened(patience=1000.0)
    now, waits = 0.0, []
    for _ in range(8):
        waits.append(breaker.asks_again_at - now)
        now = breaker.asks_again_at
        assert breaker.may_ask(now)
        breaker.silent(now)
    assert waits == [1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]


def test_when_patience_ends_with_a_probe_that_fails_it_is_dead_for_good() -> None:
    breaker = opened(patience=5.0)
    now = 0.0
    while breaker.state is not State.DEAD:
        now = breaker.asks_again_at
        assert breaker.may_ask(now)
        breaker.silent(now)
    assert now == 5.0
    assert not breaker.may_ask(1e9)


def test_requests_that_were_under_way_when_it_opened_change_nothing() -> None:
    breaker = opened()
    assert not breaker.silent(0.5)
    assert (breaker.state, breaker.asks_again_at) == (State.OPEN, 1.0)


def test_a_late_answer_of_a_request_that_was_under_way_closes_it() -> None:
    breaker = opened()
    assert breaker.heard(0.5) == 0.5
    assert breaker.may_ask(0.5)


def test_a_probe_that_is_withdrawn_leaves_its_place() -> None:
    breaker = opened()
    assert breaker.may_ask(1.0)
    breaker.withdrawn(1.2)
    assert breaker.may_ask(1.2)


@given(st.lists(st.tuples(st.sampled_from(["ask", "silent", "heard"]), st.floats(0, 50)), max_size=200))
def test_whatever_happens_there_is_at_most_one_probe(story: list[tuple[str, float]]) -> None:
    breaker, now, probing = Breaker(1.0, 100.0, opens_after=2), 0.0, False
    for what, later in story:
        now += later
        if what == "ask":
            was = breaker.state
            if breaker.may_ask(now) and was is not State.CLOSED:
                assert not probing
                probing = True
        elif what == "silent":
            breaker.silent(now)
            probing = False
        else:
            breaker.heard(now)
            probing = False
        assert breaker.state is not State.DEAD or now - breaker.opened_at >= 100.0
