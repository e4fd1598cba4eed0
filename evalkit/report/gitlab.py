"""What GitLab shows in a merge request: gates that did not pass, as code quality, and every value, as metrics."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from evalkit.errors import ExitCode
from evalkit.records import Word
from evalkit.report import view
from evalkit.report.files import write_text
from evalkit.report.hostile import json_escaped, one_line, shorten_end
from evalkit.report.places import place_of, repository_root
from evalkit.results import Result

CODE_QUALITY = "gl-code-quality-report.json"
METRICS = "metrics.txt"
LONGEST = 1000
SEVERITIES = {Word.FAIL: "major", Word.UNSURE: "minor"}
WITHOUT_A_GATE = {ExitCode.WRONG_INPUT, ExitCode.NOT_MEASURED, ExitCode.NOTHING_EVALUATED, ExitCode.INTERRUPTED}
IN_LABEL = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
Sample = tuple[Mapping[str, str], float | None]


def write_code_quality(result: Result, folder: Path) -> Path:
    text = json.dumps(code_quality(result, repository_root()), ensure_ascii=False, indent=2)
    return write_text(folder / CODE_QUALITY, json_escaped(text) + "\n")


def write_metrics(result: Result, folder: Path) -> Path:
    return write_text(folder / METRICS, openmetrics(result))


# --- code quality -----------------------------------------------------------------------------------------------------


def code_quality(result: Result, root: Path) -> list[dict[str, Any]]:
    """An issue for every gate that counts as failed or is undecided, and one where the outcome stands for none.

    The fingerprint is of the suite's name and the gate's text alone: GitLab knows by it what is new in a branch. Of
    gates that say the same, it is of their number, too."""
    suite = result.run.suite
    issues = []
    seen: Counter[str] = Counter()
    if result.outcome.exit_code in WITHOUT_A_GATE:
        said = f"{result.outcome.word}: {result.outcome.reason}"
        issues.append(_issue(suite, "outcome", said, "critical", {"path": _name(suite), "lines": {"begin": 1}}))
    for gate in view.gates(result):
        number = seen[gate.gate]
        seen[gate.gate] += 1
        if gate.counts_as is Word.PASS:
            continue
        between = f" ({gate.interval})" if gate.confidence else ""
        said = f"{gate.gate}: {gate.value}{between}. {gate.reason}"
        place = place_of(gate, root)
        location = {"path": place.path if place else _name(suite), "lines": {"begin": place.line if place else 1}}
        issues.append(_issue(suite, gate.gate, said, SEVERITIES[gate.counts_as], location, number))
    return issues


def _name(suite: str) -> str:
    """GitLab wants a path; a suite that lies outside of the repository has none there."""
    return f"{one_line(suite)}.yaml"


def _issue(  # noqa: PLR0917 - what an issue consists of
    suite: str, check: str, said: str, severity: str, location: Mapping[str, Any], number: int = 0
) -> dict[str, Any]:
    told = ["evalkit", suite, check, *([number] if number else [])]
    print_of = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return {
        "description": shorten_end(one_line(said), LONGEST),
        "check_name": f"evalkit/{one_line(check)}",
        "fingerprint": print_of,
        "severity": severity,
        "location": location,
    }


# --- metrics ----------------------------------------------------------------------------------------------------------


def openmetrics(result: Result) -> str:
    """OpenMetrics 1.0. No label tells one run or model from another: a series has the values of both branches."""
    return "".join(_families(result)) + "# EOF\n"


def _families(result: Result) -> Iterator[str]:
    suite = {"suite": result.run.suite}
    values, lows, highs = [], [], []
    for one in result.estimates:
        where = ",".join(f"{label}={value}" for label, value in one.slice.items())
        labels = {**suite, "check": one.check, "metric": one.metric, "slice": where, "unit": one.unit}
        values.append((labels, one.value))
        lows.append((labels, one.interval.low if one.interval else None))
        highs.append((labels, one.interval.high if one.interval else None))
    yield _gauge("evalkit_estimate", "A metric over the cases of a check.", values)
    yield _gauge("evalkit_estimate_low", "The lower end of its interval.", lows)
    yield _gauge("evalkit_estimate_high", "The upper end of its interval.", highs)
    gates = [
        ({**suite, "gate": one.gate}, {Word.PASS: 1.0, Word.FAIL: 0.0}.get(one.counts_as, math.nan))
        for one in result.outcome.verdicts
    ]
    yield _gauge("evalkit_gate_passed", "1 where the gate counts as passed, 0 where as failed.", gates)
    fates = [
        ({**suite, "check": check.name, "fate": fate}, float(many))
        for check in result.checks
        for fate, many in (
            ("scored", check.counts.scored),
            ("unscored", check.counts.unscored),
            ("errored", check.counts.errored),
        )
    ]
    yield _gauge("evalkit_cases", "Cases of a check, by what became of them.", fates)
    yield _gauge("evalkit_passed", "1 where the suite passed.", [(suite, float(result.outcome.passed))])


def _gauge(name: str, told: str, samples: Iterable[Sample]) -> str:
    """A family. What has no value has no sample; two of the same labels would be one series twice, and the first
    counts."""
    lines: dict[str, str] = {}
    for labels, value in samples:
        if value is None:
            continue
        listed = ",".join(f'{key}="{one_line(text).translate(IN_LABEL)}"' for key, text in labels.items() if text)
        lines.setdefault(listed, f"{name}{{{listed}}} {_number(value)}\n")
    return f"# TYPE {name} gauge\n# HELP {name} {told}\n" + "".join(lines.values()) if lines else ""


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return ("+Inf" if value > 0 else "-Inf") if math.isinf(value) else repr(value)
