"""The rows of a dataset as the runs database keeps them, looked at in one pass: how long, how often, what is odd."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select

from evalkit.records import Sample
from evalkit.report.hostile import visible
from evalkit.store import Store
from evalkit.store import documents as doc
from evalkit.store.schema import samples

MOST_ROWS = 10_000
MOST_EXAMPLES = 6
MOST_VALUES = 200
LONGEST_LABEL = 80
MUCH_LONGER = 20
"""Times the median: such a prompt is worth a look."""
_signs = re.compile(r"[\W\d_]+")


@dataclass(frozen=True, slots=True)
class Oddity:
    told: str
    """What follows ``3 rows``."""
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    rows: int
    lengths: dict[str, Counter[int]]
    """Of prompts, and of references, by characters and words: how often each length occurs."""
    labels: dict[str, Counter[str]]
    oddities: tuple[Oddity, ...]


@dataclass(slots=True)
class _Look:
    prompts: dict[bytes, list[str]] = field(default_factory=dict)
    alike: dict[bytes, list[tuple[bytes, str]]] = field(default_factory=dict)
    references: dict[bytes, set[bytes]] = field(default_factory=dict)
    odd: dict[str, list[str]] = field(default_factory=dict)
    longest: list[tuple[int, str]] = field(default_factory=list)
    labels: dict[str, Counter[str] | None] = field(default_factory=dict)
    lengths: dict[str, Counter[int]] = field(default_factory=dict)
    referenced: int = 0
    unreferenced: list[str] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        prompt = "\n".join(message.content for message in sample.messages)
        self._count("prompt, characters", len(prompt))
        self._count("prompt, words", len(prompt.split()))
        for reference in sample.references:
            self._count("reference, characters", len(reference))
            self._count("reference, words", len(reference.split()))
        self.longest.append((len(prompt), sample.id))
        if not prompt.strip():
            self._note("with an empty prompt", sample)
        if any(visible(text) != text.replace("\r\n", "\n") for text in (prompt, *sample.references)):
            self._note("with characters that hide, reorder or control", sample)
        if any(not reference.strip() for reference in sample.references):
            self._note("with an empty reference", sample)
        if sample.references:
            self.referenced += 1
        else:
            self.unreferenced.append(sample.id)
        self._compare(prompt, sample)
        self._label(sample)

    def _compare(self, prompt: str, sample: Sample) -> None:
        exact = _digest(prompt)
        self.prompts.setdefault(exact, []).append(sample.id)
        self.references.setdefault(exact, set()).add(_digest("\0".join(sample.references)))
        like = _signs.sub(" ", prompt.casefold()).strip()
        if like:
            self.alike.setdefault(_digest(like), []).append((exact, sample.id))

    def _label(self, sample: Sample) -> None:
        for name, value in sample.labels.items():
            counts = self.labels.setdefault(str(name), Counter())
            written = ("yes" if value else "no") if isinstance(value, bool) else str(value)
            if counts is None or not isinstance(value, str | int | float) or len(written) > LONGEST_LABEL:
                self.labels[str(name)] = None
                continue
            counts[written] += 1
            if len(counts) > MOST_VALUES:
                self.labels[str(name)] = None

    def _count(self, name: str, length: int) -> None:
        self.lengths.setdefault(name, Counter())[length] += 1

    def _note(self, told: str, sample: Sample) -> None:
        self.odd.setdefault(told, []).append(sample.id)

    def finished(self, rows: int) -> Rows:
        labels = {
            name: counts
            for name, counts in self.labels.items()
            if counts and (len(counts) <= 12 or 2 * len(counts) <= counts.total())
        }
        return Rows(rows, self.lengths, labels, tuple(self._oddities(labels)))

    def _oddities(self, labels: dict[str, Counter[str]]) -> Iterator[Oddity]:
        for told, found in self.odd.items():
            yield _oddity(told, found)
        repeated = [names for names in self.prompts.values() if len(names) > 1]
        if repeated:
            yield _oddity("that repeat the prompt of another row", [name for names in repeated for name in names[1:]])
        torn = [
            name
            for exact, names in self.prompts.items()
            if len(names) > 1 and len(self.references[exact]) > 1
            for name in names
        ]
        if torn:
            yield _oddity("that have the same prompt and other references", torn)
        near = [name for found in self.alike.values() if len({exact for exact, _ in found}) > 1 for _, name in found]
        if near:
            yield _oddity("whose prompts differ from another in numbers and signs only", near)
        if self.referenced and self.unreferenced:
            yield _oddity("without a reference, which the others have", self.unreferenced)
        median = sorted(self.longest)[len(self.longest) // 2][0] if self.longest else 0
        far = [name for length, name in sorted(self.longest, reverse=True) if median and length > MUCH_LONGER * median]
        if far:
            yield _oddity(f"more than {MUCH_LONGER} times as long as the median of {median:,} characters", far)
        for name, counts in labels.items():
            alone = [value for value, times in counts.items() if times == 1]
            if len(counts) > 2 and alone and len(alone) < len(counts):
                listed = ", ".join(visible(value) for value in alone[:4])
                yield Oddity(f"alone with their value of '{visible(name)}': {listed}", len(alone), ())


def _oddity(told: str, found: list[str]) -> Oddity:
    return Oddity(told, len(found), tuple(found[:MOST_EXAMPLES]))


def count_rows(store: Store, fingerprint: str) -> int:
    wanted = select(func.count()).select_from(samples).where(samples.c.dataset == doc.stored_name(fingerprint))
    with store.database.reading() as connection:
        return int(connection.scalar(wanted) or 0)


def look_at_rows(store: Store, fingerprint: str, most: int = MOST_ROWS) -> Rows:
    """In the order of their ids, and no more than ``most``."""
    look, rows = _Look(), 0
    wanted = select(samples.c.id, samples.c.document).where(samples.c.dataset == doc.stored_name(fingerprint))
    with store.database.reading() as connection:
        for name, document in connection.execute(wanted.order_by(samples.c.id).limit(most)):
            look.add(doc.sample_of(doc.shown_name(name), doc.load(document)))
            rows += 1
    return look.finished(rows)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
