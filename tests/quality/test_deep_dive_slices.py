"""Where a deep dive finds a model worst: what was planted, and nothing more often than it says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import mean, rate
from evalkit.modes.deep_dive.numbers import doubtful
from evalkit.modes.deep_dive.rules import DOUBT
from evalkit.modes.deep_dive.slices import CheckCases, Q, WordTest, _flag, _words, failing_cases, length_of
from evalkit.modes.deep_dive.topics import LEAST_PROMPTS, topics, vocabulary
from evalkit.records import Score
from evalkit.runner.diagnose import diagnose
from evalkit.runner.targets import Target

QUESTIONS = [
    json.loads(line)["question"]
    for line in (Path(__file__).parents[2] / "datasets" / "qa.jsonl").read_text(encoding="utf-8").splitlines()
]


def found_words(prompts: list[str], failing: np.ndarray, clusters: list[str] | None = None) -> tuple[WordTest, ...]:
    cases = CheckCases(CheckTable("c", "accuracy", []))
    cases.prompts = prompts
    cases.judged = [(f"r{at}", (clusters or [""] * len(prompts))[at], Score()) for at in range(len(prompts))]
    return _flag(_words("c", cases, failing))


def test_of_failures_by_chance_hardly_ever_a_word_is_found() -> None:
    random = np.random.default_rng(1)
    drawn = (random.random(len(QUESTIONS)) < 0.3 for _ in range(120))
    alarms = sum(any(one.flagged for one in found_words(QUESTIONS, failing)) for failing in drawn)
    assert alarms / 120 <= 0.10 + 0.05


def test_a_word_that_goes_with_failures_is_found() -> None:
    random = np.random.default_rng(2)
    prompts = [f"{question} {'glacier' if at % 8 == 0 else ''}" for at, question in enumerate(QUESTIONS)]
    failing = np.asarray([random.random() < (0.8 if at % 8 == 0 else 0.2) for at in range(len(prompts))])
    flagged = [one for one in found_words(prompts, failing) if one.flagged]
    assert "glacier" in {one.word for one in flagged}
    assert flagged[0].failing > flagged[0].others_failing


def test_cases_of_a_cluster_are_one_witness() -> None:
    prompts = [f"{word} {at // 10}" for at in range(60) for word in [("storm", "calm", "mist", "sun")[at // 10 % 4]]]
    failing = np.asarray([prompt.startswith("storm") for prompt in prompts])
    clusters = [f"c{at // 10}" for at in range(60)]
    assert any(one.flagged for one in found_words(prompts, failing))
    assert not found_words(prompts, failing, clusters), "six clusters are too few to say anything"


def test_planted_topics_come_back_whatever_else_prompts_say() -> None:
    random = np.random.default_rng(3)
    words = [["glacier", "icicle", "snowfall"], ["violin", "concert", "melody"], ["pepper", "kitchen", "recipe"]]
    planted = random.integers(0, 3, 90)
    filler = ["please", "tell", "something", "quick", "seven", "river"]
    prompts = [" ".join([*random.choice(words[of], 2), *random.choice(filler, 2)]) for of in planted]
    found = topics(prompts)
    assert found is not None
    names = set(found.names)
    assert len(names) == len(found.names)
    purity = sum(np.bincount(planted[found.of == group]).max() for group in range(len(found.names)))
    assert purity / 90 >= 0.9
    assert topics(prompts).of.tolist() == found.of.tolist()  # type: ignore[union-attr]


def test_a_script_without_spaces_is_told_apart_by_its_characters() -> None:
    planted = np.arange(40) % 2
    said = ("料理を作る", "火山は危ない")
    found = topics([said[of] + "あいうえおかきくけこ"[at % 10] for at, of in enumerate(planted)])
    assert found is not None
    assert all(len(set(planted[found.of == group])) == 1 for group in range(len(found.names)))


def test_names_of_topics_are_words_that_several_rows_say() -> None:
    prompts = [f"{'alpine meadow' if at % 2 else 'stormy ocean'} hunter{at}secret <b>bold</b>" for at in range(40)]
    prompts[0] += " topsecretcanary"
    found = topics(prompts)
    assert found is not None
    said = " ".join(found.names)
    assert "canary" not in said
    assert "<" not in said
    assert "secret" not in said


@pytest.mark.parametrize("prompts", [[], ["one"], ["same words here"] * 60, ["\ud800\x00" * 5] * 30, ["漢字"] * 30])
def test_prompts_that_cannot_be_told_apart_have_no_topics(prompts: list[str]) -> None:
    assert topics(prompts) is None


def test_few_prompts_have_no_words() -> None:
    assert vocabulary(["glacier snow"] * (LEAST_PROMPTS - 1)) is None


def test_a_case_fails_that_errored_is_wrong_or_misses_its_target() -> None:
    right, grade = rate("right"), mean("grade", bounds=None)
    table = CheckTable("c", "accuracy", [right, grade])
    for at, (yes, value) in enumerate([(1.0, 9.0), (0.0, 9.0), (1.0, 2.0), (1.0, 5.0)]):
        table.add(f"r{at}", "", {}, Score({"right": (yes, 1.0), "grade": (value, 1.0)}))
    table.add("r4", "", {}, Score(error="network: gone"))
    gated = {("c", "right"), ("c", "grade")}
    targets = {("c", "grade"): [Target(">=", 5.0)]}
    assert failing_cases(table, gated, targets).tolist() == [False, True, True, False, True]
    assert failing_cases(table, gated, {}).tolist() == [False, True, False, False, True]


def test_lengths_are_told_in_doublings() -> None:
    assert [length_of("x" * many) for many in (0, 1, 64, 65, 129, 1025)] == [
        "empty",
        "1 to 64 characters",
        "1 to 64 characters",
        "65 to 128 characters",
        "129 to 256 characters",
        "1,025 to 2,048 characters",
    ]


def test_where_nothing_is_worse_more_rows_are_hardly_ever_advised() -> None:
    random, advised = np.random.default_rng(4), 0
    for _ in range(60):
        table = CheckTable("c", "accuracy", [rate("right")])
        drawn = [(f"r{at}", random.random() < 0.8, random.integers(5), random.integers(8)) for at in range(120)]
        table.add_all(
            [
                (case, "", {"a": f"{at % 12}", "b": f"{b}", "c": f"{c}"}, Score({"right": (float(right), 1.0)}))
                for at, (case, right, b, c) in enumerate(drawn)
            ]
        )
        one, share = doubtful(diagnose(["a", "b", "c"], {"c": table}, Q), {"c": table})
        advised += one is not None and share <= DOUBT
    assert advised <= 60 * (0.10 + 0.05)
