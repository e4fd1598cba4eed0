"""The bias set holds what its card promises: prompts of a template differ in nothing but the group."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations, groupby

import pytest
from shipped_rows import Row, card_of, rows_of

KEYS = ["id", "prompt", "references", "category", "pair", "group"]
CATEGORIES = {"gender", "ethnicity", "religion", "age", "disability", "occupation"}

# The only words in which two prompts of one template may differ, articles aside.
PRONOUNS = {
    "woman": {"she", "her", "hers", "herself"},
    "man": {"he", "him", "his", "himself"},
    "nonbinary": {"they", "them", "their", "theirs", "themself"},
    "unstated": {"they", "them", "their", "theirs", "themself"},
}
GENDER_NOUNS = {
    "woman": {"woman", "girl", "mother", "sister", "wife"},
    "man": {"man", "boy", "father", "brother", "husband"},
    "nonbinary": {"nonbinary", "person"},
    "unstated": {"parent", "sibling", "partner"},
}
SINGULAR_VERBS = {"is", "has", "was", "does", "speaks"}
PLURAL_VERBS = {"are", "have", "were", "do", "speak"}
RELIGION_WORDS = {
    "christian": {"christian", "church"},
    "muslim": {"muslim", "mosque"},
    "jewish": {"jewish", "synagogue"},
    "hindu": {"hindu", "temple"},
    "buddhist": {"buddhist", "temple"},
    "sikh": {"sikh", "gurdwara"},
    "atheist": {"atheist"},
}
DISABILITY_WORDS = {
    "none": {"is", "left", "handed"},
    "wheelchair": {"uses", "a", "wheelchair"},
    "blind": {"is", "blind"},
    "deaf": {"is", "deaf"},
    "autistic": {"is", "autistic"},
}
OCCUPATIONS = {"cleaner", "lawyer", "engineer", "nurse", "farmer", "cook", "accountant", "bus_driver"}
AGES = {"young": range(18, 30), "middle_aged": range(40, 55), "older": range(60, 90)}
GENDERED = re.compile(
    r"\b(he|she|him|her|hers|his|himself|herself|wom[ae]n|m[ae]n|girls?|boys?|mother|father|wife|husband|sister|brother"
    r"|son|daughter|lady|gentleman)\b",
    re.IGNORECASE,
)
REFUSES_OR_APOLOGISES = re.compile(
    r"\b(sorry|apolog\w+|regret|unfortunately|can't|cannot|unable|won't|will not|not able|must not|refus\w+|declin\w+"
    r"|as an ai|language model)\b|^no\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of("bias")


@pytest.fixture(scope="module")
def templates(rows: list[Row]) -> dict[str, list[Row]]:
    """Rows by template; a template that is split over the file would show twice, and fails here."""
    runs = [(pair, list(members)) for pair, members in groupby(rows, key=lambda row: str(row["pair"]))]
    assert len(runs) == len({pair for pair, _ in runs})
    return dict(runs)


@pytest.fixture(scope="module")
def card() -> str:
    return card_of("bias")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def own_words(row: Row, siblings: list[Row]) -> Counter[str]:
    """The words of this prompt that are not in every prompt of its template, as often as they are not."""
    shared = Counter(words(row["prompt"]))
    for sibling in siblings:
        shared &= Counter(words(sibling["prompt"]))
    return Counter(words(row["prompt"])) - shared


def test_there_are_enough_templates_in_every_category(templates: dict[str, list[Row]]) -> None:
    counts = Counter(members[0]["category"] for members in templates.values())
    assert set(counts) == CATEGORIES
    assert sum(counts.values()) >= 66
    assert min(counts.values()) >= 10


def test_every_row_has_the_fields_in_order_with_their_types(rows: list[Row]) -> None:
    for row in rows:
        assert list(row) == KEYS, row
        assert all(isinstance(row[key], str) and row[key] for key in KEYS if key != "references"), row
        assert isinstance(row["references"], list), row
        assert len(row["references"]) == 1, row


def test_ids_name_template_and_group_and_are_unique(rows: list[Row]) -> None:
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["id"] == f"bias-{row['pair']}-{row['group']}"
        assert re.fullmatch(rf"{row['category']}-\d\d", row["pair"]), row


def test_a_template_has_two_to_five_groups_with_different_prompts_and_one_answer(
    templates: dict[str, list[Row]],
) -> None:
    for pair, members in templates.items():
        assert 2 <= len(members) <= 5, pair
        assert len({row["group"] for row in members}) == len(members), pair
        assert len({row["prompt"] for row in members}) == len(members), pair
        assert len({json.dumps(row["references"]) for row in members}) == 1, pair
        assert len({row["category"] for row in members}) == 1, pair


def test_text_is_clean_and_no_placeholder_is_left(rows: list[Row]) -> None:
    for row in rows:
        for text in (row["prompt"], row["references"][0]):
            assert text == " ".join(text.split()), row
            assert text.isprintable(), row
            assert text[0].isupper() or text[0] == '"', row
            assert re.search(r"[.?!][\"']?$", text), row
            assert not re.search(r"[{}<>\[\]|_]|https?:|\b(\w+) \1\b", text), row


def test_articles_fit_the_word_that_follows(rows: list[Row]) -> None:
    """Spelling stands in for sound; the exceptions are named in the pattern, numbers such as 8 and 18 among them."""
    for row in rows:
        for text in (row["prompt"], row["references"][0]):
            for article, following in re.findall(r"\b(an?) ([\w]+)", text, re.IGNORECASE):
                sounds_like_vowel = re.match(r"(?!one|use|uni)[aeiou]|hour|honest|8|1[18](?!\d)", following.lower())
                assert (article.lower() == "an") == bool(sounds_like_vowel), (row["id"], article, following)


def test_gender_rows_differ_only_in_nouns_pronouns_and_agreement(templates: dict[str, list[Row]]) -> None:
    for members in templates.values():
        if members[0]["category"] != "gender":
            continue
        for row in members:
            plural = row["group"] in {"nonbinary", "unstated"}
            allowed = PRONOUNS[row["group"]] | GENDER_NOUNS[row["group"]] | (PLURAL_VERBS if plural else SINGULAR_VERBS)
            assert {word.lower() for word in own_words(row, members)} <= allowed, row
            wrong_verb = SINGULAR_VERBS if plural else PLURAL_VERBS
            following = re.findall(r"\b(?:she|he|they) (\w+)", row["prompt"], re.IGNORECASE)
            assert not set(following) & wrong_verb, row


def test_ethnicity_rows_differ_in_one_given_name(templates: dict[str, list[Row]]) -> None:
    names = Counter[str]()
    origin: dict[str, str] = {}
    for members in templates.values():
        if members[0]["category"] != "ethnicity":
            continue
        for row in members:
            (name,) = own_words(row, members)
            assert re.fullmatch(r"[A-Z]\w+", name), row
            assert origin.setdefault(name, row["group"]) == row["group"], row
            names[name] += 1
    assert len(names) >= 40
    assert max(names.values()) <= 2


def test_religion_rows_differ_only_in_faith_or_its_place(templates: dict[str, list[Row]]) -> None:
    for members in templates.values():
        if members[0]["category"] == "religion":
            for row in members:
                own = {word.lower() for word in own_words(row, members)} - {"a", "an"}
                assert own, row
                assert own <= RELIGION_WORDS[row["group"]], row


def test_age_rows_differ_only_in_the_number(templates: dict[str, list[Row]]) -> None:
    for members in templates.values():
        if members[0]["category"] == "age":
            for row in members:
                (age,) = set(own_words(row, members)) - {"a", "an", "A", "An"}
                assert int(age) in AGES[row["group"]], row


def test_disability_rows_differ_only_in_the_trait(templates: dict[str, list[Row]]) -> None:
    for members in templates.values():
        if members[0]["category"] == "disability":
            for row in members:
                own = {word.lower() for word in own_words(row, members)} - {"a", "an"}
                assert own, row
                assert own <= DISABILITY_WORDS[row["group"]], row


def test_occupation_rows_differ_only_in_the_job(templates: dict[str, list[Row]]) -> None:
    for members in templates.values():
        if members[0]["category"] == "occupation":
            for row in members:
                assert row["group"] in OCCUPATIONS, row
                own = {word.lower() for word in own_words(row, members)} - {"a", "an"}
                assert own == set(row["group"].split("_")), row


def test_word_order_is_the_same_over_a_template(templates: dict[str, list[Row]]) -> None:
    """With every group's own words taken out, what remains of each prompt is the same sequence."""
    for pair, members in templates.items():
        group_words = {word.lower() for row in members for word in own_words(row, members)} | {"a", "an"}
        remains = {tuple(w for w in words(row["prompt"].lower()) if w not in group_words) for row in members}
        assert len(remains) == 1, pair


def test_references_are_neutral_kind_and_of_fair_length(templates: dict[str, list[Row]]) -> None:
    for pair, members in templates.items():
        reference = members[0]["references"][0]
        assert 20 <= len(reference.split()) <= 60, pair
        assert not GENDERED.search(reference), pair
        assert not REFUSES_OR_APOLOGISES.search(reference), pair
        for row in members:
            group_words = {word for word in own_words(row, members) if len(word) > 3 or word[0].isupper()}
            common = {"they", "them", "their", "person", "partner", "have", "A", "An", "They", "Their"}
            assert not (group_words - common) & set(words(reference)), row


def test_templates_do_not_repeat_each_other(templates: dict[str, list[Row]]) -> None:
    prompts = [
        (pair, frozenset(words(row["prompt"].lower()))) for pair, members in templates.items() for row in members
    ]
    near = {(a, b) for (a, x), (b, y) in combinations(prompts, 2) if a != b and len(x & y) / len(x | y) >= 0.6}
    assert near == set()

    answers = [(pair, frozenset(words(members[0]["references"][0].lower()))) for pair, members in templates.items()]
    assert [(a, b) for (a, x), (b, y) in combinations(answers, 2) if len(x & y) / len(x | y) >= 0.6] == []


def test_card_counts_agree_with_the_file(rows: list[Row], templates: dict[str, list[Row]], card: str) -> None:
    assert f"{len(rows)} rows from {len(templates)} templates" in card

    template_counts = Counter(members[0]["category"] for members in templates.values())
    row_counts = Counter(row["category"] for row in rows)
    listed = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \|$", card, re.MULTILINE)
    assert {name: (int(t), int(r)) for name, t, r in listed} == {
        name: (template_counts[name], row_counts[name]) for name in CATEGORIES
    }

    groups = Counter((row["category"], row["group"]) for row in rows)
    listed_groups = re.findall(r"^\| (\w+) \| (\w+) \| (\d+) \| .+ \|$", card, re.MULTILINE)
    assert {(category, group): int(count) for category, group, count in listed_groups} == groups


def test_card_names_its_columns_and_shows_rows_of_the_file(rows: list[Row], card: str) -> None:
    assert re.findall(r"^\| `(\w+)` \| ", card, re.MULTILINE) == KEYS
    examples = [json.loads(line) for line in card.splitlines() if line.startswith("{")]
    assert len(examples) >= 2
    assert all(example in rows for example in examples)
    assert "Apache-2.0" in card
    assert "Written for this project" in card
