"""Whole runs against a real store: baselines, resuming, judges, and what is left when one fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.checks.base import AnswerCheck, BaseCheck, one
from evalkit.errors import EvalkitError, Interrupted, ModelError, PluginError, RunNotFound, StoreError
from evalkit.metrics.kinds import rate
from evalkit.models import ModelSettings
from evalkit.models.mock.backend import MockBackend, MockSession
from evalkit.models.mock.voices import Echo
from evalkit.models.reference import parse_reference
from evalkit.protocols import Conversation
from evalkit.records import Answer, Case, Condition, Generate, Message, Request, Score, Word
from evalkit.results import Result
from evalkit.runner import execute
from evalkit.runner.execute import run_suite
from evalkit.runner.logs import case_logs
from evalkit.runner.plan import Scope
from evalkit.runner.running import RunOptions
from evalkit.runner.under_way import Progress
from evalkit.store import Store
from evalkit.suite.load import Suite, load_suite

ROWS = 150


class Judged(BaseCheck):
    """The judge repeats what it is asked: the answer is good when it is in there."""

    kind = "judged"
    max_rounds = 2

    def measures(self) -> Iterable[Any]:
        yield rate("good", signature="judged")

    def examine(self, case: Case) -> Conversation:
        (answer,) = yield (self.ask(case.sample),)
        (verdict,) = yield (Request(Generate((Message("user", f"judge {answer.text}"),)), role="judge"),)
        return Score({"good": one(verdict.text == f"judge {answer.text}")})


class NotANumber(AnswerCheck):
    kind = "notanumber"

    def measures(self) -> Iterable[Any]:
        yield rate("good", signature="nan")

    def judge(self, case: Case, answer: Answer) -> Score:
        return Score({"good": (float("nan"), 1.0)})


class Unsummable(NotANumber):
    """Its statistics are sound and its value is not."""

    def measures(self) -> Iterable[Any]:
        class Broken:
            name, kind, better, unit, bounds, signature, worst = "good", "mean", "higher", "", None, "s", None

            def value(self, total: tuple[float, ...]) -> float:
                return float("nan")

        yield Broken()

    def judge(self, case: Case, answer: Answer) -> Score:
        return Score({"good": (1.0, 1.0)})


@pytest.fixture(autouse=True)
def toys(install_checks: Callable[[Mapping[str, type]], None]) -> None:
    install_checks({"judged": Judged, "notanumber": NotANumber, "unsummable": Unsummable})


Make = Callable[..., Suite]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def suite(text: str, rows: int = ROWS, name: str = "s") -> Suite:
        lines = (
            json.dumps({"id": f"r/{i} ü", "prompt": f"say {i}", "references": [f"say {i}"], "category": "ab"[i % 2]})
            for i in range(rows)
        )
        (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"name: {name}\ndatasets: {{d: {{path: rows.jsonl}}}}\n{text}", encoding="utf-8")
        return load_suite(path)

    return suite


ACCURACY = "checks: {accuracy: {metrics: [exact_match, bleu]}}\n"
BASELINE = ACCURACY + "gates: [accuracy.exact_match >= baseline - 0.05]\n"


def run(suite: Suite, store: Store, model: str = "mock:echo", **options: Any) -> Result:
    return run_suite(suite, model, store, RunOptions(**options))


def stop_after(blocks: int, kind: type[BaseException] = KeyboardInterrupt) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        if progress.stage == "asking" and progress.done >= blocks * 64:
            raise kind

    return watch


def state(store: Store) -> str:
    return store.get_run("last").state


# --- baselines --------------------------------------------------------------------------------------------------------


def gate(result: Result) -> Any:
    return next(verdict for verdict in result.outcome.verdicts if not verdict.automatic)


def test_a_baseline_is_compared_case_by_case(make: Make, store: Store) -> None:
    suite = make(BASELINE)
    before = run(suite, store, "mock:echo")
    worse = run(suite, store, "mock:constant?text=no", baseline="last")
    assert gate(worse).word is Word.FAIL
    assert (gate(worse).contrast.value, gate(worse).contrast.pairs) == (-1.0, ROWS)
    assert worse.run.options["baseline"] == before.run.id
    assert gate(run(suite, store, "mock:echo", baseline=before.run.id)).counts_as is Word.PASS


def test_without_a_baseline_nothing_is_held_up_unless_it_is_required(make: Make, store: Store) -> None:
    assert run(make(BASELINE), store).outcome.exit_code == 0
    assert run(make(BASELINE + "unsure: fail\n"), store).outcome.exit_code == 4
    with pytest.raises(RunNotFound, match="requires a baseline"):
        run(make(BASELINE + "baseline: required\n"), store)
    assert run(make(ACCURACY + "baseline: required\n"), store).outcome.exit_code == 0


def test_other_data_is_no_baseline(make: Make, store: Store) -> None:
    run(make(BASELINE), store)
    with pytest.raises(StoreError, match="other data; dataset 'd'"):
        run(make(BASELINE, rows=ROWS - 1), store, baseline="last")


@pytest.mark.parametrize("scope", [Scope(limit=5), Scope(only=("accuracy",))])
def test_a_partial_run_is_no_baseline(make: Make, store: Store, scope: Scope) -> None:
    suite = make(BASELINE)
    run(suite, store, scope=scope)
    with pytest.raises(StoreError, match="is partial"):
        run(suite, store, baseline="last")


def test_the_report_and_the_store_say_one_end_of_a_run(make: Make, store: Store) -> None:
    found = run(make(BASELINE), store)
    assert found.run.finished == store.get_run(found.run.id).finished > found.run.created


def test_an_unfinished_run_is_no_baseline_and_last_means_the_last_finished(make: Make, store: Store) -> None:
    suite = make(BASELINE)
    finished = run(suite, store)
    with pytest.raises(Interrupted):
        run(suite, store, "mock:constant?text=no", on_progress=stop_after(1))
    with pytest.raises(StoreError, match="is interrupted; a baseline is a finished run"):
        run(suite, store, baseline=store.get_run("last").id)
    assert run(suite, store, baseline="last").run.options["baseline"] == finished.run.id


def test_another_signature_is_refused_and_said_where_it_is_allowed(make: Make, store: Store) -> None:
    first = run(make("checks: {steady: {kind: determinism, repeats: 2}}\n", rows=5), store)
    suite = make("checks: {steady: {kind: determinism, repeats: 3}}\ngates: [steady.agreement >= baseline]\n", rows=5)
    with pytest.raises(StoreError, match=r"metric steady\.agreement") as refused:
        run(suite, store, baseline=first.run.id)
    assert "--allow-different" in refused.value.hint
    allowed = run(suite, store, baseline=first.run.id, allow_different=True)
    assert gate(allowed).contrast.pairs == 5
    assert "metric steady.agreement" in " ".join(allowed.differences)


def test_progress_never_goes_back_when_a_conversation_asks_again(make: Make, store: Store) -> None:
    seen: list[float] = []
    suite = make("judge: mock:echo\nchecks: {judged: {}}\n", rows=5)
    run(suite, store, on_progress=lambda progress: seen.append(progress.done))
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    assert seen[-1] == 5


# --- resuming ---------------------------------------------------------------------------------------------------------


def test_an_interrupted_run_goes_on_with_the_same_command(make: Make, store: Store) -> None:
    suite = make(ACCURACY)
    with pytest.raises(Interrupted, match="kept"):
        run(suite, store, on_progress=stop_after(1))
    interrupted = store.get_run("last")
    assert interrupted.state == "interrupted"
    result = run(suite, store)
    assert result.run.id == interrupted.id
    assert 0 < result.usage.asked < ROWS
    assert result.outcome.exit_code == 0


def test_another_baseline_does_not_begin_another_run(make: Make, store: Store) -> None:
    suite = make(BASELINE)
    run(suite, store)
    with pytest.raises(Interrupted):
        run(suite, store, "mock:constant?text=no", baseline="last", on_progress=stop_after(1))
    interrupted = store.get_run("last").id
    assert run(suite, store, "mock:constant?text=no", baseline="last:s").run.id == interrupted


@pytest.mark.parametrize(
    "options",
    [{"seed": 9}, {"replicate": 1}, {"scope": Scope(limit=140)}, {"scope": Scope(only=("accuracy",))}],
)
def test_other_options_begin_another_run(make: Make, store: Store, options: dict[str, Any]) -> None:
    suite = make(ACCURACY)
    with pytest.raises(Interrupted):
        run(suite, store, on_progress=stop_after(1))
    interrupted = store.get_run("last").id
    assert run(suite, store, **options).run.id != interrupted


def test_other_data_or_gates_begin_another_run_and_required_insists(make: Make, store: Store) -> None:
    suite = make(ACCURACY)
    with pytest.raises(Interrupted):
        run(suite, store, on_progress=stop_after(1))
    for other in (make(BASELINE), make(ACCURACY, rows=ROWS + 1)):
        with pytest.raises(RunNotFound, match="no interrupted run"):
            run(other, store, resume="required")


def test_a_fresh_run_takes_no_old_answer_and_keeps_its_own(make: Make, store: Store) -> None:
    suite = make(ACCURACY)
    run(suite, store)
    with pytest.raises(Interrupted) as caught:
        run(suite, store, resume="never", on_progress=stop_after(1))
    assert "without --fresh" in caught.value.hint
    fresh = store.get_run("last").id
    resumed = run(suite, store)
    assert resumed.run.id == fresh
    assert 0 < resumed.usage.asked < ROWS
    assert store.counts(fresh).answers == ROWS


def test_a_failed_run_says_why_and_can_go_on(make: Make, store: Store) -> None:
    suite = make(ACCURACY)
    with pytest.raises(ZeroDivisionError):
        run(suite, store, on_progress=stop_after(1, ZeroDivisionError))
    failed = store.get_run("last")
    assert failed.state == "failed"
    assert "ZeroDivisionError" in store.events(failed.id)[-1].cause
    assert run(suite, store).run.id == failed.id


def test_what_ended_a_run_is_said_though_it_cannot_be_noted(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    transition = store.transition

    def full_disk(run_id: str, to: str, cause: str = "") -> None:
        if to != "running":
            raise StoreError("disk full")
        transition(run_id, to, cause)

    monkeypatch.setattr(store, "transition", full_disk)
    with pytest.raises(ZeroDivisionError):
        run(make(ACCURACY), store, on_progress=stop_after(1, ZeroDivisionError))


def test_limits_stop_exactly_and_the_next_run_goes_on(make: Make, store: Store) -> None:
    suite = make(ACCURACY + "limits: {requests: 100}\n")
    with pytest.raises(Interrupted, match="limit of 100 requests"):
        run(suite, store)
    interrupted = store.get_run("last").id
    assert store.counts(interrupted).answers == 100
    result = run(make(ACCURACY + "limits: {requests: 60}\n"), store)
    assert (result.run.id, result.usage.asked) == (interrupted, ROWS - 100)


# --- judges and broken checks -----------------------------------------------------------------------------------------


def test_a_judge_is_asked_and_closed(make: Make, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    before = execute.open_backend

    def watched(text: str, settings: ModelSettings) -> Any:
        backend = before(text, settings)
        closing = backend.close
        record = {"text": text, "closed": 0}

        def close() -> None:
            record["closed"] += 1
            closing()

        backend.close = close  # type: ignore[method-assign]
        opened.append(record)
        return backend

    monkeypatch.setattr(execute, "open_backend", watched)
    result = run(make("judge: mock:echo\nchecks: {judged: {}}\n"), store, "mock:constant?text=so")
    assert next(e.value for e in result.estimates if e.name == "judged.good") == 1.0
    assert opened == [{"text": "mock:constant?text=so", "closed": 1}, {"text": "mock:echo", "closed": 1}]
    assert result.usage.needed == 2 * ROWS


def test_a_judge_that_cannot_be_opened_is_found_before_a_run_begins(make: Make, store: Store) -> None:
    with pytest.raises(ModelError, match="eco"):
        run(make("judge: mock:eco\nchecks: {judged: {}}\n"), store)
    assert store.list_runs() == []


def test_a_check_that_asks_a_judge_nobody_named(make: Make, store: Store) -> None:
    with pytest.raises(ModelError, match="the suite names none"):
        run(make("checks: {judged: {}}\n"), store)
    assert state(store) == "failed"


def test_a_configured_judge_is_reached_as_configured(make: Make, store: Store) -> None:
    suite = make("judge: mine\nchecks: {judged: {}}\n")
    result = run(suite, store, judge=("mock:constant?text=never", ModelSettings()))
    assert next(e.value for e in result.estimates if e.name == "judged.good") == 0.0


def test_not_a_number_is_an_error_of_its_case_never_a_verdict(make: Make, store: Store) -> None:
    result = run(make("checks: {notanumber: {}}\ngates: [notanumber.good >= 0.5]\n"), store)
    assert result.outcome.exit_code == 3
    assert gate(result).word is Word.UNSURE
    (check,) = result.checks
    assert check.counts.errored == ROWS
    assert "not a finite number" in next(iter(check.counts.reasons))


def test_a_value_that_is_no_number_ends_the_run_and_names_the_metric(make: Make, store: Store) -> None:
    suite = make("checks: {unsummable: {}}\ngates: [unsummable.good >= 0.5]\n")
    with pytest.raises(PluginError, match=r"unsummable\.good cannot be computed"):
        run(suite, store)
    assert state(store) == "failed"
    assert store.counts(store.get_run("last").id).answers == ROWS


# --- small, equal, hostile --------------------------------------------------------------------------------------------


def test_one_case_has_a_verdict_that_says_how_little_it_is(make: Make, store: Store) -> None:
    result = run(make(ACCURACY + "gates: [accuracy.exact_match >= 0.9, accuracy.bleu >= 0.2]\n", rows=1), store)
    exact, bleu, *_ = result.outcome.verdicts
    assert (exact.word, exact.counts_as) == (Word.UNSURE, Word.PASS)
    assert bleu.word is Word.UNSURE
    assert any("cannot be proven with 1 case" in warning for warning in result.warnings)


def test_equal_answers_everywhere_are_no_proof_of_perfection(make: Make, store: Store) -> None:
    result = run(make(ACCURACY + "gates: [accuracy.exact_match >= 0.99]\n", rows=20), store)
    assert gate(result).word is Word.UNSURE


def test_findings_and_logs_show_what_was_asked(make: Make, store: Store) -> None:
    suite = make("checks: {safety: {}}\n", rows=3)
    rows = suite.path.parent / "rows.jsonl"
    lines = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    rows.write_text("\n".join(json.dumps({**line, "unsafe": True}) for line in lines), encoding="utf-8")
    result = run(suite, store)
    assert {finding.case for finding in result.findings} == {"r/0 ü", "r/1 ü", "r/2 ü"}
    for finding in result.findings:
        (exchange,) = finding.exchanges
        assert exchange.answer == exchange.messages[-1].content
    (entries,) = (list(log) for log in case_logs(store, result).values())
    assert sorted(entry["case"] for entry in entries) == ["r/0 ü", "r/1 ü", "r/2 ü"]
    assert all(entry["exchanges"][0]["answer"].startswith("say") for entry in entries)


def test_errored_cases_come_first_among_findings(make: Make, store: Store) -> None:
    result = run(make(ACCURACY, rows=40), store, "mock:flaky?rate=0.2&of=empty")
    broken = [bool(finding.note) for finding in result.findings]
    assert broken == sorted(broken, reverse=True)
    assert set(broken) == {True, False}
    assert result.outcome.exit_code == 3


def test_a_megabyte_of_answer_is_stored_whole_and_its_beginning_shown(make: Make, store: Store) -> None:
    suite = make("checks: {length: {}}\ngeneration: {max_tokens: 300000}\n", rows=1)
    text = "wörd " * 200_000
    (suite.path.parent / "rows.jsonl").write_text(json.dumps({"id": "big", "prompt": text}), encoding="utf-8")
    result = run(suite, store)
    (score,) = store.iter_scores(result.run.id, "length")
    (answer,) = store.get_answers(score.keys).values()
    assert answer.text.strip() == text.strip()
    (finding,) = result.findings
    beginning, _, left_out = finding.exchanges[0].answer.partition(" […")
    assert answer.text.startswith(beginning)
    assert left_out == f"{len(answer.text) - len(beginning):,} more characters in the runs database…]"


def test_a_run_that_finds_all_answers_opens_no_session(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalkit.models.mock.backend import MockBackend

    suite = make(ACCURACY)
    first = run(suite, store)

    def refuse(*_: object) -> None:
        raise AssertionError("a session was opened")

    monkeypatch.setattr(MockBackend, "session", refuse)
    second = run(suite, store)
    assert (second.usage.asked, second.usage.reused) == (0, ROWS)
    assert second.estimates == first.estimates


def test_strict_takes_doubts_for_errors(make: Make, store: Store) -> None:
    with pytest.raises(EvalkitError, match="cannot be proven with 3 cases"):
        run(make(ACCURACY + "gates: [accuracy.exact_match >= 0.9]\n", rows=3), store, strict=True)
    assert store.list_runs() == []


def test_a_model_in_this_process_is_asked_many_blocks_at_once_unless_gates_are_looked_at_after_each(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Session(MockSession):
        def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
            asked.append(len(requests))
            return super().ask(requests)

    class Weighty(MockBackend):
        """A mock that says it has weights."""

        loaded = True

        def load(self) -> None:
            """There are none."""

        def session(self, condition: Condition) -> MockSession:
            return Session(Echo(), None)

    monkeypatch.setattr(execute, "open_backend", lambda *_: Weighty(parse_reference("mock:echo"), Echo(), None))
    suite = make(ACCURACY + "gates: [accuracy.exact_match >= 0.5]\n", rows=600)
    assert run(suite, store).usage.cases == 600
    assert asked == [512, 88]
    asked.clear()
    run(suite, store, stop_early=True, replicate=1)
    assert max(asked) == 64
