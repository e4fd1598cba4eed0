"""A comparison for scripts."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from evalkit.runner.compare import CaseChange, CheckChange, Comparison, MetricChange

SCHEMA_VERSION = 1


def to_document(comparison: Comparison) -> dict[str, Any]:
    """Top level: schema, baseline, candidate, differences, checks, regressed, improved, missing."""
    document = {
        "schema": SCHEMA_VERSION,
        "baseline": _run(comparison.baseline),
        "candidate": _run(comparison.candidate),
        "differences": [
            dict(zip(("what", "baseline", "candidate"), row, strict=True)) for row in comparison.differences
        ],
        "checks": [_check_document(check) for check in comparison.checks],
        "regressed": [_case_document(change) for change in comparison.regressed],
        "improved": [_case_document(change) for change in comparison.improved],
        "missing": list(comparison.missing),
    }
    finite: dict[str, Any] = _finite(document)
    return finite


def _run(run: Any) -> dict[str, Any]:
    names = ("id", "suite", "model", "created", "partial", "suite_fingerprint", "model_fingerprint")
    return {name: getattr(run, name) for name in names} | {"datasets": dict(run.datasets)}


def _check_document(check: CheckChange) -> dict[str, Any]:
    return {
        "check": check.name,
        "pairs": check.pairs,
        "only_baseline": list(check.only_baseline),
        "only_candidate": list(check.only_candidate),
        "errored": dict(zip(("baseline", "candidate"), check.errored, strict=True)),
        "unscored": dict(zip(("baseline", "candidate"), check.unscored, strict=True)),
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
        "pairs": contrast.pairs,
        "on_one_side": contrast.missing,
        "improved": metric.improved,
        "regressed": metric.regressed,
        "unchanged": metric.unchanged,
        "conclusion": metric.word,
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
