"""A model's own generation settings are obeyed as transformers' generate obeys them, row by row."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from evalkit.records import Answer, Request

Ask = Callable[..., list[Answer]]
Question = Callable[..., Request]

SETTINGS: list[dict[str, Any]] = [
    {"repetition_penalty": 1.8},
    {"no_repeat_ngram_size": 2},
    {"min_new_tokens": 9},
    {"min_length": 9},
    {"forced_bos_token_id": 42},
    {"forced_eos_token_id": 1},
    {"suppress_tokens": [50, 60], "begin_suppress_tokens": [70, 71]},
    {"bad_words_ids": [[50], [60, 61]]},
]


def with_settings(folder: Path, target: Path, settings: dict[str, Any], end: int) -> Path:
    """A copy that ends often (several end tokens), with these settings."""
    shutil.copytree(folder, target)
    generation = transformers.GenerationConfig.from_pretrained(folder)
    generation.eos_token_id = [1, end, end + 1, end + 2]
    for name, value in settings.items():
        setattr(generation, name, value)
    generation.save_pretrained(target)
    return target


@pytest.mark.parametrize("settings", SETTINGS, ids="+".join)
def test_a_seq2seq_batch_writes_what_generate_writes(  # noqa: PLR0917 - fixtures
    settings: dict[str, Any], t5: Path, tmp_path: Path, ask: Ask, question: Question, prompts: list[str]
) -> None:
    folder = with_settings(t5, tmp_path / "model", settings, 300)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    expected = []
    for prompt in prompts:
        written = model.generate(**tokenizer(prompt, return_tensors="pt"), max_new_tokens=14, do_sample=False)[0, 1:]
        ends = [position for position, token in enumerate(written.tolist()) if token in {1, 300, 301, 302}]
        expected.append(tokenizer.decode(written[: ends[0]] if ends else written, skip_special_tokens=True))
    answers = ask(f"hf:{folder}", [question(prompt, max_tokens=14) for prompt in prompts])
    assert [answer.text for answer in answers] == expected


@pytest.mark.parametrize("settings", [SETTINGS[0], SETTINGS[2], SETTINGS[7]], ids="+".join)
def test_a_causal_batch_writes_what_generate_writes(  # noqa: PLR0917 - fixtures
    settings: dict[str, Any], gpt2: Path, tmp_path: Path, ask: Ask, question: Question, prompts: list[str]
) -> None:
    folder = with_settings(gpt2, tmp_path / "model", settings, 300)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    expected = []
    for prompt in prompts:
        tokens = tokenizer(prompt, return_tensors="pt")["input_ids"]
        written = model.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=14, do_sample=False, pad_token_id=0
        )[0, tokens.shape[1] :]
        ends = [position for position, token in enumerate(written.tolist()) if token in {1, 300, 301, 302}]
        expected.append(tokenizer.decode(written[: ends[0]] if ends else written, skip_special_tokens=True))
    answers = ask(f"hf:{folder}", [question(prompt, max_tokens=14) for prompt in prompts])
    assert [answer.text for answer in answers] == expected
