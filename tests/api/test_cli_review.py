"""``evalkit review``: a session without a terminal, status, files, and what the other commands say of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.runner.review import queues
from evalkit.store import NewReview, open_store

Evalkit = Callable[..., Any]
HOSTILE = "<script>\u202e\x1b[2J\x1b]0;owned\x07 [x](javascript:1)"
SUITE = """\
name: s
datasets: {d: {path: rows.jsonl}}
unsure: fail
checks:
  accuracy: {metrics: [exact_match]}
gates:
  - accuracy.reviewed >= 1.0
  - accuracy.flagged_by_humans <= 0.9
review: {from: accuracy, sample: 4, labels: {fine: "reads well", odd: "does not"}, flag: [odd]}
"""


@pytest.fixture
def run(evalkit: Evalkit, workdir: Path) -> str:
    rows = [{"id": f"r{i}", "prompt": f"say {i} {HOSTILE}", "references": [f"say {i}"]} for i in range(8)]
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (workdir / "s.yaml").write_text(SUITE, encoding="utf-8")
    called = evalkit("run", "s.yaml", "--model", "mock:echo")
    assert called.code == 4
    assert "0 of 4 reviewed" in called.out
    return str(json.loads(evalkit("list", "--json").out)[0]["id"])


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_a_session_labels_skips_notes_and_takes_back(
    evalkit: Evalkit, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "1", "odd", "u", "n hm", "2", "maybe", "s", "q")
    called = evalkit("review", run, "--reviewer", "ann")
    assert called.code == 0
    for said in (
        "item 1 of 4",
        "reads well",
        "fine; accuracy: 1 of 4 reviewed",
        "withdrawn",
        "noted",
        "1 to 2 for a label",
    ):
        assert said in called.out
    assert called.out.rstrip().endswith("accuracy: 2 of 4 reviewed, 1 skipped, 1 left for ann")
    status = json.loads(evalkit("review", "status", run, "--json").out)
    assert status["revision"] == 0
    assert (status["queues"][0]["reviewed"], status["queues"][0]["skipped"]) == (2, 1)
    assert status["queues"][0]["labels"] == {}, "the queue is blind, and under way"
    typed(monkeypatch, "1")
    done = evalkit("review", "last", "--reviewer", "ann")
    assert "none left for ann" in done.out
    status = json.loads(evalkit("review", "status", run, "--json").out)
    assert status["queues"][0]["labels"] == {"fine": 2, "odd": 1}
    assert "revision 1" in done.out
    typed(monkeypatch, "1")
    again = evalkit("review", "start", "--skipped", "--reviewer", "ann")
    assert "4 of 4 reviewed" in again.out
    assert "revision 2" in again.out


def test_texts_of_models_are_shown_and_never_obeyed(
    evalkit: Evalkit, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "n \x1b[31m\u202ered", "q")
    called = evalkit("review", run)
    assert "<script>" in called.out
    for acting in ("\x1b", "\u202e", "\x07"):
        assert acting not in called.out
    typed(monkeypatch, "q")
    assert "\x1b" not in evalkit("review", run).out  # the note neither


def test_the_end_of_the_input_is_leaving(evalkit: Evalkit, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch)
    called = evalkit("review", run)
    assert called.code == 0
    assert "0 of 4 reviewed" in called.out


def test_a_line_that_is_a_label_is_the_label_whatever_its_letter(
    evalkit: Evalkit, workdir: Path, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = SUITE.replace('{fine: "reads well", odd: "does not"}, flag: [odd]', '["y", "n", "q", "s"], flag: ["n"]')
    (workdir / "s.yaml").write_text(suite, encoding="utf-8")
    evalkit("run", "s.yaml", "--model", "mock:echo")
    typed(monkeypatch, "n", "n why", "y", "q")  # and then nothing more comes, which is no label
    evalkit("review", "last", "--reviewer", "ann")
    said = [json.loads(line) for line in evalkit("review", "export", "last").out.splitlines()]
    assert [(line["label"], line.get("note")) for line in said] == [("n", None), ("y", "why"), ("q", None)]
    typed(monkeypatch, "n", "1")
    assert "n TEXT" in evalkit("review", run, "--reviewer", "ann").out, "in a queue without that label it is a note"


def test_what_was_said_last_before_a_kill_is_taken_in_by_the_next_session(
    evalkit: Evalkit, run: str, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The label is on the disk, and the process died before it made the revision."""
    with open_store(str(workdir / ".evalkit" / "runs.db")) as store:
        (queue,) = queues(store, run)
        store.add_reviews(queue.id, lambda _: [NewReview(case, "ann", {"label": "fine"}) for case in queue.cases])
        assert store.get_revision(run) is None
        typed(monkeypatch)
        assert "revision 1" in evalkit("review", run).out
        assert store.get_revision(run).outcome == json.loads(evalkit("list", "--json").out)[0]["outcome"]  # type: ignore[union-attr]


def test_status_says_how_far_it_is_and_exits_as_the_outcome_does(
    evalkit: Evalkit, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = evalkit("review", "status", run, "--exit-code")
    assert before.code == 4
    assert "0 of 4" in before.out
    assert evalkit("review", "status", run).code == 0
    typed(monkeypatch, "1", "1", "1", "1")
    assert evalkit("review", run, "--reviewer", "ann").code == 0
    after = evalkit("review", "status", run, "--exit-code")
    assert after.code == 0
    assert "4 fine" in after.out
    assert "ann" in after.out


def test_show_report_and_list_go_by_the_newest_revision(
    evalkit: Evalkit, run: str, monkeypatch: pytest.MonkeyPatch, workdir: Path
) -> None:
    typed(monkeypatch, "2", "2", "2", "2")
    evalkit("review", run, "--reviewer", "ann")
    shown = evalkit("show", run)
    assert "revision 1 of the outcome" in shown.out
    assert "4 odd" in shown.out
    assert json.loads(evalkit("list", "--json").out)[0]["outcome"] == "unsure"
    document = json.loads(evalkit("report", run, "--format", "json").out)
    assert (document["revision"], document["reviews"][0]["flagged"]) == (1, 4)
    first = json.loads(evalkit("report", run, "--format", "json", "--revision", "0").out)
    assert (first["revision"], first["reviews"][0]["flagged"]) == (0, 0)
    for name in ("terminal", "markdown"):
        assert "4 of 4 reviewed by ann" in evalkit("report", run, "--format", name).out
    written = evalkit("report", run, "-o", "again")
    assert written.code == 0
    assert "4 of 4 reviewed by ann" in (workdir / "again" / "report.html").read_text(encoding="utf-8")
    missing = evalkit("show", run, "--revision", "7")
    assert missing.code == 2
    assert "no revision 7" in missing.err
    assert "0 (as it ended) to 1" in missing.err


def test_reviews_are_exported_and_imported(
    evalkit: Evalkit, run: str, monkeypatch: pytest.MonkeyPatch, workdir: Path
) -> None:
    typed(monkeypatch, "1", "2", "q")
    evalkit("review", run, "--reviewer", "ann")
    assert evalkit("review", "export", run, "-o", "r.jsonl").out == "wrote r.jsonl: 2 reviews\n"
    lines = (workdir / "r.jsonl").read_text(encoding="utf-8")
    assert evalkit("review", "export", run).out == lines
    assert evalkit("review", "import", run, "r.jsonl").out == "0 reviews added, 2 were there already\n"
    (workdir / "r.jsonl").write_text(lines.replace('"fine"', '"odd"'), encoding="utf-8")
    refused = evalkit("review", "import", run, "r.jsonl")
    assert refused.code == 2
    assert "r.jsonl:1" in refused.err
    assert "--replace" in refused.err
    assert evalkit("review", "import", run, "r.jsonl", "--replace").code == 0


def test_what_cannot_be_reviewed_says_why(evalkit: Evalkit, run: str) -> None:
    assert "no review queue 'acuracy'" in evalkit("review", run, "--queue", "acuracy").err
    assert "at most 60" in evalkit("review", run, "--reviewer", "x" * 61).err
    evalkit("run", "smoke", "--model", "mock:oracle")
    nothing = evalkit("review", "last")
    assert nothing.code == 2
    assert "nothing to review" in nothing.err
    assert "review:" in nothing.err
    assert "nothing to review" in evalkit("review", "status", "last").out
    assert evalkit("review", "import", run, "nowhere.jsonl").code == 2
    assert evalkit("review", "export", run, "-o", "no/such/folder").code == 2
