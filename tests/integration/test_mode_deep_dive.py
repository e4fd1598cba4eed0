"""A deep dive end to end: on mocks whose faults are planted, on a server, and never at the cost of a verdict."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from http_server import Behaviour

import evalkit
from evalkit.errors import ConfigurationError, StoreError
from evalkit.modes.deep_dive import diving
from evalkit.modes.deep_dive.forecast import most_requests_beside
from evalkit.modes.deep_dive.mode import DeepDiveOptions
from evalkit.modes.mode import Asked
from evalkit.modes.running import run_in_mode
from evalkit.runner.plan import make_plan
from evalkit.runner.profile import recording
from evalkit.runner.running import RunOptions
from evalkit.runner.under_way import Progress
from evalkit.sections import Section
from evalkit.store import Store, open_store
from evalkit.suite.load import load_suite

QUICK = {"seconds": 300, "batch_sizes": [1, 4], "repeats": 2, "prompts": 4, "rows": 2, "growth_requests": 60}
SPEED = {"time", "speed", "volume", "memory", "resources"}


def rows(many: int, fails: str = "", seed: int = 0) -> list[dict[str, Any]]:
    """An echo is right on all of them but those about the sea, and those that ``fails`` names."""
    told = []
    for number in range(many):
        about = ("volcano lava crater", "harbour sailing anchor", "orchard apples ladder")[number % 3]
        prompt = f"{about} tell {seed + number}"
        wrong = number % 3 == 1 or (fails == "half" and number % 2)
        told.append(
            {
                "id": f"r{seed + number}",
                "prompt": prompt,
                "references": ["something else"] if wrong else [prompt],
                "category": "sea" if number % 3 == 1 else "land",
            }
        )
    return told


def write_suite(folder: Path, data: Mapping[str, Sequence[Mapping[str, Any]]], more: str = "") -> Path:
    for name, of_one in data.items():
        text = "".join(json.dumps(row) + "\n" for row in of_one)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    datasets = ", ".join(f"{name}: {{path: {name}.jsonl}}" for name in data)
    checks = ", ".join(f"{name}: {{kind: accuracy, dataset: {name}, metrics: [exact_match]}}" for name in data)
    gates = ", ".join(f"{name}.exact_match >= 0.1" for name in data)
    file = folder / "planted.yaml"
    file.write_text(
        f"name: planted\ndatasets: {{{datasets}}}\nchecks: {{{checks}}}\ngates: [{gates}]\n{more}", encoding="utf-8"
    )
    return file


def dive(suite: Any, store: Store, model: str = "mock:echo", *, profile: bool = False, **options: Any) -> Any:
    options = {**QUICK, **options}
    return evalkit.evaluate(
        suite, model=model, store=store, mode="deep-dive", mode_options=options, profile=profile, fresh=True
    )


def sections(run: Any) -> dict[str, Section]:
    found = {section.id.removeprefix("deep-dive-"): section for section in run.result.sections}
    assert len(found) == len(run.result.sections)
    return found


def table(section: Section, title: str) -> list[dict[str, Any]]:
    found = next(one for one in section.tables if one.title.startswith(title))
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_a_profiled_mock_has_every_section_and_the_verdicts_of_a_pipeline(store: Store) -> None:
    dived = dive("smoke", store, "mock:oracle", profile=True)
    plain = evalkit.evaluate("smoke", model="mock:oracle", store=store, mode="pipeline", fresh=True)
    assert {*SPEED, "advice", "patterns", "slices"} <= set(sections(dived))
    assert dived.verdicts == plain.verdicts
    assert dived.estimates == plain.estimates
    assert store.counts(dived.id) == store.counts(plain.id), "what is measured beside a run is stored nowhere"
    assert dived.result.usage.asked == plain.result.usage.asked
    rates = table(sections(dived)["speed"], "Tokens a second")
    assert [row["batch size"] for row in rates] == ["as in the run", "1", "4"]
    assert all(row["least"] <= row["median"] <= row["most"] for row in rates)
    shares = [row["share"] for row in table(sections(dived)["time"], "Time by stage")]
    assert sum(shares) == pytest.approx(1, abs=0.01)


def test_the_suite_of_everything_is_dived_into_with_its_report(store: Store, tmp_path: Path) -> None:
    run = evalkit.evaluate(
        *("assistant-quality",),
        model="mock:degraded?of=oracle&empty=0.1&fail=0.05",
        limit=20,
        store=store,
        profile=True,
        mode="deep-dive",
        mode_options=QUICK,
        report=tmp_path / "out",
    )
    found = sections(run)
    assert {*SPEED, "advice", "patterns", "slices", "comparison"} <= set(found)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    comment = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    for name, section in found.items():
        assert f'id="section-{section.id}"' in page, name
        assert section.title in comment, name
    stored = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert [one["id"] for one in stored["sections"]] == [one.id for one in run.result.sections]


def test_the_model_of_a_profile_did_no_more_than_its_run_asked(store: Store) -> None:
    dived = dive("smoke", store, "mock:oracle", profile=True)
    (work,) = dived.profile.models
    assert work.answers == dived.result.usage.asked


def test_a_mock_has_no_speed_of_its_own(store: Store) -> None:
    found = sections(dive("smoke", store, "mock:oracle"))
    assert not {"speed", "volume", "memory", "resources"} & set(found)
    assert "--profile" in found["time"].sentence
    assert found["slices"].tables


def test_where_it_was_made_worse_is_found_by_label_by_topic_and_by_word(store: Store, tmp_path: Path) -> None:
    run = dive(write_suite(tmp_path, {"rows": rows(90)}), store)
    found = sections(run)["slices"]
    assert found.state == "noticed"
    slices = {row["slice"]: row for row in table(found, "Slices against")}
    assert slices["category: sea"]["finding"] == "yes"
    assert slices["category: sea"]["value"] == 0
    (topic,) = [row for name, row in slices.items() if "harbour" in name]
    assert topic["finding"] == "yes"
    assert not [name for name, row in slices.items() if row["finding"] == "yes" and "volcano" in name]
    words = {row["word"]: row["finding"] for row in table(found, "Words of failing")}
    assert words["harbour"] == words["sailing"] == words["anchor"] == "yes"
    assert "lava" not in words
    assert table(found, "Failing cases") == [
        {"check": "rows", "failing": 30, "cases": 90, "share": pytest.approx(1 / 3)}
    ]


def test_errors_and_answers_that_are_alike_are_told(store: Store, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, {"rows": rows(40)})
    found = sections(dive(suite, store, "mock:flaky?of=echo&rate=0.5&kind=rate limit"))
    (errors,) = table(found["patterns"], "Errors by class")
    assert (errors["class"], found["patterns"].state) == ("rate limit", "noticed")
    assert any("concurrency" in one.text for one in found["advice"].advice)
    alike = sections(dive(suite, store, "mock:refuser"))["patterns"]
    (row,) = table(alike, "Answers that are alike")
    assert row["the same text"] == 1
    assert row["which begins"].startswith("I")


def test_where_measurements_error_is_found_by_label(http_server: Any, store: Store, tmp_path: Path) -> None:
    http_server.rule = lambda request: Behaviour(b"{}", 400) if "sailing" in str(request.body) else None
    suite = write_suite(tmp_path, {"rows": rows(48)})
    found = sections(dive(suite, store, f"{http_server.url}/v1?model=tiny", seconds=0))["patterns"]
    slices = {row["slice"]: row for row in table(found, "Slices that error")}
    assert slices["category: sea"]["finding"] == "yes"
    assert (slices["category: sea"]["errored"], slices["category: sea"]["of the rest"]) == (1, 0)
    assert "category: land" not in slices
    assert "more often than the rest rows.errored [category: sea]" in found.sentence


def test_a_named_run_of_the_same_cases_is_paired(store: Store, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, {"rows": rows(60)})
    before = evalkit.evaluate(suite, model="mock:oracle", store=store)
    found = sections(dive(suite, store, against=before.id))["comparison"]
    (row,) = table(found, "Against")
    assert (row["cases are"], row["word"], found.state) == ("paired", "worse", "noticed")
    assert row["difference"] == pytest.approx(-1 / 3)
    given = evalkit.evaluate(suite, model="mock:echo", store=store, mode="deep-dive", baseline=before.id, fresh=True)
    (of_baseline,) = table(sections(given)["comparison"], "Against")
    assert (of_baseline["cases are"], of_baseline["word"]) == ("paired", "worse")


def test_a_named_run_of_other_cases_is_unpaired_and_says_so(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = evalkit.evaluate(write_suite(tmp_path / "a", {"rows": rows(60)}), model="mock:oracle", store=store)
    other = write_suite(tmp_path / "b", {"rows": rows(90, seed=1000)})
    found = sections(dive(other, store, against=before.id))["comparison"]
    (row,) = table(found, "Against")
    assert (row["cases are"], row["word"], row["cases"]) == ("UNPAIRED", "worse", "90 / 60")
    assert "UNPAIRED" in found.sentence
    from scipy.stats import fisher_exact

    assert row["p"] == pytest.approx(fisher_exact([[60, 30], [60, 0]])[1])
    assert row["low"] < -1 / 3 < row["high"] < 0


def test_datasets_of_a_suite_are_compared_unpaired(store: Store, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, {"easy": rows(60), "harder": rows(60, "half", seed=500)})
    (row,) = table(sections(dive(suite, store))["comparison"], "Between datasets, UNPAIRED")
    assert row["metric"] == "easy - harder: exact_match"
    assert (row["here"], row["there"]) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert row["word"] == "better"


def test_a_run_that_may_stop_early_is_told_by_bets_alone(store: Store, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, {"easy": rows(300), "harder": rows(300, "half", seed=500)}, "stop_early: true\n")
    found = sections(dive(suite, store))
    assert "comparison" not in found
    assert not [one for one in found["slices"].tables if one.title.startswith("Words")]
    assert "words" not in found["slices"].sentence


def test_a_run_that_may_stop_early_is_compared_without_p_values(store: Store, tmp_path: Path) -> None:
    """It chose the moment by its answers, whichever side it is."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    suite = write_suite(tmp_path / "a", {"rows": rows(300)}, "stop_early: true\n")
    before = evalkit.evaluate(suite, model="mock:oracle", store=store)
    for other in (write_suite(tmp_path / "b", {"rows": rows(90, seed=1000)}), suite):  # UNPAIRED, and paired
        found = sections(dive(other, store, against=before.id))["comparison"]
        (row,) = table(found, "Against")
        assert row["difference"] < -0.2
        assert (row["word"], row["p"], row["low"], found.state) == ("unclear", None, None, "measured")
        assert "may stop early" in found.sentence
    given = evalkit.evaluate(suite, model="mock:echo", store=store, mode="deep-dive", baseline=before.id, fresh=True)
    (row,) = table(sections(given)["comparison"], "Against")
    assert (row["word"], row["p"]) == ("unclear", None)


def test_why_nothing_is_compared_is_said(store: Store, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    before = evalkit.evaluate(write_suite(tmp_path / "a", {"others": rows(9)}), model="mock:echo", store=store)
    found = sections(dive(write_suite(tmp_path / "b", {"rows": rows(9)}), store, against=before.id))["comparison"]
    assert found.sentence == f"Not compared with {before.id}: rows: that run has no such check."


def test_a_run_to_compare_with_that_there_is_not_is_said_before_anything_is_asked(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        dive(write_suite(tmp_path, {"rows": rows(9)}), store, against="nowhere")
    assert not store.list_runs()


def test_a_measurement_that_breaks_takes_no_verdict_with_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the driver is gone")

    monkeypatch.setattr(diving, "measure_rates", broken)
    run = dive(write_suite(tmp_path, {"rows": rows(30)}), store, profile=True)
    assert run.passed
    found = sections(run)
    assert "the driver is gone" in found["speed"].sentence
    assert found["memory"].tables


def test_who_interrupts_the_measurements_keeps_the_verdicts(store: Store, tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path, {"rows": rows(24)}))
    said = []

    def interrupt_once(progress: Progress) -> None:
        """As Ctrl-C does."""
        if progress.stage.startswith(diving.MEASURING) and not said:
            os.kill(os.getpid(), signal.SIGINT)

    options = RunOptions(on_progress=interrupt_once, on_ending=lambda: said.append("ending"))
    asked = Asked(suite, "mock:slow?of=echo&ms=20", store, options)
    with recording():
        result = run_in_mode(asked, "deep-dive", {"seconds": 600, "repeats": 50})
    assert said == ["ending"]
    assert result.outcome.passed
    assert store.get_run(result.run.id).state == "finished"
    found = {section.id: section for section in result.sections}
    assert "stopped by hand" in found["deep-dive-volume"].sentence
    assert found["deep-dive-speed"].tables, "what was measured before is told"


def test_a_server_is_measured_by_concurrency_within_the_suites_limit(
    http_server: Any, store: Store, tmp_path: Path
) -> None:
    http_server.rule = lambda request: Behaviour(wait=0.01) if request.method == "POST" else None
    suite = write_suite(tmp_path, {"rows": rows(24)}, "limits: {requests: 60}\n")
    run = dive(suite, store, f"{http_server.url}/v1?model=tiny&concurrency=4")
    found = sections(run)
    assert found["speed"].title == "Speed by concurrency"
    told = table(found["speed"], "")
    assert [row["concurrency"] for row in told][:2] == ["as in the run", "1"]
    assert len(http_server.posts) <= 60
    assert "memory: time for" in found["speed"].tables[0].note
    assert table(found["time"], "Latency")[0]["answers"] == 24


@pytest.mark.parametrize("many", [3, 24])
def test_what_is_asked_beside_the_run_is_known_before(
    http_server: Any, store: Store, tmp_path: Path, many: int
) -> None:
    file = write_suite(tmp_path, {"rows": rows(many)})
    dive(file, store, f"{http_server.url}/v1?model=tiny&concurrency=4")
    options = DeepDiveOptions.model_validate(QUICK)
    most = most_requests_beside(options, make_plan(load_suite(file)), {"concurrency"})
    again = {2 * 2 * min(4, many), 2 * 7 * 2 if many > 3 else 0}  # only what looks quicker, or broken
    asked = len(http_server.posts) - many
    assert most - asked in {0, *again, sum(again)}


def test_no_time_asks_nothing(http_server: Any, store: Store, tmp_path: Path) -> None:
    run = dive(write_suite(tmp_path, {"rows": rows(6)}), store, f"{http_server.url}/v1?model=tiny", seconds=0)
    assert len(http_server.posts) == 6
    assert "no time was given" in sections(run)["speed"].sentence


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_sizes": [0]}, "batch_sizes"),
        ({"seconds": -1}, "seconds"),
        ({"batch_size": [1]}, "batch_sizes"),
        ({"repeats": "many"}, "repeats"),
    ],
)
def test_wrong_options_are_named(store: Store, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        dive("smoke", store, "mock:oracle", **options)
    assert said in str(refused.value)


def test_few_cases_claim_nothing(store: Store, tmp_path: Path) -> None:
    found = sections(dive(write_suite(tmp_path, {"rows": rows(5)}), store, "mock:empty", profile=True))
    assert "No slice could be tested" in found["slices"].sentence
    assert any("empty answers" in one.text for one in found["advice"].advice)


def test_a_stored_result_has_the_sections_again(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "runs.db")) as store:
        run = dive(write_suite(tmp_path, {"rows": rows(30)}), store, profile=True)
        again = evalkit.load_result(run.id, store=store)
        assert again.result.sections == run.result.sections
