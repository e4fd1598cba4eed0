"""Functions of ours in SQL: metrics of texts, what a metric makes of a case, and which data a check read."""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache
from typing import TYPE_CHECKING

from evalkit.errors import EvalkitError
from evalkit.metrics.sql import functions
from evalkit.results import MetricInfo
from evalkit.store import Store

if TYPE_CHECKING:
    from evalkit.protocols import Metric

REMEMBERED = 512
"""Runs, whose checks are not read again."""


def register(connection: sqlite3.Connection, store: Store) -> None:
    for name, function in functions().items():
        connection.create_function(name, len(function.arguments), function.call, deterministic=True)
    known = _Known(store)
    connection.create_function("evalkit_value", 4, known.value, deterministic=True)
    connection.create_function("evalkit_dataset", 2, known.dataset, deterministic=True)


class _Known:
    """What finished runs say of their checks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._checks = lru_cache(REMEMBERED)(self._read)
        self._metric = lru_cache(4096)(self._restored)

    def value(self, run_id: str, check: str, metric: str, statistics: str) -> float | None:
        found = self._metric(run_id, check, metric)
        vector = tuple(json.loads(statistics))
        if found is None or not vector:
            return None
        try:
            return float(vector[0]) if found.kind == "quantile" else found.value(vector)
        except Exception:  # noqa: BLE001 - a metric is a plugin: where it fails, the case has no value
            return None

    def dataset(self, run_id: str, check: str) -> str | None:
        """The fingerprint of its rows, as the table of rows has it."""
        return self._checks(run_id)[0].get(check)

    def _restored(self, run_id: str, check: str, metric: str) -> Metric | None:
        from evalkit.runner.tables import restore

        info = self._checks(run_id)[1].get((check, metric))
        try:
            return None if info is None else restore(info, {})
        except EvalkitError:  # its plugin is not installed here
            return None

    def _read(self, run_id: str) -> tuple[dict[str, str], dict[tuple[str, str], MetricInfo]]:
        from evalkit.store.documents import shown_name, stored_name

        try:
            run = self._store.get_run(shown_name(run_id))
            document = json.loads(self._store.get_result(run.id))
        except EvalkitError:  # it is not finished
            return {}, {}
        datasets, metrics = {}, {}
        for check in document["checks"]:
            name = stored_name(check["name"])
            datasets[name] = stored_name(run.datasets.get(check["dataset"], ""))
            for one in check.get("metrics", ()):
                known = {key: value for key, value in one.items() if key in MetricInfo.__dataclass_fields__}
                metrics[name, one["name"]] = MetricInfo(**known)
        return datasets, metrics
