"""Phone numbers: the international form, national forms that cannot be much else, and what a text calls a number.

A bare run of digits is no phone number: it may be a count, a year, a price, an id. It is one after a word such as
"phone" or "call", or in a form that a country's numbering plan makes its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LONGEST, _SHORTEST = 15, 7  # digits, by E.164; shorter ones are extensions and short codes
_COUNTRY_CODES = _listed(
    """
    1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82
    84 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234
    235 236 237 238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262
    263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374
    375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591
    592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690
    691 692 800 808 850 852 853 855 856 870 880 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972
    973 974 975 976 977 979 992 993 994 995 996 998
    """
)
_NOT_AFTER = r"(?<![\w.,$€£¥#/=-])"
_NOT_BEFORE = r"(?![\w%-]|[.,/]\d|:\d)"
_INTERNATIONAL = re.compile(
    r"(?<![\w+$€£.,-])(?:\(\+[1-9]\d{0,2}\)|(?:\+|(?<!\d )00)[1-9])(?:[ ().\-/]{0,3}\d){6,14}" + _NOT_BEFORE
)
_NORTH_AMERICAN = re.compile(
    _NOT_AFTER + r"(?:1[ .-])?(?:\([2-9][0-8]\d\)[ .-]?(?!\d11)[2-9]\d{2}[ .-]|[2-9][0-8]\d([.-])(?!\d11)[2-9]\d{2}\1"
    r"|(?<!\d )(?<!\d, )[2-9](?:0[1-9]|[1-8]\d) (?!\d11)[2-9]\d{2} (?=\d{4}(?!,? \d)))\d{4}" + _NOT_BEFORE
)
"""With spaces alone, further digits on either side make a list of numbers of it."""
_NATIONAL = re.compile(
    _NOT_AFTER + r"(?:"
    r"0[1-9](?:[ .-]\d{2}){4}"  # France and others: five pairs
    r"|\(?0[1-9]\d{1,3}\)?[ -]\d{3,5}[ -]\d{3,4}"  # United Kingdom, Japan, Korea, Germany
    r"|\(?0\d{2,4}\)? ?[/-] ?\d{5,8}(?:-\d{1,4})?"  # Germany, Austria, Italy
    r"|\(0[1-9]\d{1,3}\) ?\d{4,8}(?:-\d{1,4})?"
    r"|0[1-9]\d{1,3} \d{6,8}"
    r"|0[1-9]-\d{4}-\d{4}"  # Japan
    r"|0[1-9]\d \d{3} \d{2} \d{2}"  # Switzerland
    r"|\(0[2-8]\) \d{4} \d{4}"  # Australia
    r"|0[1-9]\d{1,2}[ -]\d{2,3}[ -]\d{2}[ -]\d{2}"  # Sweden, Belgium, Turkey
    r"|06[ -]\d{8}"  # Dutch mobiles
    r"|8[ -]?\(\d{3}\)[ -]?\d{3}-\d{2}-\d{2}"  # Russia
    r"|\([1-9]\d\) ?9\d{4}-\d{4}"  # Brazilian mobiles
    r"|1[3-9]\d[ -]\d{4}[ -]\d{4}"  # Chinese mobiles
    r")" + _NOT_BEFORE
)
_SAID = re.compile(
    r"(?:电话|電話|手机(?:号码)?|(?<![^\W_])(?:(?:tele|cell|mobile )?phone(?: number)?|tel|cell|mobile(?: number)?"
    r"|call(?: (?:me|us|him|her|them))?|fax|whatsapp|sms|text (?:me|us|him|her)|telefon(?:nummer)?"
    r"|handy(?:nummer)?|t[eé]l[eé]fono?|t[eé]l[eé]phone|m[oó]vil|celular"
    r"|ll[aá]m[ae](?:me|r|d)? al|appelez(?:-moi)?|ligue para|позвоните|телефон|тел))"
    r"(?: (?:is|at|on|number|no\.?|au|le)){0,3}(?:[ :.=#-]|：|是){1,3}"
    r"(?P<number>\(?\d(?:[ ().\-/]{0,2}\d){6,14})" + _NOT_BEFORE,
    re.IGNORECASE,
)
_TOLL_FREE = re.compile(r"1?8(?:00|33|44|55|66|77|88)\d{7}|800\d{8}|(?:44|33|49|39|34|61|41|43|31|32)?0?800\d{5,8}")
_AREA = re.compile(r"1[2-9][0-8]\d[2-9]|[2-9]")
"""After the country code 1 an area of North America; elsewhere plans differ."""
_DATE = re.compile(r"(?:19|20)\d\d[-./ ][01]?\d[-./ ][0-3]?\d|[0-3]?\d[-./ ][01]?\d[-./ ](?:19|20)\d\d")
_FICTION = re.compile(
    r"(?:1?[2-9]\d\d)?55501\d\d|1?555\d{7}"  # North America: 555-0100 to 555-0199; 555 is nobody's area
    r"|(?:44|0)20794609\d\d|(?:44|0)20794(?:60)\d{3}|(?:44|0)(?:113|114|115|116|117|118|121|131|141|151|161)4960\d{3}"
    r"|(?:44|0)1632960\d{3}|(?:44|0)7700900\d{3}|(?:44|0)8081570\d{3}|(?:44|0)9098790\d{3}"  # United Kingdom, for drama
    r"|(?:61|0)[2378]5550\d{4}|(?:61|0)[2378]7010\d{4}|(?:61|0)491570\d{3}"  # Australia, for fiction
)


def phones(text: str) -> Iterator[Span]:
    """Numbers kept for fiction (555-01xx, the British drama ranges) and numbers of one digit are nobody's."""
    for pattern in (_INTERNATIONAL, _NORTH_AMERICAN, _NATIONAL, _SAID):
        for match in pattern.finditer(text):
            start, end = match.span("number") if pattern is _SAID else match.span()
            if _is_number(text[start:end], international=pattern is _INTERNATIONAL):
                yield start, end


def is_toll_free(written: str) -> bool:
    """A number that a company or a help line gives to everybody."""
    return _TOLL_FREE.fullmatch(re.sub(r"^00|\D", "", written)) is not None


def _is_number(written: str, *, international: bool) -> bool:
    digits = re.sub(r"\D", "", written)
    if international:
        if written.startswith("00"):
            digits = digits[2:]
        if not any(digits[:size] in _COUNTRY_CODES for size in (1, 2, 3)):
            return False
        digits = re.sub(r"^(\d{1,3}?)\(?0\)", r"\1", digits)
        if (digits[0] in "17" and len(digits) != 11) or not _AREA.match(digits):
            return False
    if not _SHORTEST <= len(digits) <= _LONGEST or written.count("(") != written.count(")"):
        return False
    made_up = len(set(digits[-6:])) == 1 or digits[-10:] in {"1234567890", "0123456789", "9876543210"}
    return not made_up and not _DATE.fullmatch(written.strip()) and not _FICTION.fullmatch(digits)
