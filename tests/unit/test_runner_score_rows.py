"""What a run keeps of a block that was judged."""

from __future__ import annotations

from evalkit.checks.length import Length
from evalkit.checks.readability import Readability
from evalkit.gates.measurements import CheckTable
from evalkit.records import Case, Decoding, Sample, Score
from evalkit.runner.examine import Examined
from evalkit.runner.execute import _signature, _taken_in
from evalkit.runner.plan import Planned
from evalkit.suite.load import SuiteCheck


def test_metrics_that_share_a_signature_say_it_once() -> None:
    metrics = Readability("r", Decoding()).metrics
    lines = _signature(metrics).split("\n")
    assert set(lines) == {metric.signature for metric in metrics}
    assert len(lines) == len(set(lines)) < len(metrics)


def test_a_block_is_kept_in_its_order_and_told_apart_by_check() -> None:
    checks = [SuiteCheck(Length(name, Decoding()), "d", Decoding(), "", (), "", "") for name in ("one", "other")]
    cases = [
        Case(f"c{place}", (Sample(f"c{place}", (), labels={"topic": place % 2}),), f"k{place}") for place in range(3)
    ]
    block = [
        Examined(Planned(check, case, place), Score({"words": (float(place), 1.0)}), [f"key {place}"])
        for place, case in enumerate(cases)
        for check in checks
    ]
    tables = {
        name: CheckTable(name, "length", check.check.metrics)
        for name, check in zip(("one", "other"), checks, strict=True)
    }
    rows = _taken_in(block, tables, {"one": "signed", "other": ""})
    assert [(row.check, row.case.id, row.position, row.signature) for row in rows] == [
        (check, f"c{place}", place, signature)
        for place in range(3)
        for check, signature in (("one", "signed"), ("other", ""))
    ]
    assert [(row.keys, row.score) for row in rows] == [(one.keys, one.score) for one in block]
    for table in tables.values():
        assert list(table.cases) == ["c0", "c1", "c2"]
        assert list(table.clusters) == ["k0", "k1", "k2"]
        assert list(table.columns["words"].rows) == [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]
        assert list(table.positions({"topic": "0"})) == [0, 2]
