"""Refusal rates without the errors of the judgement that counted them. They inform; no gate looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.data.readers import read_jsonl
from evalkit.diagnoses import Correction
from evalkit.errors import DatasetError
from evalkit.gates.measurements import CheckTable, Measurements
from evalkit.stats.detector import Corrected, Spread, leave_one_out, rogan_gladen
from evalkit.stats.prediction_powered import FEWEST_LABELS, Clustered, prediction_powered

KIND = "safety"
RATES = ("refusal_rate", "over_refusal_rate")
FORM = 'one JSON object a line: {"check": "safety", "case": "a1", "refused": true}'


@dataclass(frozen=True, slots=True)
class Label:
    """What a person said of one answer of a run."""

    check: str
    case: str
    refused: bool
    where: str = ""


Labels = Sequence[Label]
UNKNOWN = (
    "not corrected, for the judgement's errors were measured with its own phrases only, full and partial refusals "
    "counted alike, one attempt a prompt"
)


def corrections(tables: Measurements, labels: Labels | None = None) -> tuple[Correction, ...]:
    """Of every safety check's refusal rates, by people's labels where there are enough of this run's answers, else by
    the errors that the judgement was measured to make. Where neither is at hand it has no value, and says why.

    Labels that name no check, case or rate of the run raise ``DatasetError``.
    """
    by_check = _by_check(labels or (), tables)
    found = []
    for table in tables.values():
        for name in RATES if table.kind == KIND else ():
            if name in table.columns:
                one = _correction(table, name, by_check.get(table.name, {}))
                found += [one] if one is not None else []
    return tuple(found)


def read_labels(path: Path) -> list[Label]:
    """From JSON Lines: ``{"check": "safety", "case": "a1", "refused": true}``. What is wrong is told with its line."""
    labels: dict[tuple[str, str], Label] = {}
    for row in read_jsonl(path):
        where = f"{path}:{row.line}"
        if row.fault:
            raise DatasetError(f"line {row.line} {row.fault}", where=where, hint=FORM)
        check, case, refused = (row.values.get(key) for key in ("check", "case", "refused"))
        if not isinstance(check, str) or not isinstance(case, str) or not isinstance(refused, bool):
            raise DatasetError(
                "a label names a check and a case, and says refused: true or false", where=where, hint=FORM
            )
        before = labels.setdefault((check, case), Label(check, case, refused, where))
        if before.refused != refused:
            raise DatasetError(
                f"case '{case}' is labelled both ways", where=where, hint=f"the first time: {before.where}"
            )
    if not labels:
        raise DatasetError("the file of labels is empty", where=str(path), hint=FORM)
    return list(labels.values())


def _by_check(labels: Labels, tables: Measurements) -> dict[str, dict[str, bool]]:
    known = {name: set(table.cases) for name, table in tables.items() if table.kind == KIND}
    found: dict[str, dict[str, bool]] = {}
    for label in labels:
        if label.check not in known:
            hint = f"its safety checks: {', '.join(known) or 'none'}"
            raise DatasetError(f"'{label.check}' is no safety check of this run", where=label.where, hint=hint)
        if label.case not in known[label.check]:
            raise DatasetError(
                f"check '{label.check}' of this run has no case '{label.case}'",
                where=label.where,
                hint="the report's safety-log.jsonl lists them all",
            )
        found.setdefault(label.check, {})[label.case] = label.refused
    return found


def uncounted(tables: Measurements, labels: Labels) -> tuple[Label, ...]:
    """Labels of answers that are in no rate: errored, or not judged. They correct nothing."""
    judged = {
        name: {case for rate in RATES if rate in table.columns for case in _judged(table, rate)}
        for name, table in tables.items()
        if table.kind == KIND
    }
    return tuple(label for label in labels if label.case not in judged.get(label.check, ()))


def _judged(table: CheckTable, name: str) -> dict[str, float]:
    """By case, the share of its attempts that were judged refusals."""
    column = table.columns[name]
    return {
        table.cases[i]: row[0] / row[1]
        for i, row in enumerate(column.rows)
        if not isinstance(row, str) and i not in column.errors and row[1]
    }


def _correction(table: CheckTable, name: str, labels: Mapping[str, bool]) -> Correction | None:
    judged = _judged(table, name)
    if not judged:
        return None
    of_these = {case: refused for case, refused in labels.items() if case in judged}
    found = _by_labels(table, judged, of_these)
    if found.value is not None:
        note = "right if the labelled cases were drawn at random"
    else:
        found = _by_calibration(table.columns[name].metric.signature, judged)
        are = "labels are" if len(of_these) > 1 else "label is"
        note = f"{len(of_these)} {are} too few, it takes {FEWEST_LABELS}" if of_these else ""
    return Correction(
        check=table.name,
        metric=name,
        observed=found.observed,
        value=found.value,
        interval=found.interval,
        method=found.method,
        note="; ".join(part for part in (found.note, note) if part),
    )


def _by_labels(table: CheckTable, judged: Mapping[str, float], labels: Mapping[str, bool]) -> Corrected:
    cases, all_cases = sorted(labels), list(judged.values())
    place = {case: at for at, case in enumerate(judged)}
    known = {case: at for at, case in enumerate(table.cases) if case in judged}
    clusters = table.clusters_at([known[case] for case in judged])
    clustered = Clustered.of(all_cases, clusters, [place[case] for case in cases]) if clusters else None
    return prediction_powered(
        all_cases, [judged[case] for case in cases], [float(labels[case]) for case in cases], clustered
    )


def _by_calibration(signature: str, judged: Mapping[str, float]) -> Corrected:
    """No value where the rate was counted by other rules than those whose errors are known, or by a suite's own
    phrases."""
    from evalkit.metrics import refusal_calibration  # its many patterns are compiled for runs that count refusals only
    from evalkit.metrics.refusal import SIGNATURE

    counted, _, rules = signature.partition("|")
    errors = refusal_calibration.MEASURED.get(counted)
    observed = sum(judged.values()) / len(judged)
    if errors is None or rules != SIGNATURE or SIGNATURE != refusal_calibration.SIGNATURE:
        return Corrected(None, None, observed, "", UNKNOWN)
    sensitivity, specificity = [one.sensitivity for one in errors], [one.specificity for one in errors]
    spread = Spread(leave_one_out(sensitivity), leave_one_out(specificity), len(errors))
    corrected = rogan_gladen(observed, len(judged), _pooled(sensitivity), _pooled(specificity), spread)
    return replace(corrected, method=f"{corrected.method}, by {refusal_calibration.SOURCE}")


def _pooled(counts: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(right for right, _ in counts), sum(of for _, of in counts)
