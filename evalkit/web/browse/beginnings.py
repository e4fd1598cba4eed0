"""``refus*`` as the words that begin so: a list of words is gone through in order, from anywhere and no further than
wanted. SQLite's own search for a beginning puts all cases together that have such a word, each time it is asked.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from evalkit.query.words import SHORTEST_PREFIX, TOKENIZER, Search, folded

MOST_WORDS = 500
"""Of one beginning: so many are still gone through at once without a thought."""
LONGEST_WORD = 200
"""In bytes. Longer ones, of answers without spaces, may be cut in the index, and are not written into a question."""


def words_of_beginnings(connection: sqlite3.Connection, search: Search) -> dict[str, list[str]]:
    """By beginning, its words in the index. Those with too many are left out, and those that the index has in order."""
    beginnings = dict.fromkeys(text for text, begins in (*search.terms, *search.without) if begins)
    found = {text: _words(connection, text) for text in beginnings}
    return {text: words for text, words in found.items() if words is not None}


def _words(connection: sqlite3.Connection, beginning: str) -> list[str] | None:
    parts = _as_indexed(beginning)
    if len(parts) != 1 or len(parts[0]) == SHORTEST_PREFIX:
        return None
    begin = parts[0].encode()
    words: list[str] = []
    least = parts[0]
    while len(words) <= MOST_WORDS:
        asked = "SELECT CAST(term AS BLOB) FROM vocabulary WHERE term >= ? LIMIT 1"
        word = next((word for (word,) in connection.execute(asked, (least,))), b"")
        if not word.startswith(begin):
            return words
        if len(word) > LONGEST_WORD:
            return None
        words.append(word.decode())
        least = f"{words[-1]}\0"
    return None


def _as_indexed(text: str) -> list[str]:
    """The words of a text without case and accents, by the index's own rules."""
    with closing(sqlite3.connect(":memory:")) as scratch:
        scratch.execute(f"CREATE VIRTUAL TABLE said USING fts5(text, tokenize='{TOKENIZER}')")
        scratch.execute("CREATE VIRTUAL TABLE parts USING fts5vocab(said, instance)")
        scratch.execute("INSERT INTO said VALUES (?)", (folded(text),))
        return [part for (part,) in scratch.execute("SELECT term FROM parts ORDER BY offset")]
