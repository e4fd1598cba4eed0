"""How many threads compute a model: all of them, unless it is so small that they wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

NARROW = 96
"""Numbers of a token up to which a step has so little to compute that one thread is as fast alone. Another one would
burn a processor's time waiting for it, between any two operations, and on a busy machine hold it up."""


@contextmanager
def one_thread(alone: bool) -> Iterator[None]:
    """Within it, torch computes in the calling thread, if it is to be ``alone``."""
    import torch

    threads = torch.get_num_threads() if alone else 1
    if threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
