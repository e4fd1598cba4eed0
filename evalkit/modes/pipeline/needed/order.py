"""In which order suites are run that need each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.suite.load import Suite, load_suite
from evalkit.suite.needs import Need

ARROW = " → "


@dataclass(frozen=True, slots=True)
class Step:
    """A suite that is run before the one that was asked for."""

    path: Path
    suite: Suite
    max_age: float
    """Seconds, of the suite that wants the youngest run."""

    @property
    def needs(self) -> tuple[Need, ...]:
        return self.suite.needs


def steps_before(suite: Suite, *, seed: int | None = None) -> tuple[Step, ...]:
    """All that it needs, and what that needs, each after its own needs. A circle is refused with its path."""
    found: dict[Path, Suite] = {}
    ages: dict[Path, float] = {}
    _follow(suite, (suite.path.resolve(),), found, ages, seed)
    return tuple(Step(path, one, ages[path]) for path, one in found.items())


def _follow(
    suite: Suite, way: tuple[Path, ...], found: dict[Path, Suite], ages: dict[Path, float], seed: int | None
) -> None:
    for need in suite.needs:
        if need.path in way:
            circle = (*way[way.index(need.path) :], need.path)
            raise SuiteError(
                f"suites need each other in a circle: {ARROW.join(path.name for path in circle)}",
                where=need.origin,
                hint="leave one of these needs out",
            )
        ages[need.path] = min(need.max_age, ages.get(need.path, need.max_age))
        if need.path not in found:
            theirs = load_suite(need.path, seed=seed, trust_code=suite.trust_code, redact=suite.redaction.kinds)
            _follow(theirs, (*way, need.path), found, ages, seed)
            found[need.path] = theirs
