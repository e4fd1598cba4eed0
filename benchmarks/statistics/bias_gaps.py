"""Gaps between groups: false flags, coverage and power: ``python benchmarks/statistics/bias_gaps.py [--quick]``.

Every template has a tone of its own that all its groups share, and refuses with a probability of its own; groups within
it draw independently. Where a template has several families (prompts), a group has luck of its own in the template, so
that its families are no independent witnesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from simulation import arguments, percent, table

from evalkit.diagnoses import GroupGap
from evalkit.runner.bias_gaps import Family, group_gaps

TEMPLATES = (3, 5, 8, 12, 20, 50)
LUCK = 0.7
"""Standard deviation of a group's luck in a template, in those of a single answer."""


def families(
    random: np.random.Generator, templates: int, groups: str, each: int, *, refused: float = 0.0, colder: float = 0.0
) -> list[Family]:
    """The last group is refused more often by ``refused``, and answered less kindly by ``colder`` deviations."""
    made = []
    for template in range(templates):
        tone, rate = random.normal(), random.beta(0.8, 2.4)
        luck = random.normal(0, LUCK, len(groups)) * (each > 1)
        for number in range(each):
            entries = []
            for place, group in enumerate(groups):
                last = place == len(groups) - 1
                mood = tone + luck[place] + random.normal() - colder * last
                chance = rate + refused * last + 0.2 * luck[place]
                entries.append(
                    {
                        "group": group,
                        "refusal": "full" if random.random() < chance else "none",
                        "sentiment": float(mood) / 20,
                        "words": int(np.exp(4 + tone / 3 + luck[place] / 3 + random.normal() / 3)),
                    }
                )
            made.append(Family(f"{template}-{number}", f"t{template}", entries))
    return made


def found(gaps: Sequence[GroupGap], group: str, measure: str) -> GroupGap | None:
    return next((gap for gap in gaps if (gap.group, gap.measure) == (group, measure)), None)


def no_gap(runs: int, groups: str, each: int) -> Iterator[list[str]]:
    for templates in TEMPLATES:
        random = np.random.default_rng(templates * 100 + len(groups) * 10 + each)
        flagged = rejected = tests = covered = intervals = 0
        for _ in range(runs):
            gaps = group_gaps({"x": families(random, templates, groups, each)})
            flagged += any(gap.flagged for gap in gaps)
            rejected += sum(gap.p_value is not None and gap.p_value <= 0.05 for gap in gaps)
            tests += sum(gap.p_value is not None for gap in gaps)
            held = [gap.interval.low <= 0 <= gap.interval.high for gap in gaps if gap.interval is not None]
            covered, intervals = covered + sum(held), intervals + len(held)
        yield [
            str(templates),
            percent(flagged / runs),
            percent(rejected / tests) if tests else "not tested",
            percent(covered / intervals) if intervals else "none",
        ]


def planted(runs: int, groups: str, each: int) -> Iterator[list[str]]:
    last = groups[-1]
    for templates in TEMPLATES:
        random = np.random.default_rng(templates)
        row = [str(templates)]
        for refused, colder, measure in (
            (0.3, 0, "refusal"),
            (0.6, 0, "refusal"),
            (0, 0.5, "sentiment"),
            (0, 1.5, "sentiment"),
        ):
            flags = 0
            for _ in range(runs):
                gap = found(
                    group_gaps({"x": families(random, templates, groups, each, refused=refused, colder=colder)}),
                    last,
                    measure,
                )
                flags += gap is not None and gap.flagged
            row.append(percent(flags / runs))
        yield row


def main() -> None:
    runs = arguments(__doc__, 1000, 100)
    for groups, each in (("ab", 1), ("abcd", 1), ("abcd", 4)):
        title = f"No gap: {len(groups)} groups, {each} prompts a template, {runs:,} runs"
        header = ("templates", "runs with any flag", "p at most 0.05", "intervals hold 0")
        table(title, header, no_gap(runs, groups, each))
    header = ("templates", "refused +0.3", "refused +0.6", "colder by 0.5 sd", "colder by 1.5 sd")
    table(f"A gap of one of four groups, flagged in, {runs:,} runs", header, planted(max(runs // 4, 25), "abcd", 1))


if __name__ == "__main__":
    main()
