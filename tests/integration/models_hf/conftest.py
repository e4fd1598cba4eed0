"""Fixtures of the tests of local models: what is asked, and which tiny models are there to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="local models need the extra 'hf'")
transformers = pytest.importorskip("transformers", reason="local models need the extra 'hf'")

from tiny_models import make_gpt2, make_llama, make_t5  # noqa: E402

from evalkit.models.reference import ModelSettings  # noqa: E402
from evalkit.models.registry import open_backend  # noqa: E402
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, Decoding, Generate, Message, Request  # noqa: E402

PROMPTS = [
    "What is the capital of France?",
    "Hi",
    "Name three colours, and then tell me about the rain that falls on the old roofs of the town.",
    "Who wrote Hamlet?",
    "0 1 2 3",
    "Rain",
]


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gpt2(tmp_path_factory.mktemp("gpt2"))


@pytest.fixture(scope="session")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_t5(tmp_path_factory.mktemp("t5"))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path_factory.getbasetemp() / "model-cache"))


@pytest.fixture
def llama_maker() -> Callable[..., Path]:
    return make_llama


@pytest.fixture
def prompts() -> list[str]:
    return list(PROMPTS)


def request_for(text: str, attempt: int = 0, wants: Sequence[str] = (), **decoding: Any) -> Request:
    decoding.setdefault("max_tokens", 12)
    ask = Generate((Message("user", text),), Decoding(**decoding))
    return Request(ask, attempt=attempt, wants=frozenset(wants))


@pytest.fixture
def question() -> Callable[..., Request]:
    return request_for


@pytest.fixture
def ask() -> Callable[..., list[Answer]]:
    """Ask a model by name; answers in the order of the requests."""

    def run(
        model: str,
        requests: Sequence[Request],
        condition: Condition = DEFAULT_CONDITION,
        settings: ModelSettings | None = None,
    ) -> list[Answer]:
        backend = open_backend(model, settings)
        session = backend.session(condition)
        try:
            found = dict(session.ask(requests))
        finally:
            session.close()
            backend.close()
        assert sorted(found) == list(range(len(requests)))
        return [found[position] for position in range(len(requests))]

    return run


@pytest.fixture(scope="session")
def adapter(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter of the tiny Llama whose weights are not zero."""
    peft = pytest.importorskip("peft", reason="adapters need the extra 'hf'")
    folder = tmp_path_factory.mktemp("adapter")
    model = transformers.AutoModelForCausalLM.from_pretrained(llama)
    torch.manual_seed(4)
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    peft.get_peft_model(model, config).save_pretrained(str(folder))
    return folder
