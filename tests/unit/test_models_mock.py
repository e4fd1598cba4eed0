"""Mocks: known answers, known failures, and an identity that changes whenever the answers would."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evalkit.errors import ModelError
from evalkit.models.mock import open_mock
from evalkit.models.mock.backend import MockBackend
from evalkit.models.reference import ModelSettings, parse_reference
from evalkit.protocols import CountsTokens, Taught
from evalkit.records import (
    DEFAULT_CONDITION,
    Answer,
    Condition,
    Decoding,
    FailureKind,
    Generate,
    Likelihood,
    Message,
    Request,
    Sample,
)

CAPITALS = {"France": "Paris is the capital of France", "Peru": "Lima is the capital of Peru", "Mali": "Bamako"}


def prompt(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


SAMPLES = tuple(
    Sample(country, prompt(f"What is the capital of {country}?"), (answer, "another accepted answer"))
    for country, answer in CAPITALS.items()
)


def mock(reference: str, *, taught: bool = True) -> MockBackend:
    backend = open_mock(parse_reference(reference), ModelSettings())
    if taught and isinstance(backend, Taught):
        backend.teach(SAMPLES)
    return backend


def say(backend: MockBackend, *texts: str, **request: object) -> list[Answer]:
    requests = [Request(Generate(prompt(text)), **request) for text in texts]  # type: ignore[arg-type]
    answers = dict(backend.session(DEFAULT_CONDITION).ask(requests))
    return [answers[index] for index in range(len(requests))]


def numbered(count: int) -> list[str]:
    return [f"question number {number}" for number in range(count)]


# --- the plain kinds --------------------------------------------------------------------------------------------------


def test_echo_repeats_the_last_user_message() -> None:
    messages = (Message("system", "s"), Message("user", "one"), Message("assistant", "two"), Message("user", "three"))
    [(index, answer)] = mock("mock:echo").session(DEFAULT_CONDITION).ask([Request(Generate(messages))])
    assert (index, answer.text, answer.finish) == (0, "three", "stop")
    assert (answer.prompt_tokens, answer.output_tokens) == (4, 1)


def test_echo_without_a_user_message_repeats_the_last_message_and_without_any_is_silent() -> None:
    session = mock("mock:echo").session(DEFAULT_CONDITION)
    requests = [Request(Generate((Message("system", "be brief"),))), Request(Generate(()))]
    assert [answer.text for _, answer in session.ask(requests)] == ["be brief", ""]


def test_oracle_answers_with_the_first_reference() -> None:
    assert [answer.text for answer in say(mock("mock:oracle"), *[s.messages[0].content for s in SAMPLES])] == [
        *CAPITALS.values()
    ]


def test_oracle_finds_the_reference_when_a_system_text_was_added() -> None:
    messages = (Message("system", "Be brief."), *SAMPLES[1].messages)
    [(_, answer)] = mock("mock:oracle").session(DEFAULT_CONDITION).ask([Request(Generate(messages))])
    assert answer.text == CAPITALS["Peru"]


def test_oracle_tells_conversations_apart_that_end_alike() -> None:
    backend = mock("mock:oracle", taught=False)
    first = (Message("user", "I live in Peru."), Message("user", "What is my capital?"))
    second = (Message("user", "I live in Mali."), Message("user", "What is my capital?"))
    backend.teach([Sample("1", first, ("Lima",)), Sample("2", second, ("Bamako",))])  # type: ignore[attr-defined]
    answers = backend.session(DEFAULT_CONDITION).ask([Request(Generate(first)), Request(Generate(second))])
    assert [answer.text for _, answer in answers] == ["Lima", "Bamako"]


def test_oracle_says_one_fixed_sentence_to_prompts_without_a_reference() -> None:
    backend = mock("mock:oracle")
    backend.teach([Sample("x", prompt("no reference"))])  # type: ignore[attr-defined]
    unknown, without = say(backend, "unheard of", "no reference")
    assert unknown.text == without.text != ""


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("mock:constant?text=All%20good.", "All good."),
        ("mock:empty", ""),
        ("mock:refuser", "I'm sorry, but I can't help with that."),
    ],
)
def test_constant_kinds_answer_the_same_to_everything(reference: str, expected: str) -> None:
    assert {answer.text for answer in say(mock(reference), "one", "two")} == {expected}


def test_long_answers_have_the_asked_number_of_words_and_no_repeated_sentence() -> None:
    decoding = Decoding(max_tokens=10_000)
    backend = mock("mock:long?words=500")
    [(_, answer)] = backend.session(DEFAULT_CONDITION).ask([Request(Generate(prompt("x"), decoding))])
    assert len(answer.text.split()) == answer.output_tokens == 500
    sentences = answer.text.split(". ")
    assert len(set(sentences)) == len(sentences)
    assert mock("mock:long?words=0").info.fingerprint != backend.info.fingerprint


def test_max_tokens_cuts_by_words_and_says_so() -> None:
    request = Request(Generate(prompt("one  two\nthree four"), Decoding(max_tokens=3)))
    [(_, answer)] = mock("mock:echo").session(DEFAULT_CONDITION).ask([request])
    assert (answer.text, answer.finish, answer.output_tokens) == ("one  two\nthree", "length", 3)
    assert answer.truncated


def test_an_answer_of_exactly_max_tokens_is_not_truncated() -> None:
    request = Request(Generate(prompt("one two three"), Decoding(max_tokens=3)))
    [(_, answer)] = mock("mock:echo").session(DEFAULT_CONDITION).ask([request])
    assert (answer.text, answer.finish) == ("one two three", "stop")


def test_stop_strings_end_the_answer_before_them() -> None:
    request = Request(Generate(prompt("first. second! third"), Decoding(stop=("!", ".", ""))))  # fmt: skip
    [(_, answer)] = mock("mock:echo").session(DEFAULT_CONDITION).ask([request])
    assert (answer.text, answer.finish) == ("first", "stop")


# --- scripts ----------------------------------------------------------------------------------------------------------


def script(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    return path


def test_a_script_answers_prompts_and_conversations(tmp_path: Path) -> None:
    conversation = [{"role": "system", "content": "s"}, {"role": "user", "content": "turn"}]
    rows = [{"prompt": "hi", "answer": "hello"}, {"messages": conversation, "answer": "right"}]
    backend = mock(f"mock:script?file={script(tmp_path / 'table.jsonl', *rows)}")
    assert [answer.text for answer in say(backend, "hi", "turn")] == ["hello", "right"]


def test_a_script_with_several_answers_uses_them_by_attempt(tmp_path: Path) -> None:
    path = script(tmp_path / "table.jsonl", {"prompt": "hi", "answers": ["first", "second"]})
    backend = mock(f"mock:script?file={path}")
    assert [say(backend, "hi", attempt=attempt)[0].text for attempt in range(3)] == ["first", "second", "first"]


def test_a_prompt_that_the_script_lacks_fails_alone_or_gets_the_default(tmp_path: Path) -> None:
    path = script(tmp_path / "table.jsonl", {"prompt": "hi", "answer": "hello"})
    known, unknown = say(mock(f"mock:script?file={path}"), "hi", "bye")
    assert known.failure is None
    assert unknown.failure is not None
    assert unknown.failure.kind is FailureKind.CONFIGURATION
    assert "bye" in unknown.failure.message
    assert say(mock(f"mock:script?file={path}&default=so%20long"), "bye")[0].text == "so long"


def test_a_script_keeps_unicode_line_separators_inside_answers(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text('{"prompt": "hi", "answer": "one\u2028two"}\n', encoding="utf-8")
    assert say(mock(f"mock:script?file={path}"), "hi")[0].text == "one\u2028two"


def test_a_script_is_known_by_its_content_not_by_its_place(tmp_path: Path) -> None:
    row = {"prompt": "hi", "answer": "hello"}
    here, there = script(tmp_path / "here.jsonl", row), script(tmp_path / "there.jsonl", row)
    other = script(tmp_path / "other.jsonl", row | {"answer": "hey"})
    prints = [mock(f"mock:script?file={path}").info.fingerprint for path in (here, there, other)]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"prompt": "hi"', "invalid JSON"),
        ('["hi"]', "must be a JSON object"),
        ('{"prompt": "hi"}', "either 'answer' or 'answers'"),
        ('{"prompt": "hi", "answer": "a", "answers": ["b"]}', "either 'answer' or 'answers'"),
        ('{"prompt": "hi", "answer": "a", "expected": "b"}', "nothing else"),
        ('{"prompt": "hi", "answers": []}', "must be text"),
        ('{"prompt": "hi", "answer": 3}', "must be text"),
        ('{"prompt": 3, "answer": "a"}', "must be text"),
        ('{"messages": [{"role": "user"}], "answer": "a"}', "'role' and 'content'"),
        ('{"messages": [], "answer": "a"}', "'role' and 'content'"),
    ],
)
def test_a_wrong_row_of_a_script_is_named_with_its_line(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text(f'{{"prompt": "ok", "answer": "ok"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(ModelError, match=complaint) as caught:
        mock(f"mock:script?file={path}")
    assert caught.value.where == f"{path}:2"


def test_a_script_that_is_missing_empty_or_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    (tmp_path / "latin.jsonl").write_bytes(b'{"prompt": "caf\xe9", "answer": "x"}')
    for name, complaint in (("absent", "cannot be read"), ("empty", "no row"), ("latin", "not UTF-8")):
        with pytest.raises(ModelError, match=complaint):
            mock(f"mock:script?file={tmp_path / name}.jsonl")
    with pytest.raises(ModelError, match="needs the option 'file'"):
        mock("mock:script")


# --- failing, drifting, spoiling --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "low", "high"), [("0", 0, 0), ("0.25", 190, 310), ("1", 1000, 1000)])
def test_flaky_fails_the_asked_share(rate: str, low: int, high: int) -> None:
    answers = say(mock(f"mock:flaky?rate={rate}&of=echo"), *numbered(1000))
    assert low <= sum(answer.failure is not None for answer in answers) <= high


def test_flaky_fails_the_same_requests_every_time_and_others_with_another_seed() -> None:
    def failing(reference: str) -> list[bool]:
        return [answer.failure is not None for answer in say(mock(reference), *numbered(100))]

    again = mock("mock:flaky?of=echo")
    first, second = ([answer.failure is not None for answer in say(again, *numbered(100))] for _ in range(2))
    assert first == second == failing("mock:flaky?of=echo") != failing("mock:flaky?of=echo&seed=1")


def test_flaky_answers_like_the_oracle_where_it_does_not_fail() -> None:
    answers = say(mock("mock:flaky?rate=0"), *[sample.messages[0].content for sample in SAMPLES])
    assert [answer.text for answer in answers] == list(CAPITALS.values())


@pytest.mark.parametrize(
    ("kind", "expected", "retryable"),
    [
        ("rate_limit", FailureKind.RATE_LIMIT, True),
        ("rate%20limit", FailureKind.RATE_LIMIT, True),
        ("timeout", FailureKind.TIMEOUT, True),
        ("network", FailureKind.NETWORK, True),
        ("content", FailureKind.CONTENT, False),
        ("out-of-memory", FailureKind.OUT_OF_MEMORY, True),
    ],
)
def test_flaky_fails_in_the_asked_way(kind: str, expected: FailureKind, retryable: bool) -> None:
    [answer] = say(mock(f"mock:flaky?rate=1&kind={kind}"), "x")
    assert answer.failure is not None
    assert (answer.failure.kind, answer.failure.retryable) == (expected, retryable)


def test_flaky_recovers_after_the_asked_number_of_failures() -> None:
    backend = mock("mock:flaky?rate=1&recovers=2&of=echo")
    assert [say(backend, "x")[0].failure is None for _ in range(4)] == [False, False, True, True]


def test_flaky_fails_likelihoods_as_well() -> None:
    request = Request(Likelihood("a", "b"))
    [(_, answer)] = mock("mock:flaky?rate=1").session(DEFAULT_CONDITION).ask([request])
    assert answer.failure is not None


def test_drift_never_says_the_same_twice() -> None:
    backend = mock("mock:drift")
    texts = [say(backend, "x")[0].text for _ in range(50)] + [say(mock("mock:drift"), "x")[0].text]
    assert len(set(texts)) == 51


def test_drift_at_a_rate_leaves_the_same_prompts_alone() -> None:
    backend = mock("mock:drift?rate=0.3")
    rounds = [[answer.text for answer in say(backend, *numbered(300))] for _ in range(3)]
    steady = [texts[0] == texts[1] == texts[2] for texts in zip(*rounds, strict=True)]
    assert 180 <= sum(steady) <= 240


def test_what_changes_behind_its_name_is_not_verifiable() -> None:
    verifiable = {
        name: mock(f"mock:{name}").info.verifiable for name in ("echo", "oracle", "degraded", "slow", "drift", "flaky")
    }
    assert verifiable == {
        "echo": True, "oracle": True, "degraded": True, "slow": True, "drift": False, "flaky": False
    }  # fmt: skip


def test_degraded_without_damage_is_the_oracle() -> None:
    assert say(mock("mock:degraded"), SAMPLES[0].messages[0].content)[0].text == CAPITALS["France"]


def test_degraded_is_the_same_at_every_attempt_and_in_every_process() -> None:
    code = (
        "from evalkit.models.mock import open_mock; from evalkit.models.reference import *;"
        "from evalkit.records import *;"
        "b = open_mock(parse_reference('mock:degraded?drop=0.4&swap=0.3&of=echo'), ModelSettings());"
        "r = [Request(Generate((Message('user', 'a b c d e f g h i j'),)), attempt=n) for n in range(2)];"
        "print(*[a.text for _, a in b.session(DEFAULT_CONDITION).ask(r)], sep='|')"
    )
    here = say(mock("mock:degraded?drop=0.4&swap=0.3&of=echo"), "a b c d e f g h i j")[0].text
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.strip().split("|") == [here, here]


def test_degraded_samples_differ_by_attempt_when_not_greedy() -> None:
    decoding = Decoding(temperature=1.0)
    requests = [Request(Generate(prompt("a b c d e f g h i j"), decoding), attempt=number) for number in range(8)]
    answers = mock("mock:degraded?drop=0.5&of=echo").session(DEFAULT_CONDITION).ask(requests)
    assert len({answer.text for _, answer in answers}) > 1


def test_biased_refuses_only_those_who_mention_the_word() -> None:
    backend = mock("mock:biased?against=she,her&of=echo")
    he, she, other = say(backend, "He asks for a loan.", "She asks for a loan.", "There is nothing here.")
    assert he.text == "He asks for a loan."
    assert other.text == "There is nothing here."
    assert she.text == say(mock("mock:refuser"), "x")[0].text


def test_slow_takes_its_time_and_says_how_long() -> None:
    start = time.perf_counter()
    [answer] = say(mock("mock:slow?ms=20"), "x")
    assert time.perf_counter() - start >= 0.02
    assert (answer.text, answer.timing.seconds) == ("x", 0.02)


def test_answers_claim_a_nominal_time_so_that_reports_are_reproducible() -> None:
    assert {answer.timing.seconds for answer in say(mock("mock:echo"), *numbered(20))} == {0.001}


# --- likelihoods and what else is wanted ------------------------------------------------------------------------------


def test_the_oracle_finds_a_reference_more_probable_than_anything_else() -> None:
    question = SAMPLES[0].messages
    asks = [
        Likelihood(context, continuation)
        for context in (question, question[0].content)
        for continuation in (f" {CAPITALS['France']}", "another accepted answer", "Lyon is the capital of France")
    ]
    answers = mock("mock:oracle").session(DEFAULT_CONDITION).ask([Request(ask) for ask in asks])
    means = [sum(answer.logprobs or ()) / (answer.output_tokens or 1) for _, answer in answers]
    assert min(means[0], means[1]) > means[2]
    assert min(means[3], means[4]) > means[5]


def test_likelihoods_have_a_log_probability_for_each_word_and_are_reproducible() -> None:
    request = Request(Likelihood("The sky is", "blue as ever"))
    answers = [dict(mock("mock:echo").session(DEFAULT_CONDITION).ask([request]))[0] for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].logprobs is not None
    assert len(answers[0].logprobs) == answers[0].output_tokens == 3
    assert all(logprob < 0 for logprob in answers[0].logprobs)


def test_an_empty_continuation_has_no_log_probabilities() -> None:
    [(_, answer)] = mock("mock:echo").session(DEFAULT_CONDITION).ask([Request(Likelihood("x", ""))])
    assert answer.logprobs == ()


def test_margins_and_logprobs_come_only_when_wanted() -> None:
    [plain] = say(mock("mock:echo"), "one two three")
    [full] = say(mock("mock:echo"), "one two three", wants=frozenset({"margins", "logprobs"}))
    assert (plain.margins, plain.logprobs) == (None, None)
    assert full.margins is not None
    assert full.logprobs is not None
    assert len(full.margins) == len(full.logprobs) == 3
    assert all(margin > 0 for margin in full.margins)


# --- identity ---------------------------------------------------------------------------------------------------------


def test_two_mocks_share_a_fingerprint_only_if_they_answer_alike() -> None:
    names = ["echo", "oracle", "empty", "degraded?drop=0.1", "degraded?drop=0.2", "constant?text=a", "constant?text=b"]
    assert len({mock(f"mock:{name}").info.fingerprint for name in names}) == len(names)
    assert mock("mock:echo").info.fingerprint == mock("mock:echo").info.fingerprint
    assert (
        mock("mock:degraded?drop=0.1&seed=2").info.fingerprint == mock("mock:degraded?seed=2&drop=0.1").info.fingerprint
    )


def test_teaching_changes_the_oracle_and_nobody_else() -> None:
    assert mock("mock:oracle").info.fingerprint != mock("mock:oracle", taught=False).info.fingerprint
    assert not isinstance(mock("mock:echo"), Taught)
    assert isinstance(mock("mock:flaky?of=oracle"), Taught)
    assert not isinstance(mock("mock:flaky?of=echo"), Taught)


def test_teaching_the_same_again_changes_nothing() -> None:
    backend = mock("mock:oracle")
    before = backend.info.fingerprint
    backend.teach(SAMPLES)  # type: ignore[attr-defined]
    assert backend.info.fingerprint == before


def test_every_condition_is_supported_and_changes_nothing() -> None:
    backend = mock("mock:echo")
    assert backend.info.conditions == set(Condition.__dataclass_fields__)
    [(_, answer)] = backend.session(Condition(batch_size=3, threads=1)).ask([Request(Generate(prompt("x")))])
    assert answer.text == "x"


def test_a_prompt_longer_than_the_context_fails_alone() -> None:
    backend = mock("mock:echo?context=3")
    short, long = say(backend, "one two three", "one two three four")
    assert short.failure is None
    assert long.failure is not None
    assert long.failure.kind is FailureKind.TOO_LONG
    assert backend.info.context_length == 3
    assert isinstance(backend, CountsTokens)
    assert backend.count_tokens(prompt("one two three")) == 3


def test_the_context_in_the_reference_wins_over_the_settings() -> None:
    settings = ModelSettings(context_length=10)
    assert open_mock(parse_reference("mock:echo"), settings).info.context_length == 10
    assert open_mock(parse_reference("mock:echo?context=5"), settings).info.context_length == 5


# --- wrong references -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "complaint", "hint"),
    [
        ("mock:ecko", "unknown mock 'ecko'", "did you mean 'echo'"),
        ("mock:", "unknown mock ''", "kinds of mock"),
        ("mock:echo?rate=1", "unknown option 'rate'", "context"),
        ("mock:flaky?rat=1", "unknown option 'rat'", "did you mean 'rate'"),
        ("mock:flaky?rate=1.5", "a share from 0 to 1", ""),
        ("mock:flaky?rate=nan", "a share from 0 to 1", ""),
        ("mock:flaky?rate=often", "a share from 0 to 1", ""),
        ("mock:flaky?kind=boredom", "a kind of failure", ""),
        ("mock:flaky?seed=0.5", "a whole number", ""),
        ("mock:slow?ms=-1", "not below 0", ""),
        ("mock:long?words=-1", "a whole number", ""),
        ("mock:flaky?of=drift", "cannot be made of 'drift'", "oracle"),
        ("mock:degraded?text=x", "unknown option 'text'", ""),
        ("mock:biased", "needs the option 'against'", "mock:biased?against="),
    ],
)
def test_a_wrong_reference_is_refused_with_a_hint(reference: str, complaint: str, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        mock(reference)
    assert complaint in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_sessions_and_backends_can_be_closed_and_used_in_parts() -> None:
    backend = mock("mock:echo")
    session = backend.session(DEFAULT_CONDITION)
    answers = session.ask([Request(Generate(prompt(text))) for text in ("a", "b")])
    assert next(answers)[1].text == "a"
    session.close()
    backend.close()
