"""The runs database: what was asked, what was answered, how it was judged, and what became of every run.

Importing this room imports no database library; opening a store does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalkit.store.keys import Identity, request_key
from evalkit.store.rows import (
    EvidenceRow,
    FailedRequest,
    Incident,
    NewQueue,
    NewReview,
    RunCounts,
    RunEvent,
    ScoreRow,
    StoredBaseline,
    StoredQueue,
    StoredReview,
    StoredRevision,
    StoredScore,
)

if TYPE_CHECKING:
    from evalkit.store.database import Store

__all__ = [
    "DEFAULT_URL",
    "EvidenceRow",
    "FailedRequest",
    "Identity",
    "Incident",
    "NewQueue",
    "NewReview",
    "RunCounts",
    "RunEvent",
    "ScoreRow",
    "Store",
    "StoredBaseline",
    "StoredQueue",
    "StoredReview",
    "StoredRevision",
    "StoredScore",
    "open_store",
    "request_key",
]

DEFAULT_URL = ".evalkit/runs.db"


def open_store(url: str = "") -> Store:
    """Open the runs database, and make or migrate it where that is needed.

    ``url`` is a path, ``sqlite:///PATH``, ``sqlite:///:memory:`` (or ``:memory:``) or ``postgresql+pg8000://...``;
    empty means ``.evalkit/runs.db`` below the working directory. What cannot be opened raises ``StoreError`` with a
    hint; a password in the URL is never shown.
    """
    from evalkit.store.database import Store
    from evalkit.store.engine import Database

    return Store(Database.open(url or DEFAULT_URL))


def __getattr__(name: str) -> Any:
    if name == "Store":  # for annotations at run time, without paying for it at import
        from evalkit.store.database import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
