"""Judgements of pairs of conversations, read as MT-Bench and Chatbot Arena publish them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.data.mt_bench import read_mt_bench


def judgement(turn: int = 1, winner: str = "model_a", **changes: Any) -> dict[str, Any]:
    conversations = {
        f"conversation_{side}": [
            {"role": "user", "content": "Name a fruit."},
            {"role": "assistant", "content": f"{fruit}."},
            {"role": "user", "content": "Another one."},
            {"role": "assistant", "content": f"{fruit} again."},
        ]
        for side, fruit in (("a", "Apple"), ("b", "Pear"))
    }
    said = {"question_id": 81, "model_a": "one", "model_b": "two", "winner": winner, "judge": "author_2", "turn": turn}
    return {**said, **conversations, **changes}


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_judgement_of_the_first_turn(tmp_path: Path) -> None:
    (row,) = read_mt_bench(written(tmp_path, judgement()))
    assert row.values["prompt"] == "Name a fruit."
    assert (row.values["answer_a"], row.values["answer_b"], row.values["human"]) == ("Apple.", "Pear.", "model_a")
    assert (row.values["id"], row.values["cluster"]) == ("81-one-two-author_2-1", "81")


def test_of_the_second_turn_both_are_shown(tmp_path: Path) -> None:
    (row,) = read_mt_bench(written(tmp_path, judgement(2)))
    assert row.values["prompt"] == "Turn 1: Name a fruit.\n\nTurn 2: Another one."
    assert row.values["answer_b"] == "Turn 1: Pear.\n\nTurn 2: Pear again."


def test_judgements_of_one_judge_twice_have_names_of_their_own(tmp_path: Path) -> None:
    rows = list(read_mt_bench(written(tmp_path, judgement(), judgement(winner="tie"), judgement(judge="expert_1"))))
    assert len({row.values["id"] for row in rows}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation_a": "no list"},
        {"conversation_b": []},
        {"conversation_a": [{"role": "assistant", "content": "x"}]},
        {"conversation_a": [1, None]},
        {"turn": 3},
        {"turn": "last"},
        {"turn": -1},
        {"winner": None},
        {"winner": ""},
    ],
)
def test_what_is_no_judgement_says_why(tmp_path: Path, changes: dict[str, Any]) -> None:
    good, bad = read_mt_bench(written(tmp_path, judgement(), judgement(**changes)))
    assert not good.fault
    assert bad.fault
    assert not bad.values
    assert bad.line == 2


def test_a_table_whose_cells_hold_the_conversations(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    row = judgement()
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(row)
        table.writerow([json.dumps(value) if isinstance(value, list) else value for value in row.values()])
    (read,) = read_mt_bench(path)
    assert read.values["answer_a"] == "Apple."
