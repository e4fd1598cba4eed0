"""How probable local models find a continuation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers

from evalkit.records import Answer, Condition, FailureKind, Likelihood, Message, Request

Ask = Callable[..., list[Answer]]

PAIRS = [
    ("The capital of France is", " Paris"),
    ("Rain", " falls on the old roofs."),
    ("Who wrote Hamlet? ", "Shakespeare"),
    ("", "Name three colours"),
]


def expected_logprobs(folder: Path, context: list[int], continuation: list[int]) -> list[float]:
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(torch.tensor([context + continuation])).logits[0]
    logprobs = torch.log_softmax(logits, -1)
    return [float(logprobs[len(context) - 1 + n, token]) for n, token in enumerate(continuation)]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("batch_size", [1, 16])
def test_logprobs_are_those_of_the_tokens_after_the_context(
    kind: str, batch_size: int, request: pytest.FixtureRequest, ask: Ask
) -> None:
    folder = request.getfixturevalue(kind)
    answers = ask(f"hf:{folder}", [Request(Likelihood(*pair)) for pair in PAIRS], Condition(batch_size=batch_size))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for (context, continuation), answer in zip(PAIRS, answers, strict=True):
        whole = tokenizer(context + continuation)["input_ids"]
        before = tokenizer(context.rstrip())["input_ids"] if context else []
        after = whole[len(before) :]
        expected = expected_logprobs(folder, before or [tokenizer.bos_token_id], after)
        assert answer.logprobs == pytest.approx(expected, abs=1e-4)
        assert answer.output_tokens == len(after)
        assert answer.text == ""


def test_margins_are_positive_exactly_where_greedy_decoding_would_write_the_token(llama: Path, ask: Ask) -> None:
    context = (Message("user", "Hi"),)
    answers = ask(
        f"hf:{llama}", [Request(Likelihood(context, letter), wants=frozenset({"margins"})) for letter in "abcdefghi0"]
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(llama)
    model = transformers.AutoModelForCausalLM.from_pretrained(llama).eval()
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = model(torch.tensor([tokens])).logits[0, -1]
    for letter, answer in zip("abcdefghi0", answers, strict=True):
        token = tokenizer(letter, add_special_tokens=False)["input_ids"][0]
        others = torch.cat([logits[:token], logits[token + 1 :]])
        assert answer.margins == pytest.approx([float(logits[token] - others.max())], abs=1e-3)


def test_a_seq2seq_model_scores_the_decoders_tokens(t5: Path, ask: Ask) -> None:
    pairs = [("The capital of France is", "Paris"), ("Rain falls on the old roofs of the town", "Rain and rain")]
    answers = ask(f"hf:{t5}", [Request(Likelihood(*pair)) for pair in pairs])
    tokenizer = transformers.AutoTokenizer.from_pretrained(t5)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(t5).eval()
    for (context, continuation), answer in zip(pairs, answers, strict=True):
        target = tokenizer(continuation, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            # labels are shifted by the model itself
            logits = model(**tokenizer(context, return_tensors="pt"), labels=torch.tensor([target])).logits[0]
        expected = torch.log_softmax(logits, -1)[torch.arange(len(target)), torch.tensor(target)]
        assert answer.logprobs == pytest.approx(expected.tolist(), abs=1e-4)


def test_likelihoods_and_generations_may_be_asked_together(
    llama: Path, ask: Ask, question: Callable[..., Request]
) -> None:
    mixed = ask(f"hf:{llama}", [question("Hi"), Request(Likelihood("Rain", " falls")), question("Rain")])
    assert [answer.logprobs is None for answer in mixed] == [True, False, True]
    assert mixed[0].text == ask(f"hf:{llama}", [question("Hi")])[0].text


def test_what_cannot_be_scored_fails_alone(llama: Path, ask: Ask) -> None:
    empty, long, fine = ask(
        f"hf:{llama}",
        [Request(Likelihood("Rain", "")), Request(Likelihood("Rain " * 300, "x")), Request(Likelihood("a", "b"))],
    )
    assert empty.failure is not None
    assert empty.failure.kind is FailureKind.CONFIGURATION
    assert long.failure is not None
    assert long.failure.kind is FailureKind.TOO_LONG
    assert fine.failure is None


@pytest.mark.parametrize(("context", "continuation"), [("Shakes", "peare wrote"), ("W", "ho wrote Hamlet?")])
def test_a_token_across_the_border_belongs_to_the_continuation(
    gpt2: Path, ask: Ask, context: str, continuation: str
) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(gpt2)
    whole, before = tokenizer(context + continuation)["input_ids"], tokenizer(context)["input_ids"]
    assert whole[: len(before)] != before, "the tokenizer has to join these letters"
    kept = 0
    while whole[kept] == before[kept]:
        kept += 1
    answer = ask(f"hf:{gpt2}", [Request(Likelihood(context, continuation))])[0]
    expected = expected_logprobs(gpt2, whole[:kept] or [tokenizer.bos_token_id], whole[kept:])
    assert answer.logprobs == pytest.approx(expected, abs=1e-4)
