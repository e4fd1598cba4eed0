"""Answers across runs: by their words, best first, or by their meaning; the texts come from the runs database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from evalkit.ages import since
from evalkit.errors import ConfigurationError
from evalkit.query.filling import Fill, Tell
from evalkit.query.filters import Condition, condition
from evalkit.query.finding import Asked, Found, Hit, Ranked, best, count, shown
from evalkit.query.index import Damaged, IndexFile, discard, index_path
from evalkit.query.words import all_of, parse
from evalkit.store import Store
from evalkit.store.documents import stored_name
from evalkit.store.looking import count_unfinished

__all__ = ["Found", "Hit", "Wanted", "search"]
WITHIN = {"": "answer prompt", "answer": "answer", "prompt": "prompt"}
_MATCHED = "WITH found AS MATERIALIZED (SELECT rowid AS text, rank FROM words WHERE words MATCH ?)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose answers are searched; empty means any."""

    where: str = ""
    """A condition, as ``evalkit.query.filters`` reads it."""
    run: str = ""
    check: str = ""
    since: str = ""
    """A date, or a time to look back: ``2026-03-01``, ``7d``."""


def search(
    store: Store,
    text: str,
    wanted: Wanted = Wanted(),
    *,
    within: str = "",
    similar: bool = False,
    limit: int = 20,
    tell: Tell = lambda *_: None,
) -> Found:
    """``within``: ``answer``, ``prompt``, or both. ``similar``: by the meaning of answers, in place of words. ``tell``
    is told how far the index is, where runs are new to it."""
    limits = _limits(store, wanted)
    if within not in WITHIN:
        raise ConfigurationError(f"'{within}' cannot be searched", where="--in", hint="answer or prompt")
    asked = Asked(IndexFile(index_path(store)), store, limits, limit, tell)
    if similar:
        from evalkit.query.similar import alike, require_model

        require_model(text)
        found = _whole(asked, lambda: alike(asked, text))
    else:
        question = _question(text, within)
        found = _whole(asked, lambda: _by_words(asked, question))
    return replace(found, notes=(*found.notes, *_not_there(asked, wanted.check), *_not_searched(store, wanted)))


def _whole(asked: Asked, look: Callable[[], Found]) -> Found:
    """A file that is damaged or of another version is thrown away first, and made anew."""
    try:
        Fill(asked.file, asked.store, asked.tell).run()
        return look()
    except Damaged:
        discard(asked.file.path)
        Fill(asked.file, asked.store, asked.tell).run()
        return look()


def _not_there(asked: Asked, check: str) -> Iterator[str]:
    with asked.file.reading() as connection:
        known = connection.execute("SELECT 1 FROM uses WHERE check_name = ? LIMIT 1", (stored_name(check),)).fetchone()
    if check and not known:
        yield f"no run that is searched has a check '{check}'"


def _not_searched(store: Store, wanted: Wanted) -> Iterator[str]:
    """A run's answers are for the index when they stay as they are: when it is finished."""
    many = count_unfinished(store, store.get_run(wanted.run).id if wanted.run else "")
    if many:
        what = "1 run that is not finished is" if many == 1 else f"{many:,} runs that are not finished are"
        yield f"{what} not searched"


def _limits(store: Store, wanted: Wanted) -> Condition:
    """All of them together."""
    written = condition(wanted.where)
    parts, values = [written.sql] if written.sql else [], list(written.values)
    for column, value in (
        ("runs.id =", stored_name(store.get_run(wanted.run).id) if wanted.run else ""),
        ("uses.check_name =", stored_name(wanted.check)),
        ("runs.created >=", since(wanted.since, "--since") if wanted.since else ""),
    ):
        if value:
            parts.append(f"{column} ?")
            values.append(value)
    return Condition(" AND ".join(f"({part})" for part in parts), tuple(values))


@dataclass(frozen=True, slots=True)
class _Question:
    match: str
    """In the words of the index."""
    terms: tuple[str, ...]
    notes: tuple[str, ...]


def _question(text: str, within: str) -> _Question:
    said = parse(text)
    if not said.terms:
        why = f": {said.ignored[0]}" if said.ignored else ""
        hint = "evalkit search 'a word', '\"a phrase\"', 'begin*' or 'this -without'; --similar compares by meaning"
        raise ConfigurationError(f"there is no word to search for{why}", where="search", hint=hint)
    match = all_of(*said.wanted(WITHIN[within], {}))
    if said.without:
        match = f"({match}) NOT ({' OR '.join(said.unwanted(WITHIN[within], {}))})"
    return _Question(match, tuple(term for term, _ in said.terms), said.ignored)


def _by_words(asked: Asked, question: _Question) -> Found:
    ranked = Ranked(_MATCHED, (question.match,))
    with asked.file.reading() as connection:
        places, total = best(connection, ranked, asked), count(connection, ranked, asked)
    return Found(shown(asked.store, places), total, question.notes, question.terms)
