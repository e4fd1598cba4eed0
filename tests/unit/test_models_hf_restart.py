"""What a process of its own is asked and answers: the same records, after they have been JSON."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import ModelError
from evalkit.models.hf.conditions.restart import RestartedSession
from evalkit.models.hf.options import HfOptions
from evalkit.models.reference import Reference
from evalkit.records import Answer, Condition, Decoding, FailureKind, Generate, Likelihood, Message, Request, Timing

REFERENCE = Reference("hf:./m", "hf", "./m", {"dtype": "float32"})
OPTIONS = HfOptions(Path("/cache"), adapter=Path("/a b"))
REQUESTS = [
    Request(Generate((Message("user", "Hi \ud800 ü"),), Decoding(stop=("x",))), wants=frozenset({"margins", "tokens"})),
    Request(Likelihood("context", " more"), attempt=3, fresh=True),
    Request(Likelihood((Message("user", "Hi"),), " more")),
]
ANSWERS = [
    Answer("t", margins=(float("inf"), 1.0), logprobs=(-0.5,), tokens=("a",), timing=Timing(1.0, 2, None, 0.5)),
    Answer.failed(FailureKind.TOO_LONG, "too long"),
    Answer("", logprobs=()),
]


def test_requests_and_answers_survive_the_way_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def child(command: list[str], *, input: str, **_: Any) -> subprocess.CompletedProcess[str]:  # noqa: A002
        sent.append(json.loads(input))
        said = "".join(json.dumps([at, asdict(answer)]) + "\n" for at, answer in enumerate(ANSWERS))
        return subprocess.CompletedProcess(command, 0, said, "")

    monkeypatch.setattr(subprocess, "run", child)
    session = RestartedSession(REFERENCE, OPTIONS, Condition(batch_size=1, process="fresh"))
    assert list(session.ask(REQUESTS)) == list(enumerate(ANSWERS))
    asked: list[Any] = []

    class Backend:
        def __init__(self, *given: Any) -> None:
            asked.extend(given)

        def session(self, condition: Condition) -> Backend:
            asked.append(condition)
            return self

        def ask(self, requests: list[Request]) -> Any:
            asked.append(requests)
            return [(0, ANSWERS[0])]

    from evalkit.models.hf import backend
    from evalkit.models.hf.conditions import restart

    monkeypatch.setattr(backend, "HfBackend", Backend)
    lines: list[str] = []
    restart._answer_all(sent[0], lines.append)
    assert asked == [REFERENCE, OPTIONS, Condition(batch_size=1), REQUESTS]
    assert json.loads(lines[0]) == json.loads(json.dumps([0, asdict(ANSWERS[0])]))


def test_a_process_that_dies_says_why_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def child(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "a long story\nno such file")

    monkeypatch.setattr(subprocess, "run", child)
    with pytest.raises(ModelError, match="in a process of its own: no such file"):
        list(RestartedSession(REFERENCE, OPTIONS, Condition(process="fresh")).ask(REQUESTS))


def test_no_requests_need_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert list(RestartedSession(REFERENCE, OPTIONS, Condition(process="fresh")).ask([])) == []
