"""Metrics: texts in, sufficient statistics out, and a value from their sum.

    >>> from evalkit import metrics
    >>> metrics.score("exact_match", ["Paris", "Rome"], [["Paris", "paris"], ["Madrid"]])
    0.5

Nothing heavy is imported before a metric needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalkit.metrics import (
        agreement,
        batches,
        bias_bbq,
        bias_choices,
        bias_diff,
        bias_likelihood,
        canaries,
        choice,
        classification,
        coherence,
        constraints,
        corpus,
        edits,
        endings,
        extraction,
        form,
        ifeval,
        insults,
        json_schema,
        judging,
        keywords,
        kinds,
        language,
        languages,
        leakage,
        length,
        match,
        ngrams,
        numeric,
        prose,
        readability,
        refusal,
        repetition,
        retention,
        rouge,
        sentiment,
        similarity,
        spans,
        sql,
        stemming,
        subsequences,
        words,
    )

__all__ = [
    "agreement",
    "batches",
    "bias_bbq",
    "bias_choices",
    "bias_diff",
    "bias_likelihood",
    "canaries",
    "choice",
    "classification",
    "coherence",
    "constraints",
    "corpus",
    "edits",
    "endings",
    "extraction",
    "form",
    "hf_module",
    "ifeval",
    "insults",
    "json_schema",
    "judging",
    "keywords",
    "kinds",
    "language",
    "languages",
    "leakage",
    "length",
    "match",
    "names",
    "ngrams",
    "numeric",
    "prose",
    "readability",
    "refusal",
    "repetition",
    "retention",
    "rouge",
    "score",
    "sentiment",
    "similarity",
    "spans",
    "sql",
    "stemming",
    "subsequences",
    "words",
]
_ENDED: Any = object()


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and (Path(__file__).parent / f"{name}.py").is_file():
        return import_module(f"evalkit.metrics.{name}")
    raise AttributeError(f"module 'evalkit.metrics' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)


def names() -> list[str]:
    """Of every text metric there is, those of installed plugins included."""
    from evalkit import plugins

    return plugins.names("evalkit.metrics")


def score(name: str, hypotheses: Iterable[str], references: Iterable[Sequence[str]]) -> float:
    """The metric's value over all rows: ``references`` holds, for each row, the list of its accepted texts.

    Both may be generators: rows are added up as they come, and none is kept. Rows that the metric cannot judge (a
    Chinese reference under ROUGE) are left out; where that leaves none, and for an empty input, a bare string in place
    of a list, unequal lengths or a row without references, it is a ValueError. An unknown name is a ``PluginError``
    that names the nearest one.
    """
    from evalkit import plugins
    from evalkit.records import Answer, Case, Sample, Unscored

    metric = plugins.load("evalkit.metrics", name)
    total: list[float] = []
    reasons: set[str] = set()
    for row, (hypothesis, accepted) in enumerate(_rows(hypotheses, references)):
        case = Case(str(row), (Sample(str(row), (), tuple(accepted)),))
        vector = metric.statistics(case, [Answer(hypothesis)])
        if isinstance(vector, Unscored):
            reasons.add(vector.reason)
        else:
            total = [left + right for left, right in zip(total, vector, strict=True)] if total else list(vector)
    value = metric.value(tuple(total)) if total else None
    if value is None:
        raise ValueError(f"{name}: no row could be scored ({'; '.join(sorted(reasons)) or 'nothing to divide by'})")
    return float(value)


def _rows(hypotheses: Iterable[str], references: Iterable[Sequence[str]]) -> Iterator[tuple[str, Sequence[str]]]:
    if isinstance(hypotheses, str) or isinstance(references, str):
        raise ValueError("hypotheses and references are lists with one entry a row, not a single string")  # noqa: TRY004
    if isinstance(hypotheses, Sized) and isinstance(references, Sized) and len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses but {len(references)} rows of references")
    row = -1
    for row, (hypothesis, accepted) in enumerate(zip_longest(hypotheses, references, fillvalue=_ENDED)):
        if hypothesis is _ENDED or accepted is _ENDED:
            few, many = (
                ("hypotheses", "rows of references") if hypothesis is _ENDED else ("rows of references", "hypotheses")
            )
            raise ValueError(f"{row} {few}, but more {many}")
        _check_row(row, hypothesis, accepted)
        yield hypothesis, accepted
    if row < 0:
        raise ValueError("no rows to score")


def _check_row(row: int, hypothesis: Any, accepted: Any) -> None:
    if not isinstance(hypothesis, str):
        # a bad row among good ones is a bad value of the whole argument: one exception for all that is wrong here
        raise ValueError(f"row {row}: the hypothesis is a {type(hypothesis).__name__}, not a string")  # noqa: TRY004
    if isinstance(accepted, str) or not all(isinstance(reference, str) for reference in accepted):
        raise ValueError(f"row {row}: references are a list of strings, such as ['{accepted}'], also when there is one")
    if not accepted:
        raise ValueError(f"row {row} has no reference")


def hf_module(name: str) -> str:
    """Path of a script for ``evaluate.load``, which then needs no hub: ``evaluate.load(hf_module("rougeL"))``."""
    from evalkit.errors import PluginError, did_you_mean

    folder = Path(__file__).parent / "hf"
    script = folder / name / f"{name}.py"
    if Path(name).name != name or not script.is_file():
        known = sorted(entry.name for entry in folder.iterdir() if (entry / f"{entry.name}.py").is_file())
        raise PluginError(f"no evaluate module '{name}'", hint=did_you_mean(name, known, "known modules"))
    return str(script)
