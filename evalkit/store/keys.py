"""When two requests are the same question to the same model: then one answer serves both."""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import sha256
from json import JSONEncoder
from typing import Any

from evalkit.records import DEFAULT_CONDITION, Condition, Generate, Likelihood, Message, Request

KEY_FORMAT = 1
"""Part of every key: whoever changes what goes into a key raises it, and no old answer is taken for a new one."""

# ASCII only: lone surrogates, which some endpoints send, have no UTF-8 but do have an escape
_canonical = JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode
_CONDITION_FIELDS = tuple(field.name for field in fields(Condition))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers, as far as it decides whether an answer may serve again."""

    fingerprint: str
    """Of the model."""
    revision: str
    """Of the backend's own code path."""
    replicate: int = 0
    """Deliberate repetition of a whole run: its answers are made anew."""
    run: str = ""
    bound_to_run: bool = False
    """The model's identity cannot be verified (an endpoint): answers serve the run that made them, and no other."""
    redaction: str = ""
    """What is taken out of answers before they are kept; empty where nothing is."""


def request_key(request: Request, identity: Identity) -> str:
    """SHA-256 over everything that may change the answer.

    * ``wants`` is left out: it asks for more beside the same text. So is ``role``: a judge is another identity, or the
      same model asked the same thing.
    * The seed is left out of greedy decoding, which does not draw.
    * Fields of the condition that are not set are left out, so that a condition added later changes no old key.
    * What is taken out of answers is part of the key where anything is: no old key changes, and an answer that was
      redacted serves none that is not, nor the other way round.
    * What is not set of redaction and renewal is left out, so that older keys stay what they were.
    * The run is part of the key where the request must be ``fresh`` or the identity is bound to its run.
    """
    ask = request.ask
    if isinstance(ask, Generate):
        question = _generation(ask)
    elif isinstance(ask, Likelihood):
        context = ask.context
        question = ["likelihood", context if isinstance(context, str) else _messages(context), ask.continuation]
    else:
        raise TypeError(f"a request asks to Generate or for a Likelihood, not {type(ask).__name__}")
    condition = request.condition
    identified = [
        KEY_FORMAT,
        identity.fingerprint,
        identity.revision,
        question,
        None if condition is DEFAULT_CONDITION else _condition(condition),
        request.attempt,
        identity.replicate,
        _bound_run(identity) if identity.bound_to_run or request.fresh else None,
        *((identity.redaction,) if identity.redaction else ()),
        *((request.renewal,) if request.renewal else ()),
    ]
    return sha256(_canonical(identified).encode("ascii")).hexdigest()


def _generation(ask: Generate) -> list[Any]:
    decoding = ask.decoding
    greedy = decoding.temperature == 0
    return [
        "generate",
        [[message.role, message.content] for message in ask.messages],
        decoding.max_tokens,
        0.0 if greedy else float(decoding.temperature),  # 0, 0.0 and -0.0 are one temperature
        float(decoding.top_p),
        None if greedy else decoding.seed,
        decoding.stop,
    ]


def _messages(messages: tuple[Message, ...]) -> list[list[str]]:
    return [[message.role, message.content] for message in messages]


def _condition(condition: Condition) -> dict[str, Any] | None:
    named = {name: value for name in _CONDITION_FIELDS if (value := getattr(condition, name)) is not None}
    return dict(sorted(named.items())) or None


def _bound_run(identity: Identity) -> str:
    if not identity.run:
        raise ValueError("a request bound to its run needs the run's id in the identity")
    return identity.run
