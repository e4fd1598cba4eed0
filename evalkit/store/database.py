"""The store: everything the rooms above may ask of the runs database."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from evalkit.store.answers import AnswerTables
from evalkit.store.baselines import BaselineTables
from evalkit.store.deletion import Deletion
from evalkit.store.engine import Database
from evalkit.store.progress import ProgressTable
from evalkit.store.pruning import PruningTables
from evalkit.store.reviews import ReviewTables
from evalkit.store.runs import RunTables
from evalkit.store.samples import SampleTables
from evalkit.store.scores import ScoreTables
from evalkit.store.takeover import TakeoverTables


class Store(
    RunTables,
    AnswerTables,
    SampleTables,
    ScoreTables,
    TakeoverTables,
    PruningTables,
    BaselineTables,
    ReviewTables,
    Deletion,
    ProgressTable,
):
    """An open runs database; also a context manager. Threads of one process may share it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def location(self) -> str:
        """For people: without password and options."""
        return self.database.name

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
