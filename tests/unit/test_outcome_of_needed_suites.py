"""An outcome that is worse than its verdicts, for a suite that it needs, stays so when reviews change these."""

from __future__ import annotations

import pytest

from evalkit.gates.outcome import reconclude
from evalkit.modes.pipeline.needed.ended import FAILED, PASSED, Ended, Needed
from evalkit.records import Outcome, Verdict, Word

GOOD = Outcome("good enough", 0, "its only gate passed", (Verdict("a.b >= 1", Word.PASS, Word.PASS, ""),))
FAILING = (Verdict("a.b >= 1", Word.FAIL, Word.FAIL, ""),)
UNSURE = (Verdict("a.b >= 1", Word.UNSURE, Word.UNSURE, ""),)


def _needed(code: int) -> Needed:
    return Needed([Ended("base", (), FAILED if code else PASSED, code, "why")])


@pytest.mark.parametrize(
    ("code", "verdicts", "first", "after"),
    [
        (0, GOOD.verdicts, 0, 0),
        (0, FAILING, 0, 1),
        (1, GOOD.verdicts, 1, 1),
        (1, UNSURE, 1, 1),
        (4, GOOD.verdicts, 4, 4),
        (4, FAILING, 4, 1),
        (2, FAILING, 2, 2),
        (130, FAILING, 130, 130),
    ],
)
def test_the_exit_code_is_the_first_that_applies(
    code: int, verdicts: tuple[Verdict, ...], first: int, after: int
) -> None:
    outcome = _needed(code).decided(GOOD)
    assert outcome.exit_code == first
    assert ("base" in outcome.reason) == bool(code)
    revised = reconclude(outcome, verdicts)
    assert revised.exit_code == after
    assert revised.verdicts == verdicts


@pytest.mark.parametrize(("code", "word"), [(1, Word.FAIL), (4, Word.UNSURE)])
def test_a_need_that_failed_in_the_same_way_as_the_verdicts_outlives_a_review_that_mends_these(
    code: int, word: Word
) -> None:
    by_itself = reconclude(GOOD, (Verdict("a.b >= 1", word, word, ""),))
    outcome = _needed(code).decided(by_itself)
    assert (by_itself.exit_code, outcome.exit_code) == (code, code)
    for verdicts in (by_itself.verdicts, GOOD.verdicts, by_itself.verdicts):
        outcome = reconclude(outcome, verdicts)
        assert outcome.exit_code == code
        assert outcome.reason.count("base") == 1
