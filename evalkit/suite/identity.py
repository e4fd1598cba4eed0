"""A suite's fingerprint: of what it asks and how it judges."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from evalkit.suite.schema import SuiteConfig

_UNIMPORTANT = ("title", "description", "limits", "stop_early", "review", "modes", "needs")
_LATER_OF_DATASETS = ("perturb", "query", "transform")
_LATER_OF_CONTRACTS = ("min_rows", "max_rows")
_LATER_OF_COLUMNS = ("min", "max", "unique")
"""What suites from before it was there do not say: they keep their fingerprint."""


def suite_fingerprint(config: SuiteConfig) -> str:
    data = config.model_dump(mode="json")
    for dataset in data["datasets"].values():
        dataset["path"] = Path(dataset["path"]).name
        _leave_out(dataset, _LATER_OF_DATASETS)
        if "transform" in dataset:
            dataset["transform"] = Path(dataset["transform"]).name
        if query := dataset.get("query"):
            query["folder"], query["reads"] = "", []
            _shorten(query["contract"])
        _shorten(dataset["contract"])
        shots = dataset["prompt"]["few_shot"]
        if shots:
            shots["path"] = Path(shots["path"]).name
    if not data["redact"]:
        del data["redact"]
    for name in _UNIMPORTANT:
        data.pop(name)
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _shorten(contract: Any) -> None:
    if isinstance(contract, dict):
        _leave_out(contract, _LATER_OF_CONTRACTS)
        for column in contract["columns"]:
            _leave_out(column, _LATER_OF_COLUMNS)


def _leave_out(given: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if given[name] is None or given[name] is False or given[name] == "" or given[name] == []:
            del given[name]
