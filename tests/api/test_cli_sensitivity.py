"""sensitivity: the verdict first, every list where it belongs, and an exit code for CI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.report.sensitivity import render
from evalkit.runner.plan import make_plan
from evalkit.runner.sensitivity import Trial, try_suite
from evalkit.suite.load import load_suite

Evalkit = Callable[..., Any]
ROWS = [
    {"id": str(number), "prompt": f"Question {number}?", "references": [f"Answer {number} has seven words in it."]}
    for number in range(20)
]
QUICK = ("--kinds", "empty,stall,rude,fail", "--strengths", "0.5,1")
ALIVE, DEAD, FAILING = "length.words >= 5", "accuracy.exact_match >= 0", "length.words <= 2"


def write(folder: Path, *gates: str, **changes: Any) -> None:
    suite = {
        "name": "tiny",
        "datasets": {"rows": {"path": "rows.jsonl"}},
        "checks": {"accuracy": {"metrics": ["exact_match"]}, "length": {}},
        "gates": list(gates),
        **changes,
    }
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    (folder / "tiny.yaml").write_text(json.dumps(suite, indent=1), encoding="utf-8")


@pytest.mark.parametrize(
    ("gates", "code", "required"),
    [((ALIVE,), 0, 0), ((ALIVE, DEAD), 0, 1), ((ALIVE, FAILING), 1, 1), ((FAILING, DEAD), 1, 1)],
)
def test_the_exit_code_is_for_dead_gates_only_if_asked(
    evalkit: Evalkit, workdir: Path, gates: tuple[str, ...], code: int, required: int
) -> None:
    write(workdir, *gates)
    assert evalkit("sensitivity", "tiny.yaml", *QUICK).code == code
    assert evalkit("sensitivity", "tiny.yaml", *QUICK, "--require-all").code == required


def test_the_verdict_stands_first_and_names_the_worst(evalkit: Evalkit, workdir: Path) -> None:
    for gates, sentence in (
        ((ALIVE,), "tiny: every gate can fail: each of the 3 catches a worse model"),
        ((ALIVE, DEAD), "tiny: nothing can fail 1 of 4 gates"),
        ((ALIVE, FAILING), "tiny: 1 of 4 gates fails on the references themselves"),
        ((DEAD, FAILING), "tiny: 1 of 4 gates fails on the references themselves; nothing can fail 1"),
    ):
        write(workdir, *gates)
        assert evalkit("sensitivity", "tiny.yaml", *QUICK).out.splitlines()[0] == sentence


def test_every_gate_and_kind_of_damage_is_in_its_place(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir, ALIVE, DEAD, FAILING)
    out = evalkit("sensitivity", "tiny.yaml", *QUICK).out
    parts = ("fail on the references", FAILING, "caught from", ALIVE, "because it changes no score: stall", DEAD)
    at = [out.index(part) for part in parts]
    assert at == sorted(at)
    assert "tiny.yaml:" in out[at[-1] :]  # where the dead gate is written


def test_what_nothing_catches_says_what_it_is(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir, ALIVE)
    out = evalkit("sensitivity", "tiny.yaml", *QUICK).out
    assert "nothing catches, even at 100%:\n  rude  100% of the answers begin with an insult\n" in out


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit_the_terminal_and_gates_are_whole(
    evalkit: Evalkit, workdir: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    write(workdir, ALIVE, DEAD, FAILING)
    monkeypatch.setenv("COLUMNS", str(width))
    out = evalkit("sensitivity", "tiny.yaml", *QUICK).out
    assert max(map(len, out.splitlines())) <= width
    assert "…" not in out
    for gate in (ALIVE, DEAD, FAILING):
        assert gate in out


def test_json_is_the_same_bytes_and_complete(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir, ALIVE, DEAD)
    first, second = (evalkit("sensitivity", "tiny.yaml", *QUICK, "--json") for _ in range(2))
    assert first.out == second.out
    assert first.err == ""
    document = json.loads(first.out)
    assert document["dead"] == [DEAD]
    assert document["uncaught"] == ["rude"]
    assert document["unnoticed"] == ["stall"]
    assert document["strengths"] == [0.5, 1.0]
    assert document["partial"] is True
    alive = next(gate for gate in document["gates"] if gate["gate"] == ALIVE)
    caught = {one["degradation"]: (one["strength"], one["word"]) for one in alive["caught"]}
    assert caught["empty"][0] == 0.5
    assert (alive["state"], alive["value"], alive["dead"]) == ("tested", 7.0, False)


def test_markdown_has_every_kind_that_a_gate_catches(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir, "accuracy.exact_match >= 0.9", DEAD, FAILING)
    called = evalkit("sensitivity", "tiny.yaml", "--strengths", "1", "--format", "markdown")
    row = next(line for line in called.out.splitlines() if line.startswith("| `accuracy.exact_match >= 0.9` | 1 |"))
    for kind in ("drop", "truncate", "empty", "gibberish", "refuse", "rude", "fail"):
        assert kind in row
    assert called.code == 1
    assert f"* `{DEAD}`: 1 on the references" in called.out
    assert f"* `{FAILING}`: 7" in called.out


def test_nothing_is_stored(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir, ALIVE)
    before = sorted(workdir.iterdir())
    evalkit("sensitivity", "tiny.yaml", *QUICK)
    assert sorted(workdir.iterdir()) == before


def test_a_bundled_suite_is_found_by_name_and_tried_in_part(evalkit: Evalkit) -> None:
    called = evalkit("sensitivity", "smoke", "--only", "steady", "--limit", "6", "--kinds", "unsteady", "--json")
    document = json.loads(called.out)
    assert (called.code, document["cases"], document["partial"]) == (0, 6, True)
    assert [gate["gate"] for gate in document["gates"]] == ["steady.identical == 1", "steady.coverage >= 0.5"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--kinds", "emty"), "did you mean 'empty'?"),
        (("--kinds", ""), "nothing to try"),
        (("--strengths", "some"), "numbers with commas between, not 'some'"),
        (("--strengths", "0,1"), "above 0"),
        (("--only", "accurac"), "did you mean 'accuracy'?"),
        (("--json", "--format", "markdown"), "exclude each other"),
        (("--limit", "0"), "limit"),
    ],
)
def test_wrong_options_are_one_sentence(
    evalkit: Evalkit, workdir: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    write(workdir, ALIVE)
    called = evalkit("sensitivity", "tiny.yaml", *arguments)
    assert called.code == 2
    assert complaint in called.err
    told = json.loads(called.out)["error"]["message"] if "--json" in arguments else called.out
    assert told == "" or complaint in told


def test_labels_of_rows_do_not_command_the_terminal(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir, "min accuracy.exact_match by group >= 2")  # fails on the references, and says in which group
    hostile = [{**row, "group": "[red]\x1b[31m"} for row in ROWS]
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in hostile), encoding="utf-8")
    out = evalkit("sensitivity", "tiny.yaml", *QUICK).out
    assert "[red]␛[31m" in out
    assert "\x1b" not in out


def test_a_terminal_without_unicode_is_written_in_ascii(evalkit: Evalkit, workdir: Path) -> None:
    write(workdir, ALIVE, DEAD, FAILING)
    loaded = load_suite(workdir / "tiny.yaml")
    found = try_suite(make_plan(loaded), Trial((0.5, 1.0), ("empty", "fail", "drop")))
    lines = [line.plain for line in render(found, unicode=False)]
    assert all(line.isascii() for line in lines)
    assert any(ALIVE in line and "|" in line for line in lines)
