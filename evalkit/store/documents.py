"""Records become JSON documents and come back equal. No pickles: a runs database may come from anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import asdict, is_dataclass, replace
from typing import Any

from evalkit.errors import StoreError
from evalkit.records import (
    Answer,
    Failure,
    FailureKind,
    Generate,
    Message,
    Request,
    Sample,
    Score,
    Timing,
    Trace,
    Unscored,
    Vector,
)

DEFAULT_TIMING = Timing()
BEFORE_RESULTS = '{"results":'
"""As scores are written."""
_decoder = json.JSONDecoder()


def _plain(value: Any) -> Any:
    """What JSON does not know: numpy's numbers stay numbers, records become objects, sets lists, the rest text."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return sorted(value, key=str)
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


_readable = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
_ascii = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=_plain).encode
_sorted = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=_plain, sort_keys=True).encode


def dump(value: Any) -> str:
    """JSON text that every database can hold. Lone surrogates have no UTF-8: with one, all is escaped."""
    try:
        text = _readable(value)
        if not text.isascii():
            text.encode("utf-8")
    except UnicodeEncodeError:
        return _ascii(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"a value cannot be stored as JSON: {error}",
            hint="labels and evidence are made of texts, numbers, lists and maps",
        ) from error
    return text


def canonical(value: Any) -> str:
    """Equal values, equal text: whatever the order of keys."""
    return _sorted(value)


def load(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _damaged() from error


def _damaged() -> StoreError:
    return StoreError("a stored document is damaged", hint="restore the runs database from a copy")


def without_nul(document: str, what: str) -> str:
    """JSON writes NUL as an escape; a raw one, or a lone surrogate, is no JSON and no database text."""
    try:
        document.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StoreError(f"the {what} document holds a lone surrogate", hint="write it as ASCII JSON") from error
    if "\0" in document:
        raise StoreError(f"the {what} document holds a raw NUL", hint="write it as JSON")
    return document


def stored_name(name: str) -> str:
    """A name as a column can hold it: names with NUL or lone surrogates are kept as an escaped JSON string."""
    if name.isascii() and "\0" not in name and not name.startswith('"'):
        return name
    if "\0" not in name and not name.startswith('"'):
        try:
            name.encode("utf-8")
            return name
        except UnicodeEncodeError:
            pass
    return json.dumps(name)


def shown_name(stored: str) -> str:
    return str(json.loads(stored)) if stored.startswith('"') else stored


# --- answers ----------------------------------------------------------------------------------------------------------


def answer_document(answer: Answer) -> str:
    """Only what differs from the default is written; ``reused`` is what a reader finds, not what was stored."""
    document: dict[str, Any] = {"text": answer.text, "finish": answer.finish}
    for name in ("prompt_tokens", "output_tokens", "margins", "logprobs", "tokens"):
        if (value := getattr(answer, name)) is not None:
            document[name] = value
    if answer.timing != DEFAULT_TIMING:
        timing = answer.timing
        document["timing"] = [timing.seconds, timing.batch, timing.memory_growth_mb, timing.engine_seconds]
    if answer.reasoning:
        document["reasoning"] = answer.reasoning
    if answer.served_by:
        document["served_by"] = answer.served_by
    if answer.redacted:
        document["redacted"] = dict(answer.redacted)
    if answer.failure is not None:
        failure = answer.failure
        document["failure"] = [failure.kind.value, failure.message, failure.retryable, failure.tries]
        if failure.trace is not None:
            document["trace"] = asdict(failure.trace)
    return dump(document)


def answer_of(document: Mapping[str, Any], *, reused: bool = False) -> Answer:
    timing = document.get("timing")
    return Answer(
        text=document["text"],
        finish=document["finish"],
        prompt_tokens=document.get("prompt_tokens"),
        output_tokens=document.get("output_tokens"),
        timing=Timing(*timing) if timing else DEFAULT_TIMING,
        reasoning=document.get("reasoning", ""),
        margins=_floats(document.get("margins")),
        logprobs=_floats(document.get("logprobs")),
        failure=_failure(document),
        served_by=document.get("served_by", ""),
        reused=reused,
        tokens=None if document.get("tokens") is None else tuple(document["tokens"]),
        redacted=document.get("redacted", {}),
    )


def _failure(document: Mapping[str, Any]) -> Failure | None:
    if not document.get("failure"):
        return None
    kind, message, retryable, *more = document["failure"]
    tries = more[0] if more else 1  # written by an older evalkit
    return Failure(FailureKind(kind), message, retryable, tries, _trace(document))


def _trace(document: Mapping[str, Any]) -> Trace | None:
    return Trace(**document["trace"]) if "trace" in document else None


def _floats(values: list[float] | None) -> tuple[float, ...] | None:
    return None if values is None else tuple(values)


def request_document(request: Request) -> str:
    """For people who look into a failure: what was asked, without what was left at its default."""
    ask = request.ask
    document: dict[str, Any] = {"role": request.role, "attempt": request.attempt}
    if isinstance(ask, Generate):
        document["messages"] = _pairs(ask.messages)
        document["decoding"] = asdict(ask.decoding)
    else:
        document["context"] = ask.context if isinstance(ask.context, str) else _pairs(ask.context)
        document["continuation"] = ask.continuation
    condition = {name: value for name, value in asdict(request.condition).items() if value is not None}
    if condition:
        document["condition"] = condition
    return dump(document)


# --- samples ----------------------------------------------------------------------------------------------------------


def _pairs(messages: tuple[Message, ...]) -> list[list[str]]:
    return [[message.role, message.content] for message in messages]


def sample_document(sample: Sample) -> str:
    document: dict[str, Any] = {"messages": _pairs(sample.messages)}
    if sample.references:
        document["references"] = sample.references
    if sample.labels:
        document["labels"] = dict(sample.labels)
    if sample.cluster:
        document["cluster"] = sample.cluster
    if sample.origin:
        document["origin"] = sample.origin
    return dump(document)


def sample_of(identifier: str, document: Mapping[str, Any]) -> Sample:
    return Sample(
        id=identifier,
        messages=tuple(Message(role, content) for role, content in document["messages"]),
        references=tuple(document.get("references", ())),
        labels=document.get("labels", {}),
        cluster=document.get("cluster", ""),
        origin=document.get("origin", ""),
    )


# --- scores -----------------------------------------------------------------------------------------------------------


def score_document(score: Score) -> str:
    """A vector is a list, the reason of an unscored measurement is a text."""
    results = {
        name: result.reason if isinstance(result, Unscored) else result for name, result in score.results.items()
    }
    document: dict[str, Any] = {"results": results}
    if score.evidence:
        document["evidence"] = dict(score.evidence)
    if score.error:
        document["error"] = score.error
        if score.trace is not None:
            document["trace"] = asdict(score.trace)
    return dump(document)


def score_of(document: Mapping[str, Any]) -> Score:
    results = _results(document["results"])
    said = {"evidence": document.get("evidence", {}), "error": document.get("error", "")}
    return Score(results=results, **said, trace=_trace(document))


def measured_of(text: str) -> Score:
    """A score without its evidence, which may be long: it is passed over where nothing else follows the results."""
    if not text.startswith(BEFORE_RESULTS):
        return replace(score_of(load(text)), evidence={})
    try:
        results, end = _decoder.raw_decode(text, len(BEFORE_RESULTS))
    except ValueError as error:
        raise _damaged() from error
    if text.find('"error":', end) < 0:
        return Score(_results(results))
    return replace(score_of(load(text)), evidence={})


def _results(found: Mapping[str, Any]) -> dict[str, Vector | Unscored]:
    return {name: Unscored(one) if isinstance(one, str) else tuple(one) for name, one in found.items()}
