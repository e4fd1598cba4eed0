"""Words in any script: what counts as one, and how texts are made comparable."""

from __future__ import annotations

import re
import string
import unicodedata
from functools import cache, lru_cache

# Scripts written without spaces: Thai, Lao, Myanmar, Khmer; kana, CJK ideographs and their extensions. Each character
# counts as a word there, because finding the words would need a dictionary of each language.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


@cache
def _unspaced_character() -> re.Pattern[str]:
    """Compiling a class of eighty thousand characters takes milliseconds, and texts in ASCII need none of it."""
    return re.compile(f"([{UNSPACED}])")


class _Punctuation(dict[int, str | None]):
    """A translation table that learns each character when it is first met; at most one entry per character there is."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        drop = character in string.punctuation or unicodedata.category(character).startswith("P")
        self[code] = None if drop else character
        return self[code]


_without_punctuation = _Punctuation()


@lru_cache(maxsize=128)
def normalize(text: str) -> str:
    """As the SQuAD evaluation does it: no case, punctuation, articles or extra white space; equal to it on ASCII.

    Beyond ASCII, compatibility forms are unified (full-width digits, composed accents) and every script's punctuation
    goes. Characters of scripts without spaces are set apart, so that they compare like words. A text that would
    vanish altogether (``!!!``, ``The``) is kept without case instead, so that two different ones do not compare equal.
    """
    folded = (
        unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        if not text.isascii()
        else text.lower()
    )
    bare = _ARTICLES.sub(" ", folded.translate(_without_punctuation))
    if not text.isascii():
        bare = _unspaced_character().sub(r" \1 ", bare)
    return " ".join(bare.split()) or " ".join(folded.split())


def is_unspaced(character: str) -> bool:
    """It belongs to a script that is written without spaces between words."""
    return character >= UNSPACED[0] and _unspaced_character().match(character) is not None


def fold(text: str) -> str:
    """Without differences of case, compatibility form and white space; curly apostrophes become straight."""
    if text.isascii():
        return " ".join(text.lower().split())
    unified = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(unified.replace("’", "'").replace("‘", "'").split())


class _NotOfWords(dict[int, str]):
    """A translation table: letters, digits and the marks on them stay, all else becomes a space."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if unicodedata.category(character)[0] in "LMN" else " "
        return self[code]


_not_of_words = _NotOfWords()


def tokens_of_any_script(text: str) -> list[str]:
    """Words without case and punctuation; of a script that is written without spaces, each character for itself.

    On ASCII these are exactly the words that rouge_score's tokeniser finds.
    """
    if text.isascii():
        return text.lower().translate(_not_of_words).split()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _unspaced_character().sub(r" \1 ", folded.translate(_not_of_words)).split()
