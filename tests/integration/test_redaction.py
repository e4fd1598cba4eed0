"""What is taken out of answers reaches neither the database nor a report, and a run with it is another run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.errors import SuiteError
from evalkit.report import write_all
from evalkit.runner.events import Event
from evalkit.runner.logs import case_logs
from evalkit.store import Store

ADDRESS, NUMBER, TICKET = "jane.smith@mailbox.org", "+44 20 7123 4567", "TCK-4711"
ROWS = [{"id": str(n), "prompt": f"Question {n}?", "references": [f"Answer {n} of [email]"]} for n in range(3)]
ANSWERS = [f"Answer 0 of {ADDRESS}", f"Call {NUMBER} about {TICKET}", "Answer 2 of nobody"]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    script = [{"prompt": row["prompt"], "answer": said} for row, said in zip(ROWS, ANSWERS, strict=True)]
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(row) + "\n" for row in script))
    return written(tmp_path, ["email", "phone", {"ticket": r"TCK-\d{4,8}"}])


def written(folder: Path, redact: list[Any], checks: str = "{accuracy: {metrics: [exact_match]}, length: {}}") -> Path:
    path = folder / "suite.yaml"
    path.write_text(
        f"name: tiny\ndatasets: {{rows: {{path: rows.jsonl}}}}\nchecks: {checks}\nredact: {json.dumps(redact)}\n"
    )
    return path


def run(suite: Path, store: Store, **options: Any) -> Any:
    return evalkit.evaluate(suite, model=f"mock:script?file={suite.parent / 'said.jsonl'}", store=store, **options)


def answers(store: Store, run_id: str) -> list[str]:
    rows = evalkit.sql("SELECT run_id, answer, check_name, case_id FROM answers ORDER BY case_id", store=store)
    return [row["answer"] for row in rows if row["run_id"] == run_id and row["check_name"] == "accuracy"]


def test_nothing_of_it_is_kept_or_shown(suite: Path, store: Store, tmp_path: Path) -> None:
    result = run(suite, store)
    assert answers(store, result.id) == ["Answer 0 of [email]", "Call [phone] about [ticket]", "Answer 2 of nobody"]
    write_all(result.result, tmp_path / "report", case_logs(store, result.result))
    kept = [path for path in (*(tmp_path / "report").rglob("*"), *tmp_path.glob("runs.db*")) if path.is_file()]
    assert len(kept) > 3
    for path in kept:
        told = path.read_bytes()
        assert not any(secret.encode() in told for secret in (ADDRESS, "7123 4567", TICKET)), path


def test_what_ended_a_run_is_kept_and_told_without_it(
    suite: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quoting(*_: object) -> None:
        raise RuntimeError(f"cannot read 'Answer 0 of {ADDRESS}'")

    told: list[Event] = []
    monkeypatch.setattr("evalkit.runner.execute.sum_up", quoting)
    with pytest.raises(RuntimeError):
        run(suite, store, on_event=told.append)
    cause = "RuntimeError: cannot read 'Answer 0 of [email]'"
    assert told[-1].facts["cause"] == cause
    assert store.events(store.get_run("last").id)[-1].cause == cause


def test_what_is_scored_is_what_is_kept(suite: Path, store: Store) -> None:
    """The reference of the first row has the mark, and not the address."""
    result = run(suite, store)
    assert result.estimates["accuracy.exact_match"].value == pytest.approx(1 / 3)


def test_the_report_counts_what_was_taken_out_each_answer_once(suite: Path, store: Store) -> None:
    told = "2 answers were redacted before being kept and scored: email 1, phone 1, ticket 1"
    first, again = run(suite, store), run(suite, store)
    assert told in first.result.warnings
    assert again.result.usage.asked == 0
    assert told in again.result.warnings, "found answers count as well"


def test_an_answer_serves_only_runs_that_redact_the_same(suite: Path, store: Store) -> None:
    run(suite, store)
    whole = run(written(suite.parent, []), store)
    assert whole.result.usage.reused == 0
    assert answers(store, whole.id) == ANSWERS
    less = run(written(suite.parent, ["email"]), store)
    assert less.result.usage.reused == 0
    assert not any(warning for warning in whole.result.warnings if "redacted" in warning)


def test_a_comparison_says_that_one_side_was_redacted(suite: Path, store: Store) -> None:
    redacted = run(suite, store)
    whole = run(written(suite.parent, []), store)
    with pytest.raises(evalkit.errors.NotComparable, match="redact"):
        evalkit.compare(redacted, whole, store=store)


def test_the_suite_without_it_keeps_its_identity(suite: Path) -> None:
    text = suite.read_text()
    empty = evalkit.load_suite(written(suite.parent, [])).fingerprint
    suite.write_text("\n".join(line for line in text.splitlines() if "redact" not in line))
    assert evalkit.load_suite(suite).fingerprint == empty
    suite.write_text(text)
    assert evalkit.load_suite(suite).fingerprint != empty


@pytest.mark.parametrize(
    ("redact", "said"),
    [
        (["emial"], "nothing is known of 'emial'"),
        ([{"x": "(a+)+b"}], "'x' is not taken"),
        ([{"x": "("}], "no regular expression"),
        ([{"not a name": "x"}], "redact"),
        ([3], "redact"),
        ("email", "redact"),
    ],
)
def test_what_cannot_be_taken_out_is_refused_with_its_line(suite: Path, redact: Any, said: str) -> None:
    with pytest.raises(SuiteError, match=r"redact|known|taken|expression") as refused:
        evalkit.load_suite(written(suite.parent, redact))
    assert said in str(refused.value)
    assert f"{suite.name}:4" in str(refused.value)


def test_a_check_that_looks_for_leaks_does_not_stand_beside_it(suite: Path) -> None:
    path = written(suite.parent, ["email"], checks="{leakage: {}}")
    with pytest.raises(SuiteError, match="would always pass"):
        evalkit.load_suite(path)


def test_a_run_adds_kinds_to_those_of_its_suite(suite: Path, store: Store) -> None:
    path = written(suite.parent, ["email"])
    result = run(path, store, redact="phone")
    assert answers(store, result.id)[:2] == ["Answer 0 of [email]", f"Call [phone] about {TICKET}"]
    assert result.result.reproduce.endswith(" --redact phone")
    assert (
        result.result.run.suite_fingerprint
        == run(written(suite.parent, ["email", "phone"]), store).result.run.suite_fingerprint
    )
    with pytest.raises(evalkit.errors.ConfigurationError, match="a loaded suite says"):
        run_loaded(path, store)


def run_loaded(path: Path, store: Store) -> Any:
    return evalkit.evaluate(evalkit.load_suite(path), model="mock:echo", store=store, redact=["ip"])
