"""What was measured, as sections of the report."""

from __future__ import annotations

from evalkit.modes.deep_dive.figures import Figures
from evalkit.modes.deep_dive.told_quality import comparison, patterns, recommendations, slices
from evalkit.modes.deep_dive.told_speed import memory, resources, speed, time, volume
from evalkit.sections import Section

NO_SPEED = "A mock has no speed of its own, so none was measured; with --profile that of all around it is."


def sections(figures: Figures) -> list[Section]:
    found = [recommendations(figures)]
    if figures.is_timed:
        found += [time(figures), speed(figures), volume(figures), memory(figures), resources(figures)]
    else:
        found.append(Section("deep-dive-time", "Where the time went", NO_SPEED))
    found += [patterns(figures), slices(figures)]
    compared = comparison(figures)
    return found if compared is None else [*found, compared]
