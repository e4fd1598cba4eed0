"""Is the number in the answer the right one? The last number counts, as it is usual for worked solutions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from evalkit.metrics.kinds import TextMetric, one
from evalkit.records import Unscored, Vector

NO_NUMBER = Unscored("no number in the reference")

# Three hundred digits: Python refuses to read thousands of them, and nobody means them.
_GROUPED = r"\d{1,3}(?:[,']\d{3}){1,100}+(?!\d)|\d{1,2}(?:,\d{2}(?=,)){1,20},\d{3}(?!\d)"
_DIGITS = rf"(?:{_GROUPED}|\d{{1,300}})(?:\.\d{{1,300}})?|\.\d{{1,300}}"
_TIMES = r"\s?(?:[x×*·]|\\times|\\cdot)\s?10\s?(?:\^|\*\*)\s?\{?(?P<scale>[+-]?\d{1,3})(?!\d)\}?"
_NUMBER = re.compile(
    # A minus that follows a word or an operand directly ("5-3", "May-5"), or stands alone ("- 5"), is not a sign; what
    # is raised (the 2 of "cm^2") is no number of its own.
    r"(?<![A-Za-z_\d.^])(?<!\^\{)(?<!\^-)(?<!\^\{-)(?P<sign>(?<![\w)\]%.^])(?<!\^\{)[-+](?=[$€£¥\d.]))?[$€£¥]?\s?(?P<signed>-(?=[\d.]))?"
    rf"(?P<whole>{_DIGITS})"
    rf"(?:[eE](?P<exponent>[+-]?\d{{1,3}})(?!\w)|{_TIMES}|\s?\^\s?\{{?(?P<power>[+-]?\d{{1,2}})(?!\d)\}}?)?"
    rf"(?:\s?/\s?(?P<under>{_DIGITS})|\s(?P<over>\d{{1,9}})/(?P<below>\d{{1,9}}))?"
)
_THOUSANDS_SPACE = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_PLAIN_SPACES = re.compile(r"(?<![\d.,] )(?<![\d.,])\d{1,3}(?:(?: \d{3}){2,9}|(?: 000){1,9})(?![\d,]| \d)")
_TYPESET_COMMA = re.compile(r"(?<=\d)(?:\{,\}|\\,|\\!|,\\!|\\ )(?=\d{3}(?!\d))")
_POINTS = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:\.\d{3}){2,9}(?:,\d{1,30})?|\.\d{3},\d{1,2})(?![\d.,]{0,30}\d)")
_POINTS_TO_COMMAS = str.maketrans(".,", ",.")
_DATE = re.compile(r"(?<!\d)(\d{1,4})/(\d{1,4})/(\d{1,4})(?!\d)")
_LATEX_FRACTION = re.compile(
    r"(?P<before>(?<=\d)\s?)?\\[cdt]?frac(?:\s?\{\s?(-?[\d.]{1,30})\s?\}\s?\{\s?([\d.]{1,30})\s?\}|(\d)(\d))"
)
_VULGAR_FRACTION = re.compile(r"(?<=\d)(?=[\u00bc-\u00be\u2150-\u215e])")
_SUPERSCRIPTS = re.compile(r"(?<=\d)[⁺⁻]?[⁰¹²³⁴⁵-⁹]+")
_FROM_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
# "#### 18", not the heading "#### 2. Adding up"
_MARKED = re.compile(
    r"####\s*+(?:(?:the\s)?(?:final\s)?answer(?:\sis)?:?\s*)?(?=[^\w\n]{0,8}\d)(?!\d{1,2}[.)]\s*[^\W\d])|\\f?box(?:ed)?\s?\{",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"(?:(?<![A-Za-z])(?:answer|final (?:result|value))\b[*_\"']{0,2}(?:\s(?:to|for|of)\s[^\n.:=]{0,80}?)??"
    r"(?:\s(?:is|would be|should be|=)|\s?[:=])(?!\s(?:not|wrong)\b)[*_]{0,2})"
    r"(?P<line>[^\n]{0,400})",
    re.IGNORECASE,
)
MOST = 1_000_000
"""Characters at the end of a text that are read."""


def last_number(text: str) -> Fraction | None:
    """Its exact value; none where there is no number.

    Where the answer is marked (``#### 12``, ``\\boxed{12}``) the first number after the last mark counts instead; where
    it is announced ("The answer is 12.") and no ``=`` comes after it, the number that was announced does, whatever
    else is said then. Understood are thousands separators (``1,234``, ``1 234 567``, ``12,34,567``, ``1{,}234``),
    currency signs, ``%`` and units (which are ignored: 60% is 60), a trailing full stop, signs, decimals, ``1e3``,
    ``1.5 x 10^3``, powers (``10^6``), and fractions (``3/4``, ``1 1/2``, ``½``, ``\\frac{3}{4}``), which equal their
    decimals. A digit inside a word (``H2O``) or an exponent of a unit (``cm^2``) is no number. Roots and π are not
    evaluated, nor are words ("seven", "20 million" is 20), and a decimal comma
    is read only where it can be nothing else (``1.234,50``): ``2,5`` is a list of two numbers.
    """
    plain = text[-MOST:]
    plain = plain if plain.isascii() else _in_ascii(plain)
    plain = _PLAIN_SPACES.sub(lambda found: found[0].replace(" ", ","), _DATE.sub(r"\1 \2 \3", plain))
    plain = _POINTS.sub(lambda found: found[0].translate(_POINTS_TO_COMMAS), plain)
    if "\\" in plain or "{" in plain:
        plain = _LATEX_FRACTION.sub(_as_slash, _TYPESET_COMMA.sub(",", plain))
    marks = list(_MARKED.finditer(plain))
    if marks:
        marked = _NUMBER.search(plain, marks[-1].end())
        if marked is not None:
            return _value(marked)
    announced = _announced(plain)
    if announced is not None:
        return _value(announced)
    last = None
    for last in _NUMBER.finditer(plain):  # noqa: B007 - the last one is wanted
        pass
    return None if last is None else _value(last)


def _announced(text: str) -> re.Match[str] | None:
    """Of the last line that calls its number the answer: the first one, or what stands behind its last ``=``."""
    said = None
    for said in _ANNOUNCED.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    if said is None or "=" in text[said.end("line") :]:
        return None
    start = said.start("line")
    found = list(_NUMBER.finditer(text, start, said.end("line")))
    if not found:
        return None
    behind = start + said["line"].rfind("=")
    return next((number for number in found if number.start() > behind), found[-1])


def _as_slash(found: re.Match[str]) -> str:
    over, under = (found[2], found[3]) if found[2] else (found[4], found[5])
    return f"{' ' if found['before'] is not None else ''}{over}/{under}"


def _in_ascii(text: str) -> str:
    """Full-width digits, the real minus, fractions like ½, and thousands set apart by spaces that do not break."""
    joined = _THOUSANDS_SPACE.sub(",", text)
    joined = _SUPERSCRIPTS.sub(lambda found: "^" + found[0].translate(_FROM_SUPERSCRIPTS), joined)
    apart = _VULGAR_FRACTION.sub(" ", joined)
    return unicodedata.normalize("NFKC", apart).replace("−", "-").replace("⁄", "/")


def _value(found: re.Match[str]) -> Fraction:
    value = _plain(found["whole"])
    if found["exponent"]:
        value *= Fraction(10) ** int(found["exponent"])
    elif found["scale"]:
        value *= Fraction(10) ** int(found["scale"])
    elif found["power"] and (value or int(found["power"]) > 0) and len(found["whole"]) <= 30:
        value **= int(found["power"])
    if found["under"] and _plain(found["under"]):
        value /= _plain(found["under"])
    elif found["below"] and int(found["below"]):
        value += Fraction(int(found["over"]), int(found["below"]))
    return -value if found["sign"] == "-" or found["signed"] else value


def _plain(digits: str) -> Fraction:
    return Fraction(re.sub(r"[,']", "", digits))


@dataclass(frozen=True, slots=True)
class Numeric(TextMetric):
    """Right when the last number of the answer equals that of a reference; an answer without a number is wrong."""

    kind: str = "rate"

    @property
    def signature(self) -> str:
        return "numeric|refs:any|last-number.2|exact"

    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        wanted = {number for reference in references if (number := last_number(reference)) is not None}
        return one(last_number(hypothesis) in wanted) if wanted else NO_NUMBER


numeric = Numeric("numeric")
