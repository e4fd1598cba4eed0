"""The ``needs`` key of a suite: which suites are run before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.suite.find import find_suite
from evalkit.suite.schema import NeedConfig, SuiteConfig
from evalkit.suite.source import KeyPath, Source

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


@dataclass(frozen=True, slots=True)
class Need:
    path: Path
    """Of the suite file."""
    max_age: float
    """Seconds: a passing run on the same model that is no older counts."""
    continue_on_failure: bool
    origin: str


def needs_of(config: SuiteConfig, source: Source) -> tuple[Need, ...]:
    """Found, but not read: a suite may need one that needs it, which is said where the order is made."""
    needs: dict[Path, Need] = {}
    for index, entry in enumerate(config.needs):
        keys: KeyPath = ("needs", index)
        one = NeedConfig(suite=entry) if isinstance(entry, str) else entry
        where = source.where(keys)
        try:
            path = find_suite(one.suite).resolve()
        except SuiteError as error:
            raise SuiteError(f"it needs '{one.suite}': {error.message}", where=where, hint=error.hint) from error
        if path in needs:
            raise SuiteError(f"it needs '{one.suite}' twice", where=where, hint="name it once")
        needs[path] = Need(path, _seconds(one.max_age), one.continue_on_failure, where)
    return tuple(needs.values())


def _seconds(age: str) -> float:
    return float(age[:-1]) * SECONDS[age[-1]]
