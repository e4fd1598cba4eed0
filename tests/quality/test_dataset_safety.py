"""The safety set holds what its card promises: refusals that only refuse, and helpful answers that never do."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from shipped_rows import Row, card_of, rows_of

KEYS = ["id", "prompt", "references", "category", "unsafe", "kind"]
UNSAFE_KINDS = {"direct", "indirect", "roleplay", "justified", "hypothetical", "pressured"}
HARMLESS_KINDS = {
    "homonym",
    "figurative",
    "safe_target",
    "safe_context",
    "definition",
    "history",
    "fiction",
    "prevention",
}

SAYS_NO = re.compile(
    r"\b(can't|cannot|won't|will not|not able to|unable to|not going to|refuse|must decline|have to decline|I decline"
    r"|say no|answer is no|answer stays no|turn (this|it) down|turn down that role|I do not|I don't"
    r"|not something I will|must leave that question unanswered|has to be no|have to refuse|^No\b)",
    re.IGNORECASE,
)
COMPLIES = re.compile(
    r"\b(sure|certainly|of course|absolutely|here is|here's|here are|step one|first(?=,)|you will need"
    r"|begin by|start by|mix|pour|attach)\b",
    re.IGNORECASE,
)
REFUSES_OR_APOLOGISES = re.compile(
    r"\b(sorry|apolog\w+|regret|unfortunately|can't|cannot|unable|won't|will not|do not|don't|not able|must not"
    r"|should not|shouldn't|refus\w+|declin\w+|illegal|unlawful|inappropriate|dangerous|harmful"
    r"|unsafe|warning|beware|careful|however|as an ai|language model|i'm|i am|never)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of("safety")


@pytest.fixture(scope="module")
def card() -> str:
    return card_of("safety")


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[\w']+", text.lower()))


def overlap(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / len(left | right)


def test_there_are_enough_rows_of_both_sorts_in_every_category(rows: list[Row]) -> None:
    counts = Counter((row["category"], row["unsafe"]) for row in rows)
    categories = {category for category, _ in counts}
    assert len(categories) >= 12
    assert sum(row["unsafe"] for row in rows) >= 160
    assert sum(not row["unsafe"] for row in rows) >= 160
    for category in categories:
        assert counts[category, True] >= 8, category
        assert counts[category, False] >= 8, category


def test_ids_are_unique_and_numbered(rows: list[Row]) -> None:
    assert [row["id"] for row in rows] == [f"safety-{number:03d}" for number in range(1, len(rows) + 1)]


def test_every_row_has_the_fields_in_order_with_their_types(rows: list[Row]) -> None:
    for row in rows:
        assert list(row) == KEYS, row
        assert all(isinstance(row[key], str) and row[key] for key in ("id", "prompt", "category", "kind")), row
        assert isinstance(row["unsafe"], bool), row
        assert isinstance(row["references"], list), row
        assert len(row["references"]) == 1, row
        assert row["kind"] in (UNSAFE_KINDS if row["unsafe"] else HARMLESS_KINDS), row


def test_text_is_clean(rows: list[Row]) -> None:
    for row in rows:
        for text in (row["prompt"], row["references"][0]):
            assert text == " ".join(text.split()), row
            assert text.isprintable(), row
            assert re.search(r"[.?!][\"']?$", text), row
            assert text[0].isupper() or text[0] == '"', row
            assert not re.search(r"[{}<>|]|https?:|\b(\w+) \1\b", text), row


def test_prompts_do_not_repeat_each_other(rows: list[Row]) -> None:
    prompts = [(row["id"], words(row["prompt"])) for row in rows]
    near = [(a, b) for (a, left), (b, right) in combinations(prompts, 2) if overlap(left, right) >= 0.7]
    assert near == []


def test_references_do_not_repeat_each_other(rows: list[Row]) -> None:
    references = [(row["id"], words(row["references"][0])) for row in rows]
    near = [(a, b) for (a, left), (b, right) in combinations(references, 2) if overlap(left, right) >= 0.7]
    assert near == []


def test_refusals_say_no_and_help_with_nothing(rows: list[Row]) -> None:
    for row in rows:
        if row["unsafe"]:
            refusal = row["references"][0]
            assert 10 <= len(refusal.split()) <= 35, row
            assert SAYS_NO.search(refusal), row
            assert not COMPLIES.search(refusal), row


def test_refusals_open_in_many_ways(rows: list[Row]) -> None:
    refusals = [row["references"][0] for row in rows if row["unsafe"]]
    openings = Counter(" ".join(refusal.split()[:2]) for refusal in refusals)
    assert len(openings) >= 40
    assert openings.most_common(1)[0][1] <= len(refusals) * 0.25


def test_harmless_answers_neither_refuse_nor_apologise(rows: list[Row]) -> None:
    for row in rows:
        if not row["unsafe"]:
            answer = row["references"][0]
            assert 15 <= len(answer.split()) <= 45, row
            assert not REFUSES_OR_APOLOGISES.search(answer), row


def test_unsafe_prompts_hold_no_amounts_or_addresses(rows: list[Row]) -> None:
    """Operational detail nearly always shows as a figure, a unit, a chemical formula or an address."""
    for row in rows:
        if row["unsafe"]:
            assert not re.search(r"\d|%|@|www\.|\b(gram|millilitre|litre|kilo)s?\b", row["prompt"]), row
            assert len(row["prompt"].split()) <= 40, row


def test_card_counts_agree_with_the_file(rows: list[Row], card: str) -> None:
    unsafe = sum(row["unsafe"] for row in rows)
    assert f"{len(rows)} rows, UTF-8, one JSON object a line: {unsafe} unsafe, {len(rows) - unsafe} harmless." in card

    counted = Counter((row["category"], row["unsafe"]) for row in rows)
    categories = list(dict.fromkeys(row["category"] for row in rows))
    listed = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \|$", card, re.MULTILINE)
    assert listed == [(name, str(counted[name, True]), str(counted[name, False])) for name in categories]

    kinds = Counter(row["kind"] for row in rows)
    listed_kinds = re.findall(r"^\| (\w+) \| (\d+) \| \D+ \|$", card, re.MULTILINE)
    assert {name: int(count) for name, count in listed_kinds} == kinds


def test_card_names_its_columns_and_shows_rows_of_the_file(rows: list[Row], card: str) -> None:
    assert re.findall(r"^\| `(\w+)` \| ", card, re.MULTILINE) == KEYS
    examples = [json.loads(line) for line in card.splitlines() if line.startswith("{")]
    assert {example["unsafe"] for example in examples} == {True, False}
    assert all(example in rows for example in examples)
    assert "Apache-2.0" in card
    assert "Written for this project" in card


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("xstest/xstest_prompts.csv", "prompt"),
        ("simple_safety_tests/test_cases.csv", "prompts_final"),
        ("jailbreakbench/jailbreakbench.csv", "Goal"),
    ],
)
def test_no_prompt_is_taken_from_a_public_set(rows: list[Row], public_data: Path, file: str, column: str) -> None:
    with (public_data / file).open(encoding="utf-8", newline="") as handle:
        published = [words(record[column]) for record in csv.DictReader(handle)]
    assert published
    for row in rows:
        ours = words(row["prompt"])
        assert max(overlap(ours, theirs) for theirs in published) < 0.6, row
