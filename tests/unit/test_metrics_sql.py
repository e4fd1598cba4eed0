"""Metrics as functions of SQL, held to what their libraries and published formulas say, in SQLite and by themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

from evalkit import plugins
from evalkit.metrics import sql

ANSWER = "The cat sat on the mat near a small dog."
REFERENCE = "A cat was sitting on the mat near the dog."


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for name, function in sql.functions().items():
        connection.create_function(name, len(function.arguments), function.call, deterministic=True)
    yield connection
    connection.close()


def test_every_metric_is_a_function_of_two_texts_and_plugins_are_among_them() -> None:
    found = sql.functions()
    assert len(found) >= len(plugins.names("evalkit.metrics")) + 4
    assert {"rougeL", "exact_match", "token_f1", "bleu", "chrf", "words", "flesch_reading_ease"} <= set(found)
    assert found["rougeL"].arguments == ("text", "text")
    assert not {"contains", "numeric"} & set(found)  # databases have their own


def test_values_are_those_of_the_reference_libraries(database: sqlite3.Connection) -> None:
    row = database.execute(
        "SELECT rougeL(?1, ?2), rouge1(?1, ?2), chrf(?1, ?2), sentence_bleu(?1, ?2), ter(?1, ?2)", (ANSWER, REFERENCE)
    ).fetchone()
    scored = RougeScorer(["rougeL", "rouge1"]).score(REFERENCE, ANSWER)
    expected = [
        scored["rougeL"].fmeasure,
        scored["rouge1"].fmeasure,
        sacrebleu.sentence_chrf(ANSWER, [REFERENCE]).score / 100,
        sacrebleu.sentence_bleu(ANSWER, [REFERENCE], use_effective_order=True).score / 100,
        sacrebleu.sentence_ter(ANSWER, [REFERENCE], case_sensitive=False).score / 100,
    ]
    assert row == pytest.approx(expected)


def test_rows_are_filtered_and_grouped_by_them(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE rows (id, answer, reference)")
    rows = [("a", "Paris", "paris"), ("b", "It is Rome", "Madrid"), ("c", None, "x"), ("d", "Oslo ", "Oslo")]
    database.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
    wrong = "SELECT id FROM rows WHERE normalized_match(answer, reference) < 1 ORDER BY id"
    assert database.execute(wrong).fetchall() == [("b",)]
    assert database.execute("SELECT id, words(answer) FROM rows WHERE words(answer) > 1").fetchall() == [("b", 3)]
    assert database.execute("SELECT exact_match(answer, reference) FROM rows WHERE id = 'c'").fetchone() == (None,)


def test_what_a_text_says_of_itself(database: sqlite3.Connection) -> None:
    german = "Der Zug nach Hamburg fährt heute nicht, weil die Strecke gesperrt ist."
    query = "SELECT text_language(?), words(?), sentences('One is here. Two are there.'), is_refusal(?)"
    found = database.execute(query, (german, german, "I'm sorry, but I can't help with that.")).fetchone()
    assert found == ("de", 12, 2, 1)
    assert database.execute("SELECT flesch_reading_ease(''), words('')").fetchone() == (None, 0)


def test_a_text_that_the_metric_cannot_judge_is_null_and_a_number_is_text(database: sqlite3.Connection) -> None:
    assert database.execute("SELECT rougeL('北京', '北京是首都')").fetchone() == (None,)
    assert database.execute("SELECT same_number('it is 4', 4)").fetchone() == (1.0,)
