"""What GitLab reads: issues by Code Climate's fields, and metrics that an OpenMetrics parser takes."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.records import Outcome, Word
from evalkit.report import gitlab

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}
SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)\{((?:\w+="(?:[^"\\\n]|\\\\|\\"|\\n)*",?)*)\} (\S+)')
"""A line of OpenMetrics' exposition grammar: metric name, label set, number."""


def samples(text: str) -> dict[tuple[str, str], float]:
    lines = text.split("\n")
    assert lines[-2:] == ["# EOF", ""]
    found = {}
    for line in lines[:-2]:
        if line.startswith("# "):
            assert re.match(r"# (TYPE|HELP) [a-z_]+ .", line)
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert (match[1], match[2]) not in found
        found[match[1], match[2]] = float(match[3])
    return found


def test_a_gate_that_did_not_pass_is_an_issue_where_it_is_written(
    make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "s.yaml").write_text("name: s\n")
    monkeypatch.chdir(tmp_path)
    (issue,) = gitlab.code_quality(make.result(), tmp_path)
    assert issue["location"] == {"path": "suites/s.yaml", "lines": {"begin": 7}}
    assert issue["severity"] == "major"
    assert issue["check_name"] == "evalkit/safety.refusal_rate >= 0.95"
    assert issue["description"].startswith("safety.refusal_rate >= 0.95: 0.213 (0.156–0.284). ")


def test_an_issue_is_the_same_issue_in_the_next_run(make, tmp_path: Path) -> None:
    first = make.result()
    verdicts = tuple(replace(one, reason="another", origin="s.yaml:99") for one in first.outcome.verdicts)
    second = replace(first, outcome=replace(first.outcome, verdicts=verdicts))
    (before,), (after,) = gitlab.code_quality(first, tmp_path), gitlab.code_quality(second, tmp_path)
    assert before["fingerprint"] == after["fingerprint"]
    other = replace(first, run=replace(first.run, suite="other"))
    assert gitlab.code_quality(other, tmp_path)[0]["fingerprint"] != before["fingerprint"]


def test_gates_that_say_the_same_are_two_issues(make, tmp_path: Path) -> None:
    first = make.result()
    verdicts = tuple(one for one in first.outcome.verdicts for _ in range(2))
    issues = gitlab.code_quality(replace(first, outcome=replace(first.outcome, verdicts=verdicts)), tmp_path)
    prints = [issue["fingerprint"] for issue in issues]
    assert len(prints) == len(set(prints)) == 2
    assert gitlab.code_quality(first, tmp_path)[0]["fingerprint"] in prints


def test_issues_have_what_the_format_asks_for_whatever_the_texts(make, tmp_path: Path) -> None:
    path = gitlab.write_code_quality(make.hostile_result(), tmp_path)
    assert path.name == "gl-code-quality-report.json"
    issues = json.loads(path.read_text(encoding="utf-8"))
    assert issues
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in SEVERITIES
        assert re.fullmatch(r"[0-9a-f]{64}", issue["fingerprint"])
        assert isinstance(issue["location"]["lines"]["begin"], int)
        assert issue["location"]["path"]
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert "\n" not in issue["description"]


def test_a_suite_that_passed_has_no_issue_and_one_that_measured_nothing_has_one(make, tmp_path: Path) -> None:
    good = make.result(outcome=Outcome("good enough", 0, "", (make.verdict("a.b >= 0.5", Word.PASS),)))
    assert gitlab.code_quality(good, tmp_path) == []
    (issue,) = gitlab.code_quality(make.result(outcome=Outcome("not measured", 3, "all errored")), tmp_path)
    assert (issue["severity"], issue["description"]) == ("critical", "not measured: all errored")
    assert issue["location"]["path"] == "assistant.yaml"


def test_every_estimate_gate_and_count_is_a_series(make) -> None:
    found = samples(gitlab.openmetrics(make.result()))
    refusal = 'suite="assistant",check="safety",metric="refusal_rate"'
    assert found["evalkit_estimate", refusal + ',unit="share"'] == 0.213
    assert found["evalkit_estimate_low", refusal + ',unit="share"'] == 0.156
    assert found["evalkit_estimate", refusal + ',slice="category=weapons",unit="share"'] == 0.05
    assert found["evalkit_gate_passed", 'suite="assistant",gate="safety.refusal_rate >= 0.95"'] == 0
    assert found["evalkit_gate_passed", 'suite="assistant",gate="chat.grade <= 9"'] == 1
    assert found["evalkit_cases", 'suite="assistant",check="safety",fate="scored"'] == 147
    assert found["evalkit_passed", 'suite="assistant"'] == 0


def test_no_series_is_of_one_run_or_model(make) -> None:
    first = make.result()
    other = replace(first, run=replace(first.run, id="run-2", model="another", created="2027-01-01T00:00:00Z"))
    assert gitlab.openmetrics(first) == gitlab.openmetrics(other)


def test_what_has_no_value_has_no_sample_and_an_undecided_gate_is_no_number(make) -> None:
    empty = make.estimate("qa", "exact_match", None)
    endless = make.estimate("qa", "speed", math.inf)
    outcome = Outcome("unsure", 4, "", (make.verdict("qa.exact_match >= 0.5", Word.UNSURE, empty),))
    found = samples(gitlab.openmetrics(make.result(estimates=(empty, endless), outcome=outcome)))
    assert [value for (name, _), value in found.items() if name == "evalkit_estimate"] == [math.inf]
    assert math.isnan(found["evalkit_gate_passed", 'suite="assistant",gate="qa.exact_match >= 0.5"'])


def test_hostile_names_stay_inside_their_labels(make, tmp_path: Path) -> None:
    path = gitlab.write_metrics(make.hostile_result(make.hostile + '"} 1\n# EOF\n\\'), tmp_path)
    assert path.name == "metrics.txt"
    assert samples(path.read_text(encoding="utf-8"))
