"""A result as JSON and back, and stored statistics as the tables they came from."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter

from evalkit.errors import StoreError
from evalkit.metrics.kinds import mean, rate
from evalkit.records import Contrast, Counts, Estimate, Interval, Message, ModelInfo, Outcome, Verdict, Word
from evalkit.results import CheckSummary, Exchange, Finding, MetricInfo, Result, Run, Usage
from evalkit.runner.document import from_json, to_document, to_json
from evalkit.runner.tables import describe, restore

COUNTS = Counts(3, 2, 0, 1, {"time-out: no answer": 1})
ESTIMATE = Estimate("length", "words", 4.0, Interval(-math.inf, 9.0, 0.95, "order"), COUNTS, slice={"category": "a"})
FINDING = Finding(
    "length",
    "c1",
    "words",
    None,
    (Exchange("c1", (Message("user", "hi"),), "</script>", labels={"low": 1, "high": None, "confidence": "no"}),),
    evidence={"bounds": [None, 1], "span": None},
)
RESULT = Result(
    run=Run("r1", "s", "mock:echo", "finished", "2026-01-01", datasets={"d": "f"}, environment={"cpus": 2}),
    outcome=Outcome(
        "good enough",
        0,
        "all gates passed",
        (
            Verdict(
                "length.words < 9",
                Word.PASS,
                Word.PASS,
                "so it is",
                ESTIMATE,
                Contrast("length.words", 0.5, Interval(0.0, math.inf, 0.95, "bootstrap"), 3),
            ),
        ),
    ),
    estimates=(ESTIMATE, replace(ESTIMATE, value=None, interval=None, slice={})),
    checks=(CheckSummary("length", "length", "d", COUNTS, (MetricInfo("words", "mean", bounds=(0.0, math.inf)),)),),
    findings=(FINDING,),
    usage=Usage(cases=3),
    model=ModelInfo("mock:echo", "mock", "f", "1", verifiable=True, capabilities=frozenset({"generate"})),
)


def test_a_result_survives_json_with_its_infinities() -> None:
    assert from_json(to_json(RESULT)) == RESULT


def test_the_document_is_strict_json() -> None:
    text = to_json(RESULT, indent=2)
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert document["estimates"][0]["interval"]["low"] is None
    assert list(document)[:6] == ["schema", "run", "outcome", "verdicts", "estimates", "environment"]
    assert "verdicts" not in document["outcome"]
    assert document == to_document(RESULT)


def test_what_people_store_as_evidence_is_not_read_as_ours() -> None:
    back = from_json(to_json(RESULT)).findings[0]
    assert back.evidence == {"bounds": [None, 1], "span": None}
    assert back.exchanges[0].labels == {"low": 1, "high": None, "confidence": "no"}


@pytest.mark.parametrize("text", ["über ✓ 🙂", "half \ud800 a pair", "\x00\x1b[31m", "x" * 1_000_000])
def test_any_answer_can_be_kept(text: str) -> None:
    exchange = replace(FINDING.exchanges[0], answer=text)
    written = to_json(replace(RESULT, findings=(replace(FINDING, exchanges=(exchange,)),)))
    written.encode("utf-8")
    assert from_json(written).findings[0].exchanges[0].answer == text


class Odd:
    def __str__(self) -> str:
        return "odd"


@pytest.mark.parametrize(("value", "kept"), [(date(2026, 1, 2), "2026-01-02"), (Odd(), "odd"), ({1}, [1])])
def test_labels_of_any_kind_can_be_written(value: Any, kept: Any) -> None:
    written = to_json(replace(RESULT, findings=(replace(FINDING, evidence={"label": value}),)))
    assert json.loads(written)["findings"][0]["evidence"]["label"] == kept


@pytest.mark.parametrize("answer", ["plain", "\ud800"])
def test_the_document_is_what_the_schema_of_results_makes_of_one(answer: str) -> None:
    """Also where it is made without that schema."""
    exchange = replace(FINDING.exchanges[0], answer=answer, labels={"when": date(2026, 1, 2), "of": frozenset({1})})
    result = replace(RESULT, findings=(replace(FINDING, exchanges=(exchange,)),))
    by_schema = TypeAdapter(Result).dump_python(result, mode="json", fallback=str)
    document = to_document(result)
    assert document["findings"] == by_schema["findings"]
    assert document["checks"][0]["counts"] == by_schema["checks"][0]["counts"]
    assert document["model"] == by_schema["model"]


def test_a_document_of_another_schema_is_refused() -> None:
    with pytest.raises(StoreError, match="schema 99"):
        from_json(json.dumps({"schema": 99}))


def test_a_metric_is_restored_from_what_it_said_of_itself() -> None:
    words = mean("words", better="lower", unit="words", signature="words|unicode")
    again = restore(describe(words), {})
    assert again.value((6.0, 3.0)) == words.value((6.0, 3.0)) == 2.0
    assert describe(again) == describe(words)
    assert restore(describe(words), {"words": words}) is words


def test_a_metric_of_another_version_is_not_taken_for_todays() -> None:
    """Two signatures are two metrics, however alike their names: the gate must see the difference."""
    today = rate("good", signature="today")
    then = replace(describe(today), signature="then")
    assert restore(then, {"good": today}).signature == "then"
    from evalkit.metrics.corpus import bleu

    stored = replace(describe(bleu), signature="nrefs:1|version:1.5")
    again = restore(stored, {"bleu": bleu})
    assert again.signature == "nrefs:1|version:1.5"
    assert describe(again) == stored
    assert restore(describe(bleu), {}).signature == bleu.signature
