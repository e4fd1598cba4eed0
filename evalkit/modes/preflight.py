"""Before a model is asked: the checks in use tried alone, unless the same ones held before."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import PluginError
from evalkit.models.fetch import cache_root
from evalkit.modes.choosing import ISOLATION
from evalkit.modes.mode import find_mode, options_of
from evalkit.runner.plan import chosen_checks
from evalkit.sections import Section
from evalkit.suite.load import Suite, SuiteCheck

if TYPE_CHECKING:
    from evalkit.data import DatasetSpec
    from evalkit.modes.isolation.scenarios import Scenario

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


def untried(
    suite: Suite, checks: Sequence[SuiteCheck], known: Known | None = None, scenarios: Sequence[Scenario] = ()
) -> list[SuiteCheck]:
    """Those that are not known to hold as they are now."""
    if not checks:
        return []
    known, scenarios = known or Known.usual(), scenarios or _scenarios(suite)
    return [check for check in checks if not known.holds(_mark(suite, check, scenarios))]


def _scenarios(suite: Suite) -> list[Scenario]:
    """As the suite wants them in isolation."""
    from evalkit.modes.isolation.scenarios import scenarios_of

    return scenarios_of(options_of(ISOLATION, find_mode(ISOLATION), suite))


def preflight(
    suite: Suite, only: Sequence[str], which: str, *, jobs: int | None, tell: Tell, known: Known | None = None
) -> Section | None:
    """None where there is nothing to try. Checks that do not hold are an error: they cannot judge a model."""
    checks = wanted(suite, only, which)
    if not checks:
        return None
    from evalkit.modes.isolation.jobs import usual_jobs
    from evalkit.modes.isolation.selftest import selftest
    from evalkit.modes.isolation.told import section

    known = known or Known.usual()
    scenarios = _scenarios(suite)
    new = untried(suite, checks, known, scenarios)
    if not new:
        names = ", ".join(check.name for check in checks)
        return Section(
            "isolation", TITLE, f"{_all(len(checks))} held when tried before, and not tried again: {names}.", "held"
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
            known.note(_mark(suite, check, scenarios))
    if not found.passed:
        worst = "; ".join(f"{one.check}, {one.scenario}: {one.why}" for one in found.failed[:MOST_NAMED])
        raise PluginError(
            f"checks that do not hold cannot judge a model: {worst or 'no scenario had anything to try'}",
            where=str(suite.path),
            hint=f"see all with: evalkit selftest {suite.path}; or go on without: --mode-option preflight=none",
        )
    return section(found, title=TITLE)


def _all(checks: int) -> str:
    return "The only check" if checks == 1 else f"All {checks:,} checks"


def _is_ours(check: SuiteCheck) -> bool:
    return _made_by(check).__module__.partition(".")[0] == OURS


def _made_by(check: SuiteCheck) -> type:
    """The class that judges: a check that is asked several times stands around it."""
    inner: Any = check.check
    while type(inner).__module__ == "evalkit.checks.repeats" and hasattr(inner, "check"):
        inner = inner.check
    return type(inner)


def _mark(suite: Suite, check: SuiteCheck, scenarios: Sequence[Scenario]) -> str:
    """Of everything that a trial rests on: the check's options, dataset and code, the scenarios, this Python."""
    spec = suite.datasets[check.dataset]
    options = getattr(check.check, "options", None)
    data = [
        *(check.name, getattr(check.check, "kind", ""), _said(options), _said(check.decoding), check.attempts),
        *(_said(spec), _stats(_files_of(spec)), suite.fingerprint, sys.version),
        *(_code_of(_made_by(check)), _own_code(), [scenario.to_json() for scenario in scenarios]),
    ]
    return hashlib.sha256(json.dumps(data, default=str).encode()).hexdigest()


def _said(thing: object) -> str:
    """Without where it lies in memory, which is another place each time."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(thing))


def _files_of(spec: DatasetSpec) -> list[Path]:
    """That its rows are made after."""
    transform = [spec.transform.path] if spec.transform is not None else []
    return [Path(name) for name in (spec.path, *transform) if name]


def _code_of(made_by: type) -> str:
    """Of the packages that it and what it derives from come from; of a module alone, that module."""
    files: set[Path] = set()
    for name in {one.__module__ for one in made_by.__mro__}:
        top = sys.modules.get(name.partition(".")[0])
        file = getattr(top, "__file__", None)
        if file is None or name.partition(".")[0] in {OURS, *sys.stdlib_module_names}:
            continue
        files.update(Path(file).parent.rglob("*.py") if hasattr(top, "__path__") else [Path(file)])
    return _digest(sorted(files))


@cache
def _own_code() -> str:
    """By size and time of change: evalkit's files are many, and hashing them takes longer than a small run."""
    root = Path(__file__).parent.parent
    rooms = ("checks", "metrics", "data", "gates", "stats", "runner", "modes/isolation")
    files = _stats(sorted(path for room in rooms for path in (root / room).rglob("*.py")))
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def _stats(files: Iterable[Path]) -> list[tuple[str, int, int]]:
    """Name, size and time of change."""
    found = []
    for file in files:
        with suppress(OSError):  # what is not there is told by whoever reads it
            found.append((str(file), file.stat().st_size, file.stat().st_mtime_ns))
    return found


def _digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()
