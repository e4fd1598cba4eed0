"""The report in a real browser: drawn, browsed by mouse and keyboard, printed, without a script, and under attack."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_results import CORPUS, hostile_result, result

from evalkit.profiles import Profile, Stage
from evalkit.records import Word
from evalkit.report import bundle, case_list
from evalkit.report.page import page as report
from evalkit.results import Result

Opener = Callable[..., Any]
SIZES = {390: 844, 1280: 900}
DRAWN = "html[data-drawn]"
MAY_NOT_BE_THERE = "img, iframe, object, embed, link, base, form, image, use, foreignObject, animate, audio, video"
WRITTEN_OUT = """() => {
  const said = (node) => {
    const plain = (text) => text.replace(/\\s+/g, " ").trim();
    if (node.nodeType === 3) return node.parentElement.closest("pre") ? node.data : plain(node.data);
    const names = ["class", "data-check", "data-kind", "data-status", "data-name", "dir", "scope", "tabindex"];
    const value = (name) => plain(node.getAttribute(name) || "");
    const given = names.filter(value).map((name) => `${name}=${value(name)}`);
    const inner = Array.from(node.childNodes).map(said).filter(Boolean).join("|");
    return `<${node.localName} ${given.join(" ")}>${inner}</>`;
  };
  return Array.from(document.querySelectorAll("#case-list > .case"), said);
}"""

BROKEN_WORDS = """(selector) => Array.from(document.querySelectorAll(selector)).flatMap((cell) => {
  const text = cell.firstChild;
  return Array.from(text.data.matchAll(/\\S+/g)).filter((word) => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return new Set(Array.from(range.getClientRects(), (line) => Math.round(line.top))).size > 1;
  }).map((word) => word[0]);
})"""


@pytest.fixture(scope="module", autouse=True)
def scripts_that_draw() -> None:
    if bundle.scripts() is None:
        pytest.skip("pictures need vl-convert-python: pip install 'evalkit-lm[report]'")


@pytest.fixture
def show(open_page: Opener, tmp_path: Path) -> Callable[..., Any]:
    """A result as a file, opened without a network, when all of its pictures are there."""

    def open_result(of: Result, *, width: int = 1280, **options: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(report(of), encoding="utf-8")
        page = open_page(offline=True, viewport={"width": width, "height": SIZES[width]}, **options)
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_selector(DRAWN, state="attached")
        page.uri = path.as_uri()
        return page

    return open_result


def open_all(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.wait_for_timeout(300)


def seen(page: Any) -> str:
    return str(page.locator("#seen").inner_text())


def shown_cases(page: Any) -> list[str]:
    return list(page.locator("#case-list > .case:not([hidden]) > summary > strong").all_inner_texts())


def folded(page: Any) -> int:
    return int(page.locator("main details:not(.case):not([open])").count())


# --- what it looks like -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", list(SIZES))
def test_nothing_serious_stands_in_anybodys_way(
    show: Callable[..., Any], serious_violations: Callable[[Any], list[str]], scheme: str, width: int
) -> None:
    page = show(result(), width=width, color_scheme=scheme)
    open_all(page)
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_violations(page) == []


def test_every_picture_is_drawn_and_has_its_words_and_its_data(show: Callable[..., Any]) -> None:
    page = show(result())
    open_all(page)
    figures = page.locator("figure.chart")
    assert figures.count() >= 20
    for at in range(figures.count()):
        figure = figures.nth(at)
        drawn = figure.locator(".drawn")
        assert len(drawn.get_attribute("aria-label")) > 20
        assert drawn.locator("svg.marks path").count() > 0
        assert figure.locator(".undrawn").is_hidden()
        assert figure.locator("table tbody tr").count() > 0
    assert page.complaints == []
    assert page.asked_for == [page.uri]


def test_pictures_follow_light_and_dark_and_the_width_of_the_window(show: Callable[..., Any]) -> None:
    page = show(result(), color_scheme="light")
    dot = page.locator("#chart-gates-0 svg.marks .mark-symbol path").last
    fill = "(element) => getComputedStyle(element).fill"
    by_day = dot.evaluate(fill)
    page.click("#theme")
    assert dot.evaluate(fill) != by_day
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(600)
    assert page.evaluate("document.querySelector('#chart-gates-0 svg').getBoundingClientRect().right <= innerWidth")


def test_what_is_folded_opens_all_at_once_by_its_address_and_by_the_browsers_search(show: Callable[..., Any]) -> None:
    page = show(result())
    closed = folded(page)
    assert closed > 10
    page.click("#open-all")
    assert folded(page) == 0
    page.click("#open-all")
    assert folded(page) >= closed
    page.click(".top nav a[href='#time']")
    assert page.locator("#time + details").get_attribute("open") is not None
    page.goto("about:blank")
    page.goto(f"{page.uri}#trust")
    assert page.locator("#trust").get_attribute("open") is not None
    word = "48 of 50, 2 skipped"
    assert not page.get_by_text(word).first.is_visible()
    page.goto("about:blank")
    page.goto(f"{page.uri}#:~:text={word.replace(' ', '%20').replace(',', '%2C')}")
    page.get_by_text(word, exact=True).wait_for(state="visible")
    assert page.complaints == []


def test_a_case_that_is_not_listed_yet_is_found_by_the_browsers_search(show: Callable[..., Any]) -> None:
    page = show(result())
    waiting = page.locator("#case-list > .case[hidden='until-found'] > summary > strong").first
    assert shown_cases(page)[9] != waiting.text_content()
    page.locator("#case-list > .case[hidden='until-found']").first.dispatch_event("beforematch", {"bubbles": True})
    assert seen(page) == "91 cases, 50 shown"


def test_each_check_is_a_sentence_a_picture_and_a_few_metrics(show: Callable[..., Any]) -> None:
    page = show(result())
    for card in page.locator("article.card").all():
        assert "misses the target (at least 0.8)" in card.locator(".tells").inner_text()
        assert card.locator("figure.chart:visible").count() == 1
        assert 1 <= card.locator(".headline tbody tr").count() <= 5
        assert card.locator(".headline tbody tr").first.locator("code").inner_text() == "rate"


def test_a_gate_leads_to_its_evidence_and_its_status_keeps_to_its_column(show: Callable[..., Any]) -> None:
    of = result(("safety",))
    tested, waiting, _ = of.outcome.verdicts
    verdicts = (tested, replace(waiting, counts_as=Word.UNSURE))
    page = show(replace(of, outcome=replace(of.outcome, verdicts=verdicts)))
    page.get_by_role("link", name="evidence by case").click()
    page.locator("#chart-evidence-1-0 .drawn svg.marks").wait_for()
    for media, width in (("screen", 1000), ("print", 700)):
        page.emulate_media(media=media)
        page.set_viewport_size({"width": width, "height": 900})
        status = page.locator("td.status", has_text="undecided")
        assert status.evaluate("(one) => one.scrollWidth <= one.clientWidth"), media


def test_paper_has_everything_open_and_no_controls(show: Callable[..., Any]) -> None:
    page = show(result(), color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    folded_on_paper = page.locator("details:not([open]):not(.data):not(.case)")
    assert {one.get_attribute("class") for one in folded_on_paper.all() if one.is_visible()} == {"long"}
    assert page.locator(".case:visible").count() == page.locator(".case[open]:visible").count() == 10
    assert "10 of the 91 cases that stand in this page are printed" in page.locator("#on-paper").inner_text()
    page.wait_for_selector("html[data-folded]", state="attached")
    assert page.locator(".drawn").count() == page.locator(".drawn svg.marks").count()
    for control in (".filters", "#theme", "#open-all", "#copy", "#more-cases", ".top nav"):
        assert page.locator(control).first.is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open]):not(.data)").count() > 0
    assert page.complaints == []


def test_paper_is_short_and_cases_are_printed_as_far_as_they_are_shown(show: Callable[..., Any]) -> None:
    page = show(result())
    page.wait_for_selector("html[data-folded]", state="attached")
    pages = [len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4")))]
    assert page.locator("#on-paper").is_hidden()  # on the screen
    while page.locator("#more-cases").is_visible():
        page.locator("#more-cases").click()
    pages.append(len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))))
    assert 3 < pages[0] < pages[1]
    page.emulate_media(media="print")
    assert page.locator("#on-paper").is_hidden()  # nothing is left out
    assert page.locator(".case:visible").count() == 91


def test_at_four_times_the_size_the_bar_breaks_no_word_and_does_not_stay(show: Callable[..., Any]) -> None:
    page = show(result())
    page.set_viewport_size({"width": 320, "height": 256})
    heights = {round(one.bounding_box()["height"]) for one in page.locator(".top nav a").all()}
    assert max(heights) < 40  # one line each
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("scrollTo(0, 2000)")
    assert page.evaluate("document.querySelector('.top').getBoundingClientRect().bottom") < 0


def test_no_name_of_a_stage_is_broken_where_room_is_short(show: Callable[..., Any]) -> None:
    parts = tuple(Stage(name, 1.0, None, 0) for name in ("tokenise", "prefill", "decode", "other"))
    inside = (Stage("load the model", 2.0, 2.0), Stage("ask the model", 4.0, 4.0, 31, parts), Stage("score", 0.1, 0.1))
    stages = (
        Stage("ask and score", 6.1, 6.1, 2, inside),
        Stage("estimate and decide", 1.0, 1.0),
        Stage("other", 0.1, 0.1),
    )
    page = show(replace(result(), profile=Profile(7.2, 7.2, stages)), width=390)
    open_all(page)
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(BROKEN_WORDS, ".stages th") == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_long_names_stand_above_their_lines_where_room_is_short(show: Callable[..., Any]) -> None:
    of = result(("accuracy",))
    gate = "accuracy.exact_match[category=european_geography] >= 0.8"
    of = replace(of, outcome=replace(of.outcome, verdicts=(replace(of.outcome.verdicts[0], gate=gate),)))
    page = show(of, width=390)
    picture = page.locator("#chart-gates-0 svg.marks")
    assert "accuracy.exact_match[category=european_geography]" in picture.text_content()
    assert "…" not in picture.text_content()
    narrow = picture.bounding_box()["height"]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_timeout(1000)
    assert picture.bounding_box()["height"] < narrow
    assert "accuracy.exact_match[category=european_geography]" in picture.text_content()
    assert page.complaints == []


def test_without_a_script_the_page_is_complete(show: Callable[..., Any]) -> None:
    page = show(result(), java_script_enabled=False)
    assert page.locator("h1").inner_text() == "tiny is not good enough for assistant."
    assert page.locator(".needs-script").first.is_hidden()
    assert page.locator("#case-list > .case").count() == case_list.FIRST
    assert "50 of 91 are shown" in page.locator("main").inner_text()
    assert page.locator("table.gates tbody tr").count() == 6
    for figure in page.locator("figure.chart").all():
        assert figure.locator(".drawn").is_hidden()
        assert figure.locator(".undrawn").count() == 1
        assert figure.locator("table tbody tr").count() > 0
    folded_away = page.get_by_text("48 of 50, 2 skipped", exact=True)
    assert not folded_away.is_visible()
    page.emulate_media(media="print")
    assert folded_away.is_visible()


# --- cases ------------------------------------------------------------------------------------------------------------


def test_what_changed_is_marked_word_by_word(show: Callable[..., Any]) -> None:
    page = show(result())
    first = page.locator("#case-list > .case").first
    first.locator("summary").click()
    assert first.locator("h4").all_inner_texts() == ["baseline", "this run"]
    assert first.locator("del").all_inner_texts() == ["Paris,", "Seine."]
    assert first.locator("ins").all_inner_texts() == ["Lyon,", "Rhône, I think."]


def test_cases_are_found_by_check_kind_status_word_and_order(show: Callable[..., Any]) -> None:
    page = show(result())
    assert seen(page) == "91 cases, 10 shown"
    page.click("#more-cases")
    assert seen(page) == "91 cases, 50 shown"
    page.click("#more-cases")
    assert seen(page) == "91 cases"
    assert page.locator("#more-cases").is_hidden()
    page.select_option("#check", "safety")
    assert seen(page) == "45 of 91 cases"
    page.select_option("#kind", "changed")
    assert shown_cases(page) == ["changed-regressed", "changed-fixed"]
    page.select_option("#check", "")
    page.select_option("#kind", "sampled")
    page.fill("#words", "number 39")
    assert seen(page) == "2 of 91 cases"
    page.fill("#words", "")
    page.select_option("#kind", "worst")
    page.select_option("#order", "high")
    assert shown_cases(page) == ["case-2", "case-2", "case-1", "case-1", "case-0", "case-0", "odd"]
    page.select_option("#order", "low")
    assert shown_cases(page) == ["case-0", "case-0", "case-1", "case-1", "case-2", "case-2", "odd"]
    page.select_option("#status", "errored")
    assert shown_cases(page) == ["odd"]
    page.fill("#words", "nothing says this")
    assert seen(page) == "0 of 91 cases"
    assert page.complaints == []


def test_links_of_checks_and_changes_lead_to_their_cases(show: Callable[..., Any]) -> None:
    page = show(result())
    page.locator("#check-2 a.to-cases").click()
    assert page.input_value("#check") == "safety"
    assert seen(page) == "45 of 91 cases"
    page.locator("a.to-cases[data-kind=changed]").click()
    assert seen(page) == "4 of 91 cases"


def test_cases_are_read_by_keyboard_and_single_keys_can_be_turned_off(show: Callable[..., Any]) -> None:
    page = show(result())
    here = "document.activeElement.querySelector('strong')?.textContent ?? document.activeElement.id"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(here) == shown_cases(page)[1]
    was_open = page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") is not was_open
    page.keyboard.press("k")
    assert page.evaluate(here) == shown_cases(page)[0]
    page.keyboard.press("/")
    assert page.evaluate(here) == "words"
    page.keyboard.type("j/k?")
    assert page.input_value("#words") == "j/k?"
    page.keyboard.press("Escape")
    assert page.input_value("#words") == ""
    page.keyboard.press("/")
    page.keyboard.type("number 3")
    page.keyboard.press("Enter")
    assert page.evaluate(here) == shown_cases(page)[0] == "random-3"
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.uncheck("#keys-on")
    page.click("#keys-close")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert page.evaluate(here) != "words"


def test_a_case_that_the_script_makes_is_the_one_that_the_page_would_have(
    open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for many in (200, 0):
        monkeypatch.setattr(case_list.case_list, "__defaults__", (many, case_list.MOST_BYTES))
        monkeypatch.setattr("evalkit.report.cases.MOST_REFERENCES", 0)
        path = tmp_path / f"{many}.html"
        path.write_text(report(hostile_result(CORPUS[:4])), encoding="utf-8")
        page = open_page(offline=True)
        page.goto(path.as_uri())
        while page.locator("#more-cases").is_visible():
            page.click("#more-cases")
        written.append(sorted(page.evaluate(WRITTEN_OUT)))  # how many come first says in which order
    assert len(written[0]) == 131
    for by_page, by_script in zip(*written, strict=True):
        assert by_page == by_script


# --- hostile texts ----------------------------------------------------------------------------------------------------


def test_whatever_texts_say_nothing_is_executed_or_fetched(show: Callable[..., Any]) -> None:
    page = show(hostile_result())
    open_all(page)
    while page.locator("#more-cases").is_visible():
        page.click("#more-cases")
    open_all(page)
    assert page.complaints == []
    assert page.asked_for == [page.uri]
    assert page.evaluate("window.pwned") is None
    assert page.locator(MAY_NOT_BE_THERE).count() == 0
    assert page.locator("script").count() == 4
    assert [
        href for href in page.evaluate("Array.from(document.links, (a) => a.getAttribute('href'))") if href[0] != "#"
    ] == []
    assert page.evaluate("({}).polluted === undefined && Object.getPrototypeOf({}) === Object.prototype")
    attributes = "Array.from(document.querySelectorAll('*')).flatMap((one) => one.getAttributeNames())"
    assert [name for name in page.evaluate(attributes) if name.startswith("on")] == []
    text = page.locator("main").inner_text()
    assert re.search("[\x00\u202e\u200b\ufeff]", text) is None
    for shown in ("<script>window.pwned=1", "{{ 7 * 7 }}", "${alert(1)}", "⟨U+202E⟩", "NUL␀", "datum['x']"):
        assert shown in text


def test_every_interactive_thing_is_used_under_attack(show: Callable[..., Any]) -> None:
    page = show(hostile_result(CORPUS[:9], checks=2))
    page.click("#open-all")
    for link in page.locator("main a, .top a").all():
        link.click()
    for select in ("check", "kind", "status", "order"):
        for value in page.eval_on_selector_all(f"#{select} option", "(all) => all.map((one) => one.value)"):
            page.select_option(f"#{select}", value)
            assert shown_cases(page)
        page.select_option(f"#{select}", "")
    page.fill("#words", "<script>")
    page.fill("#words", "")
    for at in range(page.locator("main summary").count()):
        page.locator("main summary").nth(at).evaluate("(one) => one.click()")
    for button in ("#theme", "#copy", "#more-cases", "#keys-button"):
        page.locator(button).first.evaluate("(one) => one.click()")
    page.click("#keys-close")
    for mark in page.locator("#chart-gates-0 svg.marks .mark-symbol path").all()[:4]:
        mark.hover(force=True)
    assert page.locator(".tip").inner_text()
    page.wait_for_timeout(300)
    assert page.complaints == []
    assert page.asked_for == [page.uri]
    assert page.evaluate("window.pwned") is None
