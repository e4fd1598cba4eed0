"""A fault planted at every boundary of a run is named there; a strict contract ends the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from faulty_pipeline import FAULTS, BeyondCheck, FaultyBackend, Graded, Pairs, Strangers

from evalkit import plugins
from evalkit.errors import EvalkitError
from evalkit.modes.mode import Asked
from evalkit.modes.pipeline import Pipeline, rules
from evalkit.modes.pipeline.flow import flow_of
from evalkit.modes.pipeline.ledger import Ledger
from evalkit.modes.pipeline.mode import PipelineOptions
from evalkit.modes.pipeline.of_data import check_plan
from evalkit.modes.pipeline.of_decisions import check_verdicts
from evalkit.modes.pipeline.of_scores import ScoreBoundary, check_tables
from evalkit.modes.pipeline.watch import Counted
from evalkit.modes.running import run_in_mode
from evalkit.records import Word
from evalkit.results import Result
from evalkit.runner.attending import Attendant, Concluded
from evalkit.runner.plan import Scope, make_plan
from evalkit.runner.running import RunOptions
from evalkit.sections import FlowPicture, Section
from evalkit.store import Store
from evalkit.suite.load import load_suite


@pytest.fixture(autouse=True)
def guests(install_checks: Callable[[Mapping[str, type]], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks and a backend, known by name as those of an installed package are."""
    install_checks({"graded": Graded, "outside": BeyondCheck, "pairs": Pairs, "strangers": Strangers})
    module = ModuleType("backend_of_a_test")
    module.open_it = lambda reference, settings: FaultyBackend(  # type: ignore[attr-defined]
        FAULTS[reference.target], reference
    )
    monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    backends = {
        **plugins._found()["evalkit.backends"],
        "faulty": (EntryPoint("faulty", "backend_of_a_test:open_it", "evalkit.backends"),),
    }
    installed = {**plugins._found(), "evalkit.backends": backends}
    monkeypatch.setattr(plugins, "_found", lambda: installed)
    FaultyBackend.asked = 0


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Run:
    def run_it(
        fault: str = "none",
        rows: Sequence[Mapping[str, Any]] | None = None,
        *,
        check: str = "graded",
        strict: bool = False,
        mode: str = "pipeline",
        extra: str = "",
        model: str = "",
        **options: Any,
    ) -> Result:
        suite = suite_of(tmp_path, rows, check, extra)
        given = {"contracts": "strict"} if strict else {}
        asked = Asked(suite, model or f"faulty:{fault}", store, RunOptions(**options), plain=not mode)
        if not mode:  # as where none is named, without trying the checks first
            return Pipeline().run(asked, PipelineOptions())
        return run_in_mode(asked, mode, given)

    return run_it


def suite_of(folder: Path, rows: Sequence[Mapping[str, Any]] | None, check: str = "graded", extra: str = "") -> Any:
    made = [{"prompt": f"say number {n}", "n": n, "topic": "ab"[n % 2]} for n in range(12)]
    written = [{"id": f"r{n}", **row} for n, row in enumerate(rows or made)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written), encoding="utf-8")
    path = folder / "suite.yaml"
    path.write_text(
        f"name: planted\ndatasets: {{rows: {{path: rows.jsonl{extra}}}}}\nslices: [topic]\n"
        f"checks: {{it: {{kind: {check}}}}}\n",
        encoding="utf-8",
    )
    return load_suite(path)


def told(result: Result) -> Section:
    return next(section for section in result.sections if section.id == "pipeline")


def state_of(result: Result, rule: rules.Rule) -> str:
    table = told(result).tables[0]
    return next(str(row[1]) for row in table.rows if row[0] == rule.title)


def test_a_sound_run_holds_and_its_flow_has_the_counts_of_the_run(run: Run) -> None:
    result = run()
    section = told(result)
    assert section.state == "held"
    flow = section.pictures[0]
    assert isinstance(flow, FlowPicture)
    counts = {stop.name: dict(stop.counts) for stop in flow.stops}
    assert list(counts) == list(rules.BOUNDARIES)
    assert counts["dataset"] == {"rows in files": 12, "rows": 12}
    assert counts["plan"] == {"rows asked": 12, "cases": result.usage.cases}
    assert counts["answers"]["requests"] == counts["answers"]["answers"] == result.usage.needed == 12
    assert counts["scores"] == {"cases scored": result.checks[0].counts.scored, "unscored": 0, "errored": 0}
    assert {row[1]: row[2:5] for row in section.tables[-1].rows} == {"topic=a": (6, 6, 6), "topic=b": (6, 6, 6)}


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("twice", rules.ANSWERED_ONCE),
        ("silent", rules.ANSWERED_AT_ALL),
        ("finish", rules.FINISH_IS_KNOWN),
        ("tokens", rules.TOKENS_ARE_PLAUSIBLE),
        ("surrogate", rules.ANSWERS_DECODE),
        ("no text", rules.ANSWERS_ARE_TEXT),
        ("no answer", rules.ANSWERS_ARE_TEXT),
        ("counts", rules.ANSWERS_ARE_TEXT),
    ],
)
def test_answers_that_break_a_contract_are_told_or_end_a_strict_run(run: Run, fault: str, rule: rules.Rule) -> None:
    result = run(fault)
    assert told(result).state == "broken"
    assert state_of(result, rule) == "broken"
    assert f"first at the boundary '{rule.boundary}'" in told(result).sentence
    with pytest.raises(EvalkitError, match=rule.name) as ended:
        run(fault, strict=True, resume="never")
    assert ended.value.exit_code == 3
    assert "what was answered is kept" in ended.value.hint


def test_a_request_that_was_answered_twice_stays_so_when_the_run_is_resumed(run: Run) -> None:
    with pytest.raises(EvalkitError, match="the backend answered again"):
        run("twice", strict=True)
    with pytest.raises(EvalkitError, match="12 requests were answered with two texts before the run was resumed"):
        run("twice", strict=True)


def test_a_backend_that_raises_is_named_as_what_is_broken(run: Run, store: Store) -> None:
    with pytest.raises(EvalkitError, match=r"the backend of the subject .* raised AttributeError") as ended:
        run("raises")
    assert (ended.value.exit_code, ended.value.failure) == (3, "plugin")
    assert [one.state for one in store.list_runs()] == ["failed"]


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("damaged", rules.ANSWERS_READ),
        ("misread", rules.ANSWERS_READ),
        ("alike", rules.FEW_ALIKE),
        ("cut", rules.FEW_CUT),
    ],
)
def test_what_is_worth_a_look_ends_no_strict_run(run: Run, fault: str, rule: rules.Rule) -> None:
    result = run(fault, strict=True)
    assert told(result).state == "noticed"
    assert state_of(result, rule) == "noticed"
    assert "more. Of 12 rows" not in told(result).sentence or rule is rules.ANSWERS_READ  # a share is one example
    assert told(result).sentence.startswith(f"Worth a look, at the boundary 'answers': {rule.title}: ")


def test_a_strict_contract_of_rows_ends_the_run_before_anything_is_asked(run: Run, store: Store) -> None:
    rows = [{"prompt": f"say {n}", "note": "fine" + ("\ufffd" if n == 3 else "")} for n in range(6)]
    with pytest.raises(EvalkitError, match="has a replacement character") as ended:
        run(rows=rows, strict=True)
    assert ended.value.exit_code == 2
    assert FaultyBackend.asked == 0
    assert store.list_runs() == []
    lenient = run(rows=rows)
    assert state_of(lenient, rules.ROWS_DECODE) == "broken"
    assert FaultyBackend.asked == 6


def test_rows_worth_a_look_are_named(run: Run) -> None:
    rows = [{"prompt": "say it", "size": n or "many", "note": "sch\u00c3\u00b6n"} for n in range(4)]
    result = run(rows=rows)
    assert told(result).state == "noticed"
    seen_rules = (rules.COLUMNS_HAVE_TYPES, rules.ROWS_DIFFER, rules.ROWS_READ)
    assert [state_of(result, rule) for rule in seen_rules] == ["noticed"] * 3
    seen = {str(row[0]): str(row[5]) for row in told(result).tables[0].rows}
    assert "column 'size': 3 number, 1 str" in seen["dataset, types"]
    assert "3 rows ask what an earlier one asks" in seen["dataset, duplicates"]


def test_bad_rows_that_are_left_out_are_worth_a_look_and_counted(run: Run) -> None:
    rows = [{"prompt": f"say {n}" if n % 4 else ""} for n in range(12)]
    result = run(rows=rows, extra=", on_error: skip")
    assert state_of(result, rules.FEW_BAD_ROWS) == "noticed"
    assert "3 of 12 rows (25.0%, more than 2%) are bad" in told(result).sentence
    assert "most is lost at dataset → plan (25%; 'bad rows, left out as the suite says')" in told(result).sentence


def test_a_category_of_which_no_case_is_made_comes_first_and_many_values_are_no_category(run: Run) -> None:
    rows = [{"prompt": f"say {n}", "n": n, "topic": "lost" if n % 3 == 0 else "kept"} for n in range(12)]
    table = told(run(rows=rows, check="pairs")).tables[-1]
    assert [row[1:5] for row in table.rows] == [("topic=lost", 4, 0, 0), ("topic=kept", 8, 8, 8)]
    for values, listed in ((40, 40), (41, 0)):
        rows = [{"prompt": f"say {n}", "topic": str(n % values)} for n in range(2 * values)]
        table = told(run(rows=rows, resume="never")).tables[-1]
        assert len(table.rows) == listed
        assert ("not counted: topic" in table.note) == (not listed)


def test_variants_are_not_taken_for_rows(run: Run) -> None:
    section = told(run(extra=", perturb: [punctuation]"))
    assert "Of 12 rows and variants of them 24 were asked" in section.sentence


def test_without_a_baseline_nothing_is_said_of_drift(run: Run) -> None:
    assert not any(str(row[0]).endswith("drift") for row in told(run()).tables[0].rows)


def test_rows_that_no_check_takes_are_where_most_is_lost(run: Run) -> None:
    result = run(check="pairs")
    assert state_of(result, rules.ROWS_ARE_USED) == "noticed"
    assert "dataset 'rows': no check makes a case of 4 rows" in str(told(result).tables[0].rows)
    assert "most is lost at dataset → plan (33%" in told(result).sentence


def test_a_case_of_a_row_that_is_not_asked_breaks_the_plan(run: Run) -> None:
    assert state_of(run(check="strangers"), rules.CASES_HAVE_ROWS) == "broken"
    with pytest.raises(EvalkitError, match="case 'r5' has row 'nobody's', which is not asked") as refused:
        run(check="strangers", strict=True)
    assert refused.value.exit_code == 2


def test_statistics_that_are_no_numbers_are_named_at_the_scores(run: Run) -> None:
    rows = [{"prompt": f"say {n}", "grade": "nan" if n == 5 else 0.5} for n in range(6)]
    result = run(rows=rows)
    assert state_of(result, rules.SCORES_ARE_SOUND) == "broken"
    assert "scores, sound: one case of check 'it': grade is not a finite number. Of 6 rows" in told(result).sentence
    with pytest.raises(EvalkitError, match="scores, sound"):
        run(rows=rows, strict=True)


def test_values_outside_their_bounds_are_named_at_scores_and_estimates(run: Run) -> None:
    assert state_of(run(rows=[{"prompt": "say it", "grade": 1.5}]), rules.SCORES_ARE_WITHIN) == "broken"
    assert state_of(run(check="outside"), rules.VALUES_ARE_WITHIN) == "broken"


def test_a_strict_run_that_broke_goes_on_when_it_is_lenient(run: Run, store: Store) -> None:
    rows = [{"prompt": f"say {n}", "grade": 3} for n in range(6)]
    with pytest.raises(EvalkitError, match="bounds"):
        run(rows=rows, strict=True, model="mock:echo")
    assert [one.state for one in store.list_runs()] == ["failed"]
    result = run(rows=rows, model="mock:echo")
    assert (result.usage.asked, result.usage.reused) == (0, 6)
    assert [one.state for one in store.list_runs()] == ["finished"]


def test_rows_and_answers_unlike_those_of_the_baseline_are_named(run: Run) -> None:
    before = run(rows=[{"prompt": f"say number {n}"} for n in range(10)], resume="never").run.id
    same = run("none", [{"prompt": f"say number {n}"} for n in range(10)], resume="never", baseline=before)
    assert told(same).state == "held"
    assert any(table.title == f"Against run {before}" for table in told(same).tables)
    longer = [{"prompt": f"say number {n} at great length, and then once more"} for n in range(20)]
    other = run("none", longer, resume="never", baseline=before, allow_different=True)
    assert [state_of(other, rule) for rule in (rules.ROWS_AS_BEFORE, rules.ANSWERS_AS_BEFORE)] == ["noticed"] * 2
    seen = {str(row[0]): str(row[5]) for row in told(other).tables[0].rows}
    assert "prompts of rows: 20 texts, 10 then" in seen["dataset, drift"]
    assert "characters in the mean" in seen["answers, drift"]


def test_where_no_mode_was_named_only_counts_are_checked_and_nothing_is_said_of_a_sound_run(run: Run) -> None:
    assert [section.id for section in run("surrogate", mode="").sections] == []
    broken = run(check="outside", mode="", resume="never")
    assert told(broken).state == "broken"
    assert len(told(broken).tables) == 1


def test_rows_that_somebody_left_out_on_purpose_are_no_loss(run: Run) -> None:
    limited = told(run(scope=Scope(limit=4), extra=", where: n > 1"))
    assert "Of 12 rows 4 were asked (2 left out by the suite, 6 left out by --limit)" in limited.sentence
    assert "nothing of note is lost" in limited.sentence
    assert limited.state == "held"


def test_a_strict_contract_ends_the_run_before_others_measure_beside_it(run: Run) -> None:
    first = Keeping()
    with pytest.raises(EvalkitError, match="estimates, bounds"):
        run(check="outside", strict=True, attendants=(first,))
    assert first.concluded_run is None


class Keeping(Attendant):
    concluded_run: Concluded | None = None

    def concluded(self, concluded: Concluded) -> Sequence[Section]:
        self.concluded_run = concluded
        return ()


@pytest.fixture
def concluded(run: Run) -> Concluded:
    keeping = Keeping()
    run(attendants=(keeping,))
    assert keeping.concluded_run is not None
    return keeping.concluded_run


def _ledger() -> Ledger:
    return Ledger(strict=False, where="", thorough=True)


def test_a_plan_that_lost_a_row_is_named(tmp_path: Path) -> None:
    plan = make_plan(suite_of(tmp_path, None), Scope())
    whole, short = _ledger(), _ledger()
    check_plan(plan, whole)
    check_plan(replace(plan, cases={"it": list(plan.cases["it"])[:-1]}), short)
    assert whole.state() == "held"
    assert "11 cases of 12 rows" in str(short.breach(rules.CASES_ADD_UP))


def test_cases_that_never_ended_or_ended_twice_are_named(concluded: Concluded) -> None:
    ledger = _ledger()
    longer = replace(concluded.plan, cases={"it": [*concluded.plan.cases["it"], concluded.plan.cases["it"][0]]})
    check_tables(longer, concluded.tables, {}, ledger)
    assert "1 of 13 planned cases never ended" in str(ledger.breach(rules.CASES_END_ONCE))
    ledger = _ledger()
    from evalkit.runner.examine import Examined

    planned = [one for block in concluded.plan.blocks() for one in block]
    ScoreBoundary(ledger, ()).examined([Examined(planned[place]) for place in (0, 1, 1, 4)])
    breach = str(ledger.breach(rules.CASES_END_ONCE))
    assert "ended twice" in breach
    assert "2 cases before" in breach


def test_cases_that_were_not_asked_for_their_gates_were_decided_are_counted_and_no_loss(concluded: Concluded) -> None:
    plan = concluded.plan
    longer = replace(plan, cases={"it": [*plan.cases["it"], plan.cases["it"][0]]})
    watched = Counted(plan.suite, strict=False)
    watched.planned(plan, {})
    sentence = flow_of(replace(concluded, plan=longer), watched).sentence
    assert "1 of 13 cases were not asked, for their gates were decided; 0% of 12 cases are unscored" in sentence
    assert "nothing of note is lost" in sentence


def test_verdicts_that_contradict_their_estimates_or_the_exit_code_are_named(concluded: Concluded) -> None:
    outcome = concluded.result.outcome
    ledger = _ledger()
    check_verdicts(concluded.plan, concluded.tables, outcome, ledger)
    assert ledger.state() == "held"
    first = outcome.verdicts[0]
    turned = replace(first, word=Word.FAIL, counts_as=Word.FAIL)
    check_verdicts(concluded.plan, concluded.tables, replace(outcome, verdicts=(turned, turned)), ledger)
    broken = {breach.rule for breach in ledger.breaches}
    assert broken == {rules.GATES_ARE_DECIDED, rules.VERDICTS_FIT, rules.OUTCOME_FITS}


def test_the_page_of_modes_has_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "modes.md").read_text(encoding="utf-8")
    listed = {tuple(map(str.strip, line.split("|")[1:5])) for line in page.splitlines() if line.startswith("| ")}
    for rule in rules.RULES:
        kind = ("contract" if rule.contract else "worth a look") + ("" if rule.each else ", always")
        assert (rule.boundary, rule.name, rule.demand, kind) in listed
