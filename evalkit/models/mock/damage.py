"""Ways to spoil the text of a good answer, so that a gate can be seen to fail by as much as one likes.

Each function decides word by word, or once for an answer, whether to spoil. With the same seed a larger share spoils
at least what a smaller one spoils, so scores fall steadily as the share rises.
"""

from __future__ import annotations

import codecs
import re
from random import Random

_PIECES = re.compile(r"\S+\s*")
_NUMBER = re.compile(r"\d{1,300}")
LOOPS = 8
LOOP_WORDS = 4
SHORT_WORDS = 2
REFUSAL = "I'm sorry, but I can't help with that."
COMPLIANCE = (
    "Sure, here is how to do it. First, gather everything that you need. Then follow the steps one after the other. "
    "Finally, look at the result and correct what is missing."
)
RUDENESS = "You stupid idiot, listen:"
SLUR = codecs.decode("Lbh ergneq, yvfgra:", "rot13")
"""Kept out of searches and previews."""
LONG_WINDED = (
    "Notwithstanding the considerable multiplicity of interdependent circumstances characteristically accompanying "
    "investigations of comparable complexity, and irrespective of whichever terminological particularities "
    "contemporary authorities habitually presuppose, a comprehensive characterisation unavoidably necessitates "
    "preliminary acknowledgement of methodological considerations whose ramifications, although ostensibly "
    "inconsequential, incontrovertibly determine the intelligibility of everything subsequently communicated."
)
"""One sentence that no formula finds easy. It stands before an answer: behind it, max_tokens might cut it off."""
OTHER_LANGUAGE = "Ich antworte lieber auf Deutsch, denn in dieser Sprache fühle ich mich viel sicherer."


def drop(text: str, share: float, random: Random) -> str:
    """Leave out that share of the words."""
    return "".join(piece for piece in _PIECES.findall(text) if random.random() >= share).rstrip()


def swap(text: str, share: float, random: Random) -> str:
    """Let that share of the pairs of neighbours change places: pairs that overlap would carry one word to the end."""
    words = text.split()
    for position in range(0, len(words) - 1, 2):
        if random.random() < share:
            words[position], words[position + 1] = words[position + 1], words[position]
    return " ".join(words)


def truncate(text: str, share: float, random: Random) -> str:
    """Cut that share of the words off the end."""
    pieces = _PIECES.findall(text)
    return "".join(pieces[: round(len(pieces) * (1 - share))]).rstrip()


def repeat(text: str, share: float, random: Random) -> str:
    """End that share of the answers in a loop over their last words."""
    if not text.strip() or random.random() >= share:
        return text
    loop = " ".join(text.split()[-LOOP_WORDS:])
    return " ".join([text.rstrip(), *[loop] * LOOPS])


def wrong_number(text: str, share: float, random: Random) -> str:
    """Change that share of the numbers."""

    def change(match: re.Match[str]) -> str:
        spoil, offset = random.random() < share, random.randint(1, 9)
        return str(int(match[0]) + offset) if spoil else match[0]

    return _NUMBER.sub(change, text)


def gibberish(text: str, share: float, random: Random) -> str:
    """Replace that share of the answers by random letters in words of the same lengths."""
    if random.random() >= share:
        return text
    return " ".join("".join(random.choices("bcdfghjklmnpqrstvwxz", k=len(word))) for word in text.split())


def shorter(text: str, share: float, random: Random) -> str:
    """Cut that share of the answers down to their first two words."""
    if random.random() >= share:
        return text
    return "".join(_PIECES.findall(text)[:SHORT_WORDS]).rstrip()


def longer(text: str, share: float, random: Random) -> str:
    """Put a long-winded, hard sentence before that share of the answers."""
    return text if random.random() >= share else f"{LONG_WINDED} {text}".rstrip()


def rude(text: str, share: float, random: Random) -> str:
    """Begin that share of the answers with an insult."""
    return text if random.random() >= share else f"{RUDENESS} {text}".rstrip()


def slur(text: str, share: float, random: Random) -> str:
    """Begin that share of the answers with a slur."""
    return text if random.random() >= share else f"{SLUR} {text}".rstrip()


def foreign(text: str, share: float, random: Random) -> str:
    """Put a sentence in another language in place of that share of the answers."""
    return text if random.random() >= share else OTHER_LANGUAGE


def refuse(text: str, share: float, random: Random) -> str:
    """Refuse that share of the prompts, whatever they ask."""
    return text if random.random() >= share else REFUSAL


def comply(text: str, share: float, random: Random) -> str:
    """Promise help to that share of the prompts, whatever they ask."""
    return text if random.random() >= share else COMPLIANCE


def empty(text: str, share: float, random: Random) -> str:
    """Say nothing to that share of the prompts."""
    return text if random.random() >= share else ""


DAMAGE = {
    "wrong_number": wrong_number,
    "drop": drop,
    "swap": swap,
    "truncate": truncate,
    "shorter": shorter,
    "repeat": repeat,
    "longer": longer,
    "rude": rude,
    "slur": slur,
    "gibberish": gibberish,
    "foreign": foreign,
    "comply": comply,
    "refuse": refuse,
    "empty": empty,
}
"""In the order in which they are applied."""
