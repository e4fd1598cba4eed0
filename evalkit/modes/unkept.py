"""Results of suites on which no model was asked: shown and written like any other, and never kept among the runs."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from evalkit.records import Outcome
from evalkit.results import Result, Run, Usage
from evalkit.runner.environment import environment
from evalkit.sections import Section
from evalkit.suite.load import Suite


def unkept(
    suite: Suite, model: str, kind: str, outcome: Outcome, sections: tuple[Section, ...], *, seconds: float
) -> Result:
    """``kind`` stands in the run's id, so that nobody looks for it among the runs."""
    now = datetime.now(UTC)
    moment = now.isoformat(timespec="milliseconds")
    run = Run(
        id=f"{now:%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(2)}",
        suite=suite.name,
        model=model,
        state="finished",
        created=moment,
        finished=moment,
        suite_fingerprint=suite.fingerprint,
        environment=environment(),
        partial=True,
    )
    return Result(
        run=run,
        outcome=outcome,
        estimates=(),
        checks=(),
        findings=(),
        usage=Usage(seconds=seconds),
        suite_title=suite.title,
        sections=sections,
    )
