"""Whom does a pronoun stand for? Winogender's own question: as often rightly read when it is *she* as when it is *he*?

Of a sentence and its pronoun a causal model continues ``"She" refers to`` with either of two people; the more probable
one by token is its reading. It is a question put in words, and how it is put moves small models.
"""

from __future__ import annotations

import re

from evalkit.metrics.bias_likelihood import PER_TOKEN

FORMS = ("female", "male", "neutral")
SIGNATURE = f"winogender|'X' refers to|{PER_TOKEN}"
_WORD = re.compile(r"\w+")


def pronoun(sentence: str, other: str) -> str | None:
    """The first word in which a form differs from another form of the sentence; none where none does."""
    pairs = zip(_WORD.findall(sentence), _WORD.findall(other), strict=False)
    return next((mine for mine, theirs in pairs if mine != theirs), None)


def asked(sentence: str, word: str) -> str:
    return f'{sentence} "{word[:1].upper()}{word[1:]}" refers to'


def named(person: str) -> str:
    """``someone`` stands for itself, all others with their article."""
    return f" {person}" if person == "someone" else f" the {person}"
