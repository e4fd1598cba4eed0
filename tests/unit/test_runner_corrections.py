"""Refusal rates without the judgement's errors: which rule corrects which rate, and what is never corrected."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.checks.safety import Safety, SafetyOptions
from evalkit.errors import DatasetError
from evalkit.gates.measurements import CheckTable
from evalkit.metrics import refusal_calibration
from evalkit.records import Decoding, Score, Unscored
from evalkit.runner.corrections import Label, corrections, read_labels, uncounted
from evalkit.stats.detector import leave_one_out
from evalkit.stats.intervals import exact
from evalkit.stats.prediction_powered import prediction_powered


def safety(refused: list[bool], over: list[bool] | None = None, errors: int = 0, **options: object) -> CheckTable:
    """Unsafe prompts u0, u1, ... and harmless ones h0, h1, ..., as they were judged."""
    check = Safety("safety", Decoding(), SafetyOptions.model_validate(options))
    table = CheckTable("safety", "safety", check.metrics)
    for number, value in enumerate(refused):
        results = {"refusal_rate": (float(value), 1.0), "over_refusal_rate": Unscored("unsafe prompt")}
        table.add(f"u{number}", "", {}, Score(results))
    for number, value in enumerate(over or ()):
        results = {"refusal_rate": Unscored("harmless prompt"), "over_refusal_rate": (float(value), 1.0)}
        table.add(f"h{number}", "", {}, Score(results))
    for number in range(errors):
        table.add(f"e{number}", "", {}, Score(error="time-out"))
    return table


def test_rates_are_corrected_by_the_published_formula_over_all_models() -> None:
    """Refusals found and answers left alone, summed over the models; a quality test holds the counts to the labels."""
    errors = refusal_calibration.MEASURED["unsafe:full+partial"]
    se, sp = (
        sum(right for right, _ in counts) / sum(of for _, of in counts)
        for counts in ([one.sensitivity for one in errors], [one.specificity for one in errors])
    )
    (found,) = corrections({"safety": safety([True] * 80 + [False] * 20)})
    assert (found.check, found.metric, found.observed) == ("safety", "refusal_rate", 0.8)
    assert found.value == pytest.approx((0.8 + sp - 1) / (se + sp - 1))
    assert found.method.startswith("Rogan-Gladen")
    assert "XSTest" in found.method
    assert "3 models" in found.method


def test_the_interval_allows_for_another_model() -> None:
    """Sampling alone gives 50 of 100 an interval of 0.20; over-refusals are found unequally well on the models."""
    _, over = corrections({"safety": safety([True] * 50, [True] * 50 + [False] * 50)})
    errors = refusal_calibration.MEASURED["harmless:full+partial"]
    assert leave_one_out([one.sensitivity for one in errors]) > 0.03
    assert over.interval is not None
    assert over.interval.high - over.interval.low > 0.22


def test_errored_cases_are_no_judgements() -> None:
    (found,) = corrections({"safety": safety([True] * 80 + [False] * 20, errors=50)})[:1]
    assert found.observed == 0.8


@pytest.mark.parametrize("options", [{"phrases": ("nope",)}, {"count_partial": False}])
def test_another_judgement_has_other_errors_and_no_correction_and_says_so(options: dict[str, object]) -> None:
    (found,) = corrections({"safety": safety([True] * 15 + [False] * 5, **options)})
    assert (found.observed, found.value, found.interval, found.method) == (0.75, None, None, "")
    assert "not corrected" in found.note


def test_labels_of_answers_in_no_rate_are_told_apart() -> None:
    table = safety([True] * 3, [False], errors=2)
    table.add("odd", "", {}, Score({name: Unscored("no judgement") for name in ("refusal_rate", "over_refusal_rate")}))
    labels = [Label("safety", case, refused=True) for case in ("u0", "e1", "h0", "odd")]
    assert [label.case for label in uncounted({"safety": table}, labels)] == ["e1", "odd"]


def test_other_rules_have_no_correction_until_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal_calibration, "SIGNATURE", "refusal:evalkit-rules.1|lang:en")
    (found,) = corrections({"safety": safety([True] * 20)})
    assert (found.value, "not corrected" in found.note) == (None, True)


def test_other_checks_are_left_alone() -> None:
    table = safety([True] * 20)
    table.kind = "toy"
    assert corrections({"toy": table}) == ()


def test_labels_of_this_run_come_first() -> None:
    table = safety([True] * 80 + [False] * 20, [False] * 40)
    labelled = [Label("safety", f"u{i}", refused=i % 2 == 0) for i in range(10, 100, 5)]
    labels = sorted((label.case, label.refused) for label in labelled)
    judged = [float(int(case[1:]) < 80) for case, _ in labels]
    expected = prediction_powered([1.0] * 80 + [0.0] * 20, judged, [float(said) for _, said in labels])
    refused, over = corrections({"safety": table}, labelled)
    assert refused.method.startswith("prediction-powered, 18 of 100")
    assert (refused.value, refused.interval) == (expected.value, expected.interval)
    assert "drawn at random" in refused.note
    assert over.method.startswith("Rogan-Gladen")


def test_answers_in_clusters_have_the_interval_of_their_clusters() -> None:
    """20 prompts five times each, the same answer every time, all labelled: as sure as of 20 answers."""
    table = safety([])
    for number in range(100):
        results = {"refusal_rate": (float(number // 5 < 12), 1.0), "over_refusal_rate": Unscored("unsafe prompt")}
        table.add(f"u{number}", f"prompt {number // 5}", {}, Score(results))
    labels = [Label("safety", f"u{number}", refused=number // 5 < 12) for number in range(100)]
    (found,) = [one for one in corrections({"safety": table}, labels) if one.metric == "refusal_rate"]
    assert found.value == pytest.approx(0.6)
    assert found.interval is not None
    once = exact(12, 20)
    assert (found.interval.low, found.interval.high) == pytest.approx((once.low, once.high), abs=0.02)


def test_too_few_labels_leave_the_measured_errors() -> None:
    (found,) = corrections({"safety": safety([True] * 50)}, [Label("safety", "u1", refused=True)])
    assert found.method.startswith("Rogan-Gladen")
    assert "1 label is too few" in found.note


@pytest.mark.parametrize(
    ("label", "says"),
    [(Label("safty", "u1", True), "no safety check"), (Label("safety", "u999", True), "no case 'u999'")],
)
def test_labels_of_what_the_run_has_not_are_refused(label: Label, says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        corrections({"safety": safety([True] * 50)}, [label])


def test_labels_are_read_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"check": "safety", "case": "a", "refused": true, "who": "me"}\n\n', encoding="utf-8")
    assert read_labels(file) == [Label("safety", "a", refused=True, where=f"{file}:1")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("[1]\n", "line 1"),
        ("{\n", "line 1"),
        ('{"check": "safety", "case": "a"}\n', "refused"),
        ('{"check": "safety", "case": "a", "refused": "yes"}\n', "true or false"),
        ('{"check": "safety", "case": 7, "refused": true}\n', "a case"),
        (
            '{"check": "safety", "case": "a", "refused": true}\n{"check": "safety", "case": "a", "refused": false}\n',
            "both ways",
        ),
    ],
)
def test_bad_labels_are_short_errors(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=says):
        read_labels(file)


def test_a_missing_file_of_labels_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="missing"):
        read_labels(tmp_path / "missing.jsonl")
