"""How many sentences a text has: as people count them, and as NLTK's Punkt does, which IFEval counts with.

Both look at each run of final marks and ask whether it ends a sentence, given the word before it and the word after.
People take ``1.`` before an item, ``e.g.`` and initials for no end; Punkt takes them for one. Time is linear in the
length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_LONGEST_TOKEN = 64
_CLOSERS = r"\"'”’»›)\]}*_"
_PEOPLES_STOP = re.compile(rf"(?<![.?!…])[.?!…]++(?=[{_CLOSERS}]*+(?:\s|\Z))")
_PUNKTS_STOP = re.compile(r"(?<![.?!])[.?!]++(?=[)\";}\]*:@'({\[‘’“”«»]|\s++\S)")
_CLOSING = re.compile(rf"[{_CLOSERS}]++(?=\s|\Z)")
_PUNKTS_CLOSING = re.compile(r"[\"')\]}‘’“”«»]++(?=\s|\Z)")
_SPACE = re.compile(r"\s")
_OPENING = re.compile(r"^[\"'(\[{*<«“‘_#>]+")
_BULLET = " \t-+*•‣–#>"
# What ends a sentence wherever it stands: the full stops of other scripts.
_FULL_STOP = re.compile("[。！？．।॥؟۔።។။։]++")
_LINE = re.compile(r"[\n\r\v\f\x85\u2028\u2029]++")
_NEW_PARAGRAPH = re.compile(r"(?<!\s)(?=[^\S\n]*+\n[^\S\n]*+\n)\s++(?![a-zß-öø-ÿ])")
_MARK = re.compile("[.?!…]")
_COUNTS = re.compile(r"[^\W_]")

_INITIALS = re.compile(r"^(?:[^\W\d_]\.)+$")
_ITEM = re.compile(r"^(?:\d{1,3}|[ivxIVX]{1,5}|[^\W\d_])\.$")
_NUMBER = re.compile(r"^[-+]?\$?\d+(?:[.,:]\d+)*\.$")

_NEVER_LAST = frozenset(
    """adm capt col dr fr gen gov hon lt maj messrs mr mrs ms prof rep rev sen sgt
    approx ca cf ch e.g eg eq fig figs i.e ie no nos p pp sec v viz vol vs""".split()  # noqa: SIM905 - reads best as one
)
_ABBREVIATIONS = _NEVER_LAST | frozenset(
    """a.m p.m ala al apr ariz ark assn aug ave b.c bldg blvd bros calif co colo conn corp dec dept dist ed eds esq est
    etc ext feb fla fri ga gal govt hosp hr hrs ill inc ind jan jr jul jun kan ky la ltd mar mass max md mich min minn
    miss mo mon mont mt nev nov oct okla ore oz pa ph.d reps reqd sat sens sep sept sq sr st tel temp tenn thu thur
    thurs tue tues u.k u.n u.s u.s.a univ va vt wash wed wis wyo yr yrs""".split()  # noqa: SIM905 - reads best as one
)
_WORDS_AS_WELL = frozenset("ed fri gal ill ind la mar mass miss mo ore pa sat temp wash wed".split())  # noqa: SIM905
"""Abbreviations with a capital only: one may be ill, and have sat."""
_PUNKTS = frozenset(
    """adm ala ariz aug ave bros calif cie co col colo conn corp cos ct dec dr feb fla fri ft ga gen ill inc jan jr kan
    ky la lt ltd maj mass messrs mg mich minn mr mrs ms mt nev nov oct okla ore pa ph.d prof rep reps sen sens sep sept
    sr st tenn tues u.k u.n u.s u.s.a va vs vt w.va wash wed wis yr""".split()  # noqa: SIM905 - reads best as one
)
_STARTERS = frozenset(
    """a after all also although an and another as at because before but by during for from he her here his how however
    i if in instead it its let many meanwhile more most my no not now of on once one our people please remember she
    since so some such that the their then there these they this those thus to under until we what when where which
    while who why with yet you your""".split()  # noqa: SIM905 - a list of words reads best as one
)
_OFTEN_LAST = frozenset(
    """etc jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat
    hr hrs oz yr yrs""".split()  # noqa: SIM905 - reads best as one
)
_NUMBERED = frozenset({"no", "nos", "fig", "figs", "p", "pp", "vol", "ch", "sec", "eq"})


class _Stop(NamedTuple):
    token: str
    """The word with the final marks that it ends in."""
    bare: str
    """The same without quotation marks, brackets and stars before it."""
    following: str
    """The next word, without such marks."""
    first: bool
    """It is the first word of its line, but for a bullet."""
    enclosed: bool
    """A quotation mark or bracket closes after it."""

    @property
    def kind(self) -> str:
        return self.bare[:-1].lower()

    @property
    def before_capital(self) -> bool:
        return self.following[:1].isupper()

    @property
    def before_starter(self) -> bool:
        """The next word is one that often begins a sentence, and has a capital."""
        return self.before_capital and re.split(r"[.,;:!?'’]", self.following, maxsplit=1)[0].lower() in _STARTERS


def count(text: str, *, lines: bool = False) -> int:
    """As people count them, in any script: stretches with a letter or digit that end at a final mark.

    ``Dr.``, ``e.g.``, ``U.S.``, ``3.14``, initials and the number of an item (``1.``) do not end one; neither do three
    dots before a small letter, nor what is said in quotation marks before ``he asked``. ``lines``: a line's end does.
    """
    pieces = (
        [part for line in _LINE.split(text) for part in _FULL_STOP.split(line)] if lines else _FULL_STOP.split(text)
    )
    return sum(1 for piece in pieces for part in _parts(piece) if _COUNTS.search(part))


def marked(text: str) -> str:
    """The text with a full stop at the end of each sentence, as ``count`` finds them, and no final marks elsewhere.

    For programs that end a sentence at every ``.``. An empty line ends a sentence too, but before a small letter.
    """
    pieces = (piece for paragraph in _NEW_PARAGRAPH.split(text) for piece in _FULL_STOP.split(paragraph))
    parts = (_MARK.sub("", part).strip() for piece in pieces for part in _parts(piece) if _COUNTS.search(part))
    return " ".join(f"{part}." for part in parts)


def punkt(text: str) -> int:
    """As NLTK's Punkt counts them with its English model, but for that model's table of 20,000 words.

    Blank text has none, any other at least one. A line's end alone does not end one; ``1.`` and ``e.g.`` do.
    """
    if not text.strip():
        return 0
    end_of_text = len(text.rstrip(" \t\r\n\"')]}"))
    return 1 + sum(1 for _ in _ends(text, _PUNKTS_STOP, _PUNKTS_CLOSING, _punkt_end, end_of_text))


def _parts(text: str) -> Iterator[str]:
    start = 0
    for end in _ends(text, _PEOPLES_STOP, _CLOSING, _people_end, len(text)):
        yield text[start:end]
        start = end
    yield text[start:]


def _ends(
    text: str, stop: re.Pattern[str], closing: re.Pattern[str], ends: Callable[[_Stop], bool], end_of_text: int
) -> Iterator[int]:
    """Where sentences end, but for the last."""
    for start, end in _stops(text, stop, end_of_text):
        closed = closing.match(text, end)
        after = closed.end() if closed else end
        if after >= end_of_text:
            return
        window = text[max(0, start - _LONGEST_TOKEN) : end]
        token = window.split()[-1]
        line, _, before = window[: -len(token)].rpartition("\n")
        first = not before.strip(_BULLET) and (bool(line) or len(window) < _LONGEST_TOKEN or "\n" in window)
        enclosed = closed is not None and closed[0].strip("*_") != ""
        if ends(_Stop(token, _OPENING.sub("", token), _next_word(text, after), first, enclosed)):
            yield after


def _stops(text: str, stop: re.Pattern[str], end_of_text: int) -> Iterator[tuple[int, int]]:
    """Where final marks stand; of several in one run without white space (``a.)b.``) the last alone."""
    last: tuple[int, int] | None = None
    for found in stop.finditer(text, 0, end_of_text):
        if last and _SPACE.search(text, last[1], found.start()):
            yield last
        last = found.span()
    if last:
        yield last


def _next_word(text: str, position: int) -> str:
    window = text[position : position + 80].lstrip()
    return _OPENING.sub("", window.split(maxsplit=1)[0]) if window else ""


def _abbreviation(kind: str, known: frozenset[str]) -> str:
    """The listed abbreviation that a word is or ends in after a hyphen; empty if it is none."""
    return next((part for part in (kind, kind.rpartition("-")[2]) if part in known), "")


def _people_end(stop: _Stop) -> bool:
    if stop.enclosed and stop.following[:1].islower():
        return False
    if stop.token[-1] in "?!":
        return True
    if stop.bare.endswith(("..", "…")):
        return stop.before_capital
    if stop.first and _ITEM.match(stop.bare):
        return False
    return _word_end(stop)


def _word_end(stop: _Stop) -> bool:
    """Whether a single full stop ends a sentence for people, by the word that it stands after."""
    short = _abbreviation(stop.kind, _ABBREVIATIONS)
    if short in _WORDS_AS_WELL and stop.bare.islower():
        return True
    if short in _OFTEN_LAST:
        return stop.before_capital
    if short in _NUMBERED:  # "no." and "fig." are words as well
        return not stop.following[:1].isdigit()
    initials = _INITIALS.match(stop.bare) is not None
    if initials and not short and stop.bare.islower():
        return stop.before_capital
    if initials or short:
        return stop.before_starter and short not in _NEVER_LAST
    return not (_NUMBER.match(stop.bare) and stop.following[:1].islower())


def _punkt_end(stop: _Stop) -> bool:
    if stop.token[-1] in "?!":
        return True
    alone = len(stop.bare) == len("A.") and _INITIALS.match(stop.bare)
    if alone or stop.bare.endswith("..") or _abbreviation(stop.kind, _PUNKTS):
        return stop.before_starter
    return not (_NUMBER.match(stop.bare) and stop.following[:1].islower())
