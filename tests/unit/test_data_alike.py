"""Texts that say nearly the same are found, and no others: held to every pair counted out."""

from __future__ import annotations

import random
import re

import pytest

from evalkit.data.alike import SHARE, Alike

WORDS = [f"word{n}" for n in range(400)]


def found(texts: list[str]) -> list[tuple[int, int]]:
    alike = Alike()
    for text in texts:
        alike.add(text)
    return alike.pairs()


def counted_out(one: str, other: str) -> float:
    sides = [
        {tuple(words[at : at + 2]) for at in range(len(words) - 1)}
        for words in (re.findall(r"\w+", text.casefold()) for text in (one, other))
    ]
    return len(sides[0] & sides[1]) / len(sides[0] | sides[1])


def test_what_is_found_is_what_counting_every_pair_finds() -> None:
    draw = random.Random(5)
    texts = [" ".join(draw.choices(WORDS, k=40)) for _ in range(150)]
    for place in range(0, 60, 2):  # copies with one to six words exchanged
        words = texts[place].split()
        for at in draw.sample(range(40), place % 6 + 1):
            words[at] = draw.choice(WORDS)
        texts.append(" ".join(words))
    every = [(b, a) for b in range(len(texts)) for a in range(b) if counted_out(texts[a], texts[b]) >= SHARE]
    near = [(b, a) for b, a in every if counted_out(texts[a], texts[b]) >= SHARE + 0.1]
    pairs = found(texts)
    assert len(near) >= 5
    assert set(pairs) <= set(every), "none that has less in common"
    assert set(near) <= set(pairs), "all that have clearly more"


def test_a_template_that_all_rows_share_makes_none_of_them_alike() -> None:
    draw = random.Random(1)
    template = " ".join(draw.choices(WORDS, k=120))
    rows = [f"{template} {' '.join(draw.choices(WORDS, k=12))}" for _ in range(40)]
    assert counted_out(rows[0], rows[1]) > SHARE
    assert found(rows) == []
    assert found([*rows, rows[3] + " indeed"]) == [(40, 3)]


@pytest.mark.parametrize("sign", ["", ".", "!?", "  "])
def test_case_and_signs_do_not_matter(sign: str) -> None:
    one = "The quick brown fox jumps over the lazy dog near the river bank"
    assert found([one, "Something else altogether stands here instead of that", one.upper() + sign]) == [(2, 0)]


def test_texts_without_spaces_are_compared_by_letters() -> None:
    one = "今日は天気が良いので公園へ散歩に行きましたそして花を見ました"
    assert found([one, "昨日は雨が降ったので家で本を読みました楽しかったです", one.replace("花", "鳥") + "よ"]) in (
        [(2, 0)],
        [],
    )
    assert found([one, one + "よ"]) == [(1, 0)]


def test_short_and_empty_texts_are_left_alone() -> None:
    assert found([]) == []
    assert found(["", "yes", "yes", "no"]) == []
