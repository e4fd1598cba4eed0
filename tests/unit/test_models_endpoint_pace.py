"""How many requests a server is sent at once, in simulated time: no network, no clock, nothing sleeps."""

from __future__ import annotations

import asyncio
import math
import statistics
import time

import pytest
from endpoint_pace_simulation import Server, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.models.endpoint.hosts import LATER, Gate, Place
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


@settings(max_examples=40)
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


@pytest.mark.parametrize("queues", [False, True], ids=["refuses", "queues"])
@pytest.mark.parametrize("capacity", [1, 4, 16, 32, 48, 64])
def test_a_thousand_requests_lose_less_than_a_twentieth_at_the_capacity(capacity: int, queues: bool) -> None:
    assert ideal(capacity) / simulate(Server(capacity, queues=queues)).seconds >= 0.95


@pytest.mark.parametrize("queues", [False, True], ids=["refuses", "queues"])
@pytest.mark.parametrize(("capacity", "least"), [(100, 0.88), (128, 0.83)])
def test_a_larger_server_waits_one_round_of_answers_until_it_is_full(capacity: int, least: float, queues: bool) -> None:
    """Before the first answer 64 are sent at most, and a thousand requests are eight or ten rounds."""
    assert ideal(capacity) / simulate(Server(capacity, queues=queues)).seconds >= least


KINDS = {"even": {}, "jitter": {"jitter": 0.3}, "lengths differ": {"spread": 0.6}}


@pytest.mark.parametrize("seconds", [0.02, 0.2, 5.0])
@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("queues", [False, True], ids=["refuses", "queues"])
@pytest.mark.parametrize("capacity", [1, 4, 32, 64])
def test_the_search_costs_little_beside_knowing_the_capacity(
    capacity: int, queues: bool, kind: str, seconds: float
) -> None:
    """Answers of one length cost at most 7% of the time; where lengths differ, the last one often decides."""
    server = Server(capacity, seconds, queues=queues, **KINDS[kind])
    shares = []
    for seed in range(3):
        patience = min(0.5, seconds)
        known = simulate(server, pace=Pace(capacity, capacity), seed=seed, patience=patience)
        shares.append(known.seconds / simulate(server, seed=seed, patience=patience).seconds)
    assert statistics.median(shares) >= (0.85 if kind == "lengths differ" else 0.93)


def test_a_named_number_is_asked_for_from_the_beginning() -> None:
    told = simulate(Server(64, queues=True), pace=Pace(64, 64))
    assert told.limits == [(0.0, 64)]
    assert ideal(64) / told.seconds >= 0.95


@pytest.mark.parametrize("jitter", [0.0, 0.3])
@pytest.mark.parametrize("capacity", [32, 64])
def test_a_fifth_refused_at_random_costs_less_than_a_third(capacity: int, jitter: float) -> None:
    server = Server(capacity, queues=True, jitter=jitter)
    refusing = Server(capacity, queues=True, jitter=jitter, refuses=0.2)
    costs = sorted(simulate(refusing, seed=seed).seconds / simulate(server, seed=seed).seconds for seed in range(20))
    assert costs[10] <= 1.1
    assert costs[19] <= 1.3


@pytest.mark.parametrize("jitter", [0.0, 0.3])
@pytest.mark.parametrize("seed", [15, 31, 114, 116, 180, 193])
def test_dice_that_fall_badly_at_the_very_start_are_not_taken_for_a_capacity(seed: int, jitter: float) -> None:
    """Where the first refusals look like a capacity: of 200 seeds those that cost most without a look at what was
    kept, half as much again and, with uneven answers, up to 17 times as much.
    """
    refusing = Server(64, queues=True, jitter=jitter, refuses=0.2)
    told = simulate(refusing, seed=seed)
    assert told.seconds / simulate(Server(64, queues=True, jitter=jitter), seed=seed).seconds <= 1.3
    assert told.pace.limit >= 64


@pytest.mark.parametrize("says_when", [False, True])
@pytest.mark.parametrize("per_minute", [60, 300])
def test_a_limit_for_each_minute_is_used_up_and_not_knocked_at(per_minute: int, says_when: bool) -> None:
    """What is left over a full bucket comes at the rate at which it fills; each request is refused once in the mean."""
    requests = 4 * per_minute
    server = Server(10_000, 1.0, queues=True, travel=0.05, per_minute=per_minute, says_when=says_when)
    told = simulate(server, requests, patience=0.5)
    assert told.seconds <= 1.05 * (requests - per_minute) * 60 / per_minute + 5
    assert told.refusals <= requests


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


def test_the_first_wave_grows_by_one_each_millisecond_and_the_next_ones_are_doubled() -> None:
    told = simulate(Server(10_000), 500)
    assert [limit for _, limit in told.limits] == [*range(16, 65), 128, 256]
    opened = [moment for moment, limit in told.limits if limit == 4 * START]
    assert opened == [pytest.approx(0.048, abs=0.002)]


def test_a_refusal_ends_the_growth_before_many_more_were_sent() -> None:
    told = simulate(Server(20), 1000)
    assert told.most <= 23  # three more set out while the first refusal came back
    assert [limit for _, limit in told.limits][:7] == [16, 17, 18, 19, 20, 21, 22]


def test_a_longer_way_makes_a_slower_opening() -> None:
    pace = Pace()
    pace.open_with(0.01)
    told = simulate(Server(10_000, seconds=2.0), 500, pace=pace)
    assert [moment for moment, limit in told.limits if limit == 4 * START] == [pytest.approx(0.48, abs=0.02)]


def test_an_opening_that_is_refused_by_chance_goes_on() -> None:
    pace = Pace()
    wave = [pace.send(0.0) for _ in range(START)]
    pace.refused(wave[3], 0.001)
    pace.refused(wave[9], 0.001)
    assert pace.limit == START // 2
    assert pace.widen(0.002) == pytest.approx(0.004)  # by then the others would have been refused as well
    pace.widen(0.004)
    assert (pace.limit, pace.tolerated) == (START, 2 / 16)


def test_refusals_of_less_than_the_server_had_taken_bring_the_rise_back() -> None:
    pace = Pace(ceiling=32, start=32)
    wave = [pace.send(0.0) for _ in range(32)]
    for sent in wave[29:]:
        pace.refused(sent, 0.001)
    assert pace.limit == 16
    pace.answered(wave[0], 0.2)
    assert pace.limit == 29  # what it had kept looks like its capacity
    for sent in wave[1:18]:
        pace.failed(sent, 0.2)
    pace.refused(pace.send(0.2), 0.201)
    assert pace.limit == 29  # but it refuses with eleven, too
    assert pace.tolerated >= 0.1


def test_a_server_that_refuses_most_takes_less_than_it_did() -> None:
    """Not by chance: the limit follows a capacity that fell."""
    told = simulate(Server(lambda now: 12 if now > 2 else 48), 100_000, until=6.0)
    assert all(limit <= 15 for moment, limit in told.limits if moment > 4)


def test_the_last_request_of_all_does_not_wait_ever_longer_where_chance_refuses() -> None:
    """Doubled twice by three refusals; or a quarter of a wait, for no place has to become free."""
    waits = []
    for tolerated in (0.0, 0.2):
        pace = Pace(ceiling=1, start=1)
        pace.tolerated = tolerated
        for _ in range(3):
            pace.refused(pace.send(0.0), 0.0, unit=0.5)
        waits.append(pace.held_until)
    assert waits == [2.0, 0.125]


def test_who_is_told_when_to_come_back_is_not_refused_by_chance() -> None:
    pace = Pace()
    wave = [pace.send(0.0) for _ in range(START)]
    pace.refused(wave[3], 0.001, retry_after=1.0)
    pace.widen(0.1)
    assert (pace.limit, pace.tolerated) == (START // 2, 0.0)


def test_the_next_answer_brings_back_what_the_server_had_kept() -> None:
    pace = Pace()
    wave = [pace.send(0.0) for _ in range(START)]
    for sent in wave[13:]:
        pace.refused(sent, 0.001)
    assert pace.limit == START // 2
    pace.answered(wave[0], 0.2)
    assert pace.limit == 13


def test_what_cannot_be_answered_in_time_is_not_asked_again_and_again() -> None:
    """One request at a time and 2 seconds for each: after two answers it is known that 64 would time out."""
    server = Server(1, 2.0, queues=True, time_out=60.0)
    told = simulate(server, 300, pace=Pace(slowest=15.0))
    assert told.timed_out < 64
    assert all(limit <= 15 for moment, limit in told.limits if moment > 5)
    assert told.seconds <= 1.02 * 600


def test_slow_answers_of_a_large_server_are_no_queue() -> None:
    told = simulate(Server(64, 12.0, queues=True, spread=0.3, time_out=60.0), 300, pace=Pace(slowest=15.0))
    assert min(limit for moment, limit in told.limits if moment > 1) >= 48


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
    tried = limits.index(max(limits))
    assert limits[tried + 1 : tried + 3] == [max(limits) // 2, 33]  # halved, and back with the first answer


def test_what_was_sent_beyond_the_limit_that_is_left_was_too_many() -> None:
    """And waits for its turn, whether it is told so by a 429 or by a 503; any other 503 counts as an error."""
    gate = Gate(Pace(8, 8))
    places = [Place(gate.pace.send(0.0)) for _ in range(8)]
    told = [gate.refused(place, None, 0.0, may_hold=True) for place in reversed(places[2:])]
    assert told == [True] * 4 + [False] * 2
    assert gate.pace.limit == 4


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
    assert told.refusals == 2  # of the opening, and none since


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
        pace.widen(number)
        pace.answered(pace.send(number), number + 0.2)
        pace.widen(number + 0.5)
    assert pace.limit == START


def test_answers_near_the_time_out_stop_the_rise() -> None:
    told = simulate(Server(10_000, seconds=20.0), 2000, pace=Pace(MOST, START, slowest=15.0))
    assert told.pace.highest == 4 * START


def test_who_is_told_to_come_back_later_comes_a_little_later_than_that_and_not_all_together() -> None:
    async def held() -> float:
        gate = Gate(Pace(8, 8, 10.0))
        place = await gate.enter()
        gate.refused(place, 10.0, 0.5, may_hold=True)
        return gate.pace.held_until - time.monotonic()

    waits = [asyncio.run(held()) for _ in range(20)]
    assert all(10.0 - 1e-2 < wait <= 10.0 * (1 + LATER) for wait in waits)
    assert max(waits) - min(waits) > 0.1
