"""Answers inside answers: letters, boxes, last lines, patterns, JSON; and that nothing is guessed."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics.extraction import RULES, boxed, choice, extractor, final_line, number, written


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The answer is (B)", "B"),
        ("B.", "B"),
        ("b", "B"),
        ("**C**", "C"),
        ("Answer: d", "D"),
        ("**Answer:** B", "B"),
        ("<answer>B</answer>", "B"),
        ("B) Paris", "B"),
        ("B. Paris is the capital", "B"),
        ("A. Paris\nB. Rome\n\nThe correct answer is B. Rome", "B"),
        ("The answer is A because it is red", "A"),
        ("A is the correct answer", "A"),
        ("The answer is not B, it's C", "C"),
        ("I would go with D", "D"),
        ("The final answer is $\\boxed{\\text{C}}$.", "C"),
        ("The answer to the question is B", "B"),
        ("Options (A) and (B) are wrong. So (C) is left.", "C"),
        ("Is the answer C? No, it's D.", "D"),
        ("First I thought the answer is A. But the answer is D.", "D"),
        ("答案是B", "B"),
        ("Antwort: C", "C"),
        ("La bonne réponse est (D)", "D"),
    ],
)
def test_the_letter_that_an_answer_settles_on(text: str, letter: str) -> None:
    assert choice(text, "ABCD") == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A dog barks.",
        "The answer is a dog",
        "The answer is A dog",
        "I am sure.",
        "I",
        "Vitamin C",
        "A or B",
        "The answer is A or B",
        "The answer is E",
        "A. Paris\nB. Rome\nC. Oslo",
        "Options (A) and (B) are wrong.",
        "Is it (A)? I doubt it.",
        "(A) is incorrect.",
        "The answer is not B",
        "I don't know.",
    ],
)
def test_no_letter_is_guessed(text: str) -> None:
    assert choice(text, "ABCD") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"so \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{a} then \boxed{\text{b}}", "b"),
        (r"\fbox{7}", "7"),
        (r"\boxed 5", "5"),
        (r"\boxed{\left\{1,2\right\}}", r"\left\{1,2\right\}"),
        (r"\boxed{{1}{2", None),
        ("no box", None),
        (r"\boxed{}", None),
    ],
)
def test_boxes_with_braces_in_them(text: str, found: str | None) -> None:
    assert boxed(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("so\n**Answer: 42**\n\n", "42"),
        ("#### 18", "18"),
        ("work\nA: 3", "3"),
        ("work\r\nThe final answer is: Paris", "Paris"),
        ("Paris", "Paris"),
        ("answers vary", "answers vary"),
        (" \n\t", None),
        ("***", None),
    ],
)
def test_the_last_line_without_its_lead(text: str, found: str | None) -> None:
    assert final_line(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("It costs $1,234.50.", "1234.5"), ("#### 18", "18"), ("-0.05", "-0.05"), ("1/3 of it", "1/3"), ("none", None)],
)
def test_numbers_are_written_plainly(text: str, found: str | None) -> None:
    assert number(text) == found


@given(st.fractions(max_denominator=10**6))
def test_what_is_written_is_the_number(value: Fraction) -> None:
    assert Fraction(written(value)) == value


def test_a_pattern_gives_its_last_match_and_first_group() -> None:
    read = extractor({"regex": r"=\s*(\w+)"})
    assert read("a = 1, b = 2") == "2"
    assert read("nothing") is None
    assert extractor({"regex": r"\d+"})("3 and 45") == "45"


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("answer", '{"answer": "Paris"}', "Paris"),
        ("$.a.b[1]", 'Sure:\n```json\n{"a": {"b": [1, 2]}}\n```', "2"),
        ("[0].x", '[{"x": true}]', "true"),
        ("answer", '{"answer": null}', None),
        ("answer", "{broken", None),
        ("answer", '{"other": 1} {"answer": 2} and {"answer": 3}', "3"),
    ],
)
def test_a_value_in_json(path: str, text: str, found: str | None) -> None:
    assert extractor({"json": path})(text) == found


@pytest.mark.parametrize(
    "rule", ["letter", {"regex": "("}, {"json": ""}, {"json": "a..b"}, {"xpath": "a"}, {"regex": "a", "json": "b"}, {}]
)
def test_what_is_no_rule_is_refused(rule: str | dict[str, str]) -> None:
    with pytest.raises(ValueError):
        extractor(rule)


def test_signatures_tell_rules_apart() -> None:
    rules = ["number", "choice", {"regex": "a"}, {"regex": "b"}, {"json": "a"}]
    assert len({extractor(rule).signature for rule in rules}) == len(rules)


@settings(max_examples=150)
@given(st.text(max_size=400))
def test_whatever_the_text_is_a_rule_finds_some_of_it_or_nothing(text: str) -> None:
    for name, read in RULES.items():
        found = read(text)
        assert found is None or found.strip(), name
    letter = choice(text, "ABCD")
    assert letter is None or letter in "ABCD"


@settings(max_examples=60)
@given(st.sampled_from("ABCD"), st.text(alphabet="xyz ,.", max_size=60))
def test_a_sentence_that_says_the_letter_wins_over_what_came_before(letter: str, before: str) -> None:
    assert choice(f"{before}\nThe answer is ({letter}).", "ABCD") == letter


def _seconds_to_read(text: str) -> float:
    begun = time.process_time()
    for read in (*RULES.values(), extractor({"json": "a"}).read):
        read(text)
    return time.process_time() - begun


@pytest.mark.parametrize(
    "piece", ["a", "A", "(", "{", "[", "\\", "*", " ", "\n", "answer ", "答案", "it is ", "\\boxed{", "A. \n", '{"a":']
)
def test_long_texts_cost_what_their_length_says(piece: str) -> None:
    """A text that is eight times as long takes about eight times as long to read, and not sixty-four times."""
    seconds = []
    for length in (25_000, 200_000):
        text = piece * (length // len(piece))
        seconds.append(min(_seconds_to_read(text) for _ in range(3)))  # a collection of cycles may fall into one
    assert seconds[1] < 30 * max(seconds[0], 0.01)


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("Let's see. A: wrong. B: wrong. C: correct. D: wrong.", "C"),
        ("A) Incorrect\nB) Correct\nC) Incorrect", "B"),
        ("A) Paris - incorrect\nB) Rome - correct", "B"),
        ("A) Correct\nB) Correct\nC) Wrong", None),
        ("A. The right to vote\nB. The wrong turn", None),
        ("Of the options, B seems most plausible, although C is tempting.", "B"),
    ],
)
def test_of_choices_gone_through_one_by_one_the_only_right_one_counts(answer: str, letter: str | None) -> None:
    assert extractor("choice")(answer, "ABCD") == letter
