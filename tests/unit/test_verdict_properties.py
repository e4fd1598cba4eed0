"""What must hold of every verdict, whatever the data: better answers never make it worse, the order of rows says
nothing, and what was never scored never passes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.gates.decide import Setting, decide_all
from evalkit.gates.expression import Gate, parse_gate
from evalkit.gates.measurements import CheckTable
from evalkit.gates.stopping import Extent, watch
from evalkit.gates.weighing import ALPHA
from evalkit.metrics.corpus import Bleu
from evalkit.metrics.kinds import mean, quantile, rate, ratio
from evalkit.protocols import Metric
from evalkit.records import Contrast, Estimate, Interval, Score, Unscored, Vector, Verdict, Word

BETTER = (Word.FAIL, Word.UNSURE, Word.PASS)
UPWARD, DOWNWARD = (">=", ">"), ("<=", "<")
GRID = [n / 8 for n in range(9)]
SHARES = st.sampled_from([*GRID, 0.05, 0.3, 0.6, 0.95, 0.99])
POLICIES = st.sampled_from(["estimate", "pass", "fail"])
ABOUT = st.sampled_from(["dataset", "population"])
METRICS: dict[str, Metric] = {
    "rate": rate("m"),
    "mean": mean("m", bounds=(0.0, 1.0)),
}


@dataclass(frozen=True)
class Row:
    value: float | None
    """None: the case errored, which counts at the worst."""
    cluster: int
    topic: str


def score(value: float | Vector | None, name: str = "m") -> Score:
    if value is None:
        return Score(error="time-out")
    return Score({name: value if isinstance(value, tuple) else (value, 1.0)})


def table(metric: Metric, rows: Sequence[Row]) -> CheckTable:
    made = CheckTable("c", "toy", (metric,))
    for place, row in enumerate(rows):
        cluster = f"k{row.cluster}" if row.cluster else f"r{place}"
        made.add(f"r{place}", cluster, {"topic": row.topic}, score(row.value))
    return made


def rows_of(values: st.SearchStrategy[float | None]) -> st.SearchStrategy[list[Row]]:
    """Cluster 0 stands for a row by itself. Not everything errored: what was never scored has no value to raise."""
    row = st.builds(Row, values, st.sampled_from([0, 0, 0, 0, 1, 2, 3]), st.sampled_from("ab"))
    some = st.lists(row, min_size=1, max_size=40)
    many = st.tuples(st.lists(row, min_size=1, max_size=6), st.integers(1, 40)).map(lambda pair: pair[0] * pair[1])
    return (some | many).filter(lambda rows: any(row.value is not None for row in rows))


ROWS = {
    "rate": rows_of(st.sampled_from([0.0, 1.0, 1.0, 1.0, None])),
    "mean": rows_of(st.sampled_from([*GRID, 1.0, 1.0, None])),
}


@st.composite
def gates(draw: st.DrawFn, operators: Sequence[str], *, baseline: bool = False) -> list[Gate]:
    """One to three, of all cases, of a slice and by a label."""
    made = []
    for _ in range(draw(st.integers(1, 3))):
        about = draw(ABOUT)
        form = draw(st.sampled_from(["c.m", "c.m[topic=a]", "c.m by topic"]))
        target = f"baseline - {draw(SHARES)}" if baseline else str(draw(SHARES))
        made.append(parse_gate(f"{form} {draw(st.sampled_from(operators))} {target}", about=about))
    return made


@st.composite
def raised(draw: st.DrawFn, kind: str) -> tuple[list[Row], list[Row]]:
    """Rows, and the same rows with one that scored higher; an errored one counted at the worst before."""
    before = draw(ROWS[kind])
    place = draw(st.integers(0, len(before) - 1))
    old = before[place].value
    higher = [value for value in ((0.0, 1.0) if kind == "rate" else GRID) if value >= (old or 0.0)]
    after = list(before)
    after[place] = Row(draw(st.sampled_from(higher)), before[place].cluster, before[place].topic)
    return before, after


def verdicts(gates: Sequence[Gate], made: CheckTable, **setting: Any) -> list[Verdict]:
    return decide_all(gates, {"c": made}, Setting(**setting))


def worsened(before: Sequence[Verdict], after: Sequence[Verdict], *, counted: bool = True) -> list[tuple[str, ...]]:
    """Gates whose verdict, or what it is ``counted`` as, is worse after than before."""
    found = []
    for one, other in zip(before, after, strict=True):
        if one.estimate is None or one.estimate.value is None:
            continue  # without a scored case in the slice there was nothing to be raised
        worse = BETTER.index(other.word) < BETTER.index(one.word)
        if worse or (counted and BETTER.index(other.counts_as) < BETTER.index(one.counts_as)):
            found.append((one.gate, one.reason, other.reason))
    return found


@settings(max_examples=120)
@given(data=st.data(), unsure=POLICIES, complete=st.booleans())
@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_a_higher_score_never_makes_a_verdict_worse(
    kind: str, data: st.DataObject, unsure: str, complete: bool
) -> None:
    before, after = data.draw(raised(kind))
    asked = data.draw(gates(UPWARD))
    setting = {"unsure": unsure, "complete": complete}
    was = verdicts(asked, table(METRICS[kind], before), **setting)
    now = verdicts(asked, table(METRICS[kind], after), **setting)
    assert not worsened(was, now)


@settings(max_examples=80)
@given(data=st.data(), unsure=POLICIES)
@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_of_what_should_be_low_a_lower_score_never_makes_a_verdict_worse(
    kind: str, data: st.DataObject, unsure: str
) -> None:
    """The mirror image: 1 - value, which is at its worst where a case errored."""
    before, after = (
        [Row(None if row.value is None else 1 - row.value, row.cluster, row.topic) for row in rows]
        for rows in data.draw(raised(kind))
    )
    metric = rate("m", better="lower") if kind == "rate" else mean("m", better="lower", bounds=(0.0, 1.0))
    asked = data.draw(gates(DOWNWARD))
    was, now = (verdicts(asked, table(metric, rows), unsure=unsure) for rows in (before, after))
    assert not worsened(was, now)


@settings(max_examples=60)
@given(data=st.data(), complete=st.booleans())
@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_against_a_baseline_a_higher_score_never_makes_the_evidence_worse(
    kind: str, data: st.DataObject, complete: bool
) -> None:
    before, after = data.draw(raised(kind))
    theirs = [Row(data.draw(st.sampled_from([0.0, 1.0])), row.cluster, row.topic) for row in before[:6]]
    theirs = (theirs * len(before))[: len(before)]
    asked = data.draw(gates(UPWARD, baseline=True))
    setting: dict[str, Any] = {"complete": complete, "baseline": {"c": table(METRICS[kind], theirs)}}
    was = verdicts(asked, table(METRICS[kind], before), **setting)
    now = verdicts(asked, table(METRICS[kind], after), **setting)
    # what an unsure gate is taken for also asks how much one model differs from itself
    assert not worsened(was, now, counted=False)


@settings(max_examples=80)
@given(data=st.data(), about=ABOUT, operator=st.sampled_from(UPWARD), threshold=SHARES, block=st.integers(1, 16))
@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_while_cases_come_in_a_higher_score_never_makes_a_verdict_worse(  # noqa: PLR0917 - Hypothesis names them all
    kind: str, data: st.DataObject, about: str, operator: str, threshold: float, block: int
) -> None:
    before, after = data.draw(raised(kind))
    gate = parse_gate(f"c.m {operator} {threshold}", about=about)
    metric, found = METRICS[kind], []
    for rows in (before, after):
        alone = [Row(row.value, 0, row.topic) for row in rows]
        watched = watch(gate, metric, {(): Extent(len(rows), 1)}, ALPHA)
        made = table(metric, ())
        for place, row in enumerate(alone):
            made.add(f"r{place}", f"r{place}", {}, score(row.value))
            if (place + 1) % block == 0 or place + 1 == len(alone):
                watched.update(made)
        found.append(verdicts([gate], made, watches={gate.text: watched}, stopped=["c"]))
    assert not worsened(*found)


BLEU = Bleu("bleu")
REFERENCE = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "today"]


@settings(max_examples=60)
@given(
    kept=st.lists(st.integers(0, 10), min_size=2, max_size=12),
    place=st.integers(0, 11),
    threshold=st.integers(0, 100),
    operator=st.sampled_from(UPWARD),
)
def test_an_answer_nearer_to_its_reference_never_makes_bleu_of_a_dataset_miss_its_target(
    kept: list[int], place: int, threshold: int, operator: str
) -> None:
    """Answers of one length, of which so many first words are the reference's: all of BLEU's counts grow with them."""
    place %= len(kept)

    def made(words: Sequence[int]) -> CheckTable:
        found = CheckTable("c", "toy", (BLEU,))
        for n, keep in enumerate(words):
            answer = " ".join(REFERENCE[:keep] + [f"w{n}"] * (len(REFERENCE) - keep))
            vector = BLEU.text_statistics(answer, [" ".join(REFERENCE)])
            found.add(f"r{n}", f"r{n}", {}, Score({"bleu": vector}))
        return found

    better = [min(10, keep + 1) if n == place else keep for n, keep in enumerate(kept)]
    gate = [parse_gate(f"c.bleu {operator} {threshold}", about="dataset")]
    assert not worsened(verdicts(gate, made(kept)), verdicts(gate, made(better)))


def in_short(estimate: Estimate | None, contrast: Contrast | None, decided_by: Interval | None) -> list[Any]:
    """What they say, but for the order in which cases are listed and for rounding in the last digits."""
    found = [one for one in (estimate, contrast) if one is not None]
    intervals = [one for one in (*(one.interval for one in found), decided_by) if one is not None]
    values = [one.value for one in found] + [side for one in intervals for side in (one.low, one.high)]
    return [None if value is None else round(value, 9) for value in values] + [contrast and contrast.pairs]


@settings(max_examples=80)
@given(
    data=st.data(),
    shuffled=st.randoms(use_true_random=False),
    unsure=POLICIES,
    complete=st.booleans(),
    against=st.booleans(),
)
@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_the_order_of_rows_does_not_matter(  # noqa: PLR0917 - Hypothesis names them all
    kind: str, data: st.DataObject, shuffled: random.Random, unsure: str, complete: bool, against: bool
) -> None:
    rows = data.draw(ROWS[kind])
    asked = [*data.draw(gates((*UPWARD, *DOWNWARD), baseline=against)), parse_gate("c.m == 1")]
    metric = METRICS[kind]
    clusters = [f"k{row.cluster}" if row.cluster else f"r{n}" for n, row in enumerate(rows)]
    order = list(range(len(rows)))
    shuffled.shuffle(order)

    def made(places: Sequence[int], other: bool = False) -> CheckTable:
        found = CheckTable("c", "toy", (metric,))
        for n in places:
            value = rows[-1 - n].value if other else rows[n].value
            found.add(f"r{n}", clusters[n], {"topic": rows[n].topic}, score(value))
        return found

    def seen(places: Sequence[int]) -> list[tuple[Any, ...]]:
        baseline = {"c": made(places, other=True)} if against else None
        found = verdicts(asked, made(places), unsure=unsure, complete=complete, baseline=baseline)
        return [(v.word, v.counts_as, v.more_cases, v.estimate, v.contrast, v.decided_by) for v in found]

    first, second = seen(range(len(rows))), seen(order)
    assert [words[:3] for words in first] == [words[:3] for words in second]
    assert [in_short(*words[3:]) for words in first] == [in_short(*words[3:]) for words in second]


UNMEASURED = st.lists(
    st.sampled_from(
        [Score({"m": Unscored("too short")}), Score(error="time-out"), Score({}), Score({"m": (1.0, 1.0)}, error="cut")]
    ),
    max_size=8,
)
KINDS: dict[str, Metric] = {
    **METRICS,
    "low rate": rate("m", better="lower"),
    "unbounded mean": mean("m"),
    "ratio": ratio("m"),
    "quantile": quantile("m", 0.9),
    "corpus": Bleu("m"),
}


@settings(max_examples=60)
@given(
    scores=UNMEASURED,
    operator=st.sampled_from([*UPWARD, *DOWNWARD, "=="]),
    target=st.sampled_from(["0", "1", "0.5", "-1", "100%", "1e9"]),
    form=st.sampled_from(["c.m", "c.m[topic=a]", "c.m[topic=nobody]", "c.m by topic", "c.m by nothing"]),
    about=ABOUT,
    unsure=POLICIES,
    complete=st.booleans(),
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_never_scored_never_passes(  # noqa: PLR0917 - Hypothesis names them all
    kind: str, scores: list[Score], operator: str, target: str, form: str, about: str, unsure: str, complete: bool
) -> None:
    made = CheckTable("c", "toy", (KINDS[kind],))
    for n, one in enumerate(scores):
        made.add(f"r{n}", f"r{n}", {"topic": "ab"[n % 2]}, one)
    (verdict,) = verdicts(
        [parse_gate(f"{form} {operator} {target}", about=about)], made, unsure=unsure, complete=complete
    )
    assert verdict.word is not Word.PASS
    assert verdict.counts_as is not Word.PASS


@settings(max_examples=40)
@given(
    scores=UNMEASURED, operator=st.sampled_from([*UPWARD, *DOWNWARD]), about=ABOUT, unsure=POLICIES, both=st.booleans()
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_never_scored_never_passes_against_a_baseline_either(  # noqa: PLR0917 - Hypothesis names them all
    kind: str, scores: list[Score], operator: str, about: str, unsure: str, both: bool
) -> None:
    ours, theirs = (CheckTable("c", "toy", (KINDS[kind],)) for _ in range(2))
    for n, one in enumerate(scores):
        ours.add(f"r{n}", f"r{n}", {}, one)
        theirs.add(f"r{n}", f"r{n}", {}, one if both or kind == "corpus" else score(1.0))
    margin = "- 1" if operator in UPWARD else "+ 1"
    gate = parse_gate(f"c.m {operator} baseline {margin}", about=about)
    for baseline in ({"c": theirs}, {}, None):
        (verdict,) = verdicts([gate], ours, unsure=unsure, baseline=baseline)
        assert verdict.word is not Word.PASS
        assert verdict.counts_as is not Word.PASS


@given(scores=UNMEASURED.filter(len), operator=st.sampled_from([*UPWARD, *DOWNWARD, "=="]), unsure=POLICIES)
def test_coverage_of_nothing_never_passes(scores: list[Score], operator: str, unsure: str) -> None:
    made = CheckTable("c", "toy", (METRICS["rate"],))
    for n, one in enumerate(scores):
        made.add(f"r{n}", f"r{n}", {}, one)
    for target in ("0", "1"):
        (verdict,) = verdicts([parse_gate(f"c.coverage {operator} {target}")], made, unsure=unsure)
        assert Word.PASS not in (verdict.word, verdict.counts_as)
