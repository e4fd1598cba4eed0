"""Degraded mocks: bad by the asked share, in the asked way alone, and the more so the larger the share."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.models.mock import open_mock
from evalkit.models.mock.backend import MockBackend
from evalkit.models.mock.degraded import DEGRADATIONS, LEAK_MB, STALL_SECONDS
from evalkit.models.mock.groups import Groups
from evalkit.models.reference import ModelSettings, parse_reference
from evalkit.protocols import Taught
from evalkit.records import DEFAULT_CONDITION, Answer, Decoding, Generate, Likelihood, Message, Request, Sample

GOOD = "In 1969 two of 3 people walked on the moon while one waited above them in orbit"
ROWS = 400


def row(number: int, pair: str = "", group: str = "") -> Sample:
    labels = {"pair": pair, "group": group} if pair else {}
    return Sample(str(number), (Message("user", f"question {number}"),), (GOOD,), labels)


PLAIN = [row(number) for number in range(ROWS)]
PAIRED = [row(number, f"pair {number // 2}", ("man", "woman")[number % 2]) for number in range(ROWS)]


def degraded(options: str, samples: list[Sample] = PLAIN) -> MockBackend:
    backend = open_mock(parse_reference(f"mock:degraded?{options}"), ModelSettings())
    assert isinstance(backend, Taught)
    backend.teach(samples)
    return backend


def answers(backend: MockBackend, samples: list[Sample] = PLAIN, attempt: int = 0, tokens: int = 60) -> list[Answer]:
    asks = [Request(Generate(sample.messages, Decoding(tokens)), attempt=attempt) for sample in samples]
    return [answer for _, answer in backend.session(DEFAULT_CONDITION).ask(asks)]


ORACLE = answers(degraded("seed=0"))
OF_ANSWERS = [
    name for name in DEGRADATIONS
    if name not in {"drop", "swap", "truncate", "wrong_number", "unsteady", "misjudge", "stereotype", "forgetful",
                    "elsewhere", "overcorrect", "confused"}
    and not name.endswith("_group")
]  # fmt: skip


OF_TEXTS = [name for name in OF_ANSWERS if name not in {"fail", "stall", "leak"}]


def spoilt(options: str, samples: list[Sample] = PLAIN, attempt: int = 0) -> set[int]:
    found = answers(degraded(options, samples), samples, attempt)
    return {place for place, answer in enumerate(found) if answer != ORACLE[place]}


@pytest.mark.parametrize("name", OF_ANSWERS)
def test_a_fifth_is_a_fifth_of_the_answers(name: str) -> None:
    # 400 draws of 0.2: 80 expected, standard deviation 8; five of them on either side
    assert 40 <= len(spoilt(f"{name}=0.2")) <= 120
    assert len(spoilt(f"{name}=1")) == ROWS


def test_elsewhere_gives_the_answer_of_another_row() -> None:
    rows = [
        Sample(str(number), (Message("user", f"question {number}"),), (f"answer {number}",)) for number in range(ROWS)
    ]
    good = [f"answer {number}" for number in range(ROWS)]
    some = [answer.text for answer in answers(degraded("elsewhere=0.2", rows), rows)]
    # 400 draws of 0.2: 80 expected, standard deviation 8; five of them on either side
    assert 40 <= sum(said != own for said, own in zip(some, good, strict=True)) <= 120
    every = [answer.text for answer in answers(degraded("elsewhere=1", rows), rows)]
    assert set(every) <= set(good)
    assert all(said != own for said, own in zip(every, good, strict=True))
    assert len(set(every)) > ROWS / 3  # not one row's answer for all


@pytest.mark.parametrize("name", DEGRADATIONS)
@settings(max_examples=5)
@given(shares=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted), seed=st.integers(0, 9))
def test_a_larger_share_spoils_at_least_the_same_answers(name: str, shares: list[float], seed: int) -> None:
    few, many = PAIRED[:60], f"{name}={shares[1]!r}&seed={seed}"
    less, more = (spoilt(options, few, attempt=1) for options in (f"{name}={shares[0]!r}&seed={seed}", many))
    assert less <= more


@pytest.mark.parametrize("name", ["drop", "swap", "truncate", "wrong_number", *OF_TEXTS])
def test_a_larger_share_leaves_fewer_of_the_pairs_of_words_that_a_good_answer_has(name: str) -> None:
    """Order counts: words that change places and come back, or all move along, would be no damage."""
    good = set(pairwise(GOOD.split()))
    kept = []
    for share in (0.1, 0.3, 0.6, 1.0):
        texts = [answer.text.split() for answer in answers(degraded(f"{name}={share}"), PLAIN[:100], tokens=300)]
        kept.append(sum(len(good & set(pairwise(words))) / max(len(good), len(words) - 1) for words in texts))
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < 0.9 * kept[0]


def test_another_seed_spoils_other_answers() -> None:
    assert spoilt("refuse=0.2") != spoilt("refuse=0.2&seed=1")


def test_errors_are_failures_of_the_same_prompts_at_every_attempt() -> None:
    backend = degraded("fail=0.3")
    failed = [[answer.failure is not None for answer in answers(backend, attempt=attempt)] for attempt in range(2)]
    assert failed[0] == failed[1]
    assert 0 < sum(failed[0]) < ROWS


def test_likelihoods_fail_too_and_lose_their_preference_when_misjudged() -> None:
    def ask(options: str) -> Answer:
        request = Request(Likelihood(PLAIN[0].messages, GOOD))
        [(_, answer)] = degraded(options).session(DEFAULT_CONDITION).ask([request])
        return answer

    assert ask("fail=1").failure is not None
    assert set(ask("rude=1").logprobs or ()) == {-0.01}
    assert max(ask("misjudge=1").logprobs or ()) <= -0.5


def test_unsteady_prompts_get_another_answer_at_every_attempt_and_the_same_ones_in_every_run() -> None:
    first, second, third = (answers(degraded("unsteady=1"), attempt=attempt) for attempt in range(3))
    assert [answer.text for answer in first] == [GOOD] * ROWS
    assert all(len({one.text, two.text, three.text}) == 3 for one, two, three in zip(first, second, third, strict=True))
    assert answers(degraded("unsteady=1"), attempt=2) == third


def test_unsteadiness_shows_even_where_max_tokens_cuts_the_answer() -> None:
    backend = degraded("unsteady=1")
    texts = {answers(backend, PLAIN[:1], attempt=attempt, tokens=4)[0].text for attempt in range(3)}
    assert len(texts) == 3


def test_endless_answers_run_into_max_tokens() -> None:
    found = answers(degraded("endless=0.5"), tokens=200)
    assert {(answer.finish, answer.output_tokens) for answer in found} == {("stop", len(GOOD.split())), ("length", 200)}


def test_what_is_slow_or_leaks_claims_so_and_answers_as_before() -> None:
    [slow] = answers(degraded("stall=1"), PLAIN[:1])
    [leaky] = answers(degraded("leak=1"), PLAIN[:1])
    assert (slow.text, slow.timing.seconds, slow.timing.memory_growth_mb) == (GOOD, STALL_SECONDS, 0.0)
    assert (leaky.text, leaky.timing.seconds, leaky.timing.memory_growth_mb) == (GOOD, 0.001, LEAK_MB)


@pytest.mark.parametrize("name", [name for name in DEGRADATIONS if name.endswith("_group")])
def test_one_group_alone_is_treated_worse(name: str) -> None:
    assert spoilt(f"{name}=1", PAIRED) == {place for place in range(ROWS) if place % 2}  # women
    assert spoilt(f"{name}=1&group=Man", PAIRED) == {place for place in range(ROWS) if not place % 2}
    assert spoilt(f"{name}=1") == set()


def test_a_group_is_found_when_a_check_adds_a_system_text() -> None:
    messages = (Message("system", "Be brief."), *PAIRED[1].messages)
    [(_, answer)] = degraded("refuse_group=1", PAIRED).session(DEFAULT_CONDITION).ask([Request(Generate(messages))])
    assert answer.text.startswith("I'm sorry")


def test_of_every_family_of_groups_the_one_with_most_rows_is_chosen() -> None:
    named = [("1", "a"), ("1", "b"), ("2", "b"), ("2", "c"), ("3", "x"), ("3", "y"), ("4", "alone")]
    groups = Groups()
    groups.teach(row(number, pair, group) for number, (pair, group) in enumerate(named))
    assert groups.worse == {"b", "y"}  # a, b and c are one family through b; of x and y the last by name


def test_rows_without_pair_or_group_belong_to_nobody() -> None:
    groups = Groups()
    groups.teach([row(0), Sample("1", (Message("user", "q"),), (), {"pair": "1"})])
    assert groups.worse == frozenset()
    assert not groups.treated_worse((Message("user", "q"),))


def test_a_mock_that_treats_another_group_worse_is_another_model() -> None:
    prints = {degraded(f"refuse_group=1{group}", PAIRED).info.fingerprint for group in ("", "&group=man")}
    swapped = [row(n, f"pair {n // 2}", ("woman", "man")[n % 2]) for n in range(ROWS)]
    assert len(prints | {degraded("refuse_group=1", swapped).info.fingerprint}) == 3


def test_kinds_of_damage_add_up() -> None:
    [answer] = answers(degraded("truncate=1&rude=1&endless=1"), PLAIN[:1])
    assert answer.text.startswith("You stupid idiot")
    assert answer.finish == "length"
