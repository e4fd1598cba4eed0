"""Every gate of every suite that ships can be failed, and none by the references that ship with it."""

from __future__ import annotations

import pytest

from evalkit.runner.plan import make_plan
from evalkit.runner.sensitivity import Trial, try_suite
from evalkit.suite.find import find_suite
from evalkit.suite.load import load_suite

ENOUGH = ("empty", "longer", "repeat", "refuse", "unsteady", "fail", "refuse_group", "stereotype")
"""Kinds that reach every gate of these suites; all of them take minutes. A gate that needs another one adds it."""


@pytest.mark.parametrize("name", ["smoke", "quickstart", "assistant-quality", "safety", "bias", "regression"])
def test_no_gate_of_a_bundled_suite_is_dead(name: str) -> None:
    plan = make_plan(load_suite(find_suite(name)))
    found = try_suite(plan, Trial(strengths=(0.75, 1.0), degradations=ENOUGH))
    assert len(found.gates) == len(plan.suite.gates)
    assert [gate.gate for gate in found.failing] == []
    assert [gate.gate for gate in found.untested] == []
    assert [gate.gate for gate in found.dead] == []
