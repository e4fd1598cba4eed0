"""list, show, report and delete: what the runs database keeps, shown again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from evalkit.store import open_store

Evalkit = Callable[..., Any]
SUITE = """
name: tiny
datasets: {rows: {path: rows.jsonl}}
checks: {accuracy: {metrics: [exact_match, token_f1]}}
gates: [accuracy.exact_match >= 0.5]
"""
ROWS = [
    {"id": "a", "prompt": "What is one and one?", "references": ["two"], "category": "sums"},
    {"id": "b", "prompt": "Which colour is the sky?", "references": ["blue"], "category": "sights"},
    {"id": "c", "prompt": "Which colour is grass?", "references": ["green"], "category": "sights"},
]


@pytest.fixture
def suite(workdir: Path) -> Path:
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    (workdir / "tiny.yaml").write_text(SUITE, encoding="utf-8")
    return workdir / "tiny.yaml"


@pytest.fixture
def runs(evalkit: Evalkit, suite: Path) -> list[str]:
    """Ids of an oracle's run and an echo's run, oldest first."""
    evalkit("run", "tiny.yaml", "--model", "mock:oracle", "-q")
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q")
    return [row["id"] for row in reversed(json.loads(evalkit("list", "--json").out))]


# --- list -------------------------------------------------------------------------------------------------------------


def test_list_without_runs_says_how_to_make_one_and_makes_no_database(evalkit: Evalkit, workdir: Path) -> None:
    called = evalkit("list")
    assert called.code == 0
    assert "evalkit run" in called.out
    assert list(workdir.iterdir()) == []
    assert json.loads(evalkit("list", "--json").out) == []


def test_list_gives_every_run_a_line_where_columns_have_no_room(
    evalkit: Evalkit, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = evalkit("list").out.splitlines()
    assert len(lines) == len(runs)
    assert all(line.startswith(run) for line, run in zip(lines, reversed(runs), strict=True))
    assert all("mock:" in line and "good enough" in line for line in lines)


def test_list_has_the_newest_run_first_with_state_and_outcome(evalkit: Evalkit, runs: list[str]) -> None:
    rows = json.loads(evalkit("list", "--json").out)
    assert [row["model"] for row in rows] == ["mock:echo", "mock:oracle"]
    assert [row["outcome"] for row in rows] == ["not good enough", "good enough"]
    assert {row["state"] for row in rows} == {"finished"}
    assert set(rows[0]) == {"id", "created", "suite", "model", "state", "outcome", "partial", "finished"}


@pytest.mark.parametrize("width", ["60", "80", "140"])
def test_list_never_cuts_an_id(evalkit: Evalkit, runs: list[str], monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    lines = evalkit("list").out.splitlines()
    assert all(any(line.startswith(run) for line in lines) for run in runs)
    assert all(len(line) <= int(width) for line in lines)


def test_list_by_suite_and_number(evalkit: Evalkit, runs: list[str]) -> None:
    assert json.loads(evalkit("list", "--suite", "other", "--json").out) == []
    called = evalkit("list", "--limit", "1")
    assert runs[1] in called.out
    assert runs[0] not in called.out
    assert "--limit" in called.out


def test_list_marks_partial_runs(evalkit: Evalkit, suite: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:oracle", "--limit", "1", "-q")
    assert "(partial)" in evalkit("list").out


def test_list_shows_a_run_that_was_not_finished(evalkit: Evalkit, runs: list[str]) -> None:
    from evalkit.results import Run

    with open_store() as store:
        store.create_run(Run("broken-1", "tiny", "mock:oracle", "planned", "2026-01-01T00:00:00+00:00"))
    row = next(row for row in json.loads(evalkit("list", "--json").out) if row["id"] == "broken-1")
    assert (row["state"], row["outcome"]) == ("planned", "")


# --- show -------------------------------------------------------------------------------------------------------------


def test_show_has_fingerprints_counts_estimates_cases_and_events(evalkit: Evalkit, runs: list[str]) -> None:
    out = evalkit("show", runs[1]).out
    document = json.loads(evalkit("show", runs[1], "--json").out)
    run = document["run"]
    for text in (runs[1], run["suite_fingerprint"], run["datasets"]["rows"], "not good enough", "exact_match"):
        assert text in out
    assert "What is one and one?" in out
    assert "expected" in out
    assert [event["after"] for event in document["events"]] == ["planned", "running", "finished"]
    assert document["stored"]["scores"] == 3
    assert document["result"]["outcome"]["word"] == "not good enough"


def test_show_without_a_run_shows_the_last(evalkit: Evalkit, runs: list[str]) -> None:
    assert json.loads(evalkit("show", "--json").out)["run"]["id"] == runs[1]


def test_show_of_one_check_has_its_slices(evalkit: Evalkit, runs: list[str]) -> None:
    assert "category=sights" not in evalkit("show", runs[0]).out
    assert "exact_match[category=sights]" in evalkit("show", runs[0], "--check", "accuracy").out


def test_show_of_a_check_that_the_run_has_not(evalkit: Evalkit, runs: list[str]) -> None:
    called = evalkit("show", runs[0], "--check", "acuracy")
    assert called.code == 2
    assert "did you mean 'accuracy'?" in called.err


def test_show_makes_model_text_harmless(evalkit: Evalkit, workdir: Path, suite: Path) -> None:
    """An answer that clears the screen, sets the window's title, or is markup for the printing library."""
    evil = "\x1b[2J\x1b]0;owned\x07[bold red]x[/] \u202egnihton\nerror: none"
    rows = [{**row, "prompt": f"{row['prompt']} {evil}"} for row in ROWS]
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q")
    out = evalkit("show", "last").out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\u202e" not in out
    assert "[bold red]x[/]" in out
    assert "\nerror: none" not in out


def test_show_of_an_unfinished_run_shows_its_state(evalkit: Evalkit, runs: list[str]) -> None:
    from evalkit.results import Run

    with open_store() as store:
        store.create_run(Run("broken-1", "tiny", "mock:oracle", "planned", "2026-01-01T00:00:00+00:00"))
    called = evalkit("show", "broken-1")
    assert called.code == 0
    assert "planned" in called.out
    assert json.loads(evalkit("show", "broken-1", "--json").out)["result"] is None


@pytest.mark.parametrize("command", [["show"], ["report"], ["delete"], ["compare", "last"]])
def test_a_run_that_is_not_there_is_wrong_input_with_a_hint(
    evalkit: Evalkit, workdir: Path, command: list[str]
) -> None:
    called = evalkit(*command, "nothing")
    assert called.code == 2
    assert called.out == ""
    assert "evalkit run" in called.err
    assert list(workdir.iterdir()) == []


def test_a_prefix_of_several_runs_names_them(evalkit: Evalkit, runs: list[str]) -> None:
    called = evalkit("show", runs[0][:4])
    assert called.code == 2
    assert all(run in called.err for run in runs)


def test_an_unreadable_store_is_a_short_error(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "notes.txt").write_text("this is not a database, but it is long enough to be taken for one" * 20)
    for command in (["list"], ["show", "last"], ["delete", "x", "--yes"]):
        called = evalkit(*command, "--store", "notes.txt")
        assert called.code == 2
        assert "notes.txt" in called.err


# --- report -----------------------------------------------------------------------------------------------------------


def test_report_writes_the_same_files_as_the_run(evalkit: Evalkit, suite: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q", "--report", "first")
    called = evalkit("report", "last", "-o", "again")
    assert called.code == 0
    assert {Path(line).name for line in called.out.split()} == {path.name for path in Path("first").iterdir()}
    for file in Path("first").iterdir():
        again = Path("again", file.name)
        if file.suffix == ".json":
            assert _comparable(again) == _comparable(file)
        else:
            assert again.read_bytes() == file.read_bytes()


def _comparable(file: Path) -> dict[str, Any]:
    """What a model can do is a set, and has no order."""
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for name in ("capabilities", "conditions"):
        document["model"][name] = sorted(document["model"][name])
    return document


def test_report_of_one_format_goes_to_standard_output(evalkit: Evalkit, runs: list[str]) -> None:
    document = json.loads(evalkit("report", runs[0], "--format", "json").out)
    assert document["run"]["id"] == runs[0]
    assert evalkit("report", runs[0], "--format", "junit").out.startswith("<?xml")
    assert evalkit("report", runs[0], "--format", "markdown").out.startswith("## ")


def test_report_shows_the_verdict_at_the_terminal(evalkit: Evalkit, runs: list[str]) -> None:
    assert "NOT GOOD ENOUGH" in evalkit("report", "last").out


def test_report_of_chosen_formats_writes_no_other(evalkit: Evalkit, runs: list[str]) -> None:
    called = evalkit("report", "-o", "out", "--format", "junit", "--format", "terminal")
    assert [path.name for path in Path("out").iterdir()] == ["junit.xml"]
    assert "NOT GOOD ENOUGH" in called.out


def test_two_formats_need_a_folder(evalkit: Evalkit, runs: list[str]) -> None:
    called = evalkit("report", "--format", "json", "--format", "junit")
    assert called.code == 2
    assert "-o DIR" in called.err


def test_report_into_a_file_is_refused(evalkit: Evalkit, runs: list[str], workdir: Path) -> None:
    (workdir / "taken").write_text("")
    assert evalkit("report", "-o", "taken").code == 2


# --- delete -----------------------------------------------------------------------------------------------------------


def test_delete_without_a_terminal_needs_yes(evalkit: Evalkit, runs: list[str]) -> None:
    called = evalkit("delete", runs[0])
    assert called.code == 2
    assert "--yes" in called.err
    assert len(json.loads(evalkit("list", "--json").out)) == 2


def test_delete_forgets_the_run_and_no_other(evalkit: Evalkit, runs: list[str]) -> None:
    called = evalkit("delete", runs[0], "--yes")
    assert called.code == 0
    assert runs[0] in called.out
    assert [row["id"] for row in json.loads(evalkit("list", "--json").out)] == [runs[1]]
    assert evalkit("show", runs[0]).code == 2


def test_a_deleted_run_comes_back_until_it_is_purged(evalkit: Evalkit, runs: list[str]) -> None:
    shown = evalkit("show", runs[0], "--json").out
    evalkit("delete", *runs, "--yes")
    assert [row["id"] for row in json.loads(evalkit("list", "--deleted", "--json").out)] == [runs[1], runs[0]]
    assert evalkit("restore", runs[0]).code == 0
    before, after = json.loads(shown), json.loads(evalkit("show", runs[0], "--json").out)
    assert after["result"] == before["result"]
    assert after["stored"] == before["stored"]
    purged = evalkit("purge", "--yes")
    assert "purged 1 run and 3 answers" in purged.out, "the echo's answers; the oracle's run is back"
    assert evalkit("restore", runs[1]).code == 2
    assert "nothing is in the trash" in evalkit("list", "--deleted").out


def test_events_of_a_deleted_run_are_told_by_its_id(evalkit: Evalkit, runs: list[str]) -> None:
    evalkit("delete", runs[0], "--yes")
    told = json.loads(evalkit("events", runs[0], "--json").out)
    assert [one["after"] for one in told] == ["planned", "running", "finished", "deleted"]
    assert evalkit("events", "nosuch").code == 2


def test_old_runs_go_and_baselines_stay(evalkit: Evalkit, runs: list[str]) -> None:
    evalkit("baseline", "set", runs[0], "--as", "main")
    assert evalkit("delete", "--keep", "1d", "--yes").out == "nothing to delete\n"
    told = evalkit("delete", "--keep", "0d", "--dry-run")
    assert runs[1] in told.out
    assert runs[0] not in told.out
    assert len(json.loads(evalkit("list", "--json").out)) == 2, "nothing went yet"
    assert evalkit("delete", "--keep", "0d", "--yes").code == 0
    assert [row["id"] for row in json.loads(evalkit("list", "--json").out)] == [runs[0]]
    refused = evalkit("delete", runs[0], "--yes")
    assert refused.code == 2
    assert "--force" in refused.err


def test_purge_asks_and_says_what_would_go(evalkit: Evalkit, runs: list[str]) -> None:
    evalkit("delete", runs[0], "--yes")
    assert "--yes" in evalkit("purge").err
    assert runs[0] in evalkit("purge", "--dry-run").out
    assert "nothing to delete" in evalkit("purge", "--keep", "1d", "--dry-run").out
    assert evalkit("restore", runs[0]).code == 0


def test_now_leaves_nothing_to_restore(evalkit: Evalkit, runs: list[str], workdir: Path) -> None:
    evalkit("delete", runs[1], "--now", "--yes")
    assert evalkit("restore", runs[1]).code == 2
    for path in (workdir / ".evalkit").glob("runs.db*"):
        assert runs[1].encode() not in path.read_bytes(), path


def test_what_a_reader_keeps_from_being_wiped_is_said_and_wiped_later(
    evalkit: Evalkit, runs: list[str], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def holds(what: str) -> bool:
        return any(what.encode() in path.read_bytes() for path in (workdir / ".evalkit").glob("runs.db*"))

    monkeypatch.setattr("evalkit.store.engine.BUSY_SECONDS", 0)
    with closing(sqlite3.connect(workdir / ".evalkit" / "runs.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM scores").fetchone()
        evalkit("delete", runs[1], "--yes")
        called = evalkit("purge", "--yes")
        assert called.code == 0
        assert "what was deleted still stands in its file" in called.err
        assert holds(runs[1])
    assert evalkit("purge", "--yes").err == ""
    assert not holds(runs[1])


def test_answers_that_others_rest_on_are_counted_when_their_run_is_purged(evalkit: Evalkit, runs: list[str]) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:oracle", "-q")
    evalkit("delete", runs[0], "--yes")
    purged = evalkit("purge", "--yes").out
    assert "purged 1 run and 0 answers" in purged
    assert "3 answers of purged runs stay: scores of other runs rest on them" in purged


@pytest.mark.parametrize(
    "arguments",
    [["delete"], ["delete", "last", "--keep", "1d"], ["delete", "--keep", "soon"], ["purge", "--keep", "-1d"]],
)
def test_what_cannot_be_deleted_is_refused_with_a_hint(evalkit: Evalkit, runs: list[str], arguments: list[str]) -> None:
    called = evalkit(*arguments, "--yes")
    assert called.code == 2
    assert len(called.err.splitlines()) >= 2
    assert len(json.loads(evalkit("list", "--json").out)) == len(runs)


@pytest.mark.parametrize(("reply", "left"), [("y\n", 1), ("n\n", 2), ("\n", 2)])
def test_delete_asks_at_a_terminal(runs: list[str], reply: str, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from evalkit.cli import delete

    monkeypatch.setattr(delete, "sys", type("At", (), {"stdin": type("Terminal", (), {"isatty": lambda: True})}))
    result = CliRunner().invoke(delete.command, [runs[0]], input=reply)
    assert result.exit_code == 0
    assert "Delete run" in result.output
    with open_store() as store:
        assert len(store.list_runs()) == left


# --- events -----------------------------------------------------------------------------------------------------------


def test_events_tell_every_change_with_time_and_cause(evalkit: Evalkit, runs: list[str]) -> None:
    evalkit("delete", runs[0], "--yes")
    evalkit("restore", runs[0])
    told = json.loads(evalkit("events", runs[0], "--json").out)
    assert [(one["before"], one["after"]) for one in told] == [
        ("", "planned"),
        ("planned", "running"),
        ("running", "finished"),
        ("finished", "deleted"),
        ("deleted", "finished"),
    ]
    assert [one["cause"] for one in told][3:] == ["by hand", "restored"]
    assert [one["time"] for one in told] == sorted(one["time"] for one in told)
    everything = json.loads(evalkit("events", "--json").out)
    assert {one["run"] for one in everything} == set(runs)
    shown = evalkit("events", "--limit", "2").out
    assert "finished → deleted" in shown
    assert "the newest 2" in shown


def test_events_since_then(evalkit: Evalkit, runs: list[str]) -> None:
    assert len(json.loads(evalkit("events", "--since", "1d", "--json").out)) == 3 * len(runs)
    assert "nothing happened" in evalkit("events", "--since", "2999-01-01").out
    assert evalkit("events", "--since", "soon").code == 2
    assert evalkit("events", "ghost").code == 2


def test_a_run_puts_older_ones_into_the_trash(evalkit: Evalkit, runs: list[str]) -> None:
    with open_store() as store, store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET finished = '2020-01-01T00:00:00+00:00'")
    evalkit("baseline", "set", runs[0], "--as", "main")
    called = evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q", "--keep", "30d")
    assert "1 run that finished more than 30d ago went to the trash" in called.err
    assert [row["id"] for row in json.loads(evalkit("list", "--deleted", "--json").out)] == [runs[1]]
    assert json.loads(evalkit("events", "--json").out)[-1]["cause"] == "finished more than 30d ago"
    refused = evalkit("run", "tiny.yaml", "--model", "mock:echo", "--keep", "forever")
    assert refused.code == 2
    assert len(json.loads(evalkit("list", "--json").out)) == 2, "nothing was asked"
