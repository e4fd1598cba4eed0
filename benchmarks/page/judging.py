"""Whether what was measured is as much as was aimed at: medians decide, and the spread stands beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.page.aims import Figure, Judge
from benchmarks.page.kept import FLOORS, Results, of_rounds, times
from benchmarks.page.picture import told
from benchmarks.peers.contestants import OURS
from benchmarks.peers.summary import Spread, margin_ratio

CPU, WALL, PEAK = "cpu_seconds", "wall_seconds", "peak_megabytes"
KINDS = {CPU: "CPU time", WALL: "wall time"}
TOLERANCE = 1e-9
Line = Mapping[str, Any]


def figures(judge: Callable[[Results], Iterator[Figure]]) -> Judge:
    return lambda results: list(judge(results))


def costs_at_most(name: str, size: int, quantity: str, most: float, unit: str) -> Judge:
    """evalkit's own cost at one size."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        kept = results.side_by_side.get(name)
        own = Spread.of(of_rounds(kept, OURS, size, quantity).values()) if kept else None
        if own:
            yield Figure(f"{told(own)} {unit}", own.median <= most)

    return judge


def times_the_best_peer(name: str, least: float, quantity: str, size: int, only: Sequence[str] = ()) -> Judge:
    """Beside the peer that costs least, of all or of those named; who is absent is named."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        kept = results.side_by_side.get(name)
        peers = [peer for peer in kept.peers if not only or peer in only] if kept else []
        found = {peer: share for peer in peers if kept and (share := times(kept, peer, size, quantity))}
        if kept and found:
            best = min(found, key=lambda peer: found[peer].median)
            failed = [one["contestant"] for one in kept.document["absent"] if one["contestant"] not in FLOORS]
            absent = [*failed, *(peer for peer in only if peer not in (*kept.contestants, *failed))]
            beside = f" (not measured: {', '.join(absent)})" if absent else ""
            text = f"{told(found[best])} times less {KINDS[quantity]} than {best}{beside}"
            yield Figure(text, found[best].median >= least)

    return judge


def times_of(
    name: str, contestant: str, least: float, quantities: Sequence[str] = (CPU,), *, further: bool = True
) -> Judge:
    """Whole processes at the largest size, and what each further second does, where a start costs nothing."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        kept = results.side_by_side.get(name)
        size = kept.largest(contestant) if kept and contestant in kept.contestants else None
        if kept is None or size is None:
            return
        for quantity in quantities:
            whole = times(kept, contestant, size, quantity)
            if whole:
                yield Figure(f"{told(whole)} times by {KINDS[quantity]}, {size:,} {kept.unit}", whole.median >= least)
            beyond = margin_ratio(kept, contestant, quantity) if further else None
            if beyond:
                yield Figure(f"{told(beyond)} without what a start costs", beyond.median >= least)

    return judge


def same_answers(names: Sequence[str], contestant: str) -> Judge:
    """Of all rounds and sizes. Ties may part: tests look at each difference, so no number is too few here."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        kept = [results.side_by_side[name] for name in names if name in results.side_by_side]
        agreed = [one for each in kept for one in each.document["answers_like_evalkits"]]
        equal, of = (sum(one[key] for one in agreed if one["contestant"] == contestant) for key in ("equal", "of"))
        if of:
            yield Figure(f"{equal:,} of {of:,} answers are {contestant}'s, word for word", True)

    return judge


def same_verdicts(name: str) -> Judge:
    """By everybody whose verdicts were read."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        kept = results.side_by_side.get(name)
        agreed = kept.document["answers_like_evalkits"] if kept else []
        if agreed:
            differ = {one["contestant"] for one in agreed if one["equal"] != one["of"]}
            text = f"other verdicts: {', '.join(sorted(differ))}" if differ else "the same verdicts"
            yield Figure(text, not differ)

    return judge


def both(*judges: Judge) -> Judge:
    return lambda results: [figure for judge in judges for figure in judge(results)]


def told_as(what: str, judge: Judge) -> Judge:
    return lambda results: [Figure(f"{what}: {figure.text}", figure.enough) for figure in judge(results)]


# --- benchmarks that measure in lines ---------------------------------------------------------------------------------


def lines_of(results: Results, name: str, **wanted: object) -> list[Line]:
    """Those lines of a benchmark that say so."""
    lines = results.others.get(name, {}).get("lines", [])
    return [line for line in lines if all(line.get(key) == value for key, value in wanted.items())]


def spread_of(line: Line, value: Callable[[Line], float]) -> Spread | None:
    return Spread.of(value(one) for one in line["rounds"])


def line_at_most(name: str, wanted: Mapping[str, object], quantity: str, most: float, unit: str) -> Judge:
    @figures
    def judge(results: Results) -> Iterator[Figure]:
        for line in lines_of(results, name, **wanted):
            found = spread_of(line, lambda one: one[quantity])
            if found:
                yield Figure(f"{told(found)} {unit}", found.median <= most)

    return judge


def growth(name: str, wanted: Mapping[str, object], sizes: tuple[int, int], quantity: str, most: float) -> Judge:
    """From one size to the other, in the same round."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        found = Spread.of(large / small for small, large in _of_both(results, name, wanted, sizes, quantity))
        if found:
            yield Figure(f"{told(found)} times", found.median <= most)

    return judge


def at_the_margin(name: str, wanted: Mapping[str, object], sizes: tuple[int, int], least: float) -> Judge:
    """Samples for each further CPU second from one size to the other."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        pairs = [(small, large) for small, large in _of_both(results, name, wanted, sizes, CPU) if large > small]
        found = Spread.of((sizes[1] - sizes[0]) / (large - small) for small, large in pairs)
        if found:
            yield Figure(f"{told(found)} between {sizes[0]:,} and {sizes[1]:,}", found.median >= least)

    return judge


def _of_both(
    results: Results, name: str, wanted: Mapping[str, object], sizes: tuple[int, int], quantity: str
) -> list[tuple[float, float]]:
    by_size = [
        {
            one["round"]: float(one[quantity])
            for line in lines_of(results, name, samples=size, **wanted)
            for one in line["rounds"]
        }
        for size in sizes
    ]
    small, large = by_size
    return [(small[number], large[number]) for number in sorted(small.keys() & large.keys())]


def parts(name: str, wanted: Mapping[str, object], share: tuple[str, str], most: float, what: str) -> Judge:
    """One figure of a line by another of the same round."""
    part, whole = share

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        for line in lines_of(results, name, **wanted):
            found = spread_of(line, lambda one: one[part] / one[whole])
            if found:
                yield Figure(f"{told(found)} times, {what.format_map(line)}", found.median <= most)

    return judge


def metrics_at_least(metrics: Sequence[str], least: float) -> Judge:
    """All of them, and equal values."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        for line in lines_of(results, "metrics"):
            found = spread_of(line, lambda one: one["times"])
            if line["metric"] in metrics and found:
                equal = line["furthest"] <= TOLERANCE
                words = "" if line["furthest"] == 0 else f", within {line['furthest']:.0e}"
                text = f"{line['metric']} {told(found)} times as fast as {line['reference']}{words}"
                yield Figure(text, found.median >= least and equal)

    return judge


def scoring_faster(least: float) -> Judge:
    """By the clock; beside it what idle processors could give."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        for line in lines_of(results, "scoring", work="answers at once"):
            faster, at_best = (Spread.of(one[name] for one in line["rounds"]) for name in ("faster", "at_best"))
            if faster and at_best:
                text = f"{told(faster)} times by the clock, {told(at_best)} by the larger of both processes' CPU time"
                yield Figure(f"{text} ({line['answers']:,} answers of {line['words']} words)", faster.median >= least)

    return judge


def streamed(most: float) -> Judge:
    """Asking and judging together, beside asking alone."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        for line in lines_of(results, "scoring", work="answers that are waited for"):
            for one in line["rounds"]:
                text = f"{one['together']:.1f} s beside {one['asking']:.1f} s of asking alone"
                yield Figure(f"{text} and {one['judging']:.1f} s of judging", one["together"] <= most * one["asking"])

    return judge


# --- endpoints --------------------------------------------------------------------------------------------------------

REFUSING = ("429", "503")


def of_the_ideal(least: float) -> Judge:
    """At the server's capacity, whether it queues or refuses what is too much, and nobody told how much that is."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        for line in lines_of(results, "throughput", named="none"):
            share = spread_of(line, lambda one: one["ideal"] / one["seconds"])
            plain = spread_of(line, lambda one: one["ideal"] / one["plain"])
            if share and plain and line["kind"] in {"queue", *REFUSING}:
                what = "queueing" if line["kind"] == "queue" else f"refusing with {line['kind']}"
                text = f"{told(share)} of the ideal, {what} at {line['capacity']} (plain asyncio {told(plain)})"
                yield Figure(text, share.median >= least)

    return judge


def refusals_cost(most: float) -> Judge:
    """A fifth refused at random, by the same server without refusals in the same round."""

    @figures
    def judge(results: Results) -> Iterator[Figure]:
        for line in lines_of(results, "throughput", kind="random", named="none"):
            for calm in lines_of(results, "throughput", kind="queue", named="none", capacity=line["capacity"]):
                both = zip(line["rounds"], calm["rounds"], strict=False)
                found = Spread.of(refused["seconds"] / easy["seconds"] for refused, easy in both)
                if found:
                    yield Figure(f"{told(found)} times as long at {line['capacity']}", found.median <= most)

    return judge


def nothing_lost() -> Judge:
    @figures
    def judge(results: Results) -> Iterator[Figure]:
        lost = [one["failed"] for line in lines_of(results, "throughput") for one in line["rounds"]]
        if lost:
            yield Figure(f"{sum(lost):,} requests without an answer", not sum(lost))

    return judge
