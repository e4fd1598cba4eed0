"""What columns are made of: words, scripts, languages, labels; and lengths in bars."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from evalkit.data import statistics
from evalkit.data.lengths import Balance, Distribution
from evalkit.data.profile import Look
from evalkit.data.sources import file_source
from evalkit.data.wording import LOOKED_AT, Wording
from evalkit.errors import DatasetError
from evalkit.metrics.language import detect


def worded(*texts: str) -> Wording:
    wording = Wording("text")
    for text in texts:
        wording.add(text)
    return wording


def test_a_vocabulary_is_counted_by_hand() -> None:
    found = worded("The cat saw the dog.", "THE END", "").vocabulary()
    assert found is not None
    assert (found.tokens, found.types, found.once) == (7, 5, 4)
    assert list(found.most_frequent.items())[:2] == [("the", 3), ("cat", 1)]
    assert found.to_json()["type_token_ratio"] == pytest.approx(5 / 7, abs=1e-4)
    assert found.to_json()["share_seen_once"] == 0.8
    assert worded("", "!").vocabulary() is None


def test_more_words_than_are_counted_are_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.data.wording.MOST_WORDS", 3)
    found = worded("a b c", "d e a").vocabulary()
    assert found is not None
    assert (found.tokens, found.types, found.complete) == (6, 3, False)
    assert found.most_frequent["a"] == 2


def test_scripts_by_letters_and_languages_by_text() -> None:
    texts = [
        "Der Zug fährt heute nicht, weil die Strecke gesperrt ist.",
        "Where is the train to the city?",
        "北京",
        "да",
    ]
    found = worded(*texts).tongues(lambda text: detect(text).code)
    assert found is not None
    assert found.languages == {"de": 1, "en": 1, "zh": 1, "undetermined": 1}
    letters = sum(character.isalpha() for text in texts for character in text)
    assert found.scripts["Han"] == pytest.approx(2 / letters)
    assert found.scripts["Cyrillic"] == pytest.approx(2 / letters)
    assert sum(found.scripts.values()) == pytest.approx(1)
    assert next(iter(found.scripts)) == "Latin"


def test_of_many_texts_as_many_are_drawn_and_every_part_of_the_file_is_among_them() -> None:
    wording = worded(*("english words" if row % 2 else "слова" for row in range(4 * LOOKED_AT)))
    found = wording.tongues(lambda text: "en" if text.isascii() else "ru")
    assert found is not None
    assert found.looked_at == LOOKED_AT
    assert found.languages["en"] / LOOKED_AT == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / LOOKED_AT))


@given(counts=st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 1000), min_size=1, max_size=8))
def test_balance_is_the_entropy_of_scipy(counts: dict[str, int]) -> None:
    found = Balance.of(counts)
    assert found.entropy == pytest.approx(entropy(list(counts.values()), base=2), abs=1e-9)
    assert found.smallest[1] == min(counts.values())
    assert found.largest[1] == max(counts.values())
    assert 0 <= found.evenness <= 1 + 1e-9


@given(lengths=st.lists(st.integers(0, 5000), min_size=1, max_size=80))
def test_bars_hold_every_length_once(lengths: list[int]) -> None:
    found = Distribution.of({length: lengths.count(length) for length in lengths})
    assert found is not None
    assert sum(times for _, _, times in found.bins) == len(lengths)
    assert (found.bins[0][0], found.bins[-1][1] >= max(lengths)) == (min(lengths), True)
    for low, high, times in found.bins:
        assert times == sum(low <= length <= high for length in lengths)
    assert all(one[1] + 1 == other[0] for one, other in zip(found.bins, found.bins[1:], strict=False))


class TestFiles:
    def rows(self, folder: Path, name: str, *texts: str) -> Path:
        path = folder / name
        path.write_text("".join(json.dumps({"id": n, "question": text}) + "\n" for n, text in enumerate(texts)))
        return path

    def test_what_repeats_and_what_another_file_has(self, tmp_path: Path) -> None:
        text = "a question of exactly eleven words that stands in both files"
        ours = self.rows(tmp_path, "ours.jsonl", text, "short", text, "another question that nobody else asks at all")
        (tmp_path / "corpus.jsonl").write_text(
            json.dumps({"text": "first line"}) + "\n" + json.dumps({"said": [{"content": f"so: {text}!"}]}) + "\n"
        )
        look = Look(against=file_source(tmp_path / "corpus.jsonl"), run=6)
        found = statistics(ours, look=look).to_json()
        assert found["duplicates"]["exact"]["first"][0]["rows"] == [1, 3]
        assert found["against"]["first"] == [{"row": 1, "other_row": 2, "share": 1.0, "text": text}]
        assert found["against"]["sharing_a_run"] == 1

    def test_another_column_is_compared(self, tmp_path: Path) -> None:
        path = tmp_path / "d.jsonl"
        rows = [{"question": f"q{n}", "answer": "always the same", "n": n} for n in range(3)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        found = statistics(path, look=Look(column="answer")).repeats
        assert found is not None
        assert found.exact == 2
        with pytest.raises(DatasetError, match="no row has the column 'nothing'"):
            statistics(path, look=Look(column="nothing"))

    def test_tokens_are_those_of_the_counter(self, tmp_path: Path) -> None:
        found = statistics(self.rows(tmp_path, "d.jsonl", "abc", "a"), look=Look(count_tokens=len, tokens_of="mine"))
        assert found.tokens is not None
        assert (found.tokens.min, found.tokens.max, found.to_json()["tokens"]["model"]) == (1, 3, "mine")
