"""Failures that may pass are asked again, with waits that grow; the rest come out as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.records import Answer, FailureKind, Generate, Message, Request
from evalkit.runner.again import BACKOFF, RETRIES, asked_again


def question(text: str) -> Request:
    return Request(Generate((Message("user", text),)))


def text_of(request: Request) -> str:
    assert isinstance(request.ask, Generate)
    return request.ask.messages[0].content


class Moody:
    """Fails each request as often as its number says, in the way that was chosen."""

    def __init__(self, kind: FailureKind, *, retryable: bool = True) -> None:
        self.kind, self.retryable = kind, retryable
        self.asked: list[list[str]] = []

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        self.asked.append([text_of(request) for request in requests])
        for position, request in enumerate(requests):
            text = text_of(request)
            times = sum(text in one for one in self.asked)
            if times <= int(text[-1]):
                yield position, Answer.failed(self.kind, "moody", retryable=self.retryable)
            else:
                yield position, Answer(text)

    def close(self) -> None:
        """Nothing is open."""


def asked(session: Moody, *texts: str, going_on: bool = True) -> tuple[dict[int, Answer], list[float]]:
    waits: list[float] = []
    found = list(asked_again(session.ask, [question(text) for text in texts], lambda: going_on, waits.append))
    assert sorted(position for position, _ in found) == list(range(len(texts)))
    return dict(found), waits


def test_what_passes_is_answered_and_only_what_failed_is_asked_again() -> None:
    session = Moody(FailureKind.NETWORK)
    found, waits = asked(session, "a0", "b1", "c2", "d0")
    assert [found[place].text for place in range(4)] == ["a0", "b1", "c2", "d0"]
    assert session.asked == [["a0", "b1", "c2", "d0"], ["b1", "c2"], ["c2"]]
    assert len(waits) == RETRIES
    assert all(BACKOFF * 2**n / 2 <= wait <= BACKOFF * 2**n for n, wait in enumerate(waits))


def test_what_does_not_pass_fails_once_and_says_how_often_it_was_tried() -> None:
    failure = asked(Moody(FailureKind.TIMEOUT), "a9")[0][0].failure
    assert failure is not None
    assert (failure.kind, failure.tries) == (FailureKind.TIMEOUT, RETRIES + 1)


def test_what_lacked_memory_is_asked_alone() -> None:
    session = Moody(FailureKind.OUT_OF_MEMORY)
    found, _ = asked(session, "a1", "b1")
    assert [found[place].text for place in range(2)] == ["a1", "b1"]
    assert session.asked == [["a1", "b1"], ["a1"], ["b1"]]


def test_other_failures_and_those_that_say_so_are_not_asked_again() -> None:
    for session in (Moody(FailureKind.CONTENT), Moody(FailureKind.NETWORK, retryable=False)):
        found, waits = asked(session, "a1", "b0")
        assert found[0].failure is not None
        assert found[0].failure.tries == 1
        assert (len(session.asked), waits) == (1, [])


def test_a_run_that_ends_asks_nothing_again() -> None:
    session = Moody(FailureKind.NETWORK)
    assert asked(session, "a1", going_on=False)[0][0].failure is not None
    assert len(session.asked) == 1
