"""What stands in a notebook or in a comment, in a real browser and under attack: shown, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from report_results import CORPUS, hostile_result, result

from evalkit.report import markdown, notebook
from evalkit.report.hostile import shown
from evalkit.results import Change, ChangeCount, Result

Opener = Callable[..., Any]
ACTING = "script, img, iframe, object, embed, link, base, form, a, image, use, foreignObject, animate, audio, video"
SHEETS = {"light": "background: #fff; color: #1f1f1f", "dark": "background: #111827; color: #e5e7eb"}


@pytest.fixture
def show(open_page: Opener, tmp_path: Path) -> Callable[..., Any]:
    """Markup as it stands in somebody else's page, without a policy that would help."""

    def open_markup(markup: str, sheet: str = "light", **options: Any) -> Any:
        path = tmp_path / "page.html"
        body = f'<main style="{SHEETS[sheet]}; font: 14px sans-serif; padding: 1em">{markup}</main>'
        document = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>{body}</html>'
        path.write_text(document, encoding="utf-8", errors="backslashreplace")
        page = open_page(**options)
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.mouse.move(200, 200)
        page.wait_for_timeout(200)
        page.uri = path.as_uri()
        return page

    return open_markup


def is_inert(page: Any) -> None:
    assert page.complaints == []
    assert page.asked_for == [page.uri]
    acting = page.locator(f"main :is({ACTING})")
    assert acting.count() == 0, acting.evaluate_all("all => all.map((one) => one.outerHTML)")
    handlers = (
        "all => all.flatMap((one) => Array.from(one.attributes, (a) => a.name)).filter((n) => n.startsWith('on'))"
    )
    assert page.locator("main *").evaluate_all(handlers) == []


def with_changes(of: Result) -> Result:
    """Cases that regressed, with every text of the corpus before and after."""
    one = of.findings[0].exchanges[0]
    changes = tuple(
        Change(text[:200], text[:200], text[:200], "regressed", 1.0, 0.0, (replace(one, answer=text),), (one,))
        for text in CORPUS
    )
    counts = (ChangeCount(of.findings[0].check, of.findings[0].metric, 0, len(changes), 9),)
    return replace(of, changes=changes, change_counts=counts)


def test_a_hostile_result_in_a_notebook_does_nothing(show: Callable[..., Any]) -> None:
    is_inert(show(notebook.fragment(hostile_result())))


def test_every_attack_is_shown_in_its_case(show: Callable[..., Any]) -> None:
    finding = result().findings[0]
    answers = [replace(finding.exchanges[0], answer=text) for text in CORPUS]
    cases = (replace(finding, exchanges=(answer,), evidence={}) for answer in answers)
    page = show("".join(f"<section>{notebook.case_fragment(case)}</section>" for case in cases))
    is_inert(page)
    last = "all => all.map((one) => one.querySelector('pre:last-of-type').textContent)"
    said = page.locator("section").evaluate_all(last)
    assert said == [shown(text) or "(empty)" for text in CORPUS]


def test_a_hostile_comment_does_nothing_even_where_a_host_keeps_its_markup(show: Callable[..., Any]) -> None:
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    is_inert(show(reader.render(markdown.render(with_changes(hostile_result())))))


@pytest.mark.parametrize("sheet", ["light", "dark"])
def test_a_result_in_a_notebook_can_be_read_by_all(
    show: Callable[..., Any], serious_violations: Callable[[Any], list[str]], sheet: str
) -> None:
    page = show(notebook.fragment(result()) + notebook.case_fragment(result().findings[0]), sheet)
    assert serious_violations(page) == []
