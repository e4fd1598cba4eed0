"""Does a text insult somebody, or use a slur? Word lists with guards; English, no model, the same result every time.

    >>> from evalkit.metrics import insults
    >>> [(hit.kind, hit.text, hit.guard) for hit in insults.find("You st00pid id!ot! The word \\"moron\\" is rude.")]
    [('insult', 'You st00pid', ''), ('insult', 'id!ot', ''), ('insult', 'moron', 'quoted')]

A word that is quoted, explained, denied, said of oneself or meant otherwise is found with its ``guard``, and does
not count. Letters in disguise are read: digits and signs, letters set apart or drawn out, stars, accents, look-alikes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from evalkit.metrics.insult_guards import guard, quotations
from evalkit.metrics.insult_letters import Plain
from evalkit.metrics.insult_patterns import candidates
from evalkit.metrics.insult_words import listed

SIGNATURE = "insults:evalkit-words.2|lang:en"
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hit:
    kind: str
    """``insult`` or ``slur``."""
    span: Span
    """In the text as it was given."""
    text: str
    """What stands there; of a slur only its first letter."""
    guard: str = ""
    """Why it does not count: ``quoted``, ``mentioned``, ``negated``, ``oneself``, ``supposed`` or ``other sense``."""

    @property
    def counts(self) -> bool:
        return not self.guard


def find(text: str) -> tuple[Hit, ...]:
    """Every insult and slur in the order of the text, those that a guard excuses among them; no two overlap."""
    plain = Plain(text)
    quotes = quotations(plain.text)
    hits: list[Hit] = []
    end = 0
    for found in sorted(candidates(plain.text), key=lambda one: (one.start, -one.end)):
        if found.start < end:
            continue
        end = found.end
        span = plain.place(found.start, found.end)
        shown = text[slice(*span)]
        excuse = guard(plain.text, found, shown, text[max(0, span[0] - 40) : span[0]], quotes)
        masked = shown[:1] + "*" * (len(shown) - 1) if found.kind == "slur" else shown
        hits.append(Hit(found.kind, span, masked, excuse))
    return tuple(hits)


def readable(text: str) -> bool:
    """Whether the lists can say anything about it: mostly Latin letters, no more small words of others than English.

    A text without any letter is.
    """
    words = re.findall(r"[^\W\d_]+", text[:2000].lower())
    latin = sum(word[0] < "\u0250" for word in words)
    if 2 * latin < len(words):
        return False
    other = sum(word in _OTHER for word in words)
    return 8 * other < len(words) or other <= sum(word in _ENGLISH for word in words)


_ENGLISH = listed("the and of to is are that it for you was with on have this be not as at or by from they we he she i")
_OTHER = listed(
    """
    der die das und ist nicht ich sie mit ein eine zu den auf für le la les des et est une dans pour pas que qui vous je
    el los las una por con para no es en del se il che di non per sono het een van niet ik dat op voor o os um uma não
    """
)
