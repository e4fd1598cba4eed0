"""Answers of backends, which may be anybody's: what is none is a failed request, and what a backend raises names it."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.errors import PLUGIN_BREAKS, BackendBroken, EvalkitError, FailureClass
from evalkit.failures import class_of_plugins_error, without_secrets, words_of
from evalkit.protocols import Backend
from evalkit.records import Answer, FailureKind

NOT_AN_ANSWER = "what the backend gave is no answer: "
KEPT = "what was answered is kept: with the backend repaired, the same command goes on from here"
LONGEST = 500


def sound(role: str, backend: Backend, answers: Iterator[tuple[int, Answer]]) -> Iterator[tuple[int, Answer]]:
    try:
        for position, answer in answers:
            fault = _fault(answer)
            yield position, Answer.failed(FailureKind.INTERNAL, f"{NOT_AN_ANSWER}{fault}") if fault else answer
    except EvalkitError:
        raise
    except PLUGIN_BREAKS as error:
        if _is_ours(backend) or class_of_plugins_error(error) is not FailureClass.PLUGIN:
            raise
        said = without_secrets(words_of(error))[:LONGEST]
        what = f"the backend of the {role} ({type(backend).__module__}) raised {type(error).__name__}: {said}"
        raise BackendBroken(what, hint=KEPT) from error


def _fault(answer: object) -> str:
    if not isinstance(answer, Answer):
        return f"{type(answer).__name__}, not an Answer"
    for name in ("text", "finish"):
        if not isinstance(getattr(answer, name), str):
            return f"its {name} is of the type {type(getattr(answer, name)).__name__}"
    for name in ("prompt_tokens", "output_tokens"):
        tokens = getattr(answer, name)
        if tokens is not None and not isinstance(tokens, int):
            return f"its {name} is of the type {type(tokens).__name__}"
    if answer.logprobs and not all(isinstance(one, int | float) for one in answer.logprobs):
        return "its logprobs are no numbers"
    return ""


def _is_ours(backend: Backend) -> bool:
    return type(backend).__module__.partition(".")[0] == "evalkit"
