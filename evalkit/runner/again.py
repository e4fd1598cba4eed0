"""Requests to a model in this process, or to a plugin's, that failed in a way that may pass: they are asked again.

Servers are not asked here: their backend tries again by itself, for it knows what the server says of when to come back.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from evalkit.failures import FailureClass, class_of_kind, is_transient
from evalkit.records import Answer, Failure, Request

RETRIES = 2
BACKOFF = 0.1
"""Seconds before the first further try of all that failed; doubled for the next, half of it random."""


def asked_again(
    ask: Callable[[Sequence[Request]], Iterator[tuple[int, Answer]]],
    requests: Sequence[Request],
    may_go_on: Callable[[], bool] = lambda: True,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[int, Answer]]:
    """What ``ask`` yields. A failure that may pass is held back until it gave way or all tries are made."""
    failed: dict[int, Failure] = {}
    for position, answer in ask(requests):
        if answer.failure is not None and _may_pass(answer.failure):
            failed[position] = answer.failure
        else:
            yield position, answer
    for retry in range(RETRIES):
        if not failed or not may_go_on():
            break
        sleep(BACKOFF * 2.0**retry * random.uniform(0.5, 1.0))
        for together in _groups(failed):
            for place, answer in ask([requests[position] for position in together]):
                position = together[place]
                if answer.failure is None or not _may_pass(answer.failure):
                    del failed[position]
                    yield position, answer
                else:
                    failed[position] = replace(answer.failure, tries=retry + 2)
    for position, failure in failed.items():
        yield position, Answer("", finish="error", failure=failure)


def _may_pass(failure: Failure) -> bool:
    return failure.retryable and is_transient(failure.kind)


def _groups(failed: dict[int, Failure]) -> list[list[int]]:
    """What lacked memory is asked alone, all else together."""
    alone = [place for place, one in failed.items() if class_of_kind(one.kind) is FailureClass.OUT_OF_MEMORY]
    others = [place for place in failed if place not in set(alone)]
    return [[place] for place in alone] + ([others] if others else [])
