"""Likelihoods of many requests at once: the numbers of each alone, and nothing read twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny_models import _save, _tokenizer

from evalkit.models.hf.likelihoods import packing, shared_context
from evalkit.models.hf.likelihoods.likelihood import Pair, score
from evalkit.models.hf.likelihoods.packing import packable_depth
from evalkit.models.hf.likelihoods.shared_context import Room, Scored, SharedContexts
from evalkit.models.hf.likelihoods.stem import Stem
from evalkit.models.hf.loading.engine import Engine, load_engine
from evalkit.models.hf.options import HfOptions
from evalkit.models.hf.work import Work
from evalkit.models.registry import open_backend
from evalkit.records import Answer, Condition, FailureKind, Likelihood, Request

Ask = Callable[..., list[Answer]]

ROOMS = {
    "all in one": Room(512, 1, 2**25),
    "one row at a time": Room(24, 1, 2**25),
    "several rows": Room(30, 3, 2**25),
    "few logits": Room(64, 8, 2_400),
}


def engine_of(folder: Path) -> Engine:
    return load_engine(folder, HfOptions(root=folder), "cpu", "float32")


def made(folder: Path, architecture: str, **config: Any) -> Engine:
    """A random model of any architecture, with the tokenizer of the others."""
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(["<|endoftext|>", "<|im_end|>"]), eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    settings: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.6,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 0,
    }
    torch.manual_seed(5)
    configuration = getattr(transformers, f"{architecture}Config")(**settings | config)
    return engine_of(_save(getattr(transformers, f"{architecture}ForCausalLM")(configuration), tokenizer, folder))


def asked() -> list[Pair]:
    """Questions with a common header and one without, four continuations each; continuations of one token; one pair
    inside another; one twice; contexts that are other pairs' continuations."""
    draw = random.Random(1)

    def tokens(count: int) -> tuple[int, ...]:
        return tuple(draw.randrange(3, 300) for _ in range(count))

    header = tokens(20)
    pairs = []
    for question in range(6):
        context = (header if question != 3 else ()) + tokens(draw.randrange(3, 30))
        pairs += [Pair(context, tokens(draw.randrange(1, 6))) for _ in range(4)]
    context = tokens(9)
    pairs += [Pair(context, tokens(1)) for _ in range(4)]
    pairs += [Pair(context + pairs[-1].continuation, tokens(3)), Pair(context[:1], context[1:] + tokens(2)), pairs[0]]
    return [*pairs, Pair(tokens(1), tokens(1)), Pair(header, tokens(4)), Pair(header[:5], header[5:])]


@dataclass
class Reads:
    tokens: list[int] = field(default_factory=list)
    """Of every pass, pads included."""
    predicted: list[int] = field(default_factory=list)
    """Of every pass, the places that logits over the vocabulary were computed at."""


@contextmanager
def counted(engine: Engine) -> Iterator[Reads]:
    reads = Reads()
    forward = engine.model.forward

    def counting(*args: Any, **options: Any) -> Any:
        output = forward(*args, **options)
        reads.tokens.append(options["input_ids"].numel())
        reads.predicted.append(output.logits.shape[0] * output.logits.shape[1])
        return output

    engine.model.forward = counting
    try:
        yield reads
    finally:
        engine.model.forward = forward


Numbers = tuple[list[float], list[float] | None]


def assert_alike(expected: Sequence[Numbers], found: Sequence[Scored]) -> None:
    assert sorted(one.place for one in found) == list(range(len(expected)))
    for one in found:
        logprobs, margins = expected[one.place]
        assert one.logprobs == pytest.approx(logprobs, abs=1e-4)
        assert one.margins == pytest.approx(margins, abs=5e-4)


@pytest.fixture(scope="module")
def alone(engines: dict[str, Engine]) -> Callable[[str], list[Numbers]]:
    """What each of the pairs gets when it is read by itself."""
    return cache(lambda kind: [score(engines[kind], [pair])[0] for pair in asked()])


@pytest.fixture(scope="module")
def engines(llama: Path, gpt2: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Engine]:
    def folder(name: str) -> Path:
        return tmp_path_factory.mktemp(name)

    return {
        "llama": engine_of(llama),
        "gpt2": engine_of(gpt2),
        "qwen2": made(folder("qwen2"), "Qwen2"),
        "gemma2": made(folder("gemma2"), "Gemma2", sliding_window=64, head_dim=8, query_pre_attn_scalar=8),
        "opt": made(folder("opt"), "OPT", ffn_dim=64, word_embed_proj_dim=32),
    }


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen2", "gemma2", "opt"])
def test_every_number_is_that_of_the_pair_alone(
    kind: str, room: str, engines: dict[str, Engine], alone: Callable[[str], list[Numbers]]
) -> None:
    engine, pairs = engines[kind], asked()
    contexts = SharedContexts(engine, room=ROOMS[room])
    assert all(contexts.can(pair) for pair in pairs)
    assert_alike(alone(kind), list(contexts.score(pairs, margins=True)))
    # a second time, behind what the first has left
    assert_alike(alone(kind)[::2], list(contexts.score(pairs[::2], margins=True)))


@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        ("Bloom", {"n_layer": 2, "n_head": 4}),  # positions are distances between columns
        ("Mamba", {}),  # a state instead of attention
        ("Mistral", {"sliding_window": 8}),
        ("Qwen2", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}),
        ("Lfm2", {"layer_types": ["conv", "full_attention"]}),
        ("GPTNeo", {"num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]], "window_size": 8}),
    ],
)
def test_models_that_cannot_be_asked_so_are_told_apart(
    architecture: str, config: dict[str, Any], tmp_path: Path
) -> None:
    assert packable_depth(made(tmp_path, architecture, **config)) < 9


def test_texts_longer_than_a_models_window_are_read_as_rows(engines: dict[str, Engine]) -> None:
    contexts = SharedContexts(engines["gemma2"])
    assert contexts.can(Pair(tuple(range(60)), (1, 2, 3, 4)))
    assert not contexts.can(Pair(tuple(range(60)), (1, 2, 3, 4, 5)))


def test_a_model_that_goes_by_its_columns_is_found_by_trying(
    engines: dict[str, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines["llama"]
    forward = engine.model.forward

    def deaf(*args: Any, **options: Any) -> Any:
        if options["attention_mask"].ndim == 4:
            del options["position_ids"]
        return forward(*args, **options)

    monkeypatch.setattr(engine.model, "forward", deaf)
    assert packable_depth(engine) == 0
    monkeypatch.undo()
    assert packable_depth(engine) == packing.NO_LIMIT


@pytest.mark.parametrize("room", ROOMS)
def test_the_account_is_what_went_through_the_model(room: str, engines: dict[str, Engine]) -> None:
    engine, pairs, work = engines["llama"], asked(), Work()
    contexts = SharedContexts(engine, work, room=ROOMS[room])
    assert contexts.can(pairs[0])
    with counted(engine) as reads:
        list(contexts.score(pairs, margins=False))
    assert work.computed_tokens + work.padded_tokens == sum(reads.tokens)
    assert work.prompts == len(pairs)
    assert work.prompt_tokens == sum(len(pair.context) + len(pair.continuation) - 1 for pair in pairs)
    assert work.computed_tokens + work.shared_tokens == work.prompt_tokens
    assert work.shared_tokens > 0
    assert work.prefill_seconds > 0


def test_pairs_read_as_rows_are_accounted_for_with_their_pads(engines: dict[str, Engine]) -> None:
    engine, work = engines["llama"], Work()
    with counted(engine) as reads:
        score(engine, [Pair((5, 6, 7), (8, 9)), Pair((5, 6), (8,)), Pair((5, 6), (9,))], work=work)
    assert reads.tokens == [8]
    assert (work.prompt_tokens, work.computed_tokens, work.shared_tokens, work.padded_tokens) == (8, 6, 2, 2)


def test_options_of_one_token_cost_one_reading_of_their_context(engines: dict[str, Engine]) -> None:
    context = tuple(range(10, 60))
    contexts = SharedContexts(engines["llama"])
    assert contexts.can(Pair(context, (1,)))
    with counted(engines["llama"]) as reads:
        found = list(contexts.score([Pair(context, (token,)) for token in (5, 6, 7, 8)], margins=False))
    assert reads.tokens == [50]
    assert reads.predicted == [1]
    assert sorted(one.place for one in found) == [0, 1, 2, 3]
    assert {one.together for one in found} == {4}
    assert all(one.margins is None for one in found)


def test_a_context_is_read_once_for_all_its_continuations(engines: dict[str, Engine]) -> None:
    context = tuple(range(10, 60))
    ends = [(1, 2, 3), (1, 2, 4), (5, 6), (7,)]
    contexts = SharedContexts(engines["llama"])
    contexts.can(Pair(context, (1,)))
    with counted(engines["llama"]) as reads:
        list(contexts.score([Pair(context, end) for end in ends], margins=False))
    # last tokens are not read; 1 and 2 are read once: the context and [1, 2], [5]
    assert reads.tokens == [53]
    assert reads.predicted == [4]


def test_a_header_of_all_questions_is_read_once_also_for_later_calls(engines: dict[str, Engine]) -> None:
    header = tuple(range(10, 50))
    questions = [[Pair((*header, 60 + n, 70 + n), (5, token)) for token in (6, 7)] for n in range(8)]
    contexts = SharedContexts(engines["llama"], room=Room(48, 1, 2**25))
    contexts.can(questions[0][0])
    with counted(engines["llama"]) as reads:
        list(contexts.score([pair for question in questions for pair in question], margins=False))
        list(contexts.score(questions[0], margins=False))
    assert reads.tokens == [40, 8 * 3, 3]


def test_a_context_longer_than_a_pass_is_read_once(engines: dict[str, Engine]) -> None:
    context = tuple(range(10, 110))
    contexts = SharedContexts(engines["llama"], room=Room(32, 1, 2**25))
    contexts.can(Pair(context, (1,)))
    with counted(engines["llama"]) as reads:
        list(contexts.score([Pair(context, (1, token)) for token in range(5)], margins=False))
    assert reads.tokens == [99, 2]


def test_a_long_text_is_never_a_tree_whose_mask_grows_by_its_square(
    engines: dict[str, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_context, "LONG", 30)
    pairs = [Pair(tuple(range(10, 90)), (5, 6)), Pair((7, 8), (9,)), Pair(tuple(range(20, 60)), tuple(range(30)))]
    contexts = SharedContexts(engines["llama"], room=Room(32, 4, 2**25))
    assert all(map(contexts.can, pairs))
    assert not contexts.can(Pair((1,), tuple(range(31))))
    squares = []
    real = shared_context.forward

    def watching(engine: Engine, rows: Any, behind: int, cache: Any) -> Any:
        squares.append(max(len(row.tokens) for row in rows))
        return real(engine, rows, behind, cache)

    monkeypatch.setattr(shared_context, "forward", watching)
    found = list(contexts.score(pairs, margins=True))
    assert_alike([score(engines["llama"], [pair])[0] for pair in pairs], found)
    assert sorted(squares) == [2, 2, 30]


def test_so_many_pairs_at_once_as_somebody_said(
    engines: dict[str, Engine], alone: Callable[[str], list[Numbers]]
) -> None:
    found = list(SharedContexts(engines["llama"], most=3).score(asked(), margins=True))
    assert max(one.together for one in found) == 3
    assert_alike(alone("llama"), found)


def test_a_reading_that_fails_leaves_no_half_read_stem(
    engines: dict[str, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines["llama"]
    stem = Stem(engine)
    stem.become((1, 2, 3))

    def broken(**_: Any) -> Any:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(engine.model, "forward", broken)
        with pytest.raises(RuntimeError, match="broken"):
            stem.become((1, 2, 3, 4))
    assert stem.tokens == ()
    with counted(engine) as reads:
        stem.become((1, 2, 3, 4))
    assert reads.tokens == [4]


def requests() -> list[Request]:
    contexts = ["The capital of France is", "Name three colours, and then"]
    return [Request(Likelihood(context, f" {end}")) for context in contexts for end in ("Paris", "red", "Rain falls")]


def watched(llama: Path, monkeypatch: pytest.MonkeyPatch, fails: Callable[[Any], bool]) -> tuple[Any, list[int]]:
    """A backend whose model raises where ``fails`` says so, and the sizes of the trees that it was asked to read."""
    backend: Any = open_backend(f"hf:{llama}")
    backend.load()
    (engine,) = backend._engines.values()
    forward, trees = engine.model.forward, []

    def failing(*args: Any, **options: Any) -> Any:
        if options["attention_mask"].ndim == 4:
            trees.append(options["input_ids"].numel())
            if len(trees) > 1 and fails(options["input_ids"]):  # the first is the trial
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return forward(*args, **options)

    monkeypatch.setattr(engine.model, "forward", failing)
    return backend, trees


def test_when_memory_runs_out_passes_are_made_smaller_and_at_last_rows(
    llama: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ask(f"hf:{llama}", requests(), Condition(batch_size=1))
    backend, trees = watched(llama, monkeypatch, lambda _: True)
    found = dict(backend.session(Condition()).ask(requests()))
    assert len(trees) >= 5, "512, 256, 128 and 64 tokens in a pass, after the trial"
    for position, answer in enumerate(expected):
        assert found[position].failure is None
        assert found[position].logprobs == pytest.approx(answer.logprobs, abs=1e-4)


@pytest.mark.parametrize(
    "condition", [Condition(batch_size=4), Condition(order="reversed"), Condition(kv_cache=False), Condition(threads=1)]
)
def test_a_condition_means_rows_as_they_always_were(
    condition: Condition, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, trees = watched(llama, monkeypatch, lambda _: False)
    found = dict(backend.session(condition).ask(requests()))
    assert trees == []
    assert {answer.failure for answer in found.values()} == {None}


def test_without_a_condition_requests_are_read_together(llama: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, trees = watched(llama, monkeypatch, lambda _: False)
    found = dict(backend.session(Condition()).ask(requests()))
    assert len(trees) == 2, "the trial and one pass"
    expected = ask(f"hf:{llama}", requests(), Condition(batch_size=1))
    assert [found[position].logprobs for position in range(6)] == [
        pytest.approx(answer.logprobs, abs=1e-4) for answer in expected
    ]


@pytest.mark.parametrize("condition", [Condition(), Condition(batch_size=2)], ids=["together", "rows"])
def test_a_model_whose_logits_are_no_numbers_fails_and_is_not_scored(
    condition: Condition, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend: Any = open_backend(f"hf:{llama}")
    backend.load()
    (engine,) = backend._engines.values()
    forward = engine.model.forward

    def broken(*args: Any, **options: Any) -> Any:
        output = forward(*args, **options)
        output.logits[0] = float("nan")
        return output

    session = backend.session(condition)
    assert {answer.failure for _, answer in session.ask(requests()[:2])} == {None}  # and the trial is over
    monkeypatch.setattr(engine.model, "forward", broken)
    found = dict(session.ask(requests()[:1]))
    assert found[0].failure is not None
    assert found[0].failure.kind is FailureKind.INTERNAL
    assert found[0].logprobs is None


def test_an_encoder_reads_every_context_once(t5: Path) -> None:
    engine = engine_of(t5)
    pairs = [Pair((5, 6, 7, 8), (9, number)) for number in range(10, 14)] + [Pair((20, 21), (9, 9, 9))]
    encoder, rows = engine.model.get_encoder(), []
    forward = encoder.forward

    def counting(*args: Any, **options: Any) -> Any:
        rows.append(len(options["input_ids"]))
        return forward(*args, **options)

    encoder.forward = counting
    found = score(engine, pairs)
    assert rows == [2]
    for pair, (logprobs, margins) in zip(pairs, found, strict=True):
        ((alone, leads),) = score(engine, [pair])
        assert logprobs == pytest.approx(alone, abs=5e-4)
        assert margins == pytest.approx(leads, abs=1e-3)


def test_rows_that_differ_in_the_last_token_alone_are_one_row(engines: dict[str, Engine]) -> None:
    with counted(engines["llama"]) as reads:
        score(engines["llama"], [Pair((5, 6, 7), (9, number)) for number in range(10, 14)])
    assert reads.tokens == [4]
