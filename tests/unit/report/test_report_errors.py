"""Errors by class in every format: how many, in their own words, what to do; whatever they say stays inert."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from evalkit.errors import FailureClass
from evalkit.failures import advice_on
from evalkit.records import Counts, Message
from evalkit.report import errors, junit, markdown, notebook, view
from evalkit.report.page import page
from evalkit.report.steps import steps
from evalkit.report.terminal import render
from evalkit.results import ErroredCase, ErrorGroup, Exchange, Result
from evalkit.runner.document import from_json, to_json

HOSTILE = "slow \x1b[31mdown <script>alert(1)</script> | `x` **y**"


def group(kind: FailureClass, many: int, tries: int, said: str) -> ErrorGroup:
    advice = advice_on(kind)
    case = ErroredCase(
        *("accuracy", "r1", said, tries),
        exchanges=(Exchange("r1", (Message("user", "say <b>1</b>"),), ""),),
        traceback="Traceback (most recent call last):\n  <script>",
        log="WARNING lib: low",
    )
    return ErrorGroup(
        *(kind, advice.cause, advice.recommendation, many),
        checks={"accuracy": many},
        says={f"{said} ({tries} tries)": many - 1, f"{said} ({tries - 1} tries)": 1},
        retried=advice.transient,
        tries=tries,
        examples=(case,),
    )


@pytest.fixture
def result(make: Any) -> Result:
    groups = (
        group(FailureClass.RATE_LIMIT, 12, 5, f"rate limit: {HOSTILE}"),
        group(FailureClass.PLUGIN, 2, 1, "plugin: ValueError: no"),
    )
    return replace(make.result(), errors=groups)


def test_one_line_says_all_classes(result: Result) -> None:
    assert errors.headline(result) == "14 errors: 12 rate limit (retried, up to 5 tries each), 2 plugin"
    assert any(step.text.startswith("14 errors: 12 rate limit") for step in steps(result))


def test_errors_that_differ_in_their_tries_alone_are_one(result: Result) -> None:
    said = errors.groups(result)[0].words
    assert said.endswith("×12")
    assert "tries" not in said


def test_what_is_not_named_comes_last(result: Result) -> None:
    named = {f"plugin: KeyError: '{number}'": 1 for number in range(5)}
    many = replace(result.errors[1], says={**named, "40 other errors": 40})
    said = errors.words(many)
    assert said.startswith("KeyError: '0' ×1; ")
    assert said.endswith("; 42 other errors ×42")  # two of the five that the result names, and what it does not


def test_what_errors_say_is_no_reason_of_what_is_unscored(result: Result) -> None:
    counts = Counts(10, 6, 2, 2, {"plugin: KeyError: 'x'": 2, "not supported: no": 1, "five words or fewer": 1})
    summary = replace(result.checks[0], counts=counts)
    unscored, errored, reasons = view.fates(replace(result, checks=(summary,)))
    assert (unscored, errored, set(reasons)) == (2, 2, {"not supported: no", "five words or fewer"})


def test_the_terminal_has_cause_and_what_to_do_and_no_control_character(result: Result) -> None:
    from rich.console import Console

    console = Console(width=100, color_system=None)
    with console.capture() as captured:
        console.print(render(result, console_width=100, colour=False, unicode=True, report="out"))
    said = " ".join(captured.get().split())
    assert "12 measurements: rate limit (retried, up to 5 tries each)" in said
    assert advice_on(FailureClass.RATE_LIMIT).cause in said
    assert advice_on(FailureClass.PLUGIN).recommendation in said
    assert "\x1b" not in said


def test_the_page_folds_requests_and_tracebacks_and_runs_nothing(result: Result) -> None:
    html = page(result)
    assert '<h2 id="errors">' in html
    assert "say &lt;b&gt;1&lt;/b&gt;" in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert(1)" not in html
    assert "Traceback (most recent call last)" in html


def test_markdown_and_junit_have_them_too(result: Result) -> None:
    text = markdown.render(result)
    assert "12 measurements errored: rate limit" in text
    assert "<script>" not in text
    suite = ET.fromstring(junit.render(result)).find("testsuite")
    assert suite is not None
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["errors.rate limit"] == "12"
    assert "What" not in (suite.findtext("system-err") or "")
    assert advice_on(FailureClass.RATE_LIMIT).recommendation in (suite.findtext("system-err") or "")


def test_a_notebook_says_what_to_do_and_runs_nothing(result: Result) -> None:
    html = notebook.fragment(result)
    assert "12 measurements errored: rate limit (retried, up to 5 tries each)" in html
    assert advice_on(FailureClass.RATE_LIMIT).cause in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>" not in html


def test_the_document_has_all_and_reads_back(result: Result) -> None:
    text = to_json(result)
    found = json.loads(text)["errors"][0]
    assert (found["failure"], found["measurements"], found["retried"], found["tries"]) == ("rate limit", 12, True, 5)
    assert from_json(text).errors == result.errors


def test_without_errors_nothing_is_said(make: Any) -> None:
    plain = make.result()
    assert errors.headline(plain) == ""
    assert 'id="errors"' not in page(plain)
    assert "system-err" not in junit.render(plain)
