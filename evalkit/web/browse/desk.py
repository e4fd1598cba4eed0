"""What the pages that look into runs keep between requests: indexes that fill, and results that were read."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from evalkit.errors import StoreError
from evalkit.results import Result, Run
from evalkit.runner.document import from_json
from evalkit.web.browse.background import Indexer
from evalkit.web.workbench import Remembered, Workbench

NAME = "browse"
_making = threading.Lock()


@dataclass(slots=True)
class Desk:
    bench: Workbench
    indexer: Indexer
    _results: Remembered[Result] = field(default_factory=lambda: Remembered(8))

    def finished_run(self, name: str) -> Run:
        run = self.bench.store.get_run(name)
        if run.state != "finished":
            raise StoreError(
                f"run {run.id} is {run.state}: its cases can be looked through when it has finished",
                hint="Its own page shows how far it is.",
            )
        return run

    def result(self, run: Run) -> Result:
        made = f"{run.id} {run.finished}"
        return self._results.get(made, lambda: from_json(self.bench.store.get_result(run.id)))

    def close(self) -> None:
        self.indexer.close()


def desk_of(bench: Workbench) -> Desk:
    with _making:
        found = bench.others.get(NAME)
        if not isinstance(found, Desk):
            found = bench.others[NAME] = Desk(bench, Indexer(bench.store))
        return found
