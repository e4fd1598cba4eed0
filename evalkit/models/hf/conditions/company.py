"""What a request is run beside under a condition: copies of itself, other prompts, or a prompt just before it.

The others are made here and not taken from the same round, so that a batch really forms also where one request is
asked alone, and so that the same request always has the same company.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.writing.decode import Job

ALONE = frozenset({"again", "reversed", "after"})
"""Orders that leave a request alone in its batch, or the session's own batches as they are."""
TOGETHER = frozenset({"copies", "first", "last"})
"""Orders that fill the batch of one request up."""
DEFAULT_COMPANY = 4
"""Rows of such a batch, where the condition does not say."""
LONGER = 8
"""Tokens by which the longest neighbour exceeds the request, so that the request is padded."""
STORY = (
    "The lighthouse keeper counted the ships that passed by noon: eleven brigs, two ferries and a grey tug. Then he "
    "wrote a letter to his sister about the storm, the price of oil and the seal that sleeps on the lower steps."
)


@dataclass(frozen=True, slots=True)
class Company:
    before: tuple[Job, ...]
    """Run alone, one after the other, before the request."""
    rows: tuple[Job, ...]
    """The batch, the request included."""
    place: int
    """Of the request in the batch."""


def company(engine: Engine, job: Job, order: str | None, rows: int) -> Company:
    if order == "after":
        return Company((_other(engine, job, len(job.prompt) + LONGER),), (job,), 0)
    if order == "copies":
        return Company((), (job,) * rows, 0)
    if order in {"first", "last"}:
        lengths = (len(job.prompt) + LONGER, max(1, len(job.prompt) // 2), len(job.prompt))
        others = tuple(_other(engine, job, lengths[row % 3] + row // 3) for row in range(rows - 1))
        return Company((), (job, *others), 0) if order == "first" else Company((), (*others, job), rows - 1)
    return Company((), (job,), 0)


def _other(engine: Engine, job: Job, length: int) -> Job:
    """Another prompt of so many tokens, or of fewer where the context has no room for them."""
    known: Sequence[int] = engine.tokenizer(STORY, add_special_tokens=False, verbose=False)["input_ids"]
    if engine.context_length is not None:
        length = max(1, min(length, engine.context_length - job.max_tokens))
    whole = tuple(known) * (length // max(1, len(known)) + 1)
    return replace(job, prompt=whole[-length:], stop=(), ends=frozenset(), temperature=0.0)
