"""Write answers token by token: greedy or sampled, each row by its own seed, its own limit and its own stop strings.

Nothing about a row depends on the rows beside it but the last bits of floating-point sums.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.work import Work
from evalkit.models.hf.writing.penalties import Penalties, penalties
from evalkit.models.hf.writing.steps import Steps, start

BLOCK = 64
"""Logits looked through together for the best one."""
LIKELY = 1024
"""Tokens among which those that a draw may come to are looked for first."""
FEW_BLOCKS = 16
"""So few of them are looked through one by one: what is saved would not pay for one more look."""


@dataclass(frozen=True, slots=True)
class Job:
    """One answer to write."""

    prompt: tuple[int, ...]
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    attempt: int = 0
    stop: tuple[str, ...] = ()
    ends: frozenset[int] = frozenset()
    """Tokens that end this answer, besides those that end every answer of the model."""


@dataclass(slots=True)
class Written:
    """An answer in the making, and then made."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    margins: list[float] = field(default_factory=list)
    finish: str = ""
    """``stop``, ``length``, or ``nan`` where the model's logits were no numbers."""
    seconds: float = 0.0
    engine_seconds: float = 0.0
    """Its part of the batch's time: of every step, one share for each row that was still being written."""


def request_seed(seed: int, attempt: int, prompt: Sequence[int]) -> int:
    """The seed of one request: the same wherever and beside whomever it is asked, another for every attempt.

    Another for every prompt, too: rows that all drew the same numbers would not be independent, and every interval
    that takes them for independent would be too narrow.
    """
    identity = f"{seed}/{attempt}/{','.join(map(str, prompt))}"
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big")


def write(
    engine: Engine,
    jobs: Sequence[Job],
    *,
    use_cache: bool = True,
    details: bool = False,
    begin: Callable[[Engine, Sequence[Sequence[int]], bool], Steps] = start,
    work: Work | None = None,
) -> list[Written]:
    """The answers to a batch of prompts, in its order. ``details`` also keeps logprobs and margins; ``begin`` lays the
    batch out; ``work`` is where it is counted."""
    import torch

    began = lap = time.perf_counter()
    written = [Written() for _ in jobs]
    draws = [random.Random(request_seed(job.seed, job.attempt, job.prompt)) for job in jobs]
    own = [penalties(engine, job.prompt, job.max_tokens) for job in jobs]
    live = list(range(len(jobs)))
    with torch.inference_mode():
        steps = begin(engine, [job.prompt for job in jobs], use_cache)
        while True:
            logits = penalised(steps.logits, [(own[row], jobs[row], written[row]) for row in live])
            chosen = choose(logits, [jobs[row] for row in live], [draws[row] for row in live])
            told = numbers(logits, chosen) if details else None
            for position, row in enumerate(live):
                append(engine, jobs[row], written[row], chosen[position], told[position] if told else None)
            now = time.perf_counter()
            for row in live:
                written[row].seconds = now - began
                written[row].engine_seconds += (now - lap) / len(live)
            if work is not None:
                _count(work, [len(job.prompt) for job in jobs] if began == lap else (), len(live), now - lap)
            lap = now
            keep = [position for position, row in enumerate(live) if not written[row].finish]
            if not keep:
                return written
            live = [live[position] for position in keep]
            steps.advance([chosen[position] for position in keep], keep)


def _count(work: Work, prompts: Sequence[int], rows: int, seconds: float) -> None:
    """One pass: over ``prompts``, which writes their first tokens, or over one token of each of the ``rows``."""
    work.most_rows = max(work.most_rows, rows)
    if not prompts:
        work.steps += 1
        work.row_steps += rows
        work.decode_seconds += seconds
        return
    work.prompts += len(prompts)
    work.prompt_tokens += sum(prompts)
    work.computed_tokens += sum(prompts)
    work.padded_tokens += max(prompts) * len(prompts) - sum(prompts)
    work.prefills += 1
    work.prefill_seconds += seconds


def penalised(logits: Any, rows: Sequence[tuple[Penalties | None, Job, Written]]) -> Any:
    import torch

    if not any(penalise is not None for penalise, _, _ in rows):
        return logits
    lines = []
    for line, (penalise, job, written) in zip(logits, rows, strict=True):
        lines.append(penalise(job.prompt, written.tokens, line) if penalise is not None else line)
    return torch.stack(lines)


def choose(logits: Any, jobs: Sequence[Job], draws: Sequence[random.Random]) -> list[int]:
    """The next token of every row; -1 where the logits are no numbers, or endless."""
    import torch

    best, chosen = _best(logits)
    tokens: list[int] = torch.where(torch.isfinite(best), chosen, -1).tolist()
    for position, job in enumerate(jobs):
        if job.temperature > 0 and tokens[position] >= 0:
            tokens[position] = _sample(logits[position], job, draws[position])
    return tokens


def _best(logits: Any) -> tuple[Any, Any]:
    """The best logit of every row and its token, the first of equals. A processor finds a maximum many times faster
    than its place: the block that holds it is found first, then the place in that block."""
    rows, vocabulary = logits.shape
    if logits.device.type != "cpu" or vocabulary % BLOCK or vocabulary < FEW_BLOCKS * BLOCK or rows == 0:
        found = logits.max(dim=-1)
        return found.values, found.indices
    tops = logits.view(rows, -1, BLOCK).amax(dim=-1)
    block = tops.max(dim=-1)
    inside = logits.view(rows, -1, BLOCK)[range(rows), block.indices].max(dim=-1)
    return inside.values, block.indices * BLOCK + inside.indices


def _sample(logits: Any, job: Job, draw: random.Random) -> int:
    """One number of the row's own generator against the cumulative distribution, in the order of the vocabulary: the
    draw is the same on every device, and tiny differences of logits move a boundary by as little as they are."""
    import torch

    probabilities = torch.softmax(logits.double().cpu() / job.temperature, dim=-1)
    if job.top_p < 1.0:
        probabilities = most_likely(probabilities, job.top_p)
    cumulative = probabilities.cumsum(-1)
    point = draw.random() * float(cumulative[-1])
    token = int(torch.searchsorted(cumulative, point, right=True))
    if token >= len(cumulative):
        token = int(probabilities.nonzero()[-1])
    return token


def most_likely(probabilities: Any, top_p: float) -> Any:
    """All but the first ones of these, from the likeliest down, that together reach ``top_p``, set to nothing; of equal
    ones the earlier in the vocabulary come first. The whole vocabulary is sorted only where many are needed."""
    import torch

    first = probabilities.topk(min(LIKELY, len(probabilities))).values
    beyond = first.cumsum(-1) - first >= top_p
    beyond[0] = False
    kept = int((~beyond).sum())
    if kept == len(first) < len(probabilities):
        ordered, order = probabilities.sort(descending=True, stable=True)
        beyond = ordered.cumsum(-1) - ordered >= top_p
        beyond[0] = False
        return probabilities.index_fill(0, order[beyond], 0.0)
    least = first[kept - 1]
    equals = (probabilities == least).nonzero().squeeze(1)[: int((first[:kept] == least).sum())]
    return torch.where(probabilities > least, probabilities, 0.0).index_fill(0, equals, float(least))


def numbers(logits: Any, chosen: Sequence[int]) -> list[tuple[float, float]]:
    """Per row: the chosen token's log-probability (before temperature), and the lead of the best logit."""
    import torch

    index = torch.tensor(chosen, device=logits.device).clamp(min=0).unsqueeze(1)
    logprobs = torch.log_softmax(logits, dim=-1).gather(1, index).squeeze(1).tolist()
    two = logits.topk(2, dim=-1).values
    return list(zip(logprobs, (two[:, 0] - two[:, 1]).tolist(), strict=True))


def append(engine: Engine, job: Job, written: Written, token: int, numbers: tuple[float, float] | None) -> None:
    """Add a token, or finish. The end token itself is no part of the answer."""
    if token < 0:
        written.finish = "nan"
        return
    if token in engine.end_tokens or token in job.ends:
        written.finish = "stop"
        return
    written.tokens.append(token)
    if numbers is not None:
        written.logprobs.append(numbers[0])
        written.margins.append(numbers[1])
    if job.stop and _stopped(engine.tokenizer, written.tokens, job.stop):
        written.finish = "stop"
    elif len(written.tokens) >= job.max_tokens:
        written.finish = "length"


def _stopped(tokenizer: Any, tokens: Sequence[int], stop: Sequence[str]) -> bool:
    """Whether a stop string is in the newest text. A character may take several tokens, hence the generous tail."""
    tail = 4 * max(len(text) for text in stop) + 8
    text = text_of(tokenizer, tokens[-tail:])
    return any(mark in text for mark in stop)


def text_of(tokenizer: Any, tokens: Sequence[int]) -> str:
    """The one way from tokens to text: where a text stops and what it says are read from the same letters."""
    return str(tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False))


def cut_at_stop(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """The text before the first stop string, and whether there was one."""
    places = [text.find(mark) for mark in stop if mark and mark in text]
    return (text[: min(places)], True) if places else (text, False)
