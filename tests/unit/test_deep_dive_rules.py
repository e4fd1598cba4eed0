"""Rules of a deep dive: each is met on one side of its threshold and not on the other, and says its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.modes.deep_dive.mode import DeepDiveOptions
from evalkit.modes.deep_dive.rules import RULES, Numbers, advice

SPEED = {"by": "batch size", "setting": 8, "own_rate": 100.0, "own_most": 105.0, "repeats": 2}
SLICE = {"slice_name": "those of a with b = c", "slice_p": 0.01, "slice_false": 0.2}
SIDES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # rule, what meets it, what does not quite, a figure that it says
    (
        "quicker_setting",
        SPEED | {"best_rate": 120, "best_least": 110},
        SPEED | {"best_rate": 119, "best_least": 110},
        "1.2 times",
    ),
    (
        "quicker_setting",
        SPEED | {"best_rate": 180, "best_least": 106},
        SPEED | {"best_rate": 180, "best_least": 105},
        "180",
    ),
    (
        "other_engine",
        {"openvino_waits": True, "decode_share": 0.51},
        {"openvino_waits": True, "decode_share": 0.50},
        "51%",
    ),
    (
        "other_engine",
        {"openvino_waits": True, "decode_share": 0.9},
        {"openvino_waits": False, "decode_share": 0.9},
        "90%",
    ),
    ("less_padding", {"padding": 0.31}, {"padding": 0.30}, "31%"),
    (
        "idle_processor",
        {"seconds": 60, "cores": 4, "asking_share": 0.8, "cores_used": 2.3},
        {"seconds": 60, "cores": 4, "asking_share": 0.8, "cores_used": 2.4},
        "2.3 of 4",
    ),
    ("slow_start", {"seconds": 9, "startup_share": 0.51}, {"seconds": 9, "startup_share": 0.50}, "51%"),
    ("slow_start", {"seconds": 5, "startup_share": 0.9}, {"seconds": 4.9, "startup_share": 0.9}, "90%"),
    ("slow_scoring", {"seconds": 9, "scoring_share": 0.51}, {"seconds": 9, "scoring_share": 0.50}, "51%"),
    ("old_answers", {"answers": 10, "reused": 5}, {"answers": 10, "reused": 4}, "5 of 10"),
    (
        "long_tail",
        {"timed": 100, "p50": 1.0, "p99": 10.0},
        {"timed": 100, "p50": 1.0, "p99": 9.9},
        "10 times the median",
    ),
    ("long_tail", {"timed": 100, "p50": 1.0, "p99": 20.0}, {"timed": 99, "p50": 1.0, "p99": 20.0}, "20 times"),
    (
        "memory_grows",
        {"growth": 20.0, "growth_low": 0.1, "growth_allowed": 20.0},
        {"growth": 19.9, "growth_low": 0.1, "growth_allowed": 20.0},
        "20.0 MB",
    ),
    (
        "memory_grows",
        {"growth": 50.0, "growth_low": 0.1, "growth_allowed": 20.0},
        {"growth": 50.0, "growth_low": 0.0, "growth_allowed": 20.0},
        "50.0 MB",
    ),
    (
        "out_of_proportion",
        {"scaling": 3.0, "scaling_surely": 2.01, "scaling_allowed": 2.0},
        {"scaling": 3.0, "scaling_surely": 2.0, "scaling_allowed": 2.0},
        "2.01",
    ),
    ("out_of_memory", {"measurements": 100, "out_of_memory": 1}, {"measurements": 100}, "1 of 100"),
    ("rate_limited", {"measurements": 100, "rate_limited": 2}, {"measurements": 100, "rate_limited": 1}, "2 of 100"),
    ("timed_out", {"measurements": 100, "timed_out": 2}, {"measurements": 100, "timed_out": 1}, "2 of 100"),
    ("longer_answers", {"answers": 100, "cut": 6}, {"answers": 100, "cut": 5}, "6 of 100"),
    ("empty_answers", {"answers": 100, "empty": 3}, {"answers": 100, "empty": 2}, "3 of 100"),
    (
        "more_rows",
        SLICE | {"slice_cases": 49, "slice_gap": 0.10},
        SLICE | {"slice_cases": 50, "slice_gap": 0.10},
        "49 cases",
    ),
    (
        "more_rows",
        SLICE | {"slice_cases": 9, "slice_gap": 0.10},
        SLICE | {"slice_cases": 9, "slice_gap": 0.09},
        "0.10",
    ),
    (
        "more_rows",
        SLICE | {"slice_cases": 9, "slice_gap": 0.5, "slice_false": 0.25},
        SLICE | {"slice_cases": 9, "slice_gap": 0.5, "slice_false": 0.251},
        "25% or less",
    ),
]


@pytest.mark.parametrize(
    ("name", "meets", "misses", "says"), SIDES, ids=[f"{one[0]}-{at}" for at, one in enumerate(SIDES)]
)
def test_a_rule_is_met_on_one_side_of_its_threshold(
    name: str, meets: dict[str, Any], misses: dict[str, Any], says: str
) -> None:
    rule = next(one for one in RULES if one.__name__ == name)
    found = rule(Numbers(**meets))
    assert found is not None
    assert says in found.because
    assert rule(Numbers(**misses)) is None
    assert advice(Numbers(**meets)) == [found], "no other rule is met by these figures"
    assert not advice(Numbers(**misses))


def test_every_rule_is_tried() -> None:
    assert {name for name, *_ in SIDES} == {rule.__name__ for rule in RULES}


def test_nothing_measured_advises_nothing() -> None:
    assert not advice(Numbers())


def test_commands_go_on_from_the_one_that_made_the_run() -> None:
    command = "evalkit run s --model 'hf:a b' --mode deep-dive"
    found = advice(Numbers(command=command, **SPEED, best_rate=300, best_least=290))
    assert [one.command for one in found] == [f"{command} --batch-size 8"]
    at_once = Numbers(command=command, **{**SPEED, "by": "concurrency"}, best_rate=300, best_least=290)
    (of_server,) = advice(at_once)
    assert (of_server.command, "?concurrency=8" in of_server.text) == ("", True)


def test_the_page_of_modes_lists_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "modes.md").read_text(encoding="utf-8")
    listed = page.partition("### Rules")[2].partition("\nRules about")[0]
    names = [line.split("|")[1].strip() for line in listed.splitlines() if line.startswith("| ")][2:]
    assert names == [rule.__name__.replace("_", " ") for rule in RULES]


def test_the_page_of_modes_gives_every_option_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "modes.md").read_text(encoding="utf-8")
    of_mode = page.partition("## deep-dive")[2].partition("| section |")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:3]] for line in of_mode.splitlines() if line.startswith("| `")]
    fields = DeepDiveOptions.model_fields
    defaults = {f"`{name}`": field.default for name, field in fields.items()}
    told = {name: ", ".join(map(str, it)) if isinstance(it, tuple) else str(it) for name, it in defaults.items()}
    assert dict(cells) == told
