"""How many requests a server is sent at once, in simulated time: no network, no clock, nothing sleeps."""

from __future__ import annotations

import math

import pytest
from endpoint_pace_simulation import Server, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.models.endpoint.pace import LONGEST_HOLD, MOST, START, Pace

SECONDS = 0.2


def ideal(capacity: int, requests: int = 1000) -> float:
    return requests * SECONDS / capacity


# --- what always holds ------------------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "send", "answered", "refused", "refused after", "failed", "ceiling"]),
        st.integers(0, 300),
        st.floats(0, 100),
    ),
    max_size=300,
)


@given(EVENTS, st.integers(1, 300), st.integers(1, 300))
def test_whatever_happens_the_limit_stays_between_one_and_its_ceiling(
    events: list[tuple[str, int, float]], ceiling: int, start: int
) -> None:
    pace, now, under_way = Pace(ceiling, start), 0.0, []
    for event, number, seconds in events:
        now += seconds / 10
        if event == "send":
            if pace.may_send(now):
                under_way.append(pace.send(now))
        elif event == "ceiling":
            pace.set_ceiling(max(1, number))
        elif under_way:
            sent = under_way.pop(number % len(under_way))
            if event == "answered":
                pace.answered(sent, now, str(number % 3))
            elif event == "failed":
                pace.failed(sent, now)
            else:
                pace.refused(sent, now, retry_after=seconds if event == "refused after" else None)
        assert 1 <= pace.limit <= pace.ceiling
        assert pace.under_way == len(under_way)
        assert pace.held_until <= now + LONGEST_HOLD
        assert 0 <= pace.tolerated <= 1 / 3


def test_answers_that_take_no_time_by_the_clock_are_answers() -> None:
    pace = Pace(ceiling=8, start=1)
    for _ in range(40):
        sent = []
        while pace.may_send(0.0):
            sent.append(pace.send(0.0))
        for one in sent:
            pace.answered(one, 0.0)
    assert (pace.limit, pace.under_way) == (8, 0)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 80), st.booleans(), st.sampled_from([0.0, 0.2]), st.sampled_from([0.0, 0.5]), st.integers(0, 1000)
)
def test_everything_is_answered_and_never_more_than_the_ceiling_is_under_way(
    capacity: int, queues: bool, refuses: float, jitter: float, seed: int
) -> None:
    server = Server(capacity, queues=queues, refuses=refuses, jitter=jitter)
    told = simulate(server, 300, pace=Pace(40, 16), seed=seed)
    assert told.answered == 300
    assert told.most <= 40


# --- where it ends up -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("capacity", [1, 3, 8, 16, 24, 32, 48, 64, 100])
def test_a_server_that_refuses_is_sent_what_it_takes(capacity: int) -> None:
    """The search halves what is unknown with every round, so a few dozen rounds find the capacity."""
    told = simulate(Server(capacity), 100_000, until=40 * SECONDS * 2)
    assert capacity <= told.pace.limit <= capacity + max(2, capacity // 4)
    held = [limit for moment, limit in told.limits if moment > 20 * SECONDS * 2]
    assert all(limit >= capacity / 2 for limit in held)


@pytest.mark.parametrize("capacity", [24, 32, 64])
def test_a_server_that_queues_is_not_sent_several_times_what_it_works_on(capacity: int) -> None:
    told = simulate(Server(capacity, queues=True), 100_000, until=100 * SECONDS)
    assert capacity <= told.pace.limit <= 2.5 * capacity


@pytest.mark.parametrize("server", [Server(32), Server(32, queues=True)], ids=["refuses", "queues"])
def test_a_thousand_requests_lose_less_than_a_twentieth_at_the_capacity(server: Server) -> None:
    assert ideal(32) / simulate(server).seconds >= 0.95


def test_the_rise_costs_a_larger_server_two_rounds_of_sixteen() -> None:
    assert ideal(64) / simulate(Server(64, queues=True)).seconds >= 0.91
    assert ideal(64) / simulate(Server(64)).seconds >= 0.91


def test_a_named_number_is_asked_for_from_the_beginning() -> None:
    told = simulate(Server(64, queues=True), pace=Pace(64, 64))
    assert told.limits == [(0.0, 64)]
    assert ideal(64) / told.seconds >= 0.95


def test_a_fifth_refused_at_random_costs_less_than_a_third_in_the_median() -> None:
    times = sorted(simulate(Server(32, queues=True, refuses=0.2), seed=seed).seconds for seed in range(15))
    assert times[7] <= 1.3 * simulate(Server(32, queues=True)).seconds


def test_a_capacity_that_drops_and_comes_back_is_found_again() -> None:
    told = simulate(Server(lambda now: 8 if 4 < now < 10 else 32), 100_000, until=20.0)
    at = dict(told.limits)
    assert all(limit <= 10 for moment, limit in at.items() if 6 < moment < 10)
    assert told.pace.limit >= 32


def test_a_server_that_grows_slow_by_itself_is_not_starved() -> None:
    """Ideal: the integral of 32 / (0.2 + 0.1 t) reaches 1,000 after 43.5 seconds."""
    told = simulate(Server(32, seconds=lambda now: SECONDS + 0.1 * now, queues=True))
    assert told.seconds <= 1.25 * 2 * (math.exp(1000 / 320) - 1)


# --- single steps -----------------------------------------------------------------------------------------------------


def test_a_wave_is_doubled_when_it_was_answered() -> None:
    told = simulate(Server(10_000), 500)
    assert [limit for _, limit in told.limits] == [16, 32, 64, 128, 256]


def test_one_wave_of_refusals_halves_once() -> None:
    pace = Pace()
    wave = [pace.send(0.0) for _ in range(START)]
    for sent in wave[:12]:
        pace.refused(sent, 0.01)
    assert (pace.limit, pace.cuts) == (START // 2, 1)
    for sent in wave[12:]:
        pace.answered(sent, 0.2)
    later = [pace.send(0.3) for _ in range(START // 2) if pace.may_send(0.3)]
    assert len(later) == START // 2
    assert pace.limit == START // 2


def test_refusals_of_what_was_sent_before_the_cut_bring_no_other_one() -> None:
    pace = Pace()
    wave = [pace.send(0.0) for _ in range(START)]
    pace.refused(wave[0], 0.01)
    for moment, sent in enumerate(wave[1:], start=1):
        pace.refused(sent, 0.01 * moment)
    assert pace.limit == START // 2


def test_a_refused_try_is_taken_back_to_what_had_held() -> None:
    told = simulate(Server(33), 100_000, until=1.0)
    limits = [limit for _, limit in told.limits]
    assert limits[:4] == [16, 32, 64, 32]


def test_a_retry_after_holds_everybody_back_and_is_capped() -> None:
    pace = Pace()
    first, second = pace.send(0.0), pace.send(0.0)
    pace.refused(first, 1.0, retry_after=5.0)
    assert not pace.may_send(5.9)
    assert pace.may_send(6.0)
    pace.refused(second, 6.0, retry_after=1e9)
    assert pace.held_until == 6.0 + LONGEST_HOLD


def test_after_a_retry_after_nothing_is_tried_for_ten_times_as_long() -> None:
    told = simulate(Server(32, retry_after=1.0), 100_000, until=10.0)
    assert told.refusals == 32  # of the doubling to 64, and none since


def test_a_server_that_only_refuses_is_asked_ever_more_seldom() -> None:
    told = simulate(Server(0), 1000, until=120.0)
    assert told.answered == 0
    assert told.pace.limit == 1
    assert told.refusals < START * 2 + 20


def test_nobody_waits_where_waiting_is_given_up() -> None:
    pace = Pace()
    pace.refused(pace.send(0.0), 0.1, retry_after=30.0, may_hold=False)
    assert pace.may_send(0.1)


def test_little_to_do_says_nothing_about_the_limit() -> None:
    pace = Pace()
    for number in range(200):
        pace.answered(pace.send(number), number + 0.2)
    assert pace.limit == START


def test_answers_near_the_time_out_stop_the_rise() -> None:
    told = simulate(Server(10_000, seconds=20.0), 2000, pace=Pace(MOST, START, slowest=15.0))
    assert told.pace.highest == START
