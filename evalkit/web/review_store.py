"""The only connections of the pages that write. They add to reviews, revisions and the events that tell of those, and
to nothing else."""

from __future__ import annotations

import re
import threading
from contextlib import closing
from typing import Any

from sqlalchemy import event

from evalkit.errors import StoreError
from evalkit.store import Store, open_store
from evalkit.store.schema import events, reviews, revisions
from evalkit.web.workbench import Workbench

NAME = "review"
ADDED_TO = "|".join(table.name for table in (reviews, revisions, events))
ALLOWED = re.compile(rf"\s*(SELECT\b|SHOW\b|BEGIN\b|INSERT INTO ({ADDED_TO})\b)", re.IGNORECASE)
_opening = threading.Lock()


def review_store(bench: Workbench) -> Store:
    """Opened when the first word is said, and closed with the workbench: a look alone never opens it."""
    with _opening:
        found = bench.others.get(NAME)
        if not isinstance(found, Store):
            found = bench.others[NAME] = open_for_reviewing(bench.url)
        return found


def open_for_reviewing(url: str) -> Store:
    store = open_store(url)
    engine = store.database.engine
    engine.dispose()  # the connection that looked at the schema is not held to what follows
    event.listen(engine, "before_cursor_execute", _refuse_all_else)
    if store.database.location.is_sqlite:
        event.listen(engine, "connect", _keep_through_a_power_cut)
    return store


def _refuse_all_else(_: Any, __: Any, statement: str, *___: Any) -> None:
    if not ALLOWED.match(statement):
        raise StoreError("only reviews can be written here", hint="this is a defect of evalkit: please report it")


def _keep_through_a_power_cut(connection: Any, _: Any) -> None:
    """What a person said cannot be asked again, as a model can; and nobody presses keys faster than a disk."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA synchronous = FULL")
