"""Where the time went: stages nest and add up, others' threads stay out, and nothing happens where nobody asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.profiles import Profile, Stage
from evalkit.records import Answer, Timing
from evalkit.runner import profile as profiling
from evalkit.runner.profile import NOTHING, asked, recorder, recording, stage, timed, watch

Tree = dict[str, Any]


class Clock:
    """Wall and CPU clocks that move when they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = self.cpu = 100.0
        self.reads = 0
        monkeypatch.setattr(profiling, "time", SimpleNamespace(perf_counter=self._read, process_time=lambda: self.cpu))

    def _read(self) -> float:
        self.reads += 1
        return self.wall

    def pass_(self, wall: float, cpu: float = 0.0) -> None:
        self.wall += wall
        self.cpu += cpu


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def tree(stages: tuple[Stage, ...]) -> Tree:
    return {one.name: (one.seconds, tree(one.stages)) if one.stages else one.seconds for one in stages}


def model(**changes: Any) -> Any:
    info = SimpleNamespace(reference="hf:some/model", backend="hf")
    return SimpleNamespace(info=info, **changes)


def answered(seconds: list[Answer], clock: Clock, each: float) -> Iterator[tuple[int, Answer]]:
    for position, answer in enumerate(seconds):
        clock.pass_(each, each)
        yield position, answer


def test_parts_and_what_none_of_them_took_are_the_whole(clock: Clock) -> None:
    with recording() as record:
        clock.pass_(1)
        with stage("score", rest="judge"):
            clock.pass_(2, 1)
            with stage("store"):
                clock.pass_(4, 3)
            clock.pass_(8, 8)
        with stage("store"):
            clock.pass_(16)
        found = record.profile()
    assert tree(found.stages) == {"score": (14, {"store": 4, "judge": 10}), "store": 16, "other": 1}
    assert (found.seconds, found.cpu_seconds) == (31, 12)
    assert [one.cpu_seconds for one in found.stages] == [12, 0, 0]


names = st.sampled_from("abc")
shapes = st.recursive(st.floats(0, 9), lambda inner: st.lists(st.tuples(names, inner), max_size=4), max_leaves=20)


@given(shapes)
def test_whatever_nests_in_whatever_adds_up(shape: Any) -> None:
    def walk(node: Any) -> None:
        if isinstance(node, float):
            clock.pass_(node, node / 2)
            return
        for name, inner in node:
            with stage(name):
                walk(inner)
            clock.pass_(0.5)

    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        with recording() as record:
            walk(shape)
            whole = record.profile()
    assert whole.seconds == pytest.approx(clock.wall - 100)
    assert whole.cpu_seconds == pytest.approx(clock.cpu - 100)
    pending = [Stage("run", whole.seconds, whole.cpu_seconds, 1, whole.stages)]
    while pending:
        one = pending.pop()
        if one.stages:
            assert sum(part.seconds for part in one.stages) == pytest.approx(one.seconds)
            assert sum(part.cpu_seconds or 0 for part in one.stages) == pytest.approx(one.cpu_seconds)
        pending += one.stages


def test_where_nobody_asked_no_clock_is_read_and_nothing_is_made(clock: Clock) -> None:
    things: list[int] = [1, 2]
    answers = iter([(0, Answer("yes"))])
    assert stage("store") is NOTHING
    assert timed("load", things) is things
    assert asked("subject", model(), answers) is answers
    watch("subject", model())
    with stage("store"):
        pass
    assert clock.reads == 0
    assert recorder() is None


def test_a_stage_that_fails_ends_all_the_same(clock: Clock) -> None:
    with recording() as record:
        with suppress(ZeroDivisionError), stage("score"), stage("inner"):
            clock.pass_(1)
            raise ZeroDivisionError
        clock.pass_(2)
        assert tree(record.profile().stages) == {"score": (1, {"inner": 1, "other": 0}), "other": 2}


def test_making_things_is_booked_and_using_them_is_not(clock: Clock) -> None:
    def make() -> Iterator[int]:
        for number in range(3):
            clock.pass_(1)
            yield number
        clock.pass_(0.5)

    with recording() as record:
        for _ in timed("load", make()):
            clock.pass_(10)
        assert tree(record.profile().stages) == {"load": 3.5, "other": 30}


def test_an_iteration_that_is_left_early_books_no_more(clock: Clock) -> None:
    with recording() as record:
        for _ in timed("load", iter(range(9))):
            break
        clock.pass_(5)
        assert tree(record.profile().stages) == {"load": 0, "other": 5}


def test_other_threads_are_in_nobodys_book() -> None:
    with recording() as record:
        context = copy_context()

        def work() -> None:
            with stage("elsewhere"):
                time.sleep(0.001)

        thread = Thread(target=lambda: context.run(work))
        thread.start()
        thread.join()
        assert [one.name for one in record.profile().stages] == []


def test_things_that_another_thread_asks_for_are_in_nobodys_book(clock: Clock) -> None:
    def make() -> Iterator[int]:
        for number in range(3):
            clock.pass_(1)
            yield number

    with recording() as record:
        things = iter(timed("load", make()))
        next(things)
        thread = Thread(target=lambda: next(things))
        thread.start()
        thread.join()
        clock.pass_(10)
        next(things)
        assert tree(record.profile().stages) == {"load": 2, "other": 11}


def test_things_asked_for_from_several_stages_are_parts_of_each(clock: Clock) -> None:
    def make() -> Iterator[int]:
        for number in range(3):
            clock.pass_(number + 1)
            yield number

    with recording() as record:
        things = iter(timed("load", make()))
        for name in ("first", "second", "first"):
            with stage(name):
                next(things)
        assert tree(record.profile().stages) == {
            "first": (4, {"load": 4, "other": 0}),
            "second": (2, {"load": 2, "other": 0}),
            "other": 0,
        }


def test_a_profile_may_be_taken_in_the_middle_and_again(clock: Clock) -> None:
    with recording() as record, stage("store"):
        clock.pass_(1)
        assert record.profile().seconds == 1
        clock.pass_(2)
        assert tree(record.profile().stages)["store"] == 3


def test_what_went_on_before_is_a_stage(clock: Clock) -> None:
    since = clock.wall, clock.cpu
    clock.pass_(3, 2)
    with recording("start", since) as record:
        clock.pass_(1)
        found = record.profile()
    assert (tree(found.stages), found.cpu_seconds) == ({"start": 3, "other": 1}, 2)


def test_answers_are_counted_as_they_come(clock: Clock) -> None:
    answers = [Answer("a", prompt_tokens=10, output_tokens=4, timing=Timing(2.0, 3))] * 3 + [Answer("b")]
    with recording() as record:
        assert len(list(asked("subject", model(), answered(answers, clock, 0.5)))) == 4
        found = record.profile()
    (work,) = found.models
    assert tree(found.stages)["ask the model"] == 2
    assert (work.answers, work.prompt_tokens, work.output_tokens, work.seconds) == (4, 30, 12, 2)
    assert work.output_tokens_per_second == 6
    assert work.batches == ((1, 1), (3, 3))
    assert work.latency == {}
    assert work.under_way is None


def test_requests_that_are_answered_one_by_one_have_latencies(clock: Clock) -> None:
    answers = [Answer("a", timing=Timing(seconds)) for seconds in (4.0, 1.0, 2.0, 3.0)]
    with recording() as record:
        list(asked("judge", model(), answered(answers, clock, 1)))
        (work,) = record.profile().models
    assert work.role == "judge"
    assert dict(work.latency) == {"median": 3, "p90": 4, "p99": 4, "most": 4}
    assert work.under_way == 2.5


@dataclass(slots=True)
class Work:
    """As backends keep it."""

    prompt_tokens: int = 100
    computed_tokens: int = 100
    shared_tokens: int = 0
    padded_tokens: int = 0
    steps: int = 0
    row_steps: int = 0
    tokenise_seconds: float = 5.0
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0
    names: list[str] = field(default_factory=list)


def did(work: Work) -> None:
    work.prompt_tokens += 40
    work.computed_tokens += 10
    work.shared_tokens += 30
    work.padded_tokens += 10
    work.steps += 4
    work.row_steps += 10
    work.prefill_seconds += 2
    work.decode_seconds += 3


def test_a_models_own_account_divides_the_asking(clock: Clock) -> None:
    work = Work()
    with recording() as record:
        for _ in asked("subject", model(work=work), answered([Answer("a", output_tokens=12)], clock, 8)):
            did(work)
        found = record.profile()
    assert tree(found.stages)["ask the model"] == (8, {"prefill": 2, "decode": 3, "other": 3})
    (told,) = found.models
    assert (told.prompt_tokens_per_second, told.output_tokens_per_second) == (5, 4)
    assert (told.padding, told.shared, told.rows) == (0.5, 0.75, 2.5)
    assert told.counters["tokenise_seconds"] == 0
    assert found.beside == ()


def test_what_a_model_did_beyond_the_waiting_was_beside_it(clock: Clock) -> None:
    work = Work()
    with recording() as record:
        for _ in asked("subject", model(work=work), answered([Answer("a")], clock, 1)):
            did(work)
        found = record.profile()
    assert tree(found.stages)["ask the model"] == 1
    assert [(one.name, one.seconds) for one in found.beside] == [
        ("ask the model: prefill", 2),
        ("ask the model: decode", 3),
    ]


@pytest.mark.parametrize("work", [None, 3, {"steps": "many"}, Work, dict])
def test_an_account_that_is_none_is_left_out(clock: Clock, work: object) -> None:
    with recording() as record:
        list(asked("subject", model(work=work), answered([Answer("a")], clock, 1)))
        found = record.profile()
    assert found.models[0].counters == {}


def test_a_recorder_ends_with_its_block() -> None:
    with recording() as outer:
        with recording() as inner, stage("work"):
            assert recorder() is inner
        assert recorder() is outer
    assert recorder() is None
    assert isinstance(outer.profile(), Profile)
