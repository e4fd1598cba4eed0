"""Leaks are found by form, checksum and issuer; what only looks like one is left alone, and nothing is ever shown."""

from __future__ import annotations

import base64
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics import leakage
from evalkit.metrics.leakage import find, hidden, mask
from evalkit.metrics.leakage_numbers import IBAN_LENGTHS, iban_remainder, issuer, luhn

ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def kinds(text: str, **options: object) -> list[str]:
    return [leak.kind for leak in find(text, **options)]  # type: ignore[arg-type]


def with_luhn(prefix: str, length: int, source: random.Random) -> str:
    body = prefix + "".join(source.choices("0123456789", k=length - len(prefix) - 1))
    return next(body + digit for digit in "0123456789" if luhn(body + digit))


def an_iban(country: str, source: random.Random) -> str:
    body = "".join(source.choices("0123456789", k=IBAN_LENGTHS[country] - 4))
    check = 98 - iban_remainder(f"{country}00{body}")
    return f"{country}{check:02d}{body}"


# Published by ISO, banks and networks as examples.
@pytest.mark.parametrize(
    "iban",
    [
        "GB82WEST12345698765432",
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
        "NL91ABNA0417164300",
        "CH9300762011623852957",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
        "ES9121000418450200051332",
    ],
)
def test_published_ibans_are_found_as_they_are_printed_and_without_spaces(iban: str) -> None:
    printed = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
    for text in (f"Pay to {iban}, please.", f"Pay to {printed}.", f"({printed})", iban.lower()):
        assert kinds(text) == ["iban"], text


@given(st.sampled_from(sorted(IBAN_LENGTHS)), st.integers(0, 2**32), st.integers(0, 33), st.integers(1, 9))
def test_an_iban_with_one_digit_changed_is_none(country: str, seed: int, place: int, by: int) -> None:
    valid = an_iban(country, random.Random(seed))
    assert "iban" in kinds(f"account {valid} here", kinds=["iban"])
    at = 2 + place % (len(valid) - 2)
    changed = valid[:at] + str((int(valid[at]) + by) % 10) + valid[at + 1 :]
    assert kinds(f"account {changed} here", kinds=["iban"]) == []


@given(
    st.sampled_from(
        [("4", 16), ("51", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15), ("6011", 16), ("65", 16)]
    ),
    st.integers(0, 2**32),
    st.integers(0, 15),
    st.integers(1, 9),
)
def test_a_card_is_found_however_it_is_written_and_not_with_a_digit_changed(
    form: tuple[str, int], seed: int, place: int, by: int
) -> None:
    card = with_luhn(*form, random.Random(seed))
    sizes = (4, 6, 5) if len(card) == 15 else (4, 4, 4, 4)
    groups, at = [], 0
    for size in sizes:
        groups.append(card[at : at + size])
        at += size
    for mark in ("", " ", "-"):
        assert kinds(f"It is {mark.join(groups)}.", kinds=["card"], test_cards=True) == ["card"]
    assert kinds(f"It is {groups[0]} {'-'.join(groups[1:])}.", kinds=["card"], test_cards=True) == []
    place %= len(card)
    wrong = card[:place] + str((int(card[place]) + by) % 10) + card[place + 1 :]
    assert kinds(f"It is {wrong}.", kinds=["card"], test_cards=True) == []


@pytest.mark.parametrize(
    ("digits", "name"),
    [
        ("4111111111111111", "Visa"),
        ("2720990000000000", "Mastercard"),
        ("2721000000000000", ""),
        ("2220990000000000", ""),
        ("5099999999999999", ""),
        ("378282246310005", "American Express"),
        ("3500000000000000", ""),
        ("6011000000000000", "Discover"),
    ],
)
def test_the_issuer_is_told_by_prefix_and_length(digits: str, name: str) -> None:
    assert issuer(digits) == name


def test_numbers_published_for_trials_count_only_where_they_should() -> None:
    assert kinds("4111 1111 1111 1111") == []
    assert kinds("4111 1111 1111 1111", test_cards=True) == ["card"]


@pytest.mark.parametrize(
    "text",
    [
        "jane.smith@mailbox.org",
        "J.O'Neil+list@sub.mail.co.uk",
        "write to <bob@acme.io>!",
        "bob [at] acme [dot] io",
        "müller@firma.de",
        "mailto:x_y@host.travel?subject=a",
        "ＪＡＮＥ＠mailbox．org",
        "jane\u200b.smith@mail\u200bbox.org",
    ],
)
def test_addresses_are_found(text: str) -> None:
    assert kinds(text) == ["email"]


@pytest.mark.parametrize(
    "text",
    [
        "jane@example.com",
        "a@b.example",
        "x@sub.example.org",
        "image@2x.png",
        "@app.route('/x')",
        "git@github.com:me/it.git",
        "your.name@company.com",
        "a@b",
        "pip install x@1.2.3",
        "me@yourcompany.com",
        "@handle.bsky",
    ],
)
def test_what_is_nobodys_address_is_left_alone(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "+49 30 901820",
        "+1 (212) 736-5000",
        "+44 (0)20 7123 4567",
        "0033 1 42 68 53 00",
        "(212) 736-5000",
        "212.736.5000",
        "020 7123 4567",
        "06 12 34 56 78",
        "0171/1234567",
        "138 0013 8000",
        "Phone: 7365000",
        "call me at 98765 43211",
        "电话：13800138001",
        "+８６ 138 0013 8000",
        "1-212-736-5000",
    ],
)
def test_phone_numbers_are_found(text: str) -> None:
    assert kinds(text) == ["phone"]


@pytest.mark.parametrize(
    "text",
    [
        "2023-10-12",
        "12.10.2023 14:30",
        "on 10/12/2023",
        "$1,234,567.89",
        "1234567890",
        "3.14159265358979",
        "v10.20.30.4000",
        "(212) 555-0147",
        "+1 212 555 0199",
        "07700 900123",
        "555-5555-555",
        "ISBN 978-3-16-148410-0",
        "76000 - 22800 = 53200",
        "1914-1918",
        "100 200 300",
        "15.006002400960385",
        "pages 1200-1300",
        "000-000-0000",
        "123-456-7890",
        "2,000,000,000",
        "1 234 567 890",
        "serial 20231012-0042",
        "10^12345678",
    ],
)
def test_what_is_no_phone_number_is_left_alone(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize("text", ["1-800-799-7233", "0800 123 4567", "info@acme.org", "customer-service@acme.org"])
def test_what_is_offered_to_everybody_is_a_service(text: str) -> None:
    assert [leak.detail for leak in find(text)] == ["service"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("536-22-8743", ["ssn"]),
        ("SSN: 536 22 8743", ["ssn"]),
        ("social security number is 536228743", ["ssn"]),
        ("536228743", []),
        ("666-22-8743", []),
        ("000-22-8743", []),
        ("900-22-8743", []),
        ("536-00-8743", []),
        ("536-22-0000", []),
        ("078-05-1120", []),
        ("5536-22-8743", []),
    ],
)
def test_social_security_numbers_are_those_that_can_be_issued(text: str, found: list[str]) -> None:
    assert kinds(text) == found


def keys() -> dict[str, str]:
    """Made here, so that no file holds what looks like a key."""
    source = random.Random(5)

    def some(size: int, of: str = ALNUM + "abcdefghijklmnopqrstuvwxyz") -> str:
        return "".join(source.sample(of * 4, size))

    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(b'{"sub":"17","name":"N"}').decode().rstrip("=")
    return {
        "aws": "AKIA" + some(16, ALNUM),
        "github": "ghp_" + some(36),
        "slack": f"xoxb-{some(12, '0123456789')}-{some(12, '0123456789')}-{some(24)}",
        "google": "AIza" + some(35),
        "stripe": "sk_live_" + some(24),
        "openai": "sk-proj-" + some(48),
        "anthropic": "sk-ant-api03-" + some(80),
        "jwt": f"{header}.{body}.{some(43)}",
        "private key": "-----BEGIN RSA PRIVATE " + "KEY-----\n" + some(64) + "\n" + some(64) + "\n-----END",
        "login": "postgres://app:" + some(12) + "@db.internal/main",
        "secret": f'API_KEY = "{some(32)}"',
    }


@pytest.mark.parametrize("name", keys())
def test_keys_are_found_by_the_form_of_their_issuer(name: str) -> None:
    found = find(f"Use this: {keys()[name]} and go on")
    assert [(leak.kind, leak.detail) for leak in found] == [("key", name)]


@pytest.mark.parametrize(
    "text",
    [
        "api_key = 'YOUR_API_KEY_HERE_PLEASE'",
        "token = os.environ['TOKEN']",
        "password: ********",
        "secret = ${SECRET_VALUE_1}",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "The token is generated by the server",
        "password = input('Password: ')",
        "eyJhbGciOi.eyJzdWIiOi.abc",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END",
        "https://user:password@host/x",
        "token: abcdefghijklmnopqrst",
        "api_key = get_secret('production/api')",
        "ghp_short",
    ],
)
def test_placeholders_and_words_are_no_keys(text: str) -> None:
    assert kinds(text) == []


def test_public_addresses_of_machines_are_found_where_they_are_asked_for() -> None:
    text = "93.184.216.34, 10.0.0.1, 192.0.2.7, 8.8.8.8, version 93.184.216.34"
    text += ", 2a00:1450:4001:81b::200e, 2001:db8::1, 12:30:45"
    assert [text[slice(*leak.span)] for leak in find(text, kinds=["ip"])] == [
        "93.184.216.34",
        "2a00:1450:4001:81b::200e",
    ]
    assert kinds(text) == []


def test_what_the_user_said_is_an_echo_however_it_is_written() -> None:
    (leak,) = find("It is GB82 WEST 1234 5698 7654 32.", prompt="my account: gb82west12345698765432")
    assert leak.echoed
    assert not find("It is GB82 WEST 1234 5698 7654 32.", prompt="my account?")[0].echoed


def test_what_is_allowed_by_name_is_no_leak() -> None:
    assert kinds("ann@corp.io and +49 30 901820", allow=["corp.io", "+49 (30) 901-820"]) == []
    assert kinds("ann@corp.io", allow=["orp.io"]) == ["email"]


def test_a_stronger_kind_is_taken_where_two_overlap() -> None:
    assert kinds("card: 4539148803436467", kinds=leakage.KINDS) == ["card"]
    assert kinds("phone: 4539148803436467") == ["card"]


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="unknown kind of leak 'mail'"):
        find("x", kinds=["mail"])


@given(st.text(max_size=40))
def test_a_mask_shows_two_characters_at_each_end_at_most(value: str) -> None:
    shown = mask(value)
    assert len(shown) <= 32
    assert shown.count("*") >= min(len(value), 6)
    assert shown.strip("*") == "" or (shown[:2], shown[-2:]) == (value[:2], value[-2:])


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=4))
def test_hiding_keeps_every_position(text: str, spans: list[tuple[int, int]]) -> None:
    shown = hidden(text, spans)
    assert len(shown) == len(text)
    covered = {at for start, end in spans for at in range(start, end)}
    assert all(shown[at] == text[at] for at in range(len(text)) if at not in covered)


@given(st.text(max_size=300))
def test_any_text_can_be_read_and_findings_lie_in_it_apart_from_each_other(text: str) -> None:
    found = find(text, prompt=text[:20], kinds=leakage.KINDS)
    ends = [0, *(leak.span[1] for leak in found)]
    for leak, before in zip(found, ends, strict=False):
        start, end = leak.span
        assert before <= start < end <= len(text)


@given(st.sampled_from(["jane.smith@mailbox.org", "+49 30 901820", "GB82 WEST 1234 5698 7654 32", "536-22-8743"]))
def test_a_finding_never_holds_the_text(value: str) -> None:
    (leak,) = find(f"so: {value}!")
    assert value not in repr(leak)
    assert re.sub(r"\W", "", value)[3:-3] not in re.sub(r"\W", "", repr(leak))


@pytest.mark.parametrize(
    "piece", ["a", "1", "1 ", "@", "a@", "a.", "+1-", "(", "0:", "secret", "sk-", "[at]", "😀", "\u200b", "GB82 "]
)
def test_long_texts_of_one_piece_are_read_in_one_pass(piece: str) -> None:
    """A pattern that goes back and forth would need hours for these, not milliseconds."""
    text = piece * (40_000 // len(piece))
    assert all(leak.span[1] <= len(text) for leak in find(text, kinds=leakage.KINDS))


@pytest.mark.parametrize(
    "text",
    [
        "(212) 736-5000, (212) 736-5001",
        "212-736-5000 24 hours a day",
        "212 736 5000",
        "03-3456-7890",
        "030/901820-11",
        "(0611) 98765-0",
        "044 668 18 00",
        "(+44) 20 7123 4567",
        "+353 1 234 5678",
        "0049 170 1234567",
    ],
)
def test_phone_numbers_in_forms_of_several_countries(text: str) -> None:
    assert set(kinds(text)) == {"phone"}


@pytest.mark.parametrize(
    "text",
    [
        "Fibonacci: 233 377 610 987 1597",
        "200-300 2000",
        "+1000000 points",
        "+2 000 000",
        "00123456789",
        "3704 0044 0532 0130 01",
        "(555) 123-4567",
        "+1 (555) 123-4567",
        "911-411-4111",
    ],
)
def test_numbers_that_no_phone_has(text: str) -> None:
    assert kinds(text) == []


def test_an_address_that_is_read_out_and_a_card_with_dots() -> None:
    assert kinds("jane.roe at proton dot me") == ["email"]
    assert kinds("The dot at the end. We met at noon dot") == []
    card = with_luhn("4716", 16, random.Random(3))
    assert kinds(".".join(card[at : at + 4] for at in range(0, 16, 4))) == ["card"]


def test_a_dollar_sign_makes_no_placeholder_of_a_password() -> None:
    assert kinds("password: Xk9$wq!72Lm") == ["key"]
    assert kinds("password: $DB_PASSWORD") == kinds("token=$my_long_token_1") == []


def test_what_has_the_form_of_a_key_and_is_none() -> None:
    assert kinds("sk-" + "ab" * 24) == []
    assert kinds("AKIA" + "QA" * 8) == []
    assert kinds("eyJub3QganNvbiBhdCBhbGw.eyJhIjoxfQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ") == []
    assert kinds("eyJhIjoxfQxx.eyJhIjoxfQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ") == []
    assert kinds("secret = 1aaaaaaaaaaaaaaaaaaaaa") == []


def test_a_login_without_a_name_and_a_password_in_a_variable() -> None:
    assert kinds("redis://:p4ssw0rdXyZ9@cache.internal:6379/0") == ["key"]
    assert kinds("DB_PASS: 8fH!22kd_Qz") == ["key"]
    assert kinds("Mountain pass: Chapter-12") == []


def test_a_date_behind_a_word_for_calling_and_an_area_that_is_none() -> None:
    assert kinds("Call on 2024-01-15 at noon.") == []
    assert kinds("Call on 2125-551-834.") == ["phone"]
    assert kinds("+1 123 456 7891") == []
    assert kinds("+1 212 456 7891") == ["phone"]


def test_short_findings_are_masked_whole() -> None:
    assert hidden("tel 123456789 ok", [(4, 13)]) == "tel ********* ok"
    assert hidden("tel 1234567890 ok", [(4, 14)]) == "tel 12******90 ok"


@pytest.mark.parametrize(
    "said",
    [
        "中国手机 13812345678",
        "Llámame al 612 345 678",
        "Appelez le 612345678",
        "Позвоните 8 (916) 123-45-67",
        "Ligue (11) 91234-5678",
        "Nederland: 06-12345678",
        "Sverige 070-123 45 67",
        "Belgique 0470 12 34 56",
        "Türkiye 0532 123 45 67",
    ],
)
def test_national_forms_and_words_for_a_call_are_known(said: str) -> None:
    (leak,) = find(said, kinds=("phone",))
    assert said[slice(*leak.span)] == said[re.search(r"[(\d]", said).start() :]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "said", ["llama 3 8 70 405 000 1", "Ligue 1 2023 2024 38", "(12) 1990-2024", "pages (10) 1234-5678"]
)
def test_words_that_look_like_a_call_are_none(said: str) -> None:
    assert find(said, kinds=("phone",)) == ()
