"""A model's own generation settings are obeyed as transformers' generate obeys them, row by row."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from evalkit.errors import ModelError
from evalkit.records import Answer, Request

Ask = Callable[..., list[Answer]]
Question = Callable[..., Request]

LIKED = [[[token], 900.0] for token in (296, 297, 313, 314, 389, 390)] + [[[token], 800.0] for token in (320, 321)]
"""Words of the first question, which a tiny model never says by itself, and others for when those are forbidden."""
SETTINGS: dict[str, Callable[[list[int]], dict[str, Any]]] = {
    "repetition penalty": lambda _: {"repetition_penalty": 1.8},
    "no repeated pair": lambda _: {"no_repeat_ngram_size": 2},
    "min new tokens": lambda plain: {"min_new_tokens": 9, "eos_token_id": [1, plain[0]]},
    "min length": lambda plain: {"min_length": 40, "eos_token_id": [1, plain[0]]},
    "forced first": lambda _: {"forced_bos_token_id": 42},
    "forced last": lambda _: {"forced_eos_token_id": 1},
    "suppressed": lambda plain: {"suppress_tokens": [plain[1]]},
    "suppressed at first": lambda plain: {"begin_suppress_tokens": [plain[0]]},
    "biased": lambda plain: {"sequence_bias": [[[plain[0]], -30.0], [[plain[1], plain[2]], -30.0]]},
    "what was asked is said again": lambda _: {"encoder_repetition_penalty": 2.5},
    "nothing of what was asked": lambda _: {"sequence_bias": LIKED, "encoder_no_repeat_ngram_size": 1},
    "ends sooner": lambda _: {"exponential_decay_length_penalty": (2, 2.0)},
    "bad words": lambda plain: {"bad_words_ids": [[plain[0]], [plain[1], plain[2]]]},
}
"""By name: the settings, made from what the model writes without them, so that each of them has something to do."""


WITHOUT_EFFECT = {("gpt2", "forced first")}
"""A forced first token is for a text of one token; a causal model's text already holds its prompt."""


def generated(folder: Path, prompt: str) -> tuple[list[int], str]:
    """What transformers' generate writes for one prompt alone, up to the first end token."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    seq2seq = transformers.AutoConfig.from_pretrained(folder).is_encoder_decoder
    kind = transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM
    model = kind.from_pretrained(folder).eval()
    tokens = tokenizer(prompt, return_tensors="pt")["input_ids"]
    mask = torch.ones_like(tokens)
    whole = model.generate(tokens, attention_mask=mask, max_new_tokens=14, do_sample=False, pad_token_id=0)[0]
    written = [int(token) for token in whole[1 if seq2seq else tokens.shape[1] :]]
    given = model.generation_config.eos_token_id
    ends = given if isinstance(given, list) else [given]
    first = next((position for position, token in enumerate(written) if token in ends), len(written))
    return written, str(tokenizer.decode(written[:first], skip_special_tokens=True))


@pytest.mark.parametrize("kind", ["t5", "gpt2"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_batch_under_the_models_own_settings_writes_what_generate_writes(  # noqa: PLR0917 - fixtures
    kind: str, setting: str, request: pytest.FixtureRequest, tmp_path: Path, ask: Ask, question: Question
) -> None:
    prompts = ["Who wrote Hamlet?", "Rain", "Name three colours, and then tell me about the rain on the old roofs."]
    folder = tmp_path / "model"
    shutil.copytree(request.getfixturevalue(kind), folder)
    chosen = SETTINGS[setting](generated(folder, prompts[0])[0])
    generation = transformers.GenerationConfig.from_pretrained(folder)
    ends = chosen.pop("eos_token_id", generation.eos_token_id)
    generation.eos_token_id = ends
    generation.save_pretrained(folder)
    without = generated(folder, prompts[0])[1]
    for name, value in chosen.items():
        setattr(generation, name, value)
    generation.save_pretrained(folder)
    answers = [answer.text for answer in ask(f"hf:{folder}", [question(prompt, max_tokens=14) for prompt in prompts])]
    assert answers == [generated(folder, prompt)[1] for prompt in prompts]
    if (kind, setting) not in WITHOUT_EFFECT:
        assert answers[0] != without


def test_a_setting_that_is_not_obeyed_is_refused_and_not_passed_over(
    gpt2: Path, tmp_path: Path, ask: Ask, question: Question
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(gpt2, folder)
    told = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**told, "guidance_scale": 1.5}))
    with pytest.raises(ModelError, match="asks for guidance_scale, which is not obeyed here"):
        ask(f"hf:{folder}", [question("Rain")])
    (folder / "generation_config.json").write_text(json.dumps({**told, "guidance_scale": 1.0}))
    assert ask(f"hf:{folder}", [question("Rain")])[0].failure is None
