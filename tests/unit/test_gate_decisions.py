"""From scores to verdicts to an outcome: what passes, what fails, what cannot be told, and what is never lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from evalkit.errors import PluginError
from evalkit.gates.decide import Setting, decide
from evalkit.gates.expression import parse_gate
from evalkit.gates.measurements import CheckTable, Measurements
from evalkit.gates.outcome import conclude
from evalkit.metrics.kinds import mean, one, quantile, rate
from evalkit.protocols import Metric
from evalkit.records import Score, Unscored, Vector, Verdict, Word

PASSED, FAILED = Score({"ok": one(1), "grade": one(3.0)}), Score({"ok": one(0), "grade": one(9.0)})
SKIPPED = Score({"ok": Unscored("too short"), "grade": Unscored("too short")})
BROKEN = Score(error="time-out: no answer in 60 s")


def table(
    scores: Sequence[Score], name: str = "check", labels: Sequence[dict[str, object]] | None = None
) -> CheckTable:
    made = CheckTable("check", "toy", [rate("ok"), mean("grade", better="lower"), quantile("slow", 0.5)])
    for i, score in enumerate(scores):
        made.add(f"c{i}", f"c{i}", labels[i] if labels else {}, score)
    return made


def verdict(text: str, scores: Sequence[Score], **setting: object) -> Verdict:
    return decide(parse_gate(text), {"check": table(scores)}, Setting(**setting))  # type: ignore[arg-type]


def test_clear_evidence_passes_and_fails() -> None:
    assert verdict("check.ok >= 0.5", [PASSED] * 50).word is Word.PASS
    assert verdict("check.ok >= 0.5", [FAILED] * 50).word is Word.FAIL


def test_few_cases_are_unsure_and_the_policy_decides() -> None:
    scores = [PASSED] * 3 + [FAILED]
    unsure = verdict("check.ok >= 0.5", scores)
    assert (unsure.word, unsure.counts_as) == (Word.UNSURE, Word.PASS)
    assert "point estimate" in unsure.reason
    assert verdict("check.ok >= 0.8", scores).counts_as is Word.FAIL
    assert verdict("check.ok >= 0.8", scores, unsure="pass").counts_as is Word.PASS
    assert verdict("check.ok >= 0.5", scores, unsure="fail").counts_as is Word.UNSURE


def test_an_unsure_gate_says_how_many_more_cases_would_settle_it() -> None:
    unsure = verdict("check.ok >= 0.5", ([PASSED] * 11 + [FAILED] * 9))
    assert unsure.more_cases is not None
    assert unsure.more_cases > 100
    assert f"{unsure.more_cases:,}" in unsure.reason


def test_equality_is_universal() -> None:
    assert verdict("check.ok == 1", [PASSED] * 3).word is Word.PASS
    contradicted = verdict("check.ok == 1", [PASSED] * 200 + [FAILED])
    assert contradicted.word is Word.FAIL
    assert "c200" in contradicted.reason


class Divides:
    """A plugin's ratio that says nothing of an empty denominator."""

    name, kind, better, unit, bounds, signature, worst = "ok", "ratio", "higher", "share", None, "divides", None

    def value(self, total: Vector) -> float | None:
        return total[0] / total[1]


class Guarded(Divides):
    def value(self, total: Vector) -> float | None:
        return total[0] / total[1] if total[1] else None


def ratios(metric: Metric, *rows: Vector) -> CheckTable:
    made = CheckTable("check", "toy", [metric])
    for place, row in enumerate(rows):
        made.add(f"c{place}", f"c{place}", {}, Score({"ok": row}))
    return made


def test_a_case_without_a_value_contradicts_nothing() -> None:
    gate = parse_gate("check.ok == 1")
    found = decide(gate, {"check": ratios(Guarded(), (1.0, 1.0), (0.0, 0.0))}, Setting())
    assert (found.word, found.reason) == (Word.PASS, "holds in the only case of this dataset")


def test_a_metric_that_breaks_on_one_case_is_an_error_that_names_it() -> None:
    with pytest.raises(PluginError, match=r"check\.ok cannot be computed: float division by zero"):
        decide(parse_gate("check.ok == 1"), {"check": ratios(Divides(), (1.0, 1.0), (0.0, 0.0))}, Setting())


def test_a_gate_about_the_dataset_is_exact_when_all_was_asked() -> None:
    gate = parse_gate("check.ok >= 0.5", about="dataset")
    measurements = {"check": table([PASSED, PASSED, FAILED])}
    assert decide(gate, measurements, Setting(complete=True)).word is Word.PASS
    assert decide(gate, measurements, Setting(complete=False)).word is Word.UNSURE


def test_errors_count_at_the_worst_and_unscored_cases_do_not_count() -> None:
    estimate = table([PASSED, PASSED, BROKEN, SKIPPED]).estimate("ok")
    assert estimate.value == pytest.approx(2 / 3)
    counts = estimate.counts
    assert (counts.planned, counts.scored, counts.unscored, counts.errored) == (4, 2, 1, 1)
    assert counts.reasons == {"too short": 1}
    assert counts.inapplicable == 0


def test_a_metric_does_not_apply_to_a_case_that_others_score() -> None:
    made = CheckTable("check", "toy", [rate("refused"), rate("over_refused")])
    harmless, unsafe, lost = Unscored("harmless"), Unscored("unsafe"), Unscored("nothing to judge")
    for place, (first, other) in enumerate([(harmless, (0.0, 1.0)), ((1.0, 1.0), unsafe), (lost, lost)]):
        made.add(f"c{place}", "", {}, Score({"refused": first, "over_refused": other}))
    counts = made.estimate("refused").counts
    assert (counts.planned, counts.scored, counts.unscored, counts.inapplicable) == (3, 1, 2, 1)


def test_an_error_of_a_metric_without_a_worst_counts_against_coverage_only() -> None:
    broken = table([PASSED, BROKEN])
    assert broken.estimate("grade").value == 3.0
    assert broken.estimate("coverage").value == 0.5


@pytest.mark.parametrize("scores", [[], [SKIPPED] * 9, [BROKEN] * 9, [SKIPPED, BROKEN]])
@pytest.mark.parametrize("policy", ["estimate", "pass", "fail"])
@pytest.mark.parametrize("text", ["check.ok >= 0", "check.ok <= 1", "check.ok == 0", "check.grade < 99"])
def test_nothing_scored_never_passes(scores: list[Score], policy: str, text: str) -> None:
    undecided = verdict(text, scores, unsure=policy)
    assert undecided.word is Word.UNSURE
    assert undecided.counts_as is Word.UNSURE


def test_every_slice_must_hold_and_the_worst_is_named() -> None:
    labels: list[dict[str, object]] = [{"category": "a"}] * 40 + [{"category": "b"}] * 40
    measurements = {"check": table([PASSED] * 40 + [FAILED] * 40, labels=labels)}
    worst = decide(parse_gate("min check.ok by category >= 0.5"), measurements, Setting())
    assert worst.word is Word.FAIL
    assert worst.estimate is not None
    assert worst.estimate.slice == {"category": "b"}
    assert "1 of 2" in worst.reason
    one_slice = decide(parse_gate("check.ok[category=a] >= 0.5"), measurements, Setting())
    assert one_slice.word is Word.PASS


def test_a_gate_over_many_slices_fails_as_surprisingly_as_all_of_them_allow() -> None:
    """The more slices there are, the more easily the worst of them misses by chance (Bonferroni)."""
    labels: list[dict[str, object]] = [{"category": name} for name in "abcde" for _ in range(20)]
    scores = [PASSED] * 80 + [PASSED] * 10 + [FAILED] * 10
    measurements = {"check": table(scores, labels=labels)}
    sliced = decide(parse_gate("min check.ok by category >= 0.8"), measurements, Setting())
    alone = decide(parse_gate("check.ok[category=e] >= 0.8"), measurements, Setting())
    assert (sliced.word, alone.word) == (Word.FAIL, Word.FAIL)
    assert alone.p_value == pytest.approx(binom.cdf(10, 20, 0.8))
    assert sliced.p_value == pytest.approx(5 * binom.cdf(10, 20, 0.8))


def test_a_baseline_gate_compares_the_same_cases() -> None:
    today, before = table([PASSED] * 300 + [FAILED] * 100), table([PASSED] * 400)
    setting = Setting(baseline={"check": before}, baseline_name="main")
    worse = decide(parse_gate("check.ok >= baseline - 0.02"), {"check": today}, setting)
    assert worse.word is Word.FAIL
    assert worse.contrast is not None
    assert worse.contrast.value == pytest.approx(-0.25)
    same = decide(parse_gate("check.ok >= baseline - 0.02"), {"check": before}, setting)
    assert same.word is Word.PASS
    few = decide(parse_gate("check.ok >= baseline - 0.02"), {"check": table([PASSED] * 40)}, setting)
    assert (few.word, few.counts_as) == (Word.UNSURE, Word.PASS)


def test_a_baseline_gate_about_the_dataset_is_decided_by_its_pairs() -> None:
    today, before = table([PASSED] * 39 + [FAILED]), table([PASSED] * 40)
    setting = Setting(baseline={"check": before}, baseline_name="main")
    for margin, word in (("0.02", Word.FAIL), ("0.03", Word.PASS)):
        gate = parse_gate(f"check.ok >= baseline - {margin}", about="dataset")
        assert decide(gate, {"check": today}, setting).word is word


def test_slices_against_a_baseline_are_ordered_by_their_difference() -> None:
    rows = [("easy", 1, 0.0), ("easy", 1, 0.0), ("hard", 1, 1.0), ("hard", 1, 1.0)]
    today = CheckTable("check", "toy", [rate("ok", signature="toy")])
    before = CheckTable("check", "toy", [rate("ok", signature="toy")])
    for number, (category, then, now) in enumerate(rows):
        before.add(f"c{number}", f"c{number}", {"category": category}, Score({"ok": one(then)}))
        today.add(f"c{number}", f"c{number}", {"category": category}, Score({"ok": one(now)}))
    gate = parse_gate("min check.ok by category >= baseline - 0.5", about="dataset")
    found = decide(gate, {"check": today}, Setting(baseline={"check": before}, baseline_name="main"))
    assert found.word is Word.FAIL
    assert found.reason.startswith("1 of 2 by category hold; worst easy: -1 against main")


def test_a_metric_that_computes_no_number_is_an_error_that_names_it() -> None:
    odd = CheckTable("check", "toy", [Odd()])
    odd.add("c0", "c0", {}, Score({"ok": (1.0, 1.0)}))
    with pytest.raises(PluginError, match=r"check\.ok cannot be computed"):
        decide(parse_gate("check.ok >= 0.5"), {"check": odd}, Setting())


def test_rows_without_a_label_are_in_no_slice() -> None:
    found = CheckTable("check", "toy", [rate("ok", signature="toy")])
    for number, labels in enumerate(({"category": "None"}, {}, {"category": None}, {"category": 1.5})):
        found.add(f"c{number}", f"c{number}", labels, Score({"ok": one(1)}))
    assert found.positions({"category": "None"}) == [0]
    assert found.slice_values("category") == ["1.5", "None"]


def test_a_thousand_different_errors_are_summed_up() -> None:
    found = table([Score(error=f"plugin: KeyError: {number}") for number in range(1000)])
    reasons = found.counts.reasons
    assert len(reasons) == 21
    assert sum(reasons.values()) == 1000
    assert reasons["980 other reasons"] == 980


class Odd:
    name, kind, better, unit, bounds, signature, worst = "ok", "mean", "higher", "share", None, "odd", None

    def value(self, total: Vector) -> float | None:
        return float("nan")


def test_a_missing_baseline_holds_nothing_up_unless_unsure_fails() -> None:
    gate = "check.ok >= baseline - 0.02"
    assert (verdict(gate, [PASSED]).word, verdict(gate, [PASSED]).counts_as) == (Word.UNSURE, Word.PASS)
    assert verdict(gate, [PASSED], unsure="fail").counts_as is Word.UNSURE


def test_another_signature_is_not_comparable() -> None:
    other = CheckTable("check", "toy", [rate("ok", signature="another definition")])
    other.add("c0", "c0", {}, Score({"ok": one(1)}))
    setting = Setting(baseline={"check": other}, baseline_name="main")
    refused = decide(parse_gate("check.ok >= baseline"), {"check": table([PASSED])}, setting)
    assert refused.counts_as is Word.UNSURE
    assert "signature" in refused.reason


def outcome(scores: Sequence[Score], *gates: str, tolerance: float = 0.05, unsure: str = "estimate") -> int:
    measurements: Measurements = {"check": table(scores)}
    verdicts = [decide(parse_gate(text), measurements, Setting(unsure=unsure)) for text in gates]
    return conclude(verdicts, measurements, tolerance).exit_code


def test_exit_codes_and_their_precedence() -> None:
    good, bad = [PASSED] * 50, [FAILED] * 50
    assert outcome(good, "check.ok >= 0.5") == 0
    assert outcome(bad, "check.ok >= 0.5") == 1
    assert outcome([PASSED, FAILED], "check.ok >= 0.5", unsure="fail") == 4
    assert outcome(bad, "check.ok >= 0.5", "check.grade <= 9.5", unsure="fail") == 1
    assert outcome([*good, *[BROKEN] * 50], "check.ok >= 0.1") == 3
    assert outcome([*bad, *[BROKEN] * 50], "check.ok >= 0.5") == 3
    assert outcome([BROKEN] * 9, "check.ok >= 0") == 3
    assert outcome([], "check.ok >= 0") == 5
    assert outcome([SKIPPED] * 9, "check.ok >= 0") == 5


def test_tolerated_errors_still_count_as_failures() -> None:
    assert outcome([PASSED] * 96 + [BROKEN] * 4, "check.ok >= 0.85") == 0
    assert outcome([PASSED] * 96 + [BROKEN] * 4, "check.ok == 1") == 1


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.data())
def test_turning_a_failure_into_a_success_never_worsens_a_verdict(results: list[bool], data: st.DataObject) -> None:
    better = list(results)
    better[data.draw(st.integers(0, len(results) - 1))] = True
    threshold = data.draw(st.floats(0, 1))
    rank = {Word.FAIL: 0, Word.UNSURE: 1, Word.PASS: 2}

    def word(flags: list[bool]) -> Word:
        return verdict(f"check.ok >= {threshold:.4f}", [PASSED if flag else FAILED for flag in flags]).word

    assert rank[word(better)] >= rank[word(results)]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), min_size=1, max_size=60))
def test_slices_recombine_to_the_whole(rows: list[tuple[bool, str]]) -> None:
    made = table([PASSED if ok else FAILED for ok, _ in rows], labels=[{"category": name} for _, name in rows])
    parts = [made.estimate("ok", {"category": name}) for name in made.slice_values("category")]
    assert sum(part.counts.scored for part in parts) == len(rows)
    recombined = sum((part.value or 0) * part.counts.scored for part in parts) / len(rows)
    assert recombined == pytest.approx(made.estimate("ok").value)


def test_an_outcome_says_how_many_of_its_gates_were_not_proven() -> None:
    proven = Verdict("check.ok >= 0.5", Word.PASS, Word.PASS, "")
    doubted = Verdict("check.ok >= 0.6", Word.UNSURE, Word.PASS, "")
    missed = Verdict("check.ok >= 0.9", Word.UNSURE, Word.FAIL, "")
    refuted = Verdict("check.ok >= 0.99", Word.FAIL, Word.FAIL, "")

    def said(*verdicts: Verdict) -> str:
        return conclude(verdicts, {"check": table([PASSED])}, 1.0).reason

    assert said(proven, proven) == "all 2 gates passed"
    assert said(doubted, proven) == "all 2 gates count as passed, 1 of them unsure"
    assert said(doubted) == "its only gate is unsure, and counts as passed"
    assert said(refuted, proven) == "1 of 2 gates failed: check.ok"
    assert said(missed, refuted, doubted) == "2 of 3 gates count as failed, 1 of them unsure: check.ok"
    assert said(missed, doubted) == "1 of 2 gates counts as failed, unsure: check.ok"


def test_what_failed_is_named_and_automatic_gates_count_apart() -> None:
    def gate(name: str, word: Word, *, automatic: bool = False) -> Verdict:
        return Verdict(f"{name} >= 0.5", word, word, "", automatic=automatic)

    def said(*verdicts: Verdict) -> str:
        return conclude(verdicts, {"check": table([PASSED])}, 1.0).reason

    failed = [gate(f"check.m{n}", Word.FAIL) for n in range(6)]
    covered, lacking = (gate("check.coverage", word, automatic=True) for word in (Word.PASS, Word.FAIL))
    assert said(failed[0], gate("check.ok", Word.PASS), covered) == "1 of 2 gates failed: check.m0"
    assert said(*failed, covered).endswith("6 of 6 gates failed: check.m0, check.m1, check.m2, check.m3 and 2 more")
    assert said(gate("check.ok", Word.PASS), covered, lacking) == "1 of 2 automatic gates failed: check.coverage"
    assert said(failed[0], lacking) == "the only gate failed: check.m0; the only automatic gate failed: check.coverage"
    assert said(gate("check.ok", Word.UNSURE)) == "the only gate cannot be decided on these cases: check.ok"
    assert said(gate("check.ok", Word.PASS), covered) == "its only gate passed"
