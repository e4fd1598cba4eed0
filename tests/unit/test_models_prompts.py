"""Prompts for models without a chat template, and what options and settings resolve to; no torch is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.errors import ModelError
from evalkit.models.hf import options
from evalkit.models.hf.loading.engine import Engine, context_of
from evalkit.models.hf.loading.sources import fingerprint, read_json, weight_files
from evalkit.models.hf.options import resolve_device, resolve_dtype
from evalkit.models.hf.prompts import plain_text
from evalkit.models.hf.writing.decode import Job, Written, append, cut_at_stop, request_seed, text_of
from evalkit.records import Message

SYSTEM, USER = Message("system", "Be brief."), Message("user", "Hi")


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([USER], "Hi"),
        ([SYSTEM, USER], "Be brief.\n\nHi"),
        ([SYSTEM], "Be brief."),
        (
            [SYSTEM, USER, Message("assistant", "Hello"), Message("user", "And?")],
            "Be brief.\n\nUser: Hi\nAssistant: Hello\nUser: And?\nAssistant:",
        ),
        ([USER, Message("assistant", "Hel")], "User: Hi\nAssistant: Hel"),
        ([], ""),
    ],
)
def test_messages_become_plain_text(messages: list[Message], text: str) -> None:
    assert plain_text(messages) == text


@pytest.mark.parametrize(
    ("asked", "device", "saved", "expected"),
    [
        ("auto", "cpu", "bfloat16", "float32"),
        ("auto", "cuda", "bfloat16", "bfloat16"),
        ("auto", "cuda", None, "float32"),
        ("auto", "cuda", "float8_e4m3", "float32"),
        ("float16", "cpu", "bfloat16", "float16"),
    ],
)
def test_dtype_auto_is_float32_on_the_cpu(asked: str, device: str, saved: str | None, expected: str) -> None:
    assert resolve_dtype(asked, device, saved) == expected


def test_device_auto_is_the_cpu_where_no_gpu_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert resolve_device("auto") == "cpu"
    assert resolve_device("cuda:1") == "cuda:1"
    monkeypatch.setattr(options, "_may_have_cuda", lambda: False)
    assert resolve_device("auto") == "cpu"


def test_the_first_stop_string_cuts() -> None:
    assert cut_at_stop("one two three", ("three", "two")) == ("one ", True)
    assert cut_at_stop("one", ("two", "")) == ("one", False)


def test_every_seed_and_attempt_has_a_seed_of_its_own() -> None:
    seeds = {request_seed(seed, attempt, (5,)) for seed in range(20) for attempt in range(20)}
    assert len(seeds) == 400
    assert request_seed(1, 11, ()) != request_seed(11, 1, ())


def test_every_prompt_has_a_seed_of_its_own_lest_all_rows_draw_the_same_numbers() -> None:
    prompts = [(1, 2), (12,), (1, 2, 3), (2, 1), ()]
    assert len({request_seed(7, 0, prompt) for prompt in prompts}) == len(prompts)
    assert request_seed(7, 0, (1, 2)) == request_seed(7, 0, [1, 2])


class TidyingTokenizer:
    """As those of older models: left to itself it takes away the space before a full stop."""

    words = ("one", ".", "two")

    def decode(self, tokens: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool = True) -> str:
        text = " ".join(self.words[token] for token in tokens)
        return text.replace(" .", ".") if clean_up_tokenization_spaces else text


def test_where_a_text_stops_is_read_from_the_letters_that_it_is_cut_in() -> None:
    engine = Engine(None, TidyingTokenizer(), "cpu", False, frozenset(), 0, None, frozenset())
    written = Written()
    for token in range(3):
        if not written.finish:
            append(engine, Job((1,), 9, stop=(" .",)), written, token, None)
    assert written.finish == "stop"
    assert cut_at_stop(text_of(engine.tokenizer, written.tokens), (" .",)) == ("one", True)


def test_the_context_is_read_from_any_spelling() -> None:
    assert context_of({"n_positions": 1024}) == 1024
    assert context_of({"text_config": {"max_position_embeddings": 9}, "max_position_embeddings": 5}) == 9
    assert context_of({"max_position_embeddings": None, "n_ctx": -1}) is None


def test_fingerprints_differ_in_every_part() -> None:
    base = fingerprint({"a": "1"}, {}, "float32")
    others = [
        fingerprint({"a": "2"}, {}, "float32"),
        fingerprint({"b": "1"}, {}, "float32"),
        fingerprint({"a": "1"}, {"a": "1"}, "float32"),
        fingerprint({}, {"a": "1"}, "float32"),
        fingerprint({"a": "1"}, {}, "bfloat16"),
    ]
    assert len({base, *others}) == 6
    assert fingerprint({"x": "1", "y": "2"}, {}, "d") == fingerprint({"y": "2", "x": "1"}, {}, "d")


def test_safetensors_are_preferred_and_pickles_need_permission(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(ModelError, match="pickled"):
        weight_files(tmp_path, allow_pickle=False)
    assert [path.name for path in weight_files(tmp_path, allow_pickle=True)] == ["pytorch_model.bin"]
    (tmp_path / "model.safetensors").touch()
    assert [path.name for path in weight_files(tmp_path, allow_pickle=True)] == ["model.safetensors"]


@pytest.mark.parametrize("content", ["[1]", "{", "\xff"])
def test_a_configuration_that_is_no_json_object_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ModelError, match="JSON"):
        read_json(path)
    assert read_json(tmp_path / "none.json") == {}
