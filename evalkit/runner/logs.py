"""Logs for reviewers: every case of a check, prompts and answers side by side, and how they were judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from evalkit.results import Exchange, Result, Run
from evalkit.runner.findings import MASKING, exchanges_of
from evalkit.runner.tables import batched
from evalkit.store import Store, StoredScore


def case_logs(store: Store, result: Result) -> Mapping[str, Iterator[Mapping[str, Any]]]:
    """File name to entries. Two checks of a kind share a file."""
    logs: dict[str, Iterator[Mapping[str, Any]]] = {}
    masked = any(check.kind == MASKING for check in result.checks)
    for check in result.checks:
        if check.log:
            entries = log_entries(store, result.run, check.name, check.dataset, masked=masked)
            logs[check.log] = chain(logs[check.log], entries) if check.log in logs else entries
    return logs


def log_entries(store: Store, run: Run, check: str, dataset: str, *, masked: bool = False) -> Iterator[dict[str, Any]]:
    """Every case of a check for a reviewer: prompts and answers side by side, and how they were judged."""
    for batch in batched(store.iter_scores(run.id, check)):
        yield from _log_batch(run, check, batch, exchanges_of(store, run.datasets[dataset], batch, masked=masked))


def _log_batch(
    run: Run, check: str, batch: Sequence[StoredScore], exchanges: Mapping[str, Sequence[Exchange]]
) -> Iterator[dict[str, Any]]:
    for score in batch:
        yield {
            "run": run.id,
            "check": check,
            "case": score.case,
            "category": _category(exchanges[score.case]),
            "status": str(score.score.status),
            "error": score.score.error,
            "exchanges": [
                {
                    "sample": one.sample,
                    "group": one.labels.get("group", ""),
                    "prompt": [{"role": m.role, "content": m.content} for m in one.messages],
                    "answer": one.answer,
                    "finish": one.finish,
                    "error": one.error,
                }
                for one in exchanges[score.case]
            ],
            "judgement": dict(score.score.evidence),
            "statistics": {
                name: list(result) for name, result in score.score.results.items() if isinstance(result, tuple)
            },
        }


def _category(exchanges: Sequence[Exchange]) -> str:
    return str(exchanges[0].labels.get("category", "")) if exchanges else ""
