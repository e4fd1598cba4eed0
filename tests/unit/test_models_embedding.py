"""The sentence model takes any text that a model may say. The tokenizer is real, of two words; the model is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.models import embedding

torch = pytest.importorskip("torch")
tokenizers = pytest.importorskip("tokenizers")


def test_a_text_that_is_no_unicode_has_a_vector_too(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "river": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.enable_padding()

    def model(*, input_ids: Any, attention_mask: Any) -> Any:
        return SimpleNamespace(last_hidden_state=torch.nn.functional.one_hot(input_ids, 2).float())

    monkeypatch.setattr(embedding, "_loaded", lambda: (model, tokenizer))
    found = embedding.embed(["river", "\ud800 river", "NUL\0"])
    assert found.shape == (3, 2)
    assert found[0] @ found[1] > 0.5
