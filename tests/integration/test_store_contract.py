"""What the store promises, on each database that it promises it for."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgresql_server import Cluster, free_port

from evalkit.errors import RunNotFound, StoreError
from evalkit.records import (
    Answer,
    Case,
    FailureKind,
    Generate,
    Likelihood,
    Message,
    Request,
    Sample,
    Score,
    Timing,
    Unscored,
)
from evalkit.results import Run
from evalkit.store import (
    EvidenceRow,
    Identity,
    NewQueue,
    NewReview,
    ScoreRow,
    Store,
    StoredReview,
    migrations,
    open_store,
    request_key,
)

IDENTITY = Identity("weights", "loop-1")
ANY_TEXT = st.text(st.characters(codec=None), max_size=20)  # lone surrogates and NUL too
UNJUDGED = Score()
MARGINS = frozenset({"margins"})
ANY_GATE = "c.m[of=\0\ud800] >= 0.5"
FIXTURES = Path(__file__).parents[1] / "fixtures"


# --- the databases ----------------------------------------------------------------------------------------------------


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        for name in ("r-1", "r-2"):
            opened.create_run(Run(name, "suite", "model", "running", "2026", datasets={"qa": "data-f"}))
        yield opened


# --- answers ----------------------------------------------------------------------------------------------------------


def ask(text: str = "Hi", wants: frozenset[str] = frozenset()) -> Request:
    return Request(Generate((Message("user", text),)), wants=wants)


def key_of(text: str = "Hi") -> str:
    return request_key(ask(text), IDENTITY)


def row(
    case: str, position: int = 0, keys: tuple[str, ...] = (), score: Score = UNJUDGED, check: str = "c"
) -> ScoreRow:
    return ScoreRow(check, Case(case, (Sample(case, ()),)), position, keys, score)


FULL = Answer(
    "The answer",
    "length",
    7,
    128,
    Timing(1.5, 8, -2.5, 0.3),
    "let me think",
    (0.5, 1.0),
    (-0.1, -0.2),
    served_by="v1 fp_3",
)


class TestAnswers:
    def test_come_back_whole_and_say_who_made_them(self, store: Store) -> None:
        store.put_answers("r-1", [(key_of(), ask(), FULL)])
        assert store.get_answers([key_of()], run_id="r-1") == {key_of(): FULL}
        assert store.get_answers([key_of()], run_id="r-2") == {key_of(): replace(FULL, reused=True)}
        assert store.get_answers([key_of()])[key_of()].reused

    def test_unknown_keys_are_absent(self, store: Store) -> None:
        assert store.get_answers([]) == {}
        assert store.get_answers([key_of("never asked")]) == {}

    def test_many_are_found_at_once(self, store: Store) -> None:
        block = [(key_of(str(n)), ask(str(n)), Answer(str(n))) for n in range(1234)]
        assert store.put_answers("r-1", block) == 1234
        found = store.get_answers([key for key, _, _ in block] + [key_of("other")], run_id="r-1")
        assert found == {key: answer for key, _, answer in block}

    def test_failures_never_take_a_place_and_are_all_kept(self, store: Store) -> None:
        failure = Answer.failed(FailureKind.RATE_LIMIT, "429 for now", retryable=True, timing=Timing(2.0))
        assert store.put_answers("r-1", [(key_of(), ask(), failure)]) == 0
        store.put_answers("r-1", [(key_of(), ask(), failure)])
        assert store.get_answers([key_of()]) == {}
        assert store.attempts("r-1") == [(key_of(), failure)] * 2
        assert store.put_answers("r-1", [(key_of(), ask(), Answer("at last"))]) == 1
        assert store.get_answers([key_of()], run_id="r-1")[key_of()].text == "at last"

    @pytest.mark.parametrize(
        "broken",
        [replace(FULL, finish="error"), replace(Answer.failed(FailureKind.TIMEOUT, "slow"), finish="stop")],
    )
    def test_whatever_says_that_it_failed_is_no_answer(self, store: Store, broken: Answer) -> None:
        assert store.put_answers("r-1", [(key_of(), ask(), broken)]) == 0
        assert store.get_answers([key_of()]) == {}
        assert store.attempts("r-1") == [(key_of(), broken)]

    def test_the_first_of_two_texts_stays_and_the_second_is_an_incident(self, store: Store) -> None:
        store.put_answers("r-1", [(key_of(), ask(), Answer("one"))])
        assert store.put_answers("r-2", [(key_of(), ask(), Answer("two"))]) == 0
        assert store.get_answers([key_of()], run_id="r-1") == {key_of(): Answer("one")}
        assert [(i.key, i.first, i.second) for i in store.incidents("r-2")] == [(key_of(), "one", "two")]
        assert store.incidents("r-1") == []
        assert len(store.incidents()) == 1

    def test_two_texts_in_one_block_are_an_incident_too(self, store: Store) -> None:
        block = [(key_of(), ask(), Answer(text)) for text in ("one", "two", "one")]
        assert store.put_answers("r-1", block) == 1
        assert store.get_answers([key_of()])[key_of()].text == "one"
        assert [(i.first, i.second) for i in store.incidents("r-1")] == [("one", "two")]

    def test_the_same_text_again_is_no_incident(self, store: Store) -> None:
        for _ in range(2):
            store.put_answers("r-1", [(key_of(), ask(), Answer("one", timing=Timing(1.0)))])
        assert store.incidents() == []
        assert store.counts("r-1").answers == 1

    def test_a_look_up_finds_only_what_has_all_that_is_wanted(self, store: Store) -> None:
        store.put_answers("r-1", [(key_of(), ask(), Answer("one"))])
        assert store.get_answers([key_of()], {key_of(): MARGINS}) == {}
        assert store.get_answers([key_of()], {key_of(): frozenset()})
        assert store.get_answers([key_of()], {})

    def test_what_was_wanted_is_united(self, store: Store) -> None:
        first = Answer("one", timing=Timing(9.0))
        store.put_answers("r-1", [(key_of(), ask(), first)])
        store.put_answers("r-2", [(key_of(), ask(wants=MARGINS), replace(first, timing=Timing(1.0), margins=(0.5,)))])
        store.put_answers("r-2", [(key_of(), ask(), replace(first, logprobs=(-1.0,)))])
        everything = {key_of(): MARGINS | {"logprobs"}}
        found = store.get_answers([key_of()], everything, run_id="r-1")
        assert found == {key_of(): replace(first, margins=(0.5,), logprobs=(-1.0,))}

    def test_wants_are_united_inside_a_block(self, store: Store) -> None:
        store.put_answers(
            "r-1", [(key_of(), ask(), Answer("one")), (key_of(), ask(wants=MARGINS), Answer("one", margins=(0.5,)))]
        )
        assert store.get_answers([key_of()], {key_of(): MARGINS})[key_of()].margins == (0.5,)

    def test_what_a_model_cannot_give_is_not_asked_for_again(self, store: Store) -> None:
        store.put_answers("r-1", [(key_of(), ask(wants=MARGINS), Answer("one", margins=None))])
        assert store.get_answers([key_of()], {key_of(): MARGINS})[key_of()].margins is None

    def test_likelihoods_are_kept_by_their_log_probabilities(self, store: Store) -> None:
        request = Request(Likelihood("2 + 2 =", " 4"), wants=frozenset({"logprobs"}))
        key = request_key(request, IDENTITY)
        store.put_answers("r-1", [(key, request, Answer("", logprobs=(-0.25,)))])
        store.put_answers("r-1", [(key, request, Answer("", logprobs=(-0.2500001,)))])
        assert store.get_answers([key])[key].logprobs == (-0.25,)
        assert store.incidents() == []

    def test_a_block_is_kept_whole_or_not_at_all(self, store: Store) -> None:
        circle: dict[str, object] = {}
        circle["self"] = circle
        store.put_scores("r-1", [row("a")])
        with pytest.raises(StoreError):
            store.put_scores("r-1", [row("b"), row("c", score=Score(evidence=circle))])
        assert set(store.cases_of("r-1", "c")) == {"a"}

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=ANY_TEXT, reasoning=ANY_TEXT, served_by=ANY_TEXT, message=ANY_TEXT)
    def test_any_text_comes_back_equal(
        self, store: Store, text: str, reasoning: str, served_by: str, message: str
    ) -> None:
        request = ask(text + reasoning + served_by)
        key = request_key(Request(Likelihood(text, repr((reasoning, served_by)))), IDENTITY)
        answer = Answer(text, reasoning=reasoning, served_by=served_by)
        failure = Answer.failed(FailureKind.CONTENT, message)
        store.put_answers("r-1", [(key, request, answer), ("f", request, failure)])
        assert store.get_answers([key], run_id="r-1") == {key: answer}
        assert store.attempts("r-1")[-1] == ("f", failure)


class TestSamples:
    def test_are_kept_once_for_a_dataset(self, store: Store) -> None:
        rows = [Sample(str(n), (Message("user", str(n)),), ("a",), {"n": n}, f"k{n}", "qa.jsonl:1") for n in range(700)]
        assert store.put_samples("f", rows) == 700
        assert store.put_samples("f", iter(rows)) == 0
        assert store.put_samples("g", rows[:1]) == 1
        assert store.get_samples("f", ["5", "699", "none"]) == {"5": rows[5], "699": rows[699]}
        assert store.get_samples("h", ["5"]) == {}
        assert store.get_samples("f", (sample.id for sample in rows)) == {sample.id: sample for sample in rows}

    def test_of_long_rows_few_are_held_at_once(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("evalkit.store.samples.MOST_CHARACTERS", 1000)
        held: list[int] = []

        def rows() -> Iterator[Sample]:
            for n in range(40):
                held.append(sum(one.id.startswith("long-") for one in gc.get_objects() if type(one) is Sample))
                yield Sample(f"long-{n}", (Message("user", "x" * 100),), ("y" * 100,), {"context": "z" * 50})

        assert store.put_samples("f", rows()) == 40
        assert max(held) <= 2 * 4  # those that are written, and the next ones
        assert len(store.get_samples("f", [f"long-{n}" for n in range(40)])) == 40

    def test_rows_that_a_limited_run_left_out_are_added_later(self, store: Store) -> None:
        rows = [Sample(str(n), ()) for n in range(5)]
        store.put_samples("f", rows[:2])
        assert store.put_samples("f", rows) == 3
        assert len(store.get_samples("f", [sample.id for sample in rows])) == 5

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(identifier=ANY_TEXT, content=ANY_TEXT, label=ANY_TEXT)
    def test_any_text_comes_back_equal(self, store: Store, identifier: str, content: str, label: str) -> None:
        sample = Sample(
            identifier, (Message("user", content),), (content,), {label: [label, 1.5, None]}, label, content
        )
        dataset = f"{len(label)} {label}{content}"
        store.put_samples(dataset, [sample])
        assert store.get_samples(dataset, [identifier]) == {identifier: sample}


class TestScores:
    def test_are_forgotten_with_their_evidence_run_by_run(self, store: Store) -> None:
        for run_id in ("r-1", "r-2"):
            store.put_scores(run_id, [row("a")], [EvidenceRow(0, "c.em >= 1", "{}")])
        store.forget_scores("r-1")
        assert (list(store.iter_scores("r-1")), store.get_evidence("r-1")) == ([], [])
        assert (len(list(store.iter_scores("r-2"))), len(store.get_evidence("r-2"))) == (1, 1)

    def test_come_back_in_the_order_of_positions(self, store: Store) -> None:
        score = Score({"em": (1.0, 1.0), "bleu": Unscored("empty")}, {"expected": "x", "at": [1, 2]})
        case = Case("pair-1", (Sample("a", ()), Sample("b", ())), cluster="pair")
        store.put_scores("r-1", [row("later", 9), ScoreRow("c", case, 3, (key_of("a"), key_of("b")), score, "sig")])
        store.put_scores("r-1", [row("first", 1), row("other", 0, check="b")])
        found = list(store.iter_scores("r-1", "c"))
        assert [stored.case for stored in found] == ["first", "pair-1", "later"]
        pair = found[1]
        assert (pair.cluster, pair.samples, pair.position) == ("pair", ("a", "b"), 3)
        assert (pair.keys, pair.score, pair.signature) == ((key_of("a"), key_of("b")), score, "sig")
        assert found[0].samples == ("first",)
        assert [stored.check for stored in store.iter_scores("r-1")] == ["b", "c", "c", "c"]
        assert list(store.iter_scores("r-2")) == []
        assert [(case, cluster) for case, cluster, _ in store.iter_measured("r-1", "c")] == [
            (stored.case, stored.cluster) for stored in found
        ]
        assert list(store.iter_measured("r-1", "c"))[1][2] == Score(score.results)

    def test_judging_again_replaces(self, store: Store) -> None:
        store.put_scores("r-1", [row("a", 1, score=Score(error="broken"))])
        store.put_scores("r-1", [row("a", 2, score=Score({"em": (1.0, 1.0)}))])
        (stored,) = store.iter_scores("r-1", "c")
        assert (stored.position, stored.score) == (2, Score({"em": (1.0, 1.0)}))

    def test_a_case_may_be_judged_twice_in_one_block(self, store: Store) -> None:
        store.put_scores("r-1", [row("a", 1), row("a", 2)])
        assert [stored.position for stored in store.iter_scores("r-1")] == [2]

    def test_stream_over_many_pages_while_others_write(self, store: Store) -> None:
        store.put_scores("r-1", [row(f"case {n}", n // 3) for n in range(5000)])
        positions = []
        for count, stored in enumerate(store.iter_scores("r-1", "c")):
            positions.append(stored.position)
            if count % 1000 == 0:
                store.put_scores("r-1", [row(str(count), count, check="other")])
        assert positions == [n // 3 for n in range(5000)]
        assert len(store.cases_of("r-1", "c")) == 5000

    def test_a_finished_run_takes_no_more(self, store: Store) -> None:
        store.put_scores("r-1", [row("a")])
        store.finish("r-1", "{}")
        with pytest.raises(StoreError, match="finished"):
            store.put_scores("r-1", [row("b")])
        with pytest.raises(StoreError, match="finished"):
            store.forget_scores("r-1")
        store.put_scores("r-1", [])
        assert store.cases_of("r-1", "c") == {"a": ""}

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(name=ANY_TEXT, reason=ANY_TEXT, evidence=ANY_TEXT)
    def test_any_text_comes_back_equal(self, store: Store, name: str, reason: str, evidence: str) -> None:
        score = Score({name: Unscored(reason)}, {evidence: evidence})
        case = Case(name, (Sample(reason, ()),), cluster=evidence)
        store.put_scores("r-2", [ScoreRow("any", case, 0, (), score, reason)])
        stored = next(found for found in store.iter_scores("r-2", "any") if found.case == name)
        assert (stored.score, stored.cluster, stored.samples, stored.signature) == (score, evidence, (reason,), reason)


class TestRuns:
    def test_go_their_way_to_the_result(self, store: Store) -> None:
        store.transition("r-1", "interrupted", cause="Ctrl-C \0 \ud800")
        store.transition("r-1", "running")
        store.heartbeat("r-1")
        store.finish("r-1", '{"a": "ü"}', outcome="good enough")
        assert store.get_result("r-1") == '{"a": "ü"}'
        assert [event.after for event in store.events("r-1")] == ["running", "interrupted", "running", "finished"]
        assert store.events("r-1")[1].cause == "Ctrl-C \0 \ud800"
        with pytest.raises(StoreError, match="cannot become"):
            store.transition("r-1", "running")

    def test_are_found(self, store: Store) -> None:
        assert store.get_run("last").id == "r-2"
        assert store.get_run("last:suite").id == "r-2"
        with pytest.raises(RunNotFound, match="more than one"):
            store.get_run("r-")
        with pytest.raises(RunNotFound):
            store.get_run("R-1")
        store.transition("r-2", "failed")
        found = store.find_resumable("", "", {})
        assert found is not None
        assert found.id == "r-2"

    @pytest.mark.parametrize("document", ['"\0"', '"\ud800"'])
    def test_results_are_json_in_utf8(self, store: Store, document: str) -> None:
        with pytest.raises(StoreError, match="result document"):
            store.finish("r-1", document)
        assert store.get_run("r-1").state == "running"

    def test_deleting_keeps_what_others_rest_on(self, store: Store) -> None:
        store.put_samples("data-f", [Sample("1", ())])
        store.put_samples("own-f", [Sample("1", ())])
        store.create_run(Run("r-3", "suite", "model", "running", "2026", datasets={"qa": "data-f", "own": "own-f"}))
        store.put_answers("r-3", [(key_of(text), ask(text), Answer(text)) for text in ("mine", "shared")])
        store.put_answers("r-3", [(key_of("f"), ask("f"), Answer.failed(FailureKind.TIMEOUT, "slow"))])
        store.put_answers("r-1", [(key_of("theirs"), ask("theirs"), Answer("theirs"))])
        store.put_scores("r-3", [row("a", keys=(key_of("mine"), key_of("shared"), key_of("theirs")))])
        store.put_scores("r-1", [row("a", keys=(key_of("shared"),))])
        with pytest.raises(StoreError, match="being made"):
            store.delete_run("r-3")
        store.finish("r-3", "{}")
        for other in ("r-1", "r-2"):
            store.transition(other, "interrupted")
        store.delete_run("r-3")
        assert set(store.get_answers([key_of(text) for text in ("mine", "shared", "theirs")])) == {
            key_of("shared"),
            key_of("theirs"),
        }
        assert set(store.get_samples("data-f", ["1"])) == {"1"}
        assert store.get_samples("own-f", ["1"]) == {}
        assert [run.id for run in store.list_runs()] == ["r-2", "r-1"]
        assert list(store.iter_scores("r-3")) == []
        assert store.attempts("r-3") == []
        assert store.events("r-3") == []
        assert [stored.case for stored in store.iter_scores("r-1")] == ["a"]

    def test_the_trash_gives_back_all_that_was_put_into_it(self, store: Store) -> None:
        store.put_answers("r-1", [(key_of("a"), ask("a"), Answer("a"))])
        store.put_scores("r-1", [row("a", keys=(key_of("a"),))])
        with pytest.raises(StoreError, match="being made"):
            store.trash_run("r-1")
        store.finish("r-1", "{}", outcome="good enough")
        before = store.get_run("r-1")
        store.trash_run("r-1")
        assert [run.id for run in store.list_runs()] == ["r-2"]
        assert [one.run.id for one in store.list_trash()] == ["r-1"]
        with pytest.raises(RunNotFound, match="no run has the id") as missing:
            store.get_run("r-1")
        assert "evalkit restore r-1" in missing.value.hint
        with pytest.raises(StoreError, match="already a run"):
            store.create_run(Run("r-1", "suite", "model", "planned", "2026"))
        assert store.restore_run("r-") == before
        assert store.get_run("r-1") == before
        assert [run.id for run in store.list_runs()] == ["r-2", "r-1"]
        assert store.list_trash() == []
        assert store.outcomes(["r-1"]) == {"r-1": "good enough"}
        assert [one.case for one in store.iter_scores("r-1")] == ["a"]
        changes = [(event.before, event.after) for event in store.events("r-1")]
        assert changes[-2:] == [("finished", "deleted"), ("deleted", "finished")]
        with pytest.raises(RunNotFound, match="in the trash"):
            store.restore_run("r-1")

    def test_a_new_run_takes_no_number_of_one_in_the_trash(self, store: Store) -> None:
        store.transition("r-2", "interrupted")
        store.trash_run("r-2")
        store.create_run(Run("later", "suite", "model", "planned", "2026"))
        store.restore_run("r-2")
        assert [run.id for run in store.list_runs()] == ["later", "r-2", "r-1"]

    def test_purging_leaves_what_others_rest_on_and_takes_it_when_nobody_does(self, store: Store) -> None:
        store.put_samples("own-f", [Sample("1", ())])
        store.create_run(Run("r-3", "suite", "model", "running", "2026", datasets={"own": "own-f"}))
        for text in ("mine", "shared"):
            store.put_answers("r-3", [(key_of(text), ask(text), Answer(text))])
        store.put_scores("r-3", [row("a", keys=(key_of("mine"), key_of("shared")))])
        store.put_scores("r-1", [row("a", keys=(key_of("shared"),))])
        store.finish("r-3", "{}")
        store.trash_run("r-3")
        assert set(store.get_answers([key_of("mine")])), "the trash keeps everything"
        waited = store.purge(["r-3"])
        assert (waited.runs, waited.answers, waited.waiting) == (("r-3",), 0, True), "runs are being made"
        for other in ("r-1", "r-2"):
            store.transition(other, "interrupted")
        again = store.purge([])
        assert (again.runs, again.answers, again.waiting) == ((), 1, False)
        assert set(store.get_answers([key_of("mine"), key_of("shared")])) == {key_of("shared")}
        assert store.get_samples("own-f", ["1"]) == {}
        store.trash_run("r-1")
        assert store.purge(["r-1"]).answers == 1, "that of a run that went before"
        assert store.get_answers([key_of("shared")]) == {}
        assert store.purge(["r-1", "ghost"]).runs == ()

    def test_old_runs_are_those_that_nobody_holds_on_to(self, store: Store) -> None:
        for name in ("old", "named", "reviewed", "continued", "young"):
            store.create_run(Run(name, "suite", "model", "running", "2026"))
            store.put_queues(name, [NewQueue("q", "c", {}, ["a"])])
            store.finish(name, "{}", finished="2026-01-01T00:00:00+00:00" if name != "young" else "")
        store.set_baseline("main", "suite", "named")
        store.add_reviews(store.review_queues("reviewed")[0].id, lambda _: [NewReview("a", "somebody", {})])
        store.create_run(Run("r-4", "suite", "model", "planned", "2026", continues="continued"))
        assert [run.id for run in store.old_runs(timedelta(days=30))] == ["old"]
        assert store.old_runs(timedelta(days=36500)) == []

    def test_space_is_given_back(self, store: Store) -> None:
        long = [(key_of(str(n)), ask(str(n)), Answer(str(n) * 20_000)) for n in range(50)]
        store.put_answers("r-1", long)
        for other in ("r-1", "r-2"):
            store.transition(other, "interrupted")
        before = store.disk_bytes()
        store.delete_run("r-1")
        store.give_purged_space_back()
        if store.database.location.path:
            assert store.disk_bytes() < before / 2

    def test_last_is_the_newest_also_after_a_deletion(self, store: Store) -> None:
        store.transition("r-2", "failed")
        store.delete_run("r-2")
        store.create_run(Run("a-later", "suite", "model", "planned", "2026"))
        assert store.get_run("last").id == "a-later"


class TestEvidence:
    def test_comes_back_block_after_block_beside_the_scores(self, store: Store) -> None:
        gates = ("c.m >= 0.8", "b.m >= 0.5", ANY_GATE)
        for block in (10, 2):
            rows = [EvidenceRow(block, gate, f'{{"cases":{block}}}') for gate in gates]
            store.put_scores("r-1", [row(f"case-{block}")], rows)
        expected = [(block, gate, f'{{"cases":{block}}}') for block in (2, 10) for gate in sorted(gates)]
        assert store.get_evidence("r-1") == expected
        assert [stored.case for stored in store.iter_scores("r-1")] == ["case-10", "case-2"]
        assert store.get_evidence("r-2") == []

    def test_of_a_block_that_is_done_again_replaces_what_was_there(self, store: Store) -> None:
        store.put_scores("r-1", [row("a")], [EvidenceRow(0, "g", "1"), EvidenceRow(0, "h", "1")])
        store.put_scores("r-1", [row("a")], [EvidenceRow(0, "g", "2")])
        assert store.get_evidence("r-1") == [(0, "g", "2"), (0, "h", "1")]
        store.put_scores("r-1", [], [EvidenceRow(1, "g", "3")])  # a block without new scores still has evidence
        assert store.get_evidence("r-1")[-1] == (1, "g", "3")

    def test_is_kept_together_with_its_scores_or_not_at_all(self, store: Store) -> None:
        store.finish("r-2", "{}")
        with pytest.raises(StoreError, match="finished"):
            store.put_scores("r-2", [], [EvidenceRow(0, "g", "1")])
        with pytest.raises(StoreError, match="raw NUL"):
            store.put_scores("r-1", [row("a")], [EvidenceRow(0, "g", "\0")])
        assert list(store.iter_scores("r-1")) == []
        assert store.get_evidence("r-1") == store.get_evidence("r-2") == []

    def test_goes_with_its_run(self, store: Store) -> None:
        for run in ("r-1", "r-2"):
            store.put_scores(run, [row("a")], [EvidenceRow(0, "g", "1")])
        store.transition("r-1", "interrupted")
        store.delete_run("r-1")
        assert store.get_evidence("r-1") == []
        assert store.get_evidence("r-2") == [(0, "g", "1")]


class TestBaselines:
    def test_a_name_stands_for_a_run_until_it_moves(self, store: Store) -> None:
        for run in ("r-1", "r-2"):
            store.finish(run, "{}")
        store.set_baseline("main", "suite", "r-1")
        store.set_baseline("a/nightly_2.0-x", "suite", "r-1")
        store.set_baseline("main", "suite", "r-2")
        assert [(found.name, found.run_id) for found in store.list_baselines()] == [
            ("a/nightly_2.0-x", "r-1"),
            ("main", "r-2"),
        ]
        found = store.get_baseline("main")
        assert found is not None
        assert (found.suite, found.imported, found.document) == ("suite", False, "")
        assert found.set_at.startswith("20")
        assert store.get_baseline("mai") is None

    def test_an_imported_one_brings_its_document_and_needs_no_run(self, store: Store) -> None:
        store.import_baseline("main", "su\0ite", "of another machine", '{"a": 1}')
        for _ in range(2):  # again is the same
            store.import_baseline("main", "su\0ite", "of another machine", '{"a": 2}')
        (found,) = store.list_baselines()
        assert found == store.get_baseline("main")
        assert (found.suite, found.run_id, found.document) == ("su\0ite", "of another machine", '{"a": 2}')
        assert found.imported
        store.finish("r-1", "{}")
        store.set_baseline("main", "suite", "r-1")  # moves back to a run of this store
        assert not store.list_baselines()[0].imported

    @pytest.mark.parametrize("document", ["", "\0", "\ud800"])
    def test_a_document_that_is_none_is_refused(self, store: Store, document: str) -> None:
        with pytest.raises(StoreError, match="baseline"):
            store.import_baseline("main", "suite", "r", document)
        assert store.list_baselines() == []

    def test_what_is_not_finished_is_no_baseline(self, store: Store) -> None:
        with pytest.raises(RunNotFound, match="r-9"):
            store.set_baseline("main", "suite", "r-9")
        with pytest.raises(StoreError, match="running"):
            store.set_baseline("main", "suite", "r-1")
        store.transition("r-1", "interrupted")
        with pytest.raises(StoreError, match="interrupted"):
            store.set_baseline("main", "suite", "r-1")

    @pytest.mark.parametrize(
        "name",
        ["", "a b", "-x", "../x", "/x", "a:b", "last", "kept.json", "ümlaut", "a\nb", "main\n", "\0", "r-1", "x" * 101],
    )
    def test_odd_names_are_refused(self, store: Store, name: str) -> None:
        store.finish("r-2", "{}")
        with pytest.raises(StoreError, match="cannot be named") as caught:
            store.set_baseline(name, "suite", "r-2")
        assert caught.value.hint
        with pytest.raises(StoreError, match="cannot be named"):
            store.import_baseline(name, "suite", "r-2", "{}")
        assert store.list_baselines() == []

    def test_the_longest_name_is_kept(self, store: Store) -> None:
        store.import_baseline("x" * 100, "suite", "r", "{}")
        assert store.get_baseline("x" * 100) is not None

    def test_a_forgotten_name_leaves_its_run(self, store: Store) -> None:
        store.finish("r-1", "{}")
        store.set_baseline("main", "suite", "r-1")
        store.delete_baseline("main")
        assert store.get_baseline("main") is None
        assert store.get_run("r-1").state == "finished"
        with pytest.raises(RunNotFound, match="main"):
            store.delete_baseline("main")

    def test_a_run_that_is_a_baseline_is_deleted_by_force_alone(self, store: Store) -> None:
        store.finish("r-1", "{}")
        for name in ("main", "best"):
            store.set_baseline(name, "suite", "r-1")
        store.import_baseline("kept", "suite", "r-1", "{}")
        with pytest.raises(StoreError, match="'best' and 'main'") as caught:
            store.delete_run("r-1")
        assert "--force" in caught.value.hint
        assert store.get_result("r-1") == "{}"
        store.delete_run("r-1", force=True)
        assert [found.name for found in store.list_baselines()] == ["kept"]  # it brings its own numbers


class TestReviews:
    QUEUE = NewQueue("q", "c", {"question": "Good?"}, ["b", "a", "c\0\ud800"])

    def test_a_queue_is_drawn_anew_until_its_run_is_finished(self, store: Store) -> None:
        store.put_queues("r-1", [NewQueue("old", "c", {}, ["x"])])
        store.put_queues("r-1", [self.QUEUE, NewQueue("p\0", "c", {}, [])])
        store.put_queues("r-2", [self.QUEUE])
        first, second = store.review_queues("r-1")
        assert (first.run_id, first.name, first.check, first.document) == ("r-1", "q", "c", {"question": "Good?"})
        assert store.review_items(first.id) == ["b", "a", "c\0\ud800"]
        assert (second.name, store.review_items(second.id)) == ("p\0", [])
        store.finish("r-1", "{}")
        with pytest.raises(StoreError, match="cannot change"):
            store.put_queues("r-1", [])
        assert len(store.review_queues("r-1")) == 2

    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
    def test_any_text_comes_back_equal(self, store: Store, case: str, reviewer: str, note: str) -> None:
        store.put_queues("r-1", [self.QUEUE])
        (queue,) = store.review_queues("r-1")
        assert store.add_reviews(queue.id, lambda _: [NewReview(case, reviewer, {"note": note})]) == 1
        (found,) = store.reviews(queue.id)
        assert (found.case, found.reviewer, found.document) == (case, reviewer, {"note": note})

    def test_what_is_added_is_decided_on_what_is_there_and_kept_whole(self, store: Store) -> None:
        store.put_queues("r-1", [self.QUEUE])
        (queue,) = store.review_queues("r-1")

        def count_up(rows: Sequence[StoredReview]) -> list[NewReview]:
            return [NewReview("a", "ann", {"label": str(len(rows))}, "2026")]

        for _ in range(3):
            store.add_reviews(queue.id, count_up)
        found = store.reviews(queue.id)
        assert [row.document["label"] for row in found] == ["0", "1", "2"]
        assert [row.time for row in found] == ["2026"] * 3
        assert [row.number for row in found] == sorted({row.number for row in found})

        def break_off(rows: Sequence[StoredReview]) -> Iterator[NewReview]:
            yield NewReview("a", "ann", {})
            raise ValueError(len(rows))

        with pytest.raises(ValueError, match="3"):
            store.add_reviews(queue.id, break_off)
        assert store.reviews(queue.id) == found

    def test_many_at_once_lose_nothing(self, store: Store) -> None:
        store.put_queues("r-1", [self.QUEUE])
        (queue,) = store.review_queues("r-1")

        def say(name: str) -> None:
            for number in range(10):
                store.add_reviews(queue.id, lambda rows, n=number: [NewReview("a", name, {"n": n, "seen": len(rows)})])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(say, ["ann", "ben", "cem", "dea"]))
        found = store.reviews(queue.id)
        assert [row.document["seen"] for row in found] == list(range(40))  # nobody wrote in between
        assert {(row.reviewer, row.document["n"]) for row in found} == {
            (name, number) for name in ("ann", "ben", "cem", "dea") for number in range(10)
        }

    def test_a_revision_follows_the_newest_and_no_other(self, store: Store) -> None:
        with pytest.raises(StoreError, match="not finished"):
            store.add_revision("r-1", 0, "unsure", {})
        store.finish("r-1", '{"a": 1}', outcome="unsure")
        assert store.get_revision("r-1") is None
        assert store.add_revision("r-1", 0, "good\0enough", {"a": "\ud800"})
        assert not store.add_revision("r-1", 0, "late", {})
        assert store.add_revision("r-1", 1, "not good enough", {"a": 2})
        newest = store.get_revision("r-1")
        assert newest is not None
        assert (newest.number, newest.outcome, newest.document) == (2, "not good enough", {"a": 2})
        told = [(event.before, event.after, event.cause) for event in store.events("r-1")[-2:]]
        reviewed = ["reviewed: good\0enough", "reviewed: not good enough"]
        assert told == [("finished", "finished", cause) for cause in reviewed]
        before = store.get_revision("r-1", 1)
        assert before is not None
        assert (before.outcome, before.document) == ("good\0enough", {"a": "\ud800"})
        with pytest.raises(RunNotFound, match="no revision 3"):
            store.get_revision("r-1", 3)
        assert store.get_result("r-1") == '{"a": 1}'
        store.finish("r-2", "{}", outcome="unsure")
        assert store.outcomes(["r-1", "r-2"]) == {"r-1": "not good enough", "r-2": "unsure"}

    def test_they_go_with_their_run_and_with_no_other(self, store: Store) -> None:
        for run in ("r-1", "r-2"):
            store.put_queues(run, [self.QUEUE])
            (queue,) = store.review_queues(run)
            store.add_reviews(queue.id, lambda _: [NewReview("a", "ann", {})])
            store.finish(run, "{}")
            store.add_revision(run, 0, "unsure", {})
        (gone,), (left,) = store.review_queues("r-1"), store.review_queues("r-2")
        store.delete_run("r-1")
        assert (store.review_queues("r-1"), store.review_items(gone.id), store.reviews(gone.id)) == ([], [], [])
        assert store.get_revision("r-1") is None
        assert len(store.reviews(left.id)) == 1
        assert store.get_revision("r-2") is not None
        with pytest.raises(StoreError, match="gone"):
            store.add_reviews(gone.id, lambda _: [NewReview("a", "ann", {})])


def test_a_database_of_the_first_version_is_brought_up_to_date_with_what_is_in_it(url: str) -> None:
    from sqlalchemy import create_engine, inspect

    if url == "sqlite:///:memory:":
        pytest.skip("what is in memory is never old")
    plain = url if "://" in url else f"sqlite:///{url}"
    old = create_engine(plain)
    statements = (FIXTURES / "store-version-1.sql").read_text().split(";\n")
    with old.begin() as connection:
        for statement in filter(str.strip, statements):
            is_sqlite = old.dialect.name == "sqlite"
            connection.exec_driver_sql(statement.replace("SERIAL", "INTEGER") if is_sqlite else statement)
        connection.exec_driver_sql("INSERT INTO evalkit_schema VALUES (1, '2026-01-01')")
        connection.exec_driver_sql("INSERT INTO results VALUES ('r-1', '{}')")
        no = "false" if old.dialect.name != "sqlite" else "0"
        connection.exec_driver_sql(
            "INSERT INTO runs (id, suite, model, state, created, finished, suite_fingerprint, model_fingerprint,"
            " datasets, environment, options, partial, continues, host, process, holder, heartbeat, outcome) VALUES"
            f" ('r-1', 's', 'm', 'finished', '', '', '', '', '{{}}', '{{}}', '{{}}', {no}, '', '', 1, '', 1.0, '')"
        )
    with open_store(url) as store:
        assert store.get_run("last").id == "r-1"
        assert store.get_result("r-1") == "{}"
        assert store.get_evidence("r-1") == []
        store.set_baseline("main", "s", "r-1")
        store.create_run(Run("r-2", "s", "m", "running", "2026"))
        store.put_scores("r-2", [row("a")], [EvidenceRow(0, "g", "1")])
    with open_store(url) as store:  # the second time there is nothing left to do
        assert [found.run_id for found in store.list_baselines()] == ["r-1"]
        assert store.get_evidence("r-2") == [(0, "g", "1")]
    with old.connect() as connection:
        versions = connection.exec_driver_sql("SELECT version FROM evalkit_schema ORDER BY version").scalars().all()
        assert versions == list(range(1, migrations.current_version(migrations.STEPS) + 1))
    migrated = described(inspect(old))
    old.dispose()
    assert migrated == described_as_new(url)


def described(look: Any) -> dict[str, Any]:
    """Tables with columns, kinds, keys and indexes, as the database says."""
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)],
            look.get_pk_constraint(table)["constrained_columns"],
            sorted((index["name"], index["column_names"]) for index in look.get_indexes(table)),
        )
        for table in sorted(look.get_table_names())
    }


def described_as_new(url: str) -> dict[str, Any]:
    from sqlalchemy import create_engine, inspect

    if "://" in url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        open_store(url).close()
    else:
        open_store(f"{url}.new").close()
        engine = create_engine(f"sqlite:///{url}.new")
    try:
        return described(inspect(engine))
    finally:
        engine.dispose()


def test_threads_of_one_process_share_a_store(store: Store) -> None:
    errors: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for block in range(10):
                texts = [f"{name} {block} {n}" for n in range(5)]
                store.put_answers("r-1", [(key_of(text), ask(text), Answer(text)) for text in texts])
                assert len(store.get_answers([key_of(text) for text in texts])) == 5
        except BaseException as error:  # noqa: BLE001 - a thread's failure is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert store.counts("r-1").answers == 300


def test_stores_opened_at_once_make_the_database_once_and_write_side_by_side(url: str) -> None:
    if "memory" in url:
        pytest.skip("each store in memory is its own")

    def work(name: str) -> int:
        with open_store(url) as store:
            store.create_run(Run(name, "suite", "model", "running", "2026"))
            for block in range(10):
                texts = [f"{name} {block} {n}" for n in range(5)]
                store.put_answers(name, [(key_of(text), ask(text), Answer(text)) for text in texts])
                store.put_answers(name, [(key_of(str(block)), ask(str(block)), Answer(name))])
            return store.counts(name).incidents

    names = [f"run-{number}" for number in range(6)]
    with ThreadPoolExecutor(6) as threads:
        incidents = list(threads.map(work, names))
    with open_store(url) as store:
        assert sum(store.counts(name).answers for name in names) == 6 * 50 + 10
        assert sum(incidents) == 5 * 10
        assert {run.id for run in store.list_runs()} == set(names)


def test_what_a_closed_store_kept_is_there_when_opened_again(url: str) -> None:
    if "memory" in url:
        pytest.skip("memory forgets, as it should")
    with open_store(url) as store:
        store.create_run(Run("r-1", "suite", "model", "running", "2026"))
        store.put_answers("r-1", [(key_of(), ask(), Answer("kept"))])
    with open_store(url) as store:
        assert store.get_answers([key_of()])[key_of()].text == "kept"


def test_a_server_that_is_down_is_an_error_without_the_password(postgresql: Cluster) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(f"postgresql://me:hunter2@127.0.0.1:{free_port()}/db")
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint


def test_a_wrong_password_is_an_error_that_does_not_show_it(postgresql: Cluster) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(f"postgresql://tester:hunter2@127.0.0.1:{postgresql.port}/postgres")
    assert "hunter2" not in str(caught.value)


def test_a_server_database_of_another_program_is_left_alone(postgresql: Cluster) -> None:
    from sqlalchemy import create_engine

    name = f"db{time.time_ns()}"
    postgresql.run(f"CREATE DATABASE {name}")
    engine = create_engine(f"{postgresql.url}/{name}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE runs (marathon text)")
    engine.dispose()
    with pytest.raises(StoreError, match="another program"):
        open_store(f"{postgresql.url}/{name}")


# --- who looks on -----------------------------------------------------------------------------------------------------


def test_what_a_run_told_last_replaces_what_it_told_before_and_goes_with_it(store: Store) -> None:
    store.put_progress("r-1", '{"done":1}')
    store.put_progress("r-1", '{"done":2}')
    assert store.get_progress(["r-1", "r-2", "r-3"]) == {"r-1": '{"done":2}'}
    store.transition("r-1", "interrupted")
    store.put_progress("r-1", '{"done":3}')
    assert store.get_progress(["r-1"]) == {"r-1": '{"done":2}'}, "a run that is nobody's tells nothing"
    store.delete_run("r-1")
    assert store.get_progress(["r-1"]) == {}


def test_a_database_that_is_looked_at_is_read_and_not_written(url: str, store: Store) -> None:
    from evalkit.store.looking import Wanted, count_runs, list_page, names, newest_word, open_for_looking

    if "memory" in url:
        with pytest.raises(StoreError, match="in memory"):
            open_for_looking(url)
        return
    store.finish("r-1", "{}", outcome="good enough")
    store.add_revision("r-1", 0, "not good enough", {})
    with open_for_looking(url) as looking:
        for write in (
            lambda: looking.put_progress("r-2", "{}"),
            lambda: looking.transition("r-2", "failed"),
            lambda: looking.put_answers("r-2", [(key_of(), ask(), Answer("new"))]),
        ):
            with pytest.raises(StoreError):
                write()
        found = list_page(looking, Wanted(), size=10)
        assert [(run.id, run.state, run.outcome) for run in found] == [
            ("r-2", "running", ""),
            ("r-1", "finished", "not good enough"),
        ]
        assert [run.id for run in list_page(looking, Wanted(), before=found[0].number)] == ["r-1"]
        assert [run.id for run in list_page(looking, Wanted(), after=found[1].number)] == ["r-2"]
        assert [run.id for run in list_page(looking, Wanted(state="running"))] == ["r-2"]
        assert count_runs(looking, Wanted(outcome="not good enough")) == 1
        assert names(looking) == {"suite": ["suite"], "model": ["model"], "outcome": ["not good enough"]}
        assert newest_word(looking, "r-1") == (1, 0)
    store.put_progress("r-2", "{}")
