"""Where runs under way stand, as they tell it themselves: one row a run, replaced every second or so."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sqlalchemy import select

from evalkit.store import documents as doc
from evalkit.store.engine import Database, in_chunks
from evalkit.store.runs import renew_lease
from evalkit.store.schema import progress


class ProgressTable:
    database: Database

    def put_progress(self, run_id: str, document: str) -> None:
        """In place of what was told before. A run that is no longer this process's tells nothing."""
        maker = doc.stored_name(run_id)
        row = {"run_id": maker, "document": doc.without_nul(document, "progress")}
        with self.database.writing() as connection:
            if renew_lease(connection, maker, time.time()):
                self.database.put(connection, progress, [row], "replace")

    def get_progress(self, run_ids: Iterable[str]) -> dict[str, str]:
        """What these runs told last; a short run tells nothing."""
        found = select(progress.c.run_id, progress.c.document)
        with self.database.reading() as connection:
            return {
                doc.shown_name(name): document
                for names in in_chunks(map(doc.stored_name, run_ids))
                for name, document in connection.execute(found.where(progress.c.run_id.in_(names)))
            }
