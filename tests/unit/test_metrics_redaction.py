"""What is personal is taken out of an answer, and nothing else; which patterns a suite may bring."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics.leakage import KINDS
from evalkit.metrics.patterns import compiled
from evalkit.metrics.redaction import NOTHING, Redaction
from evalkit.records import Answer, FailureKind, Trace

ALL = Redaction(KINDS)
WRITTEN = [
    ("Write to jane.smith@mailbox.org today.", "Write to [email] today."),
    ("Call +44 20 7123 4567 or write to a.b@host.co.uk", "Call [phone] or write to [email]"),
    ("IBAN GB82 WEST 1234 5698 7654 32, thanks", "IBAN [iban], thanks"),
    ("Card 5555 5555 5555 4444.", "Card [card]."),
    ("It runs on 81.2.69.142.", "It runs on [ip]."),
    ("4539 1488 0343 6467 is a card", "[card] is a card"),
]
LEFT = [
    "4539 1488 0343 6468 has a wrong check digit",
    "GB82 WEST 1234 5698 7654 33 has one, too",
    "In 1914-1918, 12,345,678 people in 40 countries",
    "ISBN 978-3-16-148410-0 costs 12.50",
    "def f(x): return x @ y  # 3.14159265358979",
    "version 1.2.3, build 20240131",
]


@pytest.mark.parametrize(("said", "kept"), WRITTEN)
def test_each_kind_is_named_in_place_of_what_was_said(said: str, kept: str) -> None:
    text, counts = ALL.text(said)
    assert text == kept
    assert sum(counts.values()) == kept.count("[")


@pytest.mark.parametrize("said", LEFT)
def test_what_only_looks_like_it_stays(said: str) -> None:
    assert ALL.text(said) == (said, {})


@given(st.text(max_size=200))
def test_what_was_redacted_is_not_redacted_again(said: str) -> None:
    once, _ = ALL.text(said)
    assert ALL.text(once) == (once, {})


def test_only_what_is_asked_for_is_taken_out() -> None:
    said = "jane@mailbox.org, 81.2.69.142"
    assert Redaction(("ip",)).text(said) == ("jane@mailbox.org, [ip]", {"ip": 1})
    assert NOTHING.text(said) == (said, {})


def test_own_patterns_come_first_and_in_their_order() -> None:
    own = Redaction(("email",), {"ticket": r"TCK-\d{4,8}", "word": r"TCK-\w{1,20}"})
    assert own.text("TCK-12345 TCK-ab of x@mailbox.org") == (
        "[ticket] [word] of [email]",
        {"email": 1, "ticket": 1, "word": 1},
    )
    whole = Redaction(("email",), {"staff": r"[a-z]{1,20}@corp\.org"})
    assert whole.text("jo@corp.org, jo@mailbox.org") == ("[staff], [email]", {"email": 1, "staff": 1})


def test_reasoning_and_failures_are_redacted_and_tokens_go() -> None:
    answer = Answer("jane@mailbox.org", reasoning="I know jane@mailbox.org", tokens=("jane", "@mail"))
    kept = ALL.answer(answer)
    assert (kept.text, kept.reasoning, kept.tokens, kept.redacted) == ("[email]", "I know [email]", None, {"email": 2})
    failed = ALL.answer(Answer.failed(FailureKind.CONTENT, "refused: jane@mailbox.org"))
    assert failed.failure is not None
    assert failed.failure.message == "refused: [email]"
    plain = Answer("nothing here", tokens=("nothing", "here"))
    assert ALL.answer(plain) is plain


def test_a_trace_of_a_failure_is_redacted_as_well() -> None:
    trace = Trace("Traceback: jane@mailbox.org", "said jane@mailbox.org")
    kept = ALL.answer(Answer.failed(FailureKind.INTERNAL, "broken", trace=trace))
    assert kept.failure is not None
    assert kept.failure.trace == Trace("Traceback: [email]", "said [email]")
    assert kept.redacted == {"email": 2}


def test_very_many_matches_of_several_patterns_are_taken_out() -> None:
    many = Redaction(("email",), {"a": "a", "ab": "ab|ba", "digit": r"\d"})
    text, counts = many.text("ab1" * 30_000)
    assert text == "[a]b[digit]" * 30_000
    assert counts == {"a": 30_000, "digit": 30_000}


def test_identity_is_that_of_what_is_taken_out() -> None:
    assert NOTHING.identity == ""
    assert Redaction(("email", "ip")).identity == Redaction(("ip", "email")).identity
    different = [Redaction(("email",)), Redaction(("ip",)), Redaction((), {"a": "b"}), Redaction((), {"a": "c"})]
    assert len({one.identity for one in different}) == 4


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(a+)+b", "without an end"),
        (r"(a{1,20}){1,20}b", "too many ways"),
        (r"(a|a){1,30}b", "too many ways"),
        (r"(?:a{0,100}){0,100}b", "too many ways"),
        (r".{0,100}.{0,100}.{0,100}x", "too many ways"),
        (r"(?=(a{1,99}){1,99})b", "too many ways"),
        (r"\d*", "nothing at all"),
        (r"\d{2,}", "without an end"),
        (r"(", "no regular expression"),
        ("a" * 501, "longer than"),
        (r"(?P<x>a){1,2}(?P=x){0,300}b", "without an end"),
    ],
)
def test_a_pattern_that_could_take_for_ever_is_not_taken(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern", [r"TCK-\d{4,8}", r"\b[A-Z]{2}\d{6}\b", r"(?i)(?:mr|mrs)\.? [a-z]{1,40}", r"[^@ ]{1,64}@x"]
)
def test_an_ordinary_pattern_is_taken_as_it_is(pattern: str) -> None:
    found = compiled(pattern)
    for text in ("a" * 20_000, "A1" * 10_000, "mr " * 7_000, "TCK-" * 5_000):
        assert found.findall(text) == re.findall(pattern, text)
