"""A check that nobody changed takes over the scores of an earlier run; one that changed in any way is scored anew."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

import evalkit
from evalkit.checks.base import AnswerCheck, Options, one
from evalkit.errors import Interrupted
from evalkit.metrics.kinds import rate
from evalkit.models.mock.backend import MockSession
from evalkit.protocols import Backend, Conversation
from evalkit.records import Answer, Case, FailureKind, Generate, Message, ModelInfo, Request, Score
from evalkit.results import Result
from evalkit.runner import score_identity
from evalkit.runner.context import fit_context
from evalkit.runner.document import to_document
from evalkit.runner.environment import environment
from evalkit.runner.examine import examine
from evalkit.runner.execute import run_suite
from evalkit.runner.plan import Planned, Scope, make_plan
from evalkit.runner.running import RunOptions
from evalkit.store import Store, open_store
from evalkit.suite.load import load_suite

ROWS = 70
CHECKS = {"accuracy": "{metrics: [exact_match, ter]}", "length": "{}", "readability": "{}"}
judged: list[str] = []
"""Cases that the toy check was really asked to judge."""


class TalliedOptions(Options):
    wanted: str = "say"
    words: str = ""
    """May name a file."""


class Tallied(AnswerCheck):
    kind = "tallied"
    Options = TalliedOptions

    def measures(self) -> Iterable[Any]:
        yield rate("good", signature="tallied")

    def judge(self, case: Case, answer: Answer) -> Score:
        judged.append(case.id)
        return Score({"good": one(self.options.wanted in answer.text)}, {"said": answer.text, "pair": (1, 2.5)})


class Unseen(Tallied):
    kind = "unseen"

    def rests_on(self) -> None:
        return None


class Breaking(Tallied):
    """Breaks on one row, as long as it is broken."""

    kind = "breaking"
    is_broken = True

    def judge(self, case: Case, answer: Answer) -> Score:
        if self.is_broken and answer.text.endswith(" 7"):
            raise RuntimeError("not today")
        return super().judge(case, answer)


class Silent(Tallied):
    """Asks nothing."""

    kind = "silent"

    def examine(self, case: Case) -> Conversation:
        yield ()
        return self.judge(case, Answer("say"))


class Bounded(Tallied):
    """Judges by a setting that it does not ask with."""

    kind = "bounded"

    def examine(self, case: Case) -> Conversation:
        (answer,) = yield (Request(Generate(case.sample.messages)),)
        judged.append(case.id)
        return Score({"good": one(len(answer.text) <= self.decoding.max_tokens)})


class Judging(Tallied):
    """Asks a judge unless the answer is short: then its conversation ends a round earlier."""

    kind = "judging"
    max_rounds = 2

    def examine(self, case: Case) -> Conversation:
        (answer,) = yield (self.ask(case.sample),)
        if answer.text.endswith("5"):
            return self.judge(case, answer)
        (verdict,) = yield (Request(Generate((Message("user", f"judge {answer.text}"),)), role="judge"),)
        return self.judge(case, verdict)


@pytest.fixture(autouse=True)
def toys(install_checks: Callable[[Mapping[str, type]], None]) -> Iterator[None]:
    kinds = (Tallied, Unseen, Breaking, Silent, Bounded, Judging)
    install_checks({kind.kind: kind for kind in kinds})
    judged.clear()
    score_identity._source_digest.cache_clear()
    yield
    score_identity._source_digest.cache_clear()


class Bench:
    """Runs suites of one folder over one store."""

    def __init__(self, folder: Path, store: Store, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.store, self.patch = folder, store, patch
        self.write_rows()

    def write_rows(self, last: str = "") -> None:
        rows = [{"id": f"r{i} ü", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(ROWS)]
        rows[-1]["references"] = [last or str(rows[-1]["prompt"])]
        lines = (json.dumps(row) for row in rows)
        (self.folder / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")

    def run(self, checks: Mapping[str, str], *, model: str = "mock:echo", head: str = "", **options: Any) -> Result:
        judged.clear()
        path = self.folder / "s.yaml"
        listed = "".join(f"  {name}: {config}\n" for name, config in checks.items())
        text = f"name: s\n{head}datasets: {{d: {{path: rows.jsonl}}}}\nchecks:\n{listed}"
        path.write_text(text, encoding="utf-8")
        return run_suite(load_suite(path), model, self.store, RunOptions(**options))


@pytest.fixture
def bench(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, store, monkeypatch)


def load_suite_check(bench: Bench) -> Planned:
    bench.run({"tallied": "{}"})
    plan = make_plan(load_suite(bench.folder / "s.yaml"))
    return next(plan.blocks())[0]


def taken(result: Result) -> dict[str, int]:
    return {check.name: check.taken_over for check in result.checks}


def measured(result: Result) -> dict[str, Any]:
    """All that a report says but who made it when, and at what cost."""
    document = to_document(result)
    for name in ("run", "usage", "timeline", "environment"):
        document.pop(name, None)
    for check in document["checks"]:
        check.pop("taken_over")
    return document


def test_changing_one_check_scores_that_check_alone_and_asks_nothing(bench: Bench) -> None:
    first = bench.run(CHECKS)
    assert (first.usage.asked, first.usage.taken_over, first.usage.taken_from) == (ROWS, 0, ())
    second = bench.run({**CHECKS, "length": "{tolerance: 0.5}"})
    assert (second.usage.asked, second.usage.reused) == (0, ROWS)
    assert taken(second) == {"accuracy": ROWS, "length": 0, "readability": ROWS}
    assert (second.usage.taken_over, second.usage.taken_from) == (2 * ROWS, (first.run.id,))


def test_what_is_taken_over_is_what_scoring_anew_says(bench: Bench, tmp_path: Path) -> None:
    """To the last bit, in the report and in the store: evidence, order and signatures among it."""
    checks = {**CHECKS, "tallied": "{}", "again": "{kind: tallied, attempts: 3, generation: {temperature: 0.5}}"}
    bench.run(checks)
    over = bench.run(checks)
    assert (judged, over.usage.taken_over) == ([], 5 * ROWS)
    with open_store(str(tmp_path / "other.db")) as other:
        anew = Bench(tmp_path, other, bench.patch).run(checks)
        assert set(judged) == {f"r{i} ü" for i in range(ROWS)}
        assert measured(over) == measured(anew)
        theirs, ours = list(other.iter_scores(anew.run.id)), list(bench.store.iter_scores(over.run.id))
    assert ours == theirs
    assert len(ours) == 5 * ROWS


def change_option(bench: Bench) -> dict[str, Any]:
    return {"checks": {"tallied": "{wanted: '7'}"}}


def change_reference(bench: Bench) -> dict[str, Any]:
    bench.write_rows(last="another reference")
    return {}


def change_file(bench: Bench) -> dict[str, Any]:
    (bench.folder / "words.txt").write_text("others")
    return {}


def change_attempts(bench: Bench) -> dict[str, Any]:
    return {"checks": {"tallied": "{words: words.txt, attempts: 2, generation: {temperature: 0.5}}"}}


def change_library(bench: Bench) -> dict[str, Any]:
    here = environment()
    bench.patch.setattr(score_identity, "environment", lambda: {**here, "packages": {"rapidfuzz": "999"}})
    return {}


def change_code(bench: Bench) -> dict[str, Any]:
    digest = score_identity._digest_of_file
    own = Path(__file__)
    bench.patch.setattr(score_identity, "_digest_of_file", lambda path: "edited" if path == own else digest(path))
    score_identity._source_digest.cache_clear()
    return {}


def change_metric_code(bench: Bench) -> dict[str, Any]:
    digest = score_identity._digest_of_file
    bench.patch.setattr(
        score_identity, "_digest_of_file", lambda path: "edited" if path.name == "edits.py" else digest(path)
    )
    score_identity._source_digest.cache_clear()
    return {}


def ask_a_replicate(bench: Bench) -> dict[str, Any]:
    return {"replicate": 1}


def ask_afresh(bench: Bench) -> dict[str, Any]:
    return {"resume": "never"}


@pytest.mark.parametrize(
    "change",
    [
        *(change_option, change_reference, change_file, change_attempts, change_library, change_code),
        *(change_metric_code, ask_a_replicate, ask_afresh),
    ],
)
def test_nothing_stale_is_served(bench: Bench, change: Callable[[Bench], dict[str, Any]]) -> None:
    (bench.folder / "words.txt").write_text("some")
    checks = {"tallied": "{words: words.txt}"}
    bench.run(checks)
    assert bench.run(checks).usage.taken_over == ROWS
    changed = change(bench)
    found = bench.run(changed.pop("checks", checks), **changed)
    assert (found.usage.taken_over, len(set(judged))) == (0, ROWS)


def test_the_code_that_judges_is_all_that_checks_and_metrics_import_of_evalkit() -> None:
    root = Path(evalkit.__file__).parent
    judging = [root / part for part in score_identity.JUDGING]
    assert [path for path in judging if not path.exists()] == []
    said = "(?m)^ *from (evalkit[.a-z_]*) import ([a-z_]+)|^ *import (evalkit[.a-z_]+)"
    imported = {
        part
        for folder in ("checks", "metrics")
        for path in (root / folder).rglob("*.py")
        for module, name, whole in re.findall(said, path.read_text(encoding="utf-8"))
        for part in (whole or module, f"{module}.{name}")
    }
    files = {root.parent / f"{part.replace('.', '/')}.py" for part in imported}
    apart = {path for path in files if path.is_file() and not any(path.is_relative_to(part) for part in judging)}
    assert apart <= {root / "errors.py", root / "plugins.py"}


def test_a_check_that_rests_on_what_cannot_be_seen_always_scores(bench: Bench) -> None:
    for _ in range(2):
        assert bench.run({"unseen": "{}"}).usage.taken_over == 0
    assert len(judged) == ROWS


def test_a_conversation_is_taken_over_whole_whether_it_ends_early_or_not(bench: Bench) -> None:
    checks = {"judging": "{}"}
    first = bench.run(checks, head="judge: mock:echo\n")
    second = bench.run(checks, head="judge: mock:echo\n")
    assert (second.usage.asked, second.usage.taken_over, judged) == (0, ROWS, [])
    assert measured(second) == measured(first)
    other = bench.run(checks, head="judge: mock:constant?text=say\n")
    early = ROWS // 10
    assert (other.usage.taken_over, len(judged)) == (early, ROWS - early)


def test_a_part_is_taken_over_from_a_partial_run_and_the_rest_from_a_whole_one(bench: Bench) -> None:
    part = bench.run({"tallied": "{}"}, scope=Scope(limit=10))
    whole = bench.run({"tallied": "{}"})
    assert (whole.usage.taken_over, len(judged)) == (10, ROWS - 10)
    bench.run({"tallied": "{}"}, scope=Scope(limit=5))
    third = bench.run({"tallied": "{}"})
    assert (third.usage.taken_over, third.usage.taken_from, part.usage.taken_over) == (ROWS, (whole.run.id,), 0)


def test_runs_of_other_models_in_between_hide_nothing(bench: Bench) -> None:
    first = bench.run({"tallied": "{}"})
    for text in ("one", "two", "three"):
        assert bench.run({"tallied": "{}"}, model=f"mock:constant?text={text}").usage.taken_over == 0
    again = bench.run({"tallied": "{}"})
    assert (again.usage.taken_over, again.usage.taken_from, judged) == (ROWS, (first.run.id,), [])


def test_another_judge_in_between_hides_nothing(bench: Bench) -> None:
    judge = "judge: mock:constant?text="
    bench.run({"judging": "{}"}, head=f"{judge}say\n")
    bench.run({"judging": "{}"}, head=f"{judge}other\n")
    again = bench.run({"judging": "{}"}, head=f"{judge}say\n")
    assert (again.usage.taken_over, judged) == (ROWS, [])


def test_what_failed_once_is_scored_when_it_is_answered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A condition that was not supported leaves no error: only the failed request tells that its score is none."""
    ask = MockSession.ask

    def failing(kind: FailureKind) -> Callable[..., Any]:
        def session(self: MockSession, requests: Any) -> Iterator[tuple[int, Answer]]:
            for place, answer in ask(self, requests):
                yield (
                    place,
                    (
                        Answer.failed(kind, "not today")
                        if requests[place].ask.messages[0].content == "say 7"
                        else answer
                    ),
                )

        return session

    for kind in (FailureKind.UNSUPPORTED, FailureKind.TIMEOUT):
        with monkeypatch.context() as broken:
            broken.setattr(MockSession, "ask", failing(kind))
            bench.run({"tallied": "{}"})
    found = bench.run({"tallied": "{}"})
    assert (found.usage.taken_over, found.usage.asked, judged) == (ROWS - 1, 1, ["r7 ü"])
    assert found.checks[0].counts.scored == ROWS


def test_a_score_that_a_broken_check_left_is_made_anew(bench: Bench) -> None:
    assert bench.run({"breaking": "{}"}).checks[0].counts.errored == 1
    bench.patch.setattr(Breaking, "is_broken", False)
    mended = bench.run({"breaking": "{}"})
    assert (mended.usage.taken_over, judged, mended.checks[0].counts.errored) == (ROWS - 1, ["r7 ü"], 0)


def test_a_request_that_fails_now_is_no_score_of_then(bench: Bench) -> None:
    check = load_suite_check(bench)
    failing = [("key", Answer.failed(FailureKind.TIMEOUT, "not today"))]
    for answers, said in ((failing, "time-out: not today"), ([("key", Answer("say"))], "")):
        (examined,) = examine([check], lambda _, given=answers: given, recall=lambda _: Score({"good": (0.0, 1.0)}))
        assert examined.score.error == said
        assert dict(examined.score.results) == ({} if said else {"good": (0.0, 1.0)})


def test_rows_that_were_cut_to_fit_a_model_are_not_those_of_the_dataset(bench: Bench) -> None:
    class Narrow:
        info = ModelInfo("toy", "toy", "f", "1", verifiable=True, context_length=130)

        def count_tokens(self, messages: Sequence[Message]) -> int:
            return 40 * sum(len(message.content.split()) for message in messages)

    bench.run({"tallied": "{generation: {max_tokens: 64, truncate: left}}"})
    plan = make_plan(load_suite(bench.folder / "s.yaml"))
    cut, warnings = fit_context(plan, cast("Backend", Narrow()))
    assert "70 prompts were cut" in warnings[0]
    assert list(score_identity.score_identities(plan)) == ["tallied"]
    assert score_identity.score_identities(cut) == {}


def test_a_check_that_asks_nothing_always_scores(bench: Bench) -> None:
    for _ in range(2):
        assert bench.run({"silent": "{}"}).usage.taken_over == 0
    assert len(judged) == ROWS


def test_a_setting_that_only_judges_counts(bench: Bench) -> None:
    bench.run({"bounded": "{}"})
    found = bench.run({"bounded": "{generation: {max_tokens: 5}}"})
    assert (found.usage.asked, found.usage.taken_over, len(judged)) == (0, 0, ROWS)


def test_an_answer_that_was_contradicted_is_judged_again(bench: Bench) -> None:
    first = bench.run({"tallied": "{}"})
    stored = next(bench.store.iter_scores(first.run.id))
    request = Request(Generate((Message("user", "-"),)))
    bench.store.put_answers(first.run.id, [(stored.keys[0], request, Answer("another text"))])
    assert bench.run({"tallied": "{}"}).usage.taken_over == ROWS - 1
    assert judged == [stored.case]


def test_only_a_finished_run_that_is_still_there_gives_scores(bench: Bench) -> None:
    def stop(progress: Any) -> None:
        if progress.done >= 64:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        bench.run({"tallied": "{}"}, on_progress=stop)
    with pytest.raises(Interrupted):
        bench.run({"tallied": "{}"}, on_progress=stop, scope=Scope(limit=ROWS - 1))
    first = bench.run({"tallied": "{}"}, scope=Scope(limit=ROWS - 2))  # goes on with neither
    assert first.usage.taken_over == 0
    bench.store.delete_run(first.run.id)
    assert bench.run({"tallied": "{}"}).usage.taken_over == 0


@pytest.mark.parametrize("suite", ["", "s"])
def test_an_invalidated_check_scores_anew_once_and_finished_runs_stay(bench: Bench, suite: str) -> None:
    first = bench.run({"tallied": "{}", "length": "{}"})
    before = bench.store.get_result(first.run.id)
    bench.store.invalidate("tallied", suite)
    second = bench.run({"tallied": "{}", "length": "{}"})
    assert (taken(second), second.usage.asked) == ({"tallied": 0, "length": ROWS}, 0)
    assert taken(bench.run({"tallied": "{}", "length": "{}"})) == {"tallied": ROWS, "length": ROWS}
    assert bench.store.get_result(first.run.id) == before


def test_a_run_that_comes_back_from_the_trash_gives_no_score_that_was_invalidated_meanwhile(bench: Bench) -> None:
    first = bench.run({"tallied": "{}"})
    bench.store.trash_run(first.run.id)
    assert bench.run({"tallied": "{}"}).usage.taken_over == 0
    bench.store.delete_run(bench.store.get_run("last").id)
    bench.store.invalidate("tallied")
    bench.store.restore_run(first.run.id)
    assert bench.run({"tallied": "{}"}).usage.taken_over == 0


def test_a_check_of_another_suite_is_not_invalidated(bench: Bench) -> None:
    bench.run({"tallied": "{}"})
    bench.store.invalidate("tallied", "another")
    assert bench.run({"tallied": "{}"}).usage.taken_over == ROWS


def test_invalidated_answers_are_asked_afresh_for_that_check_alone_and_serve_from_then_on(bench: Bench) -> None:
    checks = {"tallied": "{}", "length": "{}", "judging": "{}"}
    first = bench.run(checks, head="judge: mock:echo\n")
    bench.store.invalidate("tallied", answers=True)
    second = bench.run(checks, head="judge: mock:echo\n")
    assert taken(second) == {"tallied": 0, "length": ROWS, "judging": ROWS}
    assert second.usage.asked == ROWS
    again = bench.run(checks, head="judge: mock:echo\n")
    assert (again.usage.asked, again.usage.taken_over) == (0, 3 * ROWS)
    bench.store.invalidate("length", answers=True)  # nor does it find what the other check asked afresh before
    assert bench.run(checks, head="judge: mock:echo\n").usage.asked == ROWS
    asked_first, asked_again = (
        {key for scored in bench.store.iter_scores(run.run.id, "tallied") for key in scored.keys}
        for run in (first, second)
    )
    assert asked_first.isdisjoint(asked_again)
    assert len(bench.store.get_answers(asked_first)) == ROWS
