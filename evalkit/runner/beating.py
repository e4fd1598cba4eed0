"""A run is heard of while nothing is written for long: without a word it would count as interrupted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from evalkit.errors import StoreError
from evalkit.store import Store

SECONDS = 5.0


@contextmanager
def beating(store: Store, run_id: str) -> Iterator[None]:
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(SECONDS):
            with suppress(StoreError):  # who writes next is told
                store.heartbeat(run_id)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
