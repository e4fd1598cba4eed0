"""The batch that is refilled: every row writes what it would write alone, whoever comes, goes and stands beside it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny_models import make_causal

from evalkit.models.hf import session
from evalkit.models.hf.backend import HfBackend
from evalkit.models.hf.stream import kept, shared, stream, trials
from evalkit.models.hf.stream.slot_layers import Room
from evalkit.models.hf.stream.slots import Slots, can_stream, prefill
from evalkit.models.hf.stream.trials import KNOWN, exchangeable, shareable
from evalkit.models.hf.work import Work
from evalkit.models.reference import ModelSettings
from evalkit.models.registry import open_backend
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, FailureKind, Likelihood, Request

Question = Callable[..., Request]
ATTENTION = {
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
TIE = 1e-4
"""Where a row is not generate's, the two best logits must be this close."""


@pytest.fixture(scope="session")
def qwen2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_causal(tmp_path_factory.mktemp("qwen2"), "qwen2", **ATTENTION)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short beginnings are shared, too, so that tests can be short."""
    monkeypatch.setattr(shared, "WORTH", 8)
    monkeypatch.setattr(stream, "BASE", 12)
    monkeypatch.setattr(stream, "ROUND", 3)


@pytest.fixture
def opened() -> Iterator[Callable[..., HfBackend]]:
    backends = []

    def run(folder: Path, batch_size: int | None = None) -> HfBackend:
        made = open_backend(f"hf:{folder}", ModelSettings(batch_size=batch_size))
        assert isinstance(made, HfBackend)
        backends.append(made)
        return made

    yield run
    for backend in backends:
        backend.close()


def answers_of(
    backend: HfBackend, requests: Sequence[Request], condition: Condition = DEFAULT_CONDITION
) -> list[Answer]:
    asked = backend.session(condition)
    found: dict[int, Answer] = {}
    for position, answer in asked.ask(requests):
        assert position not in found
        found[position] = answer
    asked.close()
    assert sorted(found) == list(range(len(requests)))
    return [found[position] for position in range(len(requests))]


class Reference:
    """transformers' generate over one prompt alone, and how far each token was ahead."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        config = transformers.AutoConfig.from_pretrained(folder)
        self.seq2seq = bool(config.is_encoder_decoder)
        kind = transformers.AutoModelForSeq2SeqLM if self.seq2seq else transformers.AutoModelForCausalLM
        self.model = kind.from_pretrained(folder, dtype=torch.float32).eval()

    def write(self, prompt: str, max_tokens: int) -> tuple[list[int], list[float]]:
        text, special = prompt, True
        if self.tokenizer.chat_template:
            chat = [{"role": "user", "content": prompt}]
            text = self.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
            special = False
        tokens = self.tokenizer(text, add_special_tokens=special, return_tensors="pt")["input_ids"]
        out = self.model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=max_tokens,
            do_sample=False,
            pad_token_id=0,
            return_dict_in_generate=True,
            output_logits=True,
        )
        start = 1 if self.seq2seq else tokens.shape[1]
        written = [int(token) for token in out.sequences[0, start:]]
        two = [step[0].float().topk(2).values for step in out.logits]
        return written, [float(best - second) for best, second in two]

    def assert_same(self, answer: Answer, prompt: str, max_tokens: int) -> None:
        assert answer.failure is None, answer.failure
        expected, margins = self.write(prompt, max_tokens)
        ends = self.model.generation_config.eos_token_id
        if expected and expected[-1] in (ends if isinstance(ends, list) else [ends]):
            expected = expected[:-1]
        own = self.tokenizer.convert_tokens_to_ids(list(answer.tokens or ()))
        for place, (mine, theirs) in enumerate(itertools.zip_longest(own, expected)):
            if mine != theirs:
                assert margins[place] < TIE, f"token {place} of {prompt!r}: {mine} and not {theirs}"
                return


LIMITS = [20, 1, 9, 30, 4, 13]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, None])
@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen2", "t5"])
def test_a_refilled_batch_writes_what_generate_writes(  # noqa: PLR0917 - fixtures
    kind: str,
    batch_size: int | None,
    request: pytest.FixtureRequest,
    opened: Callable[..., HfBackend],
    question: Question,
    prompts: list[str],
) -> None:
    folder = request.getfixturevalue(kind)
    asked = list(zip(prompts, LIMITS, strict=True))
    answers = answers_of(opened(folder, batch_size), [question(p, max_tokens=n, wants=["tokens"]) for p, n in asked])
    reference = Reference(folder)
    for answer, (prompt, limit) in zip(answers, asked, strict=True):
        reference.assert_same(answer, prompt, limit)
    assert len({answer.text for answer in answers}) > 1


FIRST = "Rain falls on the old roofs of the town. Red, green and blue are three colours. "
SECOND = "Who wrote Hamlet? Shakespeare wrote it around 1600. User: hello. Assistant: hello. "


def test_any_of_several_end_tokens_ends_a_row(
    llama_maker: Callable[..., Path], tmp_path: Path, opened: Callable[..., HfBackend], question: Question
) -> None:
    """Of rows of one token, of very different lengths, and twice the same prompt with other limits."""
    ends = list(range(2, 400, 25))
    folder = llama_maker(tmp_path, seed=7, template=None, eos_token_id=ends)
    asked = [(text * times, limit) for text in ("Rain", "Hi ", "0 1 2 ") for times in (1, 9, 25) for limit in (1, 40)]
    answers = answers_of(opened(folder, 4), [question(p, max_tokens=n, wants=["tokens"]) for p, n in asked])
    reference = Reference(folder)
    for answer, (prompt, limit) in zip(answers, asked, strict=True):
        reference.assert_same(answer, prompt, limit)
    assert {answer.finish for answer in answers} == {"stop", "length"}


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("base", [12, 10_000], ids=["joint", "copied"])
@pytest.mark.parametrize("batch_size", [1, 3, None])
@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen2"])
def test_prompts_that_share_beginnings_write_what_each_writes_alone(  # noqa: PLR0917 - fixtures
    kind: str,
    batch_size: int | None,
    base: int,
    request: pytest.FixtureRequest,
    opened: Callable[..., HfBackend],
    question: Question,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "BASE", base)
    folder = request.getfixturevalue(kind)
    asked = [(f"{text}{'0 1 ' * (n % 3)}{n}?", 3 + 2 * n) for text in (FIRST, SECOND) for n in range(5)]
    asked += [("Rain", 7), (FIRST, 6), ("Hi", 5)]
    backend = opened(folder, batch_size)
    answers = answers_of(backend, [question(p, max_tokens=n, wants=["tokens"]) for p, n in asked])
    reference = Reference(folder)
    for answer, (prompt, limit) in zip(answers, asked, strict=True):
        reference.assert_same(answer, prompt, limit)
    work = backend.work
    assert work.prompt_tokens == sum(answer.prompt_tokens or 0 for answer in answers)
    assert work.shared_tokens > work.prompt_tokens / 3
    assert work.shared_tokens + work.computed_tokens == work.prompt_tokens


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_prompt_that_others_go_on_from_and_one_that_many_ask_write_what_each_writes_alone(
    kind: str, request: pytest.FixtureRequest, opened: Callable[..., HfBackend], question: Question
) -> None:
    """With answers of one token, and a prompt of one letter beside long ones."""
    folder = request.getfixturevalue(kind)
    asked = [(FIRST, 1), (FIRST + SECOND, 6), (FIRST[:10], 9), (FIRST * 2, 3), ("R", 1), *[(f"{FIRST}who?", 5)] * 64]
    answers = answers_of(opened(folder), [question(p, max_tokens=n, wants=["tokens"]) for p, n in asked])
    reference = Reference(folder)
    for answer, (prompt, limit) in list(zip(answers, asked, strict=True))[:6]:
        reference.assert_same(answer, prompt, limit)
    assert len({answer.tokens for answer in answers[5:]}) == 1


@pytest.mark.usefixtures("cheap")
def test_a_beginning_is_kept_for_the_prompts_of_later_rounds(
    llama: Path, opened: Callable[..., HfBackend], question: Question
) -> None:
    backend = opened(llama)
    asked = backend.session(DEFAULT_CONDITION)
    first = [question(f"{FIRST}{n}?", wants=["tokens"]) for n in range(6)]
    second = [question(f"{FIRST}and {n}?", wants=["tokens"]) for n in range(6, 12)]
    dict(asked.ask(first))
    before = backend.work.computed_tokens
    found = dict(asked.ask(second))
    header = len(asked._kept._kept[0].tokens)
    computed = backend.work.computed_tokens - before
    assert computed <= sum((answer.prompt_tokens or 0) for answer in found.values()) - 6 * (header - 3)
    reference = Reference(llama)
    for place, answer in found.items():
        reference.assert_same(answer, f"{FIRST}and {place + 6}?", 12)
    asked.close()


@pytest.mark.usefixtures("cheap")
def test_what_is_kept_stays_within_its_bound(
    llama: Path, opened: Callable[..., HfBackend], question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "KEPT_BYTES", 60_000)
    backend = opened(llama)
    asked = backend.session(DEFAULT_CONDITION)
    texts = [f"{text}{n}?" for text in (FIRST, SECOND, FIRST[::-1], SECOND[::-1]) for n in range(3)]
    found = dict(asked.ask([question(text, wants=["tokens"]) for text in texts]))
    assert 0 < asked._kept.size <= 60_000
    reference = Reference(llama)
    for place, answer in found.items():
        reference.assert_same(answer, texts[place], 12)


def test_a_beginning_too_large_to_keep_does_not_take_the_shorter_one_away(
    llama: Path, opened: Callable[..., HfBackend]
) -> None:
    engine = opened(llama)._engine("float32")
    tokens = list(range(3, 60))
    with torch.inference_mode():
        beginnings = kept.KeptBeginnings(10_000, Work())
        beginnings.take(engine, tokens[:20])
        held = beginnings.size
        beginnings.take(engine, tokens)
    assert 0 < beginnings.size == held
    assert held <= 10_000 < held * 57 / 20


def test_equal_prompts_are_computed_once(llama: Path, opened: Callable[..., HfBackend], question: Question) -> None:
    backend = opened(llama)
    answers = answers_of(backend, [question("Who wrote Hamlet?", n, temperature=1.0) for n in range(8)])
    length = answers[0].prompt_tokens or 0
    assert backend.work.computed_tokens == length - 1 + 8  # and the last token of each, with its first step
    assert len({answer.text for answer in answers}) > 1


def test_sampled_rows_draw_their_own_numbers_wherever_they_stand(
    llama: Path, opened: Callable[..., HfBackend], question: Question, prompts: list[str]
) -> None:
    requests = [
        question(text, attempt, temperature=1.0, seed=3, max_tokens=6 + attempt)
        for text in prompts
        for attempt in (0, 1)
    ]
    alone = [answers_of(opened(llama), [one], Condition(batch_size=1))[0].text for one in requests]
    for batch_size in (1, 2, 5, None):
        assert [answer.text for answer in answers_of(opened(llama, batch_size), requests)] == alone


def test_stop_strings_end_rows_of_a_refilled_batch(
    gpt2: Path, opened: Callable[..., HfBackend], question: Question, prompts: list[str]
) -> None:
    whole = answers_of(opened(gpt2), [question(text, max_tokens=30) for text in prompts])
    marks = [answer.text[4:7] for answer in whole]
    requests = [question(text, max_tokens=30, stop=(mark,)) for text, mark in zip(prompts, marks, strict=True)]
    for batch_size in (2, None):
        cut = answers_of(opened(gpt2, batch_size), requests)
        expected = [answer.text[: answer.text.index(mark)] for answer, mark in zip(whole, marks, strict=True)]
        assert [answer.text for answer in cut] == expected


def test_answers_come_when_they_are_done(
    llama: Path, opened: Callable[..., HfBackend], question: Question, prompts: list[str]
) -> None:
    backend = opened(llama)
    asked = backend.session(DEFAULT_CONDITION)
    came = []
    for position, answer in asked.ask([question(p, max_tokens=n) for p, n in zip(prompts, LIMITS, strict=True)]):
        came.append((position, backend.work.steps, answer.output_tokens))
    asked.close()
    assert came[0][0] == 1
    # every answer was handed over after the step that finished it: its own tokens, and one more for an end token
    assert all(steps - (tokens or 0) in {0, 1} for _, steps, tokens in came)


def test_free_places_are_taken_by_those_who_wait(
    tmp_path: Path, opened: Callable[..., HfBackend], question: Question, prompts: list[str]
) -> None:
    folder = make_causal(tmp_path, "qwen2", **ATTENTION, eos_token_id=None)
    limits = [12, 2, 2, 2, 2, 4]
    backend = opened(folder, 2)
    answers = answers_of(backend, [question(p, max_tokens=n) for p, n in zip(prompts, limits, strict=True)])
    finished = [answer.output_tokens for answer in answers]
    assert backend.work.most_rows == 2
    assert backend.work.row_steps == sum(n or 0 for n in finished)
    if finished == limits:  # batches of two, one after the other, would take 12 + 2 + 4 steps at the least
        assert backend.work.steps == 12


def test_room_is_made_once_for_all_that_come_in_together(
    llama: Path, opened: Callable[..., HfBackend], question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(stream.PASS_TOKENS, "cpu", 1)  # every prompt is a pass of its own
    moved = []
    real = Room.enlarge

    def watching(room: Room, rows: int, columns: int) -> None:
        moved.append(rows if room.keys is not None else 0)
        real(room, rows, columns)

    monkeypatch.setattr(Room, "enlarge", watching)
    backend = opened(llama, 20)
    answers = answers_of(backend, [question(f"{number}?", max_tokens=12) for number in range(40)])
    assert not any(answer.failure for answer in answers)
    assert backend.work.prefills >= 20
    assert set(moved) == {0}


def test_room_that_long_rows_or_many_needed_is_given_back_when_others_come(
    llama: Path, opened: Callable[..., HfBackend]
) -> None:
    engine = opened(llama)._engine("float32")
    with torch.inference_mode():
        slots = Slots(engine)
        for row in (list(range(3, 203)), [5, 6, 7]):
            slots.add(None, prefill(engine, None, [row]), [0], [len(row)])
        slots.drop([0])
        before = slots.cache.layers[1].keys[0, :, :3].clone()
        slots.reserve(50, 4)
    keys = slots.cache.layers[1].keys
    assert keys.shape[0] == 50
    assert keys.shape[2] < 100
    assert torch.equal(keys[0, :, :3], before)
    slots.reserve(2, 300)
    keys = slots.cache.layers[1].keys
    assert keys.shape[0] == 2, "one long row beside what is left of many short ones"
    assert keys.shape[2] >= 300
    assert torch.equal(keys[0, :, :3], before)


def test_when_memory_runs_out_finished_answers_stay_and_the_rest_begins_again(
    llama: Path,
    opened: Callable[..., HfBackend],
    question: Question,
    prompts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests = [question(p, max_tokens=n) for p, n in zip(prompts, LIMITS, strict=True)]
    expected = [answer.text for answer in answers_of(opened(llama), requests)]
    real, rows = Slots.step, []

    def cramped(self: Slots, tokens: Sequence[int]) -> Any:
        rows.append(len(tokens))
        if len(tokens) > 2 and len(rows) > 3:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return real(self, tokens)

    monkeypatch.setattr(Slots, "step", cramped)
    monkeypatch.setattr(session, "exchangeable", lambda _: True)  # which would be steps of its own
    backend = opened(llama)
    assert [answer.text for answer in answers_of(backend, requests)] == expected
    assert rows[:4] == [6, 5, 5, 5]
    assert max(rows[5:]) <= 2
    assert backend.work.restarts >= 1


def test_one_request_that_does_not_fit_alone_fails_alone(
    llama: Path,
    opened: Callable[..., HfBackend],
    question: Question,
    prompts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = stream.prefill

    def fragile(engine: Any, past: Any, rows: Sequence[Sequence[int]], base: Any = None) -> Any:
        if any(len(row) > 60 for row in rows):
            raise MemoryError
        return real(engine, past, rows, base)

    long = "Rain falls on the old roofs. " * 8
    expected = [answer.text for answer in answers_of(opened(llama), [question(text) for text in prompts])]
    monkeypatch.setattr(stream, "prefill", fragile)
    *answers, failed = answers_of(opened(llama), [question(text) for text in [*prompts, long]])
    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.OUT_OF_MEMORY
    assert [answer.text for answer in answers] == expected


@pytest.mark.parametrize(
    ("error", "kind"),
    [(IndexError("index out of range in self"), FailureKind.INTERNAL), (MemoryError(), FailureKind.OUT_OF_MEMORY)],
    ids=["broken", "memory"],
)
def test_after_a_request_that_fails_for_itself_the_batch_is_large_again(  # noqa: PLR0917 - fixtures
    error: Exception,
    kind: FailureKind,
    llama: Path,
    opened: Callable[..., HfBackend],
    question: Question,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = stream.prefill

    def fragile(engine: Any, past: Any, rows: Sequence[Sequence[int]], base: Any = None) -> Any:
        if any(len(row) > 60 for row in rows):
            raise error
        return real(engine, past, rows, base)

    monkeypatch.setattr(stream, "prefill", fragile)
    backend = opened(llama)
    texts = ["Rain falls on the old roofs. " * 8, *(f"{n}?" for n in range(20))]
    failed, *answers = answers_of(backend, [question(text, max_tokens=4) for text in texts])
    assert failed.failure is not None
    assert failed.failure.kind is kind
    assert not any(answer.failure for answer in answers)
    assert backend.work.most_rows == 20


@pytest.mark.usefixtures("cheap")
def test_a_beginning_that_cannot_be_computed_fails_its_prompts_and_no_others(
    gpt2: Path, opened: Callable[..., HfBackend], question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(kept, "prefill", broken)
    answers = answers_of(opened(gpt2), [question(text) for text in [*(f"{FIRST}{n}?" for n in range(5)), "Hi"]])
    assert all(answer.failure for answer in answers[:5])
    assert answers[5].failure is None


def test_a_row_of_broken_numbers_spoils_none_that_takes_its_place(
    tmp_path: Path, opened: Callable[..., HfBackend], question: Question
) -> None:
    folder = make_causal(tmp_path, "qwen2", **ATTENTION, tie_word_embeddings=False)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    (bad,) = set(tokenizer("7")["input_ids"])
    model.model.embed_tokens.weight.data[bad] = float("nan")
    model.save_pretrained(folder)
    # the short row takes the place of the broken one, and the third one's width shows what was left there
    asked = [("0 1 2 3 4 7 3 4 0 1 2 3 4", 40), ("Hi", 40), ("Rain falls on the old roofs of the town", 8)]
    answers = answers_of(opened(folder, 2), [question(text, wants=["tokens"], max_tokens=n) for text, n in asked])
    assert [answer.failure is not None for answer in answers] == [True, False, False]
    reference = Reference(folder)
    for answer, (text, limit) in list(zip(answers, asked, strict=True))[1:]:
        reference.assert_same(answer, text, limit)


OTHERS = {
    "sliding window": ("mistral", {**ATTENTION, "sliding_window": 8}),
    "some layers slide": ("gemma2", {**ATTENTION, "sliding_window": 8, "head_dim": 8}),
    "recurrent": ("mamba", {"state_size": 4, "intermediate_size": 64}),
    "pads as text": (
        "rwkv",
        {"attention_hidden_size": 32, "intermediate_size": 64, "context_length": 256, "num_attention_heads": 4},
    ),
    "both kinds in a layer": (
        "falcon_h1",
        {
            **ATTENTION,
            "mamba_d_ssm": 64,
            "mamba_n_heads": 8,
            "mamba_d_head": 8,
            "mamba_d_state": 8,
            "mamba_n_groups": 1,
            "mamba_chunk_size": 8,
        },
    ),
    "a cache of its own": ("minimax", {**ATTENTION, "head_dim": 8, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "stretched": (
        "llama",
        {**ATTENTION, "rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}},
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_models_whose_rows_cannot_be_exchanged_are_written_in_batches(
    kind: str, tmp_path: Path, opened: Callable[..., HfBackend], question: Question, prompts: list[str]
) -> None:
    name, settings = OTHERS[kind]
    folder = make_causal(tmp_path, name, **settings)
    backend = opened(folder)
    assert not can_stream(backend._engine("float32"))
    texts = [*prompts, *(prompt[::-1] for prompt in prompts), *prompts[:2]]
    answers = answers_of(backend, [question(text, wants=["tokens"]) for text in texts], DEFAULT_CONDITION)
    reference = Reference(folder)
    for answer, prompt in zip(answers, texts, strict=True):
        reference.assert_same(answer, prompt, 12)
    assert backend.work.plain_prompts == len(texts)
    of_one_length = Counter(answer.prompt_tokens for answer in answers).most_common(1)[0][1]
    assert max(answer.timing.batch for answer in answers) == (of_one_length if kind == "pads as text" else 14)


def test_a_state_that_takes_pads_for_text_never_sees_any(
    tmp_path: Path, opened: Callable[..., HfBackend], prompts: list[str]
) -> None:
    """Nor in a batch of likelihoods: those that a condition puts beside each other have their pads behind them."""
    name, settings = OTHERS["pads as text"]
    folder = make_causal(tmp_path, name, **settings)
    requests = [Request(Likelihood(context, end)) for context in prompts for end in (" Paris", " rain", " red roofs")]
    alone = answers_of(opened(folder, 1), requests)
    for condition in (Condition(), Condition(threads=1), Condition(batch_size=16)):
        found = answers_of(opened(folder), requests, condition)
        for one, expected in zip(found, alone, strict=True):
            assert one.logprobs == pytest.approx(expected.logprobs, abs=1e-4)


def test_seq2seq_models_are_written_in_batches(t5: Path, opened: Callable[..., HfBackend]) -> None:
    assert not can_stream(opened(t5)._engine("float32"))


@pytest.mark.parametrize(
    "condition",
    [Condition(batch_size=4), Condition(kv_cache=False), Condition(order="again"), Condition(threads=1)],
    ids=["batch", "no-cache", "order", "threads"],
)
def test_a_condition_gets_the_loop_that_does_just_what_it_says(
    condition: Condition,
    llama: Path,
    opened: Callable[..., HfBackend],
    question: Question,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(session, "Stream")
    assert answers_of(opened(llama), [question("Hi")], condition)[0].failure is None


def test_attention_that_does_more_than_its_settings_tell_is_not_shared(
    llama: Path, opened: Callable[..., HfBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(llama)._engine("float32")
    assert shareable(engine, range(5, 20))
    for layer in engine.model.model.layers:
        monkeypatch.setattr(layer.self_attn, "scaling", 0.3)  # it is passed on, so it is obeyed
    assert shareable(engine, range(5, 20))
    from transformers.models.llama import modeling_llama

    real = modeling_llama.ALL_ATTENTION_FUNCTIONS["sdpa"]

    def capped(module: Any, query: Any, key: Any, value: Any, mask: Any, **how: Any) -> Any:
        return real(module, query * 0.5, key, value, mask, **how)

    monkeypatch.setitem(modeling_llama.ALL_ATTENTION_FUNCTIONS._local_mapping, "sdpa", capped)
    assert not shareable(engine, range(5, 20))


def test_a_model_that_makes_of_positions_what_its_settings_do_not_tell_is_written_without_pads(
    tmp_path: Path,
    opened: Callable[..., HfBackend],
    question: Question,
    prompts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = make_causal(tmp_path, "helium", **ATTENTION, head_dim=8)
    backend = opened(folder)
    engine = backend._engine("float32")
    assert engine.model.config.model_type not in KNOWN
    assert exchangeable(engine)
    forward = engine.model.forward

    def deaf(*args: Any, position_ids: Any = None, **options: Any) -> Any:
        return forward(*args, **options)

    monkeypatch.setattr(engine.model, "forward", deaf)
    assert can_stream(engine)
    assert not exchangeable(engine)
    answers = answers_of(backend, [question(text, wants=["tokens"]) for text in prompts])
    reference = Reference(folder)
    for answer, prompt in zip(answers, prompts, strict=True):
        reference.assert_same(answer, prompt, 12)
    assert backend.work.plain_prompts == len(prompts)


SPELLINGS = {
    "gemma": {"head_dim": 8},
    "opt": {"ffn_dim": 64, "word_embed_proj_dim": 32},
    "qwen3": {"head_dim": 8},
    "gpt2": {"n_positions": 256},
}


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("kind", sorted(KNOWN))
def test_kinds_that_are_not_tried_need_no_trial(
    kind: str, tmp_path: Path, opened: Callable[..., HfBackend], question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = ATTENTION if kind != "gpt2" else {"num_attention_heads": 4}
    folder = make_causal(tmp_path, kind, **known, **SPELLINGS.get(kind, {}))
    backend = opened(folder, 3)
    monkeypatch.setattr(trials, "KNOWN", frozenset())
    assert exchangeable(backend._engine("float32"))
    asked = [(f"{text}{n}?", 3 + 3 * n) for text in (FIRST, SECOND, "") for n in range(4)]
    answers = answers_of(backend, [question(text, max_tokens=n, wants=["tokens"]) for text, n in asked])
    reference = Reference(folder)
    for answer, (text, limit) in zip(answers, asked, strict=True):
        reference.assert_same(answer, text, limit)
    assert backend.work.plain_prompts == 0
    assert backend.work.shared_tokens > 0
