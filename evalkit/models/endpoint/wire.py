"""What goes over the wire: request bodies, and answers read from what comes back. Pure; knows no HTTP.

Servers differ in everything that the OpenAI interface leaves open, so reading is tolerant in what may be missing
(usage, finish reason, log-probabilities) and strict in what an answer is made of (its text).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from evalkit.models.conversation import plain_text
from evalkit.models.endpoint.target import Target
from evalkit.models.endpoint.template import BodyTemplate, MissingPart, ResponsePath
from evalkit.records import Answer, Decoding, Generate, Likelihood, Request, Timing

FILTERED = "filtered"


class Malformed(Exception):
    """The server answered, but not with an answer; the message says what is missing."""


class Wire(Protocol):
    """One way to ask and to be answered."""

    @property
    def capabilities(self) -> frozenset[str]: ...

    def body(self, request: Request) -> Any: ...
    def read(self, data: Any, request: Request, timing: Timing) -> Answer: ...


def make_wire(target: Target) -> Wire:
    if target.template is not None and target.path is not None:
        return CustomWire(target.template, target.path, target.model)
    return ChatWire(target) if target.api == "chat" else CompletionWire(target)


def request_seed(decoding: Decoding, attempt: int) -> int:
    """Repetitions of a sampled request draw anew; repetitions of a greedy one must not."""
    if attempt == 0 or decoding.greedy:
        return decoding.seed
    digest = hashlib.blake2b(f"{decoding.seed}/{attempt}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1


@dataclass(frozen=True, slots=True)
class CustomWire:
    """A JSON endpoint of another kind: the text is all that can be known of its answer."""

    template: BodyTemplate
    path: ResponsePath
    model: str
    capabilities: frozenset[str] = frozenset({"generate"})

    def body(self, request: Request) -> Any:
        assert isinstance(request.ask, Generate)
        return self.template.fill(request.ask, self.model, seed=request_seed(request.ask.decoding, request.attempt))

    def read(self, data: Any, request: Request, timing: Timing) -> Answer:  # the request says nothing more
        try:
            text = self.path.find(data)
        except MissingPart as missing:
            raise Malformed(str(missing)) from None
        answer, reasoning = _apart(text)
        return Answer(answer, timing=timing, reasoning=reasoning)


@dataclass(frozen=True, slots=True)
class ChatWire:
    target: Target
    capabilities: frozenset[str] = frozenset({"generate", "margins", "logprobs"})

    def body(self, request: Request) -> Any:
        ask = request.ask
        assert isinstance(ask, Generate)
        body = _decoding(self.target, ask.decoding, request.attempt)
        body["messages"] = [{"role": message.role, "content": message.content} for message in ask.messages]
        if request.wants & {"margins", "logprobs"}:
            body |= {"logprobs": True, "top_logprobs": 2}
        return body

    def read(self, data: Any, request: Request, timing: Timing) -> Answer:
        choice = _first_choice(data)
        message = choice.get("message")
        if not isinstance(message, Mapping):
            raise Malformed("the answer's first choice has no 'message'")
        finish = choice.get("finish_reason")
        said = _message_text(message, finish)
        tokens = _chat_tokens(choice.get("logprobs"))
        answer = _answer(data, finish, said, tokens=tokens, request=request, timing=timing)
        return replace(answer, tokens=_token_texts(choice.get("logprobs"))) if "tokens" in request.wants else answer


@dataclass(frozen=True, slots=True)
class CompletionWire:
    """The conversation as plain text, and its continuation. Echoing log-probabilities also gives likelihoods."""

    target: Target
    capabilities: frozenset[str] = frozenset({"generate", "likelihood", "margins", "logprobs"})

    def body(self, request: Request) -> Any:
        ask = request.ask
        if isinstance(ask, Likelihood):
            prompt = _context_text(ask) + ask.continuation
            # Some servers refuse to make no token at all; the one made here is cut off when the answer is read.
            asked = {"max_tokens": 1, "temperature": 0.0, "echo": True, "logprobs": 1}
            return {"model": self.target.model, "prompt": prompt, **asked}
        body = _decoding(self.target, ask.decoding, request.attempt)
        body["prompt"] = plain_text(ask.messages)
        if request.wants & {"margins", "logprobs"}:
            body["logprobs"] = 2
        return body

    def read(self, data: Any, request: Request, timing: Timing) -> Answer:
        choice = _first_choice(data)
        text = choice.get("text")
        if not isinstance(text, str):
            raise Malformed("the answer's first choice has no 'text'")
        if isinstance(request.ask, Likelihood):
            return _echoed_likelihood(data, choice, request.ask, timing)
        tokens = _completion_tokens(choice.get("logprobs"))
        finish = choice.get("finish_reason")
        answer = _answer(data, finish, _apart(text), tokens=tokens, request=request, timing=timing)
        named = _completion_names(choice.get("logprobs")) if "tokens" in request.wants else None
        return replace(answer, tokens=named)


def _decoding(target: Target, decoding: Decoding, attempt: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": target.model,
        target.max_tokens_as: decoding.max_tokens,
        "temperature": decoding.temperature,
        "seed": request_seed(decoding, attempt),
    }
    if decoding.top_p != 1.0:  # 1 is every server's default, and some models refuse the parameter
        body["top_p"] = decoding.top_p
    if decoding.stop:
        body["stop"] = list(decoding.stop)
    return body


def _first_choice(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise Malformed("the answer is JSON, but not an object")
    if "choices" not in data:
        error = data.get("error")
        if error:
            raise Malformed(f"the server reports an error: {error_text(error)}")
        raise Malformed("the answer has no 'choices'")
    choices = data["choices"]
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise Malformed("the answer's 'choices' are empty")
    return choices[0]


def error_text(error: Any) -> str:
    """The sentence in an error object, which servers put in several places, seldom more than a few levels deep."""
    for _ in range(6):
        inner = None
        if isinstance(error, Mapping):
            inner = next((error[name] for name in ("message", "detail", "error", "msg") if error.get(name)), None)
        elif isinstance(error, list) and error:
            inner = error[0]
        if inner is None:
            break
        error = inner
    return str(error) if not isinstance(error, Mapping | list) else "an error without a message"


def _message_text(message: Mapping[str, Any], finish: Any) -> tuple[str, str]:
    """(text, reasoning). A refusal that comes in a field of its own is what the person would read."""
    content = message.get("content")
    thought = message.get("reasoning_content") or message.get("reasoning")
    reasoning = thought if isinstance(thought, str) else ""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(part for part in parts if isinstance(part, str))
    if content is None and isinstance(message.get("refusal"), str):
        content = message["refusal"]
    if content is None and (reasoning or finish in {"content_filter", "length"}):
        content = ""  # stopped before it said anything: an answer, though an empty one
    if not isinstance(content, str):
        raise Malformed("the answer's message has no 'content'")
    if reasoning:
        return content, reasoning
    return _apart(content)


def _apart(text: str) -> tuple[str, str]:
    from evalkit.models.reasoning import split_reasoning

    return split_reasoning(text)


Token = tuple[float, float | None]
"""Log-probability of a token, and how far it or its best rival was ahead."""


def _chat_tokens(logprobs: Any) -> tuple[Token, ...] | None:
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(content, list):
        return None
    tokens: list[Token] = []
    for entry in content:
        if not isinstance(entry, Mapping) or not _is_number(entry.get("logprob")):
            return None
        top = entry.get("top_logprobs")
        rivals = [rival.get("logprob") for rival in top if isinstance(rival, Mapping)] if isinstance(top, list) else []
        tokens.append((float(entry["logprob"]), _margin(rivals)))
    return tuple(tokens)


def _token_texts(logprobs: Any) -> tuple[str, ...] | None:
    """What every token says, where the log-probabilities name all of them."""
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(content, list):
        return None
    texts = [entry.get("token") for entry in content if isinstance(entry, Mapping)]
    named = [text for text in texts if isinstance(text, str)]
    return tuple(named) if len(named) == len(content) else None


def _completion_tokens(logprobs: Any) -> tuple[Token, ...] | None:
    values = logprobs.get("token_logprobs") if isinstance(logprobs, Mapping) else None
    if not isinstance(values, list) or not all(_is_number(value) for value in values):
        return None
    tops = logprobs.get("top_logprobs")
    if not isinstance(tops, list) or len(tops) != len(values):
        tops = [None] * len(values)
    margins = [_margin(list(top.values())) if isinstance(top, Mapping) else None for top in tops]
    return tuple((float(value), margin) for value, margin in zip(values, margins, strict=True))


def _completion_names(logprobs: Any) -> tuple[str, ...] | None:
    names = logprobs.get("tokens") if isinstance(logprobs, Mapping) else None
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _margin(rivals: list[Any]) -> float | None:
    ranked = sorted((float(rival) for rival in rivals if _is_number(rival)), reverse=True)
    return ranked[0] - ranked[1] if len(ranked) > 1 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _answer(
    data: Mapping[str, Any],
    finish: Any,
    said: tuple[str, str],
    *,
    tokens: tuple[Token, ...] | None,
    request: Request,
    timing: Timing,
) -> Answer:
    text, reasoning = said
    margins = tuple(margin for _, margin in tokens if margin is not None) if tokens is not None else None
    complete = tokens is not None and margins is not None and len(margins) == len(tokens)
    wants = request.wants
    return Answer(
        text,
        {"length": "length", "content_filter": FILTERED}.get(str(finish), "stop"),
        _usage(data, "prompt_tokens"),
        _usage(data, "completion_tokens"),
        timing,
        reasoning,
        margins=margins if "margins" in wants and complete else None,
        logprobs=tuple(value for value, _ in tokens) if "logprobs" in wants and tokens is not None else None,
        served_by=_served_by(data),
    )


def _usage(data: Mapping[str, Any], name: str) -> int | None:
    usage = data.get("usage")
    count = usage.get(name) if isinstance(usage, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None


def _served_by(data: Mapping[str, Any]) -> str:
    said = (data.get("model"), data.get("system_fingerprint"))
    return " ".join(part for part in said if isinstance(part, str) and part)


def _context_text(ask: Likelihood) -> str:
    return ask.context if isinstance(ask.context, str) else plain_text(ask.context)


def _echoed_likelihood(data: Mapping[str, Any], choice: Mapping[str, Any], ask: Likelihood, timing: Timing) -> Answer:
    """Of the echoed tokens, those that reach into the continuation and do not lie behind it."""
    logprobs = choice.get("logprobs")
    columns = [logprobs.get(name) for name in ("tokens", "token_logprobs", "text_offset")] if logprobs else []
    if len(columns) != 3 or not all(isinstance(column, list) for column in columns):
        raise Malformed("the server does not echo log-probabilities, which likelihoods need")
    start = len(_context_text(ask))
    end = start + len(ask.continuation)
    kept = [
        value
        for token, value, offset in zip(*columns, strict=False)
        if isinstance(offset, int) and offset + len(str(token)) > start and offset < end
    ]
    if not all(_is_number(value) for value in kept) or (not kept and ask.continuation):
        raise Malformed("the echoed log-probabilities do not cover the continuation")
    return Answer(
        ask.continuation,
        prompt_tokens=_usage(data, "prompt_tokens"),
        output_tokens=len(kept),
        timing=timing,
        logprobs=tuple(float(value) for value in kept),
        served_by=_served_by(data),
    )
