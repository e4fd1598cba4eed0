"""Files, hub names and packages → samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalkit.data import order
from evalkit.data.contracts import BUILT_IN, Column, Contract
from evalkit.data.formats import read_rows
from evalkit.data.identity import fingerprint
from evalkit.data.loading import load
from evalkit.data.rows import BadRows, Problem, Row
from evalkit.data.spec import (
    Dataset,
    DatasetSpec,
    FewShotSpec,
    PerturbSpec,
    PromptSpec,
    QuerySpec,
    SampleSpec,
    TransformSpec,
)

if TYPE_CHECKING:
    from evalkit.data.profile import Stats, statistics
    from evalkit.data.validation import Problems, problems

_LATER = {"Stats": "profile", "statistics": "profile", "Problems": "validation", "problems": "validation"}
"""What a run does not need, and the module that has it."""

__all__ = [
    "BUILT_IN",
    "BadRows",
    "Column",
    "Contract",
    "Dataset",
    "DatasetSpec",
    "FewShotSpec",
    "PerturbSpec",
    "Problem",
    "Problems",
    "PromptSpec",
    "QuerySpec",
    "Row",
    "SampleSpec",
    "Stats",
    "TransformSpec",
    "fingerprint",
    "load",
    "order",
    "problems",
    "read_rows",
    "statistics",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
