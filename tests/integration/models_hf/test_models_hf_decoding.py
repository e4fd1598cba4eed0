"""How local models write: the same text alone or in a batch, as transformers' own generate writes it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from evalkit.models.hf.prompts import render
from evalkit.records import Answer, Condition, FailureKind, Generate, Message, Request

Ask = Callable[..., list[Answer]]
Question = Callable[..., Request]


def reference_text(folder: Path, prompt: str, max_tokens: int, **how: Any) -> str:
    """What transformers' generate writes for one prompt alone."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    config = transformers.AutoConfig.from_pretrained(folder)
    kind = transformers.AutoModelForSeq2SeqLM if config.is_encoder_decoder else transformers.AutoModelForCausalLM
    model = kind.from_pretrained(folder, dtype=torch.float32).eval()
    if tokenizer.chat_template:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
        )
        tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
    else:
        tokens = tokenizer(prompt, return_tensors="pt")["input_ids"]
    written = model.generate(
        tokens,
        attention_mask=torch.ones_like(tokens),
        max_new_tokens=max_tokens,
        do_sample=False,
        pad_token_id=0,
        **how,
    )
    start = 1 if config.is_encoder_decoder else tokens.shape[1]
    return str(tokenizer.decode(written[0, start:], skip_special_tokens=True))


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_greedy_batches_write_what_generate_writes_row_by_row(
    kind: str, request: pytest.FixtureRequest, ask: Ask, question: Question, prompts: list[str]
) -> None:
    folder: Path = request.getfixturevalue(kind)
    answers = ask(f"hf:{folder}", [question(prompt, max_tokens=20) for prompt in prompts])
    assert [answer.text for answer in answers] == [reference_text(folder, prompt, 20) for prompt in prompts]
    assert len({answer.text for answer in answers}) > 1


ORDERS = {
    "again": Condition(order="again"),
    "reversed": Condition(order="reversed"),
    "after": Condition(order="after", batch_size=1),
    "copies": Condition(order="copies", batch_size=3),
    "first": Condition(order="first"),
    "last": Condition(order="last", batch_size=6),
}


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
@pytest.mark.parametrize(
    "condition",
    [
        Condition(batch_size=1),
        Condition(batch_size=2),
        Condition(kv_cache=False),
        Condition(threads=1),
        Condition(attention="eager"),
        *ORDERS.values(),
        Condition(dtype="float32"),
    ],
    ids=["alone", "pairs", "no-cache", "one-thread", "eager", *ORDERS, "dtype"],
)
def test_conditions_do_not_change_a_float32_text(  # noqa: PLR0917 - fixtures
    kind: str, condition: Condition, request: pytest.FixtureRequest, ask: Ask, question: Question, prompts: list[str]
) -> None:
    folder = request.getfixturevalue(kind)
    requests = [question(prompt, max_tokens=10 + 3 * n) for n, prompt in enumerate(prompts)]
    together = ask(f"hf:{folder}", requests)
    otherwise = ask(f"hf:{folder}", requests, condition)
    assert [a.text for a in otherwise] == [a.text for a in together]
    assert [a.finish for a in otherwise] == [a.finish for a in together]


def test_rows_that_finish_early_leave_the_others_unchanged(llama: Path, ask: Ask, question: Question) -> None:
    prompts = ["Rain", "Hi", "Who wrote Hamlet?", "0 1 2 3"]
    limits = [1, 30, 5, 17]
    requests = [question(prompt, max_tokens=limit) for prompt, limit in zip(prompts, limits, strict=True)]
    expected = [reference_text(llama, prompt, limit) for prompt, limit in zip(prompts, limits, strict=True)]
    assert [answer.text for answer in ask(f"hf:{llama}", requests)] == expected


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("condition", [Condition(padding="left:8"), Condition(padding="left:1", kv_cache=False)])
def test_padding_does_not_change_a_float32_text(  # noqa: PLR0917 - fixtures
    kind: str, condition: Condition, request: pytest.FixtureRequest, ask: Ask, question: Question, prompts: list[str]
) -> None:
    folder = request.getfixturevalue(kind)
    requests = [question(prompt, max_tokens=12) for prompt in prompts]
    padded = ask(f"hf:{folder}", requests, condition)
    assert [answer.text for answer in padded] == [answer.text for answer in ask(f"hf:{folder}", requests)]


@pytest.mark.parametrize("padding", ["right:8", "unmasked:8"])
def test_a_layout_that_is_wrong_on_purpose_changes_texts(
    padding: str, llama: Path, ask: Ask, question: Question, prompts: list[str]
) -> None:
    requests = [question(prompt, max_tokens=12) for prompt in prompts]
    wrong = ask(f"hf:{llama}", requests, Condition(padding=padding, batch_size=1))
    right = ask(f"hf:{llama}", requests)
    assert sum(one.text != other.text for one, other in zip(wrong, right, strict=True)) >= 2


def test_a_company_really_shares_the_batch(llama: Path, ask: Ask, question: Question) -> None:
    for order, rows in (("copies", 3), ("first", 5), ("last", 2)):
        (answer,) = ask(f"hf:{llama}", [question("Hi")], Condition(order=order, batch_size=rows))
        assert answer.timing.batch == rows


def test_a_fresh_process_gives_the_same_tokens(llama: Path, ask: Ask, question: Question) -> None:
    wants = ["margins", "logprobs", "tokens"]
    requests = [question("Hi", wants=wants), question("Rain", wants=wants, temperature=0.7, seed=3), question("")]
    here, there = ask(f"hf:{llama}", requests), ask(f"hf:{llama}", requests, Condition(process="fresh", batch_size=1))
    assert [answer.tokens for answer in there] == [answer.tokens for answer in here]
    assert [answer.text for answer in there] == [answer.text for answer in here]
    assert there[0].margins == pytest.approx(here[0].margins, abs=1e-3)


def test_tokens_are_named_when_they_are_wanted(llama: Path, ask: Ask, question: Question) -> None:
    named, plain = ask(f"hf:{llama}", [question("Hi", wants=["tokens"]), question("Rain")])
    assert named.tokens is not None
    assert len(named.tokens) == named.output_tokens
    assert plain.tokens is None


def test_a_dtype_condition_runs_on_its_own_copy_of_the_weights(
    llama: Path, ask: Ask, question: Question, prompts: list[str]
) -> None:
    exact = ask(f"hf:{llama}", [question(p, wants=["logprobs"]) for p in prompts])
    rounded = ask(f"hf:{llama}", [question(p, wants=["logprobs"]) for p in prompts], Condition(dtype="bfloat16"))
    assert [a.logprobs for a in rounded] != [a.logprobs for a in exact]
    again = ask(f"hf:{llama}", [question(p, wants=["logprobs"]) for p in prompts])
    assert [a.text for a in again] == [a.text for a in exact]


@pytest.mark.parametrize(
    "condition",
    [
        Condition(padding="right"),
        Condition(padding="left:0"),
        Condition(padding="left:9999"),
        Condition(order="sideways"),
        Condition(process="new"),
        Condition(dtype="x"),
        Condition(concurrency=2),
        Condition(attention="flash_attention_3"),
    ],
)
def test_conditions_that_cannot_be_set_are_said_to_be_unsupported(
    condition: Condition, llama: Path, ask: Ask, question: Question
) -> None:
    answer = ask(f"hf:{llama}", [question("Hi")], condition)[0]
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.UNSUPPORTED


def test_a_sampled_answer_depends_on_its_seed_and_attempt_and_not_on_its_neighbours(
    llama: Path, ask: Ask, question: Question, prompts: list[str]
) -> None:
    def sampled(prompt: str, attempt: int = 0, seed: int = 7) -> Request:
        return question(prompt, attempt, temperature=1.0, seed=seed, max_tokens=15)

    alone = ask(f"hf:{llama}", [sampled("Hi")])[0].text
    among = ask(f"hf:{llama}", [sampled(p) for p in prompts])[prompts.index("Hi")].text
    small = ask(f"hf:{llama}", [sampled(p) for p in prompts], Condition(batch_size=2))[prompts.index("Hi")].text
    assert alone == among == small
    assert ask(f"hf:{llama}", [sampled("Hi", seed=8)])[0].text != alone
    assert ask(f"hf:{llama}", [sampled("Hi", attempt=1)])[0].text != alone


def test_first_sampled_tokens_follow_the_models_distribution(llama: Path, ask: Ask, question: Question) -> None:
    requests = [question("Hi", n, temperature=0.7, max_tokens=1) for n in range(400)]
    seen = Counter(answer.text for answer in ask(f"hf:{llama}", requests, Condition(batch_size=100)))
    tokenizer = transformers.AutoTokenizer.from_pretrained(llama)
    model = transformers.AutoModelForCausalLM.from_pretrained(llama).eval()
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    with torch.inference_mode():
        logits = model(**tokenizer(text, add_special_tokens=False, return_tensors="pt")).logits[0, -1]
    likely = torch.softmax(logits / 0.7, -1)
    by_text: Counter[str] = Counter()
    for token, share in enumerate(likely.tolist()):
        by_text[tokenizer.decode([token], skip_special_tokens=True)] += share
    for word, share in by_text.most_common(3):
        # five standard errors: a false alarm about once in a million
        assert abs(seen[word] / 400 - share) < 5 * math.sqrt(share * (1 - share) / 400)


def test_a_tiny_top_p_is_greedy(llama: Path, ask: Ask, question: Question, prompts: list[str]) -> None:
    greedy = ask(f"hf:{llama}", [question(p) for p in prompts])
    narrow = ask(f"hf:{llama}", [question(p, temperature=1.5, top_p=1e-9) for p in prompts])
    assert [a.text for a in narrow] == [a.text for a in greedy]


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_the_text_ends_before_the_first_stop_string(
    kind: str, request: pytest.FixtureRequest, ask: Ask, question: Question
) -> None:
    folder = request.getfixturevalue(kind)
    whole = ask(f"hf:{folder}", [question("Who wrote Hamlet?", max_tokens=30)])[0]
    stop = whole.text[6:9]
    cut = ask(f"hf:{folder}", [question("Who wrote Hamlet?", max_tokens=30, stop=(stop, "never"))])[0]
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish == "stop"
    assert (cut.output_tokens or 0) < (whole.output_tokens or 0)


def test_finish_says_whether_the_model_or_the_limit_ended_the_text(
    tmp_path: Path, llama_maker: Callable[..., Path], ask: Ask, question: Question
) -> None:
    folder = llama_maker(tmp_path / "model")
    answer = ask(f"hf:{folder}", [question("Hi", max_tokens=3)])[0]
    assert (answer.finish, answer.output_tokens, answer.truncated) == ("length", 3, True)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    end = reference_tokens(folder, "Hi", 3)[2]
    model.generation_config.eos_token_id = [end]
    model.save_pretrained(folder)
    answer = ask(f"hf:{folder}", [question("Hi", max_tokens=3)])[0]
    assert answer.finish == "stop"
    assert answer.output_tokens == reference_tokens(folder, "Hi", 3).index(end)


def reference_tokens(folder: Path, prompt: str, max_tokens: int) -> list[int]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
    )
    tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
    written = model.generate(
        tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=max_tokens, do_sample=False, pad_token_id=0
    )
    return [int(token) for token in written[0, tokens.shape[1] :]]


def test_margins_and_logprobs_are_of_the_written_tokens(llama: Path, ask: Ask, question: Question) -> None:
    answer = ask(f"hf:{llama}", [question("Hi", max_tokens=4, wants=["margins", "logprobs"]), question("Rain")])[0]
    tokenizer = transformers.AutoTokenizer.from_pretrained(llama)
    model = transformers.AutoModelForCausalLM.from_pretrained(llama).eval()
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
    written = reference_tokens(llama, "Hi", 4)
    with torch.inference_mode():
        logits = model(torch.tensor([prompt + written])).logits[0, len(prompt) - 1 : -1]
    best = logits.topk(2).values
    expected = torch.log_softmax(logits, -1)[torch.arange(4), torch.tensor(written)]
    assert answer.logprobs == pytest.approx(expected.tolist(), abs=1e-4)
    assert answer.margins == pytest.approx((best[:, 0] - best[:, 1]).tolist(), abs=1e-3)


def test_nothing_beside_the_text_comes_unasked(llama: Path, ask: Ask, question: Question) -> None:
    answer = ask(f"hf:{llama}", [question("Hi"), question("Rain", wants=["margins"])])[0]
    assert answer.margins is None
    assert answer.logprobs is None


def test_a_repetition_penalty_of_the_model_itself_is_obeyed_in_batches(
    tmp_path: Path, llama_maker: Callable[..., Path], ask: Ask, question: Question, prompts: list[str]
) -> None:
    folder = llama_maker(tmp_path / "model")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    model.generation_config.repetition_penalty = 1.8
    model.generation_config.no_repeat_ngram_size = 2
    model.generation_config.suppress_tokens = [30, 31]
    model.save_pretrained(folder)
    answers = ask(f"hf:{folder}", [question(prompt, max_tokens=20) for prompt in prompts])
    assert [answer.text for answer in answers] == [reference_text(folder, prompt, 20) for prompt in prompts]


def test_a_prompt_longer_than_the_context_fails_alone(llama: Path, ask: Ask, question: Question) -> None:
    long, short = ask(f"hf:{llama}", [question("Rain falls. " * 200), question("Rain")])
    assert long.failure is not None
    assert long.failure.kind is FailureKind.TOO_LONG
    assert "256" in long.failure.message
    assert short.failure is None


def test_an_answer_ends_where_the_context_ends(gpt2: Path, ask: Ask, question: Question) -> None:
    answer = ask(f"hf:{gpt2}", [question("Rain falls.", max_tokens=500)])[0]
    assert answer.failure is None
    assert answer.finish in {"length", "stop"}
    assert (answer.prompt_tokens or 0) + (answer.output_tokens or 0) <= 128


def test_a_batch_that_does_not_fit_into_memory_is_halved_until_it_does(
    llama: Path, ask: Ask, question: Question, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalkit.models.hf import session

    real, sizes = session.write, []

    def cramped(engine: Any, jobs: Any, **how: Any) -> Any:
        sizes.append(len(jobs))
        if len(jobs) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return real(engine, jobs, **how)

    expected = [a.text for a in ask(f"hf:{llama}", [question(p) for p in prompts])]
    monkeypatch.setattr(session, "write", cramped)
    answers = ask(f"hf:{llama}", [question(p) for p in prompts], Condition(batch_size=16))
    assert [a.text for a in answers] == expected
    assert sizes == [6, 3, 1, 1, 1, 1, 1, 1]


def test_one_request_that_breaks_the_model_fails_alone(
    llama: Path, ask: Ask, question: Question, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalkit.models.hf import session

    real, sizes = session.write, []
    bad = prompts.index("Hi")

    def fragile(engine: Any, jobs: Any, **how: Any) -> Any:
        sizes.append(len(jobs))
        if any(job.max_tokens == 11 for job in jobs):
            raise IndexError("index out of range in self")
        return real(engine, jobs, **how)

    monkeypatch.setattr(session, "write", fragile)
    requests = [question(p, max_tokens=11 if p == "Hi" else 5) for p in [*prompts, *["H"] * 8]]
    answers = ask(f"hf:{llama}", requests, Condition(batch_size=16))
    assert [n for n, answer in enumerate(answers) if answer.failure] == [bad]
    assert sizes[-1] >= 8, "as many as before, or all that are left"
    failure = answers[bad].failure
    assert failure is not None
    assert failure.kind is FailureKind.INTERNAL


def test_logits_that_are_no_numbers_are_a_failure_and_not_a_text(
    tmp_path: Path, llama_maker: Callable[..., Path], ask: Ask, question: Question
) -> None:
    folder = llama_maker(tmp_path / "model")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    model.model.norm.weight.data[:] = float("nan")
    model.save_pretrained(folder)
    for temperature in (0.0, 1.0):
        answer = ask(f"hf:{folder}", [question("Hi", temperature=temperature)])[0]
        assert answer.failure is not None
        assert answer.failure.kind is FailureKind.INTERNAL


def test_every_answer_carries_what_it_cost(llama: Path, ask: Ask, question: Question, prompts: list[str]) -> None:
    for answer in ask(f"hf:{llama}", [question(p) for p in prompts], Condition(batch_size=4)):
        assert answer.timing.batch in {2, 4}
        assert answer.timing.seconds > 0
        assert answer.prompt_tokens
        assert answer.timing.memory_growth_mb is None or isinstance(answer.timing.memory_growth_mb, float)


def test_thinking_is_kept_apart_where_the_template_opens_it(
    tmp_path: Path, llama_maker: Callable[..., Path], ask: Ask, question: Question
) -> None:
    template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}Assistant: <think>\n"
    folder = llama_maker(tmp_path / "model", template=template)
    answer = ask(f"hf:{folder}", [question("Hi")])[0]
    assert answer.text == ""
    assert answer.reasoning


def test_an_assistants_last_message_is_continued(llama: Path, ask: Ask) -> None:
    begun = (Message("user", "Hi"), Message("assistant", "The capital"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(llama)
    text = tokenizer.apply_chat_template(
        [{"role": m.role, "content": m.content} for m in begun], tokenize=False, continue_final_message=True
    )
    answer = ask(f"hf:{llama}", [Request(Generate(begun))])[0]
    assert text.endswith("The capital")
    assert answer.prompt_tokens == len(tokenizer(text, add_special_tokens=False)["input_ids"])


def test_a_template_without_a_system_role_gets_it_in_the_first_question(
    tmp_path: Path, llama_maker: Callable[..., Path], ask: Ask
) -> None:
    strict = (
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    )
    folder = llama_maker(tmp_path / "model", template=strict)
    system, user = Message("system", "Be brief."), Message("user", "Hi")
    joined = Message("user", "Be brief.\n\nHi")
    first, second, third = ask(
        f"hf:{folder}",
        [Request(Generate((system, user))), Request(Generate((joined,))), Request(Generate((user, system)))],
    )
    assert first.text == second.text
    assert third.failure is not None
    assert third.failure.kind is FailureKind.CONFIGURATION


def test_rows_that_are_sampled_with_one_seed_draw_numbers_of_their_own(
    tmp_path: Path, llama_maker: Callable[..., Path], ask: Ask, question: Question
) -> None:
    folder = llama_maker(tmp_path / "model", initializer_range=0.0)  # every token as probable as any other
    answers = ask(f"hf:{folder}", [question(text, temperature=1.0, seed=7, max_tokens=1) for text in "abcdefghijkl"])
    assert len({answer.text for answer in answers}) > 6


def test_the_parts_of_a_batchs_time_add_up_to_its_whole(
    llama: Path, ask: Ask, question: Question, prompts: list[str]
) -> None:
    lengths = [1, 2, 3, 5, 8, 30]
    answers = ask(f"hf:{llama}", [question(text, max_tokens=n) for text, n in zip(prompts, lengths, strict=True)])
    parts = [answer.timing.engine_seconds for answer in answers]
    assert all(part is not None and part > 0 for part in parts)
    assert sum(part or 0.0 for part in parts) == pytest.approx(max(answer.timing.seconds for answer in answers))


def test_a_template_that_asks_for_the_date_is_told_the_same_day_for_ever(
    tmp_path: Path, llama_maker: Callable[..., Path]
) -> None:
    template = "{%- set today = strftime_now('%d %b %Y, %A') %}{{ today }}: {{ messages[0]['content'] }}"
    folder = llama_maker(tmp_path / "model", template=template)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert render(tokenizer, [Message("user", "Hi %Y")]) == ("01 Jan 2025, Wednesday: Hi %Y", False)
