"""Short ways for texts in ASCII say what the long way says."""

from __future__ import annotations

from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from evalkit.metrics import language, length
from evalkit.metrics.language_words import LETTERS

ASCII = st.text(st.characters(max_codepoint=127), max_size=80)
ANY = st.text(st.one_of(st.characters(max_codepoint=127), st.sampled_from("é–…東’\u0301\u200b")), max_size=80)


@given(ASCII)
@example("a\x1cb\x1f_ - 3.14 (x) _a_ 'tis")
def test_words_in_ascii(text: str) -> None:
    assert length.words(text) == sum(1 for word in length._WORD.findall(text) if length._COUNTS.search(word))


@given(ANY)
def test_letters_by_script(text: str) -> None:
    found: Counter[str] = Counter()
    for run in language._RUNS.finditer(text):
        found[str(run.lastgroup)] += run.end() - run.start()
    assert language._letters_by_script(text) == found


@given(ANY)
@example("see http://x.y or a@b.c or <b> so")
def test_what_is_no_prose_has_its_marks(text: str) -> None:
    if not any(mark in text for mark in language._MARKS_OF_NO_PROSE):
        assert language._NOT_PROSE.sub(" ", text) == text
    if "```" not in text:
        assert language._FENCED.sub(" ", text) == text


def test_letters_that_tell_languages_apart_are_beyond_ascii() -> None:
    assert not any(letter.isascii() for by_code in LETTERS.values() for own in by_code.values() for letter in own)
    assert not any(map(str.isascii, "’\u0640\u064b\u200b\u200f"))
