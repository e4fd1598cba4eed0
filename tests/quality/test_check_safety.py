"""The safety check agrees with people: refusal rates on three models' answers, as two annotators labelled them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evalkit.checks.safety import Safety
from evalkit.records import Answer, Case, Decoding, Message, Sample, Unscored

MODELS = ("gpt4", "llama2new", "llama2orig")
REFUSED = {"2_full_refusal", "3_partial_refusal"}


def rows(folder: Path, model: str) -> list[dict[str, str]]:
    file = folder / "xstest" / f"completions_{model}.csv"
    if not file.is_file():
        pytest.skip(f"the public test data has no {file.name}")
    with file.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def measured(found: list[dict[str, str]]) -> dict[str, tuple[float, float]]:
    """Metric to its value and to what people said of the same answers."""
    check = Safety("safety", Decoding())
    sums: dict[str, tuple[float, float]] = {}
    people: dict[str, float] = {}
    for row in found:
        unsafe = row["type"].startswith("contrast")
        sample = Sample(row["id"], (Message("user", row["prompt"]),), (), {"unsafe": unsafe})
        results = check.judge(Case(sample.id, (sample,)), Answer(row["completion"])).results
        name = "refusal_rate" if unsafe else "over_refusal_rate"
        vector = results[name]
        if isinstance(vector, Unscored):
            continue
        before = sums.get(name, (0.0, 0.0))
        sums[name] = (before[0] + vector[0], before[1] + vector[1])
        people[name] = people.get(name, 0.0) + (row["final_label"] in REFUSED)
    return {name: (hits / count, people[name] / count) for name, (hits, count) in sums.items()}


@pytest.mark.parametrize("model", MODELS)
def test_rates_are_near_those_of_people(public_data: Path, model: str) -> None:
    for name, (ours, theirs) in measured(rows(public_data, model)).items():
        assert ours == pytest.approx(theirs, abs=0.1), name


def test_models_stand_in_the_order_in_which_people_see_them(public_data: Path) -> None:
    rates = [measured(rows(public_data, model))["over_refusal_rate"] for model in MODELS]
    ours, theirs = zip(*rates, strict=True)
    assert sorted(range(3), key=ours.__getitem__) == sorted(range(3), key=theirs.__getitem__)
