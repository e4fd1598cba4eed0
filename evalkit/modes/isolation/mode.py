"""The mode ``isolation``: a self-test as a result, so that every renderer shows it."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from evalkit.errors import ExitCode
from evalkit.modes.choosing import ISOLATION
from evalkit.modes.isolation.jobs import usual_jobs
from evalkit.modes.isolation.scenarios import scenarios_of
from evalkit.modes.isolation.selftest import Selftest, selftest
from evalkit.modes.isolation.told import holds, section, verdicts
from evalkit.modes.mode import Asked, ModeOptions
from evalkit.modes.unkept import unkept
from evalkit.records import Outcome
from evalkit.results import Result
from evalkit.runner.plan import chosen_checks
from evalkit.suite.load import Suite

NO_MODEL = "no model"


class IsolationOptions(ModeOptions):
    scenarios: list[str] = Field(
        default_factory=list, description="Files or folders of further scenarios; a suite's lie beside it."
    )
    only: list[str] = Field(default_factory=list, description="Names of scenarios; none: all.")
    jobs: int | None = Field(None, ge=1, le=64, description="Scenarios at a time; by default a core each.")
    seconds: float | None = Field(None, gt=0, description="Of each scenario, instead of its own limit.")
    memory_mb: float | None = Field(None, gt=0, description="The same, in megabytes.")


class Isolation:
    sentence = "Each check alone, on made rows and mock models, in a process of its own. No model is evaluated."
    Options = IsolationOptions

    def run(self, asked: Asked, options: IsolationOptions) -> Result:
        checks = chosen_checks(asked.suite, asked.options.scope.only)
        found = selftest(
            asked.suite,
            checks,
            scenarios_of(options),
            jobs=options.jobs or usual_jobs(),
            told=lambda trial, done, of: asked.tell("trying the checks alone", done, of),
        )
        result = result_of(asked.suite, found)
        outcome = result.outcome if asked.is_mock else _none_evaluated(result.outcome, holds(found))
        again, reason = asked.options.reproduce, asked.options.mode_reason
        return replace(result, outcome=outcome, reproduce=again, mode_reason=reason)


def _none_evaluated(outcome: Outcome, said: str) -> Outcome:
    """A model that is no mock was to be evaluated, and was not: that is what is said first."""
    return Outcome(
        "no model was evaluated", ExitCode.NOTHING_EVALUATED, f"isolation asks none; {said}", outcome.verdicts
    )


def result_of(suite: Suite, found: Selftest) -> Result:
    """A result of no model."""
    word, code = ("checks hold", ExitCode.OK) if found.passed else ("checks do not hold", ExitCode.NOT_GOOD_ENOUGH)
    outcome = Outcome(word, code, f"{holds(found)}; no model was evaluated", tuple(verdicts(found)))
    result = unkept(suite, NO_MODEL, ISOLATION, outcome, (section(found),), seconds=found.seconds)
    return replace(result, mode=ISOLATION)
