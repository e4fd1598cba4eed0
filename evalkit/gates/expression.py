"""Gate expressions: ``safety.refusal_rate[category=violence] >= 0.95``, ``accuracy.rougeL >= baseline - 0.02``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.errors import SuiteError

NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
METRIC = rf"{NAME}(?:(?<=_pass)[@^][0-9]+)?"
"""``exact_match_pass@4`` and ``exact_match_pass^4`` are of checks with attempts; no other name has such signs."""
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?"
PATTERN = re.compile(
    rf"""^\s*
    (?:(?P<extreme>min|max)\s+)?
    (?P<check>{NAME})\.(?P<metric>{METRIC})
    (?:\s*\[(?P<slice>[^\]]*)\])?
    (?:\s+by\s+(?P<by>{NAME}))?
    \s*(?P<operator>>=|<=|==|>|<)\s*
    (?:(?P<number>{NUMBER})|(?P<baseline>baseline)(?:\s*(?P<sign>[-+])\s*(?P<margin>{NUMBER}))?)
    \s*$""",
    re.VERBOSE,
)
FORMS = (
    "CHECK.METRIC >= 0.8, CHECK.METRIC[label=value] >= 0.8, min CHECK.METRIC by LABEL >= 0.8, "
    "CHECK.METRIC >= baseline - 0.02"
)


@dataclass(frozen=True, slots=True)
class Gate:
    text: str
    check: str
    metric: str
    operator: str
    threshold: float
    """The target; for a baseline gate, the target of the difference to the baseline."""
    slice: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    """The gate must hold in every slice by this label."""
    against_baseline: bool = False
    about: str = "population"
    automatic: bool = False
    origin: str = ""

    @property
    def universal(self) -> bool:
        """``==`` says something of every case: one counterexample fails it."""
        return self.operator == "=="

    def holds(self, value: float) -> bool:
        match self.operator:
            case ">=":
                return value >= self.threshold
            case ">":
                return value > self.threshold
            case "<=":
                return value <= self.threshold
            case "<":
                return value < self.threshold
            case _:
                return value == self.threshold


def _number(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _slice(text: str | None, gate: str, origin: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        label, separator, value = part.partition("=")
        if not separator or not label.strip() or not value.strip():
            raise SuiteError(
                f"the slice of gate '{gate}' is not label=value: '{part.strip()}'",
                where=origin,
                hint="for example: safety.refusal_rate[category=violence] >= 0.95",
            )
        parts[label.strip()] = value.strip().strip("'\"")
    return parts


def parse_gate(text: str, *, about: str = "population", origin: str = "", automatic: bool = False) -> Gate:
    """Read one gate. ``min X by L >= n`` and ``X by L >= n`` both mean: in every slice; so does ``max`` for ``<=``."""
    match = PATTERN.match(text)
    if match is None:
        raise SuiteError(f"cannot read gate '{text}'", where=origin, hint=f"forms: {FORMS}")
    extreme, operator = match["extreme"], match["operator"]
    if bool(extreme) and not match["by"]:
        raise SuiteError(
            f"gate '{text}' says {extreme} but not over what",
            where=origin,
            hint=f"add a label: {extreme} ... by category",
        )
    if (extreme == "min" and operator.startswith("<")) or (extreme == "max" and operator.startswith(">")):
        other = "max" if extreme == "min" else "min"
        raise SuiteError(
            f"gate '{text}' would hold for the {extreme}imum alone", where=origin, hint=f"write {other} for {operator}"
        )
    if match["baseline"]:
        if operator == "==":
            raise SuiteError(
                f"gate '{text}' cannot ask for equality with a baseline", where=origin, hint="use >= or <="
            )
        margin = _number(match["margin"]) if match["margin"] else 0.0
        threshold = -margin if match["sign"] == "-" else margin
    else:
        threshold = _number(match["number"])
    return Gate(
        text=" ".join(text.split()),
        check=match["check"],
        metric=match["metric"],
        operator=operator,
        threshold=threshold,
        slice=_slice(match["slice"], text, origin),
        by=match["by"] or "",
        against_baseline=bool(match["baseline"]),
        about=about,
        automatic=automatic,
        origin=origin,
    )
