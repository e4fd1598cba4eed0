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
    for score, exchanges in _said(store, run, check, dataset, masked=masked):
        yield {
            "run": run.id,
            "check": check,
            "case": score.case,
            "category": _category(exchanges),
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
                for one in exchanges
            ],
            "judgement": dict(score.score.evidence),
            "statistics": {
                name: list(result) for name, result in score.score.results.items() if isinstance(result, tuple)
            },
        }


def said_in_cases(store: Store, result: Result) -> Iterator[tuple[StoredScore, Sequence[Exchange]]]:
    """Every case of every check, with what was asked and answered."""
    masked = any(check.kind == MASKING for check in result.checks)
    for check in result.checks:
        yield from _said(store, result.run, check.name, check.dataset, masked=masked)


def _said(
    store: Store, run: Run, check: str, dataset: str, *, masked: bool
) -> Iterator[tuple[StoredScore, Sequence[Exchange]]]:
    for batch in batched(store.iter_scores(run.id, check)):
        exchanges = exchanges_of(store, run.datasets[dataset], batch, masked=masked)
        yield from ((score, exchanges[score.case]) for score in batch)


def _category(exchanges: Sequence[Exchange]) -> str:
    return str(exchanges[0].labels.get("category", "")) if exchanges else ""
