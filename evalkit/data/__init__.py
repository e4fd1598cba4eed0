"""Files, hub names and packages → samples."""

from __future__ import annotations

from evalkit.data import order
from evalkit.data.contracts import BUILT_IN, Column, Contract
from evalkit.data.formats import read_rows
from evalkit.data.identity import fingerprint
from evalkit.data.loading import load
from evalkit.data.rows import Problem, Row
from evalkit.data.spec import Dataset, DatasetSpec, FewShotSpec, PromptSpec, SampleSpec

__all__ = [
    "BUILT_IN",
    "Column",
    "Contract",
    "Dataset",
    "DatasetSpec",
    "FewShotSpec",
    "Problem",
    "PromptSpec",
    "Row",
    "SampleSpec",
    "fingerprint",
    "load",
    "order",
    "read_rows",
]
