"""How gates stand on the cases that have come in: what the verdict at the end would show, and no verdict."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.gates.decide import Setting, decide
from evalkit.gates.expression import parse_gate
from evalkit.gates.measurements import CheckTable, Measurements
from evalkit.metrics.kinds import mean, quantile, rate
from evalkit.records import Score, Vector, Word
from evalkit.runner import so_far
from evalkit.runner.so_far import Looking, SoFar, stand_so_far
from evalkit.runner.stopping import Decided

METRICS = (rate("ok"), mean("grade", better="lower"), quantile("slow", 0.5))


def table(rows: int = 30, shift: int = 0) -> CheckTable:
    made = CheckTable("check", "toy", METRICS)
    for row in range(rows):
        ok = float((row + shift) % 3 > 0)
        results: Mapping[str, Vector] = {"ok": (ok, 1.0), "grade": (float(row), 1.0), "slow": (float(row * row),)}
        made.add(f"c{row}", "", {"category": "ab"[row % 2]}, Score(results))
    made.add("broken", "", {"category": "a"}, Score({}, error="no answer"))
    return made


GATES = (
    "check.ok >= 0.5",
    "check.ok > 0.9",
    "check.ok[category=b] >= 0.9",
    "min check.ok by category >= 0.5",
    "max check.grade by category <= 3",
    "check.grade <= 20",
    "check.slow <= 100",
    "check.ok == 1",
    "check.ok >= baseline - 0.02",
    "min check.ok by category >= baseline + 0.1",
)


@pytest.mark.parametrize("text", GATES)
def test_a_standing_is_the_value_that_the_verdict_has_on_these_cases(text: str) -> None:
    tables, baseline = {"check": table()}, {"check": table(shift=1)}
    gate = parse_gate(text)
    (stand,) = stand_so_far([gate], tables, baseline)
    verdict = decide(gate, tables, Setting(baseline=baseline, baseline_name="b"))
    found = verdict.contrast or verdict.estimate
    assert found is not None
    assert stand.value == pytest.approx(found.value)
    assert stand.holds == gate.holds(stand.value)
    assert stand.difference == gate.against_baseline
    if verdict.contrast is not None:
        assert stand.cases == verdict.contrast.pairs
    elif verdict.estimate is not None:
        errors_count = tables["check"].columns[gate.metric].metric.worst is not None
        assert stand.cases == verdict.estimate.counts.scored + errors_count * verdict.estimate.counts.errored


def test_what_has_no_value_yet_stands_nowhere() -> None:
    nothing_scored = CheckTable("check", "toy", METRICS)
    nothing_scored.add("c", "", {}, Score({}, error="no answer"))
    gates = [parse_gate(text) for text in GATES]
    assert stand_so_far(gates, {"check": nothing_scored}, None) == ()
    assert stand_so_far(gates, {"check": CheckTable("check", "toy", METRICS)}, None) == ()
    against = [gate for gate in gates if gate.against_baseline]
    assert stand_so_far(against, {"check": table()}, None) == ()
    assert stand_so_far([parse_gate("other.ok >= 0.5"), parse_gate("check.none >= 1")], {"check": table()}, None) == ()


def test_a_metric_that_breaks_ends_no_run() -> None:
    def broken(_: Any) -> float:
        raise ZeroDivisionError

    metric = SimpleNamespace(name="bad", kind="corpus", unit="", worst=None, value=broken)
    made = CheckTable("check", "toy", [metric, *METRICS])
    made.add("c", "", {}, Score({"bad": (1.0,), "ok": (1.0, 1.0)}))
    found = stand_so_far([parse_gate("check.bad > 0"), parse_gate("check.ok > 0")], {"check": made}, None)
    assert [one.gate for one in found] == ["check.ok > 0"]


@pytest.mark.parametrize(("cost", "apart"), [(0.001, so_far.SECONDS), (0.5, 0.5 + so_far.SHARE * 0.5)])
def test_looks_are_a_second_apart_and_costly_ones_rarer(
    cost: float, apart: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looks = SimpleNamespace(seconds=0.0), list[float]()

    def stand(*_: Any) -> tuple[SoFar, ...]:
        looks.append(now.seconds)
        now.seconds += cost
        return ()

    monkeypatch.setattr(so_far, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    monkeypatch.setattr(so_far, "stand_so_far", stand)
    looking = Looking([parse_gate("check.ok >= 0.5")], {})
    while now.seconds < 200:
        looking.look(())
        now.seconds += 0.01
    assert len(looks) > 2
    assert looks[1] - looks[0] == pytest.approx(apart, abs=0.05)


def test_a_gate_that_is_decided_stands_nowhere_else() -> None:
    tables: Measurements = {"check": table()}
    looking = Looking([parse_gate(text) for text in GATES[:2]], tables)
    looking.look(())
    assert [one.gate for one in looking.so_far] == list(GATES[:2])
    looking.look((Decided(GATES[1], Word.FAIL, 9),))
    assert [one.gate for one in looking.so_far] == [GATES[0]]
    assert [one.gate for one in looking.decided] == [GATES[1]]
