"""The default model for real: fetched, verified, converted once, and asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from default_model import ENTRY, QUESTIONS

pytest.importorskip("torch", reason="the default model needs the extra 'hf'")

from evalkit.errors import ModelError
from evalkit.models import ModelManager
from evalkit.models.catalog import DEFAULT_MODEL
from evalkit.models.fetch import cache_root, sha256_of
from evalkit.models.hf.backend import HfBackend
from evalkit.models.hf.loading.gguf import converted_folder
from evalkit.models.hf.session import HfSession
from evalkit.models.registry import open_backend
from evalkit.records import DEFAULT_CONDITION, Condition, Decoding, Generate, Likelihood, Message, Request


@pytest.fixture(scope="module")
def backend(weights: Path) -> Iterator[HfBackend]:
    assert weights.is_file()
    opened = open_backend(DEFAULT_MODEL)
    assert isinstance(opened, HfBackend)
    opened.load()
    yield opened
    opened.close()


def test_the_cached_file_is_the_pinned_one(weights: Path) -> None:
    assert weights.stat().st_size == ENTRY.package.size
    assert sha256_of(weights) == ENTRY.package.sha256


def test_converted_weights_are_the_files_own_dequantised(weights: Path, backend: HfBackend) -> None:
    import numpy as np
    from gguf import GGUFReader, dequantize
    from safetensors import safe_open

    assert backend.loaded
    tensors = {tensor.name: tensor for tensor in GGUFReader(str(weights)).tensors}
    folder = converted_folder(ENTRY.package.sha256, cache_root())
    pairs = {
        "token_embd.weight": "model.embed_tokens.weight",
        "blk.0.ffn_down.weight": "model.layers.0.mlp.down_proj.weight",
        "blk.29.attn_v.weight": "model.layers.29.self_attn.v_proj.weight",
        "output_norm.weight": "model.norm.weight",
    }
    with safe_open(str(folder / "model.safetensors"), "np") as converted:
        for raw, name in pairs.items():
            expected = dequantize(tensors[raw].data, tensors[raw].tensor_type)
            assert np.array_equal(converted.get_tensor(name), expected.astype(np.float32))
    assert "quantization_config" not in json.loads((folder / "config.json").read_text())


def test_the_chat_template_brings_the_models_own_system_text(backend: HfBackend) -> None:
    from evalkit.models.hf.prompts import render

    tokenizer = backend._tokenizer
    default, special = render(tokenizer, [Message("user", "Hi")])
    assert default == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    assert not special
    own, _ = render(tokenizer, [Message("system", "Be brief."), Message("user", "Hi")])
    assert own.startswith("<|im_start|>system\nBe brief.<|im_end|>\n")


def test_every_digit_is_a_token_and_text_survives_the_tokenizer(backend: HfBackend) -> None:
    tokenizer = backend._tokenizer
    tokens = tokenizer("in  2024", add_special_tokens=False)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(tokens) == ["in", "ĠĠ", "2", "0", "2", "4"]
    for text in ("In 2024, 12345 cats.", " a  b\n\n", "éàü 日本 🙂", "I'll don't"):
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_it_answers_and_a_batch_says_what_each_alone_says(backend: HfBackend) -> None:
    requests = [Request(Generate((Message("user", text),), Decoding(max_tokens=16))) for text in QUESTIONS]
    together = dict(backend.session(DEFAULT_CONDITION).ask(requests))
    alone = dict(backend.session(Condition(batch_size=1)).ask(requests))
    assert [together[n].text for n in range(4)] == [alone[n].text for n in range(4)]
    assert "Paris" in together[0].text
    assert together[0].finish == "stop"
    assert "4" in together[1].text
    assert together[3].finish == "length"


def test_it_finds_the_true_capital_likelier(backend: HfBackend) -> None:
    context = (Message("user", "What is the capital of France?"),)
    words = ("Paris", "London", "Berlin")
    scored = dict(backend.session(DEFAULT_CONDITION).ask([Request(Likelihood(context, word)) for word in words]))
    sums = [sum(scored[n].logprobs or ()) for n in range(3)]
    assert max(sums) == sums[0]


def test_the_manager_needs_two_lines(weights: Path) -> None:
    assert weights.is_file()
    with ModelManager(max_tokens=12) as manager:
        assert "Paris" in manager.generate("What is the capital of France?").text


def test_its_identity_is_known_in_a_process_that_never_imports_torch(backend: HfBackend) -> None:
    program = (
        "import sys; from evalkit.models.registry import describe; print(describe('smollm2-135m').fingerprint); "
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == backend.info.fingerprint


def test_a_gguf_file_named_by_its_path_is_the_same_weights(weights: Path, backend: HfBackend) -> None:
    by_path = open_backend(str(weights))
    request = Request(Generate((Message("user", QUESTIONS[0]),), Decoding(max_tokens=8)))
    expected = dict(backend.session(DEFAULT_CONDITION).ask([request]))[0].text
    assert by_path.info.context_length == 8192
    assert dict(by_path.session(DEFAULT_CONDITION).ask([request]))[0].text == expected
    by_path.close()


def test_a_gguf_file_cut_short_is_refused(weights: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(weights.read_bytes()[:10_000_000])
    with pytest.raises(ModelError, match="damaged or cut short"):
        _ = open_backend(str(cut)).info


def test_a_refilled_batch_with_a_shared_beginning_writes_what_generate_writes(backend: HfBackend) -> None:
    import torch

    from evalkit.models.hf.prompts import encode

    examples = "".join(f"What is {n} plus {n + 1}? It is {2 * n + 1}.\n" for n in range(12))
    texts = [*QUESTIONS, *(f"{examples}What is {n} plus {n}?" for n in range(3))]
    limits = [6, 3, 8, 5, 4, 7, 2]
    session = HfSession(lambda: backend._engine("float32"), DEFAULT_CONDITION, 3, lambda: None, backend.work)
    shared = backend.work.shared_tokens
    found = dict(session.ask([_question(text, limit) for text, limit in zip(texts, limits, strict=True)]))
    session.close()
    assert backend.work.shared_tokens - shared > 200
    engine = backend._engine("float32")
    for place, (text, limit) in enumerate(zip(texts, limits, strict=True)):
        prompt = torch.tensor([encode(engine.tokenizer, [Message("user", text)]).tokens])
        out = engine.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=limit,
            do_sample=False,
            return_dict_in_generate=True,
            output_logits=True,
        )
        expected = [int(token) for token in out.sequences[0, prompt.shape[1] :] if int(token) not in engine.end_tokens]
        own = engine.tokenizer.convert_tokens_to_ids(list(found[place].tokens or ()))
        differ = next((at for at, pair in enumerate(zip(own, expected, strict=False)) if pair[0] != pair[1]), None)
        if differ is None:
            assert len(own) == len(expected)
        else:
            best, second = out.logits[differ][0].topk(2).values.tolist()
            assert best - second < 1e-4


def _question(text: str, limit: int) -> Request:
    ask = Generate((Message("user", text),), Decoding(max_tokens=limit))
    return Request(ask, wants=frozenset({"tokens"}))
