"""A dataset of a suite, from its file to samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalkit.compact import Found
from evalkit.data.contracts import Entry, Interpreter, contract_named
from evalkit.data.filters import RowFilter
from evalkit.data.identity import fingerprint, fingerprint_of
from evalkit.data.perturb.expand import expand
from evalkit.data.rows import SHOWN_PROBLEMS, BadRows, Problem, Row, column_hint
from evalkit.data.rowstore import Samples
from evalkit.data.sampling import Pool, draw
from evalkit.data.scanning import Asked, Scan
from evalkit.data.sources import source_of
from evalkit.data.spec import Dataset, DatasetSpec, FewShotSpec, PromptSpec
from evalkit.data.templates import PromptFault, PromptTemplate
from evalkit.errors import DatasetError, nearest
from evalkit.records import Message, Sample

CLUSTER_LABELS = ("cluster", "pair", "document_id")
"""Rows that share a value of the first of these that they have are not independent."""


def load(spec: DatasetSpec, base: Path) -> Dataset:
    """Reads, filters, checks, renders, samples. ``base`` is the folder that relative paths start from.

    Raises ``DatasetError`` for a file that cannot be read, has bad rows (unless ``on_error: skip``), lacks a column
    that the suite names, or has fewer than ``min_rows`` rows left.
    """
    _check_settings(spec)
    loading = _Loading(spec, base)
    loading.scan()
    return loading.dataset()


@dataclass(frozen=True, slots=True)
class Reading:
    """A dataset's rows before any are drawn, and what each asks."""

    scan: Scan
    asked: Asked


def reading_of(spec: DatasetSpec, base: Path) -> Reading:
    """The rows that ``where`` leaves, for whoever looks at a dataset and asks nothing."""
    loading = _Loading(spec, base)

    def asked(row: Row, entry: Entry) -> str:
        return "\0".join(message.content for message in loading.messages(row, entry))

    return Reading(loading.found, asked)


def _check_settings(spec: DatasetSpec) -> None:
    wrong = {
        "limit must be at least 1": spec.limit is not None and spec.limit < 1,
        "sample needs n of at least 1": spec.sample is not None and spec.sample.n < 1,
        "min_rows cannot be negative": spec.min_rows < 0,
        "few_shot needs n of at least 0": spec.prompt.few_shot.n < 0,
        f"on_error is refuse or skip, not '{spec.on_error}'": spec.on_error not in ("refuse", "skip"),
    }
    for message, is_so in wrong.items():
        if is_so:
            raise DatasetError(f"dataset '{spec.name}': {message}", where=spec.origin)


class _Loading:
    def __init__(self, spec: DatasetSpec, base: Path) -> None:
        self.spec = spec
        self.base = base
        self.template = PromptTemplate(spec.prompt.template, spec.origin) if spec.prompt.template else None
        columns = self.template.columns if self.template else None
        self.interpreter = Interpreter(
            contract_named(spec.contract, spec.origin), spec.columns, template_columns=columns
        )
        self.filter = RowFilter(spec.where, spec.origin) if spec.where.strip() else None
        self.found = Scan(source_of(spec, base), self.interpreter, self.filter)
        few_shot = spec.prompt.few_shot
        self.own_exemplars = few_shot.n > 0 and not few_shot.path
        # rows of an exemplar's cluster are not scored, which is known only at the end: then all rows are candidates
        bounded = not self.own_exemplars
        as_they_are = not (few_shot.n or spec.prompt.system or spec.perturb)
        self.pool = Pool(spec.sample if bounded else None, spec.limit if bounded else None, with_digests=as_they_are)
        self.strata: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.bad_rows = 0

    def scan(self) -> None:
        stratify = self.spec.sample.stratify if self.spec.sample else ""
        for row, entry in self.found:
            messages = self.messages(row, entry)
            if entry.faults:
                self._note(row, entry)
                continue
            sample = self._sample(row, entry, messages)
            value = row.values.get(stratify) if stratify else None
            stratum = "" if value is None else str(value)
            if self.own_exemplars and stratify:
                self.strata[sample.id] = stratum
            self.pool.offer(sample, stratum)
        self._check()

    def messages(self, row: Row, entry: Entry) -> tuple[Message, ...]:
        if entry.faults:
            return ()
        if self.template is None:
            return entry.messages or (Message("user", entry.prompt),)
        try:
            text = self.template.render(self._variables(row, entry))
        except PromptFault as fault:
            entry.faults.append(("prompt", str(fault)))
            return ()
        if not text.strip():
            entry.faults.append(("prompt", "is empty once the template is rendered"))
        return (Message("user", text),)

    def _variables(self, row: Row, entry: Entry) -> Mapping[str, Any]:
        """The row's columns as the file has them, and those that ``columns`` renames under our names too."""
        given = {name: value if row.typed or value != "" else None for name, value in row.values.items()}
        values: dict[str, Any] = dict(given)
        values.update({ours: given[theirs] for ours, theirs in self.spec.columns.items() if theirs in given})
        values["id"] = entry.id
        values["references"] = list(entry.references)
        return values

    def _sample(self, row: Row, entry: Entry, messages: tuple[Message, ...]) -> Sample:
        cluster = next((str(entry.labels[name]) for name in CLUSTER_LABELS if name in entry.labels), entry.id)
        origin = f"{self.found.file}:{row.line}"
        return Sample(entry.id, messages, entry.references, entry.labels, cluster, origin)

    def _note(self, row: Row, entry: Entry) -> None:
        self.bad_rows += 1
        for name, message in entry.faults:
            if len(self.problems) < SHOWN_PROBLEMS:
                self.problems.append(Problem(self.found.file, row.line, name, message))

    def _check(self) -> None:
        """Columns that no row has come first: they explain the problems that every row then has."""
        found = self.found
        if not found.rows:
            raise DatasetError("has no rows", where=found.file, hint="a dataset needs at least one row")
        self.interpreter.contract.check_count(found.rows, found.file)
        if found.parsed:
            self._check_columns()
        if self.filter and not found.matched:
            raise self.filter.nothing_matched(found.file)
        if self.bad_rows and (self.spec.on_error == "refuse" or not self.pool.size):
            raise BadRows(self.problems, self.bad_rows, found.rows, found.file)

    def _check_columns(self) -> None:
        known = self.found.columns
        ours = set(self.spec.columns) | {"id", "references"}
        wanted = [(theirs, f"columns maps {mine} to") for mine, theirs in self.spec.columns.items()]
        wanted += [(name, "the filter uses") for name in sorted(self.filter.columns)] if self.filter else []
        wanted += (
            [(name, "the template uses") for name in sorted(self.template.columns - ours)] if self.template else []
        )
        if self.spec.sample and self.spec.sample.stratify:
            wanted.append((self.spec.sample.stratify, "sample stratifies by"))
        for name, who in wanted:
            if name not in known:
                raise DatasetError(
                    f"{who} '{name}', a column that no row has",
                    where=self.spec.origin or self.found.file,
                    hint=f"{self.found.file}: {column_hint(name, known)}",
                )
        if self.template is None and not any(name in known for name in (*self.interpreter.prompt_sources(), "turns")):
            raise self._no_prompt(known)

    def _no_prompt(self, known: Mapping[str, None]) -> DatasetError:
        sources = self.interpreter.prompt_sources()
        close = next((name for name in known if nearest(name, sources)), next(iter(known), "NAME"))
        return DatasetError(
            f"no row has a prompt: none of the columns {', '.join(sources)}",
            where=self.found.file,
            hint=f"{column_hint('', known)}; name the one that asks with columns: {{prompt: {close}}}",
        )

    def dataset(self) -> Dataset:
        spec = self.spec
        samples, before_limit = self.pool.drawn()
        exemplars: list[Sample] = []
        if self.own_exemplars:
            exemplars = choose_exemplars(samples, spec.prompt.few_shot, self.found.file)
            taken = {sample.cluster for sample in exemplars}
            shown = {sample.messages for sample in exemplars}
            rest = Pool(spec.sample, spec.limit)
            for sample in samples:
                if sample.cluster not in taken and sample.messages not in shown:
                    rest.offer(sample, self.strata.get(sample.id, ""))
            samples, before_limit = rest.drawn()
        elif spec.prompt.few_shot.n:
            exemplars = self._exemplars_of_their_own_file(samples)
        if before_limit < max(spec.min_rows, 1):
            raise self._too_few(before_limit, len(exemplars))
        asked, unfit = expand(samples, spec.perturb, spec.name)
        finished = asked if isinstance(asked, Samples) else Samples(asked)
        if exemplars or spec.prompt.system:
            finished = Samples(replace(s, messages=conversation(spec.prompt, exemplars, s)) for s in asked)
        identity = fingerprint(finished) if finished.digests is None else fingerprint_of(finished.digests)
        finished.digests = None  # they have said what they were made for, and are thirty-two bytes a row
        return Dataset(
            spec.name,
            finished,
            identity,
            self.found.rows,
            self.bad_rows,
            tuple(self.problems),
            tuple(self.found.columns),
            tuple(sample.id for sample in exemplars),
            (*self._warnings(before_limit), *unfit),
        )

    def _warnings(self, before_limit: int) -> tuple[str, ...]:
        sample = self.spec.sample
        if sample is None or before_limit >= sample.n:
            return ()
        return (f"dataset '{self.spec.name}': sample wants {sample.n} rows; there are {before_limit}, all are taken",)

    def _exemplars_of_their_own_file(self, scored: Sequence[Sample]) -> list[Sample]:
        """Rows of that file that are not also asked: showing a question with its answer is no test."""
        few_shot = self.spec.prompt.few_shot
        prompt = PromptSpec(template=self.spec.prompt.template)
        theirs = replace(
            self.spec,
            path=few_shot.path,
            format="",
            query=None,
            transform=None,
            prompt=prompt,
            where="",
            limit=None,
            sample=None,
            min_rows=1,
            perturb=(),
        )
        asked = Found()
        for sample in scored:
            asked.append(_number(sample))
        unseen = (
            sample
            for sample in load(theirs, self.base).samples
            if not any(scored[place].messages == sample.messages for place in asked.places(_number(sample)))
        )
        return choose_exemplars(unseen, few_shot, few_shot.path)

    def _too_few(self, left: int, exemplars: int) -> DatasetError:
        parts = [f"{self.found.rows} in the file"]
        if self.filter:
            parts.append(f"{self.found.matched} match the filter")
        if self.bad_rows:
            parts.append(f"{self.bad_rows} bad ones skipped")
        if exemplars:
            parts.append(f"{exemplars} used as examples, and rows of their clusters or with their questions left out")
        return DatasetError(
            f"{left} rows are left where at least {max(self.spec.min_rows, 1)} are wanted ({', '.join(parts)})",
            where=self.found.file,
            hint="add rows, widen the filter, or lower min_rows",
        )


def _number(sample: Sample) -> int:
    return hash(sample.messages) & 0xFFFF_FFFF_FFFF_FFFF


def choose_exemplars(samples: Iterable[Sample], few_shot: FewShotSpec, file: str) -> list[Sample]:
    """The first rows of a seeded permutation that have a reference, one of each cluster."""
    drawn: dict[str, tuple[int, Sample]] = {}
    """By cluster, its draw and its first row: of the clusters so far the ``n`` with the lowest draws."""
    for sample in samples:
        if not sample.references:
            continue
        number, _ = draw("few-shot", few_shot.seed, sample)
        known = drawn.get(sample.cluster)
        if known is None and len(drawn) == few_shot.n:
            last = max(drawn, key=lambda cluster: drawn[cluster][0])
            if number >= drawn[last][0]:
                continue
            del drawn[last]
        if known is None or sample.id < known[1].id:
            drawn[sample.cluster] = number, sample
    chosen = [sample for _, sample in sorted(drawn.values(), key=lambda row: (row[0], row[1].id))]
    if len(chosen) < few_shot.n:
        raise DatasetError(
            f"few_shot wants {few_shot.n} examples; {len(chosen)} independent rows have a reference and are not asked",
            where=file,
            hint="lower few_shot.n, or add rows with references",
        )
    return chosen


def conversation(prompt: PromptSpec, exemplars: Sequence[Sample], sample: Sample) -> tuple[Message, ...]:
    """System text, worked examples, then what the row asks. A row that brings a system message keeps its own."""
    own = sample.messages
    system = own[:1] if own[0].role == "system" else (Message("system", prompt.system),) if prompt.system else ()
    worked: list[Message] = []
    for example in exemplars:
        worked += [message for message in example.messages if message.role != "system"]
        worked.append(Message("assistant", example.references[0]))
    return (*system, *worked, *(own[1:] if own[0].role == "system" else own))
