"""Multiple choice by likelihood: which choice is meant by a row's answer, and which one a model finds most probable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.records import Unscored

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
READINGS = ("auto", "index", "letter", "text")
NORMALISATIONS = ("none", "characters", "bytes", "tokens")
TIE = 1e-9
"""Scores that are nearer than this are equal: batches alone move them by more."""


@dataclass(frozen=True, slots=True)
class Choices:
    texts: tuple[str, ...]
    letters: tuple[str, ...]


def read_choices(given: Any) -> Choices | Unscored:
    """Of a list of texts, or of ``{"text": [...], "label": [...]}`` as ARC writes them."""
    labels: Any = None
    if isinstance(given, Mapping):
        given, labels = given.get("text"), given.get("label")
    if not isinstance(given, list | tuple) or not all(isinstance(text, str | int | float) for text in given):
        return Unscored("choices are no list of texts")
    texts = tuple(str(text).strip() for text in given)
    wrong = {
        "fewer than two choices": len(texts) < 2,
        f"more than {len(LETTERS)} choices": len(texts) > len(LETTERS),
        "two choices are the same": len(set(texts)) < len(texts),
        "a choice is empty": "" in texts,
    }
    reason = next((reason for reason, is_so in wrong.items() if is_so), None)
    if reason:
        return Unscored(reason)
    if isinstance(labels, list | tuple) and len(labels) == len(texts) == len(set(map(str, labels))):
        return Choices(texts, tuple(str(label).strip() for label in labels))
    return Choices(texts, tuple(LETTERS[: len(texts)]))


def right_one(choices: Choices, answers: Sequence[str], reading: str = "auto") -> int | Unscored:
    """Position of the right choice: by its text, its letter, or its number counted from 0.

    Nothing is guessed: where ``auto`` could mean two different choices (the answer "1" to the choices 1, 2 and 3), and
    where the answer is none of them, the row is unscored with the reason.
    """
    found: set[int] = set()
    letters = [_bare(letter) for letter in choices.letters]
    for answer in map(str.strip, answers):
        meant: set[int] = set()
        letter = _bare(answer)
        if reading in {"auto", "text"} and answer in choices.texts:
            meant.add(choices.texts.index(answer))
        if reading in {"auto", "letter"} and letter in letters:
            meant.add(letters.index(letter))
        elif reading in {"auto", "index"} and answer.isdecimal() and int(answer[:6]) < len(choices.texts):
            meant.add(int(answer))
        if len(meant) > 1:
            return Unscored("the answer may be a text, a letter or a number: say answer_is")
        found |= meant
    if not found:
        return Unscored("the answer is none of the choices" if answers else "no answer to compare with")
    return found.pop() if len(found) == 1 else Unscored("several choices are right")


def _bare(letter: str) -> str:
    return letter.strip("().").casefold()


def length_of(text: str, tokens: int, by: str) -> float:
    """What a choice's log-probability is divided by: 1, its characters, its bytes in UTF-8, or its tokens."""
    if by == "none":
        return 1.0
    return float({"characters": len(text), "bytes": len(text.encode("utf-8", "replace")), "tokens": tokens}[by])


@dataclass(frozen=True, slots=True)
class Preference:
    best: int
    tied: bool
    """Another choice is as probable: then there is no best one."""


def preferred(logprobs: Sequence[float], lengths: Sequence[float]) -> Preference:
    """The choice of the highest log-probability per unit of length."""
    scores = [logprob / length for logprob, length in zip(logprobs, lengths, strict=True)]
    best = max(range(len(scores)), key=scores.__getitem__)
    near = sum(1 for score in scores if score == scores[best] or scores[best] - score <= TIE)
    return Preference(best, near > 1)


def probability(logprobs: Sequence[float], at: int) -> float:
    """Of one choice among all of them, as if nothing else could be said."""
    top = max(logprobs)
    if math.isinf(top):
        return 1.0 / len(logprobs)
    return math.exp(logprobs[at] - top) / sum(math.exp(logprob - top) for logprob in logprobs)
