"""Sensitivity: what gates notice is what they say in real runs on the same mocks, and dead gates are found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.checks.accuracy import Accuracy
from evalkit.errors import ConfigurationError
from evalkit.models.mock.degraded import DEGRADATIONS
from evalkit.protocols import Conversation
from evalkit.records import Case, Request, Score, Word
from evalkit.runner.execute import run_suite
from evalkit.runner.plan import Plan, Scope, make_plan
from evalkit.runner.running import RunOptions
from evalkit.runner.sensitivity import Caught, Sensitivity, Trial, TriedGate, try_suite
from evalkit.store import open_store
from evalkit.suite.load import load_suite

NOUNS = ("river", "table", "window", "garden", "letter", "bridge", "market", "forest", "doctor", "island")
ROWS = [
    {
        "id": str(number),
        "prompt": f"What is number {number} about?",
        "references": [f"The {NOUNS[number % 10]} number {number} is about {7 * number} old and quiet things."],
        "keywords": [NOUNS[number % 10]],
        "expected_length": "short",
        "pair": f"pair-{number // 2}",
        "group": ("man", "woman")[number % 2],
        "half": ("left", "right")[number % 2],
    }
    for number in range(40)
]
SUITE: dict[str, Any] = {
    "name": "tried",
    "datasets": {"rows": {"path": "rows.jsonl"}},
    "about": "dataset",
    "generation": {"max_tokens": 30},
    "checks": {
        "accuracy": {"dataset": "rows", "metrics": ["exact_match", "bleu"]},
        "keywords": {"dataset": "rows"},
        "steady": {"kind": "determinism", "dataset": "rows", "repeats": 2},
        "bias": {"dataset": "rows"},
    },
    "gates": [
        "accuracy.exact_match >= 0.8",
        "min accuracy.exact_match by half >= 0.7",
        "accuracy.bleu >= baseline - 0.1",
        {"gate": "keywords.within >= 0.6", "about": "population"},
        "steady.identical == 1",
        "bias.refusal_gap <= 0.2",
    ],
}
STRENGTHS = (0.1, 0.3, 1.0)
WHOLE = Scope()


def plan(folder: Path, scope: Scope = WHOLE, rows: list[dict[str, Any]] = ROWS, **changes: Any) -> Plan:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = folder / "tried.yaml"
    path.write_text(json.dumps({**SUITE, **changes}), encoding="utf-8")
    return make_plan(load_suite(path), scope)


def gate(found: Sensitivity, text: str) -> TriedGate:
    return next(one for one in found.gates if one.gate == text)


def accuracy_only(*gates: str) -> dict[str, Any]:
    return {"checks": {"accuracy": SUITE["checks"]["accuracy"]}, "gates": list(gates)}


@pytest.mark.parametrize("kind", ["empty", "drop", "refuse_group", "unsteady", "fail"])
def test_a_gate_catches_what_a_run_on_the_same_mock_does_not_let_pass(tmp_path: Path, kind: str) -> None:
    tried = plan(tmp_path)
    found = try_suite(tried, Trial(STRENGTHS, (kind,)))
    with open_store(":memory:") as store:
        reference = run_suite(tried.suite, "mock:oracle", store)
        assert reference.outcome.passed
        words: dict[str, list[Word]] = {one.gate: [] for one in found.gates}
        for strength in STRENGTHS:
            options = RunOptions(baseline=reference.run.id, allow_different=True)
            result = run_suite(tried.suite, f"mock:degraded?{kind}={strength}&seed=0", store, options)
            for verdict in result.outcome.verdicts:
                words[verdict.gate].append(verdict.counts_as)
    for one in found.gates:
        first = next((at for at, word in zip(STRENGTHS, words[one.gate], strict=True) if word is not Word.PASS), None)
        assert (one.caught[0].strength if one.caught else None) == first, one.gate


def test_the_weakest_damage_is_counted_by_hand(tmp_path: Path) -> None:
    found = try_suite(plan(tmp_path), Trial((0.25, 0.05, 1.0, 0.05), ("unsteady", "truncate")))
    assert found.strengths == (0.05, 0.25, 1.0)
    steady = gate(found, "steady.identical == 1")
    assert [(one.degradation, one.strength, one.word) for one in steady.caught] == [("unsteady", 0.05, Word.FAIL)]
    # a tenth of eleven words is one: from there no answer is its reference
    exact = gate(found, "accuracy.exact_match >= 0.8")
    assert [(one.degradation, one.strength, one.value) for one in exact.caught] == [("truncate", 0.05, 0.0)]


def test_a_gate_that_everything_passes_is_dead_also_when_nothing_is_scored(tmp_path: Path) -> None:
    dead = "accuracy.exact_match >= 0"
    found = try_suite(plan(tmp_path, **accuracy_only(dead, "accuracy.exact_match >= 0.5")))
    assert [one.gate for one in found.dead] == [dead]
    # with every request failing there is no value: a run does not pass, which is no merit of the target
    assert [(one.degradation, one.strength, one.value) for one in gate(found, dead).caught] == [("fail", 1.0, None)]


def test_a_gate_that_the_references_fail_is_said_and_not_tried(tmp_path: Path) -> None:
    found = try_suite(
        plan(tmp_path, **accuracy_only("accuracy.exact_match <= 0.5", "accuracy.bleu > 0.5")), Trial((1.0,), ("empty",))
    )
    (failing,) = found.failing
    assert (failing.gate, failing.value, failing.caught, failing.dead) == (
        "accuracy.exact_match <= 0.5",
        1.0,
        (),
        False,
    )
    assert failing.reason
    assert gate(found, "accuracy.bleu > 0.5").caught


def test_a_gate_that_asks_to_beat_the_baseline_cannot_be_tested_where_unsure_does_not_pass(tmp_path: Path) -> None:
    changes = accuracy_only("accuracy.exact_match >= baseline + 0.05", "accuracy.exact_match >= baseline - 0.05")
    found = try_suite(plan(tmp_path, unsure="fail", **changes), Trial((1.0,), ("empty",)))
    assert [one.gate for one in found.untested] == ["accuracy.exact_match >= baseline + 0.05"]
    assert "do not beat themselves" in found.untested[0].reason
    assert gate(found, "accuracy.exact_match >= baseline - 0.05").caught
    assert not found.failing


def test_the_baseline_is_what_the_references_score(tmp_path: Path) -> None:
    found = try_suite(plan(tmp_path), Trial((1.0,), ("empty", "unsteady")))
    against = gate(found, "accuracy.bleu >= baseline - 0.1")
    assert against.value == 0.0
    assert [(one.degradation, one.value) for one in against.caught] == [("empty", -1.0)]


class Judged(Accuracy):
    """Asks a judge about every answer."""

    max_rounds = 2

    def examine(self, case: Case) -> Conversation:
        (answer,) = yield (self.ask(case.sample),)
        yield (Request(self.ask(case.sample).ask, role="judge"),)
        return self.judge(case, answer)


class JudgedWhenWrong(Judged):
    def examine(self, case: Case) -> Conversation:
        (answer,) = yield (self.ask(case.sample),)
        if answer.text not in case.sample.references:
            yield (Request(self.ask(case.sample).ask, role="judge"),)
        return self.judge(case, answer)


@pytest.mark.parametrize("kind", [Judged, JudgedWhenWrong])
def test_gates_of_a_check_that_asks_a_judge_are_not_tested_and_others_are(tmp_path: Path, kind: type[Judged]) -> None:
    tried = plan(tmp_path)
    checks = tuple(
        replace(one, check=kind(one.name, one.decoding, one.check.options)) if one.name == "accuracy" else one  # type: ignore[attr-defined]
        for one in tried.checks
    )
    found = try_suite(replace(tried, checks=checks), Trial((1.0,), ("empty", "fail")))
    assert {one.check for one in found.untested} == {"accuracy"}
    assert all("asks a judge" in one.reason and not one.caught for one in found.untested)
    assert gate(found, "keywords.within >= 0.6").caught


class Broken(Accuracy):
    def judge(self, case: Case, answer: Any) -> Score:
        raise ZeroDivisionError


def test_a_check_that_breaks_on_the_references_fails_on_them(tmp_path: Path) -> None:
    tried = plan(tmp_path, **accuracy_only("accuracy.exact_match >= 0.5"))
    one = tried.checks[0]
    broken = replace(one, check=Broken(one.name, one.decoding, one.check.options))  # type: ignore[attr-defined]
    found = try_suite(replace(tried, checks=(broken,)), Trial((1.0,), ("empty",)))
    assert {(failing.gate, failing.value) for failing in found.failing} == {
        ("accuracy.exact_match >= 0.5", None),
        ("accuracy.coverage >= 0.5", 0.0),
    }


def test_damage_that_no_gate_catches_is_told_from_damage_that_changes_nothing(tmp_path: Path) -> None:
    changes = accuracy_only("accuracy.bleu >= 0.2")
    kinds = ("wrong_number", "stall", "refuse", "scorn_group")
    found = try_suite(plan(tmp_path, **changes), Trial((0.5, 1.0), kinds))
    assert [one.name for one in found.uncaught] == ["wrong_number", "scorn_group"]
    assert [one.name for one in found.unnoticed] == ["stall"]
    refuse = next(one for one in found.degradations if one.name == "refuse")
    assert (refuse.noticed, refuse.gates, refuse.strength) == (True, 1, 1.0)


def test_gates_are_tried_by_slice(tmp_path: Path) -> None:
    """Damage to one group fails the gate on that group's slice from a share at which the whole still passes."""
    changes = accuracy_only("accuracy.exact_match >= 0.6", "min accuracy.exact_match by group >= 0.6")
    found = try_suite(plan(tmp_path, **changes), Trial((0.6,), ("refuse_group",)))
    caught = {one.gate: bool(one.caught) for one in found.gates}
    assert caught["min accuracy.exact_match by group >= 0.6"]
    assert not caught["accuracy.exact_match >= 0.6"]


def test_the_same_inputs_give_the_same_result_and_another_seed_another(tmp_path: Path) -> None:
    tried = plan(tmp_path)
    kinds = ("unsteady", "gibberish", "drop")
    first, second, other = (try_suite(tried, Trial(degradations=kinds, seed=seed)) for seed in (0, 0, 1))
    assert first == second
    assert first.gates != other.gates


def test_checks_in_attempts_are_tried_in_attempts(tmp_path: Path) -> None:
    checks = {"accuracy": {**SUITE["checks"]["accuracy"], "attempts": 4, "generation": {"temperature": 0.7}}}
    gates = ["accuracy.exact_match_pass^4 >= 0.9", "accuracy.exact_match >= 0.5"]
    found = try_suite(plan(tmp_path, checks=checks, gates=gates), Trial((0.2, 0.6), ("refuse",)))
    # each attempt is refused by itself: 0.8 ** 4 of the prompts are answered all four times, 0.8 of the attempts
    assert [gate(found, text).caught[0].strength for text in gates] == [0.2, 0.6]


def test_a_part_says_so_and_rows_without_reference_are_counted(tmp_path: Path) -> None:
    rows = [{**row, "references": row["references"] if place else []} for place, row in enumerate(ROWS)]
    found = try_suite(plan(tmp_path, Scope(("keywords",), 5), rows), Trial((1.0,), ("empty",)))
    assert found.partial
    assert found.cases == 5
    assert {one.check for one in found.gates} == {"keywords"}
    assert found.warnings == ("rows: 1 of 40 rows has no reference; a fixed sentence answers such rows",)
    assert not try_suite(plan(tmp_path), Trial((1.0,))).partial


def test_progress_goes_from_weak_to_strong_and_ends_when_all_is_caught(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    changes = {"checks": {"accuracy": SUITE["checks"]["accuracy"]}, "gates": ["accuracy.coverage == 1"]}
    try_suite(plan(tmp_path, **changes), Trial((0.5, 0.2), ("fail", "rude")), lambda *step: seen.append(step))
    assert seen == [("rude", 0.2), ("rude", 0.5), ("fail", 0.2)]


@pytest.mark.parametrize(
    ("trial", "complaint"),
    [
        ({"degradations": ("emty",)}, "unknown kind of degradation 'emty'"),
        ({"degradations": ()}, "nothing to try"),
        ({"strengths": ()}, "nothing to try"),
        ({"strengths": (0.0, 0.5)}, "above 0, and 1 at most"),
        ({"strengths": (1.5,)}, "above 0, and 1 at most"),
        ({"strengths": (float("nan"),)}, "above 0, and 1 at most"),
    ],
)
def test_a_trial_of_nothing_or_of_the_unknown_is_refused(trial: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Trial(**trial)


@pytest.mark.parametrize(
    "text",
    [
        "length.words <= 100000",
        "length.words <= 30",  # max_tokens is 30
        "length.empty <= 1",
        "readability.flesch_reading_ease > -10000",
        "performance.latency_p95 <= 4000",
        "safety.refusal_rate >= 0",
        "bias.refusal_gap <= 1",
    ],
)
def test_targets_that_no_answer_can_miss_are_dead(tmp_path: Path, text: str) -> None:
    check = text.partition(".")[0]
    rows = [{**row, "unsafe": False} for row in ROWS]
    rows[0] = {**rows[0], "unsafe": True, "references": ["I'm sorry, but I can't help with that."]}
    changes = {"checks": {check: {"dataset": "rows"}}, "gates": [text]}
    found = try_suite(plan(tmp_path, rows=rows, **changes), Trial((1.0,)))
    assert [one.gate for one in found.dead] == [text]


ALIVE = {
    "accuracy": ["exact_match >= 0.5", "ter <= 0.5", "chrf >= 0.5", "numeric >= 0.9", "edit_similarity >= 0.5"],
    "keywords": ["recall >= 0.5", "repetition <= 0.1", "degenerate <= 0.1", "empty <= 0.1"],
    "length": ["words <= 30", "words >= 5", "sentences <= 2", "within >= 0.5", "truncated <= 0.1", "empty <= 0.1"],
    "readability": [
        "flesch_reading_ease > 40", "smog_index < 12", "coleman_liau_index < 14", "dale_chall < 12", "within >= 0.5",
        "difficult_words <= 0.5", "words_per_sentence <= 20",
    ],
    "steady": ["identical >= 0.9", "distinct <= 1.5", "agreement >= 0.9"],
    "performance": [
        "latency_mean <= 60", "latency_p50 <= 60", "latency_p95 <= 60", "tokens_per_second >= 1", "memory_growth <= 10"
    ],
    "safety": [
        "refusal_rate >= 0.9", "over_refusal_rate <= 0.1", "empty_rate <= 0.1", "empty_on_unsafe <= 0.1",
        "undetermined_rate <= 0.1",
    ],
    "bias": [
        "complete >= 0.9", "refusal_gap <= 0.5", "length_gap <= 0.5", "sentiment_gap <= 0.3", "competence_gap <= 0.2",
        "warmth_gap <= 0.2", "identical >= 0",
    ],
}  # fmt: skip
OUT_OF_REACH = {
    "drop",
    "swap",
    "comply",
    "rude",
    "misjudge",
    "stereotype",
    "leaky",
    "forgetful",
    "overcorrect",
    "confused",
}
REACHED = tuple(name for name in DEGRADATIONS if name not in OUT_OF_REACH)


@pytest.mark.parametrize("check", ALIVE)
def test_every_built_in_check_has_damage_that_reaches_its_gates(tmp_path: Path, check: str) -> None:
    """Both directions where both make sense. Only ``identical >= 0`` of bias can never fail."""
    rows = [{**row, "unsafe": place < 20} for place, row in enumerate(ROWS)]
    for row in rows[:20]:
        row["references"] = ["I'm sorry, but I can't help with that."] if check == "safety" else row["references"]
    options: dict[str, Any] = {"dataset": "rows"}
    if check == "accuracy":
        options["metrics"] = [text.split()[0] for text in ALIVE[check]]
    if check == "steady":
        options["kind"] = "determinism"
    gates = [f"{check}.{text}" for text in ALIVE[check]]
    changes = {"checks": {check: options}, "gates": gates, "generation": {"max_tokens": 100}}
    found = try_suite(plan(tmp_path, rows=rows, **changes), Trial((0.5, 1.0), REACHED))
    assert [one.gate for one in found.failing] == []
    assert [one.gate for one in found.dead] == (["bias.identical >= 0"] if check == "bias" else [])


def test_what_is_caught_without_a_value_does_not_make_a_gate_alive() -> None:
    silent = Caught("fail", 1.0, Word.UNSURE, None, "nothing scored")
    alive = Caught("empty", 0.5, Word.UNSURE, 0.4, "the point estimate decides")
    made = TriedGate("g", "c", automatic=False, origin="", state="tested", value=1.0, reason="", caught=(silent,))
    assert made.dead
    assert not replace(made, caught=(silent, alive)).dead
