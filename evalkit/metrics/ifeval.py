"""The 25 verifiable instructions of IFEval (Zhou et al. 2023, arXiv:2311.07911), by their published definitions.

    >>> follows("punctuation:no_comma", {}, "No commas here.")
    True

Where the published program leans on trained models (langdetect, NLTK's Punkt), ``evalkit.metrics.language`` and
``evalkit.metrics.sentences`` stand in; a language that cannot be told counts as followed, as there. Keywords
and markers are taken literally, where the published program takes them for regular expressions: none of the published
rows is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.metrics import form, json_text, sentences
from evalkit.metrics.language import fits

SIGNATURE = "ifeval:evalkit.2"
_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_PUNCTUATION = frozenset(".,?!'\"")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One of IFEval's: what it needs to know, and whether a text follows it."""

    holds: Callable[..., bool]
    arguments: Mapping[str, str]
    """By name: ``count``, ``text``, ``texts`` or ``relation``."""


def _relation(relation: str, value: int, threshold: int) -> bool:
    return value < threshold if relation == "less than" else value >= threshold


def _existence(text: str, *, keywords: Sequence[str]) -> bool:
    folded = text.lower()
    return all(word.lower() in folded for word in keywords)


def _forbidden(text: str, *, forbidden_words: Sequence[str]) -> bool:
    return not any(
        re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in dict.fromkeys(forbidden_words) if word
    )


def _frequency(text: str, *, keyword: str, frequency: int, relation: str) -> bool:
    return _relation(relation, form.occurrences(text, keyword.strip()), frequency)


def _letters(text: str, *, letter: str, let_frequency: int, let_relation: str) -> bool:
    return _relation(let_relation, text.lower().count(letter.strip().lower()), let_frequency)


def _language(text: str, *, language: str) -> bool:
    return fits(text, language) is not False


def _sentences(text: str, *, num_sentences: int, relation: str) -> bool:
    return _relation(relation, sentences.punkt(text), num_sentences)


def _words(text: str, *, num_words: int, relation: str) -> bool:
    return _relation(relation, form.plain_words(text), num_words)


def _paragraphs(text: str, *, num_paragraphs: int) -> bool:
    return form.divided_paragraphs(text) == num_paragraphs


def _nth_first_word(text: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    parts = text.split("\n\n")
    count = sum(1 for part in parts if part.strip())
    if count != num_paragraphs or not 1 <= nth_paragraph <= count or not parts[nth_paragraph - 1].strip():
        return False
    word = parts[nth_paragraph - 1].split(maxsplit=1)[0].lstrip("'").lstrip('"')
    stop = next((place for place, character in enumerate(word) if character in _PUNCTUATION), len(word))
    return word[:stop].lower() == first_word.lower()


def _postscript(text: str, *, postscript_marker: str) -> bool:
    marker, folded = postscript_marker.strip(), text.lower()
    if marker == "P.P.S":
        return re.search(r"p\.\s?p\.\s?s", folded) is not None
    if marker == "P.S.":
        return re.search(r"p\.\s?s\.", folded) is not None
    return marker.lower() in folded


def _constrained(text: str) -> bool:
    return any(option in text for option in _OPTIONS)


def _highlighted(text: str, *, num_highlights: int) -> bool:
    return form.highlights(text) >= num_highlights


def _sections(text: str, *, section_spliter: str, num_sections: int) -> bool:
    return form.sections(text, section_spliter.strip()) >= num_sections


def _json(text: str) -> bool:
    """As Python reads JSON, and so with ``NaN``; nested too deeply for it to read is JSON as well."""
    bare = json_text.unfenced(text)
    try:
        json.loads(bare)
    except (ValueError, RecursionError):
        return json_text.is_valid(bare)
    return True


def two_responses(text: str) -> bool:
    """Two different stretches with a divider of six stars between them."""
    parts = text.split("******")
    if any(not part.strip() for part in parts[1:-1]):
        return False
    given = [part.strip() for part in parts if part.strip()]
    return len(given) == 2 and given[0] != given[1]


def _repeats(text: str, *, prompt_to_repeat: str) -> bool:
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())


def _ends(text: str, *, end_phrase: str) -> bool:
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def _english(text: str) -> bool:
    return fits(text, "en") is not False


def _capitals(text: str, *, capital_frequency: int, capital_relation: str) -> bool:
    return _relation(capital_relation, form.capital_words(text), capital_frequency)


def quoted(text: str) -> bool:
    """The whole text is in straight double quotation marks."""
    bare = text.strip()
    return len(bare) > 1 and bare[0] == bare[-1] == '"'


INSTRUCTIONS: Mapping[str, Instruction] = {
    "keywords:existence": Instruction(_existence, {"keywords": "texts"}),
    "keywords:frequency": Instruction(_frequency, {"keyword": "text", "frequency": "count", "relation": "relation"}),
    "keywords:forbidden_words": Instruction(_forbidden, {"forbidden_words": "texts"}),
    "keywords:letter_frequency": Instruction(
        _letters, {"letter": "text", "let_frequency": "count", "let_relation": "relation"}
    ),
    "language:response_language": Instruction(_language, {"language": "text"}),
    "length_constraints:number_sentences": Instruction(_sentences, {"num_sentences": "count", "relation": "relation"}),
    "length_constraints:number_paragraphs": Instruction(_paragraphs, {"num_paragraphs": "count"}),
    "length_constraints:number_words": Instruction(_words, {"num_words": "count", "relation": "relation"}),
    "length_constraints:nth_paragraph_first_word": Instruction(
        _nth_first_word, {"num_paragraphs": "count", "nth_paragraph": "count", "first_word": "text"}
    ),
    "detectable_content:number_placeholders": Instruction(
        lambda text, *, num_placeholders: form.placeholders(text) >= num_placeholders, {"num_placeholders": "count"}
    ),
    "detectable_content:postscript": Instruction(_postscript, {"postscript_marker": "text"}),
    "detectable_format:number_bullet_lists": Instruction(
        lambda text, *, num_bullets: form.bullets(text) == num_bullets, {"num_bullets": "count"}
    ),
    "detectable_format:constrained_response": Instruction(_constrained, {}),
    "detectable_format:number_highlighted_sections": Instruction(_highlighted, {"num_highlights": "count"}),
    "detectable_format:multiple_sections": Instruction(_sections, {"section_spliter": "text", "num_sections": "count"}),
    "detectable_format:json_format": Instruction(_json, {}),
    "detectable_format:title": Instruction(form.has_title, {}),
    "combination:two_responses": Instruction(two_responses, {}),
    "combination:repeat_prompt": Instruction(_repeats, {"prompt_to_repeat": "text"}),
    "startend:end_checker": Instruction(_ends, {"end_phrase": "text"}),
    "startend:quotation": Instruction(quoted, {}),
    "change_case:capital_word_frequency": Instruction(
        _capitals, {"capital_frequency": "count", "capital_relation": "relation"}
    ),
    "change_case:english_capital": Instruction(lambda text: text.isupper() and _english(text), {}),
    "change_case:english_lowercase": Instruction(lambda text: text.islower() and _english(text), {}),
    "punctuation:no_comma": Instruction(lambda text: "," not in text, {}),
}
"""By IFEval's own ids."""


def follows(instruction: str, arguments: Mapping[str, Any], text: str) -> bool:
    """Whether the text follows one instruction, to the letter. A text without anything visible follows none.

    ``arguments`` may hold others than the instruction needs, and names whose value is none: published copies of the
    rows have them all. What it needs and does not find, or finds of a wrong type, is a ``ValueError`` that says so.
    """
    return bool(text.strip()) and INSTRUCTIONS[instruction].holds(text, **arguments_of(instruction, arguments))


def arguments_of(instruction: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the instruction needs of what was given, checked."""
    if instruction not in INSTRUCTIONS:
        raise ValueError(f"no instruction '{instruction}'; IFEval's are {', '.join(INSTRUCTIONS)}")
    return {
        name: _checked(instruction, name, kind, given.get(name))
        for name, kind in INSTRUCTIONS[instruction].arguments.items()
    }


def _checked(instruction: str, name: str, kind: str, value: Any) -> Any:
    if kind == "count" and isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1 >= 0:
        return int(value)
    if kind == "text" and isinstance(value, str) and value.strip():
        return value
    if kind == "relation" and value in {"less than", "at least"}:
        return value
    if kind == "texts" and isinstance(value, Sequence) and not isinstance(value, str) and len(value):
        texts = [text for text in value if isinstance(text, str) and text.strip()]
        if len(texts) == len(value):
            return texts
    wanted = {
        "count": "a whole number",
        "text": "a text",
        "relation": "'less than' or 'at least'",
        "texts": "a list of texts",
    }[kind]
    raise ValueError(f"{instruction} needs '{name}', {wanted}, and got {str(value)[:40]!r}")


def relaxed(text: str) -> tuple[str, ...]:
    """The text as it is, without stars, and both of them without its first line, its last line, and both lines."""
    lines = text.split("\n")
    cuts = (text, "\n".join(lines[1:]).strip(), "\n".join(lines[:-1]).strip(), "\n".join(lines[1:-1]).strip())
    return tuple(dict.fromkeys((*cuts, *(cut.replace("*", "") for cut in cuts))))


def loosely_follows(instruction: str, arguments: Mapping[str, Any], text: str) -> bool:
    """Whether any of the relaxed texts follows the instruction: an upper bound on following it."""
    return any(follows(instruction, arguments, variant) for variant in relaxed(text))
