"""Indexes are filled beside the pages: by one thread, the run that somebody looks at first."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass

from evalkit.errors import EvalkitError
from evalkit.results import Result, Run
from evalkit.runner.document import from_json
from evalkit.store import Store
from evalkit.web.browse.file import INDEXING, LISTING, IndexFile, Outdated, TooLong, checks_of, phase_of
from evalkit.web.browse.filling import Fill
from evalkit.web.browse.place import discard_others, index_folder, index_path

PAUSE = 0.003
"""Seconds between two steps, for pages that are asked for meanwhile."""
STEPS_IN_A_ROW = 20
"""Before a run that was asked for later gets its turn."""


@dataclass(frozen=True, slots=True)
class Progress:
    phase: str
    cases: int
    """That the run judged, as far as it says so."""
    listed: int
    indexed: int
    problem: str = ""
    """Why it does not go on."""

    @property
    def searchable(self) -> bool:
        """All cases can be found; what is left is tidying."""
        return self.phase not in {LISTING, INDEXING}


class Indexer:
    """Of one runs database. ``close`` ends its thread; a step that is under way ends first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = index_folder(store)
        self._turn = threading.Condition()
        self._wanted: dict[str, Run] = {}
        self._done: set[str] = set()
        self._problems: dict[str, str] = {}
        self._closing = False
        self._thread: threading.Thread | None = None

    def file_of(self, run: Run) -> IndexFile:
        return IndexFile(index_path(self._folder, run.id), run.id, run.finished)

    def want(self, run: Run) -> IndexFile:
        """The run's file, which is filled from now on if it is not full."""
        file = self.file_of(run)
        with self._turn:
            if run.id in self._done and not file.path.is_file():  # somebody emptied the cache
                self._done.discard(run.id)
            if run.id not in self._done and not self._closing:
                self._wanted.pop(run.id, None)
                self._wanted[run.id] = run
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="index of answers", daemon=True)
                    self._thread.start()
                self._turn.notify()
        return file

    def again(self, run: Run) -> None:
        """The file turned out to be damaged or outdated: it is looked at anew."""
        with self._turn:
            self._done.discard(run.id)
        self.want(run)

    def progress(self, run: Run, result: Result) -> Progress:
        cases = sum(check.counts.planned for check in result.checks)
        problem = self._problems.get(run.id, "")
        try:
            with self.file_of(run).reading() as connection:
                checks = checks_of(connection)
                phase = phase_of(connection)
        except (Outdated, TooLong):
            return Progress(LISTING, cases, 0, 0, problem)
        listed, indexed = sum(check.listed for check in checks), sum(check.indexed for check in checks)
        return Progress(phase, max(cases, listed), listed, indexed, problem)

    def wait(self, seconds: float) -> bool:
        """Until nothing is left to fill; for tests and for whoever asks first of a small run."""
        with self._turn:
            return self._turn.wait_for(lambda: not self._wanted or self._closing, seconds)

    def close(self) -> None:
        with self._turn:
            self._closing = True
            self._turn.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=10)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        with suppress(EvalkitError, OSError):  # old files take space; nothing else is wrong with them
            discard_others(self._folder, [run.id for run in self._store.list_runs()])
        fills: dict[str, Fill] = {}
        while (run := self._next()) is not None:
            try:
                fill = fills.get(run.id) or self._fill(run)
                fills[run.id] = fill
                more = self._steps(fill)
            except (EvalkitError, sqlite3.Error, OSError, Outdated) as error:
                self._problems[run.id] = getattr(error, "message", "") or str(error)
                more = False
                failed = True
            else:
                failed = False
            if not more:
                fills.pop(run.id, None)
                self._ended(run, failed=failed)

    def _next(self) -> Run | None:
        """The run that was asked for last."""
        with self._turn:
            self._turn.wait_for(lambda: self._wanted or self._closing)
            return None if self._closing else next(reversed(self._wanted.values()))

    def _fill(self, run: Run) -> Fill:
        return Fill(self.file_of(run), self._store, from_json(self._store.get_result(run.id)))

    def _steps(self, fill: Fill) -> bool:
        for _ in range(STEPS_IN_A_ROW):
            if not fill.step():
                return False
            with self._turn:
                if self._turn.wait_for(lambda: self._closing, PAUSE):
                    return True
        return True

    def _ended(self, run: Run, *, failed: bool) -> None:
        with self._turn:
            self._wanted.pop(run.id, None)
            if not failed:
                self._problems.pop(run.id, None)
                self._done.add(run.id)
            self._turn.notify_all()
