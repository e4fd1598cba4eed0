"""What is read off a model and its tokenizer before they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from evalkit.models.hf.answers import Ready, prepare
from evalkit.models.hf.loading.engine import _engine
from evalkit.models.hf.options import HfOptions
from evalkit.models.hf.writing.decode import Written, append
from evalkit.records import Answer, Decoding, FailureKind, Generate, Likelihood, Message, Request


class Config(SimpleNamespace):
    def get_text_config(self, decoder: bool) -> Config:
        return self

    def to_dict(self) -> dict[str, Any]:
        return vars(self)


class Tokenizer(SimpleNamespace):
    chat_template = None
    all_special_tokens: Sequence[str] = ("</s>",)
    all_special_ids: Sequence[int] = (2,)
    added_tokens_decoder: ClassVar = {
        7: SimpleNamespace(content="<|im_end|>", special=True),
        8: SimpleNamespace(content="<table>", special=False),
    }

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        if not text.isascii():
            raise TypeError("TextInputSequence must be str")
        return {"input_ids": [ord(letter) % 90 for letter in text]}

    def decode(self, tokens: Sequence[int], **_: Any) -> str:
        return "".join("<table>" if token == 8 else "x" for token in tokens)


def engine_of(pad: int | None = None, configured: int | None = None, seq2seq: bool = False, **config: Any) -> Any:
    settings = Config(vocab_size=100, eos_token_id=[5, 3], pad_token_id=configured, **config)
    model = SimpleNamespace(config=settings, forward=lambda input_ids: input_ids)
    return _engine(model, Tokenizer(pad_token_id=pad, eos_token_id=2), "cpu", seq2seq, HfOptions(Path()))


@pytest.mark.parametrize(
    ("tokenizers", "configured", "expected"),
    [(9, 8, 9), (None, 8, 8), (None, None, 3), (100, None, 3), (100, -1, 3), (-1, 8, 8), (0, None, 0)],
)
def test_pads_are_tokens_that_the_model_has_an_embedding_for(
    tokenizers: int | None, configured: int | None, expected: int
) -> None:
    assert engine_of(tokenizers, configured).pad_token == expected


def written_until(engine: Any, stop: tuple[str, ...], tokens: Sequence[int]) -> tuple[list[int], str]:
    ready = prepare(engine, 0, Request(Generate((Message("user", "Hi"),), Decoding(stop=stop, max_tokens=9))))
    assert isinstance(ready, Ready)
    assert ready.job is not None
    written = Written()
    for token in tokens:
        if not written.finish:
            append(engine, ready.job, written, token, None)
    return written.tokens, written.finish


def test_a_stop_string_that_is_a_special_token_ends_the_answer_though_no_text_shows_it() -> None:
    engine = engine_of()
    assert written_until(engine, ("<|im_end|>",), [11, 12, 7, 13]) == ([11, 12], "stop")
    assert written_until(engine, ("\n\n",), [11, 12, 7, 13]) == ([11, 12, 7, 13], "")
    assert written_until(engine, ("<table>", "</s>"), [11, 8, 13]) == ([11, 8], "stop")
    assert written_until(engine, ("<table>", "</s>"), [11, 2, 13]) == ([11], "stop")


def test_an_answer_beside_an_encoder_ends_where_the_decoders_positions_end() -> None:
    ask = Request(Generate((Message("user", "Hi"),), Decoding(max_tokens=500)))
    for seq2seq, expected in ((True, 64), (False, 62)):
        ready = prepare(engine_of(seq2seq=seq2seq, max_position_embeddings=64), 0, ask)
        assert isinstance(ready, Ready)
        assert ready.job is not None
        assert ready.job.max_tokens == expected


@pytest.mark.parametrize(
    "ask", [Generate((Message("user", "Hi \ud800"),)), Likelihood("Hi", "\udfff"), Likelihood("Hi \ud800", " x")]
)
def test_a_text_that_the_tokenizer_refuses_fails_alone_and_says_why(ask: Generate | Likelihood) -> None:
    found = prepare(engine_of(), 0, Request(ask))
    assert isinstance(found, Answer)
    assert found.failure is not None
    assert found.failure.kind is FailureKind.CONFIGURATION
    assert found.failure.message == "the tokenizer refuses this text: half of a surrogate pair is not a character"


def test_whatever_else_a_tokenizer_says_is_told() -> None:
    found = prepare(engine_of(), 0, Request(Generate((Message("user", "ü"),))))
    assert isinstance(found, Answer)
    assert "TypeError: TextInputSequence must be str" in str(found.failure)
