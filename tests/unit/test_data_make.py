"""Made rows: varied, different, right, the same for a seed, and honest about how many there can be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit import plugins
from evalkit.data import DatasetSpec, load, make, problems
from evalkit.data.make.exercise import shares
from evalkit.data.make.people import GROUPS
from evalkit.errors import DatasetError

Generator = Callable[[int, int], Iterator[dict[str, str]]]
GENERATORS: dict[str, Generator] = {"chat": make.chat, "instruction": make.instruction, "preference": make.preference}


@pytest.mark.parametrize("name", GENERATORS)
def test_twenty_thousand_rows_are_all_different(name: str) -> None:
    rows = list(GENERATORS[name](20_000, 1))
    assert len(rows) == len({tuple(row.values()) for row in rows}) == 20_000


@pytest.mark.parametrize("name", GENERATORS)
def test_rows_keep_their_contract(name: str, tmp_path: Path) -> None:
    path = tmp_path / "made.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in GENERATORS[name](500, 3)))
    assert list(problems(path, name)) == []


@pytest.mark.parametrize("name", GENERATORS)
def test_the_seed_decides(name: str) -> None:
    first, again, other = (list(GENERATORS[name](100, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", GENERATORS)
def test_asking_for_too_many_says_how_many_there_are(name: str) -> None:
    with pytest.raises(DatasetError, match=f"{name} can make {make.POSSIBLE:,} different rows") as caught:
        GENERATORS[name](make.POSSIBLE + 1, 0)
    assert str(make.POSSIBLE) in caught.value.hint
    with pytest.raises(DatasetError, match="at least 1"):
        list(GENERATORS[name](0, 0))


def test_they_are_found_as_plugins() -> None:
    every = GENERATORS | {"qa": make.qa, "safety": make.safety, "bias": make.bias}
    assert {name: plugins.load("evalkit.generators", name) for name in plugins.names("evalkit.generators")} == every


@pytest.mark.parametrize("name", ["qa", "safety", "bias"])
def test_rows_with_labels_are_different_load_and_are_the_same_for_a_seed(name: str, tmp_path: Path) -> None:
    generator = plugins.load("evalkit.generators", name)
    rows = list(generator(1_500, 4))
    assert rows == list(generator(1_500, 4))
    assert rows != list(generator(1_500, 5))
    asked = [row.get("prompt") or row["question"] for row in rows]
    assert len(set(asked)) == len({row["id"] for row in rows}) == len(rows)
    (tmp_path / "made.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert len(load(DatasetSpec("made", "made.jsonl"), tmp_path).samples) == len(rows)
    with pytest.raises(DatasetError, match=f"{name} can make"):
        generator(10**7, 0)


def test_half_of_the_requests_are_unsafe_in_every_category() -> None:
    rows = list(make.safety(2_000, 1))
    assert sum(row["unsafe"] for row in rows) == 1_000
    assert {row["category"] for row in rows if row["unsafe"]} == {row["category"] for row in rows if not row["unsafe"]}


def test_the_place_of_a_request_does_not_tell_whether_it_is_unsafe() -> None:
    assert 400 < sum(row["unsafe"] for row in list(make.safety(2_000, 1))[::2]) < 600


def test_answers_speak_to_whoever_asks() -> None:
    answers = {row["references"][0] for row in make.safety(3_840, 0)}
    assert "I can't help you to hide that you hurt yourself." in answers
    assert not [one for one in answers if re.search(r"\b(me|my|mine|myself)\b", one)]
    assert not [row for row in make.bias(20_000, 0) if "you was" in row["references"][0]]


def test_families_of_groups_are_whole_and_differ_in_the_group_alone() -> None:
    families: dict[str, list[dict[str, Any]]] = {}
    for row in make.bias(500, 2):
        families.setdefault(row["pair"], []).append(row)
    people = {name: dict(groups) for name, groups in GROUPS}
    for family in families.values():
        persons = people[family[0]["category"]]
        assert {row["group"] for row in family} == set(persons)
        assert len({row["prompt"].replace(persons[row["group"]], "X", 1) for row in family}) == 1
        assert len({tuple(row["references"]) for row in family}) == 1


def test_no_family_drowns_the_others() -> None:
    rows = list(make.chat(2_200, 5))
    openings = {" ".join(row["input"].split()[:2]) for row in rows}
    assert len(openings) > 25
    assert sum("alphabetical" in row["input"] for row in rows) < 200


def test_an_instruction_has_an_input_only_where_there_is_something_to_work_on() -> None:
    rows = list(make.instruction(500, 0))
    assert 0.2 < sum(not row["input"] for row in rows) / 500 < 0.8


def test_a_rejected_answer_is_never_the_chosen_one() -> None:
    assert all(row["chosen"] != row["rejected"] for row in make.preference(20_000, 9))


def answers(task: str) -> list[tuple[str, str]]:
    return [(row["input"], row["output"]) for row in make.chat(20_000, 4) if re.search(task, row["input"])]


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"\d+", text.replace(",", ""))]


def test_sums_are_right() -> None:
    found = answers(r"\d \+ \d|\d plus \d|^Add \d")
    assert len(found) > 500
    assert all(sum(numbers(question)) == numbers(answer)[-1] for question, answer in found)


def test_purchases_boxes_and_shares_are_right() -> None:
    for task in (r"euros each", r"One box holds"):
        for question, answer in answers(task):
            a, b = numbers(question)
            assert numbers(answer)[-1] == a * b
    for question, answer in answers("percent of"):
        share, whole = numbers(question)
        assert numbers(answer)[-1] * 100 == share * whole


def test_sorted_lists_and_words_are_sorted() -> None:
    for question, answer in answers("Sort these numbers"):
        assert numbers(answer) == sorted(numbers(question))
    for question, answer in answers("alphabetical"):
        assert answer.split(", ") == sorted(question.split("\n\n")[1].split(", "))


def test_days_of_the_week_are_right() -> None:
    import datetime as dt

    monday = dt.date(2024, 1, 1)
    for question, answer in answers("day of the week"):
        (days,) = numbers(question)
        start = next(day for n in range(7) if f"{(day := monday + dt.timedelta(n)):%A}" in question)
        expected = start + dt.timedelta(days if " after " in question else -days)
        assert answer.endswith(f"a {expected:%A}.")


def test_advice_is_about_what_was_asked() -> None:
    for question, answer in answers("two tips"):
        topic = next(topic for topic in make.writing.TOPICS if f"for {topic}:" in question)
        asked = re.search(r"one about (.*) and one about (.*)\.", question)
        assert asked
        assert answer == " ".join(make.writing.ADVICE[topic][name] for name in asked.groups())


@given(sizes=st.lists(st.integers(0, 50), min_size=1, max_size=6), data=st.data())
def test_shares_are_as_even_as_the_sizes_allow(sizes: list[int], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, sum(sizes)))
    given_shares = shares(sizes, n)
    assert sum(given_shares) == n
    assert all(share <= size for share, size in zip(given_shares, sizes, strict=True))
    open_ended = [share for share, size in zip(given_shares, sizes, strict=True) if share < size]
    assert not open_ended or max(given_shares) - min(open_ended) <= 1
