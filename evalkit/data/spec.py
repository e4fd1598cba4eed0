"""What a suite says about a dataset, and what reading it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalkit.data.contracts import Contract
from evalkit.data.rows import Problem
from evalkit.records import Sample


@dataclass(frozen=True, slots=True)
class FewShotSpec:
    """Worked examples put before each question as user and assistant turns."""

    n: int = 0
    path: str = ""
    """A file of their own; otherwise rows of the dataset, which are then not scored."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PromptSpec:
    system: str = ""
    template: str = ""
    """Sandboxed Jinja2 over the row's columns; empty: the prompt column as it is."""
    few_shot: FewShotSpec = FewShotSpec()


@dataclass(frozen=True, slots=True)
class SampleSpec:
    n: int
    stratify: str = ""
    """A column: each of its values keeps its share of the rows."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PerturbSpec:
    """One entry of ``perturb``: which perturbation, and what the suite says of it."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class QuerySpec:
    """A query of DuckDB over files."""

    sql: str
    folder: str
    """What relative names of files start from, and whose files it may read."""
    reads: tuple[str, ...] = ()
    """Further folders whose files it may read."""
    contract: Contract | None = None
    """What it must give."""
    functions: Callable[[], Mapping[str, tuple[Callable[..., Any], tuple[str, ...], str]]] = dict
    """That it may call: by name what is called, with which types, and the type it gives."""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class TransformSpec:
    """A function in a Python file: from rows to rows."""

    path: str
    function: str
    trusted: bool = False
    """Whether the person said that it may run."""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    name: str
    path: str = ""
    """A file, a folder written by ``save_to_disk``, or ``hub:ORG/NAME@REV?split=test&config=main``."""
    format: str = ""
    """Empty: from the suffix."""
    query: QuerySpec | None = None
    """In place of a path."""
    transform: TransformSpec | None = None
    """What becomes of rows before anything else looks at them."""
    contract: str | Contract = "evalkit"
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our name to theirs: ``{prompt: question}``."""
    prompt: PromptSpec = PromptSpec()
    where: str = ""
    limit: int | None = None
    """The first rows of the file: the one setting that depends on their order. ``sample`` does not."""
    sample: SampleSpec | None = None
    min_rows: int = 1
    """Fewer rows than this, after ``where`` and ``sample`` and before ``limit``, are an error."""
    on_error: str = "refuse"
    """``refuse`` a file with a bad row, or ``skip`` such rows and count them."""
    perturb: tuple[PerturbSpec, ...] = ()
    """What further samples are made of every one that is asked, after ``sample`` and ``limit``."""
    origin: str = ""
    """Where the suite says this (``suite.yaml:7``), for messages."""


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    samples: Sequence[Sample]
    """Of a large dataset they are made anew from a file at every look."""
    fingerprint: str
    """Of what is asked and expected: the same rows in another order, format or file have the same one."""
    rows: int
    """Rows in the file, good or bad."""
    skipped: int = 0
    """Bad rows that ``on_error: skip`` left out."""
    problems: tuple[Problem, ...] = ()
    """The first of the skipped rows' problems."""
    columns: tuple[str, ...] = ()
    """Every column that a row of the file has."""
    exemplars: tuple[str, ...] = ()
    """Ids of the rows used as few-shot examples."""
    warnings: tuple[str, ...] = ()
    """What a person should know though it is no error: a sample that is larger than what there is."""
