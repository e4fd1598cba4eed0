"""The tables. Texts of models and datasets live inside JSON documents, never in columns of their own: JSON can hold
every string there is (NUL, lone surrogates), a database's text type cannot. Change them by a step in ``migrations``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

schema_version = Table(
    "evalkit_schema",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied", String(40), nullable=False),
)


def _of_a_run() -> tuple[Column[Any], ...]:
    return (
        Column("number", Integer, primary_key=True, autoincrement=True),  # order of creation: clocks may tie or go back
        Column("id", Text, nullable=False, unique=True),
        Column("suite", Text, nullable=False),
        Column("model", Text, nullable=False),
        Column("state", String(20), nullable=False),
        Column("created", String(40), nullable=False),
        Column("finished", String(40), nullable=False),
        Column("suite_fingerprint", Text, nullable=False),
        Column("model_fingerprint", Text, nullable=False),
        Column("datasets", Text, nullable=False),
        Column("environment", Text, nullable=False),
        Column("options", Text, nullable=False),
        Column("partial", Boolean, nullable=False),
        Column("continues", Text, nullable=False),
        Column("host", Text, nullable=False),
        Column("process", Integer, nullable=False),
        Column("holder", Text, nullable=False),
        Column("heartbeat", Float, nullable=False),
        Column("outcome", Text, nullable=False),
    )


runs = Table("runs", metadata, *_of_a_run())
Index("runs_by_suite", runs.c.suite, runs.c.number)

deleted_runs = Table("deleted_runs", metadata, *_of_a_run(), Column("deleted", String(40), nullable=False))
"""The trash: such a run is in no list, and all that it left stays until it is purged."""

results = Table("results", metadata, Column("run_id", Text, primary_key=True), Column("document", Text, nullable=False))

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False),
    Column("time", String(40), nullable=False),
    Column("before", String(20), nullable=False),
    Column("after", String(20), nullable=False),
    Column("cause", Text, nullable=False),
)
Index("events_by_run", events.c.run_id, events.c.number)

answers = Table(
    "answers",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("made", Float, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("document", Text, nullable=False),
)
Index("answers_by_run", answers.c.run_id)

attempts = Table(
    "attempts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False),
    Column("key", String(64), nullable=False),
    Column("time", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("request", Text, nullable=False),
    Column("document", Text, nullable=False),
)
Index("attempts_by_run", attempts.c.run_id)

incidents = Table(
    "incidents",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False),
    Column("key", String(64), nullable=False),
    Column("time", String(40), nullable=False),
    Column("first", Text, nullable=False),
    Column("second", Text, nullable=False),
)
Index("incidents_by_run", incidents.c.run_id)

samples = Table(
    "samples",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("check_name", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("cluster", Text, nullable=False),
    Column("samples", Text, nullable=False),  # empty: one sample, which has the case's id
    Column("signature", Text, nullable=False),
    Column("answer_keys", Text, nullable=False),
    Column("document", Text, nullable=False),
)
Index("scores_in_order", scores.c.run_id, scores.c.check_name, scores.c.position, scores.c.case_id)

scored_checks = Table(  # a check that judges as this one did, and finds the same answers, takes its scores over
    "scored_checks",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("check_name", Text, primary_key=True),
    Column("identity", String(64), nullable=False),
)
Index("scored_checks_by_identity", scored_checks.c.identity)

invalidations = Table(  # rows are added and never changed: a finished run keeps what it reported
    "invalidations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("suite", Text, nullable=False),  # empty: all
    Column("check_name", Text, nullable=False),
    Column("time", String(40), nullable=False),
    Column("newest_run", Integer, nullable=False),
    Column("answers", Boolean, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("gate", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

progress = Table(
    "progress", metadata, Column("run_id", Text, primary_key=True), Column("document", Text, nullable=False)
)

baselines = Table(
    "baselines",
    metadata,
    Column("name", Text, primary_key=True),
    Column("suite", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("set_at", String(40), nullable=False),
    Column("document", Text, nullable=False),  # empty: a run of this database; else the file that was imported
)

review_queues = Table(
    "review_queues",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("check_name", Text, nullable=False),
    Column("document", Text, nullable=False),
)
Index("review_queues_by_run", review_queues.c.run_id, review_queues.c.name, unique=True)

review_items = Table(
    "review_items",
    metadata,
    Column("queue_id", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("case_id", Text, nullable=False),
)

reviews = Table(  # rows are added and never changed: to withdraw one is another row
    "reviews",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("queue_id", Integer, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("time", String(40), nullable=False),
    Column("document", Text, nullable=False),
)
Index("reviews_by_queue", reviews.c.queue_id, reviews.c.number)

revisions = Table(
    "revisions",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("made", String(40), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("document", Text, nullable=False),
)
