"""The ``review`` section of a suite: what it may say, and how mistakes are explained."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from evalkit.errors import EvalkitError
from evalkit.runner.baseline import Baseline
from evalkit.runner.family import family_of
from evalkit.runner.plan import Plan, make_plan
from evalkit.runner.provable import unprovable_gates
from evalkit.runner.stopping import prepare
from evalkit.suite.load import Suite, load_suite
from evalkit.suite.schema import json_schema

BASE = """\
name: good
datasets:
  qa: {path: qa.jsonl}
checks:
  accuracy: {metrics: [exact_match, bleu, token_f1]}
  length: {}
gates:
  - accuracy.exact_match > 0.2
"""


def load(folder: Path, text: str) -> Suite:
    row = {"question": "How many?", "references": ["1"]}
    (folder / "qa.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return load_suite(path)


def refused(folder: Path, text: str) -> EvalkitError:
    with pytest.raises(EvalkitError) as caught:
        load(folder, BASE + text)
    assert caught.value.exit_code == 2
    return caught.value


def test_the_short_form_is_one_queue_of_the_checks_name(tmp_path: Path) -> None:
    (one,) = load(tmp_path, BASE + "review: {sample: 20, from: accuracy, blind: false}\n").reviews
    assert (one.name, one.check, one.sample, one.blind, one.reviewers) == ("accuracy", "accuracy", 20, False, 1)
    assert (list(one.labels), one.flag) == (["good", "bad"], ("bad",))


def test_the_long_form_names_its_queues_and_says_what_labels_mean(tmp_path: Path) -> None:
    text = """\
review:
  - {from: accuracy, labels: [yes_, no_], flag: [no_], metric: token_f1, reviewers: 2, seed: 7}
  - {name: again, from: accuracy, labels: {accept: well put, reject: wrong}, question: Would you?}
"""
    first, second = load(tmp_path, BASE + text).reviews
    assert (first.flag, first.metric, first.reviewers, first.seed) == (("no_",), "token_f1", 2, 7)
    assert (second.name, second.check, second.labels) == (
        "again",
        "accuracy",
        {"accept": "well put", "reject": "wrong"},
    )
    assert second.flag == ()  # with labels of one's own nobody guesses which are bad
    assert second.question == "Would you?"


def test_gates_on_people_belong_to_their_queue_and_to_no_check(tmp_path: Path) -> None:
    text = BASE + "  - accuracy.reviewed >= 1.0\n  - accuracy.flagged_by_humans <= 2%\nreview: {from: accuracy}\n"
    suite = load(tmp_path, text)
    (queue,) = suite.reviews
    assert [gate.text for gate in queue.gates] == ["accuracy.reviewed >= 1.0", "accuracy.flagged_by_humans <= 2%"]
    assert queue.gates[1].threshold == 0.02
    assert {gate.metric for gate in suite.gates} == {"exact_match", "coverage"}


def test_of_several_queues_a_gate_names_one(tmp_path: Path) -> None:
    queues = "review: [{name: a, from: accuracy}, {name: b, from: accuracy}]\n"
    suite = load(tmp_path, BASE + "  - b.reviewed >= 1.0\n" + queues)
    assert [len(queue.gates) for queue in suite.reviews] == [0, 1]
    error = refused(tmp_path, "  - accuracy.reviewed >= 1.0\n" + queues)
    assert "several review queues" in error.message
    assert "a, b" in error.hint


def test_a_review_changes_nothing_that_is_asked_or_judged(tmp_path: Path) -> None:
    without = load(tmp_path, BASE).fingerprint
    assert load(tmp_path, BASE + "review: {from: accuracy}\n").fingerprint == without


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("review: {from: acuracy}", 9, "does not have: 'acuracy'", "did you mean 'accuracy'?"),
        ("review: {from: accuracy, smaple: 5}", 9, "unknown key 'smaple'", "did you mean 'sample'?"),
        ("review:\n  - {from: accuracy}\n  - {form: length}", 11, "unknown key 'form'", "did you mean 'from'?"),
        ("review: {sample: 5}", 9, "'review.from' is missing", ""),
        ("review: {from: accuracy, sample: 0}", 9, "greater than or equal to 1", ""),
        ("review:\n  from: accuracy\n  labels: []", 11, "has 0 labels", "labels: ["),
        ("review:\n  from: accuracy\n  labels: [a, a]", 11, "has 'a' twice", ""),
        ("review: {from: accuracy, labels: [a, Skipped]}", 9, "cannot be named 'Skipped'", ""),
        ("review:\n  from: accuracy\n  labels: [good, bad]\n  flag: [bda]", 12, "names 'bda'", "did you mean 'bad'?"),
        ("review: {from: accuracy, flag: [good, bad]}", 9, "names every label", "speak for the model"),
        ("review: {from: accuracy, metric: bleu}", 9, "no share of check 'accuracy': 'bleu'", "exact_match"),
        ("review: {from: accuracy, name: length}", 9, "the name of another check", "accuracy-length"),
        ("review: [{from: accuracy}, {from: accuracy}]", 9, "two review queues are named 'accuracy'", "name"),
        ("review: 5", 9, "'review'", ""),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, line: int, message: str, hint: str) -> None:
    error = refused(tmp_path, text + "\n")
    assert error.where.endswith(f"suite.yaml:{line}")
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ("accuracy.reviewed <= 1.0", "a review that nobody makes"),
        ("accuracy.flagged_by_humans[category=a] <= 0.1", "has no slices"),
        ("max accuracy.flagged_by_humans by category <= 0.1", "has no slices"),
        ("accuracy.flagged_by_humans <= baseline", "has no baseline"),
        ("accuracy.flagged_by_humans <= 2", "between 0 and 1"),
        ("length.reviewed >= 1", "does not ask for"),
        ("lenght.reviewed >= 1", "no review queue and no check"),
        ("own.flagged_by_humans <= 0.1", "does not say which labels"),
        ("own.refined_rate <= 0.1", "does not say which labels"),
        ("accuracy.refined_rate == 0", "never exactly a number"),
    ],
)
def test_gates_that_no_review_could_decide_are_refused(tmp_path: Path, gate: str, message: str) -> None:
    queues = "review: [{from: accuracy}, {name: own, from: length, labels: [x, y]}]\n"
    if gate.startswith("length"):
        queues = "review: {from: accuracy}\n"
    error = refused(tmp_path, f"  - {gate}\n{queues}")
    assert error.where.endswith("suite.yaml:9")
    assert message in error.message


def test_editors_know_the_section() -> None:
    schema = json_schema()
    assert "from" in schema["$defs"]["ReviewConfig"]["properties"]
    assert schema["$defs"]["ReviewConfig"]["required"] == ["from"]


# --- what a plan knows of it ---------------------------------------------------------------------------------------


def planned(folder: Path, text: str, rows: int = 60) -> Plan:
    suite = load(folder, text)
    lines = (json.dumps({"id": f"r{at}", "question": f"How many {at}?", "references": ["1"]}) for at in range(rows))
    (folder / "qa.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return make_plan(suite)


def test_a_gate_of_people_that_is_written_wrongly_is_told_its_name(tmp_path: Path) -> None:
    error = refused(tmp_path, "  - accuracy.refined_rat <= 0.1\nreview: {from: accuracy}\n")
    assert "refined_rate" in error.hint
    other = refused(tmp_path, "  - accuracy.nonsense <= 0.1\nreview: {from: accuracy}\n")
    assert "refined_rate" not in other.hint


def test_gates_that_so_many_items_cannot_prove_are_named_beforehand(tmp_path: Path) -> None:
    """Without a flag n items prove less than 1 - 0.025^(1/n): 0.10 takes 36 of them, for 35 prove 0.1001."""
    gates = "  - accuracy.reviewed >= 1.0\n  - accuracy.flagged_by_humans <= 0.10\n"
    few = planned(tmp_path, BASE + gates + "review: {from: accuracy, sample: 35}\n")
    (doubt,) = [one for one in unprovable_gates(few) if "people" in one]
    assert "accuracy.flagged_by_humans <= 0.10" in doubt
    assert "reviewing 35 cases" in doubt
    assert doubt.endswith("36 could")
    enough = planned(tmp_path, BASE + gates + "review: {from: accuracy, sample: 36}\n")
    assert not [one for one in unprovable_gates(enough) if "people" in one]


def test_a_review_of_all_cases_of_a_dataset_needs_no_proof(tmp_path: Path) -> None:
    gate = "  - {gate: accuracy.flagged_by_humans <= 0.01, about: dataset}\n"
    plan = planned(tmp_path, BASE + gate + "review: {from: accuracy, sample: 100}\n")
    assert not [one for one in unprovable_gates(plan) if "people" in one]


@pytest.mark.parametrize("by", ["flagged_by_humans", "refined_rate"])
@pytest.mark.parametrize("may_stop", [False, True])
def test_gates_on_flags_have_their_part_in_the_suites_false_alarms_and_no_more(
    tmp_path: Path, may_stop: bool, by: str
) -> None:
    gates = f"  - accuracy.token_f1 > 0.1\n  - accuracy.reviewed >= 1.0\n  - accuracy.{by} <= 0.10\n"
    plan = planned(tmp_path, BASE + gates + "review: {from: accuracy, sample: 40}\n")
    stopping = prepare(plan, Baseline(), may_stop=may_stop)
    watched = sum(math.exp(-one.telling.test.needed[1]) for one in stopping.watches.values() if one.telling)
    at_the_end = 0.0 if may_stop else stopping.level
    assert stopping.review_level == pytest.approx(0.05 / len(fallible(plan, may_stop=may_stop)))
    assert watched + at_the_end + stopping.review_level <= 0.05 + 1e-9
    assert family_of(plan, stop_early=False).uncertain == 3


def fallible(plan: Plan, *, may_stop: bool) -> list[str]:
    """Gates that can fail by chance; watched ones share with coverage, which a bet looks at, too."""
    own = [gate.text for gate in plan.suite.gates if may_stop or gate.metric != "coverage"]
    return [*own, "accuracy.flagged_by_humans <= 0.10"]


def test_without_a_review_nothing_is_taken_from_the_other_gates(tmp_path: Path) -> None:
    plan = planned(tmp_path, BASE)
    assert prepare(plan, Baseline(), may_stop=False).level == 0.05
