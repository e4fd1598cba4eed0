"""Checks whose cases are single rows: nothing of them is held, they are made from the rows when they are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from evalkit.checks.base import BaseCheck
from evalkit.checks.repeats import Repeated
from evalkit.compact import MadeOnDemand
from evalkit.data.order import Order
from evalkit.protocols import Check
from evalkit.records import Case, Sample


class CasesOfRows(MadeOnDemand[Case]):
    """The first rows of an order, each as a case."""

    __slots__ = ("_count", "_rows")

    def __init__(self, order: Order, count: int) -> None:
        self._rows = order.rows
        self._count = count

    def __len__(self) -> int:
        return self._count

    def item(self, place: int) -> Case:
        return case_of(self._rows[place])

    def __iter__(self) -> Iterator[Case]:
        return map(case_of, islice(self._rows, self._count))


def is_case_of_each_row(check: Check) -> bool:
    """The check takes its cases from the base of all checks, which makes one of each row."""
    own = check.inner if isinstance(check, Repeated) else check
    return isinstance(own, BaseCheck) and type(own).cases is BaseCheck.cases


def case_of(sample: Sample) -> Case:
    """As ``BaseCheck.cases`` makes it."""
    return Case(sample.id, (sample,), sample.cluster or sample.id)


class ClusterSizes:
    """How many cases each cluster has, of cases that come in the order of a plan.

    Cases of single rows come cluster after cluster, so that a cluster that is over is no more than a number.
    """

    __slots__ = ("_last", "_open", "_sizes", "cases", "together")

    def __init__(self, *, together: bool) -> None:
        self.together = together
        """The cases of a cluster follow each other."""
        self.cases = 0
        self._last = ""
        self._open: dict[str, int] = {}
        self._sizes: dict[int, int] = {}

    def add(self, cluster: str) -> None:
        """An empty cluster is one of its own."""
        self.cases += 1
        if not cluster:
            self._sizes[1] = self._sizes.get(1, 0) + 1
            return
        if self.together and cluster != self._last:
            if self._last:
                self._close(self._open.pop(self._last))
            self._last = cluster
        self._open[cluster] = self._open.get(cluster, 0) + 1

    def _close(self, size: int) -> None:
        self._sizes[size] = self._sizes.get(size, 0) + 1

    def sizes(self) -> Counter[int]:
        """How many clusters are of each size."""
        return Counter(self._sizes) + Counter(self._open.values())

    @staticmethod
    def of(clusters: Iterable[str], *, together: bool) -> ClusterSizes:
        made = ClusterSizes(together=together)
        for cluster in clusters:
            made.add(cluster)
        return made
