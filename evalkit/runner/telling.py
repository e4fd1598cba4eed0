"""Where a run stands, told in the store: whoever looks on, looks from another process."""

from __future__ import annotations

import json
import time
from collections.abc import Set
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

from evalkit.errors import StoreError
from evalkit.gates.measurements import Measurements
from evalkit.runner.plan import Plan
from evalkit.store import Store

if TYPE_CHECKING:
    from evalkit.runner.under_way import Progress

SECONDS = 1.0
"""Between what is told and what is told next. A run that takes no longer tells nothing."""


@dataclass(slots=True)
class Telling:
    store: Store
    run_id: str
    plan: Plan
    tables: Measurements
    stopped: Set[str] = frozenset()
    """Checks that need no more cases, as the run keeps them."""
    told_at: float = field(default_factory=time.monotonic)

    def tell(self, progress: Progress, *, at_once: bool = False) -> None:
        """``at_once``: nothing may follow for a while."""
        now = time.monotonic()
        if now - self.told_at < SECONDS and not at_once:
            return
        self.told_at = now
        with suppress(StoreError):  # a run is worth more than that somebody sees it
            self.store.put_progress(self.run_id, self._document(progress))

    def _document(self, progress: Progress) -> str:
        tally = progress.tally
        document = {
            "cases": progress.cases,
            "done": round(progress.done, 2),
            "stage": progress.stage,
            "seconds": round(progress.seconds, 2),
            "needed": tally.needed,
            "asked": tally.asked,
            "reused": tally.reused,
            "output_tokens": tally.output_tokens,
            "left": progress.left,
            "speed": progress.speed,
            "traffic": progress.traffic,
            "checks": [[name, len(table.cases), len(self.plan.cases[name])] for name, table in self.tables.items()],
            "stopped": sorted(self.stopped),
            "gates": [gate.text for gate in self.plan.suite.gates if not gate.automatic],
            "decided": [[one.gate, str(one.word), one.cases] for one in progress.decided],
            "so_far": [list(astuple(one)) for one in progress.so_far],
        }
        return json.dumps(document)
