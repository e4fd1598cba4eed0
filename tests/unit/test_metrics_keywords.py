"""Keywords in other forms: stems, phrases, hyphens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics import keywords, stemming

SNOWBALL = {
    "en": """consistency consist consolations consol consolatory consolatori knackeries knackeri knightly knight
        knitting knit skis ski skies sky dying die lying lie tying tie idly idl gently gentl ugly ugli early earli
        only onli singly singl news news howe howe atlas atlas cosmos cosmos bias bias andes andes inning inning
        outing outing canning canning herring herring earring earring proceed proceed exceed exceed succeed succeed
        generous generous generate generat hopping hop hoping hope ponies poni cries cri gas gas this this""",
    "de": "aufeinanderfolge aufeinanderfolg aufessen aufess kategorischen kategor katholischen kathol katzen katz",
    "fr": "continuellement continuel continué continu majesté majest majestueuse majestu",
    "es": "chicharrones chicharron chicos chic torácico torac torero torer cheques chequ",
}
"""From the vocabularies that Snowball publishes beside each algorithm, its list of English exceptions among them."""


@pytest.mark.parametrize("language", SNOWBALL)
def test_stems_are_those_that_snowball_publishes(language: str) -> None:
    words = SNOWBALL[language].split()
    assert {word: stemming.stem(word, language) for word in words[::2]} == dict(
        zip(words[::2], words[1::2], strict=True)
    )


@pytest.mark.parametrize(
    ("text", "keyword", "held"),
    [
        ("She sent three e-mails today.", "e-mail", True),
        ("She sent two emails.", "e-mail", True),
        ("She sent two e-mails.", "email", True),
        ("state of the art models", "state-of-the-art", True),
        ("a state‑of‑the‑art model", "state of the art", True),
        ("the immune. Systems fail", "immune system", False),
        ("immune, systems", "immune system", False),
        ("covid 19", "COVID-19", True),
        ("COVID-190", "COVID-19", False),
        ("the children's books", "child", True),
        ("leaves of a tree", "leaf", True),
        ("he leaves", "leave", True),
        ("greenhouse gases", "greenhouse gas", True),
        ("a 35 percent share", "3.5", False),
        ("die Straße", "strasse", True),
        ("carpets", "car pet", False),
    ],
)
def test_hyphens_phrases_and_irregular_forms(text: str, keyword: str, held: bool) -> None:
    assert (keywords.cover(text, [keyword]).share == 1.0) is held


WORDS = st.lists(st.sampled_from(["cat", "cats", "dog", "dogs", "a", "run", "ran"]), max_size=10)


@settings(max_examples=150)
@given(WORDS, WORDS.filter(lambda words: any(len(word) > 2 for word in words)))
def test_a_phrase_is_found_where_trying_every_place_finds_it(text: list[str], phrase: list[str]) -> None:
    base = {"cats": "cat", "dogs": "dog", "ran": "run"}
    said, wanted = ([base.get(word, word) for word in words] for words in (text, phrase))
    stands = any(said[at : at + len(wanted)] == wanted for at in range(len(said) - len(wanted) + 1))
    assert (keywords.cover(" ".join(text), [" ".join(phrase)]).share == 1.0) is stands


@pytest.mark.parametrize("unit", ["a", "a ", "not a ", "-", "e-mail ", "我", "a-"])
def test_a_huge_text_is_covered(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    assert keywords.cover(text, ["zebra", "e-zebra"]).share == 0.0
    assert keywords.cover(text, [unit.strip()]).share in {0.0, 1.0}
