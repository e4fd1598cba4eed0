"""What may become of a run, who holds it, and how people name it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from evalkit.errors import RunNotFound, StoreError
from evalkit.records import Answer, Case, FailureKind, Generate, Message, Request, Sample, Score
from evalkit.results import Run
from evalkit.store import Identity, ScoreRow, Store, lease, open_store, request_key

NEW = Run("r-1", "quality", "mock:echo", "planned", "2026-01-02T03:04:05+00:00", "suite-f", "model-f")
STATES = ("planned", "running", "finished", "interrupted", "failed")


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store(":memory:") as opened:
        yield opened


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("evalkit.store.runs.time", made)
    monkeypatch.setattr("evalkit.store.answers.time", made)
    monkeypatch.setattr("evalkit.store.scores.time", made)
    monkeypatch.setattr("evalkit.store.deletion.time", made)
    monkeypatch.setattr("evalkit.store.trash.time", made)
    return made


def become_another_process(monkeypatch: pytest.MonkeyPatch, process: int = 1) -> None:
    """Process 1 is always alive."""
    monkeypatch.setattr(lease, "holder", lambda: f"another process {process}")
    monkeypatch.setattr("os.getpid", lambda: process)


def bring_to(store: Store, state: str, run: Run = NEW) -> None:
    store.create_run(run)
    if state != "planned":
        store.transition(run.id, "running")
    if state == "finished":
        store.finish(run.id, "{}")
    elif state in {"interrupted", "failed"}:
        store.transition(run.id, state)


def test_a_run_comes_back_as_it_was_made(store: Store) -> None:
    run = replace(
        NEW,
        datasets={"qa": "data-f"},
        environment={"python": "3.11", "packages": {"numpy": "2"}},
        options={"limit": 5, "only": ["a"]},
        partial=True,
        continues="r-0",
    )
    store.create_run(run)
    assert store.get_run("r-1") == run


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", ["planned", "running", "interrupted", "failed", "nonsense"])
def test_only_the_transitions_of_the_design_are_possible(store: Store, before: str, after: str) -> None:
    allowed = {
        ("planned", "running"),
        ("running", "interrupted"),
        ("running", "failed"),
        ("interrupted", "running"),
        ("failed", "running"),
    }
    bring_to(store, before)
    if (before, after) in allowed:
        store.transition("r-1", after, cause="test")
        assert store.get_run("r-1").state == after
    else:
        with pytest.raises(StoreError, match="cannot become"):
            store.transition("r-1", after)
        assert store.get_run("r-1").state == before


@pytest.mark.parametrize("before", ["planned", "interrupted", "failed", "finished"])
def test_only_a_running_run_can_be_finished(store: Store, before: str) -> None:
    bring_to(store, before)
    with pytest.raises(StoreError, match="cannot become finished"):
        store.finish("r-1", '{"other": 1}')


def test_a_run_is_finished_with_its_result_or_not_at_all(store: Store) -> None:
    bring_to(store, "running")
    with pytest.raises(StoreError, match="result"):
        store.transition("r-1", "finished")
    with pytest.raises(RunNotFound, match="no result yet"):
        store.get_result("r-1")
    store.finish("r-1", '{"word": "good"}', outcome="good enough")
    assert store.get_result("r-1") == '{"word": "good"}'
    assert store.outcomes(["r-1", "r-2"]) == {"r-1": "good enough"}
    assert store.get_run("r-1").finished


def test_every_change_is_noted_with_its_cause(store: Store) -> None:
    bring_to(store, "running")
    store.transition("r-1", "failed", cause="out of memory")
    changes = [(event.before, event.after, event.cause) for event in store.events("r-1")]
    assert changes == [("", "planned", "created"), ("planned", "running", ""), ("running", "failed", "out of memory")]


def test_a_run_begins_planned_or_running_and_ids_are_unique(store: Store) -> None:
    with pytest.raises(StoreError, match="planned or running"):
        store.create_run(replace(NEW, state="finished"))
    store.create_run(NEW)
    with pytest.raises(StoreError, match="already"):
        store.create_run(NEW)
    with pytest.raises(StoreError, match="id"):
        store.create_run(replace(NEW, id=""))


# --- the lease --------------------------------------------------------------------------------------------------------


def test_a_run_that_was_not_heard_of_for_a_minute_reads_as_interrupted(store: Store, clock: Clock) -> None:
    bring_to(store, "running")
    clock.now += 60
    assert store.get_run("r-1").state == "running"
    clock.now += 1
    assert store.get_run("r-1").state == "interrupted"
    assert store.list_runs()[0].state == "interrupted"


def test_heartbeats_and_writes_keep_a_run_alive(store: Store, clock: Clock) -> None:
    bring_to(store, "running")
    request = Request(Generate((Message("user", "Hi"),)))
    for keep_alive in (
        lambda: store.heartbeat("r-1"),
        lambda: store.put_answers("r-1", [("k", request, Answer("Ho"))]),
        lambda: store.put_scores("r-1", [ScoreRow("c", Case("1", (Sample("1", ()),)), 0, [], Score())]),
    ):
        clock.now += 59
        keep_alive()
        clock.now += 59
        assert store.get_run("r-1").state == "running"


def test_a_run_whose_process_is_dead_reads_as_interrupted_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    become_another_process(monkeypatch, child)
    bring_to(store, "running")
    monkeypatch.undo()
    assert store.get_run("r-1").state == "interrupted"


def test_a_process_of_another_host_is_given_its_minute(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "host", lambda: "elsewhere")
    become_another_process(monkeypatch, 2**22 + 1)  # no such process here, which says nothing about elsewhere
    bring_to(store, "running")
    monkeypatch.setattr(lease, "host", lambda: "here")
    assert store.get_run("r-1").state == "running"
    clock.now += 61
    assert store.get_run("r-1").state == "interrupted"


def test_a_run_that_another_living_process_makes_is_not_touched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as there:
        become_another_process(there)
        bring_to(store, "running")
    for touch in (
        lambda: store.transition("r-1", "interrupted"),
        lambda: store.transition("r-1", "running"),
        lambda: store.finish("r-1", "{}"),
    ):
        with pytest.raises(StoreError, match="being made by process 1 "):
            touch()
    with pytest.raises(StoreError, match="no longer made by this process"):
        store.heartbeat("r-1")
    with pytest.raises(StoreError, match="being made"):
        store.delete_run("r-1")


def test_a_silent_run_that_is_deleted_and_restored_falls_silent_once(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_to(store, "running")
    clock.now += 61
    become_another_process(monkeypatch)
    store.trash_run("r-1")
    store.restore_run("r-1")
    store.transition("r-1", "running", cause="resumed")
    changes = [(event.before, event.after) for event in store.events("r-1")]
    assert changes[2:] == [
        ("running", "interrupted"),
        ("interrupted", "deleted"),
        ("deleted", "interrupted"),
        ("interrupted", "running"),
    ]


def test_a_run_is_taken_over_when_its_lease_expired_and_the_old_holder_learns_of_it(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_to(store, "running")
    clock.now += 61
    with monkeypatch.context() as there:
        become_another_process(there)
        store.transition("r-1", "running", cause="resumed")
    changes = [(event.before, event.after) for event in store.events("r-1")]
    assert changes[-2:] == [("running", "interrupted"), ("interrupted", "running")]
    with pytest.raises(StoreError, match="no longer made by this process"):
        store.heartbeat("r-1")
    with pytest.raises(StoreError, match="being made by process 1 "):
        store.finish("r-1", "{}")


def test_a_holder_that_was_silent_for_long_may_still_end_what_it_began(store: Store, clock: Clock) -> None:
    bring_to(store, "running")
    clock.now += 3600
    store.heartbeat("r-1")
    clock.now += 3600
    store.finish("r-1", "{}")
    assert store.get_run("r-1").state == "finished"


# --- finding ----------------------------------------------------------------------------------------------------------


def make(store: Store, *names: str, suite: str = "quality") -> None:
    for name in names:
        store.create_run(replace(NEW, id=name, suite=suite))


def test_runs_are_named_by_id_prefix_last_and_last_of_a_suite(store: Store) -> None:
    make(store, "2026-quality-aa", "2026-quality-ab")
    make(store, "2026-safety-ba", suite="safety")
    assert store.get_run("2026-quality-aa").id == "2026-quality-aa"
    assert store.get_run("2026-s").id == "2026-safety-ba"
    assert store.get_run("last").id == "2026-safety-ba"
    assert store.get_run("last:quality").id == "2026-quality-ab"
    assert store.get_run("last", suite="quality").id == "2026-quality-ab"


def test_a_whole_id_wins_over_being_a_prefix(store: Store) -> None:
    make(store, "run", "run-2")
    assert store.get_run("run").id == "run"


def test_an_ambiguous_prefix_lists_what_it_may_mean(store: Store) -> None:
    make(store, *[f"run-{number}" for number in range(7)])
    with pytest.raises(RunNotFound, match=r"run-6, run-5, run-4, run-3, run-2, \.\.\."):
        store.get_run("run")


@pytest.mark.parametrize("name", ["RUN", "r_n", "r%", "", "%"])
def test_a_prefix_is_taken_literally(store: Store, name: str) -> None:
    make(store, "run-1")
    with pytest.raises(RunNotFound, match="no run has the id"):
        store.get_run(name)


def test_an_unknown_run_suggests_the_nearest(store: Store) -> None:
    make(store, "quality-7f3a")
    with pytest.raises(RunNotFound, match="did you mean 'quality-7f3a'"):
        store.get_run("qualty-7f3a")


def test_last_without_runs_says_how_to_make_one(store: Store) -> None:
    with pytest.raises(RunNotFound, match="evalkit run"):
        store.get_run("last")
    make(store, "r", suite="safety")
    with pytest.raises(RunNotFound, match="did you mean 'safety'"):
        store.get_run("last:saftey")
    with pytest.raises(RunNotFound, match="no finished run"):
        store.get_run("last", finished=True)


def test_runs_are_listed_newest_first(store: Store) -> None:
    make(store, "a", "b")
    make(store, "c", suite="safety")
    assert [run.id for run in store.list_runs()] == ["c", "b", "a"]
    assert [run.id for run in store.list_runs("quality", limit=1)] == ["b"]


def test_unknown_runs_are_errors_everywhere(store: Store) -> None:
    for touch in (
        lambda: store.transition("ghost", "running"),
        lambda: store.heartbeat("ghost"),
        lambda: store.finish("ghost", "{}"),
        lambda: store.get_result("ghost"),
        lambda: store.delete_run("ghost"),
        lambda: store.put_scores("ghost", [ScoreRow("c", Case("1", (Sample("1", ()),)), 0, [], Score())]),
    ):
        with pytest.raises(RunNotFound, match="no run has the id 'ghost'"):
            touch()


def test_the_newest_interrupted_or_failed_run_of_the_same_kind_is_resumed(store: Store) -> None:
    options = {"limit": 5, "seed": 0}
    for name, state in (("a", "failed"), ("b", "interrupted"), ("c", "finished"), ("d", "running"), ("e", "planned")):
        bring_to(store, state, replace(NEW, id=name, options=options))
    bring_to(store, "failed", replace(NEW, id="other-model", model_fingerprint="other", options=options))
    bring_to(store, "failed", replace(NEW, id="other-options", options={"limit": 6, "seed": 0}))
    found = store.find_resumable("suite-f", "model-f", {"seed": 0, "limit": 5})
    assert found is not None
    assert found.id == "b"
    assert store.find_resumable("suite-f", "nobody", options) is None


def test_a_run_whose_process_vanished_can_be_resumed(store: Store, clock: Clock) -> None:
    bring_to(store, "running")
    assert store.find_resumable("suite-f", "model-f") is None
    clock.now += 61
    found = store.find_resumable("suite-f", "model-f")
    assert found is not None
    assert (found.id, found.state) == ("r-1", "interrupted")


def test_counts_say_what_a_run_left(store: Store) -> None:
    bring_to(store, "running")
    request = Request(Generate((Message("user", "Hi"),)))
    key = request_key(request, Identity("f", "1"))
    store.put_answers("r-1", [(key, request, Answer("a"))])
    store.put_answers("r-1", [(key, request, Answer("b"))])
    store.put_answers("r-1", [("other", request, Answer.failed(FailureKind.TIMEOUT, "slow"))] * 3)
    store.put_scores("r-1", [ScoreRow("c", Case("1", (Sample("1", ()),)), 0, [key], Score())])
    counts = store.counts("r-1")
    assert (counts.answers, counts.attempts, counts.incidents, counts.scores) == (1, 3, 1, 1)


def test_processes_are_alive_dead_or_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    def say(error: type[OSError] | None) -> None:
        def kill(process: int, signal: int) -> None:
            assert signal == 0
            if error:
                raise error

        monkeypatch.setattr("os.kill", kill)

    for error, held in ((None, True), (ProcessLookupError, False), (PermissionError, True)):
        say(error)
        assert lease.is_held(lease.host(), 7, heartbeat=0, now=1) is held


def test_windows_is_never_asked_by_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signal 0 is Ctrl-C there."""
    monkeypatch.setattr("os.kill", lambda *_: pytest.fail("a signal was sent"))
    monkeypatch.setattr(lease, "os", SimpleNamespace(name="nt"))
    assert lease.is_held(lease.host(), 7, heartbeat=0, now=1)


def test_a_host_without_process_namespaces_goes_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "readlink", fail)
    lease.host.cache_clear()
    try:
        assert lease.host() == socket.gethostname()
    finally:
        lease.host.cache_clear()
