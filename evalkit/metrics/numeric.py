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
_DIGITS = r"(?:\d{1,3}(?:[,']\d{3}){1,100}+(?!\d)|\d{1,300})(?:\.\d{1,300})?|\.\d{1,300}"
_NUMBER = re.compile(
    # A minus that follows a word or an operand directly ("5-3", "May-5"), or stands alone ("- 5"), is not a sign.
    r"(?<![A-Za-z_\d.])(?P<sign>(?<![\w)\]%.])[-+](?=[$€£¥\d.]))?[$€£¥]?\s?(?P<signed>-(?=[\d.]))?"
    rf"(?P<whole>{_DIGITS})"
    r"(?:[eE](?P<exponent>[+-]?\d{1,3})(?!\w))?"
    rf"(?:\s?/\s?(?P<under>{_DIGITS})|\s(?P<over>\d{{1,9}})/(?P<below>\d{{1,9}}))?"
)
_THOUSANDS_SPACE = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_DATE = re.compile(r"(?<!\d)(\d{1,4})/(\d{1,4})/(\d{1,4})(?!\d)")
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\{(-?[\d.]{1,30})\}\{([\d.]{1,30})\}")
_MARKED = re.compile(r"####|\\boxed\{")


def last_number(text: str) -> Fraction | None:
    """Its exact value; none where there is no number.

    Where the answer is marked (``#### 12``, ``\\boxed{12}``) the first number after the last mark counts instead.
    Understood are thousands separators (``1,234``), currency signs, ``%`` and units (which are ignored: 60% is 60),
    a trailing full stop, signs, decimals, ``1e3``, and fractions (``3/4``, ``1 1/2``, ``\\frac{3}{4}``), which equal
    their decimals. A digit inside a word (``H2O``) is no number. ``1.234,5`` is not read the European way.
    """
    plain = text if text.isascii() else _in_ascii(text)
    plain = _DATE.sub(r"\1 \2 \3", _LATEX_FRACTION.sub(r"\1/\2", plain))
    marks = list(_MARKED.finditer(plain))
    if marks:
        marked = _NUMBER.search(plain, marks[-1].end())
        if marked is not None:
            return _value(marked)
    last = None
    for last in _NUMBER.finditer(plain):  # noqa: B007 - the last one is wanted
        pass
    return None if last is None else _value(last)


def _in_ascii(text: str) -> str:
    """Full-width digits, the real minus, fractions like ½, and thousands set apart by spaces that do not break."""
    joined = _THOUSANDS_SPACE.sub(",", text)
    return unicodedata.normalize("NFKC", joined).replace("−", "-").replace("⁄", "/")


def _value(found: re.Match[str]) -> Fraction:
    value = _plain(found["whole"])
    if found["exponent"]:
        value *= Fraction(10) ** int(found["exponent"])
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
        return "numeric|refs:any|last-number.1|exact"

    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        wanted = {number for reference in references if (number := last_number(reference)) is not None}
        return one(last_number(hypothesis) in wanted) if wanted else NO_NUMBER


numeric = Numeric("numeric")
