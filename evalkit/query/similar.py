"""Answers that mean much the same, whatever their words: vectors of a sentence model, kept beside the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from evalkit.errors import ConfigurationError, ModelError
from evalkit.query.filling import RunReader
from evalkit.query.finding import JOINED, Asked, Found, Ranked, best, shown
from evalkit.store.documents import shown_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 256
COMPARED_AT_ONCE = 8192
KEPT = "<f2"
"""Half precision: a cosine of such vectors differs in the fourth digit."""
Missing = tuple[int, str, str, str, int]
"""A text without a vector, and a run, check, case and place where it stands."""


def require_model(text: str) -> None:
    """What is wrong is said before anything is read."""
    if not text.strip():
        raise ConfigurationError("there is nothing to compare with", where="--similar", hint="give a sentence")
    from evalkit.models import embedding

    try:
        embedding.files()
    except ModelError as error:
        hint = "fetch it once where there is a network, and set EVALKIT_CACHE to a copy of that cache folder"
        raise ModelError(error.message, where="the sentence model of --similar", hint=hint) from error


def alike(asked: Asked, text: str) -> Found:
    """By the cosine with the text, the nearest first. Answers that were never compared are read and embedded first;
    their vectors stay."""
    from evalkit.models import embedding

    _embed_missing(asked)
    target = embedding.embed([text])[0]
    with asked.file.reading() as connection:
        inside = f"SELECT uses.text FROM {JOINED}{asked.where}"
        among = f"SELECT number, vector FROM vectors WHERE number IN ({inside})"
        rows = connection.execute(among, asked.limits.values).fetchall()
        nearest = _nearest(rows, target, asked.most)
        if not nearest:
            return Found((), 0)
        table = f"WITH found (text, rank) AS (VALUES {', '.join(['(?, ?)'] * len(nearest))})"
        ranked = Ranked(table, tuple(value for number, cosine in nearest for value in (number, -cosine)))
        places = best(connection, ranked, asked)
    return Found(shown(asked.store, [replace(place, rank=-place.rank) for place in places]), len(rows))


def _nearest(rows: Sequence[tuple[int, bytes]], target: NDArray[np.float32], most: int) -> list[tuple[int, float]]:
    """Numbers of texts with their cosines."""
    import numpy as np

    if not rows:
        return []
    vectors = np.frombuffer(b"".join(vector for _, vector in rows), dtype=KEPT).reshape(len(rows), -1)
    parts = np.array_split(vectors, len(rows) // COMPARED_AT_ONCE + 1)
    cosines = np.concatenate([part.astype(np.float32) @ target for part in parts])
    order = np.argsort(-cosines, kind="stable")[:most]
    return [(rows[place][0], float(cosines[place])) for place in order]


def _embed_missing(asked: Asked) -> None:
    from evalkit.models import embedding

    missing = _missing(asked)
    groups: dict[tuple[str, str], list[tuple[int, str, int]]] = {}
    for number, run, check, case, place in missing:
        groups.setdefault((run, check), []).append((number, shown_name(case), place))
    done = 0
    for (run, check), uses in groups.items():
        reader, remaining = RunReader(asked.store, shown_name(run)), iter(uses)
        while some := list(islice(remaining, AT_ONCE)):
            said = reader.of_cases(shown_name(check), [case for _, case, _ in some])
            texts = {number: said[case, place].answer for number, case, place in some if (case, place) in said}
            vectors = embedding.embed(list(texts.values())).astype(KEPT)
            rows = [(number, vector.tobytes()) for number, vector in zip(texts, vectors, strict=True)]
            with asked.file.writing() as connection:
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            done += len(some)
            asked.tell(done, len(missing))


def _missing(asked: Asked) -> list[Missing]:
    known = "uses.text NOT IN (SELECT number FROM vectors)"
    limits = f"{asked.where} AND {known}" if asked.where else f" WHERE {known}"
    columns = "uses.text, runs.id, uses.check_name, uses.case_id, uses.place"
    statement = f"SELECT {columns} FROM {JOINED}{limits} GROUP BY uses.text"
    with asked.file.reading() as connection:
        return connection.execute(statement, asked.limits.values).fetchall()
