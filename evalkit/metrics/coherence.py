"""Is a text about what was asked, is it more than the question given back, and did it come to its end?

Rules without a model. What each gets wrong is measured in the documentation of the check.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.metrics import refusal, stemming
from evalkit.metrics.endings import Ending, ending
from evalkit.metrics.spans import longest_common, units
from evalkit.metrics.words import is_unspaced

__all__ = ["Copying", "Ending", "Relevance", "copying", "distinct", "ending", "relevance", "restates"]

SIGNATURE = "coherence.2"
COPY = 5
"""Words in a row that count as copied: shorter spans two texts share by chance and grammar."""
FEW_ASKED = 2
"""A prompt with fewer content words than this says too little of what an answer should be about."""
FEW_SAID = 12
"""An answer with fewer content words may well be right without a word of the prompt (``Paris.``)."""
FEW_FUNCTION = 0.12
"""Of the words of running text in a language more than this share are function words."""
PREFIX = 5
"""Letters that make two stems one family: ``democrat`` and ``democracy``."""

CHANCE = 2000
"""Subjects that texts choose from, as it were: a content word of another prompt stands in an answer of ``n``
content words with probability 1 - exp(-n / 2000). Counted over answers of one model set beside other prompts."""
_INVENTED = re.compile(
    r"\b(?:poems?|haikus?|limericks?|sonnets?|riddles?|jokes?|songs?|lyrics|verses?|slogans?|puns?|story|stories|"
    r"names? for|come up with|invent|imagine|gedicht|poème|poema)\b|诗|俳句",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?。！？؟])\s+|\n+")
_ONCE_MORE = re.compile(
    r"\b(?:repeat|cop(?:y|ies)|rewrite|retype|correct|proofread|fix|edit|reformat|format|capitali[sz]e|punctuat\w+|insert|"
    r"replace|remove|quote|extract|translate|highlight|(?:upper|lower)\W?case|capital letters|spelling|grammar|"
    r"true or false|complete|continue|finish)\b",
    re.IGNORECASE,
)
_QUESTION_MARKS = frozenset("?？؟")
_ASKING_WORDS = """allow allowed answer appear ask bold bracket brackets brief briefly bullet capital case
    character child choose comma commas compare complete compose concise contain content create define describe
    detail detailed different discuss double easy end entire example exactly explain explaining explanation find
    first following format generate give given good great help helpful hi hello highlight identify include
    including information instruction italic json keyword keywords know language least less letter letters like
    line list long lowercase make making mark markdown mean mention name need new number outline paragraph
    paragraphs person phrase piece placeholder please point points possible postscript provide question
    quotation response rewrite say section sections sentence sentences separate short show simple start step
    steps style suggest summarise summarize summary take talk tell text thing think time times title topic
    translate two three four five six ten twenty uppercase use used using want way word words work wrap write
    writing written best people poem story essay joke riddle haiku limerick song lyrics letter email mail blog
    article tweet speech caption slogan dialogue recommend recommendation idea advice tip draft compose"""
_ASKING = frozenset(map(stemming.stem, _ASKING_WORDS.split()))
"""What prompts say of an answer's form rather than of its subject, and words that stand in any text."""


@dataclass(frozen=True, slots=True)
class Relevance:
    share: float
    """Of the prompt's content words, and those of the references if there are any, how many the answer takes up."""
    chance: float
    """How likely a text of this length about something else takes up as many: near 0 is about it, 1 shares nothing."""
    asked: int
    said: int
    shared: tuple[str, ...]
    """Stems, the first few."""


@dataclass(frozen=True, slots=True)
class Copying:
    share: float
    """Of the answer's words, how many stand in spans of five or more that are word for word in the prompt."""
    given_back: float
    """Of the prompt's words, how many such spans of the answer hold."""
    span: str
    """The longest common span, as its words were compared."""
    words: int


def relevance(answer: str, prompt: str, references: Sequence[str] = ()) -> Relevance | None:
    """None where words cannot tell: a prompt of one content word or none; an answer that shares none with it and has
    fewer than twelve, or is in another script or language (a translation), or declines, or was to be invented (a poem).
    """
    from scipy.special import bdtrc

    asked_words, said_words = stemming.tokens(prompt), stemming.tokens(answer)
    language = stemming.guess_language(said_words)
    asked = _subjects(prompt, stemming.guess_language(asked_words))
    for reference in references:
        asked |= _subjects(reference, stemming.guess_language(stemming.tokens(reference)))
    said = set(stemming.content(answer, language))
    if len(asked) < FEW_ASKED or not said:
        return None
    shared = _shared(asked, said)
    if not shared and (
        len(said) < FEW_SAID
        or _INVENTED.search(prompt[:2000])
        or _other_language(" ".join((prompt, *references)), answer, said_words)
        or refusal.classify(answer, prompt).label in {"full", "inability"}
    ):
        return None
    by_chance = 1.0 - math.exp(-len(said) / CHANCE)
    chance = float(bdtrc(len(shared) - 1, len(asked), by_chance)) if shared else 1.0
    return Relevance(len(shared) / len(asked), chance, len(asked), len(said), tuple(sorted(shared)[:8]))


def _other_language(asked: str, said: str, said_words: list[str]) -> bool:
    """Words of two languages are rarely the same: then sharing none says nothing."""
    if _script(asked) != _script(said):
        return True
    language = stemming.guess_language(stemming.tokens(asked))
    known = stemming.function_words(language)
    sample = said_words[:400]
    return _script(asked) == "LATIN" and sum(word in known for word in sample) < FEW_FUNCTION * len(sample)


def _script(text: str) -> str:
    """Of most of the first letters."""
    counts: Counter[str] = Counter()
    for character in text[:2000]:
        if character.isalpha():
            counts["LATIN" if character.isascii() else unicodedata.name(character, "?").split()[0]] += 1
    return counts.most_common(1)[0][0] if counts else ""


def _subjects(text: str, language: str) -> set[str]:
    return {word for word in stemming.content(text, language) if word not in _ASKING}


def _shared(asked: set[str], said: set[str]) -> set[str]:
    families = {word[:PREFIX] for word in said if len(word) >= PREFIX}
    return {word for word in asked if word in said or (len(word) >= PREFIX and word[:PREFIX] in families)}


def copying(answer: str, prompt: str) -> Copying:
    """How much of an answer is the prompt again. Case and punctuation do not matter. An empty answer copies nothing.

    Of an answer of fewer than five words it asks whether the whole of it stands in the prompt.
    """
    said, asked = units(answer), units(prompt)
    if not said or not asked:
        return Copying(0.0, 0.0, "", 0)
    width = min(COPY, len(said))
    common = longest_common(asked, said)
    span = " ".join(asked[common.start : common.start + common.length])
    if common.length < width:
        return Copying(0.0, 0.0, span, common.length)
    return Copying(_covered(said, asked, width), _covered(asked, said, width), span, common.length)


def restates(answer: str, prompt: str) -> bool:
    """Whether an answer may well take the prompt's words over, since its first two words are not among them.

    So it is where most of the prompt is one question, its last sentence (*Nothing happens if …* for *What happens if
    …?*), and where the first sentence asks for a given text once more: repeated, corrected, completed.
    """
    sentences = _SENTENCE_END.split(prompt.strip())
    asked, question = units(prompt), units(sentences[-1])
    is_question = sentences[-1].rstrip("\"'”’)* ")[-1:] in _QUESTION_MARKS and 2 * len(question) >= len(asked)
    once_more = not is_question and _ONCE_MORE.search(sentences[0][:300]) is not None
    if not is_question and not once_more:
        return False
    said, words = (
        [unit for unit in found if unit.isalnum()] for found in (units(answer), question if is_question else asked)
    )
    if words[:2] not in _runs(said, 2):
        return True
    # a question of Chinese or Japanese asks in its end: 一番高い山は何ですか
    return is_question and bool(words) and is_unspaced(words[-1][-1]) and words[-4:] not in _runs(said, len(words[-4:]))


def _runs(words: Sequence[str], length: int) -> list[Sequence[str]]:
    return [words[at : at + length] for at in range(len(words) - length + 1)]


def _covered(words: Sequence[str], source: Sequence[str], width: int) -> float:
    """The share of the words that stand in spans of ``width`` which the source has as well."""
    known = {tuple(source[at : at + width]) for at in range(len(source) - width + 1)}
    covered, until = 0, 0
    for at in range(len(words) - width + 1):
        if tuple(words[at : at + width]) in known:
            covered += at + width - max(at, until)
            until = at + width
    return covered / len(words)


def distinct(words: Sequence[str], n: int) -> float | None:
    """Distinct-n: different groups of ``n`` neighbours among all; none of a text that is shorter than that.

    It falls with length for any text: compare texts of like length.
    """
    groups = len(words) - n + 1
    return len(set(zip(*(words[at:] for at in range(n)), strict=False))) / groups if groups > 0 else None
