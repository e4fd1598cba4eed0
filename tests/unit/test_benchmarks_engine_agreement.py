"""Where two engines' answers part first, and what is said of it."""

from __future__ import annotations

import pytest

from benchmarks.engine_agreement import Parting, parting, read_rows, summary
from evalkit.records import Answer, FailureKind


def written(text: str, margins: tuple[float, ...] | None = None) -> Answer:
    return Answer(text=text, tokens=tuple(text), margins=margins)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("abc", "abc", None),
        ("axc", "abc", Parting(1, 0.2)),
        ("xbc", "abc", Parting(0, 0.1)),
        ("ab", "abc", Parting(2, 0.3)),  # ours ended, and transformers went on
        ("abcd", "abc", Parting(3, None)),
        ("", "abc", Parting(0, 0.1)),
    ],
)
def test_answers_part_at_the_first_token_that_differs(ours: str, theirs: str, expected: Parting | None) -> None:
    assert parting(written(ours), written(theirs, (0.1, 0.2, 0.3))) == expected


def test_a_failed_answer_is_no_agreement() -> None:
    with pytest.raises(SystemExit, match="failed"):
        parting(Answer.failed(FailureKind.INTERNAL, "no"), written("a", (0.1,)))


def test_what_is_said_counts_all_and_hides_no_unknown_lead() -> None:
    said = summary([Parting(4, 0.5), Parting(1, 0.001), Parting(9, None)], 10, "float32").splitlines()
    assert said[0].startswith("identical answers: 7 of 10 (OpenVINO in float32")
    assert said[1] == "the others part at token 1 to 9, median 4"
    assert "0.0010 to 0.5000" in said[2]
    assert said[3] == "not known is the lead of 1, where transformers chose to end"
    assert summary([], 3, "float32").splitlines() == [
        "identical answers: 3 of 3 (OpenVINO in float32, transformers in float32)"
    ]


def test_rows_are_questions_and_tasks_in_turn() -> None:
    rows = read_rows(5)
    assert len(rows) == 5
    assert len({row["id"] for row in read_rows(40)}) == 40
