"""Before a model is asked: the checks in use tried alone, unless the same ones held before."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from evalkit.errors import PluginError
from evalkit.models.fetch import cache_root
from evalkit.runner.plan import chosen_checks
from evalkit.sections import Section
from evalkit.suite.load import Suite, SuiteCheck

ALL, THEIRS, NONE = "all", "theirs", "none"
OURS = "evalkit"
MOST_NAMED = 3
TITLE = "Checks tried before the model was asked"
Tell = Callable[[str, int, int], None]
"""What is done, how far it is, and of how much."""


@dataclass(frozen=True, slots=True)
class Known:
    """Which checks held, by what they were made of."""

    folder: Path

    @classmethod
    def usual(cls) -> Known:
        return cls(cache_root().parent / "preflight")

    def holds(self, mark: str) -> bool:
        return (self.folder / mark).is_file()

    def note(self, mark: str) -> None:
        with suppress(OSError):  # what cannot be kept is tried again
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / mark).touch()


def wanted(suite: Suite, only: Sequence[str], which: str) -> list[SuiteCheck]:
    return [one for one in chosen_checks(suite, only) if which == ALL or (which == THEIRS and not _is_ours(one))]


def untried(suite: Suite, checks: Iterable[SuiteCheck], known: Known | None = None) -> list[SuiteCheck]:
    """Those that are not known to hold as they are now."""
    known = known or Known.usual()
    return [check for check in checks if not known.holds(_mark(suite, check))]


def preflight(
    suite: Suite, only: Sequence[str], which: str, *, jobs: int | None, tell: Tell, known: Known | None = None
) -> Section | None:
    """None where there is nothing to try. Checks that do not hold are an error: they cannot judge a model."""
    checks = wanted(suite, only, which)
    if not checks:
        return None
    from evalkit.modes.isolation.jobs import usual_jobs
    from evalkit.modes.isolation.scenarios import bundled_scenarios, load_scenarios
    from evalkit.modes.isolation.selftest import selftest
    from evalkit.modes.isolation.told import section

    known = known or Known.usual()
    scenarios = load_scenarios(bundled_scenarios())
    new = untried(suite, checks, known)
    if not new:
        names = ", ".join(check.name for check in checks)
        return Section(
            "isolation", TITLE, f"All {len(checks):,} checks held when they were tried before: {names}.", "held"
        )
    found = selftest(
        suite,
        new,
        scenarios,
        jobs=jobs or usual_jobs(),
        told=lambda trial, done, of: tell("trying the checks alone", done, of),
    )
    failing = {trial.check for trial in found.failed}
    for check in new:
        if check.name not in failing:
            known.note(_mark(suite, check))
    if not found.passed:
        worst = "; ".join(f"{one.check}, {one.scenario}: {one.why}" for one in found.failed[:MOST_NAMED])
        raise PluginError(
            f"checks that do not hold cannot judge a model: {worst or 'no scenario had anything to try'}",
            where=str(suite.path),
            hint=f"see all with: evalkit selftest {suite.path}; or go on without: --mode-option preflight=none",
        )
    return section(found, title=TITLE)


def _is_ours(check: SuiteCheck) -> bool:
    return _made_by(check).__module__.partition(".")[0] == OURS


def _made_by(check: SuiteCheck) -> type:
    """The class that judges: a check that is asked several times stands around it."""
    inner: Any = check.check
    while type(inner).__module__ == "evalkit.checks.repeats" and hasattr(inner, "check"):
        inner = inner.check
    return type(inner)


def _mark(suite: Suite, check: SuiteCheck) -> str:
    """Of everything that a trial rests on: the check's options and dataset, the code, the scenarios, this Python."""
    from evalkit.modes.isolation.scenarios import bundled_scenarios

    spec = suite.datasets[check.dataset]
    options = getattr(check.check, "options", None)
    data = [
        *(check.name, getattr(check.check, "kind", ""), repr(options), repr(check.decoding), check.attempts),
        *(repr(spec), suite.fingerprint, sys.version),
        *(_source_of(_made_by(check).__module__), _own_code(), _digest(sorted(bundled_scenarios().glob("*.yaml")))),
    ]
    return hashlib.sha256(json.dumps(data, default=str).encode()).hexdigest()


@cache
def _source_of(module: str) -> str:
    try:
        file = inspect.getsourcefile(importlib.import_module(module))
    except TypeError:
        return ""
    return _digest([Path(file)]) if file else ""


@cache
def _own_code() -> str:
    """By size and time of change: evalkit's files are many, and hashing them takes longer than a small run."""
    root = Path(__file__).parent.parent
    stats = [(str(path.relative_to(root)), path.stat().st_size, path.stat().st_mtime_ns) for path in _files(root)]
    return hashlib.sha256(json.dumps(stats).encode()).hexdigest()


def _files(root: Path) -> list[Path]:
    rooms = ("checks", "metrics", "data", "gates", "stats", "runner", "modes/isolation")
    return sorted(path for room in rooms for path in (root / room).rglob("*.py"))


def _digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()
