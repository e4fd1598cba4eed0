"""What a dataset holds, in words and as a page with pictures that needs no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from evalkit.data.lengths import Distribution
from evalkit.data.overlap import Overlap
from evalkit.data.profile import ColumnStats, Stats
from evalkit.data.repeats import Group, Repeats
from evalkit.report import templating
from evalkit.report.formatting import count
from evalkit.report.headlines import percent
from evalkit.report.hostile import one_line, shorten_end

WIDTH, HEIGHT, FLOOR = 420, 120, 96
"""Of a picture of lengths, and where its bars stand."""
LINE = 19
"""Height of a bar that lies."""
NAMES, FIGURES = 130, 50
"""Room for the names of lying bars, and for their figures."""
MOST_BARS = 15
GROUPS_TOLD = 5
STYLES = ("report.css", "data_stats.css")


def findings(stats: Stats) -> list[tuple[str, list[str]]]:
    """Headings, each with its sentences."""
    found = [
        ("words", list(_worded(stats))),
        ("languages", list(_spoken(stats))),
        ("labels", list(_shared_out(stats))),
        ("rows that repeat others", list(_repeated(stats.repeats)) if stats.repeats else []),
    ]
    if stats.overlap:
        found.append((f"in common with {stats.overlap.other}", list(_common(stats.overlap))))
    if stats.tokens:
        one = stats.tokens
        said = f"median {one.median:g}, p95 {one.p95:,}, at most {one.max:,}"
        found.append((f"tokens of what is asked, as {stats.tokens_of} counts them", [said]))
    return [(name, said) for name, said in found if said]


def _worded(stats: Stats) -> Iterator[str]:
    for column in stats.columns:
        found = column.vocabulary
        if found is not None:
            most = ", ".join(f"{word} {times:,}" for word, times in list(found.most_frequent.items())[:8])
            more = "" if found.complete else " and more"
            different, once = percent(found.types / found.tokens), percent(found.once / found.types)
            yield (
                f"{column.name}: {count(found.tokens, 'word')}, {found.types:,}{more} different ({different}), "
                f"{once} of them seen once; {most}"
            )


def _spoken(stats: Stats) -> Iterator[str]:
    for column in stats.columns:
        found = column.tongues
        if found is not None:
            languages = _first(found.languages, 5)
            told = ", ".join(f"{name} {percent(number / found.looked_at)}" for name, number in languages)
            scripts = ", ".join(f"{name} {percent(share)}" for name, share in _first(found.scripts, 4))
            texts = count(found.looked_at, "text")
            yield f"{column.name}: {told or 'not told'}; letters: {scripts or 'none'} ({texts} looked at)"


def _first(found: Mapping[str, float], most: int) -> list[tuple[str, float]]:
    return list(found.items())[:most]


def _shared_out(stats: Stats) -> Iterator[str]:
    for column in stats.columns:
        found = column.balance
        if found is not None and found.classes > 1:
            smallest = f"{shorten_end(found.smallest[0], 40)} {found.smallest[1]:,}"
            yield (
                f"{column.name}: {found.classes} classes, {percent(found.evenness)} of the entropy of even ones "
                f"({found.entropy:.2f} bits); the smallest: {smallest}"
            )


def _repeated(found: Repeats) -> Iterator[str]:
    yield f"the same as an earlier row: {count(found.exact, 'row')}, in {count(found.exact_groups, 'group')}"
    alike = f"nearly the same (at least {found.near_share:.0%} of pairs of words)"
    yield f"{alike}: {count(found.near, 'row')}, in {count(found.near_groups, 'group')}"
    yield from map(_group, found.first_exact[:GROUPS_TOLD])
    yield from map(_group, found.first_near[:GROUPS_TOLD])


def _group(one: Group) -> str:
    return f"rows {_rows(one)}, {_alike(one)}: {shorten_end(one_line(one.text), 80)}"


def _alike(one: Group) -> str:
    return "the same" if one.share == 1.0 else f"alike by {percent(one.share)}"


def _common(found: Overlap) -> Iterator[str]:
    yield f"the same text: {found.exact:,} of {found.texts:,}; nearly, or the same: {found.near:,}"
    yield (
        f"{found.run} words in a row: {found.with_runs:,}; at least half of all such: {found.mostly:,}; "
        f"too short to tell: {found.too_short:,}"
    )
    if found.other_bad_rows:
        yield f"of {found.other_rows:,} rows there {found.other_bad_rows:,} could not be read"
    for one in found.rows[:GROUPS_TOLD]:
        text = shorten_end(one_line(one.text), 80)
        yield f"row {one.row:,}, there row {one.other_row:,}, {percent(one.share)}: {text}"
    if len(found.every) > GROUPS_TOLD:
        yield f"these share most, of {len(found.every):,} rows with a run of words or near ones; --json lists all"


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    name: str
    told: str


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    says: str
    bars: tuple[Bar, ...]
    height: int
    lying: bool
    """With names at their left; otherwise they stand on a scale from ``low`` to ``high``."""
    low: str = ""
    high: str = ""
    median: float | None = None
    """Where a line stands for it."""


def lengths(title: str, of: Distribution, unit: str) -> Picture:
    most = max((times for _, _, times in of.bins), default=1) or 1
    step = WIDTH / max(1, len(of.bins))
    bars = []
    for at, (low, high, times) in enumerate(of.bins):
        height = round(FLOOR * times / most, 1)
        named = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        told = f"{named} {unit}: {times:,}"
        bars.append(Bar(round(at * step, 1), round(FLOOR - height, 1), round(max(step - 1, 1), 1), height, named, told))
    says = f"{title}: from {of.min:,} to {of.max:,}, median {of.median:g}, 95% at most {of.p95:,} {unit}"
    return Picture(title, says, tuple(bars), HEIGHT, False, f"{of.min:,}", f"{of.max:,} {unit}", _place(of, step))


def _place(of: Distribution, step: float) -> float | None:
    for at, (low, high, _) in enumerate(of.bins):
        if low <= of.median <= high + 0.5:
            return round((at + min(1.0, (of.median - low + 0.5) / (high - low + 1))) * step, 1)
    return None


def shares(title: str, of: Mapping[str, float]) -> Picture:
    shown = _first(of, MOST_BARS)
    most = max((value for _, value in shown), default=1) or 1
    room = WIDTH - NAMES - FIGURES
    bars = tuple(
        Bar(NAMES, at * LINE + 2, round(max(1.0, room * value / most), 1), LINE - 5, _named(name), f"{value:,.0f}")
        for at, (name, value) in enumerate(shown)
    )
    more = len(of) - len(shown)
    says = ", ".join(f"{bar.name} {bar.told}" for bar in bars) + (f", and {more:,} more" if more else "")
    return Picture(title, f"{title}: {says}", bars, LINE * len(bars) + 4, True)


def _named(name: str) -> str:
    return shorten_end(one_line(name), 17) or "(empty)"


@dataclass(frozen=True, slots=True)
class ColumnView:
    name: str
    facts: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class DatasetView:
    file: str
    tiles: tuple[tuple[str, str, str], ...]
    findings: tuple[tuple[str, tuple[str, ...]], ...]
    columns: tuple[ColumnView, ...]
    groups: tuple[tuple[str, str, str], ...]
    """Rows, how alike, text."""
    overlap: Overlap | None
    common: tuple[str, ...]
    tokens: Picture | None


def view(stats: Stats) -> DatasetView:
    repeats = stats.repeats
    groups = [*repeats.first_exact, *repeats.first_near] if repeats else []
    tokens = f"tokens, as {one_line(stats.tokens_of)} counts them"
    return DatasetView(
        one_line(stats.file),
        tuple(_tiles(stats)),
        tuple((name, tuple(said)) for name, said in findings(stats) if not name.startswith(("rows", "in common"))),
        tuple(map(_column, stats.columns)),
        tuple((_rows(one), _alike(one), one.text) for one in groups),
        stats.overlap,
        tuple(_common(stats.overlap))[: 2 + bool(stats.overlap.other_bad_rows)] if stats.overlap else (),
        lengths(tokens, stats.tokens, "tokens") if stats.tokens else None,
    )


def _rows(one: Group) -> str:
    more = f" and {one.count - len(one.rows):,} more" if one.count > len(one.rows) else ""
    return ", ".join(f"{row:,}" for row in one.rows) + more


def _tiles(stats: Stats) -> Iterator[tuple[str, str, str]]:
    yield "rows", f"{stats.rows:,}", f"{count(stats.bad_rows, 'bad row')}"
    yield "different inputs", f"{stats.unique_inputs:,}", f"{stats.unique_outputs:,} different outputs"
    if stats.repeats:
        found = stats.repeats
        yield "repeated", f"{found.exact:,}", f"{found.near:,} nearly, by {found.near_share:.0%}"
    if stats.overlap:
        yield (
            "in the other",
            f"{stats.overlap.near:,}",
            f"{stats.overlap.with_runs:,} share {stats.overlap.run} words in a row",
        )


def _column(column: ColumnStats) -> ColumnView:
    pictures = []
    if column.words and column.values is None:
        pictures.append(lengths("length in words", column.words, "words"))
    if column.values:
        pictures.append(shares("values", column.values))
    if column.vocabulary:
        pictures.append(shares("most frequent words", column.vocabulary.most_frequent))
    if column.tongues and column.tongues.languages:
        pictures.append(shares("languages, texts", column.tongues.languages))
    missing = f", {column.missing:,} missing" if column.missing else ""
    return ColumnView(one_line(column.name), f"{count(column.present, 'value')}{missing}", tuple(pictures))


@cache
def _style() -> str:
    folder = resources.files("evalkit.report").joinpath("templates")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in STYLES)


def page(found: Sequence[Stats]) -> str:
    from markupsafe import Markup

    style = _style()
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{known}'; base-uri 'none'; form-action 'none'"
    template = templating.environment("evalkit.report").get_template("data_stats.html.j2")
    return template.render(
        policy=policy,
        css=Markup(style),  # noqa: S704 - our own files
        title=", ".join(one_line(one.file) for one in found)[:120],
        datasets=[view(one) for one in found],
        width=WIDTH,
        floor=FLOOR,
        percent=percent,
        names=NAMES,
    )
