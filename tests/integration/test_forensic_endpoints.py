"""Faults are planted in a real HTTP server, and the forensic check names them from what goes over the wire."""

from __future__ import annotations

import hashlib
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from endpoint_asking import Opened
from http_server import Behaviour, LocalServer, Recorded

from evalkit.checks.divergence import FAULTS, LEAK, SEED, SERVER, STRUCTURAL, UNEXPLAINED
from evalkit.checks.forensic import ForensicOptions
from evalkit.records import Decoding, Score
from evalkit.runner.investigate import investigate

PROMPTS = ["What is the capital of France?", "Name a colour.", "Who wrote Hamlet?", "Tell me about rain."]
WORDS = ["rain", "roof", "red", "river", "road", "rust", "rose", "reed"]
LENGTH = 8
Logits = list[float]


@dataclass
class LanguageServer:
    """A tiny language model behind an address: logits of every next word by what was said before."""

    http: LocalServer
    greedy: Callable[[Logits], int] = lambda logits: logits.index(max(logits))
    draw: Callable[[Any], random.Random] = lambda seed: random.Random(str(seed))
    disturb: Callable[[Logits], Logits] = lambda logits: logits
    numbers: bool = True
    fingerprint: Callable[[], str] = lambda: "fp_1"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Recorded) -> Behaviour | None:
        if request.method != "POST":
            return None
        body = request.body
        chat = "messages" in body
        prompt = body["messages"][-1]["content"] if chat else body["prompt"]
        source = self.draw((body["seed"], prompt))
        words: list[str] = []
        lines: list[Logits] = []
        for _ in range(LENGTH):
            with self.lock:
                logits = self.disturb(self.logits(prompt, words))
            words.append(WORDS[self._next(logits, body["temperature"], source)])
            lines.append(logits)
        choice = self._chat(words, lines) if chat else self._completion(words, lines)
        answer = {"model": "tiny-1", "system_fingerprint": self.fingerprint(), "choices": [choice]}
        return LocalServer.json(answer)

    @staticmethod
    def logits(prompt: str, words: list[str]) -> Logits:
        """From 0 to 4."""
        digest = hashlib.sha256(f"{prompt}/{' '.join(words)}".encode()).digest()
        return [digest[at] / 64 for at in range(len(WORDS))]

    def _next(self, logits: Logits, temperature: float, source: random.Random) -> int:
        if not temperature:
            return self.greedy(logits)
        return source.choices(range(len(logits)), [math.exp(value / temperature) for value in logits])[0]

    def _numbers(self, words: list[str], lines: list[Logits]) -> list[tuple[str, float, list[float]]]:
        made = []
        for word, logits in zip(words, lines, strict=True):
            total = math.log(sum(map(math.exp, logits)))
            logprobs = [value - total for value in logits]
            made.append((word, logprobs[WORDS.index(word)], sorted(logprobs, reverse=True)[:2]))
        return made

    def _chat(self, words: list[str], lines: list[Logits]) -> dict[str, Any]:
        content = [
            {"token": word, "logprob": own, "top_logprobs": [{"logprob": value} for value in top]}
            for word, own, top in self._numbers(words, lines)
        ]
        message = {"role": "assistant", "content": " ".join(words)}
        return {"message": message, "finish_reason": "length"} | (
            {"logprobs": {"content": content}} if self.numbers else {}
        )

    def _completion(self, words: list[str], lines: list[Logits]) -> dict[str, Any]:
        numbers = self._numbers(words, lines)
        columns = {
            "tokens": words,
            "token_logprobs": [own for _, own, _ in numbers],
            "top_logprobs": [{"a": top[0], "b": top[1]} for _, _, top in numbers],
        }
        return {"text": " ".join(words), "finish_reason": "length", "logprobs": columns}


@pytest.fixture
def language(http_server: LocalServer) -> LanguageServer:
    made = LanguageServer(http_server)
    http_server.rule = made
    return made


def asked(http_server: LocalServer, opened: Opened, api: str = "chat") -> list[Score]:
    backend = opened(f"{http_server.reference}&api={api}")
    scores = [one.score for one in investigate(backend, PROMPTS, ForensicOptions(), Decoding(max_tokens=LENGTH))]
    assert not [score.error for score in scores if score.error]
    return scores


def classes(scores: list[Score]) -> set[tuple[str, str]]:
    rows = [row for score in scores for row in score.evidence.get("differences", ())]
    return {(row["condition"], row["class"]) for row in rows}


@pytest.mark.parametrize("api", ["chat", "completion"])
def test_a_healthy_server_is_sound_and_what_it_cannot_be_told_is_unscored(
    api: str, language: LanguageServer, http_server: LocalServer, opened: Opened
) -> None:
    for score in asked(http_server, opened, api):
        for name in ("repeat", "history", "order", "concurrency", "seed"):
            assert score.results[f"same_{name}"] == (1.0, 1.0)
        for name in ("batch", "neighbours", "padding", "threads", "kv_cache", "attention", "bfloat16", "process"):
            assert "cannot" in score.results[f"same_{name}"].reason  # type: ignore[union-attr]
        assert score.results["sound"] == score.results["same_server"] == (1.0, 1.0)
        assert score.results["other_seed_differs"] == (1.0, 1.0)
        assert score.results["at_risk"][1] == LENGTH  # type: ignore[index]
        assert score.evidence["asked otherwise"] == {"history": "right after the same prompt"}


@pytest.mark.parametrize("numbers", [True, False])
def test_a_server_that_ignores_the_seed_is_named_with_and_without_log_probabilities(
    numbers: bool, language: LanguageServer, http_server: LocalServer, opened: Opened
) -> None:
    language.draw, language.numbers = lambda _: random.SystemRandom(), numbers
    assert classes(asked(http_server, opened)) == {("seed", SEED)}


def test_a_server_that_draws_where_greedy_was_asked_does_not_leak(
    language: LanguageServer, http_server: LocalServer, opened: Opened
) -> None:
    source = random.SystemRandom()
    language.greedy = lambda logits: source.choices(range(len(logits)), list(map(math.exp, logits)))[0]
    found = classes(asked(http_server, opened))
    assert "repeat" in {condition for condition, _ in found}  # as drift, where draws part at near-equal words
    assert {kind for _, kind in found if kind in FAULTS} == {SEED}


def test_a_server_that_remembers_the_request_before_leaks(
    language: LanguageServer, http_server: LocalServer, opened: Opened
) -> None:
    kept: list[Logits] = []

    def haunted(logits: Logits) -> Logits:
        ghost = kept[-LENGTH] if len(kept) >= LENGTH else [0.0] * len(logits)
        kept.append(logits)
        return [own + 0.8 * other for own, other in zip(logits, ghost, strict=True)]

    language.disturb = haunted
    found = classes(asked(http_server, opened))
    assert {("history", LEAK), ("repeat", LEAK)} & found
    assert {kind for _, kind in found if kind in FAULTS} == {LEAK}


def test_a_server_whose_batches_mix_is_wrong_where_requests_come_together(
    language: LanguageServer, http_server: LocalServer, opened: Opened
) -> None:
    mixed = replace(language, disturb=lambda logits: logits[2:] + logits[:2])

    def gathered(request: Recorded) -> Behaviour | None:
        time.sleep(0.03)  # who comes together is then here together
        return (mixed if http_server.at_once > 1 else language)(request)

    http_server.rule = gathered
    found = classes(asked(http_server, opened))
    assert {(name, kind) for name, kind in found if kind in FAULTS} == {("concurrency", STRUCTURAL)}


def test_another_fingerprint_is_the_reason_and_no_fault_of_the_model(
    language: LanguageServer, http_server: LocalServer, opened: Opened
) -> None:
    first = 1 + len(PROMPTS)
    language.fingerprint = lambda: "fp_1" if len(http_server.posts) < first else "fp_2"
    language.disturb = lambda logits: logits if len(http_server.posts) < first else logits[::-1]
    scores = asked(http_server, opened)
    rows = [row for score in scores for row in score.evidence["differences"]]
    assert {row["class"] for row in rows if row["condition"] != "seed"} == {SERVER}
    assert {row["cause"] for row in rows if row["class"] == SERVER} == {
        "it was tiny-1 fp_2 that answered, not tiny-1 fp_1"
    }
    assert {score.results["same_server"] for score in scores} == {(0.0, 1.0)}


def test_without_log_probabilities_no_fault_is_guessed(
    language: LanguageServer, http_server: LocalServer, opened: Opened
) -> None:
    source = random.SystemRandom()
    language.greedy, language.numbers = lambda logits: source.randrange(len(logits)), False
    scores = asked(http_server, opened)
    assert ("repeat", UNEXPLAINED) in classes(scores)
    assert not {kind for _, kind in classes(scores) if kind in FAULTS}
    assert all("no margins" in score.results["at_risk"].reason for score in scores)  # type: ignore[union-attr]


def test_a_server_that_refuses_log_probabilities_is_asked_without_them(
    language: LanguageServer, http_server: LocalServer, opened: Opened
) -> None:
    refused = LocalServer.status(400, says={"error": {"message": "logprobs is not supported with this model"}})
    http_server.rule = lambda request: (
        refused if (request.body or {}).get("logprobs") else replace(language, numbers=False)(request)
    )
    for score in asked(http_server, opened):
        assert score.results["sound"] == score.results["same_repeat"] == (1.0, 1.0)
        assert "no margins" in score.results["at_risk"].reason  # type: ignore[union-attr]
