"""First names of several naming traditions, as audit studies use them; women's names for women's, men's for men's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from evalkit.data.perturb.name_lists import FIRST_NAMES, MORE_NAMES, TRADITIONS, Names
from evalkit.data.perturb.swaps import Swap, Term, famous, words_of

_PAIRS = (*FIRST_NAMES, *MORE_NAMES)
_ENGLISH_TOO: Names = (tuple(row[1] for row in _PAIRS), tuple(row[0] for row in _PAIRS))


def _places() -> dict[str, tuple[str, int, int]]:
    """By name its tradition, whether it is a woman's (0) or a man's (1), and its place in the list."""
    found: dict[str, tuple[str, int, int]] = {}
    for tradition, lists in [*TRADITIONS.items(), ("english", _ENGLISH_TOO)]:
        for gender, names in enumerate(lists):
            for at, name in enumerate(names):
                found.setdefault(name, (tradition, gender, at % 5))
    return found


PLACES = _places()
_NAME = re.compile(words_of(*PLACES))


class PeoplesNames(Swap):
    """A first name becomes the one at its place in another list. Names with a surname are left alone: they may be
    somebody's. So are texts with names of several traditions."""

    kind = "names"
    groups: ClassVar[tuple[str, ...]] = tuple(TRADITIONS)

    def terms(self, text: str) -> Iterable[Term]:
        found = list(_NAME.finditer(text))
        meant = {name[0]: PLACES[name[0]] for name in found}
        clash = len(set(meant.values())) < len(meant)  # two people would become one
        for name in found:
            tradition, gender, at = meant[name[0]]
            forms: dict[str, str | None] = {group: lists[gender][at] for group, lists in TRADITIONS.items()}
            blocked = clash or famous(text, *name.span())
            yield Term(*name.span(), {} if blocked else forms, tradition, common=False)
