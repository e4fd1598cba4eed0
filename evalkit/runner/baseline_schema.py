"""The shapes in a baseline's file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evalkit.protocols import KINDS


class Problem(Exception):
    """What is wrong, and where in the document."""


class _Document(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class RunDocument(_Document):
    id: str = Field(min_length=1)
    suite: str
    model: str
    state: Literal["finished"]
    created: str
    suite_fingerprint: str
    model_fingerprint: str
    datasets: dict[str, str]
    options: dict[str, Any]
    partial: Literal[False]
    continues: str
    finished: str


class MetricDocument(_Document):
    name: str
    kind: Literal[KINDS]  # type: ignore[valid-type]
    better: Literal["higher", "lower"]
    unit: str
    bounds: list[float | None] | None = Field(min_length=2, max_length=2)
    signature: str
    worst: list[float] | None
    quantile: float | None = Field(ge=0, le=1)


class CaseDocument(_Document):
    id: str
    cluster: str | None = None
    """None: the case is a cluster of its own, named as itself."""
    status: Literal["scored", "unscored", "errored"]
    results: dict[str, list[float] | str]
    error: str = ""


class CheckDocument(_Document):
    kind: str
    dataset: str
    dataset_fingerprint: str
    generation: dict[str, Any]
    metrics: list[MetricDocument]
    cases: list[CaseDocument]


class BaselineDocument(_Document):
    kind: str
    schema_number: int = Field(alias="schema")
    digest: str
    run: RunDocument
    environment: dict[str, Any]
    checks: dict[str, CheckDocument]


def validated(document: dict[str, Any]) -> BaselineDocument:
    """The first problem is raised, in words that say where it is."""
    try:
        return BaselineDocument.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:60] for part in first["loc"])
        message = first["msg"][:1].lower() + first["msg"][1:]
        raise Problem(f"{place}: {message}") from error
