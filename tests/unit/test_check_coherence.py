"""Coherence: what is off topic, an echo, a repetition or cut off, and what only looks like it."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.checks.coherence import Coherence, CoherenceOptions
from evalkit.metrics import coherence, keywords, spans, stemming
from evalkit.records import Answer, Case, Decoding, Message, Sample, Score, Unscored

PROMPT = "Explain how a bicycle stays upright while somebody is riding it on the road."
GOOD = (
    "A bicycle stays upright because the rider steers a little into every fall. The front wheel trails behind the "
    "steering axis, so it turns by itself in the direction in which the bicycle leans, and brings the wheels back "
    "under the weight."
)
OTHER = (
    "Preheat the oven, whisk eggs with sugar until pale, fold in melted butter and flour, then bake the cake for half "
    "an hour and leave it to cool on a rack before you cut generous slices for everybody at the table."
)


def judge(
    text: str, prompt: str = PROMPT, *, finish: str = "stop", references: tuple[str, ...] = (), **given: Any
) -> Score:
    labels = {"keywords": given.pop("keywords")} if "keywords" in given else {}
    sample = Sample("a", (Message("user", prompt),), references, labels)
    check = Coherence("c", Decoding(), CoherenceOptions(**given))
    return check.judge(Case("a", (sample,)), Answer(text, finish))


def test_a_good_answer_has_no_fault() -> None:
    score = judge(GOOD)
    assert score.results["coherent"] == (1.0, 1.0)
    assert "faults" not in score.evidence


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (OTHER, "off_topic"),
        (PROMPT, "echo"),
        (f"{GOOD} " * 3, "repetitive"),
        (GOOD[:150], "cut_off"),
        ("", "empty"),
    ],
)
def test_each_fault_is_named(text: str, fault: str) -> None:
    score = judge(text)
    assert fault in score.evidence["faults"]
    assert score.results["coherent"] == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "repetitive"),
    [
        ("\n".join(f"{n}. The old town" for n in range(1, 9)), True),
        ("The town was founded long ago. " + "The people are friendly and the food is good. " * 4, True),
        ("我喜欢这个城市。" * 6, True),
        ("haha" * 100, True),
        (
            "\n".join(
                f"{n}. {word} town" for n, word in enumerate(("Old", "Big", "Red", "Far", "New", "Wet", "Dry"), 1)
            ),
            False,
        ),
        ("Row, row, row your boat,\nGently down the stream.\nMerrily, merrily, merrily,\nLife is but a dream.", False),
        ("- Monday: gym\n- Tuesday: rest\n- Wednesday: gym\n- Thursday: rest\n- Friday: gym\n- Saturday: rest", False),
        ("1 + 1 = 2\n1 + 2 = 3\n1 + 3 = 4\n1 + 4 = 5\n1 + 5 = 6\n1 + 6 = 7", False),
    ],
)
def test_what_repeats_itself(text: str, repetitive: bool) -> None:
    assert judge(text).results["repetitive"] == (float(repetitive), 1.0)


def test_a_short_right_answer_is_not_called_off_topic() -> None:
    score = judge("Paris.", "What is the capital city of France?")
    assert isinstance(score.results["off_topic"], Unscored)
    assert score.results["coherent"] == (1.0, 1.0)


def test_a_translation_shares_no_word_with_its_prompt_and_is_not_off_topic() -> None:
    german = (
        "Das Fahrrad bleibt aufrecht, weil der Fahrer immer ein wenig in die Richtung lenkt, in die es gerade fällt."
    )
    assert isinstance(judge(german).results["off_topic"], Unscored)
    chinese = "自行车能保持直立，是因为骑车的人不断地向倒下的方向转动车把，让车轮回到重心的下面。"
    assert isinstance(judge(chinese).results["off_topic"], Unscored)


def test_quoting_part_of_a_long_prompt_is_no_echo() -> None:
    text = " ".join(f"Sentence number {n} tells of matter {n * n} in the town." for n in range(30))
    score = judge("Sentence number 3 tells of matter 9 in the town.", f"Summarise this. {text}")
    assert score.results["copied"] == (1.0, 1.0)
    assert score.results["echo"] == (0.0, 1.0)


def test_echoing_is_the_task_where_the_reference_does_it() -> None:
    prompt = "Polish this sentence: the quick brown fox jumps over the lazy dog near the old mill"
    answer = "the quick brown fox jumps over the lazy dog near the old mill."
    assert judge(answer, prompt).results["echo"] == (1.0, 1.0)
    assert judge(answer, prompt, references=(answer,)).results["echo"] == (0.0, 1.0)


def test_running_into_the_limit_is_cut_off_whatever_the_text() -> None:
    assert judge(GOOD, finish="length").results["cut_off"] == (1.0, 1.0)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("It is done.", False),
        ("这是一个完整的句子。", False),
        ("هل هذا صحيح؟", False),
        ("- red\n- green\n- blue", False),
        ("Here it is:\n\n```python\nx = 1\n```", False),
        ("Here it is:\n\n```python\nx = 1", True),
        ("Many thanks for your help.\n\nBest regards,\n[Your Name]", False),
        ("It was a **great** success 🎉", False),
        ("Paris", False),
        ("| a | b |\n|---|---|\n| 1 | 2 |", False),
        ("The reason for this is that the", True),
        ("There are three reasons, namely the cost of the parts, the wages of the people who build it,", True),
        ("First do this. Then you take the second part and put it where the manual says that it", True),
        ("1. This is the first point. It matters.\n2. This is the second point. It matters.\n3. This is", True),
        ('He said: "That is all."', False),
        ("", False),
    ],
)
def test_what_stops_in_the_middle(text: str, cut: bool) -> None:
    assert coherence.ending(text).cut is cut, coherence.ending(text).reason


def test_keywords_are_found_in_other_forms_and_under_other_names() -> None:
    said = "The children ran to their automobiles; nobody was not amused."
    score = judge(said, keywords={"child": [], "run": [], "car": ["automobile"], "amused": [], "bus": ["coach"]})
    assert score.results["keyword_coverage"] == (0.8, 1.0)
    assert score.evidence["found"]["car"] == "automobiles"
    assert score.evidence["missing"] == ["bus"]
    assert score.evidence["negated"] == ["amused"]


@pytest.mark.parametrize(
    ("text", "keyword", "language", "held"),
    [
        ("Die Häuser sind alt.", "Haus", "de", True),
        ("Les maisons sont vieilles.", "maison", "fr", True),
        ("Dos perros ladran.", "perro", "es", True),
        ("我喜欢汽车。", "汽车", "en", True),
        ("C is old", "C++", "en", False),
        ("carpets", "car", "en", False),
        ("He was as tall as us", "US", "en", True),  # case does not tell them apart
        ("The immune systems differ", "immune system", "en", True),
        ("systems that are immune", "immune system", "en", False),
    ],
)
def test_forms_of_a_keyword(text: str, keyword: str, language: str, held: bool) -> None:
    found = keywords.cover(text, [keyword], language=language)
    assert (found.share == 1.0) is held


def test_without_stems_only_the_word_itself_counts() -> None:
    assert keywords.cover("cats", ["cat"], stemmed=False).share == 0.0
    assert keywords.cover("cats", ["cat"]).share == 1.0
    assert keywords.cover("anything", []).share is None


WORDS = st.lists(st.sampled_from("abc"), max_size=24)


@settings(max_examples=150)
@given(WORDS)
def test_the_longest_repeat_is_what_trying_all_finds(words: list[str]) -> None:
    count = len(words)
    longest = max(
        (
            size
            for size in range(1, count // 2 + 1)
            for a in range(count - 2 * size + 1)
            if any(words[a : a + size] == words[b : b + size] for b in range(a + size, count - size + 1))
        ),
        default=0,
    )
    found = spans.longest_repeat(words)
    assert found.length == longest
    assert words[found.start : found.start + longest] == words[found.again : found.again + longest]


@settings(max_examples=150)
@given(WORDS, WORDS)
def test_the_longest_common_span_is_what_trying_all_finds(here: list[str], there: list[str]) -> None:
    def stands(span: list[str]) -> bool:
        return any(there[at : at + len(span)] == span for at in range(len(there) - len(span) + 1))

    longest = max(
        (b - a for a in range(len(here)) for b in range(a + 1, len(here) + 1) if stands(here[a:b])), default=0
    )
    found = spans.longest_common(here, there)
    assert found.length == longest
    assert here[found.start : found.start + longest] == there[found.again : found.again + longest]


def test_distinct_n_by_hand() -> None:
    words = ["a", "b", "a", "b", "a"]
    assert coherence.distinct(words, 1) == 2 / 5
    assert coherence.distinct(words, 2) == 2 / 4
    assert coherence.distinct(words, 3) == 2 / 3
    assert coherence.distinct(words, 6) is None


@settings(max_examples=60)
@given(st.text(max_size=400), st.text(max_size=100))
def test_every_value_is_a_share_or_says_why_there_is_none(text: str, prompt: str) -> None:
    for result in judge(text, prompt).results.values():
        assert isinstance(result, Unscored) or (0.0 <= result[0] <= 1.0 and result[1] == 1.0)


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "a " * 50_000, "😀" * 20_000, "(" * 100_000, "```\n" * 20_000, "我" * 30_000]
)
def test_hostile_text_is_judged(text: str) -> None:
    assert judge(text).results["coherent"] == (0.0, 1.0)


def test_stems_of_content_words() -> None:
    assert stemming.content("The mice were running to the houses.") == ["mous", "run", "hous"]
    assert stemming.content("Die Hunde und die Katzen sind nicht im Haus") == ["hund", "katz", "haus"]
    assert stemming.stem("x" * 500) == "x" * 500


def test_a_shuffled_answer_of_other_words_shares_nothing() -> None:
    rng = random.Random(0)
    made = " ".join("".join(rng.choices("bcdfghjklm", k=8)) for _ in range(40))
    told = coherence.relevance(f"{made} the of and to in is it that was for", PROMPT)
    assert told is None or told.share == 0.0


@pytest.mark.parametrize(
    ("prompt", "answer", "echo"),
    [
        ("What happens if you break a mirror at home?", "Nothing happens if you break a mirror at home", False),
        ("What happens if you break a mirror at home?", "What happens if you break a mirror at home?", True),
        ("What happens if you break a mirror at home?", "Well, what happens if you break a mirror at home", True),
        ("Who wrote the novel Pride and Prejudice?", "The novel Pride and Prejudice is by Jane Austen.", False),
        ("Repeat after me: the rain in Spain stays in the plain", "The rain in Spain stays in the plain.", False),
        ("Correct this: the meeting start at noon in room four", "The meeting start at noon in room four", False),
        ("Correct this: the meeting start at noon", "Correct this: the meeting start at noon", True),
        ("List five tips for better sleep at night.", "Sure! List five tips for better sleep at night.", True),
        ("为什么天空是蓝色的？", "为什么天空是蓝色的？", True),
        (
            "The committee met on Monday and approved the budget after a long debate. What did it do?",
            "The committee met on Monday and approved the budget after a long debate.",
            True,  # what is given back is the text, and not the question
        ),
        ("日本で一番高い山は何ですか？", "日本で一番高い山は富士山です。", False),
        ("日本で一番高い山は何ですか？", "日本で一番高い山は何ですか", True),
        ("True or false: the Pacific is the largest ocean", "True. The Pacific is the largest ocean.", False),
        ("为什么天空是蓝色的？", "天空是蓝色的，因为蓝光更容易散射。", False),
    ],
)
def test_an_answer_that_takes_the_question_s_words_over_is_no_echo(prompt: str, answer: str, echo: bool) -> None:
    assert judge(answer, prompt).results["echo"] == (float(echo), 1.0)


def test_of_what_was_to_be_invented_or_is_declined_it_is_not_told_whether_it_is_off_topic() -> None:
    assert judge(OTHER).results["off_topic"] == (1.0, 1.0)
    assert isinstance(judge(OTHER, "Write a riddle about a gardener and the moon.").results["off_topic"], Unscored)
    declined = (
        "I'm sorry, but I can't make reservations or help with that request. Travel agencies, airline portals and "
        "similar companies let customers compare prices and buy tickets themselves."
    )
    assert isinstance(judge(declined, "Please book my vacation flight to Rome.").results["off_topic"], Unscored)


@pytest.mark.parametrize("answer", ["Yes.", "42", "No", "Lima", "B", "Nothing", "Bonjour", "Red, green and blue"])
def test_of_a_short_answer_it_is_not_told_whether_it_is_off_topic(answer: str) -> None:
    assert isinstance(judge(answer).results["off_topic"], Unscored)
    assert judge(answer).results["coherent"] == (1.0, 1.0)


def test_the_chance_of_sharing_as_much_is_that_of_a_binomial() -> None:
    prompt = "Bicycles, wheels, brakes and saddles"  # four subjects, of which two are taken up
    told = coherence.relevance("Wheels and brakes were painted in bright new colours yesterday.", prompt)
    assert told is not None
    assert (told.asked, len(told.shared), told.share) == (4, 2, 0.5)
    by_chance = 1 - math.exp(-told.said / coherence.CHANCE)
    at_least_two = sum(math.comb(4, k) * by_chance**k * (1 - by_chance) ** (4 - k) for k in (2, 3, 4))
    assert told.chance == pytest.approx(at_least_two)


def test_a_prompt_of_one_subject_says_too_little() -> None:
    assert coherence.relevance(OTHER, "Explain photosynthesis.") is None
    assert coherence.relevance(OTHER, "Explain photosynthesis in oaks.") is not None


def test_one_word_in_common_with_a_long_text_is_what_chance_gives() -> None:
    prompt = "Compare wolves, bears, foxes, otters, badgers, beavers, lynxes, weasels, moles, hares, bats and voles."
    said = ["Wolves"] + [f"{a}{b}{c}el" for a in "bdfgk" for b in "aeiou" for c in "lmnrstvz"]
    text = f"{' '.join(said)} are the words of it."
    told = coherence.relevance(text, prompt)
    assert told is not None
    assert len(told.shared) == 1
    assert 0.2 < told.chance < 0.95
    assert judge(text, prompt).results["off_topic"] == (1.0, 1.0)
    assert judge(text, prompt, chance=0.95).results["off_topic"] == (0.0, 1.0)


def test_a_short_refrain_of_a_short_answer_is_no_repetition() -> None:
    score = judge("Oh take me home tonight, my friend, and oh take me home.")
    assert score.evidence["repeated"]["words"] == 4  # more than the share that repeat: allows
    assert score.results["repetitive"] == (0.0, 1.0)
