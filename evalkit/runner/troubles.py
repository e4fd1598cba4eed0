"""What happened to the models of a run rather than to single requests: told once, and warned of in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from evalkit.protocols import Backend, Told, Troubled


class Troubles:
    def __init__(self, backends: Iterable[Backend], tell: Callable[[Told], None]) -> None:
        self._backends = [backend for backend in backends if isinstance(backend, Troubled)]
        self._tell = tell
        self._told = [0] * len(self._backends)

    def look(self) -> None:
        """Tell what is new."""
        for place, backend in enumerate(self._backends):
            for one in backend.troubles[self._told[place] :]:
                self._told[place] += 1
                self._tell(one)

    @property
    def warnings(self) -> list[str]:
        return [one.said for backend in self._backends for one in backend.troubles]
