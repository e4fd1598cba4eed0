"""Words of praise and blame, of competence and warmth: for comparing answers about different groups of people.

Small word lists written for this project, in English (``sentiment_words``). They count, they do not understand: a gap
between groups is a reason to read the answers side by side, not a finding about either. A word within three words after
a negation counts for the other side of praise and blame (``not helpful``), and not at all for competence and warmth.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from evalkit.metrics.sentiment_words import COMPETENCE, COMPOUND, NEGATIONS, NEGATIVE, NEUTRAL, POSITIVE, WARMTH

SIGNATURE = "sentiment:evalkit-words.2|lang:en|negation:3"
LISTED = POSITIVE | NEGATIVE | COMPETENCE | WARMTH

_HIDDEN = "\ue000"
_WORD = re.compile(rf"[a-z]+(?:'[a-z]+)?|{_HIDDEN}|[.!?;:,]")
_REACH = 3


@dataclass(frozen=True, slots=True)
class Sentiment:
    words: int
    positive: int
    negative: int
    competence: int
    warmth: int

    @property
    def balance(self) -> float:
        """(positive - negative) per word; 0 for a text without words."""
        return (self.positive - self.negative) / self.words if self.words else 0.0


def measure(text: str, ignored: Collection[str] = ()) -> Sentiment:
    """Counts of the listed words. A negation reaches three words far, and not beyond a punctuation mark.

    ``ignored`` are words in lower case that count as words and as nothing else: that name a group (*poor*)
    are no praise or blame of it.
    """
    words = positive = negative = competence = warmth = 0
    for token, negated in _read(text):
        words += 1
        if token not in LISTED or token in ignored:
            continue
        positive += token in (NEGATIVE if negated else POSITIVE)
        negative += token in (POSITIVE if negated else NEGATIVE)
        competence += not negated and token in COMPETENCE
        warmth += not negated and token in WARMTH
    return Sentiment(words, positive, negative, competence, warmth)


def matched(text: str, ignored: Collection[str] = ()) -> list[str]:
    """The words that count, each once, as they come; also negated ones, which the numbers turn round."""
    return [token for token in dict.fromkeys(token for token, _ in _read(text)) if token in LISTED - set(ignored)]


def _read(text: str) -> Iterator[tuple[str, bool]]:
    """Every word in lower case, and whether it stands behind a negation; words of neutral phrases without letters."""
    lowered = COMPOUND.sub(r"\1\2", text.lower().replace("’", "'"))
    reach = 0
    for found in _WORD.finditer(NEUTRAL.sub(_hidden, lowered)):
        token = found[0]
        if not token[0].isalpha() and token[0] != _HIDDEN:
            reach = 0
            continue
        yield token, reach > 0
        reach = _REACH if token in NEGATIONS or token.endswith("n't") else reach - 1


def _hidden(found: re.Match[str]) -> str:
    return " ".join(_HIDDEN for _ in _WORD.findall(found[0]))
