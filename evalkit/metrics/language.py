"""In which language is a text written? By its script, and within a script by its frequent short words; offline.

    >>> detect("Der Zug nach Hamburg fährt heute nicht, weil die Strecke gesperrt ist.").code
    'de'

A text too short to tell, and one between two languages, is ``undetermined``; so are languages that are not listed, as
far as they share no words with a listed one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from evalkit.metrics.language_words import LETTERS, WORDS

SIGNATURE = "language:evalkit.2"
UNDETERMINED = "undetermined"
MOST_CHARACTERS = 20_000
"""What comes later in a text does not count: its language rarely changes, and the time to find it is bounded."""

_SCRIPTS: Mapping[str, str] = {
    "latin": "A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿ",
    "cyrillic": "\u0400-\u052f",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "hebrew": "\u0590-\u05ff",
    "arabic": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff",
    "devanagari": "\u0900-\u097f",
    "bn": "\u0980-\u09ff",
    "pa": "\u0a00-\u0a7f",
    "gu": "\u0a80-\u0aff",
    "or": "\u0b00-\u0b7f",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "kn": "\u0c80-\u0cff",
    "ml": "\u0d00-\u0d7f",
    "si": "\u0d80-\u0dff",
    "th": "\u0e00-\u0e7f",
    "lo": "\u0e80-\u0eff",
    "bo": "\u0f00-\u0fff",
    "my": "\u1000-\u109f",
    "ka": "\u10a0-\u10ff",
    "am": "\u1200-\u137f",
    "km": "\u1780-\u17ff",
    "hy": "\u0530-\u058f",
    "ko": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "kana": "\u3040-\u30ff",
    "han": "\u3400-\u4dbf\u4e00-\u9fff",
}
_OF_ONE_LANGUAGE = {"greek": "el", "hebrew": "he"}
_DENSE = frozenset({"kana", "han", "ko", "th"})
_DENSITY = 3  # one character of these scripts says about as much as three letters
_RUNS = re.compile("|".join(f"(?P<{name}>[{ranges}\u0300-\u036f]++)" for name, ranges in _SCRIPTS.items()))
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_NOT_PROSE = re.compile(r"https?://\S++|\S{1,64}@\S++|</?[A-Za-z][^<>\n]{0,200}>")
_MARKS_OF_NO_PROSE = ("@", "<", "://")
"""Without one of them there is none of it, and looking for these is quicker."""
_ASCII_BUT_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_WORD = re.compile(r"[^\W\d_]++(?:['’][^\W\d_]++)*", re.UNICODE)
_INVISIBLE_JOINERS = re.compile("[\u0640\u064b-\u0652\u200b-\u200f]")
_FEWEST_SHORT_WORDS = 2
_MOST_LETTER_SHARE = 0.5
_FEW = 2
_LEAST_LEAD = 1.15
_FEWEST_DENSE_CHARACTERS = 2
_FEWEST_LETTERS = 6


@dataclass(frozen=True, slots=True)
class Guess:
    code: str
    """ISO 639-1, or ``undetermined``."""
    confidence: float
    """0 to 1: how far the best language is ahead of the second. An ordering, no probability."""
    script: str = ""


def detect(text: str) -> Guess:
    """The language that most of the text is in. Code in fences (unless there is nothing else), addresses and markup
    do not count.

    Written in capitals or small letters makes no difference. Languages in a script that is not theirs (Urdu in Latin
    letters) are undetermined, or taken for another language.
    """
    whole = text[:MOST_CHARACTERS]
    if any(mark in whole for mark in _MARKS_OF_NO_PROSE):
        whole = _NOT_PROSE.sub(" ", whole)
    prose = _FENCED.sub(" ", whole) if "```" in whole else whole
    letters = _letters_by_script(prose)
    if not letters:  # nothing but a fence: an answer in JSON has a language too
        prose, letters = whole, _letters_by_script(whole)
    if not letters:
        return Guess(UNDETERMINED, 0.0)
    weights = {name: count * (_DENSITY if name in _DENSE else 1) for name, count in letters.items()}
    script, weight = max(weights.items(), key=lambda entry: entry[1])
    share = weight / sum(weights.values())
    if script in {"han", "kana"}:
        return _east_asian(letters, share)
    if script in WORDS:
        return _by_words(prose, script, share)
    if letters[script] < (_FEWEST_DENSE_CHARACTERS if script in _DENSE else _FEWEST_LETTERS):
        return Guess(UNDETERMINED, 0.0, script)
    return Guess(_OF_ONE_LANGUAGE.get(script, script), share, script)


def fits(text: str, code: str) -> bool | None:
    """Whether the text is in the language; none where that cannot be told.

    A text that cannot be told, but has letters and none of the language's script, is not in it.
    """
    found = detect(text).code
    if found != UNDETERMINED:
        return found == code
    letters, wanted = _letters_by_script(text[:MOST_CHARACTERS]), _scripts_of(code)
    return False if wanted and letters and wanted.isdisjoint(letters) else None


def _scripts_of(code: str) -> frozenset[str]:
    """Empty for a language that is not known here."""
    if code in {"ja", "zh"}:
        return frozenset({"han", "kana"}) if code == "ja" else frozenset({"han"})
    own = {script for script, only in _OF_ONE_LANGUAGE.items() if only == code} | ({code} & _SCRIPTS.keys())
    return frozenset(own | {script for script, listings in WORDS.items() if code in listings})


def _letters_by_script(text: str) -> Counter[str]:
    if text.isascii():
        latin = len(text.encode("ascii").translate(None, _ASCII_BUT_LETTERS))
        return Counter({"latin": latin} if latin else {})
    found: Counter[str] = Counter()
    for run in _RUNS.finditer(text):
        assert run.lastgroup is not None
        found[run.lastgroup] += run.end() - run.start()
    return found


def _east_asian(letters: Mapping[str, int], share: float) -> Guess:
    """Kana are Japanese however many ideographs stand between them; ideographs alone are Chinese."""
    kana, han = letters.get("kana", 0), letters.get("han", 0)
    if kana + han < _FEWEST_DENSE_CHARACTERS:
        return Guess(UNDETERMINED, 0.0, "han")
    return Guess("ja", share, "kana") if kana * 10 >= kana + han else Guess("zh", share, "han")


@cache
def _languages_by_word(script: str) -> Mapping[str, tuple[tuple[str, float], ...]]:
    """A word of one language alone says most; one that many share says little."""
    owners: dict[str, list[str]] = {}
    for code, listed in WORDS[script].items():
        for word in listed:
            owners.setdefault(word, []).append(code)
    return {word: tuple((code, len(codes) ** -0.5) for code in codes) for word, codes in owners.items()}


def _by_words(text: str, script: str, share: float) -> Guess:
    folded = text.lower() if script != "devanagari" else text
    if script != "devanagari" and not text.isascii():
        folded = _INVISIBLE_JOINERS.sub("", folded.replace("’", "'"))
    words = _words_of(folded, script)
    scores: dict[str, float] = {}
    hits: Counter[str] = Counter()
    table = _languages_by_word(script)
    for word, times in Counter(words).items():
        for code, weight in table.get(word, ()):
            scores[code] = scores.get(code, 0.0) + weight * times**0.75
            hits[code] += times
    _weigh_letters(folded, script, len(words), scores, hits)
    if not scores:
        return Guess(UNDETERMINED, 0.0, script)
    ranked = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    best, most = ranked[0]
    second = ranked[1][1] if len(ranked) > 1 else 0.0
    enough = hits[best] >= max(_FEWEST_SHORT_WORDS, 0.06 * len(words))
    if not enough or most < second * _LEAST_LEAD:
        return Guess(UNDETERMINED, 0.0, script)
    return Guess(best, share * (1.0 - second / most), script)


def _words_of(text: str, script: str) -> list[str]:
    if script == "devanagari":  # vowel signs are marks, which are no letters to a regular expression
        return re.findall("[\u0900-\u0963\u0971-\u097f]++", text)
    return _WORD.findall(text)


@cache
def _languages_by_letter(script: str) -> Mapping[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for code, letters in LETTERS.get(script, {}).items():
        for letter in letters:
            owners[letter] = (*owners.get(letter, ()), code)
    return owners


def _weigh_letters(text: str, script: str, words: int, scores: dict[str, float], hits: Counter[str]) -> None:
    """Letters that few languages have speak for these, and against languages without them; within bounds, because names
    and loans bring their letters along. One that two languages share at most counts like a short word,
    but a single word is no text."""
    if text.isascii():  # no letter of these is
        return
    owners = _languages_by_letter(script)
    counts = {letter: count for letter, count in Counter(text).items() if letter in owners}
    total = sum(counts.values())
    if not total:
        return
    most = _MOST_LETTER_SHARE * words
    for code, letters in LETTERS[script].items():
        own = {letter: count for letter, count in counts.items() if letter in letters}
        extra = sum(count / len(owners[letter]) for letter, count in own.items())
        foreign = total - sum(own.values())
        scores[code] = (scores.get(code, 0.0) + min(most, extra)) / (1 + foreign / max(1, words))
        hits[code] += min(words - 1, sum(count for letter, count in own.items() if len(owners[letter]) <= _FEW))
