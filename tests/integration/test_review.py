"""From a run that waits for people to its revised outcome, on a real store; and ``kill -9`` of a reviewer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import Interrupted, ReviewError, StoreError
from evalkit.gates.expression import parse_gate
from evalkit.results import Result
from evalkit.runner import review
from evalkit.runner.compare import compare_runs
from evalkit.runner.document import to_json
from evalkit.runner.execute import run_suite
from evalkit.runner.plan import Scope
from evalkit.runner.review_files import exported, import_reviews
from evalkit.runner.revise import result_of, revise
from evalkit.runner.running import RunOptions
from evalkit.store import Store, open_store
from evalkit.suite.load import Suite, load_suite

ROWS = 60
SUITE = """\
name: s
datasets: {d: {path: rows.jsonl}}
unsure: fail
checks:
  accuracy: {metrics: [exact_match]}
gates:
  - accuracy.exact_match >= 0.5
  - accuracy.reviewed >= 1.0
  - accuracy.flagged_by_humans <= 0.4
review: {from: accuracy, sample: 20}
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Suite]:
    def suite(text: str = SUITE) -> Suite:
        lines = (
            json.dumps({"id": f"r/{i} ü", "prompt": f"say {i}", "references": [f"say {i}"], "group": "ab"[i % 2]})
            for i in range(ROWS)
        )
        (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
        path = tmp_path / "s.yaml"
        path.write_text(text, encoding="utf-8")
        return load_suite(path)

    return suite


def run(suite: Suite, store: Store, **options: Any) -> Result:
    return run_suite(suite, "mock:echo", store, RunOptions(**options))


def label_all(store: Store, result: Result, label: str = "good", reviewer: str = "ann") -> None:
    (queue,) = review.queues(store, result.run.id)
    while (position := review.next_for(store, queue, reviewer)) is not None:
        review.label(store, queue, queue.cases[position], reviewer, label)


def words(result: Result) -> dict[str, str]:
    return {verdict.gate: str(verdict.word) for verdict in result.outcome.verdicts if not verdict.automatic}


def test_a_run_waits_for_people_and_is_good_enough_when_they_say_so(make: Callable[..., Suite], store: Store) -> None:
    result = run(make(), store)
    assert (result.outcome.word, result.outcome.exit_code) == ("unsure", 4)
    assert f"0 of 20 reviewed; 'evalkit review {result.run.id}' goes on" in result.outcome.reason
    assert [one.items for one in result.reviews] == [20]
    stored = store.get_result(result.run.id)
    label_all(store, result)
    now = result_of(store, result.run.id)
    assert (now.revision, now.outcome.word, now.outcome.exit_code) == (1, "good enough", 0)
    assert set(words(now).values()) == {"pass"}
    assert now.reviews[0].labels == {"good": 20}
    assert now.reviews[0].reviewers == ("ann",)
    # what was reported is what is stored, and still there to be read
    assert store.get_result(result.run.id) == stored == to_json(result)
    assert result_of(store, result.run.id, 0) == result
    assert (now.estimates, now.findings, now.usage) == (result.estimates, result.findings, result.usage)
    assert store.outcomes([result.run.id]) == {result.run.id: "good enough"}


def test_flags_of_people_fail_a_model_that_its_score_liked(make: Callable[..., Suite], store: Store) -> None:
    result = run(make(), store)
    label_all(store, result, "bad")
    now = result_of(store, result.run.id)
    assert (now.outcome.word, now.outcome.exit_code) == ("not good enough", 1)
    assert words(now)["accuracy.flagged_by_humans <= 0.4"] == "fail"
    assert now.reviews[0].raw == 0.0
    assert now.reviews[0].refined == 1.0


def test_one_that_takes_its_label_back_afterwards_reopens_the_outcome(make: Callable[..., Suite], store: Store) -> None:
    result = run(make(), store)
    label_all(store, result)
    (queue,) = review.queues(store, result.run.id)
    case = review.undo(store, queue, "ann")
    reopened = result_of(store, result.run.id)
    assert (reopened.revision, reopened.outcome.exit_code) == (2, 4)
    review.label(store, queue, case or "", "ann", "bad")
    assert result_of(store, result.run.id).revision == 3
    assert result_of(store, result.run.id, 1).reviews[0].labels == {"good": 20}
    assert revise(store, result.run.id) is None  # nothing new was said


def test_half_a_review_makes_no_revision_unless_a_gate_is_content_with_it(
    make: Callable[..., Suite], store: Store
) -> None:
    result = run(make(SUITE.replace("reviewed >= 1.0", "reviewed >= 0.5")), store)
    (queue,) = review.queues(store, result.run.id)
    for case in queue.cases[:9]:
        review.label(store, queue, case, "ann", "good")
    assert store.get_revision(result.run.id) is None
    review.label(store, queue, queue.cases[9], "ann", "good")
    now = result_of(store, result.run.id)
    assert words(now)["accuracy.reviewed >= 0.5"] == "pass"
    assert words(now)["accuracy.flagged_by_humans <= 0.4"] == "unsure"
    assert now.outcome.exit_code == 4


def test_the_draw_is_the_same_again_and_another_with_another_seed(make: Callable[..., Suite], store: Store) -> None:
    first, again = run(make(), store), run(make(), store, resume="never")
    other = run(make(SUITE.replace("sample: 20", "sample: 20, seed: 1")), store, resume="never")
    drawn = [review.queues(store, result.run.id)[0].cases for result in (first, again, other)]
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) != set(drawn[2])
    assert len(set(drawn[0])) == 20


def test_a_sample_larger_than_the_run_is_all_of_it(make: Callable[..., Suite], store: Store) -> None:
    result = run(make(SUITE.replace("sample: 20", "sample: 500")), store)
    assert result.reviews[0].items == ROWS


def test_of_a_check_that_stopped_early_those_are_drawn_that_were_asked(
    make: Callable[..., Suite], store: Store, tmp_path: Path
) -> None:
    text = SUITE.replace("unsure: fail\n", "unsure: fail\nstop_early: true\n")
    suite = make(text)
    rows = (json.dumps({"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]}) for i in range(600))
    (tmp_path / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    result = run(suite, store)
    asked = {score.case for score in store.iter_scores(result.run.id, "accuracy")}
    (queue,) = review.queues(store, result.run.id)
    assert len(asked) < 600
    assert set(queue.cases) <= asked
    assert f"20 of {len(asked)} scored cases" in result.reviews[0].note
    assert "stopped early" in result.reviews[0].note


def test_an_interrupted_run_draws_when_it_ends(make: Callable[..., Suite], store: Store) -> None:
    """A kill between the draw and the end of the run: the run draws again, and keeps one queue."""
    suite, finish = make(), store.finish

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    store.finish = killed  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        run(suite, store)
    store.finish = finish  # type: ignore[method-assign]
    result = run(suite, store)
    assert len(review.queues(store, result.run.id)) == 1
    label_all(store, result)
    assert result_of(store, result.run.id).outcome.exit_code == 0


def test_what_was_said_of_a_queue_under_way_is_told_and_is_no_revision(
    make: Callable[..., Suite], store: Store
) -> None:
    result = run(make(), store)
    (queue,) = review.queues(store, result.run.id)
    review.label(store, queue, queue.cases[0], "ann", "good")
    now = result_of(store, result.run.id)
    assert (now.revision, now.reviews[0].reviewed, now.outcome.exit_code) == (0, 1, 4)
    assert "1 of 20 reviewed" in now.outcome.reason
    assert result_of(store, result.run.id, 0) == result


def test_what_is_left_out_by_only_is_not_reviewed(make: Callable[..., Suite], store: Store) -> None:
    text = SUITE.replace("checks:\n", "checks:\n  length: {}\n")
    result = run(make(text), store, scope=Scope(("length",)))
    assert result.reviews == ()
    with pytest.raises(ReviewError, match="nothing to review"):
        review.queue_named(store, result.run.id)


def test_a_blind_reviewer_sees_no_model_no_score_and_no_labels(make: Callable[..., Suite], store: Store) -> None:
    blind = run(make(), store)
    (queue,) = review.queues(store, blind.run.id)
    shown = review.item(store, queue, 0, reviewer="ann")
    assert (shown.model, dict(shown.score)) == ("", {})
    assert [(one.sample, dict(one.labels)) for one in shown.exchanges] == [("", {})]
    assert shown.exchanges[0].answer == shown.exchanges[0].messages[-1].content  # it echoes
    seeing = run(make(SUITE.replace("sample: 20", "sample: 20, blind: false")), store, resume="never")
    (queue,) = review.queues(store, seeing.run.id)
    shown = review.item(store, queue, 0, reviewer="ann")
    assert shown.model == "mock:echo"
    assert shown.score["exact_match"] == 1.0
    assert shown.exchanges[0].labels["group"] in {"a", "b"}


def test_wrong_labels_cases_and_names_are_refused(make: Callable[..., Suite], store: Store) -> None:
    result = run(make(), store)
    (queue,) = review.queues(store, result.run.id)
    with pytest.raises(ReviewError, match="no label 'god'") as caught:
        review.label(store, queue, queue.cases[0], "ann", "god")
    assert "good" in caught.value.hint
    with pytest.raises(ReviewError, match="no case"):
        review.skip(store, queue, "none of these", "ann")
    for name in ("", "  ", "a\nb", "a" * 61):
        with pytest.raises(ReviewError, match="reviewer's name"):
            review.label(store, queue, queue.cases[0], name, "good")
    with pytest.raises(ReviewError, match="no review queue 'acuracy'"):
        review.queue_named(store, result.run.id, "acuracy")
    assert store.reviews(queue.id) == []


def test_deleting_a_run_deletes_its_reviews(make: Callable[..., Suite], store: Store) -> None:
    result, other = run(make(), store), run(make(), store, resume="never")
    label_all(store, result)
    label_all(store, other)
    store.delete_run(result.run.id)
    assert review.queues(store, result.run.id) == []
    assert store.get_revision(result.run.id) is None
    (queue,) = review.queues(store, other.run.id)
    assert len(store.reviews(queue.id)) == 20
    with store.database.reading() as connection:
        left = connection.exec_driver_sql("SELECT count(DISTINCT queue_id) FROM review_items").scalar()
    assert left == 1


def test_a_finished_runs_queues_stay_as_they_are(make: Callable[..., Suite], store: Store) -> None:
    result = run(make(), store)
    with pytest.raises(StoreError, match="cannot change"):
        store.put_queues(result.run.id, [])


def test_the_gates_of_a_queue_come_back_as_they_were_written(make: Callable[..., Suite], store: Store) -> None:
    result = run(make(), store)
    (verdict,) = [one for one in result.outcome.verdicts if one.gate == "accuracy.flagged_by_humans <= 0.4"]
    gate = parse_gate(verdict.gate)
    assert (verdict.threshold, verdict.operator) == (gate.threshold, gate.operator)
    assert verdict.origin.endswith("s.yaml:9")


def test_runs_are_compared_by_what_was_measured_and_not_by_reviews(make: Callable[..., Suite], store: Store) -> None:
    suite = make(SUITE.replace("  - accuracy.exact_match >= 0.5\n", ""))
    good, bad = run(suite, store), run_suite(suite, "mock:empty", store)
    label_all(store, good)
    assert [metric.name for metric in compare_runs(store, good.run.id, bad.run.id).worse] == ["accuracy.exact_match"]


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def reviewed(make: Callable[..., Suite], store: Store) -> Result:
    result = run(make(SUITE.replace("sample: 20", "sample: 20, reviewers: 2")), store)
    (queue,) = review.queues(store, result.run.id)
    review.label(store, queue, queue.cases[0], "ann", "good", "fine \ud83d\ude00 | = note")
    review.label(store, queue, queue.cases[0], "ben", "bad")
    review.skip(store, queue, queue.cases[1], "ann")
    review.label(store, queue, queue.cases[2], "ann", "bad")
    review.undo(store, queue, "ann")
    return result


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_reviews_go_out_and_come_back_and_a_second_time_add_nothing(
    reviewed: Result, make: Callable[..., Suite], store: Store, tmp_path: Path
) -> None:
    lines = list(exported(store, reviewed.run.id))
    assert [(line["reviewer"], line.get("label"), line.get("skipped")) for line in lines] == [
        ("ann", "good", None),
        ("ben", "bad", None),
        ("ann", None, True),
    ]
    file = written(tmp_path / "reviews.jsonl", lines)
    assert import_reviews(store, reviewed.run.id, file) == (0, 3)
    other = run(make(SUITE.replace("sample: 20", "sample: 20, reviewers: 2")), store, resume="never")
    assert import_reviews(store, other.run.id, file) == (3, 0)
    assert import_reviews(store, other.run.id, file) == (0, 3)
    assert list(exported(store, other.run.id)) == lines


def test_a_file_that_contradicts_the_run_is_refused_whole(reviewed: Result, store: Store, tmp_path: Path) -> None:
    lines = list(exported(store, reviewed.run.id))
    (queue,) = review.queues(store, reviewed.run.id)
    more = {**lines[1], "case": queue.cases[5]}
    file = written(tmp_path / "reviews.jsonl", [more, {**lines[0], "label": "bad"}])
    with pytest.raises(ReviewError, match=r"reviews\.jsonl:2: 'ann' says 'bad' of case .* and said 'good'"):
        import_reviews(store, reviewed.run.id, file)
    assert list(exported(store, reviewed.run.id)) == lines
    assert import_reviews(store, reviewed.run.id, file, replace=True) == (2, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "god"}, "no label 'god'"),
        ({"case": "nowhere"}, "no case 'nowhere'"),
        ({"queue": "acuracy"}, "no review queue 'acuracy'"),
        ({"skipped": True}, "labelled or skipped"),
        ({"label": ""}, "says nothing"),
        ({"reviewer": ""}, "reviewer's name"),
        ({"label": 3}, "'label' is text"),
        ({"lable": "good"}, "no 'lable'"),
        ({"note": "x" * 4001}, "at most 4,000 characters"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(
    reviewed: Result, store: Store, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    (queue,) = review.queues(store, reviewed.run.id)
    good = {"queue": "accuracy", "case": queue.cases[9], "reviewer": "cem", "label": "good"}
    before = store.reviews(queue.id)
    file = written(tmp_path / "reviews.jsonl", [good, {**good, "case": queue.cases[8], **change}])
    with pytest.raises(ReviewError, match=message) as caught:
        import_reviews(store, reviewed.run.id, file)
    assert caught.value.where == f"{file}:2"
    assert store.reviews(queue.id) == before


def test_a_broken_line_and_two_that_differ_are_named(reviewed: Result, store: Store, tmp_path: Path) -> None:
    (queue,) = review.queues(store, reviewed.run.id)
    good = {"queue": "accuracy", "case": queue.cases[9], "reviewer": "cem", "label": "good"}
    file = written(tmp_path / "reviews.jsonl", [good, {**good, "label": "bad"}])
    with pytest.raises(ReviewError, match="says two things"):
        import_reviews(store, reviewed.run.id, file)
    file.write_text('{"case": \n', encoding="utf-8")
    with pytest.raises(ReviewError, match="line 1"):
        import_reviews(store, reviewed.run.id, file)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"case": "\xff"}', "line 2 "),
        (b"[1, 2]", "line 2 is a list"),
        (b'{"case": "a", "case": "b"}', "the key 'case' twice"),
        (b'{"note": "\\ud800"}', "half of a surrogate pair"),
        (b'{"queue": ', "line 2 "),
    ],
)
def test_a_line_that_cannot_be_read_is_named_by_its_number(
    reviewed: Result, store: Store, tmp_path: Path, line: bytes, message: str
) -> None:
    (good, *_) = exported(store, reviewed.run.id)
    file = tmp_path / "reviews.jsonl"
    file.write_bytes(json.dumps({**good, "reviewer": "cem"}).encode() + b"\r\n" + line + b"\r\n")
    with pytest.raises(ReviewError, match=message) as caught:
        import_reviews(store, reviewed.run.id, file)
    assert caught.value.where == f"{file}:2"
    assert "cem" not in {one["reviewer"] for one in exported(store, reviewed.run.id)}


def test_reviews_move_to_another_database_whatever_their_notes_hold(
    reviewed: Result, make: Callable[..., Suite], store: Store, tmp_path: Path
) -> None:
    (queue,) = review.queues(store, reviewed.run.id)
    review.note(store, queue, queue.cases[3], "ann", "=HYPERLINK(1)\n\u202e\0 \udcff <b>")
    lines = list(exported(store, reviewed.run.id))
    assert lines[-1]["note"] == "=HYPERLINK(1)\n\u202e\ufffd ? <b>"
    file = written(tmp_path / "reviews.jsonl", lines)
    with open_store(str(tmp_path / "other.db")) as other:
        theirs = run(make(SUITE.replace("sample: 20", "sample: 20, reviewers: 2")), other)
        assert theirs.run.id != reviewed.run.id
        assert import_reviews(other, theirs.run.id, file) == (len(lines), 0)
        assert import_reviews(other, theirs.run.id, file) == (0, len(lines))
        assert list(exported(other, theirs.run.id)) == lines
        drawn_otherwise = run(make(SUITE.replace("sample: 20", "sample: 20, seed: 7")), other)
        with pytest.raises(ReviewError, match="has no case"):
            import_reviews(other, drawn_otherwise.run.id, file)


# --- at once, and killed ----------------------------------------------------------------------------------------------


def test_many_reviewers_at_once_lose_nothing(make: Callable[..., Suite], tmp_path: Path) -> None:
    where, names = str(tmp_path / "runs.db"), [f"reviewer {number}" for number in range(4)]
    with open_store(where) as store:
        result = run(make(SUITE.replace("sample: 20", "sample: 20, reviewers: 4")), store)

    def work(name: str) -> None:
        with open_store(where) as own:
            label_all(own, result, "good" if name < "reviewer 2" else "bad", name)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_store(where) as store:
        (queue,) = review.queues(store, result.run.id)
        assert len(store.reviews(queue.id)) == 80
        now = result_of(store, result.run.id)
        assert (now.reviews[0].reviewed, now.reviews[0].labels) == (20, {"disagreed": 20})
        assert revise(store, result.run.id) is None  # the newest revision has seen all that was said


def test_a_reviewer_that_is_killed_loses_nothing(make: Callable[..., Suite], tmp_path: Path) -> None:
    where = str(tmp_path / "runs.db")
    with open_store(where) as store:
        result = run(make(), store)
    command = [sys.executable, "-m", "evalkit", "review", result.run.id, "--reviewer", "ann", "--store", where]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1"}, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for said in ["1", "2", "s", "n looks odd", "1", "2", "1"]:
        process.stdin.write(f"{said}\n")
        process.stdin.flush()
        while (line := process.stdout.readline()) and not line.startswith(("good;", "bad;", "skipped;", "noted")):
            pass
        assert line, "the program ended"
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    with open_store(where) as store:
        (queue,) = review.queues(store, result.run.id)
        now = review.standing(store, queue)
        assert [now.said[case]["ann"].label for case in queue.cases[:6]] == ["good", "bad", "", "good", "bad", "good"]
        assert now.said[queue.cases[2]]["ann"].skipped
        assert now.said[queue.cases[3]]["ann"].note == "looks odd"
        assert review.next_for(store, queue, "ann") == 6
    rest = subprocess.run(command, input="good\n" * 14, capture_output=True, text=True, check=True)
    assert "none left for ann" in rest.stdout
    assert "revision 1" in rest.stdout
