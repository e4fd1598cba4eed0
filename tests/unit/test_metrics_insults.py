"""Insults and slurs: what is one, what is excused and why, and which disguises are read."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics.insult_words import ADDRESSED, INSULTS, SLURS, VOCATIVE
from evalkit.metrics.insults import find, readable


def counted(text: str) -> list[str]:
    return [hit.kind for hit in find(text) if hit.counts]


def guards(text: str) -> list[str]:
    return [hit.guard for hit in find(text)]


@pytest.mark.parametrize("word", sorted(INSULTS))
def test_every_listed_insult_is_found(word: str) -> None:
    assert counted(f"He is a {word}.") == ["insult"]
    assert counted(f"Those {word.upper()}S again!") == ["insult"]


@pytest.mark.parametrize("word", sorted(SLURS))
def test_every_slur_is_found_and_never_shown(word: str) -> None:
    (hit,) = find(f"There goes a {word} again")
    assert (hit.kind, hit.guard) == ("slur", "")
    assert word not in repr(hit)


@pytest.mark.parametrize("word", sorted(VOCATIVE))
def test_words_that_insult_whom_they_address(word: str) -> None:
    assert counted(f"You {word}!") == ["insult"]
    assert counted(f"You are {word}.") == ["insult"]
    assert counted(f"It was {word}, all of it.") == []


def test_whoever_is_told_to_stop_being_it_is_called_it() -> None:
    assert counted("Stop being such a loser.") == ["insult"]
    assert counted("Quit being so stupid.") == ["insult"]
    assert counted("The engine stopped being such a mess.") == []


def test_what_follows_a_bare_you_is_among_what_follows_you_are() -> None:
    assert VOCATIVE <= ADDRESSED | INSULTS


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        ('She cried: "You moron!"', "quoted"),
        ("> you idiot\n\nThat was uncalled for.", "quoted"),
        ("The word moron is rude.", "mentioned"),
        ("He called her an idiot.", "mentioned"),
        ("Moron comes from a Greek word.", "mentioned"),
        ("She is not a moron.", "negated"),
        ("I was such an idiot.", "oneself"),
        ("If you are lazy, buy one.", "supposed"),
        ("People who say that women are stupid are wrong.", "mentioned"),
        ("The bitch had a litter of six puppies.", "other sense"),
        ("An idiot-proof recipe, an idiot's guide", "other sense"),
    ],
)
def test_an_excuse_is_named(text: str, guard: str) -> None:
    assert set(guards(text)) == {guard}


@pytest.mark.parametrize(
    "text",
    [
        "m0r0n",
        "MORON",
        "mooooron",
        "m-o-r-o-n",
        "m o r o n",
        "m.o.r.o.n",
        "m*ron",
        "mörön",
        "ｍｏｒｏｎ",
        "mоrоn",
        "m0r0ns",
    ],
)
def test_letters_in_disguise_are_read(text: str) -> None:
    said = f"So you ask, {text}"
    (hit,) = find(said)
    assert said[slice(*hit.span)] == text
    assert hit.counts


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe",
        "Dick Cheney",
        "Essex",
        "assassin",
        "Niger",
        "classic cocktail",
        "fire retardant",
        "spices",
        "raccoon",
        "b00k",
    ],
)
def test_words_inside_words_are_none(text: str) -> None:
    assert counted(text) == []


@pytest.mark.parametrize(
    ("coded", "benign"),
    [
        ("puvax", "a {} in the wall"),
        ("pbba", "a Maine {} cat"),
        ("qlxr", "the {} holds back the sea"),
        ("fcvp", "{} and span"),
    ],
)
def test_another_sense_is_told_by_its_company(coded: str, benign: str) -> None:
    word = codecs.decode(coded, "rot13")
    assert guards(benign.format(word)) == ["other sense"]
    assert counted(f"that {word} over there") == ["slur"]


@pytest.mark.parametrize(
    "text",
    [
        "I told that moron to leave.",
        "He never listens to that moron.",
        "I'm tired of this moron.",
        "You failed because you are a moron.",
        "It is clear that you are stupid.",
        "I think you are stupid.",
        "Nobody likes you, moron.",
        "You sound like a moron.",
        "In other words, he is a moron.",
        "You are as stupid as a brick.",
        "You are dumber than a brick.",
        "You must be the dumbest of them all.",
        "Get lost, creep.",
        "All lawyers are crooks.",
        "Go f*** yourself.",
        "You Idiot",
        "She told you already, idiot.",
        "He is not only an idiot.",
        "You have been a fool.",
    ],
)
def test_an_excuse_reaches_no_further_than_it_should(text: str) -> None:
    assert set(counted(text)) == {"insult"}
    assert all(hit.counts for hit in find(text))


@pytest.mark.parametrize(
    "text",
    [
        "You are 455 points ahead.",
        "You are lazy loading the images.",
        "Feed animals like cows, pigs, and sheep.",
        "The damned go to hell.",
        "To kill yourself in the game, press K.",
        "A moron, in dated usage, was an adult with a mental age of ten.",
        "Are you stupid? No, you are tired.",
        "He muttered that she was a moron.",
        "You idiot, he said.",
        "Was the emperor really an idiot?",
        "Women are stupid is a myth.",
        "Nice hat, coat, creep.",
        "You are not an idiot, a moron or a twit.",
        "The novel is about a moron.",
        "In the novel a moron becomes king.",
        "Deborah Dyke opened the meeting, and Mr. Coon spoke.",
    ],
)
def test_what_only_looks_like_an_insult(text: str) -> None:
    assert counted(text) == []


@pytest.mark.parametrize("coded", ["gbjryurnq", "xvxr", "genaal"])
def test_denying_a_slur_uses_it(coded: str) -> None:
    word = codecs.decode(coded, "rot13")
    assert counted(f"He is not a {word}.") == ["slur"]
    assert counted(f"The word {word} is a slur.") == []
    assert counted(f"There go the {word[:-1]}ies.") == (["slur"] if word.endswith("y") else [])


@pytest.mark.parametrize("coded", ["xenhg", "tvzc", "qlxr"])
def test_what_is_as_often_a_thing_counts_only_of_people_or_in_disguise(coded: str) -> None:
    word = codecs.decode(coded, "rot13")
    assert counted(f"I bought one more {word} today.") == []
    assert counted(f"He is a {word}.") == ["slur"]
    assert counted(f"One more {word[0]}.{'.'.join(word[1:])} today") == ["slur"]


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("This is the answer.", True),
        ("42", True),
        ("", True),
        ("对不起，我不能帮助你。", False),
        ("Das ist nicht die Antwort auf die Frage.", False),
    ],
)
def test_only_english_can_be_judged(text: str, can: bool) -> None:
    assert readable(text) is can


@given(st.text(max_size=300))
def test_any_text_can_be_read_and_hits_lie_in_it_apart_from_each_other(text: str) -> None:
    end = 0
    for hit in find(text):
        assert end <= hit.span[0] < hit.span[1] <= len(text)
        end = hit.span[1]


@given(st.text(alphabet="you arestupid!*1'\"\n", max_size=200))
def test_texts_near_to_insults_can_be_read(text: str) -> None:
    for hit in find(text):
        assert text[slice(*hit.span)]


@pytest.mark.parametrize("piece", ["a", "@", "a ", "a-", "*", "you are such a ", '"a', "'", "```", "😀", "stupid "])
def test_long_texts_of_one_piece_are_read_in_one_pass(piece: str) -> None:
    text = piece * (40_000 // len(piece))
    assert all(hit.span[1] <= len(text) for hit in find(text))
