"""Scores on their way into the store: several blocks in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from evalkit.errors import StoreError
from evalkit.runner.ask import FLUSH_SECONDS
from evalkit.store import EvidenceRow, ScoreRow, Store

ROWS_AT_ONCE = 512
"""Judgements in one transaction: what is held in memory until then, and what a kill makes a run judge again."""


class ScoreKeeper:
    """Collects finished blocks and stores them, at the latest with the first block that ends two seconds after the last
    time, and whenever the run ends or is interrupted. A kill loses no answer by it: a run that goes on judges all its
    answers anew."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._rows: list[ScoreRow] = []
        self._evidence: list[EvidenceRow] = []
        self._stored_at = time.monotonic()

    def add(self, rows: Sequence[ScoreRow], evidence: Iterable[EvidenceRow]) -> None:
        """A block that is finished."""
        self._rows += rows
        self._evidence += evidence
        if len(self._rows) >= ROWS_AT_ONCE or time.monotonic() - self._stored_at >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        rows, evidence = self._rows, self._evidence
        self._rows, self._evidence = [], []
        if rows or evidence:
            self._store.put_scores(self._run_id, rows, evidence)
        self._stored_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.flush()
        else:
            with suppress(StoreError):  # what ended the run is said, and not that its last scores could not be kept
                self.flush()
