"""Tiny random models, made at test time: a chat Llama, a plain GPT-2 without pad token or template, a T5."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="local models need the extra 'hf'")
transformers = pytest.importorskip("transformers", reason="local models need the extra 'hf'")

from evalkit.models.reference import ModelSettings  # noqa: E402
from evalkit.models.registry import open_backend  # noqa: E402
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, Decoding, Generate, Message, Request  # noqa: E402

CORPUS = [
    "What is the capital of France? The capital of France is Paris.",
    "Name three colours: red, green and blue. Rain falls on the old roofs.",
    "Who wrote Hamlet? Shakespeare wrote it around 1600.",
    "User: hello\nAssistant: hello, how can I help you today?",
    "<think> and </think> mark what is thought, 0 1 2 3 4 5 6 7 8 9",
]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PROMPTS = [
    "What is the capital of France?",
    "Hi",
    "Name three colours, and then tell me about the rain that falls on the old roofs of the town.",
    "Who wrote Hamlet?",
    "0 1 2 3",
    "Rain",
]


def _tokenizer(special: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=list(special), initial_alphabet=alphabet)
    )
    return made


def _save(model: Any, tokenizer: Any, folder: Path) -> Path:
    model.eval().save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


def make_llama(folder: Path, *, template: str | None = TEMPLATE, seed: int = 1, **config: Any) -> Path:
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    )
    tokenizer.chat_template = template
    torch.manual_seed(seed)
    settings = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.6,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    } | config
    return _save(transformers.LlamaForCausalLM(transformers.LlamaConfig(**settings)), tokenizer, folder)


def make_gpt2(folder: Path) -> Path:
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(["<|endoftext|>"]), bos_token="<|endoftext|>", eos_token="<|endoftext|>"
    )
    torch.manual_seed(2)
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=128,
        n_embd=32,
        n_layer=2,
        n_head=4,
        initializer_range=0.6,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _save(transformers.GPT2LMHeadModel(config), tokenizer, folder)


def make_t5(folder: Path) -> Path:
    from tokenizers.processors import TemplateProcessing

    raw = _tokenizer(["<pad>", "</s>"])
    raw.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", pad_token="<pad>")
    torch.manual_seed(3)
    config = transformers.T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        initializer_factor=4.0,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    return _save(transformers.T5ForConditionalGeneration(config), tokenizer, folder)


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
