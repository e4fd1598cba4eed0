"""A run tells where it stands: now and then, what is true, and never at the run's expense."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.errors import StoreError
from evalkit.records import Word
from evalkit.runner import telling
from evalkit.runner.ask import Tally
from evalkit.runner.so_far import SoFar
from evalkit.runner.stopping import Decided
from evalkit.runner.telling import Telling
from evalkit.runner.under_way import Progress


class Kept:
    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.broken = False

    def put_progress(self, run_id: str, document: str) -> None:
        assert run_id == "r-1"
        if self.broken:
            raise StoreError("the disk is full")
        self.told.append(json.loads(document))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(telling, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    return now


def teller(kept: Kept, stopped: set[str]) -> Telling:
    gates = [SimpleNamespace(text="a.x >= 0.5", automatic=False), SimpleNamespace(text="a.coverage", automatic=True)]
    plan: Any = SimpleNamespace(cases={"a": range(40), "b": range(8)}, suite=SimpleNamespace(gates=gates))
    tables: Any = {"a": SimpleNamespace(cases=range(10)), "b": SimpleNamespace(cases=range(8))}
    store: Any = kept
    return Telling(store, "r-1", plan, tables, stopped, telling.time.monotonic())


def stands(done: float, decided: tuple[Decided, ...] = (), so_far: tuple[SoFar, ...] = ()) -> Progress:
    tally = Tally(needed=20, asked=9, reused=3, output_tokens=70)
    return Progress("s", "m", 48, done, tally, "asking", 12.3456, "2 at once", decided, 1, so_far, 34.5678, 5.6789)


def test_it_tells_once_a_second_and_nothing_of_a_short_run(clock: SimpleNamespace) -> None:
    kept = Kept()
    told = teller(kept, set())
    for clock.seconds in (100.0, 100.5, 100.99, 101.0, 101.5, 101.9, 102.1, 109.0):
        told.tell(stands(clock.seconds))
    assert [document["done"] for document in kept.told] == [101.0, 102.1, 109.0]


def test_what_nothing_may_follow_for_a_while_is_told_at_once(clock: SimpleNamespace) -> None:
    kept = Kept()
    told = teller(kept, set())
    told.tell(stands(0), at_once=True)
    told.tell(stands(1))
    assert [document["done"] for document in kept.told] == [0]


def test_it_tells_what_there_is_to_see(clock: SimpleNamespace) -> None:
    kept, stopped = Kept(), set[str]()
    told = teller(kept, stopped)
    clock.seconds += 2
    stopped.add("b")
    told.tell(stands(18, (Decided("a.x >= 0.5", Word.FAIL, 10),), (SoFar("b.y > 2", 2.5, "words", 7, holds=True),)))
    assert kept.told == [
        {
            "cases": 48,
            "done": 18,
            "stage": "asking",
            "seconds": 12.35,
            "needed": 20,
            "asked": 9,
            "reused": 3,
            "output_tokens": 70,
            "left": 34.5678,
            "speed": 5.6789,
            "traffic": "2 at once",
            "checks": [["a", 10, 40], ["b", 8, 8]],
            "stopped": ["b"],
            "gates": ["a.x >= 0.5"],
            "decided": [["a.x >= 0.5", "fail", 10]],
            "so_far": [["b.y > 2", 2.5, "words", 7, True, False]],
        }
    ]


def test_a_store_that_cannot_be_written_ends_no_run(clock: SimpleNamespace) -> None:
    kept = Kept()
    kept.broken = True
    told = teller(kept, set())
    clock.seconds += 2
    told.tell(stands(1))
    assert kept.told == []
