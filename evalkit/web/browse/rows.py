"""The rows of a dataset as the runs database keeps them, looked at in one pass: how long, how often, what is odd."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from evalkit.data.alike import Alike
from evalkit.metrics.language import detect
from evalkit.records import Sample
from evalkit.report.hostile import visible
from evalkit.store import Store
from evalkit.store import documents as doc
from evalkit.store.schema import samples

MOST_ROWS = 10_000
MOST_VALUES = 200
LONGEST_LABEL = 80
MUCH_LONGER = 20
"""Times the median: such a prompt is worth a look."""
_signs = re.compile(r"[\W\d_]+")
_misread = re.compile("[ÃÂ][\u0080-\u00bf]|â€|ï»¿|\ufffd|\ufeff")
"""What UTF-8 looks like when it was read as something else, and what stands for signs that could not be read."""


ODDITIES = {
    "empty": ("with an empty prompt", "Fill the column that the prompt is made of, or leave these rows out (where:)."),
    "leaked": (
        "asked here and shown as a worked example before other rows",
        "Take the examples from a file of their own (few_shot: path), or leave these rows out.",
    ),
    "repeated": ("that repeat the prompt of another row", "Leave all but one out: they count as if they were several."),
    "torn": (
        "that have the same prompt and other references",
        "Put all references into one row: else one of them must be answered wrongly.",
    ),
    "near": (
        "whose prompts say nearly the same as an earlier row's",
        "Leave them out, or give them one cluster, so that intervals know that they are not independent.",
    ),
    "numbers": (
        "whose prompts differ from another in numbers and signs only",
        "Where one template made them, give them one cluster: they are not independent.",
    ),
    "unanswered": ("with an empty reference", "Remove the empty reference, or say what is expected."),
    "unreferenced": ("without a reference, which the others have", "Add one, or leave these rows out of such checks."),
    "hidden": (
        "with characters that hide, reorder or control",
        "Look at them: they are rarely meant, and models read them.",
    ),
    "misread": (
        "with signs of a wrong encoding",
        "Write the file anew as UTF-8; it was read as another encoding once.",
    ),
    "composed": (
        "not in Unicode's normal form (NFC)",
        "Normalize the file: an exact match fails on letters that look the same.",
    ),
    "long": ("much longer than the others", "See that the model's context holds them, or cut them."),
    "rare": (
        "alone with the value of a label",
        "See that it is no typing error: an interval of one case says nothing.",
    ),
}
"""What follows ``Rows``, and what to do, by what tells them apart."""


@dataclass(frozen=True, slots=True)
class Oddity:
    kind: str
    """Of ``ODDITIES``."""
    told: str
    rows: tuple[str, ...]
    """Their ids."""

    @property
    def advice(self) -> str:
        return ODDITIES[self.kind][1]


@dataclass(frozen=True, slots=True)
class Rows:
    rows: int
    lengths: dict[str, Counter[int]]
    """Of prompts, and of references, by characters and words: how often each length occurs."""
    labels: dict[str, Counter[str]]
    languages: Counter[str]
    oddities: tuple[Oddity, ...]


@dataclass(slots=True)
class _Look:
    ids: list[str] = field(default_factory=list)
    prompts: dict[bytes, list[str]] = field(default_factory=dict)
    alike: dict[bytes, list[tuple[bytes, str]]] = field(default_factory=dict)
    near: Alike = field(default_factory=Alike)
    last: list[bytes] = field(default_factory=list)
    """Of each row what it asks at its end."""
    earlier: dict[bytes, set[str]] = field(default_factory=dict)
    """What is asked before the end of rows, and in which."""
    references: dict[bytes, set[bytes]] = field(default_factory=dict)
    odd: dict[str, list[str]] = field(default_factory=dict)
    longest: list[tuple[int, str]] = field(default_factory=list)
    labels: dict[str, Counter[str] | None] = field(default_factory=dict)
    rare: dict[str, dict[str, str]] = field(default_factory=dict)
    """By label and value the first row that has it."""
    lengths: dict[str, Counter[int]] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    referenced: int = 0
    unreferenced: list[str] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        self.ids.append(sample.id)
        prompt = "\n".join(message.content for message in sample.messages)
        self._measure(prompt, sample)
        self._note_texts(prompt, sample)
        self._compare(prompt, sample)
        self._label(sample)

    def _measure(self, prompt: str, sample: Sample) -> None:
        self._count("prompt, characters", len(prompt))
        self._count("prompt, words", len(prompt.split()))
        for reference in sample.references:
            self._count("reference, characters", len(reference))
            self._count("reference, words", len(reference.split()))
        self.longest.append((len(prompt), sample.id))
        self.languages[detect(sample.messages[-1].content if sample.messages else "").code] += 1

    def _note_texts(self, prompt: str, sample: Sample) -> None:
        texts = (prompt, *sample.references)
        if not prompt.strip():
            self._note("empty", sample)
        if any(visible(text) != text.replace("\r\n", "\n") for text in texts):
            self._note("hidden", sample)
        if any(_misread.search(text) for text in texts):
            self._note("misread", sample)
        if not all(unicodedata.is_normalized("NFC", text) for text in texts):
            self._note("composed", sample)
        if any(not reference.strip() for reference in sample.references):
            self._note("unanswered", sample)
        if sample.references:
            self.referenced += 1
        else:
            self.unreferenced.append(sample.id)

    def _compare(self, prompt: str, sample: Sample) -> None:
        exact = _digest(prompt)
        self.prompts.setdefault(exact, []).append(sample.id)
        self.references.setdefault(exact, set()).add(_digest("\0".join(sample.references)))
        like = _signs.sub(" ", prompt.casefold()).strip()
        if like:
            self.alike.setdefault(_digest(like), []).append((exact, sample.id))
        self.near.add(prompt)
        asked = [_digest(message.content.strip()) for message in sample.messages if message.role == "user"]
        self.last.append(asked[-1] if asked else b"")
        for one in asked[:-1]:
            self.earlier.setdefault(one, set()).add(sample.id)

    def _label(self, sample: Sample) -> None:
        for name, value in sample.labels.items():
            counts = self.labels.setdefault(str(name), Counter())
            written = ("yes" if value else "no") if isinstance(value, bool) else str(value)
            if counts is None or not isinstance(value, str | int | float) or len(written) > LONGEST_LABEL:
                self.labels[str(name)] = None
                continue
            counts[written] += 1
            self.rare.setdefault(str(name), {}).setdefault(written, sample.id)
            if len(counts) > MOST_VALUES:
                self.labels[str(name)] = None

    def _count(self, name: str, length: int) -> None:
        self.lengths.setdefault(name, Counter())[length] += 1

    def _note(self, kind: str, sample: Sample) -> None:
        self.odd.setdefault(kind, []).append(sample.id)

    def finished(self) -> Rows:
        labels = {
            name: counts
            for name, counts in self.labels.items()
            if counts and (len(counts) <= 12 or 2 * len(counts) <= counts.total())
        }
        found = {kind: self.odd[kind] for kind in ODDITIES if kind in self.odd}
        found |= {kind: names for kind, names in self._compared() if names}
        ordered = [Oddity(kind, ODDITIES[kind][0], tuple(found[kind])) for kind in ODDITIES if kind in found]
        return Rows(len(self.ids), self.lengths, labels, self.languages, (*ordered, *self._far(), *self._alone(labels)))

    def _compared(self) -> Iterator[tuple[str, list[str]]]:
        """What a row is beside the others."""
        yield (
            "leaked",
            [name for name, end in zip(self.ids, self.last, strict=True) if self.earlier.get(end, set()) - {name}],
        )
        several = {exact: names for exact, names in self.prompts.items() if len(names) > 1}
        yield "repeated", [name for names in several.values() for name in names[1:]]
        yield "torn", [name for exact, names in several.items() if len(self.references[exact]) > 1 for name in names]
        numbers = [name for found in self.alike.values() if len({exact for exact, _ in found}) > 1 for _, name in found]
        yield "numbers", numbers
        told = {*numbers, *(name for names in several.values() for name in names)}
        yield "near", [name for place, _ in self.near.pairs() if (name := self.ids[place]) not in told]
        yield "unreferenced", self.unreferenced if self.referenced else []

    def _far(self) -> Iterator[Oddity]:
        median = sorted(self.longest)[len(self.longest) // 2][0] if self.longest else 0
        far = [name for length, name in sorted(self.longest, reverse=True) if median and length > MUCH_LONGER * median]
        if far:
            told = f"more than {MUCH_LONGER} times as long as the median of {median:,} characters"
            yield Oddity("long", told, tuple(far))

    def _alone(self, labels: dict[str, Counter[str]]) -> Iterator[Oddity]:
        for name, counts in labels.items():
            alone = [value for value, times in counts.items() if times == 1]
            if len(counts) > 2 and alone and len(alone) < len(counts):
                listed = ", ".join(visible(value) for value in alone[:4])
                rows = tuple(self.rare[name][value] for value in alone)
                yield Oddity("rare", f"alone with their value of '{visible(name)}': {listed}", rows)


def count_rows(store: Store, fingerprint: str) -> int:
    wanted = select(func.count()).select_from(samples).where(samples.c.dataset == doc.stored_name(fingerprint))
    with store.database.reading() as connection:
        return int(connection.scalar(wanted) or 0)


def look_at_rows(store: Store, fingerprint: str, most: int = MOST_ROWS) -> Rows:
    """In the order of their ids, and no more than ``most``."""
    look = _Look()
    wanted = select(samples.c.id, samples.c.document).where(samples.c.dataset == doc.stored_name(fingerprint))
    with store.database.reading() as connection:
        for name, document in connection.execute(wanted.order_by(samples.c.id).limit(most)):
            look.add(doc.sample_of(doc.shown_name(name), doc.load(document)))
    return look.finished()


def rows_named(store: Store, fingerprint: str, names: Sequence[str]) -> dict[str, Sample]:
    """Some rows of a dataset by their ids."""
    wanted = select(samples.c.id, samples.c.document).where(
        samples.c.dataset == doc.stored_name(fingerprint), samples.c.id.in_([doc.stored_name(name) for name in names])
    )
    with store.database.reading() as connection:
        found = connection.execute(wanted).all()
    named = ((doc.shown_name(name), document) for name, document in found)
    return {name: doc.sample_of(name, doc.load(document)) for name, document in named}


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
