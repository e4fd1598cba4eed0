"""A comparison for scripts."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from evalkit.report import comparison_words as words
from evalkit.results import Run
from evalkit.runner.compare import ALPHA, CaseChange, CheckChange, Comparison, MetricChange, Pairing

SCHEMA_VERSION = 1


def to_document(comparison: Comparison) -> dict[str, Any]:
    """Top level: schema, alpha, baseline, candidates; docs/comparing.md describes every key."""
    document = {
        "schema": SCHEMA_VERSION,
        "alpha": ALPHA,
        "baseline": _run(comparison.baseline, comparison.candidates[0].found_by[0]),
        "candidates": [_pairing_document(pairing) for pairing in comparison.candidates],
    }
    finite: dict[str, Any] = _finite(document)
    return finite


def _pairing_document(pairing: Pairing) -> dict[str, Any]:
    return {
        "candidate": _run(pairing.candidate, pairing.found_by[1]),
        "differences": [dict(zip(("what", "baseline", "candidate"), row, strict=True)) for row in pairing.differences],
        "allowed": list(pairing.allowed),
        "missing": list(pairing.missing),
        "regression": {
            "found": bool(pairing.worse),
            "worse": [metric.name for metric in pairing.worse],
            "judged_by": "gates" if pairing.gated else "bounds",
            "metrics": [metric.name for metric in pairing.decisive],
        },
        "checks": [_check_document(check) for check in pairing.checks],
        "regressed": [_case_document(change) for change in pairing.regressed],
        "improved": [_case_document(change) for change in pairing.improved],
        "moved": [_case_document(change) for change in pairing.moved],
    }


def _run(run: Run, found_by: str) -> dict[str, Any]:
    names = ("id", "suite", "model", "created", "partial", "suite_fingerprint", "model_fingerprint")
    return {name: getattr(run, name) for name in names} | {"datasets": dict(run.datasets), "named": found_by}


def _sides(pair: tuple[Any, Any]) -> dict[str, Any]:
    return dict(zip(("baseline", "candidate"), pair, strict=True))


def _check_document(check: CheckChange) -> dict[str, Any]:
    before, after = (asdict(side) | {"stopped_early": side.early} for side in check.asked)
    return {
        "check": check.name,
        "pairs": check.pairs,
        "clusters": check.units,
        "only_baseline": list(check.only_baseline),
        "only_candidate": list(check.only_candidate),
        "errored": _sides(check.errored),
        "unscored": _sides(check.unscored),
        "asked": _sides((before, after)),
        "metrics": [_metric_document(metric) for metric in check.metrics],
    }


def _metric_document(metric: MetricChange) -> dict[str, Any]:
    contrast = metric.contrast
    return {
        "metric": metric.metric,
        "unit": metric.unit,
        "better": metric.better,
        "baseline": metric.baseline,
        "candidate": metric.candidate,
        "difference": contrast.value,
        "interval": asdict(contrast.interval) if contrast.interval else None,
        "p_value": contrast.p_value,
        "p_adjusted": metric.adjusted,
        "test": metric.test or None,
        "pairs": contrast.pairs,
        "only_baseline": list(contrast.only_there),
        "only_candidate": list(contrast.only_here),
        **words.went(metric),
        "judged": metric.judged,
        "decisive": metric.decisive,
        "conclusion": metric.word,
        "unread": dict(metric.unread),
    }


def _case_document(change: CaseChange) -> dict[str, Any]:
    document = asdict(change)
    if not change.baseline_exchanges and not change.candidate_exchanges:
        del document["baseline_exchanges"], document["candidate_exchanges"]
    return document


def _finite(node: Any) -> Any:
    if isinstance(node, float):
        return node if math.isfinite(node) else None
    if isinstance(node, dict):
        return {key: _finite(value) for key, value in node.items()}
    return [_finite(value) for value in node] if isinstance(node, list | tuple) else node
