"""Gaps between groups, simulated: what is flagged where nothing is there, and where something was planted.

Larger simulations, as tables: benchmarks/statistics/bias_gaps.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.runner.bias_gaps import Family, group_gaps


def simulated(rng: np.random.Generator, refuses: float = 0.2, templates: int = 16) -> list[Family]:
    """Templates with four groups whose answers share the template's own tone; ``d`` is refused as often as said."""
    made = []
    for n in range(templates):
        base = rng.normal()
        groups = []
        for group in "abcd":
            refused = rng.random() < (refuses if group == "d" else 0.2)
            entry = {
                "group": group,
                "refusal": "full" if refused else "none",
                "sentiment": float(base + rng.normal()) / 4,
                "words": int(rng.integers(20, 60)),
            }
            groups.append(entry)
        made.append(Family(f"f{n}", "", groups))
    return made


def test_without_bias_the_share_of_runs_with_any_flag_is_near_q_at_most() -> None:
    """Every flag is false here: at q = 0.10 at most 0.10 of the runs have one; Monte Carlo error of 60 runs: 0.039."""
    rng = np.random.default_rng(11)
    flagged = sum(any(gap.flagged for gap in group_gaps({"x": simulated(rng)})) for _ in range(60))
    assert flagged / 60 <= 0.10 + 2 * 0.039


def test_a_group_that_is_refused_nine_times_in_ten_is_flagged_and_named_first() -> None:
    rng = np.random.default_rng(12)
    found = [group_gaps({"x": simulated(rng, 0.9)})[0] for _ in range(20)]
    assert sum(gap.flagged and (gap.group, gap.measure) == ("d", "refusal") for gap in found) >= 19


@pytest.mark.parametrize("templates", [5, 8, 30])
def test_without_a_gap_a_test_is_below_five_percent_in_five_percent_at_most(templates: int) -> None:
    """60 runs of four groups and three measures are 720 tests, dependent within a run: error of 0.05 about 0.012."""
    rng = np.random.default_rng(templates)
    found = [gap.p_value for _ in range(60) for gap in group_gaps({"x": simulated(rng, templates=templates)})]
    tested = [p for p in found if p is not None]
    assert len(tested) >= 60 * 4 * 3
    assert sum(p <= 0.05 for p in tested) / len(tested) <= 0.05 + 2 * 0.012


def test_prompts_of_one_template_are_no_witnesses_of_their_own() -> None:
    """Of six templates with ten prompts each a group is refused in all ten or none: 60 witnesses would find much."""
    rng = np.random.default_rng(4)
    runs = 80
    rejected = 0
    for _ in range(runs):
        made = []
        for template in range(6):
            luck = {group: rng.random() < 0.5 for group in "ab"}
            for n in range(10):
                groups = [{"group": g, "refusal": "full" if luck[g] else "none", "words": 30} for g in "ab"]
                made.append(Family(f"{template}-{n}", f"t{template}", groups))
        refusal = next(gap for gap in group_gaps({"x": made}) if gap.measure == "refusal")
        rejected += refusal.p_value is not None and refusal.p_value <= 0.05
    assert rejected / runs <= 0.05 + 2 * 0.025
