"""Sections about time and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

from evalkit.modes.deep_dive.figures import Figures
from evalkit.modes.deep_dive.growth import BLOCK, NOTICED_MB, Growth
from evalkit.modes.deep_dive.latency import Latencies
from evalkit.modes.deep_dive.rates import Rate, Rates
from evalkit.modes.deep_dive.resources import Look, Phase, cpu_over_time, is_whole, rate_over_time
from evalkit.modes.deep_dive.stages import PERCENTILES, percentiles, stage_times
from evalkit.modes.deep_dive.volume import LEAST_SECONDS, MOST_RATIO, TIMES, Scaling
from evalkit.sections import BarPicture, Cell, LinePicture, Section, SectionTable, Series

Rows = tuple[tuple[Cell, ...], ...]
MOST_BARS = 12
NAMES = (*(f"p{q}" for q in PERCENTILES), "most")
LEAST_FOR_PERCENTILES = 2
LEAST_BLOCKS = 5


def time(figures: Figures) -> Section:
    if figures.profile is None:
        return Section("deep-dive-time", "Where the time went", "Nothing was recorded.")
    stages = stage_times(figures.profile)
    rows = tuple((one.name, one.seconds, one.share, one.cpu_seconds, one.times or None) for one in stages)
    shown = [one for one in stages if one.seconds > 0][:MOST_BARS]
    first = ", ".join(f"{one.name} {one.share:.0%}" for one in shown[:3])
    said = f"The run took {seconds(figures.profile.seconds)}: {first}."
    tables = [
        SectionTable(
            "Time by stage", ("stage", "time", "share", "CPU time", "times"), rows, ("", "s", "%", "s", ""), _CPU_NOTE
        ),
        *_by_block(figures),
        *_latencies(figures),
    ]
    bars = tuple((one.name, one.seconds) for one in shown)
    return Section(
        "deep-dive-time",
        "Where the time went",
        said + _latency_sentence(figures),
        tables=tuple(tables),
        pictures=(BarPicture("Time by stage", "s", bars, said),) if bars else (),
    )


_CPU_NOTE = "Of the run alone, without what was measured beside it. CPU time is of all threads of this process."


def _by_block(figures: Figures) -> list[SectionTable]:
    blocks = figures.blocks
    if blocks.blocks < LEAST_BLOCKS:
        return []
    taken = sorted(blocks.seconds.items(), key=lambda one: -sum(one[1]))
    rows: Rows = tuple((name, *percentiles(took).values()) for name, took in taken if max(took) > 0)
    note = f"From the end of one block of cases to the end of the next; {blocks.blocks} blocks."
    return [SectionTable("Stages by block", ("stage", *NAMES), rows, ("", *["s"] * len(NAMES)), note)]


def _latencies(figures: Figures) -> list[SectionTable]:
    found = figures.latencies
    together = found.all
    if len(together) < LEAST_FOR_PERCENTILES or figures.is_mock:
        return []
    checks = [(name, took) for name, took in found.by_check.items() if len(took) >= LEAST_FOR_PERCENTILES]
    several = [("all", together), *checks] if len(checks) > 1 else [("all", together)]
    rows: Rows = tuple((name, len(took), *percentiles(took).values()) for name, took in several)
    note = (
        "From when the engine took a request up to its last token: answers of one batch share their seconds. Of each "
        f"check's first {figures.options.cases:,} cases, without those that errored. Of fewer than 100 answers p99 is "
        "hardly more than the slowest one, and of fewer than 20 p95 is."
    )
    if found.reused:
        note += f" {found.reused:,} of {found.answers:,} answers were known from an earlier run and are not timed."
    units = ("", "", *["s"] * len(NAMES))
    return [SectionTable("Latency of the run's own answers", ("check", "answers", *NAMES), rows, units, note)]


def _latency_sentence(figures: Figures) -> str:
    together = figures.latencies.all
    if figures.is_mock:
        return " A mock's answers have no latency."
    if len(together) < LEAST_FOR_PERCENTILES:
        found: Latencies = figures.latencies
        if found.reused and found.reused == found.answers:
            return f" All {found.answers:,} answers were known from an earlier run: there are no latencies."
        return ""
    by_name = percentiles(together)
    half, most = seconds(by_name["p50"]), seconds(by_name["p95"])
    return f" Half of {len(together):,} answers came within {half}, 95% within {most}."


def speed(figures: Figures) -> Section:
    rates = figures.rates
    title = f"Speed by {rates.by}" if rates.by else "Speed"
    measured = [rate for rate in rates.rates if rate.times]
    if not measured:
        return Section("deep-dive-speed", title, f"No speed was measured: {_untimed(figures)}.")
    table = SectionTable(
        f"{'Tokens' if rates.in_tokens else 'Requests'} a second by {rates.by or 'setting'}",
        (rates.by or "setting", "least", "median", "most", "repeats", "tokens a repeat"),
        tuple(_rate_row(rates, rate) for rate in rates.rates),
        ("", rates.unit, rates.unit, rates.unit, "", ""),
        note=_speed_note(figures),
    )
    points = tuple((float(rate.setting), _median(rates, rate)) for rate in measured if rate.setting is not None)
    said = _speed_sentence(rates)
    picture = LinePicture(
        f"{'Tokens' if rates.in_tokens else 'Requests'} a second",
        rates.by,
        rates.unit,
        tuple(_spread_series(rates, measured)),
        said,
        logarithmic=True,
    )
    pictures = (picture,) if len(points) > 1 else ()
    return Section("deep-dive-speed", title, said, tables=(table,), pictures=pictures)


def _rate_row(rates: Rates, rate: Rate) -> tuple[Cell, ...]:
    spread = rates.spread(rate) or (None, None, None)
    tokens = rate.times[0].output_tokens if rate.times else None
    return (rate.name, *spread, len(rate.times), tokens)


def _median(rates: Rates, rate: Rate) -> float | None:
    spread = rates.spread(rate)
    return spread[1] if spread else None


def _spread_series(rates: Rates, measured: Sequence[Rate]) -> list[Series]:
    known = [(float(rate.setting), rates.spread(rate)) for rate in measured if rate.setting is not None]
    return [
        Series(name, tuple((size, spread[place] if spread else None) for size, spread in known))
        for name, place in (("least", 0), ("median", 1), ("most", 2))
    ]


def _speed_sentence(rates: Rates) -> str:
    own, best = rates.own, rates.best
    parts = []
    if own is not None and (spread := rates.spread(own)):
        least, half, most = map(figure, spread)
        parts.append(f"asked as in the run it wrote {half} {rates.unit} ({least} to {most})")
    if best is not None and (spread := rates.spread(best)):
        parts.append(f"{rates.by} {best.setting} was the quickest that was set, with {figure(spread[1])} {rates.unit}")
    if not rates.by:
        parts.append("this backend can set neither batch size nor concurrency")
    return (first_big("; ".join(parts)) or "Nothing could be measured") + "."


def _speed_note(figures: Figures) -> str:
    options, rates = figures.options, figures.rates
    note = (
        f"The same {rates.prompts} prompts of the suite in every row, at most {options.max_tokens} tokens each; "
        f"the settings take turns, and the order turns round each time. No answer of these was stored."
    )
    if figures.is_mock:
        note += " A mock takes any setting and none changes it: these are figures of what is around it."
    left_out = _untimed(figures)
    return note + (f" Not measured: {left_out}." if left_out else "")


def _untimed(figures: Figures) -> str:
    return "; ".join(dict.fromkeys(figures.budget.untimed))


def volume(figures: Figures) -> Section:
    found: Scaling = figures.scaling
    title, name = "Scaling with volume", "deep-dive-volume"
    if not found.steps:
        why = found.why_not or _untimed(figures) or "nothing was asked"
        return Section(name, title, f"It was not measured: {why}.")
    rows = tuple(
        (f"{one.times}x", one.rows, one.least, max(one.seconds), one.rows / found.steps[0].rows, found.times(one))
        for one in found.steps
    )
    columns = ("volume", "rows", "least", "most", "ratio of rows", "ratio of times")
    rule = f"The ratio of times may be {MOST_RATIO:g} times the ratio of volumes."
    note = (
        f"{rule} The least of {len(found.steps[0].seconds)} repeats counts, and no more than that of a larger volume: "
        "whatever else a machine does only adds to it. Prompts of each volume are about as long. Broken is what would "
        "be so by the slowest repeat of the smallest volume, too, when it was measured as often again."
    )
    table = SectionTable("Time by volume", columns, rows, ("", "rows", "s", "s", "", ""), note)
    if found.is_too_short:
        said = f"{found.steps[0].rows} rows took less than {LEAST_SECONDS:g} s, too little to compare. {rule}"
    elif found.worst is None:
        said = f"Only {found.steps[0].rows} rows were timed. {rule}"
    else:
        last, first = found.steps[-1], found.steps[0]
        said = (
            f"{last.rows / first.rows:g} times the rows took {found.times(last):.2f} times as long; "
            f"at worst the time grew {found.worst:.2f} times as fast as the volume, and {MOST_RATIO:g} is allowed."
        )
        if found.worst > MOST_RATIO and found.state != "broken":
            said += " The repeats differ too much, or are too few, to call it broken."
    points = tuple((float(one.rows), found.time(one)) for one in found.steps)
    even = tuple((at, points[0][1] * at / points[0][0]) for at, _ in points)
    most = tuple((at, one if place == 0 else one * MOST_RATIO) for place, (at, one) in enumerate(even))
    series = (Series("measured", points), Series("in proportion", even), Series("allowed", most))
    picture = LinePicture("Time by volume", "rows", "time (s)", series, said, logarithmic=True)
    pictures = (picture,) if len(found.steps) == len(TIMES) else ()
    return Section(name, title, said, found.state, tables=(table,), pictures=pictures)


def memory(figures: Figures) -> Section:
    found: Growth = figures.growth
    title, name = "Memory over many requests", "deep-dive-memory"
    if len(found.memory) < LEAST_FOR_PERCENTILES:
        why = found.why_not or _untimed(figures) or "nothing was asked"
        return Section(name, title, f"It was not measured: {why}.")
    rule = f"Noticed where the interval of the growth is above 0 and 100 requests add {NOTICED_MB:g} MB or more."
    interval, mean = found.by_100, found.mean_by_100 or 0.0
    grew = f"{found.requests} requests took the memory from {found.memory[0]:,.1f} to {found.memory[-1]:,.1f} MB"
    since = f"after the first {found.warm * BLOCK} they" if found.warm else "they"
    said = f"{grew}; {since} added {mean:+.2f} MB per 100 requests"
    said += f" ({interval.low:+.2f} to {interval.high:+.2f})." if interval else "; too few for an interval."
    series = Series("resident memory", tuple((float(at * BLOCK), mb) for at, mb in enumerate(found.memory)))
    picture = LinePicture("Memory by requests", "requests", "resident memory (MB)", (series,), said)
    limits = (interval.low, interval.high) if interval else (None, None)
    table = SectionTable(
        "Growth of memory",
        ("requests", "before", "after", "per 100", "low", "high"),
        ((found.requests, found.memory[0], found.memory[-1], mean, *limits),),
        ("", "MB", "MB", "MB", "MB", "MB"),
        f"{rule} The interval is Student's, 95%, of the differences between looks {BLOCK} requests apart.",
    )
    return Section(name, title, said, "noticed" if found.grows else "measured", tables=(table,), pictures=(picture,))


def resources(figures: Figures) -> Section:
    looks, phases = figures.looks, figures.phases
    name, title = "deep-dive-resources", "What the machine gave"
    if len(looks) < LEAST_FOR_PERCENTILES:
        return Section(name, title, "Nothing was looked at.")
    said = _resources_sentence(figures, phases)
    table = SectionTable(
        "By phase",
        ("phase", "time", "cores used", "most memory", "read", "written", "sent", "received"),
        tuple(astuple(one) for one in phases),
        ("", "s", "", "MB", "MB", "MB", "MB", "MB"),
        "Memory, processor and disk are this process's; the network is all of the machine's.",
    )
    return Section(name, title, said, tables=(table,), pictures=tuple(_pictures(looks)))


def _resources_sentence(figures: Figures, phases: Sequence[Phase]) -> str:
    run = next(iter(phases), None)
    parts = []
    if run is not None and run.cpu_share is not None:
        parts.append(f"the run used {run.cpu_share:.2f} cores in the mean")
    if figures.peak_mb is not None:
        parts.append(f"the process held {figures.peak_mb:,.0f} MB at most")
    if not is_whole():
        parts.append("disk and network were not looked at: pip install 'evalkit-lm[deep-dive]' brings psutil")
    return (first_big("; ".join(parts)) or "Nothing was looked at") + "."


def _pictures(looks: Sequence[Look]) -> list[LinePicture]:
    held = [
        Series(name, tuple((round(look.seconds, 2), getattr(look, of)) for look in looks))
        for name, of in (("this process", "memory_mb"), ("accelerator", "accelerator_mb"))
        if any(getattr(look, of) is not None for look in looks)
    ]
    flows = {"read": "read_mb", "written": "written_mb", "sent": "sent_mb", "received": "received_mb"}
    moved = [Series(name, tuple(found)) for name, of in flows.items() if (found := rate_over_time(looks, of))]
    used = [Series("cores", tuple(cpu_over_time(looks)))]
    drawn = (
        ("Memory over time", "memory (MB)", held, "MB"),
        ("Processor over time", "cores used", used, "cores"),
        ("Disk and network over time", "MB/s", moved, "MB/s"),
    )
    return [
        LinePicture(title, "seconds", of, tuple(series), _at_most(series, unit))
        for title, of, series, unit in drawn
        if any(one.points for one in series)
    ]


def _at_most(series: Sequence[Series], unit: str) -> str:
    most = {one.name: max((value for _, value in one.points if value is not None), default=0.0) for one in series}
    return "At most: " + ", ".join(f"{name} {figure(value)} {unit}" for name, value in most.items()) + "."


def seconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:,.3g} s" if value < 100 else f"{value:,.0f} s"


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def first_big(text: str) -> str:
    return text[:1].upper() + text[1:]
