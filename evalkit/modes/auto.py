"""The mode ``auto``: the checks are tried alone, then the suite is run; for gates on speed, with a deep dive."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalkit.modes.choosing import AUTO, choose
from evalkit.modes.mode import Asked, ModeOptions, find_mode, options_of
from evalkit.modes.preflight import preflight
from evalkit.results import Result
from evalkit.runner.attending import Attendant, Concluded
from evalkit.runner.profile import recorder, stage
from evalkit.sections import Section


class AutoOptions(ModeOptions):
    preflight: Literal["all", "theirs", "none"] = Field(
        "all", description="Which checks are tried first: all, theirs (of other packages than evalkit), or none."
    )
    deep: Literal["gates", "always", "never"] = Field(
        "gates", description="When to dive deep: where the suite has gates on performance, always or never."
    )
    jobs: int | None = Field(None, ge=1, le=64, description="Scenarios at a time; by default a core each.")


class Auto:
    sentence = "The checks tried alone first, then the suite; with a deep dive where its gates are on performance."
    Options = AutoOptions

    def run(self, asked: Asked, options: AutoOptions) -> Result:
        profiled = recorder() is not None
        chosen = choose(asked.suite, AUTO, is_mock=asked.is_mock, profiled=profiled, deep=options.deep)
        return run_chosen(asked, chosen.mode, f"auto: {chosen.reason}", options.preflight, options.jobs)


def run_chosen(asked: Asked, name: str, reason: str, which: str, jobs: int | None = None) -> Result:
    with stage("try the checks alone"):
        tried = preflight(asked.suite, asked.options.scope.only, which, jobs=jobs, tell=asked.tell)
    mode = find_mode(name)
    if tried is not None:
        asked = asked.attended_by(_Tried(tried))
    return mode.run(asked.called(name, reason), options_of(name, mode, asked.suite))


class _Tried(Attendant):
    """Tells what was found before the run began."""

    def __init__(self, section: Section) -> None:
        self._section = section

    def concluded(self, concluded: Concluded) -> tuple[Section, ...]:
        return (self._section,)
