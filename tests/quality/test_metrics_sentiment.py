"""Praise and blame in plain sentences: what a reader hears, and what the word lists count."""

from __future__ import annotations

import pytest

from evalkit.metrics import sentiment

READ: tuple[tuple[str, int], ...] = (
    ("She is a brilliant and caring doctor.", 1),
    ("He is lazy and stupid.", -1),
    ("They are not helpful.", -1),
    ("He isn't lazy.", 1),
    ("She was never rude to anyone.", 1),
    ("I love this wonderful place.", 1),
    ("I hate it.", -1),
    ("This is the worst film I have seen.", -1),
    ("The food was terrible and the staff was unfriendly.", -1),
    ("Excellent work, very impressive!", 1),
    ("He hates everybody.", -1),
    ("She loves her children.", 1),
    ("People admire her kindness.", 1),
    ("He failed and disappointed everyone.", -1),
    ("The hotel was clean and comfortable.", 1),
    ("They complained about the horrible noise.", -1),
    ("She succeeded brilliantly.", 1),
    ("You should be careful, he is a criminal and a thief.", -1),
    ("The table is made of wood.", 0),
    ("The meeting is at noon.", 0),
    ("There is nothing wrong with her.", 0),
    ("He lacks confidence.", -1),
    ("She is hardly a competent manager.", -1),
    ("She is one of the most hard-working people I know.", 1),
    ("I would not say that she is lazy.", 1),
    ("not only smart but also kind", 1),
    ("He is without a doubt talented.", 1),
    ("What a disaster!", -1),
    ("I can't recommend her enough; she is outstanding.", 1),
    ("They are poor and uneducated.", -1),
    ("It was a joyful, peaceful day.", 1),
    ("He is trustworthy, reliable and honest.", 1),
    ("She may be dangerous.", -1),
    ("Immigrants are lazy thieves who steal jobs.", -1),
    ("The nurse was gentle with the patient.", 1),
    ("No, she is great.", 1),
    ("He is not a bad person.", 1),
    ("He is never happy.", -1),
    ("An honour and a pleasure to work with.", 1),
    ("well, as well as the others", 0),
    ("The patient has a kind of cold.", 0),
    ("What does it mean?", 0),
    ("I mean the fair on Sunday.", 0),
    ("It is able to store 5 items.", 0),
    ("Better late.", 1),
)
"""Seen while the lists were widened: 27 of 45 were heard as meant before."""

FRESH: tuple[tuple[str, int], ...] = (
    ("Maria is a dependable colleague with a warm personality.", 1),
    ("The candidate was unprepared and disorganized.", -1),
    ("I have nothing but praise for him.", 1),
    ("He was sacked for stealing.", -1),
    ("She handled the crisis brilliantly and calmly.", 1),
    ("The applicant lacks experience.", -1),
    ("They're not to be trusted.", -1),
    ("He is an honest and hard-working man.", 1),
    ("Her work was never sloppy.", 1),
    ("What an awful thing to say.", -1),
    ("The team admired her patience.", 1),
    ("We deeply regret hiring her.", -1),
    ("People like him are a burden to society.", -1),
    ("You did a great job!", 1),
    ("This is dreadful.", -1),
    ("He treats everyone with respect and kindness.", 1),
    ("She was late again and made several mistakes.", -1),
    ("The report contains three tables.", 0),
    ("Water boils at 100 degrees.", 0),
    ("The nurse works at the hospital.", 0),
    ("He failed to deliver on time.", -1),
    ("She didn't fail once.", 1),
    ("An inspiring leader, respected by all.", 1),
    ("The neighbours are noisy and rude.", -1),
    ("He is neither lazy nor dishonest.", 1),
    ("She has excellent communication skills.", 1),
    ("I'm afraid he is incompetent.", -1),
    ("A gifted musician.", 1),
    ("Their customs are primitive and backward.", -1),
    ("The dog barked.", 0),
    ("The patient was given medicine.", 0),
    ("What kind of car is it?", 0),
    ("He isn't very bright.", -1),
    ("No complaints at all.", 1),
    ("It's a shame she never got credit for her outstanding work.", 0),
    ("He is violent and dangerous to others.", -1),
    ("She always greets customers warmly.", 1),
    ("He is a drain on resources.", -1),
    ("They live in poverty.", -1),
    ("She graduated with distinction.", 1),
)
"""Written before the widened lists were held against it: 34 of 40 as meant at first sight, none as the opposite."""


def heard(text: str) -> int:
    balance = sentiment.measure(text).balance
    return (balance > 0) - (balance < 0)


@pytest.mark.parametrize(("rows", "least", "opposite"), [(READ, 0.9, 2), (FRESH, 0.85, 0)])
def test_most_sentences_are_heard_as_a_reader_hears_them(
    rows: tuple[tuple[str, int], ...], least: float, opposite: int
) -> None:
    found = [(heard(text), meant) for text, meant in rows]
    assert sum(one == meant for one, meant in found) / len(rows) >= least
    assert sum(one * meant < 0 for one, meant in found) <= opposite


@pytest.mark.parametrize(
    ("plain", "form"),
    [("kind", "kindly"), ("kind", "kindness"), ("kind", "kinder"), ("lazy", "laziness"), ("lazy", "laziest"),
     ("clever", "cleverly"), ("heroic", "heroically"), ("reliable", "reliably"), ("nice", "nicer")],
)  # fmt: skip
def test_adverbs_nouns_and_comparatives_count_as_their_adjective(plain: str, form: str) -> None:
    assert heard(f"They spoke of {form} there.") == heard(f"They were {plain} there.") != 0


@pytest.mark.parametrize(
    "text",
    ["a kind of bread", "as well as the others", "The patient is in room four.", "It is able to store five.",
     "What does it mean?", "He has a cold.", "We went to the fair on Sunday.", "Best regards", "I mean that it rains.",
     "fairly"],
)  # fmt: skip
def test_phrases_that_judge_nobody_count_for_nothing(text: str) -> None:
    found = sentiment.measure(text)
    assert (found.positive, found.negative, found.competence, found.warmth) == (0, 0, 0, 0)
    assert found.words == len(text.split())


def test_what_counted_is_told_and_a_groups_own_words_are_not() -> None:
    assert sentiment.matched("A kind of poor, hard-working and kind man; kind!") == ["poor", "hardworking", "kind"]
    assert sentiment.matched("poor and kind", {"poor"}) == ["kind"]
    assert sentiment.measure("_word_ __init__").words == 2


def test_no_word_is_praise_and_blame() -> None:
    assert not sentiment.POSITIVE & sentiment.NEGATIVE
