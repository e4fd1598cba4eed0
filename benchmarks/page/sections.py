"""What stands between `<!-- benchmark: NAME -->` and `<!-- end -->` in a page: tables and pictures of one benchmark."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.page.aims import table
from benchmarks.page.kept import FLOORS, Kept, Results, of_rounds, times
from benchmarks.page.musts import MUSTS
from benchmarks.page.picture import Group, Row, picture, told
from benchmarks.peers.contestants import OURS
from benchmarks.peers.summary import FORMATS, MARGIN, Spread, at_the_margin, shown_spread

AIMS, OVERVIEW = "aims", "overview"
PLACE = re.compile(r"(?<=<!-- benchmark: )([\w-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
PICTURES = "pictures"
"""Folder beside the page."""
CPU = "cpu_seconds"


def page(text: str, results: Results) -> str:
    """The page with its places filled; what is not in `results` says so there."""
    return PLACE.sub(lambda found: f"{found[1]}{found[2]}{chr(10).join(section(found[1], results))}\n", text)


def places(text: str) -> list[str]:
    return [found[1] for found in PLACE.finditer(text)]


def section(name: str, results: Results) -> list[str]:
    if name == AIMS:
        return ["", *table(MUSTS, results), ""]
    if name == OVERVIEW:
        shown = [_link(OVERVIEW, "CPU time of others by evalkit's")] if list(groups(results)) else [_missing("BENCH")]
        return ["", *shown, ""]
    if name in results.side_by_side:
        return ["", *side_by_side(results.side_by_side[name]), ""]
    if name in results.others:
        return ["", *LINES[name](results.others[name]), ""]
    return ["", _missing(name), ""]


def pictures(results: Results) -> dict[str, str]:
    """By file name."""
    every = {f"benchmark-{group.name}": [group] for group in groups(results)}
    if every:
        every[f"benchmark-{OVERVIEW}"] = [group for shown in every.values() for group in shown]
    return {f"{name}.svg": picture(f"{TITLE}: {name}", shown) for name, shown in every.items()}


TITLE = "CPU time of each tool divided by evalkit's in the same round"


def groups(results: Results) -> Iterator[Group]:
    """Of each benchmark everybody at the largest size that they have done."""
    for name, kept in results.side_by_side.items():
        rows, most = [], kept.largest(OURS)
        for contestant in kept.contestants:
            size = kept.largest(contestant)
            share = times(kept, contestant, size, CPU) if size is not None and contestant != OURS else None
            if share and size is not None:
                label = contestant if size == most else f"{contestant}, {size:,}"
                rows.append(Row(label, share, contestant in FLOORS))
        if rows and most is not None:
            yield Group(name, f"{name}, {most:,} {kept.unit}", tuple(rows))


def _link(name: str, said: str) -> str:
    return f"![{said}]({PICTURES}/benchmark-{name}.svg)"


def _missing(name: str) -> str:
    return f"Not measured yet: `python -m benchmarks{'' if name == 'BENCH' else f' {name}'}` measures it."


def how(document: Mapping[str, Any], rounds: int, loads: Sequence[float]) -> str:
    """Which command measured it, when and on what."""
    machine = document["machine"]
    load = f", load average before a process {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    where = f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gigabytes']} GB"
    times_ = f"{rounds} round{'s' if rounds != 1 else ''}"
    when = f"{document['made'][:10]}, revision `{document['revision'] or 'unknown'}`"
    cut = " **Interrupted**: what was measured by then." if document.get("interrupted") else ""
    return f"`{document['command']}`: {times_} on {where}{load}; {when}.{cut}"


def side_by_side(kept: Kept) -> Iterator[str]:
    yield f"{kept.document['title']}. {how(kept.document, kept.rounds, [one.load for one in kept.repetitions])}"
    yield "Medians (least–most). Times are a tool's cost by evalkit's in the same round: above 1 evalkit costs less."
    yield ""
    if any(contestant != OURS for contestant in kept.contestants):
        yield from (_link(kept.name, f"CPU time of others by evalkit's, {kept.name}"), "")
    columns = ("CPU s", "wall s", "peak MB", "times evalkit's CPU", "wall", "memory")
    yield f"| {kept.unit} | tool | {' | '.join(columns)} |"
    yield "| ---: | --- |" + " ---: |" * len(columns)
    for size in kept.sizes:
        yield from (_row(kept, contestant, size) for contestant in kept.contestants)
    yield from _margins(kept)
    yield from ("", *_notes(kept))


QUANTITIES = (CPU, "wall_seconds", "peak_megabytes")


def _row(kept: Kept, contestant: str, size: int) -> str:
    costs = [Spread.of(of_rounds(kept, contestant, size, quantity).values()) for quantity in QUANTITIES]
    if not any(costs):
        return f"| {size:,} | {contestant} | not measured" + " |" * 6
    cells = [shown_spread(cost, FORMATS[quantity]) for cost, quantity in zip(costs, QUANTITIES, strict=True)]
    for quantity in QUANTITIES:
        share = None if contestant == OURS else times(kept, contestant, size, quantity)
        cells.append("" if share is None else told(share))
    return f"| {size:,} | {contestant} | {' | '.join(cells)} |"


def _margins(kept: Kept) -> Iterator[str]:
    """What is left when starts fall out."""
    found = {name: at_the_margin(kept, name) for name in kept.contestants}
    shown = [f"{name} {shown_spread(one, MARGIN)}" for name, one in found.items() if one]
    if shown:
        yield ""
        between = f"from {kept.sizes[0]:,} to {kept.sizes[-1]:,} {kept.unit}"
        cost_no_more = [name for name in found if not found[name] and kept.largest(name) == kept.sizes[-1]]
        told_of_them = f" Not of {', '.join(cost_no_more)}: in some round more cost no more." if cost_no_more else ""
        yield f"For each further CPU second, {between}: {'; '.join(shown)}.{told_of_them}"


def _notes(kept: Kept) -> Iterator[str]:
    for name, (equal, of) in agreed(kept).items():
        what = kept.document.get("compared", "answers")
        yield f"* {equal:,} of {of:,} {what} of {name} are evalkit's, word for word."
    for one in kept.document.get("settings_tried", ()):
        if one["chosen"]:
            yield f"* {one['contestant']} ran in the best of its settings, {one['setting']}."
    for one in kept.document["absent"]:
        yield f"* **Not measured: {one['contestant']}**: {one['reason']}"
    yield f"* Every repetition: [{kept.name}.json](../benchmarks/results/{kept.name}.json)."


def agreed(kept: Kept) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for one in kept.document.get("answers_like_evalkits", ()):
        equal, of = found.get(one["contestant"], (0, 0))
        found[one["contestant"]] = equal + one["equal"], of + one["of"]
    return found


# --- benchmarks that measure in lines ---------------------------------------------------------------------------------


def _rounds(document: Mapping[str, Any]) -> int:
    return max(len(line["rounds"]) for line in document["lines"])


def _is_once(line: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Where others were measured more often: a figure without a spread is not one whose rounds were equal."""
    return len(line["rounds"]) == 1 < _rounds(document)


def _spread(line: Mapping[str, Any], name: str) -> Spread | None:
    return Spread.of(one[name] for one in line["rounds"] if one[name] is not None)


def framework(document: Mapping[str, Any]) -> Iterator[str]:
    lines = document["lines"]
    yield how(document, _rounds(document), [one["load"] for line in lines for one in line["rounds"]])
    yield ""
    yield "| work | samples | words an answer | CPU s | peak MB | alone, CPU s | judged / alone | run / alone |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for line in lines:
        cells = [
            shown_spread(_spread(line, name), form) for name, form in ((CPU, "{:.3g}"), ("peak_megabytes", "{:.0f}"))
        ]
        cells.append(shown_spread(_spread(line, "alone"), "{:.2f}"))
        beside = [one for one in line["rounds"] if one["alone"]]
        cells += [
            shown_spread(Spread.of(one[part] / one["alone"] for one in beside), "{:.2f}") for part in ("judged", CPU)
        ]
        counts = [f"{line[name]:,}" if line[name] else "" for name in ("samples", "words")]
        yield f"| {line['work']} | {' | '.join([*counts, *cells])} |"
    once = [f"{line['work']} of {line['samples']:,}" for line in lines if _is_once(line, document)]
    if once:
        yield from ("", f"Measured in one round only: {', '.join(once)}.")


def metrics(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"{how(document, _rounds(document), [])} {document['texts']}."
    yield ""
    yield "| metric | reference | pairs | times as fast | µs a pair | values |"
    yield "| --- | --- | ---: | ---: | ---: | --- |"
    for line in document["lines"]:
        speed = shown_spread(Spread.of(one["times"] for one in line["rounds"]), MARGIN)
        cost = statistics.median(one["microseconds"] for one in line["rounds"])
        values = "equal" if line["furthest"] == 0 else f"within {line['furthest']:.0e}"
        yield f"| {line['metric']} | {line['reference']} | {line['pairs']:,} | {speed} | {cost:,.0f} | {values} |"


def scoring(document: Mapping[str, Any]) -> Iterator[str]:
    yield how(document, _rounds(document), [line["load"] for line in document["lines"]])
    for line in document["lines"]:
        once = " Measured once." if _is_once(line, document) else ""
        yield from ("", *(_at_once(line) if line["work"] == "answers at once" else _waited(line, once)))


def _at_once(line: Mapping[str, Any]) -> Iterator[str]:
    yield f"{line['answers']:,} answers of {line['words']} words there at once, {line['workers']} beside the run:"
    yield ""
    yield "| | wall s | CPU s of the run | CPU s beside it |"
    yield "| --- | ---: | ---: | ---: |"
    for name, what in (("alone", "the run alone"), ("together", "with processes beside it")):
        cells = [Spread.of(one[name][cost] for one in line["rounds"]) for cost in ("wall", "own", "beside")]
        yield f"| {what} | {' | '.join(shown_spread(cell, '{:.1f}') for cell in cells)} |"


def _waited(line: Mapping[str, Any], once: str) -> Iterator[str]:
    yield f"{line['answers']:,} answers of {line['words']} words, each waited for {line['wait']:g} ms.{once}"
    yield ""
    yield "| | wall s |"
    yield "| --- | ---: |"
    (one, *_) = line["rounds"]
    for name, what in (
        ("asking", "asking, exact match alone"),
        ("judging", "judging, without waiting"),
        ("one_by_one", "asking and judging, the run alone"),
        ("together", "asking and judging, processes beside it"),
    ):
        yield f"| {what} | {one[name]:.1f} |"


def stages(document: Mapping[str, Any]) -> Iterator[str]:
    lines = document["lines"]
    yield how(document, _rounds(document), [one["load"] for line in lines for one in line["rounds"]])
    for work in dict.fromkeys(line["work"] for line in lines):
        yield from ("", f"| {work} | CPU s | wall s |", "| --- | ---: | ---: |")
        for line in (one for one in lines if one["work"] == work):
            cells = [shown_spread(_spread(line, name), "{:.2f}") for name in (CPU, "wall_seconds")]
            yield f"| {line['part']} | {' | '.join(cells)} |"


def throughput(document: Mapping[str, Any]) -> Iterator[str]:
    yield how(document, _rounds(document), [one["load"] for line in document["lines"] for one in line["rounds"]])
    yield ""
    columns = ("capacity", "`concurrency`", "of the ideal", "plain asyncio, of it", "CPU ms a request", "failed")
    yield f"| server | {' | '.join(columns)} |"
    yield "| --- |" + " ---: |" * len(columns)
    for line in document["lines"]:
        cells = [Spread.of(one["ideal"] / one[name] for one in line["rounds"]) for name in ("seconds", "plain")]
        cost = Spread.of(1_000 * one["cpu"] / line["requests"] for one in line["rounds"])
        shown = [*(shown_spread(cell, "{:.3f}") for cell in cells), shown_spread(cost, "{:.2f}")]
        failed = sum(one["failed"] for one in line["rounds"])
        yield f"| {line['kind']} | {line['capacity']} | {line['named']} | {' | '.join(shown)} | {failed:,} |"


LINES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "framework": framework,
    "metrics": metrics,
    "scoring": scoring,
    "stages": stages,
    "throughput": throughput,
}
