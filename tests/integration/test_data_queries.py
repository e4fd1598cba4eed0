"""A dataset that is a query of DuckDB over files, and a function of the suite after it: what they give, what each
boundary holds them to, and what a suite from elsewhere cannot do with them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from evalkit.data import BadRows, Dataset, load, problems
from evalkit.errors import DatasetError, MissingExtra, SuiteError
from evalkit.suite.load import Suite, load_suite

PREPARE = """\
def rows(rows):
    for row in rows:
        yield {"id": f"q{row['n']}", "question": row["ask"] + "?", "answer": row["told"], "n": row["n"]}

def three(rows):
    for row in rows:
        if row["n"] == 3:
            raise ValueError("no threes")
        yield {"question": row["ask"], "answer": row["told"]}

def swallows(rows):
    try:
        yield from rows
    except Exception:
        yield {"question": "all is well"}

def takes_two(rows):
    for _, row in zip(range(2), rows):
        yield {"question": row["ask"]}

def nothing(rows):
    pass

def odd(rows):
    yield {"question": "a", "answer": "b"}
    yield ["question"]
    yield {1: 2}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    suite = tmp_path / "suite"
    (suite / "rows").mkdir(parents=True)
    for part in range(2):
        chosen = (
            f"SELECT i AS n, 'number ' || i AS ask, 'it is ' || i AS told FROM range({part * 5}, {part * 5 + 5}) t(i)"
        )
        duckdb.connect().execute(f"COPY ({chosen}) TO '{suite}/rows/{part}.parquet'")
    (suite / "labels.csv").write_text("n;kind\n1;odd\n2;even\n3;odd\n", encoding="utf-8")
    (suite / "prepare.py").write_text(PREPARE, encoding="utf-8")
    (tmp_path / "secret.csv").write_text("ask,told\nwhat,secret\n", encoding="utf-8")
    return suite


def suite_with(folder: Path, dataset: dict[str, Any], *, trust_code: bool = True) -> Suite:
    config = {"name": "s", "datasets": {"qa": dataset}, "checks": {"accuracy": {"metrics": ["exact_match"]}}}
    path = folder / "suite.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return load_suite(path, trust_code=trust_code)


def loaded(folder: Path, sql: str | dict[str, Any], **more: Any) -> Dataset:
    return load(suite_with(folder, {"query": sql, **more}).datasets["qa"], folder)


ALL = "SELECT n, ask, told FROM 'rows/*.parquet'"
RENAMED = "SELECT n AS id, ask AS question, told AS answer FROM 'rows/*.parquet'"


class TestQueries:
    def test_its_rows_are_the_dataset_wherever_it_is_read_from(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(folder.parent)
        found = loaded(folder, f"{RENAMED} WHERE n > 6")
        assert {(s.id, s.messages[0].content, s.references) for s in found.samples} == {
            (str(n), f"number {n}", (f"it is {n}",)) for n in (7, 8, 9)
        }

    def test_the_fingerprint_is_of_the_rows_not_of_the_query(self, folder: Path) -> None:
        (folder / "same.jsonl").write_text(
            "".join(json.dumps({"id": n, "question": f"number {n}", "answer": f"it is {n}"}) + "\n" for n in range(10))
        )
        file = load(suite_with(folder, {"path": "same.jsonl"}).datasets["qa"], folder)
        assert loaded(folder, RENAMED).fingerprint == file.fingerprint
        assert loaded(folder, f"{RENAMED} ORDER BY n DESC").fingerprint == file.fingerprint
        assert loaded(folder, f"{RENAMED} WHERE n > 0").fingerprint != file.fingerprint

    def test_metrics_are_functions_of_it(self, folder: Path) -> None:
        near = f"{RENAMED} WHERE rougeL(told, 'it is 4') > 0.9 AND words(told) = 3 AND NOT is_refusal(told)"
        assert [sample.id for sample in loaded(folder, near).samples] == ["4"]
        value = "SELECT ask AS question, told AS answer, token_f1(told, 'it is 4 now') AS f1 FROM 'rows/*.parquet'"
        by_answer = {s.references[0]: s.labels["f1"] for s in loaded(folder, value).samples}
        assert by_answer["it is 4"] == pytest.approx(2 * 3 / 7)
        assert by_answer["it is 5"] == pytest.approx(2 * 2 / 7)

    def test_files_are_joined_and_readers_take_options(self, folder: Path) -> None:
        joined = f"SELECT r.*, kind FROM ({RENAMED}) r JOIN read_csv(['labels.csv'], delim=';') k ON r.id = k.n"
        assert {s.id: s.labels["kind"] for s in loaded(folder, joined).samples} == {"1": "odd", "2": "even", "3": "odd"}

    def test_values_are_what_json_would_have(self, folder: Path) -> None:
        sql = """SELECT 'q' AS question, 0.5 AS share, DATE '2024-02-29' AS day, sum(i) AS total, [1, NULL] AS list,
            {'a': DATE '2024-01-01'} AS deep, TIMESTAMPTZ '2024-01-01 00:00:00+00' AT TIME ZONE 'UTC' AS at,
            NULL AS missing, '{"x": [1]}'::JSON AS said FROM range(3) t(i)"""
        assert loaded(folder, sql).samples[0].labels == {
            "share": 0.5, "day": "2024-02-29", "total": 3, "list": [1, None], "deep": {"a": "2024-01-01"},
            "at": "2024-01-01T00:00:00", "said": {"x": [1]},
        }  # fmt: skip

    def test_times_with_a_zone_need_no_further_library(self, folder: Path) -> None:
        sql = 'SELECT \'q\' AS question, TIMESTAMPTZ \'2024-01-01 00:00:00+00\' AS "the ""time"""'
        assert str(loaded(folder, sql).samples[0].labels['the "time"']).startswith(("2024-01-01", "2023-12-31"))

    def test_a_suite_that_extends_another_reads_the_files_of_that_one(self, folder: Path) -> None:
        suite_with(folder, {"query": RENAMED})
        elsewhere = folder.parent / "mine"
        elsewhere.mkdir()
        (elsewhere / "mine.yaml").write_text("extends: ../suite/suite.yaml\ntitle: Mine\n")
        assert len(load(load_suite(elsewhere / "mine.yaml").datasets["qa"], elsewhere).samples) == 10

    def test_a_moved_suite_is_the_same_suite(self, folder: Path) -> None:
        whole = {"query": {"sql": ALL, "reads": ["../more"]}, "transform": "./prepare.py:rows"}
        before = suite_with(folder, whole).fingerprint
        moved = folder.rename(folder.parent / "moved")
        assert suite_with(moved, whole).fingerprint == before
        assert suite_with(moved, {**whole, "query": f"{ALL} LIMIT 1"}).fingerprint != before

    def test_without_duckdb_the_extra_is_named(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "duckdb", None)
        with pytest.raises(MissingExtra, match=r"extra 'sql'"):
            loaded(folder, RENAMED)


class TestWhatItMayNot:
    @pytest.mark.parametrize(
        ("sql", "said"),
        [
            ("SELECT * FROM '../secret.csv'", "not below"),
            ("SELECT * FROM 'rows/../../secret.csv'", "not below"),
            ("SELECT * FROM 'link/secret.csv'", "not below"),
            ("SELECT * FROM 'link/*.csv'", "not below"),
            ("SELECT * FROM 'rows/*/../../../secret.csv'", "behind a pattern"),
            ("SELECT * FROM read_text('/etc/passwd')", "not below"),
            ("SELECT * FROM read_csv(['labels.csv', '/etc/passwd'])", "not below"),
            ("SELECT * FROM read_csv('https://example.com/rows.csv')", "this machine only"),
            ("SELECT * FROM read_csv('../' || 'secret.csv')", "makes up the name"),
            ("SELECT * FROM read_csv(concat('/etc/', 'passwd'))", "makes up the name"),
            ("SELECT * FROM '/etc/passwd'", "no file of data"),
            ("SELECT (SELECT max(told) FROM '../secret.csv') AS question", "not below"),
            ("COPY (SELECT 1) TO 'written.csv'", "not a SELECT"),
            ("WITH x AS MATERIALIZED (COPY (SELECT 1 AS a) TO 'written.csv') SELECT * FROM x", "would copy"),
            ("WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x", "would insert"),
            ("SELECT * FROM query('COPY (SELECT 1) TO ''written.csv''')", r"query\(\)"),
            ("SELECT * FROM query_table('../secret.csv')", r"query_table\(\)"),
            ("SELECT * FROM json_execute_serialized_sql('{}')", r"json_execute_serialized_sql\(\)"),
            ("SELECT * FROM duckdb_secrets()", r"duckdb_secrets\(\)"),
            ("ATTACH 'written.db'", "not a SELECT"),
            ("SET threads = 1", "not a SELECT"),
            ("INSTALL httpfs", "not a SELECT"),
            ("SELECT 1; SELECT 2", "2 statements"),
            ("", "at least 1 character|one SELECT|0 statements"),
        ],
    )
    def test_anything_but_reading_data_below_its_folder(self, folder: Path, sql: str, said: str) -> None:
        (folder / "link").symlink_to(folder.parent)
        before = sorted(path.name for path in folder.rglob("*"))
        with pytest.raises((DatasetError, SuiteError), match=said):
            loaded(folder, sql)
        assert sorted(path.name for path in folder.rglob("*") if path.name != "suite.yaml") == before

    def test_duckdb_refuses_by_itself_what_the_tree_did_not_show(self, folder: Path) -> None:
        """The second lock holds without the first."""
        from evalkit.data.querying import _connected

        query = suite_with(folder, {"query": RENAMED}).datasets["qa"].query
        assert query is not None
        with _connected(query) as connection:
            assert connection.execute(f"SELECT count(*) FROM '{folder}/rows/*.parquet'").fetchone() == (10,)
            for wrong in (
                f"SELECT * FROM '{folder.parent}/secret.csv'",
                f"COPY (SELECT 1) TO '{folder.parent}/w.csv'",
                "INSTALL httpfs",
                "SET enable_external_access = true",
                "SET allowed_directories = ['/']",
            ):
                with pytest.raises(duckdb.Error):
                    connection.execute(wrong)

    def test_further_folders_are_named_by_the_suite(self, folder: Path) -> None:
        sql = "SELECT ask AS question, told AS answer FROM '../secret.csv'"
        assert loaded(folder, {"sql": sql, "reads": [".."]}).samples[0].references == ("secret",)

    @pytest.mark.parametrize(
        ("sql", "said"),
        [
            ("SELEC 1", "syntax error"),
            ("SELECT nothing FROM 'rows/*.parquet'", "nothing"),
            ("SELECT guess(ask) AS question FROM 'rows/*.parquet'", r"metrics: rougeL"),
            ("SELECT * FROM 'rows/none-*.parquet'", "No files found"),
            ("SELECT * FROM rows", "no file of data"),
            ("SELECT ask AS question, ask AS question FROM 'rows/*.parquet'", "'question' twice"),
            ("SELECT ask AS question, 'x'::INTEGER AS x FROM 'rows/*.parquet'", "Could not convert"),
            ("SELECT ask AS question FROM 'rows/*.parquet' WHERE n > 100", "has no rows"),
        ],
    )
    def test_mistakes_are_told_with_the_suite_s_line(self, folder: Path, sql: str, said: str) -> None:
        with pytest.raises(DatasetError, match=said) as caught:
            loaded(folder, sql)
        assert "suite.yaml:1" in str(caught.value) or "qa after the query" in str(caught.value)


class TestTransforms:
    def test_what_the_function_makes_of_rows_is_the_dataset(self, folder: Path) -> None:
        found = loaded(folder, ALL, transform="./prepare.py:rows")
        assert {sample.id for sample in found.samples} == {f"q{n}" for n in range(10)}
        assert found.samples[0].messages[0].content.endswith("?")

    def test_it_may_follow_a_file(self, folder: Path) -> None:
        (folder / "f.csv").write_text("n,ask,told\n1,what,\n", encoding="utf-8")
        dataset = suite_with(folder, {"path": "f.csv", "transform": "./prepare.py:rows"}).datasets["qa"]
        (sample,) = load(dataset, folder).samples
        assert (sample.id, sample.references, sample.labels) == ("q1", (), {"n": 1})

    def test_it_does_not_run_unless_it_is_trusted(self, folder: Path) -> None:
        (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\ndef rows(rows): return rows\n")
        spec = suite_with(folder, {"query": ALL, "transform": "./evil.py:rows"}, trust_code=False).datasets["qa"]
        with pytest.raises(DatasetError, match="--trust-code"):
            load(spec, folder)
        assert not (folder / "ran").exists()

    @pytest.mark.parametrize(
        ("function", "said"),
        [
            ("three", r"prepare.py:8 raised ValueError: no threes, after 4 rows were read"),
            ("nothing", "is nothing, not rows"),
            ("rws", "has no function 'rws'.*did you mean 'rows'"),
        ],
    )
    def test_what_goes_wrong_in_it_has_its_line(self, folder: Path, function: str, said: str) -> None:
        with pytest.raises(DatasetError, match=f"(?s){said}"):
            loaded(folder, f"{ALL} ORDER BY n", transform=f"./prepare.py:{function}")

    def test_code_that_cannot_be_read_and_a_file_that_is_not_there(self, folder: Path) -> None:
        (folder / "broken.py").write_text("x = 1\ndef rows(:\n")
        with pytest.raises(DatasetError, match=r"broken.py:2 raised SyntaxError"):
            loaded(folder, ALL, transform="./broken.py:rows")
        with pytest.raises(DatasetError, match=r"there is no file .*none.py"):
            loaded(folder, ALL, transform="./none.py:rows")
        with pytest.raises(SuiteError, match=r"names no function"):
            loaded(folder, ALL, transform="./prepare.py")

    def test_rows_that_are_none_are_told_with_their_number(self, folder: Path) -> None:
        with pytest.raises(BadRows, match="2 of 3 rows are bad") as caught:
            loaded(folder, ALL, transform="./prepare.py:odd")
        assert [(problem.line, problem.file) for problem in caught.value.problems] == [
            (2, "qa after the transform"),
            (3, "qa after the transform"),
        ]
        found = loaded(folder, ALL, transform="./prepare.py:odd", on_error="skip")
        assert (len(found.samples), found.skipped) == (1, 2)

    def test_what_it_prints_is_not_taken_for_output(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (folder / "loud.py").write_text(
            "print('in')\ndef rows(rows):\n    print('at work')\n    yield {'question': 'a'}\n"
        )
        loaded(folder, ALL, transform="./loud.py:rows")
        assert capsys.readouterr().out == ""


class TestBoundaries:
    def test_the_query_s_rows_are_held_to_its_contract_before_the_transform(self, folder: Path) -> None:
        rules = [{"name": "n", "type": "integer", "min": 2, "max": 8}, {"name": "ask", "type": "text"}]
        with pytest.raises(BadRows, match="3 of 10 rows are bad") as caught:
            loaded(folder, {"sql": ALL, "contract": {"columns": rules}}, transform="./prepare.py:rows")
        said = sorted(str(problem) for problem in caught.value.problems)
        assert [text.split(":")[0] for text in said] == ["qa after the query"] * 3
        assert {text.split(" 'n' ")[1] for text in said} == {
            "is 0, less than 2",
            "is 1, less than 2",
            "is 9, more than 8",
        }

    def test_a_query_is_held_to_its_contract_where_no_transform_follows(self, folder: Path) -> None:
        with pytest.raises(BadRows, match="qa after the query: 6 of 10"):
            loaded(folder, {"sql": ALL, "contract": {"columns": [{"name": "n", "max": 3}]}})
        with pytest.raises(DatasetError, match=r"qa after the query: has 10 rows.*at least 11"):
            loaded(folder, {"sql": ALL, "contract": {"min_rows": 11}})
        assert len(loaded(folder, {"sql": RENAMED, "contract": {"min_rows": 10}}).samples) == 10

    def test_a_transform_cannot_hide_what_was_wrong_before_it(self, folder: Path) -> None:
        query = {"sql": ALL, "contract": {"columns": [{"name": "n", "max": 3}]}}
        for function in ("swallows", "takes_two"):
            with pytest.raises(BadRows, match="qa after the query: 6 of 10"):
                loaded(folder, query, transform=f"./prepare.py:{function}")

    def test_types_nulls_and_uniqueness(self, folder: Path) -> None:
        sql = "SELECT * FROM (VALUES ('a', 1, 1.5), ('b', 1, NULL), ('c', NULL, 2.5)) t(question, key, score)"
        rules = [{"name": "key", "unique": True}, {"name": "score", "type": "integer", "nullable": True}]
        with pytest.raises(BadRows) as caught:
            loaded(folder, sql, contract={"columns": rules})
        assert [(p.line, p.field, p.message) for p in caught.value.problems] == [
            (1, "score", "is a number where a whole number is wanted"),
            (2, "key", "is not unique: an earlier row has 1 too"),
            (3, "key", "is null"),
            (3, "score", "is a number where a whole number is wanted"),
        ]

    @pytest.mark.parametrize(
        ("contract", "said"),
        [({"min_rows": 11}, "has 10 rows.*at least 11"), ({"max_rows": 9}, "has 10 rows.*at most 9")],
    )
    def test_row_counts_at_either_boundary(self, folder: Path, contract: dict[str, int], said: str) -> None:
        with pytest.raises(DatasetError, match=f"qa after the query: {said}"):
            loaded(folder, {"sql": ALL, "contract": contract}, transform="./prepare.py:rows")
        with pytest.raises(DatasetError, match=f"qa after the transform: {said}"):
            loaded(folder, ALL, transform="./prepare.py:rows", contract=contract)

    def test_lengths_of_texts_and_lists(self, folder: Path) -> None:
        sql = "SELECT * FROM (VALUES ('abcd', [1]), ('ab', [1, 2, 3])) t(question, tags)"
        rules = [{"name": "question", "type": "text", "min": 3}, {"name": "tags", "type": "list", "max": 2}]
        with pytest.raises(BadRows) as caught:
            loaded(folder, sql, contract={"columns": rules})
        assert [p.message for p in caught.value.problems] == [
            "has the length 2, less than 3",
            "has the length 3, more than 2",
        ]


class TestSuiteFiles:
    @pytest.mark.parametrize(
        ("dataset", "said"),
        [
            ({}, "path' is missing"),
            ({"path": "a.csv", "query": ALL}, "a path and a query"),
            ({"query": ALL, "format": "csv"}, "a query and a format"),
            ({"query": {"sq": ALL}}, "unknown key 'sq'"),
            ({"query": {"reads": ["."]}}, "sql' is missing"),
            ({"query": {"sql": ALL, "contract": {"min_rows": -1}}}, "min_rows"),
        ],
    )
    def test_mistakes_have_a_line_and_a_name(self, folder: Path, dataset: dict[str, Any], said: str) -> None:
        with pytest.raises(SuiteError, match=said) as caught:
            suite_with(folder, dataset)
        assert "suite.yaml:1" in str(caught.value)


def test_contracts_of_files_have_ranges_and_counts_too(tmp_path: Path) -> None:
    from evalkit.data import Column, Contract

    path = tmp_path / "d.csv"
    path.write_text("question,score\na,1\nb,7\n", encoding="utf-8")
    contract = Contract("own", (Column("score", "integer", maximum=5, unique=True),), min_rows=3)
    found = problems(path, contract)
    with pytest.raises(DatasetError, match="has 2 rows, and its contract wants at least 3"):
        assert [(p.line, p.message) for p in found] == [(3, "is 7, more than 5")]


def test_ctrl_c_ends_a_query_that_would_take_for_ever(folder: Path) -> None:
    endless = "SELECT max(i * j) AS question FROM range(10000000000) a(i), range(10000000000) b(j)"
    suite_with(folder, {"query": endless})
    note = "lambda *given: (print('begun', flush=True), was(*given))"
    say_so = f"import evalkit.data.querying as querying; was = querying._register; querying._register = {note}"
    load_it = "from pathlib import Path; from evalkit.suite.load import load_suite; from evalkit.data import load"
    do_it = f"s = load_suite(Path({str(folder / 'suite.yaml')!r})); load(s.datasets['qa'], s.path.parent)"
    command = [sys.executable, "-c", f"{say_so}\n{load_it}\n{do_it}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.5)  # until the query runs; an earlier Ctrl-C ends it as well
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said
