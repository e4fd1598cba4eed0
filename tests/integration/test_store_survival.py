"""The store under what machines do to it: processes killed at any moment, and many that write at once."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from evalkit.records import Generate, Message, Request
from evalkit.store import Identity, open_store, request_key

BLOCK = 25

WRITER = f"""
import sys
from evalkit.records import Answer, Case, Generate, Message, Request, Sample, Score
from evalkit.results import Run
from evalkit.store import Identity, ScoreRow, open_store, request_key

path, name, blocks = sys.argv[1], sys.argv[2], int(sys.argv[3])
identity = Identity("weights", "loop")
with open_store(path) as store:
    store.create_run(Run(name, "suite", "model", "planned", "2026"))
    store.transition(name, "running")
    print("ready", flush=True)
    for block in range(blocks):
        texts = [f"{{name}} {{block}} {{n}}" for n in range({BLOCK})]
        requests = [Request(Generate((Message("user", text),))) for text in texts]
        keys = [request_key(request, identity) for request in requests]
        answers = [Answer(text * 20) for text in texts]
        store.put_answers(name, list(zip(keys, requests, answers)))
        cases = [Case(text, (Sample(text, ()),)) for text in texts]
        store.put_scores(name, [ScoreRow("c", c, block, [k], Score({{"em": (1.0, 1.0)}})) for c, k in zip(cases, keys)])
        common = Request(Generate((Message("user", f"common {{block % 50}}"),)))
        store.put_answers(name, [(request_key(common, identity), common, Answer(name))])
        print(block, flush=True)
    store.finish(name, "{{}}")
"""


PURGER = """
import sys
from evalkit.store import open_store

with open_store(sys.argv[1]) as store:
    print("ready", flush=True)
    while runs := store.list_runs():
        store.trash_run(runs[0].id)
        store.restore_run(runs[0].id)
        store.trash_run(runs[0].id)
        store.purge([runs[0].id])
        store.give_purged_space_back()
"""


def start(path: Path, name: str, blocks: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(blocks)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def keys_of(name: str, block: int) -> list[str]:
    texts = [f"{name} {block} {n}" for n in range(BLOCK)]
    requests = [Request(Generate((Message("user", text),))) for text in texts]
    return [request_key(request, Identity("weights", "loop")) for request in requests]


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_was_told_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    instants = random.Random(20261121)
    for attempt in range(12):
        name = f"run-{attempt}"
        writer = start(path, name, 100_000)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(instants.uniform(0, 0.25))
        writer.send_signal(signal.SIGKILL)
        reported, _ = writer.communicate()
        committed = [int(line) for line in reported.split("\n")[:-1]]
        with open_store(str(path)) as store:
            assert store.get_run(name).state == "interrupted"
            for block in committed:
                assert len(store.get_answers(keys_of(name, block))) == BLOCK
            judged = store.cases_of(name, "c")
            assert len(judged) % BLOCK == 0, "half a block of scores"
            assert len(judged) // BLOCK - len(committed) in {0, 1}
            following = len(store.get_answers(keys_of(name, len(committed))))
            assert following in {0, BLOCK}, "half a block of answers"
            store.transition(name, "running", cause="resumed")
            store.finish(name, "{}")
        with sqlite3.connect(path) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_eight_processes_that_open_and_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path, blocks = tmp_path / "runs.db", 12
    names = [f"run-{number}" for number in range(8)]
    writers = [start(path, name, blocks) for name in names]  # the first of them makes the database
    errors = [writer.communicate(timeout=300)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8, "\n".join(errors)
    with open_store(str(path)) as store:
        assert {run.id: run.state for run in store.list_runs()} == dict.fromkeys(names, "finished")
        for name in names:
            assert len(store.cases_of(name, "c")) == blocks * BLOCK
            for block in range(blocks):
                assert len(store.get_answers(keys_of(name, block))) == BLOCK
        made = sum(store.counts(name).answers for name in names)
        contradicted = sum(store.counts(name).incidents for name in names)
        assert made == 8 * blocks * BLOCK + blocks  # the common questions have one answer each ...
        assert contradicted == 7 * blocks  # ... and every other process's answer is on record
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_whoever_is_killed_while_deleting_leaves_no_half_run(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    for name in range(8):
        assert start(path, f"run-{name}", 4).wait() == 0
    instants = random.Random(7)
    for _ in range(8):
        purger = subprocess.Popen([sys.executable, "-c", PURGER, str(path)], stdout=subprocess.PIPE, text=True)
        assert purger.stdout is not None
        assert purger.stdout.readline() == "ready\n"
        time.sleep(instants.uniform(0, 0.15))
        purger.send_signal(signal.SIGKILL)
        purger.wait()
        purger.stdout.close()
        with open_store(str(path)) as store:
            there = {run.id for run in store.list_runs()} | {one.run.id for one in store.list_trash()}
            for name in (f"run-{number}" for number in range(8)):
                scores, answers = len(list(store.iter_scores(name))), len(store.get_answers(keys_of(name, 0)))
                assert scores == (4 * BLOCK if name in there else 0)
                assert answers == BLOCK or name not in there
                assert bool(store.events(name)) == (name in there)
    with open_store(str(path)) as store:
        for run in store.list_runs():
            store.trash_run(run.id)
        store.purge([one.run.id for one in store.list_trash()])
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM answers").fetchone() == (0,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
