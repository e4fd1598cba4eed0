"""data validate, stats and make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Evalkit = Callable[..., Any]


def write(path: Path, *rows: object) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# --- validate ---------------------------------------------------------------------------------------------------------


def test_a_good_file_is_said_to_be_good(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir / "good.jsonl", {"prompt": "a?", "references": ["b"]}, {"prompt": "c?", "references": ["d"]})
    called = evalkit("data", "validate", "good.jsonl")
    assert called.code == 0
    assert "2 rows" in called.out


def test_every_bad_row_is_named_with_file_line_and_field(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir / "bad.jsonl", {"prompt": "a?"}, {"prompt": ""}, "{'prompt': 'a dict'}", {"prompt": 7})
    called = evalkit("data", "validate", "bad.jsonl")
    assert called.code == 2
    lines = called.out.splitlines()
    assert [line.split(": ")[0] for line in lines[:-1]] == ["bad.jsonl:2", "bad.jsonl:3", "bad.jsonl:4"]
    assert "'prompt'" in lines[0]
    assert "3 problems in 3 of 4 rows" in lines[-1]


def test_the_first_twenty_problems_are_shown_and_all_counted(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir / "bad.jsonl", *({"prompt": ""} for _ in range(50)))
    called = evalkit("data", "validate", "bad.jsonl")
    assert len(called.out.splitlines()) == 21
    assert "50 problems" in called.out
    (report,) = json.loads(evalkit("data", "validate", "bad.jsonl", "--json").out)
    assert (report["valid"], report["problems"], report["bad_rows"], len(report["first"])) == (False, 50, 50, 20)


def test_one_bad_file_does_not_hide_the_others(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir / "good.jsonl", {"prompt": "a?"})
    write(workdir / "empty.jsonl", "")
    called = evalkit("data", "validate", "missing.jsonl", "empty.jsonl", "good.jsonl")
    assert called.code == 2
    assert "missing.jsonl: " in called.out
    assert "empty.jsonl: has no rows" in called.out
    assert "good.jsonl: 1 row, all valid" in called.out


@pytest.mark.parametrize(
    ("contract", "row"),
    [
        ("chat", {"input": "a", "output": "b"}),
        ("instruction", {"instruction": "a", "input": "", "output": "b"}),
        ("preference", {"prompt": "a", "chosen": "b", "rejected": "c"}),
    ],
)
def test_contracts_name_the_column_that_is_missing(
    evalkit: Evalkit, workdir: Path, contract: str, row: dict[str, str]
) -> None:
    write(workdir / "rows.jsonl", row)
    assert evalkit("data", "validate", "rows.jsonl", "--contract", contract).code == 0
    lost = list(row)[-1]
    write(workdir / "rows.jsonl", {name: value for name, value in row.items() if name != lost})
    called = evalkit("data", "validate", "rows.jsonl", "--contract", contract)
    assert called.code == 2
    assert lost in called.out


def test_hostile_rows_do_nothing_to_the_terminal(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir / "rows.jsonl", {"prompt": "a", "id": "\x1b[2J"}, {"prompt": "b", "id": "\x1b[2J"})
    called = evalkit("data", "validate", "rows.jsonl")
    assert called.code == 2
    assert "\x1b" not in called.out


@pytest.mark.parametrize("file", ["qa", "safety", "bias", "instructions", "summaries", "translation"])
def test_every_dataset_that_ships_is_valid(evalkit: Evalkit, file: str) -> None:
    from evalkit.suite.find import bundled

    assert evalkit("data", "validate", str(bundled("datasets") / f"{file}.jsonl")).code == 0


# --- stats ------------------------------------------------------------------------------------------------------------


def test_stats_count_rows_lengths_and_labels(evalkit: Evalkit, workdir: Path) -> None:
    rows = [{"prompt": "one two", "references": ["x"], "kind": "a"}, {"prompt": "one two", "kind": "b"}]
    write(workdir / "rows.jsonl", *rows, {"prompt": "one two three four", "references": ["y"], "kind": "a"})
    found = json.loads(evalkit("data", "stats", "rows.jsonl", "--json").out)
    assert (found["rows"], found["unique_inputs"], found["unique_outputs"]) == (3, 2, 2)
    assert found["columns"]["prompt"]["words"]["max"] == 4
    assert found["columns"]["kind"]["values"] == {"a": 2, "b": 1}
    out = evalkit("data", "stats", "rows.jsonl").out
    assert "a 2, b 1" in out
    assert "1 row repeat" in out


def test_stats_of_several_files_are_a_list(evalkit: Evalkit, workdir: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        write(workdir / name, {"prompt": "x"})
    assert [one["rows"] for one in json.loads(evalkit("data", "stats", "a.jsonl", "b.jsonl", "--json").out)] == [1, 1]
    assert evalkit("data", "stats", "a.jsonl", "b.jsonl").out.count("1 row,") == 2


def test_bad_rows_that_repeat_an_input_are_counted_too(evalkit: Evalkit, workdir: Path) -> None:
    rows = [{"id": number // 2, "prompt": "the same text"} for number in range(10)]
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = evalkit("data", "stats", "rows.jsonl").out
    assert "10 rows, 5 bad rows, 1 unique input, 0 unique outputs\n9 rows repeat an input\n" in told


def test_another_dataset_that_cannot_be_read_is_no_all_clear(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir / "rows.jsonl", {"prompt": "a question"}, {"prompt": "another"})
    write(workdir / "other.jsonl", {"text": "a question"}, "{broken")
    found = json.loads(evalkit("data", "stats", "rows.jsonl", "--against", "other.jsonl", "--json").out)["against"]
    assert (found["rows"], found["bad_rows"], found["exact"]) == (2, 1, 1)
    told = evalkit("data", "stats", "rows.jsonl", "--against", "other.jsonl").out
    assert "of 2 rows there 1 could not be read" in told
    for text in ("", "{broken\n"):
        (workdir / "other.jsonl").write_text(text)
        called = evalkit("data", "stats", "rows.jsonl", "--against", "other.jsonl")
        assert (called.code, "other.jsonl: has no row" in called.err) == (2, True)


# --- make -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["chat", "instruction", "preference"])
def test_made_rows_are_valid_different_and_the_same_for_a_seed(evalkit: Evalkit, workdir: Path, kind: str) -> None:
    first = evalkit("data", "make", kind, "--n", "50", "--seed", "3")
    assert first.code == 0
    lines = first.out.splitlines()
    assert len(set(lines)) == 50
    assert evalkit("data", "make", kind, "--n", "50", "--seed", "3").out == first.out
    assert evalkit("data", "make", kind, "--n", "50", "--seed", "4").out != first.out
    (workdir / "made.jsonl").write_text(first.out, encoding="utf-8")
    assert evalkit("data", "validate", "made.jsonl", "--contract", kind).code == 0


def test_a_generator_that_breaks_is_named(evalkit: Evalkit, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def riddles(n: int, seed: int) -> Any:
        yield from ({"id": f"{seed}-{place}", "prompt": f"riddle {place}"} for place in range(n))

    def breaks(n: int, seed: int) -> Any:
        yield {"prompt": "one"}
        raise RuntimeError("no more")

    kinds = {"riddles": riddles, "breaks": breaks, "five": lambda n, seed: 5, "odd": lambda n, seed: [{"a": object()}]}
    monkeypatch.setattr("evalkit.plugins.load", lambda group, name, where: kinds[name])
    assert evalkit("data", "make", "riddles", "--n", "2", "--seed", "7").out.count('"7-') == 2
    for kind in ("breaks", "five", "odd"):
        called = evalkit("data", "make", kind, "-o", "rows.jsonl")
        assert called.code == 2
        assert f"generator '{kind}'" in called.err
        assert not (workdir / "rows.jsonl").exists()


def test_make_writes_a_file_and_overwrites_none(evalkit: Evalkit, workdir: Path) -> None:
    called = evalkit("data", "make", "chat", "--n", "3", "-o", "rows.jsonl")
    assert called.code == 0
    assert called.out == ""
    made = (workdir / "rows.jsonl").read_text(encoding="utf-8")
    assert len(made.splitlines()) == 3
    again = evalkit("data", "make", "chat", "--n", "9", "-o", "rows.jsonl")
    assert again.code == 2
    assert "--force" in again.err
    assert (workdir / "rows.jsonl").read_text(encoding="utf-8") == made
    assert evalkit("data", "make", "chat", "--n", "9", "-o", "rows.jsonl", "--force").code == 0
    assert len((workdir / "rows.jsonl").read_text(encoding="utf-8").splitlines()) == 9


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_make_compresses_what_is_named_so(evalkit: Evalkit, workdir: Path, suffix: str) -> None:
    name = f"rows.jsonl.{suffix}"
    assert evalkit("data", "make", "chat", "--n", "30", "-o", name).code == 0
    assert b"input" not in (workdir / name).read_bytes()[:20]
    assert "30 rows, all valid" in evalkit("data", "validate", name, "--contract", "chat").out


def test_more_rows_than_there_are_is_an_error_and_leaves_no_file(evalkit: Evalkit, workdir: Path) -> None:
    called = evalkit("data", "make", "chat", "--n", "1000000000", "-o", "rows.jsonl")
    assert called.code == 2
    assert list(workdir.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error(evalkit: Evalkit) -> None:
    called = evalkit("data", "make", "chat", "-o", "no/where.jsonl")
    assert called.code == 2
    assert "no/where.jsonl" in called.err


def test_a_reader_that_leaves_early_is_no_error(workdir: Path) -> None:
    """As in ``evalkit data make chat --n 20000 | head -1``."""
    script = "from evalkit.cli import main; main()"
    command = [sys.executable, "-c", script, "data", "make", "chat", "--n", "20000"]
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0
