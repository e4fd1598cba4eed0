"""What is compared: runs of the store, named baselines, and baselines in files, which hold numbers and no texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.gates.measurements import CheckTable
from evalkit.records import Outcome
from evalkit.results import CheckSummary, Result, Usage
from evalkit.runner import baseline_file
from evalkit.runner.baseline import is_file, named_run
from evalkit.runner.document import from_json
from evalkit.runner.kept import Kept
from evalkit.runner.tables import load_tables, restore
from evalkit.store import Store
from evalkit.suite.review import SIGNATURE


@dataclass(frozen=True, slots=True)
class Side:
    result: Result
    tables: Mapping[str, CheckTable]
    store: Store | None
    """Where its prompts and answers are; nowhere, for a baseline that came in a file."""
    found_by: str = ""
    """A baseline's name or file, where it was not named as a run."""

    def checks(self, names: Sequence[str]) -> dict[str, tuple[CheckSummary, CheckTable]]:
        summaries = {check.name: check for check in self.result.checks}
        return {name: (summaries[name], self.tables[name]) for name in names}

    @property
    def gated(self) -> set[tuple[str, str]]:
        """Check and metric of all that checks measure and a gate speaks of; a file does not say."""
        estimates = (verdict.estimate for verdict in self.result.outcome.verdicts)
        return {(one.check, one.metric) for one in estimates if one and one.signature != SIGNATURE}


def find_side(store: Store, name: str) -> Side:
    """A file that exists and ends in .json, the name of a baseline, or a run: the first of these that there is."""
    if is_file(name):
        return _of_kept(baseline_file.parse(baseline_file.read(Path(name)), name), name)
    named = store.get_baseline(name)
    if named is not None and named.imported:
        return _of_kept(baseline_file.parse(named.document, f"baseline '{name}'"), name)
    run = store.get_run(named.run_id) if named is not None else named_run(store, name)
    result = from_json(store.get_result(run.id))
    return Side(result, load_tables(store, result, sliced_by=()), store, name if named is not None else "")


def _of_kept(kept: Kept, found_by: str) -> Side:
    """As much of a result as the numbers of a file tell."""
    tables, summaries = {}, []
    for check in kept.checks.values():
        table = CheckTable(check.name, check.kind, [restore(info, {}) for info in check.metrics])
        for case in kept.cases(check.name):
            table.add(case.id, case.cluster, {}, case.score)
        tables[check.name] = table
        summary = CheckSummary(check.name, check.kind, check.dataset, table.counts, check.metrics)
        summaries.append(replace(summary, generation=check.generation))
    datasets = {check.dataset: check.dataset_fingerprint for check in kept.checks.values()}
    run = replace(kept.run, datasets={**kept.run.datasets, **datasets})
    result = Result(run, Outcome("", 0, ""), (), tuple(summaries), (), Usage())
    return Side(result, tables, None, found_by)
