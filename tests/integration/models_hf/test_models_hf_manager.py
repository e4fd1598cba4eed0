"""ModelManager on real weights: load, ask, adapt, change the checkpoint, unload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.errors import ModelError
from evalkit.models import ModelManager
from evalkit.records import FailureKind, Message


def test_nothing_is_loaded_before_it_is_needed_and_unload_lets_go(llama: Path) -> None:
    manager = ModelManager(f"hf:{llama}", max_tokens=5)
    assert not manager.loaded
    first = manager.generate("Hi")
    assert manager.loaded
    assert first.output_tokens == 5
    manager.unload()
    assert not manager.loaded
    assert manager.generate("Hi").text == first.text


def test_as_a_context_manager_it_loads_and_unloads(llama: Path) -> None:
    with ModelManager(f"hf:{llama}") as manager:
        assert manager.loaded
        assert "loaded" in repr(manager)
    assert not manager.loaded


def test_a_batch_answers_in_the_order_of_its_prompts(llama: Path, prompts: list[str]) -> None:
    manager = ModelManager(f"hf:{llama}", max_tokens=8)
    together = manager.generate_batch(prompts)
    assert [answer.text for answer in together] == [manager.generate(prompt).text for prompt in prompts]
    assert manager.generate_batch([]) == []


def test_messages_may_be_records_or_mappings(llama: Path) -> None:
    manager = ModelManager(f"hf:{llama}", max_tokens=8)
    expected = manager.generate("Hi").text
    assert manager.generate([Message("user", "Hi")]).text == expected
    assert manager.generate([{"role": "user", "content": "Hi"}]).text == expected


def test_a_failed_request_returns_its_answer(llama: Path) -> None:
    failure = ModelManager(f"hf:{llama}").generate("Rain falls. " * 300).failure
    assert failure is not None
    assert failure.kind is FailureKind.TOO_LONG


def test_an_adapter_is_applied_in_place_and_a_checkpoint_drops_it(
    llama: Path, adapter: Path, tmp_path: Path, llama_maker: Callable[..., Path]
) -> None:
    manager = ModelManager(f"hf:{llama}", max_tokens=20).load()
    plain, identity = manager.generate("Who wrote Hamlet?").text, manager.info.fingerprint
    manager.apply_adapter(adapter)
    assert manager.loaded
    assert manager.generate("Who wrote Hamlet?").text != plain
    assert manager.info.fingerprint != identity
    manager.unload()
    assert manager.generate("Who wrote Hamlet?").text != plain
    other = llama_maker(tmp_path / "other", seed=5)
    manager.load_checkpoint(other)
    assert manager.info.reference == f"hf:{other}"
    assert "adapter" not in manager.info.details
    manager.load_checkpoint(llama)
    assert manager.generate("Who wrote Hamlet?").text == plain
    assert manager.info.fingerprint == identity


def test_a_refused_adapter_or_checkpoint_leaves_the_model_as_it_was(llama: Path, tmp_path: Path) -> None:
    manager = ModelManager(f"hf:{llama}").load()
    with pytest.raises(ModelError):
        manager.apply_adapter(tmp_path)
    with pytest.raises(ModelError):
        manager.load_checkpoint(tmp_path)
    with pytest.raises(ModelError):
        manager.load_checkpoint(tmp_path / "nothing")
    assert manager.loaded
    assert manager.model == f"hf:{llama}"
    assert manager.generate("Hi").failure is None
