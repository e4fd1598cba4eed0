"""``evalkit sql``: tables, JSON and CSV of what the database says, and no way to write."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evalkit as package
from evalkit.query.views import VIEWS
from evalkit.records import Answer, Case, Generate, Message, Request, Sample, Score
from evalkit.report.hostile import visible
from evalkit.results import Run
from evalkit.store import Identity, ScoreRow, open_store, request_key

Evalkit = Callable[..., Any]
HOSTILE = "=cmd|' /C calc'!A0\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}\nline"
DOCS = Path(__file__).parents[2] / "docs" / "sql.md"


@pytest.fixture
def store(workdir: Path) -> Path:
    path = workdir / ".evalkit" / "runs.db"
    with open_store(str(path)) as opened:
        opened.create_run(Run("r-1", "tiny", "mock:oracle", "running", "2026", datasets={"d": "f"}))
        for number in range(3):
            asked = Request(Generate((Message("user", str(number)),)))
            key = request_key(asked, Identity("weights", "1"))
            opened.put_answers("r-1", [(key, asked, Answer(HOSTILE))])
            case = Case(f"row-{number}", (Sample(f"row-{number}", ()),))
            opened.put_scores("r-1", [ScoreRow("c", case, number, [key], Score({"m": (1.0, 2.0)}))])
    return path


@pytest.mark.usefixtures("store")
def test_a_table_shows_hostile_text_as_text(evalkit: Evalkit) -> None:
    called = evalkit("sql", "SELECT case_id, answer FROM answers ORDER BY case_id")
    assert called.code == 0
    assert [line.split()[0] for line in called.out.splitlines() if line.startswith("row")] == [
        "row-0",
        "row-1",
        "row-2",
    ]
    assert "\x1b" not in called.out
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in called.out


@pytest.mark.usefixtures("store")
def test_json_and_csv_have_all_of_it_and_csv_runs_nothing(evalkit: Evalkit) -> None:
    statement = "SELECT case_id, answer, -1 AS below FROM answers ORDER BY case_id"
    told = json.loads(evalkit("sql", statement, "--json").out)
    assert told[0] == {"case_id": "row-0", "answer": HOSTILE, "below": -1}
    rows = list(csv.reader(io.StringIO(evalkit("sql", statement, "--csv").out)))
    assert rows[0] == ["case_id", "answer", "below"]
    assert rows[1] == ["row-0", "'" + visible(HOSTILE), "-1"]


@pytest.mark.usefixtures("store")
def test_what_is_left_out_is_said(evalkit: Evalkit) -> None:
    called = evalkit("sql", "SELECT * FROM answers", "--limit", "2", "--csv")
    assert "more than 2 rows" in called.err
    assert evalkit("sql", "SELECT * FROM answers", "--limit", "0").err == ""
    assert evalkit("sql", "SELECT * FROM baselines").out == "no rows\n"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["DELETE FROM runs"], "only read"),
        (["SELECT * FROM rnus"], "did you mean 'runs'"),
        (["SELECT 1; SELECT 2"], "several statements"),
        ([], "there is no statement"),
        (["SELECT 1", "--json", "--csv"], "exclude each other"),
        (["SELECT 1", "--timeout", "-1"], "no time to wait"),
        (["SELECT 1", "--timeout", "nan"], "no time to wait"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_way_on(evalkit: Evalkit, arguments: list[str], said: str) -> None:
    called = evalkit("sql", *arguments)
    assert called.code == 2
    assert said in called.err
    assert len(called.err.splitlines()) >= 2


def test_without_a_database_none_is_made(evalkit: Evalkit, workdir: Path) -> None:
    assert evalkit("sql", "SELECT 1").code == 2
    assert list(workdir.iterdir()) == []


def test_tables_need_no_database_and_are_those_of_the_page(evalkit: Evalkit) -> None:
    listed = {one["name"]: one["columns"] for one in json.loads(evalkit("sql", "--tables", "--json").out)}
    page = DOCS.read_text(encoding="utf-8")
    for view in VIEWS:
        told = "; ".join(f"`{name}` {what}" for name, what in listed[view.name].items())
        assert f"| `{view.name}` | {view.what} | {told} |" in page
    assert "run_id" in evalkit("sql", "--tables").out


def test_python_asks_as_the_command_does(store: Path) -> None:
    assert package.sql("SELECT run_id, suite FROM runs", store=store) == [{"run_id": "r-1", "suite": "tiny"}]


def test_metrics_are_functions(store: Path) -> None:
    told = package.sql(
        "SELECT exact_match('Paris', 'Paris') AS same, words('one two') AS words, words(NULL) AS no", store=store
    )
    assert told == [{"same": 1.0, "words": 2, "no": None}]


@pytest.mark.usefixtures("store")
def test_what_has_no_room_in_columns_stands_below_each_other(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = evalkit("sql", "SELECT * FROM answers ORDER BY case_id").out.splitlines()
    assert sum(line.startswith("row ") for line in lines) == 3
    assert ["run_id", "r-1"] in [line.split() for line in lines]
    assert all(len(line) <= 60 for line in lines)
    assert evalkit("sql", "SELECT case_id, number FROM answers").out.split()[:2] == ["case_id", "number"]


@pytest.mark.usefixtures("store")
def test_a_column_without_a_value_is_shown_too(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    said = evalkit("sql", "SELECT NULL AS absent, hex(zeroblob(40)) AS first, hex(zeroblob(40)) AS second").out
    assert ["absent", "-"] in [line.split() for line in said.splitlines()]


def test_the_questions_of_the_page_are_answered(evalkit: Evalkit, workdir: Path) -> None:
    run = package.evaluate("smoke", model="mock:echo", store=workdir / "runs.db", only=["accuracy", "safety"])
    asked = [shlex.split(line) for line in DOCS.read_text(encoding="utf-8").splitlines() if "evalkit sql" in line]
    statements = [words[2] for words in asked if words[:2] == ["evalkit", "sql"]]
    assert len(statements) >= 6
    for statement in statements:
        called = evalkit("sql", statement.replace("'RUN'", f"'{run.id}'"), "--store", "runs.db")
        assert called.code == 0, called.err
        assert "'OTHER'" in statement or "words" in statement or called.out != "no rows\n", statement
