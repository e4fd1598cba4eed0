"""Dataset rows as they were asked, kept once per content: reports can show them when the file is long gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import bindparam, select

from evalkit.records import Sample
from evalkit.store import documents as doc
from evalkit.store.engine import AT_ONCE, Database, in_chunks
from evalkit.store.schema import samples

MOST_CHARACTERS = 4_000_000
"""Of rows that are held and written together: long ones are fewer."""

_any_of = select(samples.c.id).where(samples.c.dataset == bindparam("dataset")).limit(1)
_by_ids = samples.c.id.in_(bindparam("ids", expanding=True))


class SampleTables:
    database: Database

    def put_samples(self, dataset_fingerprint: str, rows: Iterable[Sample]) -> int:
        """Keep what is not kept yet; the number of new rows. The same rows again cost a look-up.

        Rows are told apart by id: the fingerprint vouches that equal ids have equal content. In the order of
        their ids they are written fastest: each goes where the one before it went.
        """
        dataset, added = doc.stored_name(dataset_fingerprint), 0
        held = select(samples.c.id).where(samples.c.dataset == dataset, _by_ids)
        with self.database.reading() as connection:
            is_new = connection.scalar(_any_of, {"dataset": dataset}) is None
        for chunk in _handfuls(rows):
            named = {doc.stored_name(sample.id): sample for sample in chunk}
            present: set[str] = set()
            if not is_new:
                with self.database.reading() as connection:
                    present = set(connection.scalars(held, {"ids": list(named)}))
            new = [
                {"dataset": dataset, "id": name, "document": doc.sample_document(sample)}
                for name, sample in named.items()
                if name not in present
            ]
            if new:
                with self.database.writing() as connection:
                    self.database.put(connection, samples, new, "keep")
                added += len(new)
        return added

    def get_samples(self, dataset_fingerprint: str, ids: Iterable[str]) -> dict[str, Sample]:
        """By id; ids that are not kept are absent."""
        dataset, found = doc.stored_name(dataset_fingerprint), {}
        query = select(samples.c.id, samples.c.document).where(samples.c.dataset == dataset, _by_ids)
        with self.database.reading() as connection:
            for chunk in in_chunks(dict.fromkeys(map(doc.stored_name, ids))):
                for name, document in connection.execute(query, {"ids": chunk}):
                    identifier = doc.shown_name(name)
                    found[identifier] = doc.sample_of(identifier, doc.load(document))
        return found


def _handfuls(rows: Iterable[Sample]) -> Iterator[list[Sample]]:
    some: list[Sample] = []
    size = 0
    for row in rows:
        some.append(row)
        size += sum(len(message.content) for message in row.messages)
        size += sum(len(text) for text in (*row.references, *row.labels.values()) if isinstance(text, str))
        if len(some) >= AT_ONCE or size >= MOST_CHARACTERS:
            yield some
            some, size = [], 0
    if some:
        yield some
