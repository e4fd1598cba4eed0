"""Loading without a look at what could be thrown away meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Imports and loaders make objects by the hundred thousand, nearly all of which stay: of importing torch and
    transformers, a fifth of the time is the search for cycles among them. Whoever switched that off keeps it off."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
