"""Constraints: texts built to follow one do, and broken they do not; bad rows are named; hostile texts cost little."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics import json_schema
from evalkit.metrics.constraints import KINDS, from_ifeval, holds, judge, parse, whole_words
from evalkit.metrics.ifeval import INSTRUCTIONS, follows, relaxed
from evalkit.metrics.language import UNDETERMINED, detect

WORD = st.text(st.sampled_from(string.ascii_lowercase), min_size=2, max_size=9)
COUNT = st.integers(1, 30)


def one(text: str, kind: str, **arguments: Any) -> bool | None:
    return judge(parse([{"kind": kind, **arguments}]), text)[0].holds


# --- built to follow, and broken --------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(WORD, min_size=1, max_size=40))
def test_words_are_counted_exactly(words: list[str]) -> None:
    text = " ".join(words)
    assert one(text, "words", exactly=len(words)) is True
    assert one(text, "words", at_most=len(words) - 1) is False
    assert one(text, "words", more_than=len(words)) is False
    assert follows("length_constraints:number_words", {"relation": "at least", "num_words": len(words)}, text)
    assert not follows("length_constraints:number_words", {"relation": "less than", "num_words": len(words)}, text)


@settings(max_examples=25)
@given(st.lists(st.lists(WORD, min_size=3, max_size=8), min_size=1, max_size=12), st.sampled_from(".!?"))
def test_sentences_are_counted_exactly(sentences: list[list[str]], stop: str) -> None:
    text = " ".join(" ".join(words).capitalize() + "xx" + stop for words in sentences)
    number = {"num_sentences": len(sentences)}
    assert follows("length_constraints:number_sentences", {"relation": "at least", **number}, text)
    assert not follows("length_constraints:number_sentences", {"relation": "less than", **number}, text)
    assert one(text, "sentences", exactly=len(sentences)) is True
    assert one(text, "sentences", less_than=len(sentences)) is False


@settings(max_examples=25)
@given(COUNT, WORD, st.sampled_from("*-"))
def test_bullets_are_counted_exactly(count: int, word: str, mark: str) -> None:
    text = "\n".join(f"{mark} {word}" for _ in range(count))
    assert follows("detectable_format:number_bullet_lists", {"num_bullets": count}, text)
    assert not follows("detectable_format:number_bullet_lists", {"num_bullets": count}, text + f"\n{mark} {word}")
    assert one(text, "bullets", exactly=count) is True


@settings(max_examples=25)
@given(COUNT, WORD)
def test_placeholders_highlights_and_sections_are_counted(count: int, word: str) -> None:
    for kind, unit in (("placeholders", f"[{word}] "), ("highlights", f"*{word}* "), ("numbered", f"1. {word}\n")):
        assert one(unit * count, kind, exactly=count) is True
        assert one(unit * count, kind, at_least=count + 1) is False
    text = "\n".join(f"Section {number}\n{word}" for number in range(count))
    assert follows("detectable_format:multiple_sections", {"section_spliter": "Section", "num_sections": count}, text)
    assert not follows("detectable_format:multiple_sections", {"section_spliter": "Part", "num_sections": count}, text)


@settings(max_examples=25)
@given(st.lists(WORD, min_size=1, max_size=5, unique=True), st.integers(0, 4))
def test_keywords_are_found_until_one_is_taken_out(words: list[str], out: int) -> None:
    text = ", ".join(words)
    gone = words[out % len(words)]
    assert one(text, "contains", texts=words) is True
    assert one(text, "excludes", texts=[gone]) is False
    without = ", ".join(word for word in words if word != gone) + " qqqqqqqqqqqq"
    assert one(without, "contains", texts=words) is False
    assert one(without, "excludes", texts=[gone]) is True


@settings(max_examples=25)
@given(st.integers(1, 6), WORD)
def test_paragraphs_between_dividers_are_counted(count: int, word: str) -> None:
    text = "\n***\n".join([word] * count)
    assert follows("length_constraints:number_paragraphs", {"num_paragraphs": count}, text)
    assert not follows("length_constraints:number_paragraphs", {"num_paragraphs": count}, text + f"\n***\n{word}")
    assert one("\n\n".join([word] * count), "paragraphs", exactly=count) is True


@settings(max_examples=25)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists))
def test_whatever_is_written_as_json_is_json_until_it_is_cut(value: Any) -> None:
    text = json.dumps([value])
    assert one(text, "json") is True
    assert one(f"```json\n{text}\n```", "json") is True
    assert one(text[:-1], "json") is False


# --- each of IFEval's, by hand ----------------------------------------------------------------------------------------

BY_HAND: list[tuple[str, dict[str, Any], str, str]] = [
    ("keywords:existence", {"keywords": ["sea", "Sky"]}, "Seaside and sky.", "Only the sea."),
    ("keywords:frequency", {"keyword": "it", "frequency": 2, "relation": "at least"}, "It is it.", "It."),
    ("keywords:forbidden_words", {"forbidden_words": ["cat"]}, "Concatenate.", "A Cat!"),
    ("keywords:letter_frequency", {"letter": "e", "let_frequency": 2, "let_relation": "less than"}, "Ebb", "Eee"),
    ("language:response_language", {"language": "de"}, "Das ist nicht der Hund von mir.", "This is not the dog."),
    ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Yes"},
     'No.\n\n"Yes, it is."', "No.\n\nWell, yes."),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Bye.\nP. P. S. Call me.", "Bye.\nP.S. Call."),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Bye.\np.s. Call me.", "Bye. PS: call."),
    ("detectable_format:constrained_response", {}, "Well. My answer is no.", "No."),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* and *b c*", "*a* and * *"),
    ("detectable_format:json_format", {}, '```JSON\n{"a": 1}\n```', 'Here: {"a": 1}'),
    ("detectable_format:title", {}, "<<A song>>\nla", "<< >>\nla"),
    ("combination:two_responses", {}, "One.\n******\nTwo.", "One.\n******\nOne."),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say hi."}, "say HI. Hi!", "Hi! Say hi."),
    ("startend:end_checker", {"end_phrase": "That is all"}, 'So. "That is ALL"', "That is all folks"),
    ("startend:quotation", {}, '"Quoted."', "“Quoted.”"),
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"},
     "WELL-KNOWN to NASA", "Well to NASA"),
    ("change_case:capital_word_frequency", {"capital_frequency": 3, "capital_relation": "at least"},
     "I’m in the UK–US team.", "I’m in the UK team."),
    ("change_case:english_capital", {}, "THIS IS WHAT WE WANT.", "THIS is what we want."),
    ("change_case:english_capital", {}, "THE DOG IS HERE.", "DER HUND IST NICHT HIER."),
    ("change_case:english_lowercase", {}, "this is what we want.", "This is what we want."),
    ("punctuation:no_comma", {}, "No comma。", "One, comma"),
]  # fmt: skip


@pytest.mark.parametrize(("instruction", "arguments", "good", "bad"), BY_HAND)
def test_each_instruction_by_hand(instruction: str, arguments: dict[str, Any], good: str, bad: str) -> None:
    assert follows(instruction, arguments, good)
    assert not follows(instruction, arguments, bad)
    assert not follows(instruction, arguments, " \n")


def test_every_instruction_is_tried_here_or_built_above() -> None:
    built = {"number_words", "number_bullet_lists", "multiple_sections", "number_paragraphs"}
    left = {name.partition(":")[2] for name in INSTRUCTIONS} - {name.partition(":")[2] for name, *_ in BY_HAND}
    assert left == built | {"number_sentences", "number_placeholders"}


def test_loosely_a_first_line_a_last_line_and_stars_are_forgiven() -> None:
    (finding,) = judge(parse([{"kind": "json"}]), 'Sure:\n{"a": 1}\nHope that helps!')
    assert (finding.holds, finding.loosely) == (False, True)
    assert relaxed("a") == ("a", "")


@given(st.text(max_size=60))
@settings(max_examples=40)
def test_what_holds_strictly_holds_loosely(text: str) -> None:
    wanted = parse([{"kind": "no_commas"}, {"kind": "lowercase"}, {"kind": "json"}, {"kind": "words", "at_most": 3}])
    for finding in judge(wanted, text):
        assert finding.loosely or not finding.holds


# --- what cannot be decided, and what cannot be read ------------------------------------------------------------------


def test_what_cannot_be_told_is_neither_followed_nor_broken() -> None:
    assert one("Bonjour", "language", language="fr") is None
    assert one("42", "uppercase") is None
    assert one("你好，世界。", "lowercase") is None
    assert one("你好，世界。", "language", language="zh") is True
    assert one("", "no_commas") is False


def test_letters_of_another_script_are_not_the_language_asked_for() -> None:
    asked = "language:response_language"
    for text, code, found in (("Namaste", "hi", False), ("नमस्ते", "hi", None), ("Да", "de", False), ("Ja", "ja", False)):
        assert one(text, "language", language=code) is found
        assert follows(asked, {"language": code}, text) is (found is not False)
    assert one("42", "language", language="ja") is None
    assert one("Bawo ni", "language", language="yo") is None


def test_a_name_alone_is_no_language() -> None:
    assert detect("Łódź").code == detect("Zürich").code == detect("José García").code == UNDETERMINED


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("words", "constraints are a list"),
        ([{"kind": "wrods"}], "no constraint is called 'wrods'"),
        ([{"at_most": 4}], "no constraint is called"),
        ([{"kind": "words"}], "needs a bound"),
        ([{"kind": "words", "atmost": 4}], "does not take 'atmost' but at_least"),
        ([{"kind": "words", "at_most": "four"}], "whole number"),
        ([{"kind": "words", "at_most": float("nan")}], "whole number"),
        ([{"kind": "contains"}], "needs 'texts'"),
        ([{"kind": "contains", "texts": []}], "list of texts"),
        ([{"kind": "json_schema", "schema": {"pattern": "a+"}}], "'pattern' is not supported"),
        ([{"kind": "no_commas", "at_most": 1}], "does not take 'at_most'"),
        ([{"kind": "keywords:existence"}], "needs 'keywords', a list of texts"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(said: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(said)


@pytest.mark.parametrize("columns", [("a", []), (["punctuation:no_comma"], []), (["nobody:knows"], [{}]), ([1], [{}])])
def test_columns_that_are_not_ifevals_are_refused(columns: tuple[Any, Any]) -> None:
    with pytest.raises(ValueError, match=r"instruction"):
        from_ifeval(*columns)


def test_what_a_row_says_is_literal_and_no_regular_expression() -> None:
    assert one("I like C++ and a.b", "contains", texts=["C++", "a.b"]) is True
    assert one("axb", "contains", texts=["a.b"]) is False
    assert not follows("keywords:existence", {"keywords": ["(a+)+$"]}, "a" * 5000 + "!")
    assert whole_words("北京很大。我爱北京", "北京") == 2


# --- hostile texts ----------------------------------------------------------------------------------------------------

UNITS = ["a", "\n", " ", "[", "*", "<", ".", "a.", ". ", '"', ".)", "```", "é@", "😀", "{", "\u202e", "\ud800"]


@pytest.mark.parametrize("unit", UNITS)
def test_long_texts_of_one_piece_are_judged_by_every_kind(unit: str) -> None:
    text = unit * 20_000
    wanted = parse([_an_example(kind) for kind in KINDS])
    assert len(judge(wanted, text)) == len(KINDS)
    for name, instruction in INSTRUCTIONS.items():
        values = {"count": 3, "text": "ab", "texts": ["ab"], "relation": "at least"}
        follows(name, {key: values[kind] for key, kind in instruction.arguments.items()}, text)


def _an_example(kind: str) -> dict[str, Any]:
    values: dict[str, Any] = {"text": "ab", "texts": ["ab"], "schema": {"type": "object"}}
    said = {name: values[form_.rstrip("?")] for name, form_ in KINDS[kind].needs.items()}
    return {"kind": kind, **said, **({"at_least": 1} if KINDS[kind].counted else {})}


def test_a_constraint_can_be_asked_of_one_text() -> None:
    (constraint,) = parse({"kind": "keyword", "word": "tea", "exactly": 2})
    assert holds(constraint, "Tea, teapot, tea.") == (True, 2)
    assert str(constraint) == 'keyword(word="tea", exactly=2)'
    assert constraint.group == "keywords"


# --- JSON Schema ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "schema", "place"),
    [
        ({"a": 1}, {"type": "object", "required": ["a"]}, ""),
        ({}, {"required": ["a"]}, "$: no 'a'"),
        ({"a": "x"}, {"properties": {"a": {"type": "integer"}}}, "$.a: not of type integer"),
        (1.0, {"type": "integer"}, ""),
        (True, {"type": "integer"}, "$: not of type integer"),
        (True, {"enum": [1]}, "$: none"),
        ([1, 1.0], {"uniqueItems": True}, "$: an item stands twice"),
        ([1, "a"], {"items": {"type": "number"}}, "$[1]: not of type number"),
        (3, {"anyOf": [{"type": "string"}, {"minimum": 4}]}, "$: fits none"),
        (3, {"oneOf": [{"type": "number"}, {"minimum": 2}]}, "$: does not fit exactly one"),
        (0.3, {"multipleOf": 0.1}, ""),
        ("héé", {"maxLength": 3}, ""),
        ({"b": 1}, {"properties": {"a": {}}, "additionalProperties": False}, "$.b: not allowed"),
        ({"next": {"next": 1}}, {"properties": {"next": {"$ref": "#"}}, "type": "object"}, "$.next.next: not of type"),
    ],
)
def test_values_fit_schemas_as_the_standard_says(value: Any, schema: Any, place: str) -> None:
    json_schema.check_schema(schema)
    found = json_schema.problem(value, schema)
    assert found.startswith(place)
    assert bool(found) == bool(place)


@pytest.mark.parametrize("schema", [1, {"pattern": "a"}, {"type": "text"}, {"$ref": "http://a"}, {"$ref": "#/$defs/a"}])
def test_schemas_that_are_not_understood_are_refused(schema: Any) -> None:
    with pytest.raises(json_schema.UnknownSchema):
        json_schema.check_schema(schema)


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The train does not leave before noon, so we have time.", "en"),
        ("THE TRAIN DOES NOT LEAVE BEFORE NOON.", "en"),
        ("Il treno non parte prima di mezzogiorno, quindi abbiamo tempo.", "it"),
        ("De trein vertrekt niet voor twaalf uur, dus we hebben tijd.", "nl"),
        ("Поезд не уходит до полудня, так что у нас есть время.", "ru"),
        ("Поїзд не відправляється до полудня, тому ми маємо час і це добре.", "uk"),
        ("قطار قبل از ظهر حرکت نمی‌کند، پس ما وقت داریم و این خوب است.", "fa"),
        ("电车中午之前不开。", "zh"),
        ("電車は正午まで出ません。", "ja"),
        ("기차는 정오 전에 떠나지 않습니다.", "ko"),
        ("รถไฟไม่ออกก่อนเที่ยง", "th"),
        ("See `x`:\n```python\nfor a in b: print(a)\n```\nDas ist nicht, was der Kunde will.", "de"),
        ("", UNDETERMINED),
        ("OK", UNDETERMINED),
        ("🎉🎉🎉", UNDETERMINED),
        ("12345 67890", UNDETERMINED),
    ],
)
def test_languages_are_told(text: str, code: str) -> None:
    assert detect(text).code == code
