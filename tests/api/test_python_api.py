"""evalkit from Python: the same results as the command line, as objects."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import evalkit
from evalkit.errors import EvalkitError, SuiteError
from evalkit.records import Word
from evalkit.runner import baseline_file
from evalkit.runner.kept import kept_run
from evalkit.store import open_store


def test_evaluate_returns_verdicts_and_estimates(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:oracle")
    assert result.passed
    assert result.outcome.exit_code == 0
    assert all(verdict.counts_as is Word.PASS for verdict in result.verdicts)
    assert result.estimates["accuracy.exact_match"].value == 1.0
    assert any(name.startswith("accuracy.exact_match[category=") for name in result.estimates)


def test_a_failing_suite_is_a_result_not_an_exception(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:echo")
    assert not result.passed
    assert result.findings
    assert "not good enough" in str(result)


def test_reports_are_written_only_where_asked(workdir: Path) -> None:
    evalkit.evaluate("smoke", model="mock:oracle")
    assert not Path("reports").exists()
    evalkit.evaluate("smoke", model="mock:oracle", report="out")
    assert Path("out/report.html").is_file()


def test_json_frame_and_notebook_show_the_same_run(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:echo")
    document = json.loads(result.to_json())
    assert document["outcome"]["exit_code"] == 1
    frame = result.to_frame()
    assert len(frame) == len(result.estimates)
    overall = frame[(frame.check == "accuracy") & (frame.metric == "exact_match") & (frame.slice == "")]
    assert overall.value.iloc[0] == result.estimates["accuracy.exact_match"].value
    html = result._repr_html_()
    assert "NOT GOOD ENOUGH" in html
    assert all(verdict.gate.split(" ")[0] in html for verdict in result.verdicts if not verdict.automatic)


def test_what_errored_is_told_by_class(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:flaky?rate=0.3&kind=rate-limit")
    (group,) = result.errors
    assert group.failure == "rate limit"
    assert group.measurements == sum(check.counts.errored for check in result.result.checks)
    assert group.recommendation
    assert evalkit.evaluate("smoke", model="mock:oracle").errors == ()


def test_every_case_of_a_run_is_in_the_table_of_scores(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:echo")
    scores = result.to_frame("scores")
    check = next(check for check in result.result.checks if check.name == "accuracy")
    own = scores[(scores.check == "accuracy") & (scores.metric == "exact_match")]
    assert len(own) == check.counts.planned
    assert own.value.mean() == pytest.approx(result.estimates["accuracy.exact_match"].value)
    for category, part in own.groupby("category"):
        assert part.value.mean() == pytest.approx(result.estimates[f"accuracy.exact_match[category={category}]"].value)
    assert result.to_frame("scores", engine="polars").shape == scores.shape
    gates = result.to_frame("gates", engine="polars")
    assert gates["gate"].to_list() == [verdict.gate for verdict in result.verdicts]


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_every_prompt_and_answer_is_in_the_table_of_answers(workdir: Path, engine: str) -> None:
    result = evalkit.evaluate("smoke", model="mock:degraded?fail=0.2")
    rows = result.to_frame("answers", engine)
    rows = rows.to_dicts() if engine == "polars" else rows.to_dict("records")
    planned = {check.name: check.counts.planned for check in result.result.checks}
    for check, many in planned.items():
        assert len({row["case"] for row in rows if row["check"] == check}) == many
    assert {row["status"] for row in rows} == {"scored", "errored"}
    told = result.case("accuracy", rows[0]["case"]).exchanges[0]
    of_case = next(row for row in rows if (row["check"], row["case"]) == ("accuracy", rows[0]["case"]))
    assert of_case["answer"] == told.answer
    assert of_case["prompt"].endswith(told.messages[-1].content)
    assert tuple(of_case["references"]) == told.references


def test_any_case_shows_what_was_asked_and_answered(workdir: Path) -> None:
    result = evalkit.evaluate("safety", model="mock:degraded?empty=0.1")
    names = result.to_frame("scores").query("check == 'safety'").case.unique()
    listed = {finding.case for finding in (*result.findings, *result.result.sampled) if finding.check == "safety"}
    unlisted = next((name for name in names if name not in listed), names[0])
    for name in (unlisted, result.findings[0].case):
        shown = result.case("safety", name)
        assert (shown.check, shown.case) == ("safety", name)
        assert shown.exchanges[0].messages
        assert "<pre>" in shown._repr_html_()
    with pytest.raises(EvalkitError, match="has no case 'nothing'"):
        result.case("safety", "nothing")
    with pytest.raises(EvalkitError, match="no check of this run is called 'saftey'"):
        result.case("saftey", "nothing")


def test_a_case_has_the_value_of_its_metric_wherever_it_was_found(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:degraded?drop=0.3")
    finding = next(finding for finding in result.findings if finding.check == "accuracy")
    bare = evalkit.RunResult(replace(result.result, findings=(), sampled=()), result.opened)
    first = result.result.checks[0].metrics[0].name
    stored = bare.case("accuracy", finding.case)
    assert stored.metric == first
    table = result.to_frame("scores").query("check == 'accuracy' and metric == @first").set_index("case")
    assert stored.value == table.value[finding.case]
    assert stored.exchanges == finding.exchanges


def test_what_shows_itself_says_little_of_itself(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:echo")
    assert repr(result) == f"<run {result.id}: {result}>"
    finding = result.findings[0]
    long = replace(finding, case="c\n" * 1000, exchanges=finding.exchanges * 1000)
    for shown in (result, finding, long, evalkit.compare(result, result), *result.charts.values()):
        assert len(repr(shown)) < 400
        assert "\n" not in repr(shown)


def test_the_pictures_of_the_report_are_there_for_notebooks(workdir: Path) -> None:
    charts = evalkit.evaluate("smoke", model="mock:degraded?drop=0.3").charts
    assert charts
    for name, chart in charts.items():
        assert repr(chart).startswith(f"<chart {name}: ")
        bundle, _ = chart._repr_mimebundle_()
        assert bundle["application/vnd.vegalite.v5+json"] == json.loads(json.dumps(chart.to_dict()))
        assert bundle["text/plain"]


def test_results_are_compared_where_they_are_kept(workdir: Path) -> None:
    one, other = (evalkit.evaluate("smoke", model=f"mock:{name}", store="kept.db") for name in ("oracle", "echo"))
    assert evalkit.compare(one, other).candidates[0].candidate.id == other.id
    assert evalkit.compare(one.id, other).baseline.id == one.id
    assert not Path(".evalkit").exists()
    with pytest.raises(EvalkitError, match="no run"):
        evalkit.compare(one, other, store="another.db")


def test_a_result_without_a_database_says_so(workdir: Path) -> None:
    result = evalkit.RunResult(evalkit.evaluate("smoke", model="mock:oracle").result)
    with pytest.raises(EvalkitError, match="does not know its runs database"):
        result.to_frame("scores")
    with pytest.raises(EvalkitError, match="no kind of a frame is called 'score'"):
        result.to_frame("score")


def test_a_loaded_suite_can_be_evaluated(workdir: Path) -> None:
    suite = evalkit.load_suite("smoke")
    assert evalkit.evaluate(suite, model="mock:oracle", limit=4).result.run.partial


def test_compare_aligns_two_runs(workdir: Path) -> None:
    before = evalkit.evaluate("safety", model="mock:oracle")
    after = evalkit.evaluate("safety", model="mock:echo")
    comparison = evalkit.compare(before, after)
    metrics = comparison.to_frame()
    assert list(metrics.metric) == [metric.metric for metric in comparison.metrics]
    cases = comparison.to_frame("cases", engine="polars")
    assert len(cases) == len(comparison.regressed) + len(comparison.improved) + len(comparison.moved) > 0
    assert "REGRESSION" in comparison._repr_html_()
    assert after.findings[0].check in after.findings[0]._repr_html_()


def test_a_baseline_is_a_result_a_path_or_a_name(workdir: Path) -> None:
    before = evalkit.evaluate("regression", model="mock:oracle")
    with open_store() as store:
        text = baseline_file.render(kept_run(store, store.get_run(before.id)))
    file = workdir / "main.json"
    file.write_text(text)
    for named in (before, file, str(file), before.id):
        found = evalkit.evaluate("regression", model="mock:echo", baseline=named)
        assert any(verdict.contrast for verdict in found.verdicts), named
        (pairing,) = evalkit.compare(named, found).candidates
        assert pairing.baseline.id == before.id


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": ""}, "model"),
        ({"model": "mock:oracle", "device": "toaster"}, "device"),
        ({"model": "mock:oracle", "limit": 0}, "limit"),
        ({"model": "mock:oracle", "unheard_of": 1}, "unheard_of"),
        ({"model": "mock:oracle", "baseline": "nothing"}, "nothing"),
        ({"model": "mock:oracle", "baseline": 5}, "int is no run and no baseline"),
    ],
)
def test_wrong_settings_raise_with_their_key(workdir: Path, options: dict[str, object], says: str) -> None:
    with pytest.raises(EvalkitError, match=says):
        evalkit.evaluate("smoke", **options)  # type: ignore[arg-type]


def test_an_unknown_suite_raises(workdir: Path) -> None:
    with pytest.raises(SuiteError, match="quickstart"):
        evalkit.load_suite("quickstrat")


def test_a_manager_loads_nothing_until_asked(workdir: Path) -> None:
    manager = evalkit.ModelManager("mock:echo", max_tokens=8)
    assert not manager.loaded
    assert manager.generate("Hello").text == "Hello"
    manager.unload()


def test_public_names_are_listed() -> None:
    assert set(evalkit.__all__) <= set(dir(evalkit))
    with pytest.raises(AttributeError, match="nothing_like_it"):
        evalkit.nothing_like_it  # noqa: B018


def test_a_store_may_be_a_path_or_already_open(workdir: Path) -> None:
    from evalkit.store import open_store

    first = evalkit.evaluate("smoke", model="mock:oracle", store=workdir / "mine.db")
    assert (workdir / "mine.db").is_file()
    with open_store(str(workdir / "mine.db")) as store:
        second = evalkit.evaluate("smoke", model="mock:oracle", store=store)
        assert second.result.usage.reused > 0
        assert evalkit.compare(first, second, store=store).regressed == ()


def test_one_check_may_be_named_as_a_plain_text(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:oracle", only="accuracy", limit=2, seed=3)
    assert [check.name for check in result.result.checks] == ["accuracy"]
    assert result.result.reproduce.endswith("--model mock:oracle --only accuracy --seed 3 --limit 2")


def test_the_command_of_a_run_says_how_its_model_was_run_and_that_it_may_not_stop(workdir: Path) -> None:
    result = evalkit.evaluate("smoke", model="mock:oracle", limit=2, batch_size=3, stop_early=False, redact="email")
    said = result.result.reproduce
    assert said.endswith(" --model mock:oracle --redact email --batch-size 3 --no-stop-early --limit 2")


def test_a_seed_for_a_loaded_suite_is_refused(workdir: Path) -> None:
    with pytest.raises(EvalkitError, match="has its seeds already"):
        evalkit.evaluate(evalkit.load_suite("smoke"), model="mock:oracle", seed=3)
