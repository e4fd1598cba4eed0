"""What will be asked, in which order, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from evalkit.data import Dataset, load
from evalkit.data.order import permutation
from evalkit.errors import DatasetError, SuiteError, did_you_mean
from evalkit.records import Case, Sample
from evalkit.suite.load import Suite, SuiteCheck

BLOCK = 64
"""Clusters asked, scored and stored together. A run that is killed asks at most one block again."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the command line leaves out of a suite."""

    only: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def partial(self) -> bool:
        return bool(self.only) or self.limit is not None


@dataclass(frozen=True, slots=True)
class Planned:
    """One case of one check, and where it stands in the order of its dataset."""

    check: SuiteCheck
    case: Case
    position: int


@dataclass(frozen=True, slots=True)
class Plan:
    suite: Suite
    scope: Scope
    checks: tuple[SuiteCheck, ...]
    datasets: Mapping[str, Dataset]
    order: Mapping[str, Sequence[Sequence[Sample]]]
    """Clusters of every dataset, in the order that is the same for every model and check."""

    def blocks(self) -> Iterator[list[Planned]]:
        """Cases that are asked together: all checks on the same rows, so that equal requests meet."""
        for name, clusters in self.order.items():
            readers = [check for check in self.checks if check.dataset == name]
            positions = dict.fromkeys((check.name for check in readers), 0)
            remaining = iter(clusters)
            while block := list(islice(remaining, BLOCK)):
                samples = [sample for cluster in block for sample in cluster]
                planned = []
                for check in readers:
                    for case in check.check.cases(samples):
                        planned.append(Planned(check, case, positions[check.name]))
                        positions[check.name] += 1
                yield planned

    def samples(self, name: str) -> list[Sample]:
        return [sample for cluster in self.order[name] for sample in cluster]

    def warnings(self) -> list[str]:
        return [
            f"{check.name}: {warning}"
            for check in self.checks
            for warning in check.check.warnings(self.samples(check.dataset))  # type: ignore[attr-defined]
        ]


def make_plan(suite: Suite, scope: Scope = Scope()) -> Plan:
    checks = _chosen(suite, scope.only)
    wanted = {check.dataset for check in checks}
    datasets = {name: load(spec, suite.path.parent) for name, spec in suite.datasets.items() if name in wanted}
    for check in checks:
        _verify_columns(check, datasets[check.dataset])
    _verify_slices(suite, checks, datasets)
    order = {}
    for name, dataset in datasets.items():
        clusters = permutation(dataset.samples, dataset.fingerprint)
        order[name] = clusters[: scope.limit] if scope.limit is not None else clusters
    plan = Plan(suite, scope, checks, datasets, order)
    for check in checks:
        if not any(True for _ in check.check.cases(plan.samples(check.dataset))):
            raise DatasetError(
                f"check '{check.name}' finds no case in dataset '{check.dataset}'",
                where=check.origin,
                hint="its rows lack what the check looks for; see the check's page in the documentation",
            )
    return plan


def _chosen(suite: Suite, only: Sequence[str]) -> tuple[SuiteCheck, ...]:
    names = [check.name for check in suite.checks]
    for name in only:
        if name not in names:
            raise SuiteError(
                f"--only names a check that suite '{suite.name}' does not have: '{name}'",
                hint=did_you_mean(name, names, "its checks"),
            )
    return tuple(check for check in suite.checks if not only or check.name in only)


def _columns(samples: Iterable[Sample]) -> list[str]:
    found: dict[str, None] = {}
    for sample in samples:
        if sample.references:
            found["references"] = None
        found.update(dict.fromkeys(sample.labels))
    return list(found)


def _verify_columns(check: SuiteCheck, dataset: Dataset) -> None:
    columns = _columns(dataset.samples)
    for column in check.required:
        if column not in columns:
            raise SuiteError(
                f"check '{check.name}' needs the column '{column}', which dataset '{dataset.name}' does not have",
                where=check.origin,
                hint=did_you_mean(column, columns, "it has") + f"; or map one: columns: {{{column}: NAME}}",
            )


def _verify_slices(suite: Suite, checks: Sequence[SuiteCheck], datasets: Mapping[str, Dataset]) -> None:
    """A gate on a label or value that no row has would never be decided."""
    by_name = {check.name: check for check in checks}
    for gate in suite.gates:
        if gate.check not in by_name:
            continue
        dataset = datasets[by_name[gate.check].dataset]
        values = _label_values(dataset.samples)
        for label in (*gate.slice, *((gate.by,) if gate.by else ())):
            if label not in values:
                hint = did_you_mean(label, values, "its labels")
                raise SuiteError(
                    f"gate '{gate.text}' slices by '{label}', a column that dataset '{dataset.name}' does not have",
                    where=gate.origin,
                    hint=hint,
                )
        for label, value in gate.slice.items():
            if value not in values[label]:
                hint = did_you_mean(value, sorted(values[label])[:40], f"its values of {label}")
                raise SuiteError(f"gate '{gate.text}': no row has {label}={value}", where=gate.origin, hint=hint)


def _label_values(samples: Iterable[Sample]) -> dict[str, set[str]]:
    values: dict[str, set[str]] = {}
    for sample in samples:
        for label, value in sample.labels.items():
            if isinstance(value, str | int | float | bool):
                values.setdefault(label, set()).add(str(value))
    return values


def with_messages(sample: Sample, content: str) -> Sample:
    """The sample with another last message."""
    last = replace(sample.messages[-1], content=content)
    return replace(sample, messages=(*sample.messages[:-1], last))


def scope_options(scope: Scope) -> dict[str, Any]:
    return {"only": list(scope.only), "limit": scope.limit}
