"""Opening the runs database to read what is there: looking must not make one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalkit.configuration import configure
from evalkit.errors import RunNotFound

if TYPE_CHECKING:
    from evalkit.store import Store


def find_store(url: str | None) -> Store | None:
    """The runs database of option and configuration, or none where no run has made it yet."""
    from evalkit.store import open_store
    from evalkit.store.location import locate

    given: dict[str, Any] = {"store": url}
    chosen = configure(given).settings.store
    path = locate(chosen).path
    if path is not None and not str(path).startswith("file:") and not path.exists():
        return None
    return open_store(chosen)


def need_store(url: str | None) -> Store:
    """For commands that name a run."""
    store = find_store(url)
    if store is None:
        raise RunNotFound(
            "there is no run yet",
            where=configure({"store": url}).settings.store,
            hint="'evalkit run SUITE --model REF' makes one; runs kept elsewhere are named with --store URL",
        )
    return store
