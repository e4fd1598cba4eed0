"""What a finished run measured, and what makes its numbers the numbers that they are: read out of its result."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from evalkit.records import Interval
from evalkit.store.looking import Listed
from evalkit.web.workbench import Remembered, Workbench

NAME = "trend"
MOST_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Point:
    """A metric in one run."""

    name: str
    unit: str
    value: float | None
    interval: Interval | None
    made: Mapping[str, str] = field(default_factory=dict)
    """What the number depends on beside the model: where one of these differs, it is another number."""
    gate: str = ""
    word: str = ""
    """What the gate's evidence says."""
    threshold: float | None = None
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    run: Listed
    points: Mapping[str, Point]
    """By the metric's name."""
    suite: str
    """Fingerprint of what the suite says."""
    engine: str
    """What ran the model, and its revision."""


def measured(bench: Workbench, run: Listed) -> Measured:
    """A result is read once; a review may have given the run another outcome since."""
    kept = bench.others.setdefault(NAME, Remembered[Measured](MOST_KEPT))
    assert isinstance(kept, Remembered)
    found: Measured = kept.get(
        f"{run.id} {run.finished} {run.outcome}", lambda: read(run, json.loads(bench.store.get_result(run.id)))
    )
    return found


def read(run: Listed, document: Mapping[str, Any]) -> Measured:
    """Only the figures: a result holds texts as well, which nobody looks at here."""
    about, model = document.get("run", {}), document.get("model") or {}
    circumstances = _circumstances(document)
    points = {}
    for estimate in document.get("estimates", ()):
        point = _point(estimate, circumstances)
        points[point.name] = point
    for verdict in document.get("verdicts", ()):
        estimate = verdict.get("estimate")
        if not estimate or verdict.get("automatic"):
            continue
        point = _point(estimate, circumstances)
        against_baseline = verdict.get("contrast") is not None
        points[point.name] = replace(
            point,
            gate=verdict.get("gate", ""),
            word=str(verdict.get("word", "")),
            threshold=None if against_baseline else verdict.get("threshold"),
            operator=verdict.get("operator", ""),
        )
    engine = " ".join(filter(None, (str(model.get("backend") or ""), str(model.get("revision") or ""))))
    return Measured(run, points, str(about.get("suite_fingerprint", "")), engine)


def _circumstances(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """By check: the rows that it asks, and how."""
    datasets = document.get("run", {}).get("datasets", {})
    return {
        check["name"]: {
            "data": str(datasets.get(check.get("dataset"), "")),
            "settings": json.dumps(check.get("generation", {}), sort_keys=True),
        }
        for check in document.get("checks", ())
    }


def _point(estimate: Mapping[str, Any], circumstances: Mapping[str, Mapping[str, str]]) -> Point:
    slices = estimate.get("slice") or {}
    inner = ",".join(f"{label}={value}" for label, value in slices.items())
    name = f"{estimate['check']}.{estimate['metric']}" + (f"[{inner}]" if inner else "")
    between = estimate.get("interval")
    made = {**circumstances.get(estimate["check"], {}), "metric": str(estimate.get("signature", ""))}
    interval = _interval(between) if between else None
    return Point(name, estimate.get("unit", ""), estimate.get("value"), interval, made)


def _interval(between: Mapping[str, Any]) -> Interval:
    """JSON has no infinity: an end that is none is open."""
    low, high = between["low"], between["high"]
    return Interval(
        -math.inf if low is None else low,
        math.inf if high is None else high,
        between["confidence"],
        between["method"],
    )
