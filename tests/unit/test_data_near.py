"""Near-duplicates and overlap, held to exact counting over sets of words written out here."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.data.minhash import HASHES, MISSED, Near, bands
from evalkit.data.overlap import Held
from evalkit.data.pieces import Chunk, chunks, jaccard, words
from evalkit.data.repeats import Different

WORDS = [f"w{number}" for number in range(500)]


def made(chance: random.Random, count: int, planted: int) -> list[str]:
    """Texts of which some are others with a few words changed."""
    texts = [[chance.choice(WORDS) for _ in range(chance.randint(6, 40))] for _ in range(count)]
    for _ in range(planted):
        copy = list(chance.choice(texts))
        for _ in range(chance.randint(0, len(copy) // 3)):
            copy[chance.randrange(len(copy))] = chance.choice(WORDS)
        texts.append(copy)
    chance.shuffle(texts)
    return [" ".join(text) for text in texts]


def runs(text: str, size: int) -> set[tuple[str, ...]]:
    said = text.lower().split()
    return set(zip(*(said[at:] for at in range(size)), strict=False))


def share(one: str, other: str) -> float:
    left, right = runs(one, 2), runs(other, 2)
    return len(left & right) / len(left | right)


def components(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    groups = [{at} for at in range(count)]
    for one, other in pairs:
        first, second = (next(group for group in groups if at in group) for at in (one, other))
        if first is not second:
            groups.remove(second)
            first |= second
    return sorted(sorted(group) for group in groups if len(group) > 1)


@pytest.mark.parametrize("least", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_groups_are_those_of_exact_counting(least: float, seed: int) -> None:
    texts = made(random.Random(seed), 120, 40)
    alike = [
        pair for pair in itertools.combinations(range(len(texts)), 2) if share(*(texts[at] for at in pair)) >= least
    ]
    near = Near(least)
    near.add_all(texts)
    found = near.groups()
    assert sorted(members for members, _ in found) == components(len(texts), alike)
    assert len(alike) > 3
    for members, joined in found:
        told = [share(texts[one], texts[other]) for one, other in itertools.combinations(members, 2)]
        assert least <= joined <= 1.0
        assert any(joined == pytest.approx(value) for value in told)


@pytest.mark.parametrize("least", [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_bands_miss_as_few_as_they_say(least: float) -> None:
    count, rows = bands(least)
    assert count * rows <= HASHES
    assert (1 - least**rows) ** count <= MISSED or rows == 1


def test_what_looks_alike_to_hashes_and_is_not_is_not_told() -> None:
    """All share a frame of half their words, and none is near another."""
    texts = [
        f"please tell me in a few words what you know about {a} {a}x {a}y {a}z {a}q {a}r {a}s" for a in WORDS[:300]
    ]
    near = Near(0.7)
    near.add_all(texts)
    assert near.groups() == []
    assert max(share(texts[0], other) for other in texts[1:]) > 0.4


def test_many_of_one_kind_are_one_group() -> None:
    texts = [
        f"the same long sentence of fifteen words or more that everybody copies with an end {n}" for n in range(3000)
    ]
    near = Near(0.7)
    near.add_all(texts)
    ((members, _),) = near.groups()
    assert members == list(range(3000))


def crowd(chance: random.Random, count: int, changed: int) -> list[str]:
    """Texts that all come from one, so that very many fall together."""
    base = [chance.choice(WORDS) for _ in range(60)]
    texts = [list(base) for _ in range(count)]
    for number, text in enumerate(texts):
        for place in chance.sample(range(60), changed):
            text[place] = f"x{number}{place}"
    return [" ".join(text) for text in texts]


def test_in_a_crowd_of_texts_from_one_no_pair_is_passed_over() -> None:
    texts = crowd(random.Random(4), 300, 5)
    alike = [pair for pair in itertools.combinations(range(len(texts)), 2) if share(*(texts[at] for at in pair)) >= 0.7]
    near = Near(0.7)
    near.add_all(texts)
    assert sorted(members for members, _ in near.groups()) == components(len(texts), alike)


def test_every_copy_of_a_text_that_another_dataset_has_is_counted() -> None:
    *copies, planted = crowd(random.Random(5), 61, 1)
    different = Different()
    for row, text in enumerate(copies, 1):
        different.add(text, row)
    found = Held(different, 0.7, 13).against("other", [(7, planted)], different.rows)
    assert sum(share(text, planted) >= 0.7 for text in copies) == found.near == 60
    assert sorted(row for row, _, _ in found.every) == list(range(1, 61))
    assert {other for _, other, _ in found.every} == {7}


def test_texts_without_words_are_near_nothing_and_short_ones_only_their_like() -> None:
    near = Near(0.7)
    near.add_all(["", "!!!", "...", "yes", "Yes!", "no", "oh no", "Oh, no."])
    assert [members for members, _ in near.groups()] == [[3, 4], [6, 7]]


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.lists(st.sampled_from("abcd"), max_size=8).map(" ".join), max_size=6), size=st.integers(1, 4))
def test_runs_of_words_are_the_different_ones_of_each_text(texts: list[str], size: int) -> None:
    for chunk in chunks(texts):
        numbers, of = chunk.runs(size)
        assert [int((of == at).sum()) for at in range(len(texts))] == [len(runs(text, size)) for text in texts]
        for one, other in itertools.combinations(range(len(texts)), 2):
            both = runs(texts[one], size) & runs(texts[other], size)
            either = runs(texts[one], size) | runs(texts[other], size)
            found = jaccard(numbers[of == one], numbers[of == other])
            assert found == pytest.approx(len(both) / len(either) if either else 0.0)


def test_words_are_without_case_and_marks_and_characters_where_nothing_stands_between() -> None:
    assert words("Don't STOP—now: 3.14!") == ["don", "t", "stop", "now", "3", "14"]
    assert words("Straße ÉTÉ") == ["strasse", "été"]
    assert words("我爱 cats") == ["我", "爱", "cats"]
    assert len(next(chunks(["a b", "", "c"]))) == 3
    assert isinstance(next(chunks(["a"])), Chunk)


class TestOverlap:
    @pytest.fixture
    def ours(self) -> list[str]:
        return [*made(random.Random(7), 60, 0), "too short", "?!"]

    def against(self, ours: list[str], theirs: list[str], run: int = 5):
        return Held(ours, 0.7, run).against("other", enumerate(theirs, 1), list(range(101, 101 + len(ours))))

    def test_counts_are_those_of_sets(self, ours: list[str]) -> None:
        chance = random.Random(8)
        theirs = made(chance, 80, 0)
        theirs[4] = ours[0].upper().replace(" ", ", ") + "!"
        theirs[9] = " ".join(theirs[9].split() + ours[1].split()[:7] + theirs[10].split())
        said = ours[2].split()
        said[len(said) // 2] = "other"
        theirs[20] = " ".join(said)
        found = self.against(ours, theirs)
        everywhere = set().union(*(runs(text, 5) for text in (t.replace(",", "").replace("!", "") for t in theirs)))
        shares = [len(runs(t, 5) & everywhere) / len(runs(t, 5)) if runs(t, 5) else 0.0 for t in ours]
        assert (found.exact, found.texts, found.other_rows) == (1, 62, 80)
        assert found.with_runs == sum(value > 0 for value in shares) >= 3
        assert found.mostly == sum(value >= 0.5 for value in shares)
        assert found.too_short == sum(not runs(text, 5) for text in ours) == 2
        first = {one.row: one for one in found.rows}
        assert (first[101].share, first[101].other_row) == (1.0, 5)
        assert (first[102].share, first[102].other_row) == (pytest.approx(shares[1]), 10)
        near = share(ours[2], theirs[20])
        assert first[103].share == pytest.approx(max(near if near >= 0.7 else 0.0, shares[2]))
        assert first[103].other_row == 21

    def test_another_order_of_the_same_words_is_another_text(self) -> None:
        found = self.against(["a b c d e f g"], ["g f e d c b a", "a b c d e g f x"])
        assert (found.exact, found.near, found.with_runs) == (0, 0, 1)

    def test_a_dataset_without_texts_has_nothing_in_common(self) -> None:
        found = self.against([], ["some text of another dataset"])
        assert (found.texts, found.other_rows, found.exact, found.rows) == (0, 1, 0, ())

    def test_nothing_in_common_and_nothing_at_all(self, ours: list[str]) -> None:
        assert self.against(ours, ["completely different text about something else entirely"]).rows == ()
        empty = self.against(ours, [])
        assert (empty.exact, empty.near, empty.with_runs, empty.other_rows) == (0, 0, 0, 0)


def test_repeated_rows_are_counted_by_row_and_told_by_group() -> None:
    different = Different()
    texts = [
        "one two three four five",
        "six seven eight",
        "one two three four five",
        "One, two three four five!",
        "nine",
    ]
    for row, text in enumerate([*texts, "one two three four five"], 1):
        different.add(text, row)
    found = different.repeats(0.7)
    assert (found.exact, found.exact_groups) == (2, 1)
    assert [(one.rows, one.count) for one in found.first_exact] == [((1, 3, 6), 3)]
    assert (found.near, found.near_groups) == (4, 1)
    assert [(one.rows, one.share) for one in found.first_near] == [((1, 3, 4, 6), 1.0)]
