"""Requests become answers: merged, looked up, asked, kept; and backends that do not keep their promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from evalkit.errors import BackendBroken, ModelError
from evalkit.records import Answer, Condition, Decoding, FailureKind, Generate, Likelihood, Message, ModelInfo, Request
from evalkit.results import Run
from evalkit.runner import ask as asking
from evalkit.runner.ask import Asker, LimitReached, Limits
from evalkit.runner.profile import recording
from evalkit.store import Identity, Store, open_store, request_key

Behaviour = Callable[[Sequence[Request]], Iterator[tuple[int, Answer]]]


def request(text: str, **changes: Any) -> Request:
    return Request(Generate((Message("user", text),), Decoding(max_tokens=8)), **changes)


def said(one: Request) -> str:
    assert isinstance(one.ask, Generate)
    return one.ask.messages[-1].content


def echoing(requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
    for position in reversed(range(len(requests))):  # in any order
        yield position, Answer(said(requests[position]), output_tokens=1)


class Recording:
    """A backend and its own session."""

    def __init__(self, behaviour: Behaviour = echoing) -> None:
        self.behaviour = behaviour
        self.asked: list[list[Request]] = []
        self.sessions: list[Condition] = []
        self.closed = 0

    info = ModelInfo("toy", "toy", "toy-weights", "1", verifiable=True, conditions=frozenset({"threads"}))

    def session(self, condition: Condition) -> Recording:
        self.sessions.append(condition)
        return self

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        self.asked.append(list(requests))
        return self.behaviour(requests)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("sqlite:///:memory:") as opened:
        yield opened


def asker(store: Store, backend: Recording, run: str = "r1", replicate: int = 0, **more: Any) -> Asker:
    if run not in {known.id for known in store.list_runs()}:
        store.create_run(Run(run, "s", "toy", "running", "2026-01-01"))
    identity = Identity("toy-weights", "1", replicate, run=run)
    return Asker(store, run, {"subject": backend}, {"subject": identity}, **more)


def test_equal_requests_are_asked_once_and_all_get_the_answer(store: Store) -> None:
    backend = Recording()
    asked = asker(store, backend)
    answers = asked([request("a"), request("b"), request("a"), request("b", attempt=1)])
    assert [answer.text for _, answer in answers] == ["a", "b", "a", "b"]
    assert [len(block) for block in backend.asked] == [3]
    assert (asked.tally.needed, asked.tally.asked, asked.tally.reused) == (4, 3, 0)
    assert answers[0][0] == answers[2][0] != answers[1][0]


def test_what_merged_requests_want_is_asked_together(store: Store) -> None:
    backend = Recording()
    asker(store, backend)([request("a", wants=frozenset({"margins"})), request("a", wants=frozenset({"logprobs"}))])
    ((one,),) = backend.asked
    assert one.wants == {"margins", "logprobs"}


def test_a_stored_answer_serves_only_what_it_was_made_with(store: Store) -> None:
    backend = Recording()
    asked = asker(store, backend)
    asked([request("a")])
    asked([request("a")])
    assert len(backend.asked) == 1
    asked([request("a", wants=frozenset({"logprobs"}))])
    assert len(backend.asked) == 2


def test_answers_of_another_run_are_reused_but_not_for_fresh_requests(store: Store) -> None:
    asker(store, Recording())([request("a"), request("b", fresh=True)])
    later = Recording()
    asked = asker(store, later, "r2")
    answers = asked([request("a"), request("b", fresh=True)])
    assert [answer.reused for _, answer in answers] == [True, False]
    assert [[said(one) for one in block] for block in later.asked] == [["b"]]
    assert asked.tally.reused == 1


def test_no_session_is_opened_for_what_is_known(store: Store) -> None:
    asker(store, Recording())([request("a")])
    later = Recording()
    asker(store, later, "r2")([request("a")])
    assert later.sessions == []


def test_each_condition_has_one_session_and_all_are_closed(store: Store) -> None:
    backend = Recording()
    asked = asker(store, backend)
    slow = Condition(threads=1)
    asked([request("a"), request("a", condition=slow), request("b", condition=slow)])
    asked([request("c", condition=slow)])
    assert backend.sessions == [Condition(), slow]
    asked.close()
    assert backend.closed == 2


def test_a_condition_that_a_backend_does_not_list_is_refused_in_its_name(store: Store) -> None:
    backend = Recording()
    known, unknown = Condition(threads=1), Condition(threads=1, batch_size=4, order="first")
    answers = asker(store, backend)([request("a", condition=known), request("a", condition=unknown)])
    assert answers[0][1].failure is None
    failure = answers[1][1].failure
    assert failure is not None
    assert (failure.kind, failure.message) == (
        FailureKind.UNSUPPORTED,
        "the model cannot set batch_size=4, order=first",
    )
    assert backend.sessions == [known]


def test_asking_again_is_a_condition_of_every_backend(store: Store) -> None:
    backend = Recording()
    answers = asker(store, backend)([request("a"), request("a", condition=Condition(order="again"))])
    assert [answer.text for _, answer in answers] == ["a", "a"]
    assert backend.sessions == [Condition(), Condition()]


def test_a_request_without_an_answer_is_an_error_that_can_be_tried_again(store: Store) -> None:
    backend = Recording(lambda requests: iter([(0, Answer("only the first"))]))
    asked = asker(store, backend)
    first, second = (answer for _, answer in asked([request("a"), request("b")]))
    assert first.text == "only the first"
    assert second.failure is not None
    assert second.failure.kind is FailureKind.INTERNAL
    assert asked.tally.failed == 1
    assert [answer.failure.message for _, answer in store.attempts("r1") if answer.failure] == [second.failure.message]
    backend.behaviour = echoing
    assert asked([request("b")])[0][1].text == "b"


def test_of_two_answers_the_first_counts_here_and_in_the_store(store: Store) -> None:
    backend = Recording(lambda requests: iter([(0, Answer("one")), (0, Answer("two"))]))
    asked = asker(store, backend)
    ((key, answer),) = asked([request("a")])
    assert answer.text == "one" == store.get_answers([key])[key].text
    assert asked.tally.asked == 1
    assert [(one.first, one.second) for one in store.incidents("r1")] == [("one", "two")]


def test_a_failure_gives_way_to_an_answer(store: Store) -> None:
    lost = Answer.failed(FailureKind.NETWORK, "lost")
    backend = Recording(lambda requests: iter([(0, lost), (0, Answer("late"))]))
    assert asker(store, backend)([request("a")])[0][1].text == "late"


@pytest.mark.parametrize("position", [-1, 1, 99])
def test_an_answer_to_nothing_is_refused(store: Store, position: int) -> None:
    backend = Recording(lambda requests: iter([(position, Answer("?"))]))
    with pytest.raises(BackendBroken, match="subject answered request"):
        asker(store, backend)([request("a")])


def test_a_role_that_nobody_plays_is_explained(store: Store) -> None:
    with pytest.raises(ModelError, match="asks a judge, and the suite names none") as caught:
        asker(store, Recording())([request("a", role="judge")])
    assert "judge: MODEL" in caught.value.hint


def test_a_limit_of_requests_is_exact_and_keeps_what_was_answered(store: Store) -> None:
    backend = Recording()
    asked = asker(store, backend, limits=Limits(requests=3))
    with pytest.raises(LimitReached, match="limit of 3 requests"):
        asked([request(str(i)) for i in range(5)])
    assert [len(block) for block in backend.asked] == [3]
    assert store.counts("r1").answers == 3
    again = asker(store, Recording(), limits=Limits(requests=3))
    assert len(again([request(str(i)) for i in range(5)])) == 5


def test_known_answers_do_not_count_against_the_limit(store: Store) -> None:
    asker(store, Recording())([request("a"), request("b")])
    asked = asker(store, Recording(), "r2", limits=Limits(requests=1))
    assert len(asked([request("a"), request("b"), request("c")])) == 3


def test_a_limit_of_minutes_stops_between_answers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(asking.time, "monotonic", lambda: now)

    def slowly(requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        nonlocal now
        for position, one in enumerate(requests):
            now += 25
            yield position, Answer(said(one))

    asked = asker(store, Recording(slowly), limits=Limits(minutes=1, started=0.0))
    with pytest.raises(LimitReached, match="limit of 1 minutes"):
        asked([request(str(i)) for i in range(9)])
    assert store.counts("r1").answers == 3


def test_answers_are_written_every_two_seconds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(asking.time, "monotonic", lambda: now)
    kept: list[int] = []

    def slowly(requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        nonlocal now
        for position, one in enumerate(requests):
            kept.append(store.counts("r1").answers)
            now += 0.8
            yield position, Answer(said(one))

    asker(store, Recording(slowly))([request(str(i)) for i in range(7)])
    assert kept == [0, 0, 0, 3, 3, 3, 6]
    assert store.counts("r1").answers == 7


def test_what_was_answered_before_a_crash_is_kept(store: Store) -> None:
    def breaking(requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        yield 0, Answer("kept")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asker(store, Recording(breaking))([request("a"), request("b")])
    assert store.counts("r1").answers == 1


def test_a_failure_does_not_take_the_place_of_an_answer(store: Store) -> None:
    failing = Recording(lambda rs: iter([(0, Answer.failed(FailureKind.RATE_LIMIT, "429", retryable=True))]))
    assert asker(store, failing)([request("a")])[0][1].failure is not None
    assert asker(store, Recording(), "r2")([request("a")])[0][1].text == "a"


# --- replicates -------------------------------------------------------------------------------------------------------


def sampled(text: str, seed: int = 7, **changes: Any) -> Request:
    return Request(Generate((Message("user", text),), Decoding(max_tokens=8, temperature=0.5, seed=seed)), **changes)


def seeds_asked(backend: Recording) -> list[int]:
    return [one.ask.decoding.seed for block in backend.asked for one in block if isinstance(one.ask, Generate)]


def test_a_sampled_request_of_a_replicate_draws_by_another_seed(store: Store) -> None:
    backends = [Recording() for _ in range(3)]
    for replicate, backend in enumerate(backends):
        asker(store, backend, f"r{replicate}", replicate)([sampled("a"), sampled("b")])
    plain, first, second = (seeds_asked(backend) for backend in backends)
    assert plain == [7, 7]
    assert len({*plain, *first, *second}) == 3  # one seed for a replicate: engines make each prompt's own of it
    assert all(0 <= seed < 2**31 for seed in (*first, *second))


def test_a_replicate_changes_nothing_but_the_seed(store: Store) -> None:
    backend = Recording()
    wanted = sampled("a", attempt=3, wants=frozenset({"logprobs"}), condition=Condition(threads=1))
    asker(store, backend, replicate=2)([wanted])
    ((one,),) = backend.asked
    assert isinstance(one.ask, Generate)
    assert isinstance(wanted.ask, Generate)
    back = replace(one, ask=replace(one.ask, decoding=replace(one.ask.decoding, seed=7)))
    assert back == wanted
    assert one != wanted


def test_greedy_requests_and_likelihoods_of_a_replicate_are_asked_as_they_are(store: Store) -> None:
    backend = Recording(lambda requests: ((at, Answer("x")) for at in range(len(requests))))
    wanted = [request("a"), Request(Likelihood("a", "b"))]
    asker(store, backend, replicate=2)(wanted)
    assert backend.asked == [wanted]


def test_the_key_is_made_of_the_request_as_it_was_written(store: Store) -> None:
    identity = Identity("toy-weights", "1", 2, run="r1")
    ((key, _),) = asker(store, Recording(), replicate=2)([sampled("a")])
    assert key == request_key(sampled("a"), identity)
    again = Recording()
    asker(store, again, "r2", replicate=2)([sampled("a")])
    assert again.asked == []  # the same replicate is the same question


def test_two_seeds_of_a_replicate_stay_two_seeds(store: Store) -> None:
    backend = Recording()
    asker(store, backend, replicate=1)([sampled("a", seed=1), sampled("a", seed=2)])
    assert len(set(seeds_asked(backend))) == 2


def test_an_answer_is_handed_on_before_the_next_is_asked_and_failures_come_last(store: Store) -> None:
    events: list[str] = []

    def one_by_one(requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        for position, one in enumerate(requests):
            events.append(f"asked {said(one)}")
            if said(one) == "b":
                yield position, Answer.failed(FailureKind.NETWORK, "gone")
            else:
                yield position, Answer(said(one))

    asked = asker(store, Recording(one_by_one))
    requests = [request("a"), request("b"), request("c"), request("a")]
    for place, _, answer in asked.arriving(requests):
        events.append(f"{place} {answer.text or 'failed'}")
    assert events == ["asked a", "0 a", "3 a", "asked b", "asked c", "2 c", "1 failed"]


def test_what_is_known_is_handed_on_before_anything_is_asked(store: Store) -> None:
    asker(store, Recording())([request("known")])
    later = Recording()
    arriving = asker(store, later).arriving([request("new"), request("known")])
    assert next(arriving)[0] == 1
    assert later.asked == []


def test_who_stops_listening_loses_nothing_that_came(store: Store) -> None:
    arriving = asker(store, Recording()).arriving([request("a"), request("b"), request("c")])
    next(arriving)
    next(arriving)
    arriving.close()  # type: ignore[attr-defined]
    assert store.counts("r1").answers == 2


class Weighty(Recording):
    def __init__(self, behaviour: Behaviour = echoing) -> None:
        super().__init__(behaviour)
        self.loaded = False

    def load(self) -> None:
        assert not self.asked
        self.loaded = True


def test_weights_are_loaded_before_the_first_question_said_and_booked_apart(store: Store) -> None:
    backend, told = Weighty(), list[tuple[str, bool]]()
    with recording() as record:
        asking_it = asker(store, backend, on_loading=lambda _, model: told.append((model, backend.loaded)))
        asking_it([request("a")])
        asking_it([request("b")])
        assert "load the model" in {one.name for one in record.profile().stages}
    assert told == [("toy", False), ("", True)]


def test_what_is_known_loads_nothing(store: Store) -> None:
    asker(store, Recording())([request("a")])
    backend = Weighty()
    asker(store, backend)([request("a")])
    assert not backend.loaded


def test_a_request_that_is_shared_has_its_key_made_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Request] = []

    def counted(one: Request, identity: Identity) -> str:
        made.append(one)
        return request_key(one, identity)

    monkeypatch.setattr(asking, "request_key", counted)
    shared = request("a")
    answers = asker(store, Recording())([shared, request("b"), shared, shared])
    assert [answer.text for _, answer in answers] == ["a", "b", "a", "a"]
    assert len(made) == 2
