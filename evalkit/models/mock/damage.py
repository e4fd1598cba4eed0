"""Ways to spoil a good answer, so that a gate can be seen to fail by as much as one likes.

Each function decides word by word, or once for an answer, whether to spoil. With the same seed a larger share spoils
at least what a smaller one spoils, so scores fall steadily as the share rises.
"""

from __future__ import annotations

import re
from random import Random

_PIECES = re.compile(r"\S+\s*")
_NUMBER = re.compile(r"\d{1,300}")
LOOPS = 8
LOOP_WORDS = 4


def drop(text: str, share: float, random: Random) -> str:
    """Leave out that share of the words."""
    return "".join(piece for piece in _PIECES.findall(text) if random.random() >= share).rstrip()


def swap(text: str, share: float, random: Random) -> str:
    """Let that share of the words change places with the next one."""
    words = text.split()
    for position in range(len(words) - 1):
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


DAMAGE = {
    "wrong_number": wrong_number,
    "drop": drop,
    "swap": swap,
    "truncate": truncate,
    "repeat": repeat,
    "gibberish": gibberish,
}
"""In the order in which they are applied."""
