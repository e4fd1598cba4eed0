"""Sections about what went wrong, where, and against what."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.diagnoses import SliceDiagnosis
from evalkit.modes.deep_dive.comparison import STOPPED, UNPAIRED, Against, Difference
from evalkit.modes.deep_dive.figures import Figures
from evalkit.modes.deep_dive.numbers import numbers_of
from evalkit.modes.deep_dive.rules import RULES, advice
from evalkit.modes.deep_dive.slices import LEAST_CASES, Q
from evalkit.runner.findings import MASKING
from evalkit.sections import BarPicture, Cell, Section, SectionTable

MOST_ROWS = 200
MOST_SLICES = 1000
MOST_REASONS = 5
MOST_BARS = 8
NEARLY = 0.05
"""p of what is listed without being a finding."""
Rows = tuple[tuple[Cell, ...], ...]


def patterns(figures: Figures) -> Section:
    result, found = figures.concluded.result, figures.patterns
    errored = sum(group.measurements for group in result.errors)
    tables = [*_errors(figures), *_erring(figures), *_unscored(figures), *_answers(figures)]
    once = found.once
    said = f"{errored:,} of {result.usage.cases:,} measurements errored"
    if result.errors:
        said += ", most by " + ", ".join(f"{one.failure.value} ({one.measurements:,})" for one in result.errors[:3])
    if often := [_slice_name(one) for one in figures.worst.erring if one.flagged]:
        said += f"; more often than the rest {', '.join(often[:3])}"
    said += (
        f"; of {once.answers:,} answers that were read {once.cut:,} ran into max_tokens and "
        f"{once.empty:,} said nothing."
    )
    state = "noticed" if errored else "measured"
    return Section("deep-dive-patterns", "What goes wrong in the same way", said, state, tables=tuple(tables))


def _errors(figures: Figures) -> list[SectionTable]:
    groups = figures.concluded.result.errors
    if not groups:
        return []
    rows: Rows = tuple(
        (
            *(one.failure.value, one.measurements, ", ".join(f"{name} {n:,}" for name, n in one.checks.items())),
            *(one.cause, one.recommendation, next(iter(one.says), "")),
        )
        for one in groups
    )
    columns = ("class", "measurements", "checks", "cause", "what to do", "most often said")
    return [SectionTable("Errors by class", columns, rows)]


def _erring(figures: Figures) -> list[SectionTable]:
    found = figures.worst.erring
    shown = [one for one in found if one.flagged or one.p_value <= NEARLY][:MOST_ROWS]
    rows: Rows = tuple(
        (one.check, _slice_cells(one)[2], one.value, one.rest, one.cases, one.p_value, "yes" if one.flagged else "no")
        for one in shown
    )
    if not rows:
        return []
    columns = ("check", "slice", "errored", "of the rest", "cases", "p", "finding")
    note = f"Of {len(found):,} slices, tested together as those of scores are; listed are p of {NEARLY:g} or less."
    return [SectionTable("Slices that error", columns, rows, ("", "", "%", "%", "", "", ""), note)]


def _unscored(figures: Figures) -> list[SectionTable]:
    rows: list[tuple[Cell, ...]] = []
    for check in figures.concluded.result.checks:
        if check.counts.unscored:
            errors = figures.concluded.tables[check.name].errors
            reasons = {why: n for why, n in check.counts.reasons.items() if why not in errors}
            rows += [(check.name, why, n, n / check.counts.planned) for why, n in list(reasons.items())[:MOST_REASONS]]
    rows.sort(key=lambda row: -float(row[2] or 0))
    if not rows:
        return []
    columns = ("check", "why", "cases", "share of the check")
    beyond = max(0, len(rows) - MOST_ROWS)
    return [SectionTable("Cases without a score", columns, tuple(rows[:MOST_ROWS]), ("", "", "", "%"), beyond=beyond)]


def _answers(figures: Figures) -> list[SectionTable]:
    masked = any(check.kind == MASKING for check in figures.concluded.result.checks)
    rows: list[tuple[Cell, ...]] = []
    for name, one in figures.patterns.by_check.items():
        if not one.answers:
            continue
        text, times, prompts = figures.patterns.same(name)
        shares = (one.cut / one.answers, one.empty / one.answers, one.filtered / one.answers)
        same = times / prompts if prompts else None
        rows.append((name, one.answers, *shares, same, "(masked)" if masked and text else text))
    if not rows:
        return []
    columns = ("check", "answers", "cut", "empty", "filtered", "the same text", "which begins")
    note = (
        "Cut: ran into max_tokens. The same text: the share of different prompts that one text answers, from three on. "
        f"Of each check's first {figures.options.cases:,} cases."
    )
    return [SectionTable("Answers that are alike", columns, tuple(rows), ("", "", "%", "%", "%", "%", ""), note)]


def slices(figures: Figures) -> Section:
    worst, name, title = figures.worst, "deep-dive-slices", "Where the model is worst"
    flagged = worst.flagged
    if not worst.tests:
        said = f"No slice could be tested: a check needs {LEAST_CASES} cases, and a slice three, with as many outside."
        return Section(name, title, said)
    words = [one for one in worst.words if one.flagged]
    said = f"Of {len(worst.tests):,} slices {len(flagged):,} are worse than the rest of their check beyond chance"
    said += f": {', '.join(_slice_name(one) for one in flagged[:3])}." if flagged else "."
    if worst.words:
        said += f" Of {len(worst.words):,} words of prompts {len(words):,} go with failing cases beyond chance"
        said += f": {', '.join(f'{one.word} ({one.check})' for one in words[:5])}." if words else "."
    shown = worst.tests[:MOST_SLICES]
    rows: Rows = tuple(
        (*_slice_cells(one), one.value, one.rest, one.cases, one.p_value, "yes" if one.flagged else "no")
        for one in shown
    )
    note = (
        f"All slices are tested together: in the mean at most {Q:.0%} of the findings are false. By the rows' own "
        "labels, the length of prompt and answer, the prompt's language, and what prompts are about: groups of prompts "
        "with words in common, named by the words that set them apart. Groups know nothing of how their cases went."
    )
    columns = ("check", "metric", "slice", "value", "rest", "cases", "p", "finding")
    tables = [SectionTable("Slices against the rest", columns, rows, note=note, beyond=len(worst.tests) - len(shown))]
    tables += _failing(figures)
    drawn = [one for one in flagged if figures.concluded.tables[one.check].columns[one.metric].metric.bounds == (0, 1)]
    bars = tuple((_slice_name(one), abs((one.value or 0.0) - (one.rest or 0.0))) for one in drawn[:MOST_BARS])
    pictures = (BarPicture("How much worse than the rest, of shares", "", bars, said),) if bars else ()
    state = "noticed" if flagged or words else "measured"
    return Section(name, title, said, state, tables=tuple(tables), pictures=pictures)


def _failing(figures: Figures) -> list[SectionTable]:
    worst, tables = figures.worst, []
    shown = [one for one in worst.words if one.flagged or one.p_value <= NEARLY][:MOST_ROWS]
    if shown:
        rows: Rows = tuple(
            (
                one.check,
                one.word,
                one.cases,
                one.failing,
                one.others_failing,
                one.p_value,
                "yes" if one.flagged else "no",
            )
            for one in shown
        )
        columns = ("check", "word", "prompts", "failing with it", "failing without", "p", "finding")
        note = (
            "Fisher's exact test of each word, all words together. A case fails that errored, whose yes or no is "
            "wrong, or whose value misses its gate's target. One case of each cluster counts."
        )
        tables.append(SectionTable("Words of failing prompts", columns, rows, ("", "", "", "%", "%", "", ""), note))
    failing: Rows = tuple((name, bad, cases, bad / cases) for name, (bad, cases) in worst.failing.items())
    if failing:
        by_check = ("check", "failing", "cases", "share")
        tables.append(SectionTable("Failing cases by check", by_check, failing, ("", "", "", "%")))
    return tables


def _slice_cells(one: SliceDiagnosis) -> tuple[str, str, str]:
    return one.check, one.metric, ", ".join(f"{label}: {value}" for label, value in one.slice.items())


def _slice_name(one: SliceDiagnosis) -> str:
    check, metric, inner = _slice_cells(one)
    return f"{check}.{metric} [{inner}]"


def comparison(figures: Figures) -> Section | None:
    if not figures.against and not figures.datasets:
        return None
    tables, said, worse = [], [], 0
    for one in figures.against:
        moved = [difference for difference in one.differences if difference.word in {"better", "worse"}]
        worse += sum(difference.word == "worse" for difference in moved)
        said.append(_against_sentence(one, moved))
        if one.differences:
            tables.append(_differences(f"Against {one.name}", one.differences, "; ".join(one.left_out)))
    if figures.datasets:
        clear = sum(difference.word != "unclear" for difference in figures.datasets)
        many = len(figures.datasets)
        said.append(f"Between datasets of the suite {clear:,} of {many:,} differences, UNPAIRED, are beyond chance")
        note = "Checks of one kind on different data: a difference is of the data's difficulty as much as of the model."
        tables.append(_differences("Between datasets, UNPAIRED", figures.datasets, note))
    state = "noticed" if worse else "measured"
    return Section("deep-dive-comparison", "Compared with others", ". ".join(said) + ".", state, tables=tuple(tables))


def _against_sentence(one: Against, moved: Sequence[Difference]) -> str:
    if one.why_not or not one.differences:
        why = one.why_not or "; ".join(one.left_out) or "there is no metric in common"
        return f"Not compared with {one.name}: {why.rstrip('.')}"
    unpaired = sum(difference.how == UNPAIRED for difference in one.differences)
    words = ", ".join(f"{difference.name} is {difference.word}" for difference in moved[:3]) or "nothing is clear"
    if STOPPED in one.left_out:
        words = "nothing can be told, for a run that may stop early chooses the moment by its answers"
    said = f"Against {one.name}, of {len(one.differences):,} metrics: {words}"
    return said + (f"; {unpaired:,} are UNPAIRED, for the cases are not the same" if unpaired else "")


def _differences(title: str, found: Sequence[Difference], note: str) -> SectionTable:
    order = sorted(found, key=lambda one: (one.word == "unclear", one.adjusted if one.adjusted is not None else 2.0))
    rows: Rows = tuple(
        (
            *(one.name, one.how, one.here, one.there, one.difference),
            *((one.interval.low, one.interval.high) if one.interval else (None, None)),
            *(one.adjusted, f"{one.cases[0]:,} / {one.cases[1]:,}", one.word),
        )
        for one in order[:MOST_ROWS]
    )
    columns = ("metric", "cases are", "here", "there", "difference", "low", "high", "p", "cases", "word")
    tests = ", ".join(dict.fromkeys(one.method for one in found if one.method))
    rule = (
        f"Intervals of 95% are of one metric alone; p ({tests}) is after Holm, over all of this table that are judged."
        if any(one.adjusted is not None for one in found)
        else ""
    )
    beyond = max(0, len(order) - MOST_ROWS)
    return SectionTable(title, columns, rows, note=f"{rule} {note}".strip(), beyond=beyond)


def recommendations(figures: Figures) -> Section:
    found = advice(numbers_of(figures))
    said = (
        f"{len(found):,} of {len(RULES):,} rules found something to do." if found else "No rule found anything to do."
    )
    title = "What follows from the figures"
    return Section("deep-dive-advice", title, said, "noticed" if found else "held", advice=tuple(found))
