"""How much a deep dive asks beside its run, known before anything is asked."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from evalkit.modes.deep_dive.asking import requests_of
from evalkit.modes.deep_dive.growth import BLOCK
from evalkit.modes.deep_dive.rates import WARM_UP, set_by
from evalkit.modes.deep_dive.volume import TIMES

if TYPE_CHECKING:
    from evalkit.modes.deep_dive.mode import DeepDiveOptions
    from evalkit.runner.plan import Plan


def prompts_of_rates(options: DeepDiveOptions) -> int:
    return max([options.prompts, *options.batch_sizes])


def prompts_wanted(options: DeepDiveOptions) -> int:
    """Different ones, of all measurements."""
    return max(prompts_of_rates(options), options.rows * TIMES[-1], BLOCK)


def most_requests_beside(options: DeepDiveOptions, plan: Plan, conditions: Collection[str]) -> int:
    """Where time is enough and nothing fails; a limit of the suite's requests is not looked at. ``conditions``: what
    the model can set. Of a mock that is not profiled nothing is asked, whatever this says."""
    found = len(requests_of(plan, prompts_wanted(options), options.max_tokens))
    if not found or not options.seconds:
        return 0
    prompts = min(found, prompts_of_rates(options))
    sizes = {size for size in options.batch_sizes if size <= prompts} if set_by(conditions) else set()
    again = 2 if sizes else 0  # what looks quicker is measured again, and so is the run's own way
    rates = (1 + len(sizes)) * WARM_UP + (1 + len(sizes) + again) * options.repeats * prompts
    unit = min(options.rows, found // TIMES[-1])
    volume = 1 + 2 * options.repeats * unit * sum(TIMES) if unit else 0  # what looks broken is measured again
    growth = max(1, options.growth_requests // BLOCK) * BLOCK
    return rates + volume + growth
