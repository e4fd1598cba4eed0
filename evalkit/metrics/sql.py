"""Metrics as functions of SQL: ``SELECT * FROM rows WHERE rougeL(answer, reference) < 0.3``.

Every text metric there is, those of installed plugins included, is a function of an answer and one accepted text; what
a text says of itself (its words, how hard it is to read, in which language it is) is a function of the text. A text
that is null gives null, and so does one that the metric cannot judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from evalkit import plugins

TEXT, NUMBER, COUNT, FLAG = "text", "number", "count", "flag"
"""What goes in and comes out; a flag is true or false."""
_RENAMED = {"contains": "contains_words", "numeric": "same_number"}
"""Databases have functions and types of those names."""
_READING = (
    "flesch_reading_ease",
    "flesch_kincaid_grade",
    "gunning_fog",
    "smog_index",
    "automated_readability_index",
    "coleman_liau_index",
    "dale_chall",
)


class SqlFunction(NamedTuple):
    call: Callable[..., Any]
    arguments: tuple[str, ...]
    result: str


def functions() -> Mapping[str, SqlFunction]:
    """By name. Nothing is imported for a function before it is called the first time."""
    metrics = plugins.names("evalkit.metrics")
    found = {_RENAMED.get(name, name): SqlFunction(_of_pair(name), (TEXT, TEXT), NUMBER) for name in metrics}
    found |= {name: SqlFunction(_quietly(partial(_reading, name)), (TEXT,), NUMBER) for name in _READING}
    found |= {
        "words": SqlFunction(_quietly(_words), (TEXT,), COUNT),
        "sentences": SqlFunction(_quietly(_sentences), (TEXT,), COUNT),
        "text_language": SqlFunction(_quietly(_language), (TEXT,), TEXT),
        "is_refusal": SqlFunction(_quietly(_is_refusal), (TEXT,), FLAG),
    }
    return found


def _of_pair(name: str) -> Callable[[str | None, str | None], float | None]:
    """A row's own value of a metric; of a corpus metric that of a corpus of one row."""
    loaded: list[Any] = []

    def value(answer: str | None, reference: str | None) -> float | None:
        from evalkit.records import Answer, Case, Sample, Unscored

        if answer is None or reference is None:
            return None
        if not loaded:
            loaded.append(plugins.load("evalkit.metrics", name))
        metric = loaded[0]
        found = metric.statistics(Case("", (Sample("", (), (str(reference),)),)), [Answer(str(answer))])
        if isinstance(found, Unscored):
            return None
        worth = metric.value(found)
        return None if worth is None else float(worth)

    return value


def _quietly(call: Callable[[str], Any]) -> Callable[[str | None], Any]:
    """Databases pass null as None, and SQLite numbers as they are."""
    return lambda text: None if text is None else call(str(text))


def _words(text: str) -> int:
    from evalkit.metrics.length import words

    return words(text)


def _sentences(text: str) -> int:
    from evalkit.metrics.length import sentences

    return sentences(text)


def _reading(name: str, text: str) -> float | None:
    """Of prose, as the check ``readability`` has it."""
    from evalkit.metrics.prose import parts
    from evalkit.metrics.readability import measure_prose

    return measure_prose(parts(text).prose).get(name)


def _language(text: str) -> str:
    from evalkit.metrics.language import detect

    return detect(text).code


def _is_refusal(text: str) -> bool:
    from evalkit.metrics.refusal import classify

    return classify(text).refused
