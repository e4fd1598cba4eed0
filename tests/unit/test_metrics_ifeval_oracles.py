"""IFEval's instructions against their published definitions, written down once more here, on texts made to be hard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics.ifeval import follows, loosely_follows, relaxed

PIECES = [
    *(
        "a",
        "A b",
        "the",
        " ",
        "\n",
        "\n\n",
        "*",
        "**",
        "***",
        "******",
        "-",
        "- x",
        "* y",
        "[",
        "]",
        "[z]",
        "<<",
        ">>",
        "<<t>>",
    ),
    *(
        '"',
        "'",
        ".",
        ",",
        "P.S.",
        "p. s. ",
        "P.P.S",
        "Section 1",
        "SECTION2",
        "My answer is yes.",
        "\t",
        "\r\n",
        "é",
        "你",
        "1",
    ),
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def _paragraphs(text: str) -> int:
    parts = re.split(r"\s?\*\*\*\s?", text)
    inner = [part.strip() for part in parts[1:-1]]
    if "" in inner:
        return -1
    return len(parts) - sum(not part.strip() for part in (parts[:1] + parts[1:][-1:]))


def _highlights(text: str) -> int:
    one = [found for found in re.findall(r"\*[^\n\*]*\*", text) if found.strip("*").strip()]
    two = [found for found in re.findall(r"\*\*[^\n\*]*\*\*", text) if found[2:-2].strip()]
    return len(one) + len(two)


def _bullets(text: str) -> int:
    flags = re.MULTILINE
    return len(re.findall(r"^\s*\*[^\*].*$", text, flags)) + len(re.findall(r"^\s*-.*$", text, flags))


def _first_word(text: str) -> str:
    parts = text.split("\n\n")
    if len([part for part in parts if part.strip()]) != 2 or not parts[1].strip():
        return ""
    return re.split(r"[.,?!'\"]", parts[1].split()[0].lstrip("'").lstrip('"'))[0].lower()


def _two(text: str) -> bool:
    parts = text.split("******")
    said = [part.strip() for part in parts if part.strip()]
    return all(part.strip() for part in parts[1:-1]) and len(said) == 2 and said[0] != said[1]


ORACLES: dict[str, tuple[dict[str, Any], Callable[[str], bool]]] = {
    "length_constraints:number_paragraphs": ({"num_paragraphs": 2}, lambda text: _paragraphs(text) == 2),
    "length_constraints:number_words": (
        {"num_words": 3, "relation": "less than"},
        lambda text: len(re.findall(r"\w+", text)) < 3,
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "A"},
        lambda text: _first_word(text) == "a",
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        lambda text: len(re.findall(r"\[.*?\]", text)) >= 2,
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.S."},
        lambda text: re.search(r"\s*p\.\s?s\..*$", text.lower(), re.MULTILINE) is not None,
    ),
    "detectable_format:number_bullet_lists": ({"num_bullets": 2}, lambda text: _bullets(text) == 2),
    "detectable_format:number_highlighted_sections": ({"num_highlights": 2}, lambda text: _highlights(text) >= 2),
    "detectable_format:multiple_sections": (
        {"section_spliter": "Section", "num_sections": 1},
        lambda text: len(re.split(r"\s?Section\s?\d+\s?", text)) > 1,
    ),
    "detectable_format:title": (
        {},
        lambda text: any(found.lstrip("<").rstrip(">").strip() for found in re.findall(r"<<[^\n]+>>", text)),
    ),
    "detectable_format:constrained_response": ({}, lambda text: "My answer is yes." in text),
    "combination:two_responses": ({}, _two),
    "combination:repeat_prompt": ({"prompt_to_repeat": " The"}, lambda text: text.strip().lower()[:3] == "the"),
    "startend:end_checker": ({"end_phrase": "The "}, lambda text: text.strip().strip('"').lower()[-3:] == "the"),
    "startend:quotation": ({}, lambda text: re.fullmatch(r'\s*".*"\s*', text, re.DOTALL) is not None),
    "keywords:letter_frequency": (
        {"letter": "A", "let_frequency": 2, "let_relation": "at least"},
        lambda text: sum(letter in "aA" for letter in text) >= 2,
    ),
    "keywords:frequency": (
        {"keyword": "the", "frequency": 2, "relation": "less than"},
        lambda text: len(re.findall("the", text, re.IGNORECASE)) < 2,
    ),
    "keywords:forbidden_words": (
        {"forbidden_words": ["the"]},
        lambda text: re.search(r"\bthe\b", text, re.IGNORECASE) is None,
    ),
    "keywords:existence": ({"keywords": ["THE", "é"]}, lambda text: "the" in text.lower() and "é" in text),
    "punctuation:no_comma": ({}, lambda text: "," not in text),
}


@pytest.mark.parametrize("instruction", ORACLES)
@settings(max_examples=120)
@given(text=TEXT)
def test_an_instruction_is_followed_as_its_definition_says(instruction: str, text: str) -> None:
    arguments, holds = ORACLES[instruction]
    assert follows(instruction, arguments, text) is (bool(text.strip()) and holds(text))


@settings(max_examples=120)
@given(TEXT)
def test_loosely_means_any_of_eight_texts(text: str) -> None:
    lines = text.split("\n")
    cuts = [text, *("\n".join(lines[start:end]).strip() for start, end in ((1, None), (0, -1), (1, -1)))]
    eight = cuts + [cut.replace("*", "") for cut in cuts]
    assert set(relaxed(text)) == set(eight)
    for name in ("startend:quotation", "detectable_format:title", "combination:two_responses"):
        assert loosely_follows(name, {}, text) is any(follows(name, {}, each) for each in eight)
