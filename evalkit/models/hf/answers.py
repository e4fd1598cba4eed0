"""From a request to what the model needs, and from what it wrote to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.failures import trace_of, without_secrets
from evalkit.models.hf.likelihoods.likelihood import Pair, encode_pair
from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.prompts import TemplateError, encode
from evalkit.models.hf.writing.decode import Job, Written, cut_at_stop, text_of
from evalkit.models.reasoning import split_reasoning
from evalkit.records import Answer, FailureKind, Generate, Likelihood, Request, Timing


@dataclass(frozen=True, slots=True)
class Ready:
    """A request as tokens, with the position of its request."""

    position: int
    length: int
    wants: frozenset[str]
    job: Job | None = None
    pair: Pair | None = None
    thinking: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows of one shape need no padding beside each other."""
        return self.length, len(self.pair.continuation) if self.pair is not None else 0

    @property
    def is_likelihood(self) -> bool:
        return self.pair is not None


def prepare(engine: Engine, position: int, request: Request) -> Ready | Answer:
    """Tokens to run, or the failure of a request that cannot be run."""
    try:
        if isinstance(request.ask, Likelihood):
            return _likelihood(engine, position, request, request.ask)
        return _generate(engine, position, request, request.ask)
    except TemplateError as error:
        return Answer.failed(FailureKind.CONFIGURATION, str(error))


def _generate(engine: Engine, position: int, request: Request, ask: Generate) -> Ready | Answer:
    prompt = encode(engine.tokenizer, ask.messages)
    length = len(prompt.tokens)
    if not length:
        return Answer.failed(FailureKind.CONFIGURATION, "the prompt is empty")
    room = ask.decoding.max_tokens
    if engine.context_length is not None:  # a decoder beside an encoder has a context of its own, as long
        room = min(room, engine.context_length - (0 if engine.seq2seq else length))
    if room < 1 or (engine.seq2seq and engine.context_length is not None and length > engine.context_length):
        return _too_long(length, engine)
    job = Job(
        prompt=prompt.tokens,
        max_tokens=room,
        temperature=ask.decoding.temperature,
        top_p=ask.decoding.top_p,
        seed=ask.decoding.seed,
        attempt=request.attempt,
        stop=tuple(mark for mark in ask.decoding.stop if mark and mark not in engine.special),
        ends=frozenset(engine.special[mark] for mark in ask.decoding.stop if mark in engine.special),
    )
    return Ready(position, length, request.wants, job=job, thinking=prompt.thinking)


def _likelihood(engine: Engine, position: int, request: Request, ask: Likelihood) -> Ready | Answer:
    pair = encode_pair(engine, ask)
    if not pair.continuation:
        return Answer.failed(FailureKind.CONFIGURATION, "the continuation is empty")
    length = len(pair.context)
    whole = max(length, len(pair.continuation)) if engine.seq2seq else length + len(pair.continuation)
    if engine.context_length is not None and whole > engine.context_length:
        return _too_long(whole, engine)
    return Ready(position, length, request.wants, pair=pair)


def _too_long(length: int, engine: Engine) -> Answer:
    return Answer.failed(
        FailureKind.TOO_LONG, f"{length} tokens do not fit the model's context of {engine.context_length}"
    )


def to_answer(engine: Engine, item: Ready, written: Written, timing: Timing) -> Answer:
    if written.finish == "nan" or item.job is None:
        return Answer.failed(FailureKind.INTERNAL, "the model's logits are not numbers", timing=timing)
    text, stopped = cut_at_stop(text_of(engine.tokenizer, written.tokens), item.job.stop)
    text, reasoning = split_reasoning(text, opened=item.thinking)
    return Answer(
        text=text,
        finish="stop" if stopped else written.finish,
        prompt_tokens=item.length,
        output_tokens=len(written.tokens),
        timing=timing,
        reasoning=reasoning,
        margins=tuple(written.margins) if "margins" in item.wants else None,
        logprobs=tuple(written.logprobs) if "logprobs" in item.wants else None,
        tokens=_names(engine, written.tokens) if "tokens" in item.wants else None,
    )


def _names(engine: Engine, tokens: Sequence[int]) -> tuple[str, ...]:
    """Every token's own name: unlike its letters, no two tokens share one."""
    return tuple(str(name) for name in engine.tokenizer.convert_ids_to_tokens(list(tokens)))


def failure_of(error: Exception, out_of_memory: bool) -> Answer:
    trace = trace_of(error)
    if out_of_memory:
        message = "one request alone does not fit into memory"
        return Answer.failed(FailureKind.OUT_OF_MEMORY, message, retryable=True, trace=trace)
    said = without_secrets((str(error).splitlines() or [""])[0])[:200]
    if isinstance(error, RuntimeError) and "not implemented for" in said:  # a dtype that this device cannot compute in
        return Answer.failed(FailureKind.UNSUPPORTED, said)
    return Answer.failed(FailureKind.INTERNAL, f"the model failed: {type(error).__name__}: {said}", trace=trace)
