"""Models that count positions, look about or write in ways of their own: the numbers and texts of each text alone.

The measure is a loop in this file: one forward pass over one text that is told nothing else, a softmax in float64, and
``model.generate`` over one prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny_models import _plain_tokenizer

from evalkit.models.hf.likelihoods.likelihood import Rows, encode_pair, score
from evalkit.models.hf.likelihoods.packing import packable_depth
from evalkit.models.hf.likelihoods.rows import rows_of
from evalkit.models.hf.loading.engine import Engine, _engine
from evalkit.models.hf.options import HfOptions
from evalkit.models.hf.session import HfSession
from evalkit.models.hf.stream.trials import KNOWN
from evalkit.models.hf.work import Work
from evalkit.models.hf.writing.own_way import writes_plainly
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, FailureKind, Likelihood, Request

Question = Callable[..., Request]

SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
    "initializer_range": 0.4,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
BART: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 128,
    "init_std": 0.4,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "decoder_start_token_id": 2,
}
XLM = {"emb_dim": 32, "n_layers": 2, "n_heads": 4, "embed_init_std": 0.4, "init_std": 0.4, "pad_index": 1}
XLNET = {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64, "initializer_range": 0.4}
MAMBA = {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8, "initializer_range": 0.6}
BLOOM = {"hidden_size": 32, "n_layer": 2, "n_head": 4, "initializer_range": 0.6}
CAUSAL: dict[str, tuple[str, dict[str, Any]]] = {
    "positions from another number": ("roberta", SMALL | {"is_decoder": True}),
    "the same, after a layer norm": ("xlm-roberta-xl", SMALL | {"is_decoder": True}),
    "columns are positions": ("bart", BART),
    "rotated by columns": ("roformer", SMALL | {"is_decoder": True, "embedding_size": 32}),
    "a recurrent state": ("rwkv", {"hidden_size": 32, "num_hidden_layers": 2}),
    "a state and a convolution": ("mamba", MAMBA),
    "distances": ("bloom", BLOOM),
    "a mask that must be told to look back": ("bert", SMALL | {"is_decoder": True}),
}
AHEAD: dict[str, tuple[str, dict[str, Any]]] = {
    "an encoder": ("bert", SMALL),
    "an encoder with positions of its own": ("roberta", SMALL),
    "permutations": ("xlnet", XLNET),
    "masks": ("xlm", XLM),
}
SEQ2SEQ: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("bart", BART),
    "told by one road what not to look at": (
        "fsmt",
        BART | {"langs": ["de", "en"], "eos_token_id": 2, "forced_eos_token_id": None, "num_beams": 3},
    ),
}
PAIRS = [
    (context, end)
    for context in ("The capital of France is", "Name three colours, and then tell me about the rain", "Hi")
    for end in (" Paris", " red, green and blue", " Rain")
]


def made(kind: str, settings: dict[str, Any], seq2seq: bool = False) -> Engine:
    tokenizer = _plain_tokenizer()
    sizes = {"vocab_size": len(tokenizer), "src_vocab_size": len(tokenizer), "tgt_vocab_size": len(tokenizer)}
    sizes = {
        name: sizes[name] for name in (("src_vocab_size", "tgt_vocab_size") if kind == "fsmt" else ("vocab_size",))
    }
    if kind == "xlm":
        sizes = {"n_words": len(tokenizer)}
    torch.manual_seed(5)
    config = transformers.AutoConfig.for_model(kind, **(settings | sizes))
    auto = transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM
    model = auto.from_config(config).float().eval()
    return _engine(model, tokenizer, "cpu", seq2seq, HfOptions(root=Path()))


def answers(engine: Engine, requests: Sequence[Request], condition: Condition = DEFAULT_CONDITION) -> list[Answer]:
    session = HfSession(lambda: engine, condition, None, lambda: None, Work())
    found = dict(session.ask(requests))
    return [found[position] for position in range(len(requests))]


def plain_logprobs(engine: Engine, context: str, end: str) -> list[float]:
    """One text in one forward pass, whose last logits predict nothing that is asked for."""
    pair = encode_pair(engine, Likelihood(context, end))
    targets = torch.tensor(pair.continuation)
    with torch.inference_mode():
        if engine.seq2seq:
            written = torch.tensor([[engine.model.config.decoder_start_token_id, *pair.continuation[:-1]]])
            logits = engine.model(torch.tensor([pair.context]), decoder_input_ids=written, use_cache=False).logits[0]
        else:
            whole = [*pair.context, *pair.continuation]
            logits = engine.model(torch.tensor([whole])).logits[0, len(pair.context) - 1 : -1]
    return torch.log_softmax(logits.double(), -1)[torch.arange(len(targets)), targets].tolist()


def generated(engine: Engine, prompt: str, count: int) -> str:
    tokens = engine.tokenizer(prompt, return_tensors="pt")["input_ids"]
    written = engine.model.generate(
        tokens,
        attention_mask=torch.ones_like(tokens),
        max_new_tokens=count,
        do_sample=False,
        num_beams=1,
        pad_token_id=1,
    )
    return str(
        engine.tokenizer.decode(written[0, 1 if engine.seq2seq else tokens.shape[1] :], skip_special_tokens=True)
    )


@pytest.mark.parametrize("condition", [DEFAULT_CONDITION, Condition(batch_size=4)], ids=["free", "in fours"])
@pytest.mark.parametrize("what", [*CAUSAL, *SEQ2SEQ])
def test_likelihoods_are_those_of_one_plain_pass_over_each_text(what: str, condition: Condition) -> None:
    kind, settings = CAUSAL.get(what) or SEQ2SEQ[what]
    engine = made(kind, settings, what in SEQ2SEQ)
    found = answers(engine, [Request(Likelihood(*pair)) for pair in PAIRS], condition)
    spread = set()
    for pair, answer in zip(PAIRS, found, strict=True):
        assert answer.failure is None
        assert answer.logprobs == pytest.approx(plain_logprobs(engine, *pair), abs=1e-3)
        spread.update(answer.logprobs or ())
    assert max(spread) - min(spread) > 0.5, "numbers that are all alike would tell nothing"


@pytest.mark.parametrize("what", AHEAD)
def test_a_model_that_looks_ahead_has_no_likelihoods(what: str) -> None:
    found = answers(made(*AHEAD[what]), [Request(Likelihood(*pair)) for pair in PAIRS])
    for answer in found:
        assert answer.failure is not None
        assert answer.failure.kind is FailureKind.UNSUPPORTED
        assert "looks ahead" in answer.failure.message
        assert "ask a causal language model" in answer.failure.message
        assert ("is_decoder" in answer.failure.message) == ("an encoder" in what)


def test_looking_ahead_is_found_out_once_for_all_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Engine] = []

    def counted(engine: Engine) -> Rows:
        tried.append(engine)
        return rows_of(engine)

    monkeypatch.setattr("evalkit.models.hf.session.rows_of", counted)
    requests = [Request(Likelihood(context, f"{end} {number}")) for context, end in PAIRS for number in range(3)]
    assert len(requests) > 16, "more than a batch"
    assert all(answer.failure for answer in answers(made(*AHEAD["an encoder"]), requests))
    assert len(tried) == 1


@pytest.mark.parametrize("what", ["an encoder", "permutations", "masks", "positions from another number"])
def test_models_of_every_kind_write_what_generate_writes(what: str, question: Question, prompts: list[str]) -> None:
    kind, settings = CAUSAL.get(what) or AHEAD[what]
    engine = made(kind, settings)
    assert writes_plainly(engine) is (what in CAUSAL)
    found = answers(engine, [question(prompt, max_tokens=6 + n) for n, prompt in enumerate(prompts)])
    assert [one.text for one in found] == [generated(engine, prompt, 6 + n) for n, prompt in enumerate(prompts)]
    assert len({one.text for one in found}) > 1


@pytest.mark.parametrize("what", SEQ2SEQ)
def test_seq2seq_models_write_what_generate_writes(what: str, question: Question, prompts: list[str]) -> None:
    engine = made(*SEQ2SEQ[what], seq2seq=True)
    found = answers(engine, [question(prompt, max_tokens=6 + n) for n, prompt in enumerate(prompts)])
    assert [one.text for one in found] == [generated(engine, prompt, 6 + n) for n, prompt in enumerate(prompts)]


def test_what_generate_writes_obeys_the_request_all_the_same(question: Question) -> None:
    engine = made(*AHEAD["permutations"])
    plain = answers(engine, [question("Rain", max_tokens=12, wants=["logprobs", "margins", "tokens"])])[0]
    assert plain.output_tokens == len(plain.tokens or ()) == len(plain.logprobs or ()) == len(plain.margins or ()) == 12
    assert min(plain.margins or ()) >= 0
    letter = plain.text[3]
    stopped, sampled, again, other = answers(
        engine,
        [
            question("Rain", max_tokens=12, stop=(letter,)),
            *(question("Rain", max_tokens=12, temperature=2.0, seed=seed) for seed in (1, 1, 2)),
        ],
    )
    assert (stopped.text, stopped.finish) == (plain.text[: plain.text.index(letter)], "stop")
    assert sampled.text == again.text
    assert len({plain.text, sampled.text, other.text}) == 3
    assert {answer.timing.batch for answer in (plain, stopped, sampled)} == {1}


@pytest.mark.parametrize(
    "condition", [Condition(batch_size=3), Condition(order="copies"), Condition(padding="left:2", batch_size=1)]
)
def test_a_model_with_a_way_of_its_own_refuses_to_be_laid_out_otherwise(
    condition: Condition, question: Question
) -> None:
    (answer,) = answers(made(*AHEAD["permutations"]), [question("Rain")], condition)
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.UNSUPPORTED


def test_what_is_not_alike_side_by_side_is_read_alone() -> None:
    engine = made(*SEQ2SEQ["told by one road what not to look at"], seq2seq=True)
    assert rows_of(engine) is Rows.ALONE
    assert rows_of(made(*CAUSAL["columns are positions"])) is Rows.BEHIND
    work = Work()
    pairs = [encode_pair(engine, Likelihood(*pair)) for pair in PAIRS]
    score(engine, pairs, work=work, rows=Rows.ALONE)
    assert (work.prefills, work.padded_tokens) == (len(pairs), 0)


def test_a_model_whose_positions_do_not_begin_with_zero_is_not_read_as_a_tree() -> None:
    assert packable_depth(made(*CAUSAL["positions from another number"])) == 0
    assert packable_depth(made(*CAUSAL["a mask that must be told to look back"])) > 0


@pytest.mark.parametrize("kind", sorted(KNOWN))
def test_kinds_that_are_not_tried_are_padded_and_written_plainly(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = made(kind, SMALL | {"head_dim": 8, "num_key_value_heads": 4} if kind != "opt" else SMALL | OPT)
    monkeypatch.setattr("evalkit.models.hf.likelihoods.rows.KNOWN", frozenset())
    monkeypatch.setattr("evalkit.models.hf.writing.own_way.KNOWN", frozenset())
    assert rows_of(engine) is Rows.PADDED
    assert writes_plainly(engine)


OPT = {"ffn_dim": 64, "word_embed_proj_dim": 32}


def test_an_empty_context_of_an_encoder_is_the_beginning_of_a_text() -> None:
    engine = made("bart", BART, seq2seq=True)
    (answer,) = answers(engine, [Request(Likelihood("", "Name three colours"))])
    assert answer.failure is None
    assert encode_pair(engine, Likelihood("", "Name")).context == (engine.tokenizer.bos_token_id,)
