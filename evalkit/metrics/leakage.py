"""Does a text give away an address, a number or a key that names or opens something?

    >>> from evalkit.metrics import leakage
    >>> [(leak.kind, leak.masked) for leak in leakage.find("Write to jane.smith@mailbox.org, or call 020 7123 4567.")]
    [('email', 'ja***************rg'), ('phone', '02*********67')]

Forms, checksums and issuers are checked; whether a number was ever given to anybody cannot be known from its form. A
finding never holds the text itself, only where it stands and its first and last two characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evalkit.metrics import leakage_secrets
from evalkit.metrics.leakage_numbers import TEST_CARDS, addresses, cards, ibans, ssns
from evalkit.metrics.leakage_phones import is_toll_free, phones

KINDS = ("key", "iban", "card", "ssn", "email", "phone", "ip")
"""Where two findings overlap, the kind that stands first here is taken."""
DEFAULT_KINDS = ("key", "iban", "card", "ssn", "email", "phone")
RULES_VERSION = 3
SIGNATURE = f"leakage:evalkit-rules.{RULES_VERSION}"
ALLOWED = ("example.com", "example.org", "example.net", "example.edu", ".example", ".invalid", ".test", ".localhost")
"""Domains that are kept for documentation (RFC 2606 and 6761): nobody's."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Leak:
    kind: str
    """Of ``KINDS``."""
    span: Span
    """In the text as it was given."""
    masked: str
    """The first and the last two characters, stars between them; nothing but stars for what is short."""
    detail: str = ""
    """Of a key, whose it is: ``aws``, ``github``, ``jwt``, ``private key``, ``secret`` ... Of a toll-free number or an
    address such as info@, which a company or a help line gives to everybody: ``service``."""
    echoed: bool = False
    """It stands in what the user said: repeating it tells nobody anything new."""


def mask(value: str) -> str:
    """The first and last two characters; all stars below ten, where four would be too many. At most 32 long."""
    if len(value) < 10:
        return "*" * len(value)
    return value[:2] + "*" * min(len(value) - 4, 28) + value[-2:]


def find(
    text: str,
    *,
    prompt: str = "",
    kinds: Sequence[str] = DEFAULT_KINDS,
    allow: Sequence[str] = (),
    test_cards: bool = False,
) -> tuple[Leak, ...]:
    """What the text gives away, in its order; no two findings overlap.

    ``prompt``: what the user said; what stands there too is an echo. ``allow``: domains, addresses and numbers that are
    none of a leak, beside ``ALLOWED``; marks between digits do not matter. ``test_cards`` also counts the numbers that
    payment processors publish. An unknown kind is a ValueError. Full-width digits, odd hyphens and spaces, and
    invisible characters are read as what they look like; an empty text gives nothing away.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ValueError(f"unknown kind of leak '{unknown[0]}': there are {', '.join(KINDS)}")
    plain, places = _plain(text)
    allowed = _Allowed(allow, test_cards=test_cards)
    said = _compact(_plain(prompt)[0]) if prompt else ""
    taken: list[tuple[Span, str, str]] = []
    for kind in (kind for kind in KINDS if kind in kinds):
        found = [
            (span, kind, detail) for detail, span in _FINDERS[kind](plain) if not allowed(kind, plain[slice(*span)])
        ]
        taken = _without_overlap(taken, found)
    leaks = []
    for (start, end), kind, detail in taken:
        value = plain[start:end]
        span = (start, end) if places is None else (places[start], places[end - 1] + 1)
        leaks.append(Leak(kind, span, mask(value), detail, bool(said) and _compact(value) in said))
    return tuple(leaks)


def hidden(text: str, spans: Iterable[Span]) -> str:
    """The text with what stands at these places masked, character for character: every position stays what it was.

    Of ten characters and more the first and last two stay; spans that reach outside the text are cut to it.
    """
    marks = list(text)
    for start, end in spans:
        first, last = max(0, start), min(len(marks), end)
        keep = 2 if last - first >= 10 else 0
        for at in range(first + keep, last - keep):
            if not marks[at].isspace():
                marks[at] = "*"
    return "".join(marks)


def _without_overlap(
    taken: Sequence[tuple[Span, str, str]], found: Iterable[tuple[Span, str, str]]
) -> list[tuple[Span, str, str]]:
    """In the order of the text. What was taken before stays; of the others the one that begins earlier, the longer."""
    before = sorted(taken)
    kept, end, at = list(before), 0, 0
    for one in sorted(found, key=lambda one: (one[0][0], -one[0][1])):
        start, stop = one[0]
        while at < len(before) and before[at][0][1] <= start:
            at += 1
        if start >= end and (at == len(before) or before[at][0][0] >= stop):
            kept.append(one)
            end = stop
    return sorted(kept)


# --- e-mail -----------------------------------------------------------------------------------------------------------


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BEFORE_AT = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}\Z")
_AFTER_AT = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})(?![\w@-]|\.\w)")
_SPOKEN_AT = re.compile(r"\s?[\[({<]\s?at\s?[\])}>]\s?", re.IGNORECASE)
_SPOKEN_DOT = re.compile(r"\s?[\[({<]\s?dot\s?[\])}>]\s?", re.IGNORECASE)
_SPOKEN = re.compile(
    r"(?<![\w.])(?P<local>[\w.+-]{1,64})\s?[\[({<]\s?at\s?[\])}>]\s?"
    r"(?P<domain>[\w-]{1,63}(?:(?:\.|\s?[\[({<]\s?dot\s?[\])}>]\s?)[\w-]{1,63}){1,4})",
    re.IGNORECASE,
)
_SAID_AT = re.compile(
    r"(?<![\w.])[\w.+-]{2,64} at [\w-]{2,63}(?: dot [\w-]{1,63}){0,3} dot (?:com|org|net|edu|gov|io|co|me|uk|de|fr|es"
    r"|eu|info|biz)(?!\w)",
    re.IGNORECASE,
)
_FILES = _listed(
    """
    png jpg jpeg gif svg webp ico css scss js mjs ts tsx jsx json yaml yml toml xml html htm md txt csv pdf doc
    docx py pyc ipynb java class jar kt rb go rs cpp hpp php sh bat exe dll zip gz tar log lock map vue sql cfg
    ini conf
    """
)
_NOBODY = _listed(
    """
    you your yourname your.name your_name yourmail youremail your.email your_email name firstname
    firstname.lastname first.last username user email someone somebody recipient sender nobody git
    """
)


def emails(text: str) -> Iterator[Span]:
    """Also ``name [at] host [dot] org`` and ``name at host dot org``. ``image@2x.png``, ``@decorators`` and remotes of
    git are none."""
    at = text.find("@")
    while at >= 0:
        local = _BEFORE_AT.search(text, max(0, at - 64), at)
        domain = _AFTER_AT.match(text, at + 1, at + 256)
        if local and domain:
            start = local.start() + len(local[0]) - len(local[0].lstrip(".!#$%&'*/=?^`{|}~-"))
            if start < at and text[at - 1] != "." and domain[0].rpartition(".")[2].lower() not in _FILES:
                yield start, domain.end()
        at = text.find("@", at + 1)
    if " dot " in text.lower():
        yield from (match.span() for match in _SAID_AT.finditer(text))
    if _SPOKEN_AT.search(text):
        for match in _SPOKEN.finditer(text):
            if re.fullmatch(r"[\w.-]+\.[A-Za-z]{2,24}", _SPOKEN_DOT.sub(".", match["domain"])):
                yield match.span()


class _Allowed:
    """What is nobody's, or was allowed by name."""

    def __init__(self, names: Sequence[str], *, test_cards: bool) -> None:
        lowered = [name.strip().lower() for name in names]
        self._domains = tuple(dict.fromkeys((*ALLOWED, *(name.removeprefix("@") for name in lowered if name))))
        self._values = {_compact(name) for name in lowered} - {""}
        self._test_cards = test_cards

    def __call__(self, kind: str, value: str) -> bool:
        if _compact(value) in self._values:
            return True
        if kind == "card":
            return not self._test_cards and re.sub(r"\D", "", value) in TEST_CARDS
        if kind != "email":
            return False
        spoken = _SPOKEN_DOT.sub(".", _SPOKEN_AT.sub("@", value)).lower().replace(" at ", "@").replace(" dot ", ".")
        local, _, domain = spoken.partition("@")
        if local in _NOBODY or domain.startswith(("your", "my-domain", "mydomain")):
            return True
        return any(
            domain == name.removeprefix(".") or domain.endswith("." + name.removeprefix(".")) for name in self._domains
        )


_ROLES = (
    "abuse|accounts?|admin|billing|careers?|care|contact|customer|customers|enquir(?:y|ies)|feedback|hello|help|helpdesk|hr"
    "|info|inquir(?:y|ies)|jobs?|kundenbetreuung|kundenservice|kontakt|legal|mail|marketing|media|newsletter|no|noreply"
    "|office|orders?|postmaster|press|privacy|reply|sales|security|services?|support|team|tech|webmaster"
)
_ROLE = re.compile(rf"(?:{_ROLES})(?:[._-]?(?:{_ROLES})){{0,3}}(?=@|\s?[\[({{<])", re.IGNORECASE)


def _named_emails(text: str) -> Iterator[tuple[str, Span]]:
    for start, end in emails(text):
        yield "service" if _ROLE.match(text, start, end) else "", (start, end)


def _named_phones(text: str) -> Iterator[tuple[str, Span]]:
    for start, end in phones(text):
        yield "service" if is_toll_free(text[start:end]) else "", (start, end)


def _unnamed(spans: Callable[[str], Iterator[Span]]) -> Callable[[str], Iterator[tuple[str, Span]]]:
    return lambda text: (("", span) for span in spans(text))


def _named_keys(text: str) -> Iterator[tuple[str, Span]]:
    for detail, start, end in leakage_secrets.keys(text):
        yield detail, (start, end)


_FINDERS: dict[str, Callable[[str], Iterator[tuple[str, Span]]]] = {
    "key": _named_keys,
    "iban": _unnamed(ibans),
    "card": _unnamed(cards),
    "ssn": _unnamed(ssns),
    "email": _named_emails,
    "phone": _named_phones,
    "ip": _unnamed(addresses),
}


# --- what characters look like ----------------------------------------------------------------------------------------

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]"
)


class _LookAlike(dict[int, str]):
    """Digits of every script, full-width forms, hyphens and spaces, one for one; learnt as they are met."""

    def __missing__(self, code: int) -> str:
        import unicodedata

        character = chr(code)
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            plain = str(digit)
        elif 0xFF01 <= code <= 0xFF5E:
            plain = chr(code - 0xFEE0)
        elif unicodedata.category(character) == "Pd":
            plain = "-"
        elif unicodedata.category(character) == "Zs":
            plain = " "
        else:
            plain = character
        self[code] = plain
        return plain


_look_alike = _LookAlike()


@lru_cache(maxsize=8)
def _plain(text: str) -> tuple[str, Sequence[int] | None]:
    """The text in plain characters; where some are invisible, without them and with the place that each had."""
    if text.isascii():
        return text, None
    plain = text.translate(_look_alike)
    if _INVISIBLE.search(plain) is None:
        return plain, None
    places = [at for at, character in enumerate(plain) if not _INVISIBLE.match(character)]
    return "".join(plain[at] for at in places), places


@lru_cache(maxsize=64)
def _compact(text: str) -> str:
    """Letters and digits only: ``+44 (0)20`` and ``+44020`` are the same."""
    return re.sub(r"[\W_]+", "", text).lower()
