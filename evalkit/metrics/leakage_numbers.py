"""Numbers that name a person, an account or a card, found by form and proven by checksum and by who issues them.

Each finder yields (start, end) in a text whose digits and separators are ASCII already. All are linear in the text: no
pattern here has an unbounded repetition that another may share its characters with.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

Span = tuple[int, int]


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# --- checksums --------------------------------------------------------------------------------------------------------


def luhn(digits: str) -> bool:
    """The checksum of payment cards (ISO/IEC 7812-1); false for no digits."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return bool(digits) and total % 10 == 0


def iban_remainder(iban: str) -> int:
    """ISO 7064 mod 97-10 of an IBAN without separators; 1 for a valid one. Letters count as 10 to 35."""
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97


# --- payment cards ----------------------------------------------------------------------------------------------------

ISSUERS: tuple[tuple[str, int, int, frozenset[int]], ...] = (
    # name, first and last prefix, lengths
    ("Visa", 4, 4, frozenset({13, 16, 19})),
    ("Mastercard", 51, 55, frozenset({16})),
    ("Mastercard", 2221, 2720, frozenset({16})),
    ("American Express", 34, 34, frozenset({15})),
    ("American Express", 37, 37, frozenset({15})),
    ("Discover", 6011, 6011, frozenset(range(16, 20))),
    ("Discover", 644, 649, frozenset(range(16, 20))),
    ("Discover", 65, 65, frozenset(range(16, 20))),
    ("JCB", 3528, 3589, frozenset(range(16, 20))),
    ("Diners Club", 300, 305, frozenset(range(16, 20)) | {14}),
    ("Diners Club", 3095, 3095, frozenset(range(16, 20)) | {14}),
    ("Diners Club", 36, 36, frozenset(range(14, 20))),
    ("Diners Club", 38, 39, frozenset(range(16, 20)) | {14}),
    ("UnionPay", 62, 62, frozenset(range(16, 20))),
    ("Maestro", 5018, 5018, frozenset(range(12, 20))),
    ("Maestro", 5020, 5020, frozenset(range(12, 20))),
    ("Maestro", 5038, 5038, frozenset(range(12, 20))),
    ("Maestro", 5893, 5893, frozenset(range(12, 20))),
    ("Maestro", 6304, 6304, frozenset(range(12, 20))),
    ("Maestro", 6759, 6759, frozenset(range(12, 20))),
    ("Maestro", 6761, 6763, frozenset(range(12, 20))),
)
TEST_CARDS = _listed(
    """
    4111111111111111 4012888888881881 4222222222222 4242424242424242 4000056655665556 4000000000000002
    4000002500003155 4000000000009995 4012000033330026 4917610000000000 4917610000000000003 5555555555554444
    5105105105105100 5200828282828210 2223003122003222 2223000048400011 5454545454545454 378282246310005
    371449635398431 378734493671000 6011111111111117 6011000990139424 6011981111111113 30569309025904
    38520000023237 3056930009020004 36227206271667 3530111333300000 3566002020360505 6200000000000005
    6759649826438453 6799990100000000019
    """
)
"""Numbers that payment processors publish for trying things out; nobody's."""
# In print, digits stand together, in fours, as 4-6-5 or 4-6-4; a lone group of another size is a list of numbers.
_CARD = re.compile(
    r"(?<![\w.,-])(?:\d{12,19}|\d{4}(?:[ .-]\d{4}){2,3}(?:[ .-]\d{1,4})?|\d{4}[ .-]\d{6}[ .-]\d{4,5})(?![\w-]|[.,]\d)"
)


def issuer(digits: str) -> str:
    """Whose numbers begin and are as long as that; empty for nobody's."""
    for name, first, last, lengths in ISSUERS:
        if len(digits) in lengths and first <= int(digits[: len(str(first))]) <= last:
            return name
    return ""


def cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if len({mark for mark in match[0] if not mark.isdigit()}) < 2 and issuer(digits) and luhn(digits):
            yield match.span()


# --- bank accounts ----------------------------------------------------------------------------------------------------


def _lengths(listed: str) -> dict[str, int]:
    return {country: int(length) for country, _, length in (entry.partition(":") for entry in listed.split())}


IBAN_LENGTHS: Mapping[str, int] = _lengths(
    """
    AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DJ:27
    DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28 HR:21 HU:28
    IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22
    MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24
    SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30
    """
)
"""By country, as the registry of ISO 13616 lists them."""
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9])")


def ibans(text: str) -> Iterator[Span]:
    for match in _IBAN_START.finditer(text):
        length = IBAN_LENGTHS.get(match[0][:2].upper())
        end = _after_characters(text, match.start(), length) if length else None
        if end is None or (end < len(text) and text[end].isalnum()):
            continue
        if iban_remainder(re.sub(r"[ -]", "", text[match.start() : end])) == 1:
            yield match.start(), end


def _after_characters(text: str, start: int, wanted: int) -> int | None:
    """Where that many letters and digits end, single spaces or hyphens between them not counted."""
    at, found = start, 0
    while found < wanted:
        if at < len(text) and text[at] in " -" and found and text[at - 1] not in " -":
            at += 1
        if at >= len(text) or not (text[at].isascii() and text[at].isalnum()):
            return None
        at, found = at + 1, found + 1
    return at


# --- social security numbers of the United States --------------------------------------------------------------------

_SSN = re.compile(r"(?<![\w.+-])(\d{3})([- ])(\d{2})\2(\d{4})(?![\w-]|[.,]\d)")
_BARE_SSN = re.compile(r"(?<![\w.-])(\d{3})()(\d{2})(\d{4})(?![\w-]|[.,]\d)")
_SSN_SAID = re.compile(r"\b(?:ssn|social[ -]security)\b[^\n]{0,40}$", re.IGNORECASE)
PUBLISHED_SSNS = frozenset({"078051120", "219099999", "123456789", "111223333", "111111111", "222222222", "333333333"})
"""Printed on advertisements and forms, or plainly made up; nobody's."""


def ssns(text: str) -> Iterator[Span]:
    """Never issued: areas 000, 666 and 9xx, group 00, serial 0000. Without hyphens only where the text says so."""
    for pattern in (_SSN, _BARE_SSN):
        for match in pattern.finditer(text):
            area, mark, group, serial = match.groups()
            if area in {"000", "666"} or area[0] == "9" or group == "00" or serial == "0000":
                continue
            if mark != "-" and not _SSN_SAID.search(text[max(0, match.start() - 60) : match.start()]):
                continue
            if area + group + serial not in PUBLISHED_SSNS:
                yield match.span()


# --- addresses on the internet ----------------------------------------------------------------------------------------

_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_VERSION = re.compile(r"(?:\bv|versions?|release|build|section|chapter)[\s:]*$", re.IGNORECASE)
PUBLIC_SERVERS = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220"})


def addresses(text: str) -> Iterator[Span]:
    """Of machines that anybody can reach: private, reserved and documentation addresses are none."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            if _VERSION.search(text[max(0, match.start() - 12) : match.start()]):
                continue
            if _is_public(match[0]):
                yield match.span()


@lru_cache(maxsize=512)
def _is_public(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast and written not in PUBLIC_SERVERS
