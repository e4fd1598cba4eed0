"""What a self-test found: for a terminal, as a document, and as JUnit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from evalkit.modes.isolation.selftest import Selftest, SharedFailure
from evalkit.modes.isolation.told import KINDS, NO_MODEL, by_check, holds
from evalkit.modes.isolation.trial import FAIL, PASS, SKIP, Trial
from evalkit.report.formatting import duration
from evalkit.report.hostile import one_line, shorten_end, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

SCHEMA_VERSION = 1
MOST_PATTERNS = 20
WIDE = 80
"""Characters that the whole table needs; on fewer each check has one figure."""
MOST_NAMES = 6
LONGEST = 400


def sentence(found: Selftest) -> str:
    return f"{one_line(found.suite)}: {holds(found)} ({duration(found.seconds)}). {NO_MODEL}"


def terminal(found: Selftest, width: int) -> Iterator[RenderableType]:
    """A row for every check, what failed and why, and the sentence."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("check", overflow="fold")
    is_narrow = width < WIDE
    for heading in ("passed",) if is_narrow else (*KINDS, "seconds", "peak MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for check, trials in by_check(found.trials):
        cells = [_tally([trial for trial in trials if is_narrow or trial.of == kind]) for kind in KINDS]
        seconds, peak = sum(trial.seconds for trial in trials), max(trial.peak_mb for trial in trials)
        cost = [] if is_narrow else [f"{seconds:.1f}", f"{peak:,.0f}"]
        table.add_row(Text(one_line(check), "bold"), *(cells[:1] if is_narrow else cells), *cost)
    yield table
    if found.failed:
        yield Text("")
    for pattern in found.patterns[:MOST_PATTERNS]:
        yield Text.assemble(("✗ ", "bold red"), (one_line(pattern.cause), "bold red"), f"  {_where(pattern)}")
        yield Text("  " + shorten_end(one_line(pattern.why), LONGEST))
    more = len(found.patterns) - MOST_PATTERNS
    if more > 0:
        yield Text(f"and {more:,} more; --json has all", "dim")
    yield Text("")
    yield Text(sentence(found), "bold" if found.passed else "bold red")


def _tally(trials: Sequence[Trial]) -> Any:
    from rich.text import Text

    tried = [trial for trial in trials if trial.word != SKIP]
    if not tried:
        return Text("-", "dim")
    passed = sum(trial.word == PASS for trial in tried)
    return Text(f"{passed:,} of {len(tried):,}", "" if passed == len(tried) else "bold red")


def _where(pattern: SharedFailure) -> str:
    return f"{_some(pattern.checks)}: {_some(pattern.scenarios)}"


def _some(names: Sequence[str]) -> str:
    shown_names = ", ".join(map(one_line, names[:MOST_NAMES]))
    return shown_names + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")


def document(found: Selftest) -> dict[str, Any]:
    """Schema, what was tried and what became of it; ``model`` is none, for none was evaluated."""
    return {
        "schema": SCHEMA_VERSION,
        "suite": found.suite,
        "model": None,
        "passed": found.passed,
        "counts": dict(found.counts()),
        "seconds": found.seconds,
        "coverage": _coverage(found.trials),
        "patterns": [asdict(pattern) for pattern in found.patterns],
        "trials": [asdict(trial) for trial in found.trials],
    }


def _coverage(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Of every check, how many scenarios of each kind were tried, and how many there were."""
    return [
        {
            "check": check,
            **{
                kind: {"tried": sum(t.word != SKIP for t in own if t.of == kind), "of": sum(t.of == kind for t in own)}
                for kind in KINDS
            },
        }
        for check, own in by_check(trials)
    ]


def junit(found: Selftest) -> str:
    counts = found.counts()
    numbers = {"tests": len(found.trials), "failures": counts[FAIL], "errors": 0, "skipped": counts[SKIP]}
    told = {name: str(value) for name, value in numbers.items()} | {"time": f"{found.seconds:.3f}"}
    root = ET.Element("testsuites", {"name": "evalkit selftest", **told})
    suite = ET.SubElement(root, "testsuite", {"name": one_line(found.suite), **told})
    for trial in found.trials:
        named = {"classname": one_line(trial.check), "name": one_line(trial.scenario), "time": f"{trial.seconds:.3f}"}
        case = ET.SubElement(suite, "testcase", named)
        if trial.word == FAIL:
            message = one_line(shorten_end(trial.why, LONGEST))
            ET.SubElement(case, "failure", {"message": message, "type": trial.cause}).text = shown(
                trial.trace or trial.why
            )
        elif trial.word == SKIP:
            ET.SubElement(case, "skipped", {"message": one_line(trial.why)})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
