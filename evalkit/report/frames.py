"""Results and comparisons as tables to calculate with: rows of plain values, and data frames of them.

Texts of models stay as they are here: a frame is data, and what shows it is not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evalkit.errors import ConfigurationError, MissingExtra, did_you_mean
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.records import Interval
from evalkit.report import comparison_words
from evalkit.results import Exchange, Result
from evalkit.runner.compare import Comparison
from evalkit.store import StoredScore

Row = dict[str, Any]
EXTRAS = {"pandas": "frames", "polars": "polars"}
"""Engines, and the extras that bring them."""
NUMBER, COUNT, FLAG, TEXTS, TEXT = "number", "count", "flag", "texts", "text"
KINDS = {
    **dict.fromkeys(("value", "low", "high", "threshold", "p_value", "difference", "baseline"), NUMBER),
    **dict.fromkeys(("planned", "scored", "unscored", "errored", "more_cases"), COUNT),
    **dict.fromkeys(("improved", "regressed", "lower", "higher", "unchanged"), COUNT),
    **dict.fromkeys(("automatic", "decisive", "skipped"), FLAG),
    "references": TEXTS,
}
"""Of columns that are no texts."""
ESTIMATES = (
    *("check", "metric", "slice", "value", "low", "high", "planned", "scored", "unscored", "errored"),
    *("unit", "better", "signature"),
)
GATES = (
    *("gate", "word", "counts_as", "check", "metric", "slice", "value", "low", "high", "operator", "threshold"),
    *("about", "reason", "p_value", "more_cases", "automatic", "origin"),
)
FINDINGS = (
    *("check", "case", "metric", "value", "status", "note", "sample", "prompt", "answer", "references", "finish"),
    "error",
)
ANSWERS = ("check", "case", "status", "note", "sample", "prompt", "answer", "references", "finish", "error")
SCORES = ("check", "case", "metric", "value", "unit", "better", "status", "note")
REVIEWS = ("queue", "check", "case", "reviewer", "label", "skipped", "note", "time")
METRICS = (
    *("candidate", "model", "check", "metric", "word", "baseline", "value", "difference", "low", "high", "p_value"),
    *("improved", "regressed", "lower", "higher", "unchanged", "unit", "better", "decisive"),
)
CASES = (
    *("candidate", "model", "check", "case", "direction", "metric", "baseline", "value", "baseline_status"),
    *("status", "baseline_answer", "answer"),
)


def frame(rows: Iterable[Row], columns: Sequence[str], engine: str, labels: Sequence[str] = ()) -> Any:
    """Of an engine that is imported now. Columns stand there without rows as well, and have one type whatever is in
    them. ``labels``: columns of a dataset, which are texts by any name."""
    require_known("engine", engine, EXTRAS)
    listed = list(rows)
    data = {column: [_encodable(row.get(column)) for row in listed] for column in columns}
    kinds = {column: TEXT if column in labels else KINDS.get(column, TEXT) for column in columns}
    try:
        return _polars(data, kinds) if engine == "polars" else _pandas(data, kinds)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"to_frame(engine='{engine}')", EXTRAS[engine]) from error


def _encodable(value: Any) -> Any:
    """Half a character, as models may write it, has no UTF-8 and stands there as its escape."""
    if isinstance(value, list):
        return [_encodable(one) for one in value]
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", errors="backslashreplace").decode("utf-8")


def _polars(data: Mapping[str, list[Any]], kinds: Mapping[str, str]) -> Any:
    import polars as pl

    types: dict[str, Any] = {
        NUMBER: pl.Float64,
        COUNT: pl.Int64,
        FLAG: pl.Boolean,
        TEXTS: pl.List(pl.String),
        TEXT: pl.String,
    }
    return pl.DataFrame(data, schema={column: types[kind] for column, kind in kinds.items()}, strict=False)


def _pandas(data: Mapping[str, list[Any]], kinds: Mapping[str, str]) -> Any:
    """Counts are of the type that can be missing, so that one that is missing makes no fractions of the others."""
    import pandas as pd

    types = {NUMBER: "float64", COUNT: "Int64", FLAG: "boolean", TEXTS: "object", TEXT: "string"}
    return pd.DataFrame({column: pd.Series(values, dtype=types[kinds[column]]) for column, values in data.items()})


def require_known(what: str, given: str, known: Iterable[str]) -> None:
    if given not in known:
        hint = did_you_mean(str(given), known, f"known {what}s")
        raise ConfigurationError(f"no {what} of a frame is called '{given}'", where=what, hint=hint)


# --- results ----------------------------------------------------------------------------------------------------------


def of_result(result: Result, kind: str, engine: str) -> Any:
    """``estimates``, ``gates`` or ``findings``: what a result itself holds."""
    rows = {"estimates": (estimate_rows, ESTIMATES), "gates": (gate_rows, GATES), "findings": (finding_rows, FINDINGS)}
    make, columns = rows[kind]
    return frame(make(result), columns, engine)


def estimate_rows(result: Result) -> Iterator[Row]:
    for one in result.estimates:
        counts = one.counts
        yield {
            "check": one.check,
            "metric": one.metric,
            "slice": slice_text(one.slice),
            "value": one.value,
            **_ends(one.interval),
            "planned": counts.planned,
            "scored": counts.scored,
            "unscored": counts.unscored,
            "errored": counts.errored,
            "unit": one.unit,
            "better": one.better,
            "signature": one.signature,
        }


def gate_rows(result: Result) -> Iterator[Row]:
    """``value`` and its ends are what the gate was decided on: of a gate on a baseline, the difference."""
    for one in result.outcome.verdicts:
        estimate, on = one.estimate, one.contrast or one.estimate
        yield {
            "gate": one.gate,
            "word": str(one.word),
            "counts_as": str(one.counts_as),
            "check": estimate.check if estimate else "",
            "metric": estimate.metric if estimate else "",
            "slice": slice_text(estimate.slice) if estimate else "",
            "value": on.value if on else None,
            **_ends(on.interval if on else None),
            "operator": one.operator,
            "threshold": one.threshold,
            "about": one.about,
            "reason": one.reason,
            "p_value": one.p_value,
            "more_cases": one.more_cases,
            "automatic": one.automatic,
            "origin": one.origin,
        }


def finding_rows(result: Result) -> Iterator[Row]:
    """A row for every exchange of the worst cases, then of those drawn at random."""
    for one in (*result.findings, *result.sampled):
        of_case = {"check": one.check, "case": one.case, "metric": one.metric, "value": one.value}
        for said in one.exchanges:
            yield {**of_case, "status": str(one.status), "note": one.note, **_exchange(said)}


def of_answers(cases: Iterable[tuple[StoredScore, Sequence[Exchange]]], engine: str) -> Any:
    """A row for every answer of every case; one without a prompt for a case that nothing was asked for."""
    return frame((row for stored, said in cases for row in _answer_rows(stored, said)), ANSWERS, engine)


def _answer_rows(stored: StoredScore, said: Sequence[Exchange]) -> Iterator[Row]:
    score = stored.score
    of_case: Row = {"check": stored.check, "case": stored.case, "status": str(score.status), "note": score.error}
    if not said:
        yield of_case
    for one in said:
        yield {**of_case, **_exchange(one)}


def _exchange(said: Exchange) -> Row:
    return {
        "sample": said.sample,
        "prompt": "\n\n".join(f"{one.role}: {one.content}" for one in said.messages),
        "answer": said.answer,
        "references": list(said.references),
        "finish": said.finish,
        "error": said.error,
    }


def of_reviews(said: Iterable[Mapping[str, Any]], engine: str) -> Any:
    """A row for what every reviewer says of a case, as an exported file has it. Without a label: skipped, or a note."""
    return frame(({"skipped": False, **one} for one in said), REVIEWS, engine)


def of_scores(tables: Mapping[str, CheckTable], result: Result, engine: str) -> Any:
    """A row for every case and metric; a column for every label by which the suite slices. ``note`` says why there is
    no value."""
    labels = tuple(dict.fromkeys(label for one in result.estimates for label in one.slice))
    names = {label: f"{label}_" if label in SCORES else label for label in labels}
    columns = tuple(names.values())
    return frame(score_rows(tables, names), (*SCORES, *columns), engine, labels=columns)


def score_rows(tables: Mapping[str, CheckTable], labels: Mapping[str, str]) -> Iterator[Row]:
    for table in tables.values():
        for place, case in enumerate(table.cases):
            of_case: Row = {"check": table.name, "case": case, "status": str(table.statuses[place])}
            of_case |= {column: table.labels.text(place, label) for label, column in labels.items()}
            for name, column in table.columns.items():
                if name == COVERAGE:
                    continue
                row, metric = column.rows[place], column.metric
                told: Row = {"metric": name, "value": None, "unit": metric.unit, "better": metric.better, "note": ""}
                if isinstance(row, str):
                    told["note"] = row
                else:
                    told["value"] = row[0] if metric.kind == "quantile" else table.value_of(name, row)
                yield {**of_case, **told}


def slice_text(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{label}={value}" for label, value in wanted.items())


def _ends(between: Interval | None) -> Row:
    return {"low": between.low if between else None, "high": between.high if between else None}


# --- comparisons ------------------------------------------------------------------------------------------------------


def of_comparison(comparison: Comparison, kind: str, engine: str) -> Any:
    require_known("kind", kind, ("metrics", "cases"))
    if kind == "cases":
        return frame(changed_rows(comparison), CASES, engine)
    return frame(metric_rows(comparison), METRICS, engine)


def metric_rows(comparison: Comparison) -> Iterator[Row]:
    for pairing in comparison.candidates:
        for one in pairing.metrics:
            yield {
                "candidate": pairing.candidate.id,
                "model": pairing.candidate.model,
                "check": one.check,
                "metric": one.metric,
                "word": one.word,
                "baseline": one.baseline,
                "value": one.candidate,
                "difference": one.contrast.value,
                **_ends(one.contrast.interval),
                "p_value": one.adjusted,
                **comparison_words.went(one),
                "unit": one.unit,
                "better": one.better,
                "decisive": one.decisive,
            }


def changed_rows(comparison: Comparison) -> Iterator[Row]:
    """Answers only of the cases that were compared with them: the first of each direction."""
    for pairing in comparison.candidates:
        for one in (*pairing.regressed, *pairing.improved, *pairing.moved):
            before, after = one.baseline_exchanges, one.candidate_exchanges
            yield {
                "candidate": pairing.candidate.id,
                "model": pairing.candidate.model,
                "check": one.check,
                "case": one.case,
                "direction": one.direction,
                "metric": one.metric,
                "baseline": one.baseline,
                "value": one.candidate,
                "baseline_status": str(one.baseline_status),
                "status": str(one.candidate_status),
                "baseline_answer": before[0].answer if before else None,
                "answer": after[0].answer if after else None,
            }
