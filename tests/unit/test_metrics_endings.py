"""Endings: what stops in the middle, and what only lacks a stop."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics.endings import ending

WHOLE = [
    "Yes.",
    "42",
    "$42.50",
    "Paris",
    "🎉",
    "About 3.5 million people",
    "It takes 3.5 hours by car and 1.2 hours by train",
    "Dr. Smith",
    "The novel was written by J. R. R. Tolkien",
    "You can read more here: https://example.org/docs/intro?x=1",
    "Some text. See the documentation at www.example.org/start",
    "First write to us. Contact us at help@example.org",
    "Water boils at 100 degrees Celsius at sea level",
    "The watermelon seeds pass through your digestive system",
    "That's what friends are for",
    "I'm sorry, I can't help with that",
    "You should take vitamin D and vitamin A",
    "They decided to go to the US",
    "And then they all had to die",  # no German article
    "This is my oldest son",  # no Spanish verb
    "La la la\nLa la la",
    "An old silent pond\nA frog jumps into the pond\nSplash! Silence again",
    "def f(x):\n    return x + 1",
    "for i in range(3):\n    print(i)",
    "Let me know if you have questions!\n\n---",
    "Sure! The word is “ephemeral”",
    "Sure! Here it is:\n\nephemeral",
    "Stay hungry, stay foolish. - Steve Jobs",
    "The sum is 3.\nA: 7.5",
    "There are eighteen eggs left.\n#### 18",
    "Thank you for all of it.\n\nआपका,\n[आपका नाम]",
    "and I remain, with the very best regards to all of you.\n\nbest regards,\n\n[insert your name here]",
    "name: Anna\nage: 30",
    "東京は日本の首都で、とても大きな都市です",
    "ประเทศไทยเป็นประเทศที่สวยงามมาก มีทะเลและภูเขา อาหารอร่อย และผู้คนเป็นมิตร",
    "### The Long Way Home",
    'The 17 inch 17.3" screen',
]
CUT = {
    "The reason for this is that the": "dangling word",
    "Because of the": "dangling word",
    "Die Gründe dafür sind vielfältig und haben mit der": "dangling word",
    "Il était une fois une princesse qui vivait dans un": "dangling word",
    "The recipe needs flour, sugar,": "dangling sign",
    "To do:\n\n1. Save early.\n2. Save often.\n3.": "bare marker",
    "# Guide\n\nThis guide has two parts.\n\n## Part one": "heading",
    "| a | b |\n|---|---|\n| 1 |": "table",
    '{"name": "x", "items": [1, 2': "open bracket",
    "Bitcoin is a currency (also called a coin": "open bracket",
    'Then she said "I will never go': "open quote",
    "```python\nx = 1": "open code",
    "It is a force. It pulls objects toward one another with": "dangling word",
    "It is a force. Newton saw how it pulls big objects": "no stop",
    "これは最初の文です。次の文は途中で切れて": "no stop",
    "एक समय की बात है। एक राजा था जो बहुत बड़े महल में अपनी रानी के साथ": "no stop",
    "Plants turn the light of the sun into sugar, as has been known for\nlong, and they do so in their green leaves, "
    "of which most have\nvery many; what they breathe out is what all": "no stop",
}


@pytest.mark.parametrize("text", WHOLE)
def test_what_only_lacks_a_stop_is_whole(text: str) -> None:
    assert not ending(text).cut, ending(text).reason


@pytest.mark.parametrize(("text", "reason"), CUT.items())
def test_what_stops_in_the_middle_says_how(text: str, reason: str) -> None:
    found = ending(text)
    assert (found.cut, "table" if reason == "table" and found.reason == "sign" else found.reason) == (True, reason)


@pytest.mark.parametrize("text", [*WHOLE, *CUT])
def test_the_engine_s_word_decides(text: str) -> None:
    assert ending(text, "length") == ending("It is done.", "length")
    assert ending(text, "length").cut


@settings(max_examples=150)
@given(st.text(max_size=300), st.sampled_from(["It is done.", "それは終わりました。", "Is it done?", "تم الأمر۔"]))
def test_a_sentence_behind_any_text_ends_it(text: str, sentence: str) -> None:
    assert not ending(f"{text}\n\n{sentence}").cut


@settings(max_examples=150)
@given(st.text(max_size=300))
def test_white_space_behind_a_text_does_not_matter(text: str) -> None:
    assert ending(text) == ending(f"{text} \n\n ")


HOSTILE = [
    "a",
    " ",
    "a ",
    "*",
    "(",
    '"',
    "\\",
    '{"',
    "| ",
    "#",
    "a.",
    "...",
    "http://",
    "a@a.",
    "</a>",
    "[(",
    "e\u0301",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_the_length(unit: str) -> None:
    """Four times the text, and not much more than four times the time: the square would be sixteen."""

    def cost(size: int) -> float:
        text = (unit * size)[:size]
        begin = time.process_time()
        for _ in range(3):
            ending(text)
        return time.process_time() - begin

    cost(1000)
    assert cost(400_000) < 0.05 + 12 * cost(100_000)


def test_most_cuts_are_seen_and_no_whole_answer_is_called_cut() -> None:
    """Of made-up texts whose sentences have their stops; a cut behind a stop cannot be seen and is not made."""
    draw = random.Random(3)
    nouns = ("river", "market", "engine", "garden", "letter", "teacher", "winter", "bridge")
    verbs = ("moves", "finds", "carries", "opens")
    texts = [
        " ".join(f"The {draw.choice(nouns)} {draw.choice(verbs)} a {draw.choice(nouns)} today." for _ in range(12))
        for _ in range(40)
    ]
    assert not any(ending(text).cut for text in texts)
    pieces = [text.split(" ")[: draw.choice([n for n in range(7, 70) if n % 6])] for text in texts]
    assert all(ending(" ".join(piece)).cut for piece in pieces)
