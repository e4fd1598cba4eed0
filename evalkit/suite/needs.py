"""The ``needs`` key of a suite: which suites are run before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.ages import age_of
from evalkit.errors import SuiteError
from evalkit.suite.find import find_suite
from evalkit.suite.schema import NeedConfig, SuiteConfig
from evalkit.suite.source import KeyPath, Source


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
        max_age = age_of(one.max_age, where).total_seconds()
        needs[path] = Need(path, max_age, one.continue_on_failure, where)
    return tuple(needs.values())
