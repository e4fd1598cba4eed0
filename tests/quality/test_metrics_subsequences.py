"""Longest common subsequences against rouge_score's own tables and read-out, and against all subsequences there are."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer, _lcs_table, _summary_level_lcs, _union_lcs

from evalkit.metrics import rouge, subsequences
from evalkit.metrics.words import tokens_of_any_script

WORD = st.sampled_from(["a", "b", "c", "d", "e", "ab", "x1", "мир", "我"])
SENTENCE = st.lists(WORD, max_size=9)
SENTENCES = st.lists(SENTENCE, max_size=5)


def hits_by_rouge_score(reference: list[list[str]], candidate: list[list[str]]) -> int:
    """The loop of its ``_summary_level_lcs``, which gives only rates."""
    wanted, said = (Counter(itertools.chain(*sentences)) for sentences in (reference, candidate))
    hits = 0
    for sentence in reference:
        for word in _union_lcs(sentence, candidate):
            if said[word] > 0 and wanted[word] > 0:
                hits += 1
                said[word] -= 1
                wanted[word] -= 1
    return hits


def longest_by_trying_all(left: list[str], right: list[str]) -> int:
    for length in range(min(len(left), len(right)), 0, -1):
        there = set(itertools.combinations(right, length))
        if any(chosen in there for chosen in itertools.combinations(left, length)):
            return length
    return 0


@pytest.fixture(params=["integers", "rapidfuzz"])
def implementation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(subsequences, "FEW_CELLS", -1 if request.param == "rapidfuzz" else 10**9)
    return str(request.param)


@pytest.mark.usefixtures("implementation")
def test_the_length_is_that_of_the_longest_of_all_subsequences() -> None:
    rng = random.Random(5)
    for _ in range(300):
        left, right = (rng.choices("abcd", k=rng.randint(0, 8)) for _ in range(2))
        assert subsequences.common_length(left, right) == longest_by_trying_all(left, right)


@pytest.mark.usefixtures("implementation")
def test_the_length_is_the_last_cell_of_rouge_scores_table() -> None:
    rng = random.Random(3)
    for size in (20, 20, 20, 150):
        for _ in range(500 if size == 20 else 20):
            vocabulary = [f"word{number}" for number in range(rng.randint(1, size))]
            left, right = (rng.choices(vocabulary, k=rng.randint(0, size)) for _ in range(2))
            expected = _lcs_table(left, right)[-1][-1] if left and right else 0
            assert subsequences.common_length(left, right) == expected


def test_words_with_one_hash_stay_different() -> None:
    """rapidfuzz compares lists by their items' hashes; words are handed over as one character each."""

    class Word(str):
        __slots__ = ()

        def __hash__(self) -> int:
            return 7

    left, right = ([Word(f"{side}{number}") for number in range(150)] for side in "ab")
    assert subsequences.common_length(left, right) == 0
    assert subsequences.common_length(left, left) == 150


def test_more_different_words_than_there_are_characters_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subsequences, "CHARACTERS", 100)
    words = [f"w{number}" for number in range(200)]
    assert subsequences.common_length(words, words) == 200
    assert subsequences.common_length(words, words[::-1]) == 1
    assert subsequences.common_length(["other", *words[50:]], words[:150]) == 100


def test_nothing_against_a_book_takes_no_room_for_the_book() -> None:
    """An integer of as many bits as the book has words, for every word, would be gigabytes."""
    book = [f"w{number}" for number in range(200_000)]
    assert subsequences.common_length([], book) == subsequences.common_length(book, []) == 0
    assert subsequences.common_length(["w7"], book) == 1


@settings(max_examples=500)
@given(SENTENCES, SENTENCES, st.sampled_from([1, 2, 3, 512]), st.sampled_from([1, 12, 4096]))
def test_the_unions_hits_are_those_of_rouge_score(
    reference: list[list[str]], candidate: list[list[str]], at_once: int, reference_at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subsequences, "WORDS_AT_ONCE", at_once)
        patch.setattr(subsequences, "REFERENCE_AT_ONCE", reference_at_once)
        assert subsequences.union_hits(reference, candidate) == hits_by_rouge_score(reference, candidate)


@settings(max_examples=500)
@given(st.lists(st.lists(WORD, min_size=1, max_size=9), min_size=1, max_size=5), st.lists(WORD, min_size=1, max_size=9))
def test_of_several_longest_subsequences_the_one_is_read_out_that_rouge_score_reads(
    reference: list[list[str]], sentence: list[str]
) -> None:
    laid_out = subsequences._SideBySide(reference, sentence)
    bits = iter(f"{laid_out.taken(sentence):0{laid_out.width}b}")
    found = []
    for words in reference:
        assert next(bits) == "0"  # nobody's, between sentences
        found.append([word for word in words if next(bits) == "1"])
    assert found == [_union_lcs(words, [sentence]) for words in reference]


def test_long_texts_of_many_lines_score_as_rouge_score_says() -> None:
    rng = random.Random(11)
    vocabulary = [f"w{number}" for number in range(400)]
    frequencies = [1 / (number + 1) for number in range(400)]
    for lines in (1, 2, 8, 30, 120):
        texts = []
        for _ in range(2):
            words = rng.choices(vocabulary, frequencies, k=240)
            ends = sorted(rng.sample(range(1, 240), lines - 1))
            starts = zip([0, *ends], [*ends, 240], strict=True)
            texts.append([words[start:end] for start, end in starts])
        score = _summary_level_lcs(texts[0], texts[1])
        found = rouge.rougeLsum.f_measure(*("\n".join(map(" ".join, text)) for text in reversed(texts)))
        assert found == pytest.approx(score.fmeasure, abs=1e-12)


class EveryScript:
    """For rouge_score, which asks a tokeniser for the words of each line."""

    def tokenize(self, text: str) -> list[str]:
        return tokens_of_any_script(text)


LINE_WORDS = st.sampled_from(["the", "Cat", "running", "Größe", "мир", "我爱你", "H₂O", ".", "\r", "e\u0301"])
ANY_TEXT = st.lists(st.lists(LINE_WORDS, max_size=8).map(" ".join), max_size=4).map("\n".join)


@settings(max_examples=300)
@given(ANY_TEXT, ANY_TEXT)
def test_with_words_of_every_script_scores_are_rouge_scores_over_the_same_words(answer: str, reference: str) -> None:
    names = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    expected = RougeScorer(names, tokenizer=EveryScript()).score(reference, answer)
    for name in names:
        metric = rouge.with_tokenizer(getattr(rouge, name), "unicode")
        assert metric.f_measure(answer, reference) == pytest.approx(expected[name].fmeasure, abs=1e-9)


@settings(max_examples=200)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_characters_score_as_in_rouge_score(answer: str, reference: str) -> None:
    expected = RougeScorer(["rougeL", "rougeLsum"]).score(reference, answer)
    assert rouge.rougeL.f_measure(answer, reference) == pytest.approx(expected["rougeL"].fmeasure, abs=1e-9)
    assert rouge.rougeLsum.f_measure(answer, reference) == pytest.approx(expected["rougeLsum"].fmeasure, abs=1e-9)


def test_what_is_held_of_a_long_line_grows_with_the_line_and_not_with_its_square() -> None:
    """20,000 words against 20,000: all rows together would take 50 MB, a block's 1.3 MB."""
    import tracemalloc

    line = [f"w{number % 50}" for number in range(20_000)]
    tracemalloc.start()
    try:
        assert subsequences.union_hits([line], [line, line[:3]]) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_neither_the_modules_nor_short_texts_import_the_library() -> None:
    code = (
        "import sys\n"
        "from evalkit.metrics import match, rouge\n"
        "assert rouge.rougeL.text_statistics('a b', ['a c']) == (0.5, 1.0)\n"
        "sys.exit('rapidfuzz' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
