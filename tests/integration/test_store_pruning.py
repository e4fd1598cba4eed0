"""Answers that nobody needs go, those that any run rests on stay, on each database; and what a person is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from evalkit.cli.main import commands
from evalkit.errors import StoreError, SuiteError
from evalkit.models.fetch import cache_root
from evalkit.records import Answer, Case, Generate, Message, Request, Sample, Score
from evalkit.results import Run
from evalkit.store import Identity, ScoreRow, Store, open_store, request_key
from evalkit.web.browse.place import index_folder, index_path

LONG = "word " * 2_000


@pytest.fixture
def filled(url: str) -> Iterator[Store]:
    with open_store(url) as store:
        yield fill(store)


def ask(text: str) -> Request:
    return Request(Generate((Message("user", text),)))


def key(text: str) -> str:
    return request_key(ask(text), Identity("weights", "loop-1"))


def answer(store: Store, run: str, *texts: str) -> None:
    store.put_answers(run, [(key(text), ask(text), Answer(f"{LONG} ü {text}")) for text in texts])


def rest_on(store: Store, run: str, *texts: str) -> None:
    rows = [(Case(text, (Sample(text, ()),), text), (key(text),)) for text in texts]
    store.put_scores(
        run, [ScoreRow("c", case, at, keys, Score({"m": (1.0, 1.0)})) for at, (case, keys) in enumerate(rows)]
    )


def begin(store: Store, name: str, model: str = "model") -> None:
    store.create_run(Run(name, "suite", model, "running", "2026", environment={"backend": "mock, loop-1"}))


def fill(store: Store) -> Store:
    """``first`` is finished and made four answers: it rests on one, ``second`` on another, ``third`` was interrupted
    and made one that it has not scored. Two are left."""
    for name in ("first", "second", "third"):
        begin(store, name)
    answer(store, "first", "a", "b", "spare 1", "spare 2")
    rest_on(store, "first", "a")
    rest_on(store, "second", "b")
    answer(store, "third", "c")
    for name in ("first", "second"):
        store.finish(name, "{}")
    store.transition("third", "interrupted")
    return store


def texts_left(store: Store) -> set[str]:
    names = ("a", "b", "c", "spare 1", "spare 2")
    return {name for name in names if store.get_answers([key(name)])}


def test_only_what_no_run_rests_on_is_deleted(filled: Store) -> None:
    before = filled.unneeded()
    gone = filled.prune_answers()
    assert (gone.answers, gone) == (2, before)
    assert gone.bytes > 2 * len(LONG)
    assert texts_left(filled) == {"a", "b", "c"}
    assert filled.unneeded().answers == filled.prune_answers().answers == 0
    assert [scored.case for scored in filled.iter_scores("second")] == ["b"]


def test_only_what_is_older_is_deleted(filled: Store) -> None:
    assert filled.prune_answers(time.time() - 60).answers == 0
    assert filled.prune_answers(time.time() + 60).answers == 2


def test_what_a_deleted_run_made_and_nobody_rests_on_goes_with_the_last_one_who_did(filled: Store) -> None:
    filled.delete_run("first")
    assert texts_left(filled) == {"b", "c"}
    filled.delete_run("second")
    filled.prune_answers()
    assert texts_left(filled) == {"c"}


def test_what_is_in_the_trash_is_kept_as_it_was(filled: Store) -> None:
    for name in ("first", "second", "third"):
        filled.trash_run(name)
    assert [(group.model, group.answers) for group in filled.answer_groups()] == [("model", 5)]
    assert filled.prune_answers().answers == 2
    filled.restore_run("second")
    assert texts_left(filled) == {"a", "b", "c"}


def test_nothing_is_deleted_while_a_run_is_made(filled: Store) -> None:
    begin(filled, "fourth")
    with pytest.raises(StoreError, match="run fourth is being made"):
        filled.prune_answers()
    assert filled.unneeded().answers == 2


def test_who_made_answers_and_who_rests_on_them(filled: Store) -> None:
    begin(filled, "other", "another ü")
    answer(filled, "other", "d")
    filled.transition("other", "interrupted")
    groups = [(group.model, group.backend, group.answers) for group in filled.answer_groups()]
    assert groups == [("model", "mock, loop-1", 5), ("another ü", "mock, loop-1", 1)]
    assert filled.answer_groups()[1].bytes == len(f"{LONG} ü d".encode()) + len('{"text":"","finish":"stop"}')
    told = {run.run: (run.made, run.used, run.of_others) for run in filled.run_answers()}
    assert told == {"first": (4, 1, 0), "second": (0, 1, 1), "third": (1, 0, 0), "other": (1, 0, 0)}


def test_the_disk_gets_the_space_back(filled: Store) -> None:
    begin(filled, "large")
    answer(filled, "large", *map(str, range(300)))
    filled.finish("large", "{}")
    filled.prune_answers()
    returned = filled.give_back_space()
    if filled.database.location.path is not None:
        assert returned > 300 * len(LONG) // 2
    assert texts_left(filled) == {"a", "b", "c"}


def test_space_that_others_hold_is_left_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.store.engine.BUSY_SECONDS", 0)
    path = str(tmp_path / "runs.db")
    with open_store(path) as store, open_store(path) as other:
        fill(store)
        with other.database.writing():
            assert store.give_back_space() == 0
        assert texts_left(store) == {"a", "b", "c", "spare 1", "spare 2"}


PRUNE_AND_DIE = """
import os, signal, sys
from evalkit.store import open_store, pruning
store = open_store(sys.argv[1])
if sys.argv[2] == "before the commit":
    chunks = pruning.in_chunks
    def dying(rows):
        yield from chunks(rows, 1)
        os.kill(os.getpid(), signal.SIGKILL)
    pruning.in_chunks = dying
    store.prune_answers()
store.prune_answers()
store.database.engine.dispose = lambda: None
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize(("when", "left"), [("before the commit", 2), ("after the commit", 0)])
def test_a_kill_leaves_all_or_none(tmp_path: Path, when: str, left: int) -> None:
    path = str(tmp_path / "runs.db")
    with open_store(path) as store:
        fill(store)
    done = subprocess.run([sys.executable, "-c", PRUNE_AND_DIE, path, when], check=False)
    assert done.returncode == -signal.SIGKILL
    with open_store(path) as store:
        assert store.unneeded().answers == left
        assert {"a", "b", "c"} <= texts_left(store)


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with open_store(str(tmp_path / "runs.db")) as store:
        fill(store)
    return str(tmp_path / "runs.db")


def say(*arguments: str) -> str:
    done = CliRunner().invoke(commands, ["cache", *arguments], catch_exceptions=False, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.output


def test_stats_tell_of_answers_runs_and_files(path: str) -> None:
    folder = cache_root() / "converted" / "tiny"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"x" * 5_000)
    told = json.loads(say("stats", "--store", path, "--json"))
    assert told["unneeded"]["answers"] == 2
    assert [group["answers"] for group in told["answers"]] == [5]
    assert told["files"] == [
        {
            "name": "models/converted",
            "what": "models as they are run, made of fetched files",
            "files": 1,
            "bytes": 5_000,
        }
    ]
    shown = say("stats", "--store", path)
    assert "nobody needs 2 answers" in shown
    assert "mock, loop-1" in shown


def test_stats_before_the_first_run_make_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    assert "no runs yet" in say("stats")
    assert "deleted 0 answers" in say("prune")
    assert list(tmp_path.iterdir()) == []


def test_pruning_says_first_and_deletes_then(path: str) -> None:
    assert "would delete 2 answers (20 kB)" in say("prune", "--store", path, "--dry-run")
    assert "deleted 0 answers" in say("prune", "--store", path, "--older-than", "1d")
    assert "deleted 2 answers (20 kB)" in say("prune", "--store", path)
    assert "every answer is needed" in say("stats", "--store", path)


def test_indexes_of_runs_that_are_gone_go_and_others_when_they_are_old(path: str) -> None:
    with open_store(path) as store:
        own = index_folder(store)
    foreign = own.parent / "another"
    indexes = [index_path(own, "first"), index_path(own, "gone"), index_path(foreign, "whose")]
    for index in indexes:
        index.parent.mkdir(parents=True, exist_ok=True)
        index.write_bytes(b"i" * 1000)
    assert "1 index (1.0 kB)" in say("prune", "--store", path, "--dry-run")
    assert [index.exists() for index in indexes] == [True, True, True]
    say("prune", "--store", path)
    assert [index.exists() for index in indexes] == [True, False, True]
    os.utime(indexes[2], (1.0, 1.0))
    say("prune", "--store", path, "--older-than", "30d")
    assert [index.exists() for index in indexes] == [True, False, False]


def test_a_check_that_nobody_scored_cannot_be_invalidated(path: str) -> None:
    with pytest.raises(SuiteError, match="no run scored a check 'd'") as found:
        say("invalidate", "d", "--store", path)
    assert "did you mean" in str(found.value.hint) or "c" in str(found.value.hint)
    with pytest.raises(SuiteError, match="no run of suite 'x' scored"):
        say("invalidate", "c", "--suite", "x", "--store", path)
    assert json.loads(say("invalidate", "c", "--suite", "suite", "--answers", "--store", path, "--json")) == {
        "check": "c",
        "suite": "suite",
        "answers": True,
    }
    assert "scores and answers of c of suite suite" in say("stats", "--store", path)


def test_names_of_models_command_no_terminal(path: str) -> None:
    with open_store(path) as store:
        begin(store, "evil", "m\x1b[2J\n::error::")
        answer(store, "evil", "e")
        store.transition("evil", "interrupted")
    shown = say("stats", "--store", path)
    assert "\x1b" not in shown
    assert "\n::error" not in shown
