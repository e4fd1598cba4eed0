"""``data validate`` and ``data stats``: all problems of a file, and what it holds."""

from __future__ import annotations

import json
import statistics as reference
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.data import Column, Contract, problems, statistics
from evalkit.data.lengths import Distribution
from evalkit.data.scanning import Ids, _digest
from evalkit.errors import DatasetError


def jsonl(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "d.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


class TestProblems:
    def test_each_with_file_line_and_field(self, tmp_path: Path) -> None:
        path = tmp_path / "d.jsonl"
        path.write_text(
            '{"id": 1, "input": "a", "output": "b"}\n'
            "\n"
            "{'input': 'a'}\n"
            '{"id": "1", "input": " ", "output": NaN}\n'
            '{"id": 1, "input": "", "output": "b"}\n'
        )
        found = problems(path, "chat")
        said = [(3, ""), (4, "output"), (4, "input"), (4, "id"), (5, "input"), (5, "id")]
        assert [(p.line, p.field) for p in found] == said
        assert (found.rows, found.bad_rows, found.columns) == (4, 3, ("id", "input", "output"))

    def test_all_of_them_not_only_the_first_twenty(self, tmp_path: Path) -> None:
        path = jsonl(tmp_path, *[{"input": n, "output": "x"} for n in range(100)])
        assert len(list(problems(path, "chat"))) == 100

    def test_a_good_file_has_none(self, tmp_path: Path) -> None:
        found = problems(jsonl(tmp_path, {"prompt": "a", "chosen": "b", "rejected": "c"}), "dpo")
        assert list(found) == []
        assert (found.rows, found.bad_rows) == (1, 0)

    def test_a_contract_of_a_suite_need_not_have_a_prompt(self, tmp_path: Path) -> None:
        contract = Contract("pairs", (Column("left"), Column("right", "integer")))
        path = jsonl(tmp_path, {"left": "a", "right": 1}, {"left": "a", "right": "1"})
        assert [(p.line, p.field) for p in problems(path, contract)] == [(2, "right")]

    def test_columns_and_filter(self, tmp_path: Path) -> None:
        path = jsonl(tmp_path, {"ask": "a", "lang": "en"}, {"ask": "", "lang": "de"})
        assert [p.line for p in problems(path, columns={"prompt": "ask"})] == [2]
        assert list(problems(path, columns={"prompt": "ask"}, where="lang == 'en'")) == []

    def test_a_mapped_column_that_no_row_has(self, tmp_path: Path) -> None:
        path = jsonl(tmp_path, {"prompt": "a", "anwser": "b"})
        with pytest.raises(DatasetError, match="no row has the column 'answer'") as caught:
            list(problems(path, columns={"references": "answer"}))
        assert "did you mean 'anwser'?" in caught.value.hint

    def test_an_empty_file_and_an_unknown_contract_are_errors(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="has no rows"):
            list(problems(jsonl(tmp_path)))
        with pytest.raises(DatasetError, match="unknown contract 'chatt'"):
            problems(tmp_path / "d.jsonl", "chatt")


BRINGS = st.tuples(st.just(True), st.sampled_from(["a", "b", "a-2", "a-3", "b-2"]))
IS_NAMED = st.tuples(st.just(False), st.sampled_from(["a", "b"]))


def test_ids_whose_hashes_begin_or_end_alike_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = {"a": (1 << 64) + 7, "b": (2 << 64) + 7, "c": (1 << 64) + 8}
    monkeypatch.setattr("evalkit.data.scanning._digest", hashes.__getitem__)
    memory = Ids()
    assert [memory.written(name) for name in "abcab"] == [False, False, False, True, True]
    monkeypatch.undo()
    assert _digest("a") >> 64 != 0


@given(rows=st.lists(BRINGS | IS_NAMED, max_size=8))
def test_ids_repeat_exactly_when_a_set_of_them_says_so(rows: list[tuple[bool, str]]) -> None:
    """A row that brings an id, or one whose content has this name."""
    brought: set[str] = set()
    given_names: list[str] = []
    memory = Ids()
    for brings, name in rows:
        if brings:
            assert memory.written(name) is (name in brought or name in given_names)
            brought.add(name)
        else:
            given_name, repeated = memory.given(name)
            assert repeated is (given_name in brought)
            assert given_name not in given_names
            given_names.append(given_name)


class TestStatistics:
    def test_counts_lengths_and_balance(self, tmp_path: Path) -> None:
        path = jsonl(
            tmp_path,
            {"prompt": "one two", "references": ["a", "bb b"], "topic": "x", "n": 1},
            {"prompt": "one two", "references": ["c"], "topic": "y", "n": None},
            {"prompt": "three", "references": "a", "topic": "x"},
            {"prompt": 4},
        )
        stats = statistics(path)
        assert (stats.rows, stats.bad_rows, stats.unique_inputs, stats.unique_outputs) == (4, 1, 2, 3)
        by_name = {column.name: column for column in stats.columns}
        prompt = by_name["prompt"].chars
        assert prompt is not None
        assert (prompt.count, prompt.min, prompt.max, prompt.median) == (3, 5, 7, 7)
        assert prompt.mean == pytest.approx(19 / 3)
        words = by_name["references"].words
        assert words is not None
        assert (words.count, words.max) == (4, 2)
        assert by_name["topic"].values == {"x": 2, "y": 1}
        assert (by_name["n"].present, by_name["n"].missing) == (1, 3)
        assert (by_name["topic"].missing, by_name["references"].values) == (1, None)

    def test_it_is_json(self, tmp_path: Path) -> None:
        stats = statistics(jsonl(tmp_path, {"input": "a b", "output": "c", "ok": True}), "chat").to_json()
        assert json.loads(json.dumps(stats)) == stats
        assert stats["columns"]["input"]["words"]["max"] == 2
        assert stats["columns"]["ok"] == {
            "present": 1,
            "missing": 0,
            "chars": None,
            "words": None,
            "values": {"true": 1},
            "balance": {
                "classes": 1,
                "entropy_bits": 0.0,
                "evenness": 1.0,
                "smallest": {"value": "true", "count": 1},
                "largest": {"value": "true", "count": 1},
            },
            "vocabulary": None,
            "language": None,
        }

    def test_csv_cells_that_are_empty_are_missing_and_json_lists_are_lists(self, tmp_path: Path) -> None:
        path = tmp_path / "d.csv"
        path.write_text('prompt,answers,topic\na,"[""x"", ""yy""]",t\nb,,t\n')
        by_name = {column.name: column for column in statistics(path).columns}
        assert by_name["answers"].missing == 1
        assert by_name["answers"].chars == Distribution(2, 1, 1.5, 1.5, 2, 2)
        assert by_name["topic"].values == {"t": 2}

    def test_a_column_with_many_or_long_values_is_no_label(self, tmp_path: Path) -> None:
        path = jsonl(tmp_path, *[{"prompt": "q", "k": f"v{n % 51}", "long": "x" * 99} for n in range(200)])
        by_name = {column.name: column for column in statistics(path).columns}
        assert by_name["k"].values is None
        assert by_name["long"].values is None
        assert by_name["prompt"].values == {"q": 200}

    def test_an_empty_file_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="has no rows"):
            statistics(jsonl(tmp_path))


@given(lengths=st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_a_distribution_agrees_with_the_standard_library(lengths: list[int]) -> None:
    found = Distribution.of({length: lengths.count(length) for length in lengths})
    assert found is not None
    assert found.mean == pytest.approx(reference.fmean(lengths))
    assert found.median == reference.median(lengths)
    assert (found.min, found.max, found.count) == (min(lengths), max(lengths), len(lengths))
    below = [
        length
        for length in sorted(set(lengths))
        if sum(other <= length for other in lengths) * 100 >= 95 * len(lengths)
    ]
    assert found.p95 == below[0]


def test_no_texts_have_no_distribution() -> None:
    assert Distribution.of({}) is None
