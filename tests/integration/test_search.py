"""Answers are found across runs by their words, within limits, and the index follows the runs there are."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evalkit
from evalkit.errors import ConfigurationError, EvalkitError, RunNotFound
from evalkit.models import embedding
from evalkit.query.filters import condition
from evalkit.query.index import index_path
from evalkit.query.search import Found, Wanted, search
from evalkit.results import Run
from evalkit.store import Store, open_store


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(params=["file", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = str(tmp_path / "runs.db")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql").new_database()
    with open_store(url) as opened:
        yield opened


ROWS = [
    ("a", "Which river runs through Vienna?", "The Danube runs through Vienna.", "rivers"),
    ("b", "Which river runs through Paris?", "The Seine, naïvely called la Seine.", "rivers"),
    ("c", "What is the capital of Japan?", "東京です。", "capitals"),
    ("d", "Hostile?", "\x1b[31m=1+1\N{RIGHT-TO-LEFT OVERRIDE} danube", "other"),
]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    rows = [{"id": i, "prompt": p, "references": [r], "category": c} for i, p, r, c in ROWS]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "suite.yaml"
    path.write_text("name: tiny\ndatasets: {rows: {path: rows.jsonl}}\nchecks: {accuracy: {}, length: {}}\n")
    return path


def run(suite: Path, store: Store, model: str = "mock:oracle") -> str:
    return str(evalkit.evaluate(suite, model=model, store=store).id)


def cases(found: Found) -> set[str]:
    return {hit.case for hit in found.hits}


def test_words_phrases_beginnings_and_what_is_left_out(suite: Path, store: Store) -> None:
    run(suite, store)
    assert cases(search(store, "danube")) == {"a", "d"}
    assert cases(search(store, "danube -vienna")) == {"d"}
    assert cases(search(store, '"runs through paris"')) == {"b"}
    assert cases(search(store, '"runs paris"')) == set()
    assert cases(search(store, "naiv*")) == {"b"}, "accents and endings"
    assert cases(search(store, "東京")) == {"c"}, "scripts without spaces"
    assert cases(search(store, "river", within="prompt")) == {"a", "b"}
    assert cases(search(store, "river", within="answer")) == set()


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        (
            "\u0627\u0644\u0643\u0650\u062a\u064e\u0627\u0628\u064f here",
            "\u0627\u0644\u0643\u062a\u0627\u0628",
        ),  # Arabic vowels
        ("\u0643\u062a\u0640\u0640\u0627\u0628", "\u0643\u062a\u0627\u0628"),  # and the stroke that lengthens
        ("\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd"),  # Hebrew points
        ("Σίσυφος", "ΣΙΣΥΦΟΣ"),
        ("Straße", "STRASSE"),
        ("ёлка", "Елка"),
        ("e\u0301t\u00e9", "ete"),
        ("がくせい", "か\u3099くせい"),
        ("Σίσυφος", "σίσυ*"),
    ],
)
def test_case_accents_and_points_make_no_other_word(tmp_path: Path, said: str, typed: str) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "a", "prompt": "?", "references": [said]}), "utf-8")
    path = tmp_path / "suite.yaml"
    path.write_text("name: tiny\ndatasets: {rows: {path: rows.jsonl}}\nchecks: {length: {}}\n")
    with open_store(str(tmp_path / "runs.db")) as store:
        run(path, store)
        assert cases(search(store, typed)) == {"a"}
        assert cases(search(store, said)) == {"a"}
        assert cases(search(store, "か")) == set(), "another letter"


def test_an_answer_that_several_checks_and_runs_share_is_one(suite: Path, store: Store) -> None:
    run(suite, store)
    newest = run(suite, store)
    found = search(store, "seine")
    assert (found.total, len(found.hits)) == (1, 1)
    (hit,) = found.hits
    assert (hit.run, hit.uses, hit.category, hit.status) == (newest, 4, "rivers", "scored")
    assert hit.answer == ROWS[1][2]
    assert hit.prompt == ROWS[1][1]


def test_limits_are_kept(suite: Path, store: Store) -> None:
    oracle, echo = run(suite, store), run(suite, store, "mock:echo")
    both = search(store, "vienna")
    assert {hit.model for hit in both.hits} == {"mock:oracle", "mock:echo"}
    for wanted in (
        Wanted(where="model = 'mock:echo'"),
        Wanted(where="model like '%echo' and category in ('rivers', 'capitals')"),
        Wanted(where="not (model = 'mock:oracle' or category = 'other')"),
        Wanted(where=f"run != {oracle}"),
        Wanted(run=echo),
        Wanted(run=echo, check="length", since="1d"),
    ):
        found = search(store, "vienna", wanted)
        assert [hit.run for hit in found.hits] == [echo], wanted
        assert found.total == 1
    assert search(store, "vienna", Wanted(since="2999-01-01")).total == 0
    assert search(store, "vienna", Wanted(check="nothing")).hits == ()
    with pytest.raises(RunNotFound):
        search(store, "vienna", Wanted(run="ghost"))


def test_the_index_follows_the_runs(suite: Path, store: Store) -> None:
    first = run(suite, store)
    assert search(store, "danube").total == 2
    told: list[tuple[int, int]] = []
    search(store, "danube", tell=lambda *so_far: told.append(so_far))
    assert told == [], "nothing is new"
    second = run(suite, store, "mock:constant?text=Danube")
    assert search(store, "danube", Wanted(run=second)).total == 4
    store.trash_run(second)
    assert search(store, "danube").total == 2
    store.restore_run(second)
    assert search(store, "danube").total == 6
    assert b"danube" in index_path(store).read_bytes(), "what is asserted below could otherwise not fail"
    store.trash_run(second)
    assert search(store, "danube").total == 2
    store.purge([second])  # by somebody who has another cache folder
    store.delete_run(first)
    assert search(store, "danube").hits == ()
    assert not any(b"danube" in path.read_bytes() for path in index_path(store).parent.iterdir())


def test_runs_that_are_not_finished_are_said_not_to_be_searched(suite: Path, store: Store) -> None:
    finished = run(suite, store)
    store.create_run(Run("begun", "tiny", "mock:oracle", "running", "2026-01-01T00:00:00+00:00"))
    assert search(store, "danube").notes == ("1 run that is not finished is not searched",)
    assert search(store, "danube", Wanted(run="begun")).notes == ("1 run that is not finished is not searched",)
    assert search(store, "danube", Wanted(run=finished)).notes == ()


def test_a_damaged_or_foreign_index_is_made_anew(suite: Path, store: Store) -> None:
    run(suite, store)
    search(store, "danube")
    path = index_path(store)
    path.write_bytes(b"this is no database" * 100)
    assert search(store, "danube").total == 2
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert search(store, "danube").total == 2
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE uses")
    connection.close()
    assert search(store, "danube").total == 2


def test_a_fill_that_was_stopped_goes_on_where_it_was(
    suite: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalkit.query import filling

    monkeypatch.setattr(filling, "AT_ONCE", 3)
    run(suite, store)

    def stop(done: int, _: int) -> None:
        if done >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(store, "danube", tell=stop)
    told: list[int] = []
    assert search(store, "danube", tell=lambda done, _: told.append(done)).total == 2
    assert told == [0, 6, 8], "four rows, two checks, three at a time; the first three are there"


def test_many_searches_at_once_fill_one_index(suite: Path, tmp_path: Path) -> None:
    with open_store(str(tmp_path / "runs.db")) as store:
        run(suite, store)
        script = "import sys, evalkit; print(len(evalkit.search('danube', store=sys.argv[1]).hits))"
        command = [sys.executable, "-c", script, str(tmp_path / "runs.db")]
        at_once = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        assert [process.communicate()[0].strip() for process in at_once] == ["2"] * 3


def test_what_a_check_for_leaks_masks_is_not_found(store: Store, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(
        '{"id": "a", "prompt": "Who?", "references": ["Ask jane.smith@mailbox.org"]}\n'
    )
    path = tmp_path / "leaky.yaml"
    path.write_text("name: leaky\ndatasets: {rows: {path: rows.jsonl}}\nchecks: {accuracy: {}, leakage: {}}\n")
    run(path, store)
    assert search(store, "mailbox").total == 0
    assert "mailbox" not in search(store, "ask").hits[0].answer


@pytest.mark.parametrize(
    ("where", "sql", "values"),
    [
        ("suite = 'a'", "runs.suite = ?", ("a",)),
        ("suite='it''s'", "runs.suite = ?", ("it's",)),
        ('Model LIKE "x%" AND status<>scored', "(runs.model LIKE ? AND uses.status <> ?)", ("x%", "scored")),
        ("a' or 1=1 --", None, ()),
        (
            "suite = 'a' or suite = 'b' and case = c",
            "(runs.suite = ? OR (runs.suite = ? AND uses.case_id = ?))",
            ("a", "b", "c"),
        ),
        ("not run in (a, 'b')", "NOT runs.id IN (?, ?)", ("a", "b")),
        ("run not like 'x'", "runs.id NOT LIKE ?", ("x",)),
        ("", "", ()),
        ("suite", None, ()),
        ("suite =", None, ()),
        ("suite = = a", None, ()),
        ("suite = a b", None, ()),
        ("suite in ()", None, ()),
        ("(suite = a", None, ()),
        ("suite not = a", None, ()),
        ("'suite' = a", None, ()),
        ("suite = a; DROP TABLE runs", None, ()),
        ("(" * 5000, None, ()),
        ("(" * 30 + "suite = a" + ")" * 30, None, ()),
        ("suite = 'a", None, ()),
        ("status = 'bad'", None, ()),
        ("status in (scored, scord)", None, ()),
        ("status like 'sc%'", "uses.status LIKE ?", ("sc%",)),
    ],
)
def test_conditions_are_read_and_never_run(where: str, sql: str | None, values: tuple[str, ...]) -> None:
    if sql is None:
        with pytest.raises(ConfigurationError) as refused:
            condition(where)
        assert refused.value.hint
        assert refused.value.where == "--where"
    else:
        found = condition(where)
        assert (found.sql, found.values) == (sql, values)


@pytest.mark.parametrize("text", ["", "  ", "-only", '"', "*", "\N{GRINNING FACE}", "a*"])
def test_a_search_for_nothing_says_what_to_type(store: Store, text: str) -> None:
    with pytest.raises(EvalkitError, match="no word"):
        search(store, text)


@pytest.mark.parametrize(
    "text", ['a OR "b', "NEAR(a b)", "answer:x", "{x}", "^a", "a AND NOT b", "' OR 1=1", "x" * 5000, "\0a"]
)
def test_signs_of_the_query_language_mean_nothing(suite: Path, store: Store, text: str) -> None:
    run(suite, store)
    assert isinstance(search(store, text).total, int)


# --- by meaning -------------------------------------------------------------------------------------------------------


def letters(texts: Sequence[str]) -> Any:
    """Vectors of a model that knows letters only: what is near can be worked out by hand."""
    counts = np.array(
        [[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], float
    )
    return (counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def test_the_nearest_in_meaning_come_first_and_are_read_once(
    suite: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def embed(texts: Sequence[str]) -> Any:
        read.extend(texts)
        return letters(texts)

    monkeypatch.setattr(embedding, "files", lambda: None)
    monkeypatch.setattr(embedding, "embed", embed)
    run(suite, store)
    asked = "the danube river"
    found = search(store, asked, similar=True)
    cosines = {case: float(letters([answer])[0] @ letters([asked])[0]) for case, _, answer, _ in ROWS}
    assert [hit.case for hit in found.hits] == sorted(cosines, key=cosines.__getitem__, reverse=True)
    assert [hit.rank for hit in found.hits] == pytest.approx(sorted(cosines.values(), reverse=True), abs=2e-3)
    assert len(read) == len(ROWS) + 1
    again = search(store, asked, Wanted(where="category = 'rivers'"), similar=True, limit=1)
    assert (again.total, len(again.hits)) == (2, 1)
    assert read[len(ROWS) + 1 :] == [asked], "the answers have their vectors"
    with pytest.raises(ConfigurationError, match="nothing to compare"):
        search(store, " ", similar=True)


def test_a_model_that_cannot_be_fetched_is_said_before_anything_is_read(
    suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    embedding.files.cache_clear()
    with open_store(str(tmp_path / "runs.db")) as store:
        run(suite, store)
        with pytest.raises(EvalkitError) as failed:
            search(store, "river", similar=True)
        assert not index_path(store).exists()
    assert "EVALKIT_CACHE" in failed.value.hint
