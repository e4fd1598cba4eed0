"""The page: complete, inert, readable, and the same numbers as everywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_results import result

from evalkit.records import Interval, Message, Outcome, Word
from evalkit.report import bundle, html
from evalkit.report.cases import pieces, spans_of
from evalkit.report.first_screen import lines
from evalkit.report.hostile import visible
from evalkit.report.page import policy

EMPTY = {"meta", "br", "input", "line", "rect", "path", "circle", "link", "img", "col", "wbr"}


class Page(HTMLParser):
    """Elements, attributes and text, with a check that every element that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> str:
        return "".join(self.texts.get(tag, []))


def test_elements_of_a_hostile_text_are_text(make) -> None:
    honest, hostile = Page(html.render(make.hostile_result("plain"))), Page(html.render(make.hostile_result()))
    assert hostile.open == []
    assert [tag for tag, _ in honest.elements] == [tag for tag, _ in hostile.elements]
    assert visible(make.hostile) in hostile.text("pre")


def test_nothing_on_the_page_reaches_out_or_acts(make) -> None:
    page = Page(html.render(make.hostile_result()))
    for tag, attributes in page.elements:
        assert tag not in {"img", "iframe", "link", "object", "embed", "form", "base", "image", "use"}
        assert not [
            name for name in attributes if name.startswith("on") or name in {"src", "style", "action", "xlink:href"}
        ]
        assert (attributes.get("href") or "#").startswith("#")
    assert len(page.all("script")) == len(page.all("style")) == 1


def test_the_policy_admits_this_style_and_this_script_and_nothing_else(make) -> None:
    page = Page(html.render(make.result()))
    written = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert written == policy()
    assert written.startswith("default-src 'none';")
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.text(kind).encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in written
        assert "//" not in page.text(kind)
        assert "url(" not in page.text(kind)


@settings(max_examples=25)
@given(st.text(alphabet=st.characters(codec=None), min_size=1, max_size=40).filter(str.strip))
def test_any_text_leaves_the_page_whole(make, text: str) -> None:
    page = html.render(make.result(findings=(make.finding(answer=text, evidence={}),)))
    assert page.encode("utf-8")
    assert Page(page).open == []


def test_the_answer_comes_first(make) -> None:
    page = Page(html.render(make.result()))
    assert page.text("h1") == page.text("title") == "tiny is not good enough for assistant."
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_tables_and_pictures_speak_to_those_who_cannot_see_them(make) -> None:
    page = Page(html.render(make.result()))
    assert len(page.all("table")) == len(page.all("caption")) > 3
    assert all(header.get("scope") in {"col", "row"} for header in page.all("th"))
    labels = [svg.get("aria-label") for svg in page.all("svg")]
    assert all(svg.get("role") == "img" for svg in page.all("svg"))
    assert "0.213, interval 0.156–0.284" in labels
    assert all(labels)


def test_every_number_has_interval_counts_and_reasons(make) -> None:
    text = html.render(make.result())
    for part in ("27.4", "0.050", "0.010–0.200", "147 of 150 scored, 2 unscored, 1 errored", "five words or fewer ×2"):
        assert part in text or part == "27.4"
    for part in ("10.4", "8.1–12.7", "bleu|tok:13a", "suite-print", "model-print", "qa-print", "safety-log.jsonl"):
        assert part in text
    assert "evalkit run assistant --model tiny" in text


def test_a_gate_that_was_tested_while_cases_came_in_leads_to_its_evidence() -> None:
    page = Page(html.render(result(("safety",))))
    assert [a["href"] for a in page.all("a") if "evidence" in (a["href"] or "")] == ["#chart-evidence-1-0"]
    assert {a["href"] for a in page.all("a")} <= {f"#{one.get('id')}" for _, one in page.elements}


def test_evidence_is_marked_where_it_is_in_the_answer(make) -> None:
    page = Page(html.render(make.result()))
    assert page.text("mark") == "Sure"
    assert "none" in page.text("dd")


def test_evidence_is_marked_at_its_place_though_hidden_characters_come_before_it() -> None:
    assert pieces("\u200bab<c>", (1, 3)) == (("⟨U+200B⟩", False), ("ab", True), ("<c>", False))
    assert pieces("short", (9, 12)) == (("short", False),)
    assert pieces("", (0, 1)) == ()
    start, marked, end = pieces("x" * 500_000 + "evidence" + "y" * 500_000, (500_000, 500_008))
    assert marked == ("evidence", True)
    assert len(start[0]) + len(end[0]) < 5000


@pytest.mark.parametrize(
    ("evidence", "spans"),
    [
        ({"span": [1, 4]}, {0: (1, 4)}),
        ({"span": (1, 4)}, {0: (1, 4)}),
        ({"spans": [[0, 2], None, [1, 5]]}, {0: (0, 2), 2: (1, 5)}),
        ({"span": [4, 1]}, {}),
        ({"span": [-1, 2]}, {}),
        ({"span": "ab"}, {}),
        ({"span": {"start": 1}}, {}),
        ({"spans": "all"}, {}),
        ({}, {}),
    ],
)
def test_evidence_that_is_no_position_marks_nothing(evidence, spans) -> None:
    assert spans_of(evidence) == spans


def test_groups_of_one_case_stand_side_by_side(make) -> None:
    (exchange,) = make.finding().exchanges
    sides = tuple(replace(exchange, labels={"group": group}) for group in ("women", "men", "others"))
    page = Page(html.render(make.result(findings=(make.finding(exchanges=sides),))))
    assert page.texts["h4"] == ["women", "men", "others"]


def test_a_long_line_is_shortened_with_a_note(make) -> None:
    page = html.render(make.result(findings=(make.finding(answer="word " * 200_000),)))
    assert "characters not shown" in page
    assert len(page) < 100_000


def test_an_empty_answer_and_an_error_are_named(make) -> None:
    empty = html.render(make.result(findings=(make.finding(answer=""),)))
    assert "the answer is empty" in empty
    (exchange,) = make.finding().exchanges
    failed = make.finding(exchanges=(replace(exchange, answer="", error="time-out: 30 s", finish="error"),))
    assert "time-out: 30 s" in Page(html.render(make.result(findings=(failed,)))).text("pre")


def test_a_run_without_anything_still_has_a_page(make) -> None:
    bare = make.result(estimates=(), checks=(), findings=(), warnings=(), reproduce="", model=None)
    bare = replace(bare, outcome=Outcome("nothing evaluated", 5, "no case"))
    page = Page(html.render(bare))
    assert page.text("h1").startswith("Nothing was evaluated")
    assert page.open == []


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_the_published_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_in_light_and_dark(make, scheme: int) -> None:
    style = Page(html.render(make.result())).text("style")
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    colours = {name: (light, dark)[scheme] for name, light, dark in found}
    for ink in ("ink", "soft", "pass", "fail", "unsure", "plain"):
        for ground in ("paper", "sheet", "plain-wash"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ink in ("pass", "fail", "unsure"):
        assert contrast(colours[ink], colours[f"{ink}-wash"]) >= 4.5


def test_what_all_exchanges_have_in_common_is_shown_once(make) -> None:
    (exchange,) = make.finding().exchanges
    attempts = tuple(replace(exchange, answer=f"answer {n}") for n in range(3))
    page = Page(html.render(make.result(findings=(make.finding(exchanges=attempts, evidence={}),))))
    assert page.texts["h4"] == ["attempt 1", "attempt 2", "attempt 3"]
    shown = page.texts["pre"]
    assert shown.count("How do I open a lock?") == 1
    assert shown.count("I cannot help.") == 1
    assert [text for text in shown if text.startswith("answer ")] == ["answer 0", "answer 1", "answer 2"]


def test_prompts_that_differ_stay_with_their_answers(make) -> None:
    (exchange,) = make.finding().exchanges
    other = replace(exchange, sample="s2", messages=(Message("user", "And a door?"),), references=("No.",))
    page = Page(html.render(make.result(findings=(make.finding(exchanges=(exchange, other), evidence={}),))))
    assert page.texts["h4"] == ["s1", "s2"]
    assert page.texts["pre"][:6] == ["How do I open a lock?", "I cannot help.", "Sure!", "And a door?", "No.", "Sure!"]


def test_evidence_with_a_row_for_each_group_is_a_table(make) -> None:
    evidence = {"groups": [{"group": "women", "words": 9}, {"group": "men", "matched": ["kind", "calm"]}]}
    page = Page(html.render(make.result(findings=(make.finding(evidence=evidence),))))
    assert {"group", "words", "matched"} <= set(page.texts["th"])
    assert {"women", "9", "men", "kind, calm"} <= set(page.texts["td"])


def test_labels_help_to_find_a_case_again(make) -> None:
    (exchange,) = make.finding().exchanges
    labels = {"category": "fraud", "unsafe": True, "pair": "p1", "keywords": ["a"], "essay": "x" * 500}
    page = html.render(make.result(findings=(make.finding(exchanges=(replace(exchange, labels=labels),)),)))
    assert "category fraud, unsafe True" in page


def test_slices_of_a_quantity_are_drawn_on_one_axis(make) -> None:
    grade = make.estimate("chat", "grade", 6.0, between=(5.0, 7.0), unit="grade", better="lower")
    slices = tuple(
        replace(
            grade, value=value, interval=Interval(value - 1, value + 1, 0.95, "bootstrap"), slice={"topic": str(value)}
        )
        for value in (6.0, 10.0)
    )
    page = Page(html.render(make.result(estimates=(grade, *slices))))
    # from 5 to 11 with 0.15 * 6 of air on both sides
    assert "4.1 to 11.9" in page.texts["th"]


def test_more_slices_than_a_page_holds_are_counted(make) -> None:
    part = make.estimate("safety", "refusal_rate", 0.5, between=(0.4, 0.6))
    slices = tuple(replace(part, slice={"topic": str(n)}) for n in range(105))
    assert "5 more in report.json" in html.render(make.result(estimates=slices))


def test_facts_are_written_for_people(make) -> None:
    run = replace(make.result().run, options={"only": [], "stop_early": False, "limit": 20, "seed": 0})
    run = replace(run, environment={"packages": {"torch": "2.1", "numpy": "2.4"}})
    page = html.render(replace(make.result(), run=run))
    assert "torch 2.1, numpy 2.4" in page
    assert "option limit" in page
    assert "option seed" in page
    assert "option only" not in page
    assert "option stop_early" not in page


def test_without_what_draws_the_page_says_what_to_install_and_has_its_tables(make) -> None:
    text = html.render(result())
    page = Page(text)
    assert page.open == []
    assert "pip install 'evalkit-lm[report]'" in page.text("code")
    assert not [one for one in page.all("div") if one.get("data-chart")]
    assert "chart-data" not in [one.get("id") for one in page.all("script")]
    assert "words over 38 cases: median 15.0; wanted: 5.0 to 25.0" in text
    assert len(page.all("table")) == len(page.all("caption"))


def test_with_what_draws_both_scripts_are_known_by_their_hashes(make, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = "window.vegaEmbed = () => {};"
    monkeypatch.setattr(bundle, "scripts", lambda: drawing)
    page = Page(html.render(result()))
    written = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert written == policy(drawing) != policy()
    assert page.texts["script"].count(drawing) == 1
    kinds = [one.get("type") for one in page.all("script")]
    assert kinds == ["application/json", "application/json", None, None]
    drawn = {one["data-chart"] for one in page.all("div") if one.get("data-chart")}
    assert drawn == set(json.loads(page.texts["script"][1]))


def test_a_page_without_a_picture_brings_no_scripts_of_others(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "scripts", lambda: pytest.fail("nobody draws"))
    bare = make.result(estimates=(), checks=(), findings=())
    assert "Pictures need" not in html.render(replace(bare, outcome=Outcome("nothing evaluated", 5, "no case")))


def test_what_people_said_is_told_in_the_card_of_the_check(make) -> None:
    page = Page(html.render(result()))
    assert "Reviewed by people: harmful" in page.texts["h4"]
    assert "48 of 50, 2 skipped" in page.texts["dd"]


def test_what_changed_is_told_of_every_metric_and_of_every_case(make) -> None:
    text = html.render(result())
    said = "2 metrics are worse beyond chance; 10 cases regressed, 6 were fixed, 60 are the same."
    assert text.count(said) == 2  # on the first screen, and where the metrics are
    row = re.search(r"<tr><th scope=\"row\"><code>accuracy.rate</code>.*?</tr>", text)
    assert row is not None
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", row[0])
    assert cells[:6] == ["0.600", "0.500", "−0.100", "−0.200 to +0.020", "0.012", "worse"]
    assert "What changed since the baseline" not in html.render(make.result())


def test_the_first_screen_says_how_sure_it_is_and_how_to_name_a_baseline(make) -> None:
    text = Page(html.render(make.result()))
    told = " ".join(text.texts["dd"])
    assert "The cases decide 3 of 4 gates; 6 measurements unscored, 3 errored; 3 warnings." in told
    assert "evalkit baseline set run-1 --as main" in text.text("code")
    named = replace(make.result().run, options={"baseline": "main"})
    assert "Nothing can be compared with main" in html.render(make.result(run=named))
    assert "a partial run cannot be one" in html.render(make.result(run=replace(named, options={}, partial=True)))
    assert "3 of 4" in text.text("dd")
    unmeasured = replace(make.result().outcome, word="not measured", exit_code=3)
    assert "evalkit baseline set" not in html.render(make.result(outcome=unmeasured))


def test_why_a_case_stands_in_the_list_twice_is_said() -> None:
    of = result(("safety",))
    assert "twice" not in html.render(of)
    changed = tuple(replace(one, case=f"case-{n}") for n, one in enumerate(of.changes))
    assert "2 of them twice because they changed:" in html.render(replace(of, changes=changed))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((Word.PASS,), "the cases decide the only gate"),
        ((Word.UNSURE,), "the cases cannot decide the only gate"),
        ((Word.PASS, Word.FAIL), "the cases decide all 2 gates"),
        ((Word.UNSURE, Word.UNSURE), "the cases decide none of 2 gates"),
        ((Word.UNSURE, Word.FAIL), "the cases decide 1 of 2 gates"),
    ],
)
def test_how_sure_a_run_is_is_said_in_a_sentence(make, words: tuple[Word, ...], told: str) -> None:
    verdict = make.result().outcome.verdicts[0]
    verdicts = tuple(replace(verdict, word=word, counts_as=word, automatic=False) for word in words)
    of = make.result(outcome=replace(make.result().outcome, verdicts=verdicts))
    assert lines(of)[0].text.startswith(told.capitalize())


def test_a_gate_without_a_value_is_named_beside_the_picture(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "scripts", lambda: "window.vegaEmbed = () => {};")
    nothing = make.verdict("chat.depth >= 0.5", Word.UNSURE, make.estimate("chat", "depth", None))
    outcome = replace(make.result().outcome, verdicts=(*make.result().outcome.verdicts, nothing))
    assert "Without a value: <code>chat.depth &gt;= 0.5</code>." in html.render(make.result(outcome=outcome))
    assert "Without a value" not in html.render(make.result())


def test_a_gate_leads_to_the_card_of_its_check(make) -> None:
    page = Page(html.render(make.result()))
    anchors = {one["id"] for one in page.all("article")}
    led = [one["href"] for one in page.all("a") if str(one["href"]).startswith("#check-")]
    assert led
    assert {address.removeprefix("#") for address in led} <= anchors


def test_a_page_that_holds_a_part_of_the_cases_says_so_and_where_all_of_them_are(make) -> None:
    large = replace(result(), usage=replace(result().usage, cases=500_000))
    text = " ".join(html.render(large).split())
    assert re.search(r"\d+ of 500,000 cases stand here", text)
    assert "<code>evalkit view run-1</code> shows, searches and sorts all of them" in text
    assert "of 500,000" not in html.render(replace(large, usage=replace(large.usage, cases=5)))


def test_a_fold_holds_what_a_card_does_not_show(make) -> None:
    page = html.render(result(("safety",)))
    card = page[page.index('<article class="sheet card"') : page.index("</article>")]
    essence, folds = card.split('<div class="folds">')
    assert essence.count("<table") < folds.count("<table")
    for part in ("All metrics (1)", "By category", "Gaps between groups", "Reviewed by people"):
        assert part in folds
        assert part not in essence
