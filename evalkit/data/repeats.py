"""Rows of a dataset that say the same, or nearly the same."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.compact import MadeOnDemand, Spool
from evalkit.data.minhash import Near

SHOWN = 20
ROWS_SHOWN = 10
LONGEST = 160


@dataclass(frozen=True, slots=True)
class Group:
    rows: tuple[int, ...]
    """The first of them."""
    count: int
    share: float
    """The least that joined them; 1 where they are the same."""
    text: str

    def to_json(self) -> dict[str, Any]:
        return {"rows": list(self.rows), "count": self.count, "share": round(self.share, 4), "text": self.text}


@dataclass(frozen=True, slots=True)
class Repeats:
    exact: int
    """Rows whose text an earlier row has."""
    exact_groups: int
    near_share: float
    near: int
    """Rows whose text is nearly that of another row, and not the same."""
    near_groups: int
    first_exact: tuple[Group, ...] = ()
    """The largest groups."""
    first_near: tuple[Group, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "exact": {
                "rows": self.exact,
                "groups": self.exact_groups,
                "first": [one.to_json() for one in self.first_exact],
            },
            "near": {
                "share": self.near_share,
                "rows": self.near,
                "groups": self.near_groups,
                "first": [one.to_json() for one in self.first_near],
            },
        }


class Different(MadeOnDemand[str]):
    """The different texts of a dataset, on disk, and which rows have each."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._places: dict[int, int] = {}
        self._copies: dict[int, array[int]] = {}
        """Of texts that several rows have, all these rows."""
        self.rows = array("q")
        """Of each text, the first row that has it."""

    def add(self, text: str, row: int) -> None:
        written = text.encode("utf-8", "surrogatepass")
        digest = int.from_bytes(hashlib.blake2b(written, digest_size=8).digest(), "little")
        place = self._places.setdefault(digest, len(self.rows))
        if place == len(self.rows):
            self._spool.append(written)
            self.rows.append(row)
        else:
            self._copies.setdefault(place, array("q", [self.rows[place]])).append(row)

    def __len__(self) -> int:
        return len(self.rows)

    def item(self, place: int) -> str:
        return self._spool[place].decode("utf-8", "surrogatepass")

    def repeats(self, share: float) -> Repeats:
        near = Near(share)
        near.add_all(self)
        groups = near.groups()
        exact = sorted(self._copies.items(), key=lambda entry: (-len(entry[1]), entry[0]))
        alike = sorted(groups, key=lambda group: (-len(group[0]), group[0]))
        return Repeats(
            sum(len(rows) - 1 for _, rows in exact),
            len(exact),
            share,
            sum(len(self._rows_of(place)) for members, _ in groups for place in members),
            len(groups),
            tuple(self._group(rows, 1.0, place) for place, rows in exact[:SHOWN]),
            tuple(self._near_group(members, least) for members, least in alike[:SHOWN]),
        )

    def _rows_of(self, place: int) -> Sequence[int]:
        return self._copies.get(place, (self.rows[place],))

    def _near_group(self, members: Sequence[int], least: float) -> Group:
        return self._group(sorted(row for place in members for row in self._rows_of(place)), least, members[0])

    def _group(self, rows: Sequence[int], share: float, place: int) -> Group:
        return Group(tuple(rows[:ROWS_SHOWN]), len(rows), share, shorten(self[place]))


def shorten(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a row's value, however deep it lies."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list | tuple):
            waiting.extend(reversed(one))
        elif isinstance(one, dict):
            waiting.extend(reversed(list(one.values())))
