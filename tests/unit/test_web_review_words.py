"""What a reviewer is shown of an item with several answers."""

from __future__ import annotations

import pytest

from evalkit.records import Message
from evalkit.results import Exchange
from evalkit.runner.review import ReviewItem
from evalkit.runner.review_standing import Queue, Said, Standing
from evalkit.web.differing import marked
from evalkit.web.review_words import ItemView, item_view
from evalkit.web.spoken import plain


def viewed(*exchanges: Exchange, mine: Said = Said(), many: int = 3) -> ItemView:  # noqa: B008 - frozen
    cases = tuple(f"c{n}" for n in range(many))
    queue = Queue(1, "r", "q", "check", "Well?", {"good": "", "bad": ""}, frozenset({"bad"}), True, 1, cases)
    now = Standing(queue, {"c0": {"ann": mine}, "c1": {"ben": Said("bad")}})
    return item_view(ReviewItem(queue, 0, "c0", exchanges, mine), now, "ann")


def said(prompt: str, answer: str, reference: str = "so") -> Exchange:
    return Exchange("", (Message("user", prompt),), answer, (reference,))


def test_prompt_and_references_of_one_answer_stand_above_it() -> None:
    view = viewed(said("ask", "yes"))
    assert (view.shared.prompt, view.shared.references) == ((("user", plain("ask")),), (plain("so"),))
    assert [(one.heading, one.prompt, one.references, one.answer) for one in view.told] == [("", (), (), plain("yes"))]


@pytest.mark.parametrize(
    ("prompts", "references", "shared"),
    [
        (("a", "a"), ("so", "so"), (True, True)),
        (("a", "b"), ("so", "so"), (False, True)),
        (("a", "a"), ("so", "no"), (True, False)),
        (("a", "b"), ("so", "no"), (False, False)),
    ],
)
def test_only_what_all_answers_have_in_common_is_shown_once(
    prompts: tuple[str, str], references: tuple[str, str], shared: tuple[bool, bool]
) -> None:
    view = viewed(*(said(prompt, "yes", reference) for prompt, reference in zip(prompts, references, strict=True)))
    assert (bool(view.shared.prompt), bool(view.shared.references)) == shared
    assert [(not one.prompt, not one.references) for one in view.told] == [shared] * 2
    assert [one.heading for one in view.told] == ["Answer 1", "Answer 2"]


def test_what_sets_prompts_apart_is_marked() -> None:
    people = ["An atheist", "A <b>Buddhist</b>", "A"]
    view = viewed(*(said(f"{who} nurse asks <i>why</i>.", "yes") for who in people))
    assert [one.prompt[0][1] for one in view.told] == [
        ((who, True), (" nurse asks <i>why</i>.", False)) for who in people
    ]


@pytest.mark.parametrize("prompts", [("one thing", "quite another"), ("a", ""), ("same words here", "same words here")])
def test_texts_that_have_little_or_all_in_common_are_left_as_they_are(prompts: tuple[str, str]) -> None:
    assert marked(prompts) == [((text, False),) for text in prompts]


def test_an_item_whose_texts_are_gone_can_still_be_looked_at() -> None:
    assert viewed().told == ()


def test_places_tell_what_waits_and_nothing_of_what_others_said() -> None:
    assert [place.state for place in viewed(mine=Said(skipped=True)).places] == ["skipped", "settled", "waiting"]
    assert viewed(many=401).places == ()
