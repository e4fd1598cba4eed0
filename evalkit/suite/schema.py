"""What may stand in a suite file. The JSON Schema for editors is made from these models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from evalkit.ages import PATTERN, age_of
from evalkit.errors import ConfigurationError

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]


ReviewLabel = Annotated[str, StringConstraints(pattern=r"^\S(.{0,38}\S)?$")]


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FewShot(Config):
    n: int = Field(ge=0, description="How many worked examples precede each question.")
    path: str = Field("", description="File with the examples; by default they are taken out of the dataset itself.")
    seed: int = Field(0, description="Which rows become examples.")


class Prompt(Config):
    system: str = Field("", description="System message put before every question.")
    template: str = Field("", description="Sandboxed Jinja template over the row's columns.")
    few_shot: FewShot | None = None


class SampleConfig(Config):
    n: int = Field(ge=1)
    stratify: str = Field("", description="Column whose shares the sample keeps.")
    seed: int = 0


class ColumnRule(Config):
    name: str
    type: Literal["text", "texts", "integer", "number", "boolean", "list", "object", "any"] = "any"
    nullable: bool = False
    values: list[Any] | None = Field(None, description="The values that are allowed.")
    min: float | None = Field(None, description="Of a number; of a text or list, its length.")
    max: float | None = None
    unique: bool = Field(False, description="No two rows have the same value.")


class ContractConfig(Config):
    columns: list[ColumnRule] = Field(default_factory=list)
    min_rows: int | None = Field(None, ge=0, description="Rows that there must be, before any are left out.")
    max_rows: int | None = Field(None, ge=0)


class QueryConfig(Config):
    sql: str = Field(min_length=1, description="One SELECT of DuckDB over files: FROM 'rows/*.parquet'.")
    folder: str = Field(".", description="What the names of its files start from, relative to this suite.")
    reads: list[str] = Field(default_factory=list, description="Further folders whose files it may read.")
    contract: ContractConfig | None = Field(None, description="What it must give, before the transform.")


class DatasetConfig(Config):
    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["path"]}, {"required": ["query"]}]})

    path: str = Field("", description="File, Arrow folder or hub:ORG/NAME@REV?split=test, relative to this suite.")
    query: str | QueryConfig | None = Field(None, description="In place of a path: a query of DuckDB over files.")
    transform: str = Field(
        "", description="./FILE.py:FUNCTION, which makes rows of rows; it runs with --trust-code only."
    )
    format: str = Field(
        "", description="Reader, if the file name does not say it: jsonl, json, csv, tsv, parquet, arrow."
    )
    contract: Literal["evalkit", "chat", "instruction", "preference", "dpo"] | ContractConfig = "evalkit"
    columns: dict[str, str] = Field(default_factory=dict, description="Our column name: the file's column name.")
    prompt: Prompt = Prompt()
    where: str = Field("", description="Filter such as: lang == 'en' and score > 0.5")
    limit: int | None = Field(None, ge=1)
    sample: SampleConfig | None = None
    min_rows: int = Field(1, ge=1)
    on_error: Literal["refuse", "skip"] = "refuse"
    perturb: list[str | dict[str, dict[str, Any] | None]] = Field(
        default_factory=list, description="Further variants of every row: [role_play, {typos: {rate: 0.05}}]."
    )


class Generation(Config):
    max_tokens: int = Field(128, ge=1)
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = Field(0, ge=0)
    stop: list[Annotated[str, StringConstraints(min_length=1)]] | str = Field(default_factory=list)
    truncate: Literal["", "left"] = Field("", description="left: cut prompts that are longer than the model's context.")


class CheckConfig(BaseModel):
    """The part of a check that all kinds share; the rest are the kind's own options."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field("", description="Which check; by default the check's own name.")
    dataset: str = Field("", description="Which dataset; needless where there is only one.")
    generation: dict[str, Any] = Field(default_factory=dict, description="What this check asks differently.")
    attempts: int = Field(
        1,
        ge=1,
        le=1000,
        description="How often each prompt is asked, at a temperature above 0: pass@k, pass^k, majority.",
    )


class GateConfig(Config):
    gate: str
    about: Literal["population", "dataset"] | None = None


class Errors(Config):
    tolerance: float = Field(
        0.05, ge=0, le=1, description="Share of errored cases in any check beyond which a run is not measured."
    )


class Limits(Config):
    minutes: float | None = Field(None, gt=0)
    requests: int | None = Field(None, ge=1)


class ReviewConfig(Config):
    check: Name = Field(alias="from", description="The check whose cases people read.")
    name: Name | None = Field(None, description="Of the queue; by default the check's.")
    sample: int = Field(50, ge=1, description="How many of the scored cases, drawn at random.")
    blind: bool = Field(True, description="Hide the model, the check's findings and the dataset's labels.")
    question: str = Field("", description="What the reviewer answers; by default what suits the check.")
    labels: list[ReviewLabel] | dict[ReviewLabel, str] | None = Field(
        None, description="What there is to choose from, 2 to 9, each with what it means."
    )
    flag: list[ReviewLabel] | None = Field(None, description="The labels that speak against the model.")
    metric: str = Field("", description="The check's share that people's flags refine.")
    reviewers: int = Field(1, ge=1, le=20, description="How many people are to label each item.")
    seed: int = Field(0, ge=0, description="Which cases are drawn.")


def _age(text: str) -> str:
    try:
        age_of(text, "")
    except ConfigurationError as error:
        raise ValueError(f"an age is {error.hint}") from error
    return text


Age = Annotated[str, AfterValidator(_age), WithJsonSchema({"type": "string", "pattern": PATTERN})]


class NeedConfig(Config):
    suite: str = Field(min_length=1, description="A suite file, relative to this one, or a bundled suite.")
    max_age: Age = Field("1d", description="How old a passing run on the same model may be to count: 30m, 12h, 1d, 2w.")
    continue_on_failure: bool = Field(False, description="Go on where it does not pass, and say so in the outcome.")


class SuiteConfig(Config):
    name: Name
    title: str = ""
    description: str = ""
    datasets: dict[Name, DatasetConfig] = Field(min_length=1)
    generation: Generation = Generation()
    checks: dict[Name, CheckConfig] = Field(min_length=1)
    gates: list[str | GateConfig] = Field(default_factory=list)
    unsure: Literal["estimate", "pass", "fail"] = Field(
        "estimate", description="What a gate counts as when the evidence cannot tell."
    )
    about: Literal["population", "dataset"] = Field(
        "population", description="What gates speak of, unless a gate says otherwise."
    )
    baseline: Literal["optional", "required"] = "optional"
    stop_early: bool = Field(
        False, description="Stop asking a check as soon as the evidence decides each of its gates."
    )
    slices: list[str] = Field(
        default_factory=lambda: ["category"], description="Labels by which every metric is broken down."
    )
    judge: str = Field("", description="Model reference of the judge, for checks that ask one.")
    redact: list[str | dict[Name, str]] = Field(
        default_factory=list,
        description="What is taken out of answers before they are kept: [email, phone, {ticket: 'TCK-\\d{4,8}'}].",
    )
    errors: Errors = Errors()
    limits: Limits = Limits()
    review: ReviewConfig | list[ReviewConfig] | None = Field(
        None, description="Which cases people review when a run has ended: one queue, or a list of them."
    )
    needs: list[Annotated[str, StringConstraints(min_length=1)] | NeedConfig] = Field(
        default_factory=list, description="Suites that are run before this one, on the same model: [smoke]."
    )
    modes: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Options of ways to run the suite, by mode: pipeline: {contracts: strict}."
    )


def json_schema() -> dict[str, Any]:
    """JSON Schema of a suite file."""
    schema = SuiteConfig.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "evalkit suite"
    schema["properties"]["extends"] = {
        "description": "Suite file, or a list of them, that this one builds on.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    return schema
