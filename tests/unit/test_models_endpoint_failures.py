"""What bad answers mean: kinds, what is shown of them, and when to come back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.endpoint.failures import Reply, parse_retry_after, shown, trouble_of
from evalkit.models.endpoint.plain import NoConnection
from evalkit.models.endpoint.target import make_target
from evalkit.models.endpoint.transport import no_connection
from evalkit.models.endpoint.wire import error_text, request_seed
from evalkit.models.reference import ModelSettings, parse_reference
from evalkit.records import Decoding, FailureKind

NOW = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("Sat, 21 Nov 2026 09:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 09:00:30 -0000", 30.0),
        ("Sat, 21 Nov 2026 08:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("\u0661\u0662", None),
        ("Sat, 21 Nov 99999999999999999999 08:00:00 GMT", None),
        ("Sat, 21 Nov 2026 08:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(
    st.lists(st.sampled_from(["Sat,", "21", "Nov", "2026", "09:00:30", "GMT", "+", "-", "9" * 20, "0", ":", ",", " "]))
)
def test_whatever_a_server_says_of_when_to_come_back_is_a_wait_or_nothing(words: list[str]) -> None:
    assert (parse_retry_after(" ".join(words), NOW) or 0.0) >= 0.0


@given(st.text("ab \n\t\x00\x1b\x7f\u202e\u2028é漢", max_size=2000))
def test_what_is_shown_of_a_server_is_short_and_printable(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 200


NAMES = st.sampled_from(["error", "message", "detail", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_any_error_object_has_a_text(error: Any) -> None:
    assert isinstance(error_text(error), str)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"error": {"message": "m", "type": "t"}}, "m"),
        ({"error": "plain"}, "plain"),
        ({"detail": [{"msg": "field required", "loc": ["x"]}]}, "field required"),
        ({"message": "", "detail": "d"}, "d"),
        ({"code": 5}, "an error without a message"),
    ],
)
def test_the_sentence_is_found_in_the_usual_places(error: Any, text: str) -> None:
    assert error_text(error) == text


def reply(status: int, data: bytes = b"", **fields: str) -> Reply:
    whole = {"content_type": "application/json", "location": "", "retry_after": ""} | fields
    return Reply(status, data=data, **whole)


@pytest.mark.parametrize(
    ("status", "kind", "retry", "for_all"),
    [
        (301, FailureKind.CONFIGURATION, False, True),
        (400, FailureKind.CONFIGURATION, False, False),
        (401, FailureKind.AUTHENTICATION, False, True),
        (403, FailureKind.AUTHENTICATION, False, True),
        (404, FailureKind.CONFIGURATION, False, True),
        (408, FailureKind.TIMEOUT, True, False),
        (409, FailureKind.NETWORK, True, False),
        (413, FailureKind.TOO_LONG, False, False),
        (422, FailureKind.CONFIGURATION, False, False),
        (425, FailureKind.NETWORK, True, False),
        (429, FailureKind.RATE_LIMIT, True, False),
        (500, FailureKind.SERVER, True, False),
        (504, FailureKind.TIMEOUT, True, False),
    ],
)
def test_each_status_has_its_meaning(status: int, kind: FailureKind, retry: bool, for_all: bool) -> None:
    trouble = trouble_of(reply(status), key_hint="", url="http://h/v1")
    assert trouble is not None
    assert (trouble.kind, trouble.retry, trouble.later, trouble.for_all) == (kind, retry, retry, for_all)


def test_good_statuses_are_no_trouble() -> None:
    assert trouble_of(reply(200), key_hint="", url="") is None


def test_a_content_filter_is_named_as_content() -> None:
    data = b'{"error": {"message": "filtered", "code": "content_filter"}}'
    trouble = trouble_of(reply(400, data), key_hint="", url="")
    assert trouble is not None
    assert trouble.kind is FailureKind.CONTENT


def test_pages_and_odd_redirects_are_described_not_quoted() -> None:
    page = trouble_of(reply(502, b"<!doctype html><b>", content_type="text/html"), key_hint="", url="")
    assert page is not None
    assert page.message == "HTTP 502: a web page"
    for location, described in (
        ("", "without saying where"),
        ("http://[bad", "without saying where"),
        ("/login", "/login"),
    ):
        moved = trouble_of(reply(302, location=location), key_hint="", url="")
        assert moved is not None
        assert described in moved.message


def test_seeds_of_repetitions_are_stable_and_apart() -> None:
    sampled = Decoding(temperature=0.5, seed=1)
    seeds = [request_seed(sampled, attempt) for attempt in range(20)]
    assert seeds[0] == 1
    assert len(set(seeds)) == 20
    assert seeds == [request_seed(sampled, attempt) for attempt in range(20)]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert {request_seed(Decoding(seed=4), attempt) for attempt in range(5)} == {4}


@pytest.mark.parametrize(
    ("said", "message", "for_all"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "the certificate of h is not trusted", True),
        ("[SSL] record layer failure", "h does not speak TLS", True),
        ("[Errno -2] Name or service not known", "the host name of h is not known", False),
        ("[Errno -3] Temporary failure in name resolution", "the host name of h is not known", False),
        ("[Errno 111] Connection refused", "nothing listens at h", False),
        ("All connection attempts failed", "nothing listens at h", False),
        ("", "h broke off while the encryption was set up", False),
    ],
)
def test_why_there_is_no_connection(said: str, message: str, for_all: bool) -> None:
    target = make_target(parse_reference("https://h/v1?model=m"), ModelSettings())
    trouble = no_connection(target, NoConnection(said))
    assert (trouble.message, trouble.for_all, trouble.unreachable) == (message, for_all, True)


def test_a_connection_that_is_not_made_in_time_is_a_time_out_and_tried_again() -> None:
    target = make_target(parse_reference("https://h/v1?model=m"), ModelSettings())
    trouble = no_connection(target, NoConnection("", timed_out=True))
    assert (trouble.kind, trouble.message) == (FailureKind.TIMEOUT, "no connection to h in time")
    assert (trouble.retry, trouble.unreachable, trouble.crowded) == (True, True, False)
