"""A runs database is asked in SQL, on both databases, and nothing that is said to it writes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from postgresql_server import Cluster

import evalkit
from evalkit.errors import ConfigurationError, StoreError
from evalkit.query.sql import Answered, ask
from evalkit.query.views import VIEWS
from evalkit.records import Answer, Case, Generate, Message, Request, Sample, Score
from evalkit.results import Run
from evalkit.store import Identity, ScoreRow, Store, open_store, request_key


@pytest.fixture(scope="module", params=["file", "postgresql"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Any]]:
    """A database with a run of the suite smoke, and its result."""
    if request.param == "file":
        url = str(tmp_path_factory.mktemp("runs") / "it's a #1?.db")
    else:
        cluster: Cluster = request.getfixturevalue("postgresql")
        url = cluster.new_database()
    with open_store(url) as store:
        result = evalkit.evaluate("smoke", model="mock:echo", store=store)
        yield store, result


def one(store: Store, statement: str) -> Any:
    ((value,),) = ask(store, statement).rows
    return value


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_table_has_the_columns_that_are_listed(ran: tuple[Store, Any], view: Any) -> None:
    found = ask(ran[0], f"SELECT * FROM {view.name}")
    assert found.columns == tuple(name for name, _ in view.columns)


def test_estimates_and_gates_are_those_of_the_result(ran: tuple[Store, Any]) -> None:
    store, result = ran
    said = ask(store, "SELECT check_name, metric, slice, value, low, planned FROM estimates").rows
    expected = {
        (e.check, e.metric, ",".join(f"{k}={v}" for k, v in e.slice.items())): (
            e.value,
            e.interval.low if e.interval else None,
            e.counts.planned,
        )
        for e in result.result.estimates
    }
    assert {row[:3]: row[3:] for row in said} == expected
    assert any(row[2] for row in said), "slices are told"
    words = ask(store, "SELECT gate, word, counts_as FROM gates").rows
    assert sorted(words) == sorted((v.gate, v.word, v.counts_as) for v in result.verdicts)


def test_values_of_cases_average_to_the_estimate(ran: tuple[Store, Any]) -> None:
    store, result = ran
    means = ask(store, "SELECT check_name || '.' || metric, avg(value) FROM scores GROUP BY 1").rows
    checked = 0
    for name, mean in means:
        estimate = result.estimates.get(name)
        if estimate is None or mean is None or name.split(".")[0] not in {"accuracy", "safety", "length"}:
            continue
        if name in {"accuracy.exact_match", "accuracy.token_f1", "safety.refusal_rate", "length.within"}:
            assert mean == pytest.approx(estimate.value)
            checked += 1
    assert checked >= 3


def test_answers_stand_beside_what_was_asked(ran: tuple[Store, Any]) -> None:
    store, _ = ran
    rows = ask(store, "SELECT prompt, answer FROM answers WHERE check_name = 'accuracy'").rows
    assert rows
    assert all(prompt and prompt in answer for prompt, answer in rows), "mock:echo repeats what it is asked"


def test_a_run_tells_its_changes_with_time_and_cause(ran: tuple[Store, Any]) -> None:
    rows = ask(ran[0], "SELECT before, after, cause FROM events ORDER BY number").rows
    assert [row[:2] for row in rows] == [("", "planned"), ("planned", "running"), ("running", "finished")]
    assert rows[-1][2].startswith("not good enough")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM runs",
        "WITH gone AS (DELETE FROM events RETURNING 1) SELECT * FROM gone",
        "SELECT 1; DELETE FROM events",
        "SELECT 1; SELECT 2",
        "/* SELECT */ DROP TABLE events",
        "PRAGMA writable_schema = 1",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "COMMIT",
        "SELECT load_extension('x')",
        "CREATE TABLE t (a int)",
        "INSERT INTO events VALUES (1)",
        "SELECT 1 INTO nowhere",
        "EXPLAIN ANALYZE DELETE FROM events",
        "SELECT nextval('events_number_seq')",
        # where PostgreSQL sees a statement end, and SQLite and a reader of SQL do not
        r"SELECT E'\'' ; COMMIT; DELETE FROM public.events; COMMIT; --'",
        "SELECT 1 AS a$$ ; COMMIT; DELETE FROM public.events; COMMIT; SELECT 1 AS a$$",
        "SELECT 1 FROM information_schema.tables --\r ; COMMIT; DELETE FROM public.events; COMMIT",
        "",
        "   -- nothing",
        ";",
        "SELECT \0 1",
        "SELECT '\ud800'",
        "SELECT * FROM rnus",
        "SELECT outcom FROM runs",
        "SELECT (",
    ],
)
def test_what_is_no_question_is_refused_and_changes_nothing(ran: tuple[Store, Any], statement: str) -> None:
    store, _ = ran
    before = one(store, "SELECT count(*) FROM events")
    with pytest.raises(ConfigurationError) as refused:
        ask(store, statement)
    assert refused.value.hint
    assert refused.value.exit_code == 2
    assert one(store, "SELECT count(*) FROM events") == before
    assert store.list_runs()


@pytest.mark.parametrize("statement", ["SELECT ';' AS a;", "-- a\nSELECT 1 -- ; b", "(SELECT 1)", "VALUES (1), (2)"])
def test_signs_in_texts_and_comments_end_nothing(ran: tuple[Store, Any], statement: str) -> None:
    if statement.startswith("(") and ran[0].database.location.is_sqlite:
        pytest.skip("SQLite has no statement in brackets")
    assert ask(ran[0], statement).rows


def test_a_question_that_takes_too_long_is_given_up(ran: tuple[Store, Any]) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(StoreError, match="no answer within"):
        ask(ran[0], endless, seconds=0.2)
    assert ask(ran[0], "SELECT 1").rows == [(1,)]


def test_rows_beyond_the_limit_are_said(ran: tuple[Store, Any]) -> None:
    found = ask(ran[0], "SELECT * FROM scores", limit=3)
    assert (len(found.rows), found.more) == (3, True)
    assert not ask(ran[0], "SELECT * FROM events", limit=3).more
    assert len(ask(ran[0], "SELECT * FROM scores", limit=None).rows) > 3


def test_of_endless_rows_only_the_wanted_ones_are_read(ran: tuple[Store, Any]) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    assert ask(ran[0], endless, limit=2) == Answered(("i",), [(1,), (2,)], more=True)


def test_equal_names_are_told_apart(ran: tuple[Store, Any]) -> None:
    assert ask(ran[0], "SELECT 1 AS a, 2 AS a, 3 AS a_2").columns == ("a", "a_2", "a_2_2")


HOSTILE = 'a"\0\ud800\N{GRINNING FACE}\x1b[31m=1+1'


def test_any_text_is_shown(ran: tuple[Store, Any], request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Names that columns hold escaped are told as they are; what UTF-8 or the database cannot hold is replaced."""
    if ran[0].database.location.is_sqlite:
        url = str(tmp_path / "runs.db")
    else:
        url = request.getfixturevalue("postgresql").new_database()
    with open_store(url) as store:
        asked = Request(Generate((Message("user", HOSTILE),)))
        key = request_key(asked, Identity("weights", "1"))
        store.create_run(Run("r", '"quoted', "m", "running", "2026", datasets={"d": "f"}))
        store.put_answers("r", [(key, asked, Answer(HOSTILE))])
        case = Case("row", (Sample("row", ()),))
        store.put_scores("r", [ScoreRow("c", case, 0, [key], Score({"m": (1.0, 2.0)}, {"said": HOSTILE}))])
        assert one(store, "SELECT suite FROM runs") == '"quoted'
        answer = one(store, "SELECT answer FROM answers")
        assert answer.startswith('a"')
        assert answer.endswith("\N{GRINNING FACE}\x1b[31m=1+1")
        assert one(store, "SELECT status FROM cases") == "scored"
        assert ask(store, "SELECT metric, value FROM scores").rows == [("m", None)], "an unfinished run has no formulas"


def test_a_writer_goes_on_beside_a_question(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "runs.db")) as store:
        found: list[Answered] = []
        with store.database.writing() as connection:
            connection.exec_driver_sql("UPDATE evalkit_schema SET applied = 'now'")
            asking = threading.Thread(target=lambda: found.append(ask(store, "SELECT count(*) FROM runs")))
            asking.start()
            asking.join(20)
        assert found
        assert found[0].rows == [(0,)]


def test_a_database_in_a_folder_that_cannot_be_written_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "runs.db"
    with open_store(str(path)) as store:
        store.create_run(Run("r", "s", "m", "running", "2026"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    path.parent.chmod(0o500)
    try:
        with open_store(str(path)) as store:
            assert one(store, "SELECT run_id FROM runs") == "r"
    finally:
        path.parent.chmod(0o700)


def test_numbers_of_servers_are_numbers(ran: tuple[Store, Any]) -> None:
    (row,) = ask(
        ran[0], "SELECT avg(planned), sum(planned), count(*), CAST(1 AS numeric) / 4 * 1.0, 'NaN' FROM checks"
    ).rows
    assert all(isinstance(value, int | float) for value in row[:3])


def test_runs_in_the_trash_are_in_no_table_but_that_of_events(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "runs.db")) as store:
        run = evalkit.evaluate("smoke", model="mock:echo", store=store, only="accuracy")
        rows = {view.name: one(store, f"SELECT count(*) FROM {view.name}") for view in VIEWS}
        assert all(rows[name] for name in ("runs", "checks", "estimates", "gates", "cases", "scores", "answers"))
        store.trash_run(run.id)
        left = {view.name for view in VIEWS if one(store, f"SELECT count(*) FROM {view.name}")}
        assert left == {"events"}
        store.restore_run(run.id)
        again = {view.name: one(store, f"SELECT count(*) FROM {view.name}") for view in VIEWS}
        assert again == {**rows, "events": rows["events"] + 2}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 'sorry' LIKE '%so%' AS a", 1),
        ("SELECT '%s %(x)s %% ? :a $1' AS a", "%s %(x)s %% ? :a $1"),
        ("SELECT 7 % 4 AS a", 3),
        ("SELECT 'it''s' AS a -- % s", "it's"),
        ('SELECT 1 AS "a%s"', 1),
    ],
)
def test_signs_of_placeholders_are_signs(ran: tuple[Store, Any], statement: str, expected: Any) -> None:
    assert one(ran[0], statement) == expected
