"""The page's errors in a real browser: folded, readable by keyboard, no wider than the screen, and inert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_results import CORPUS, result

from evalkit.errors import FailureClass
from evalkit.failures import advice_on
from evalkit.records import Message
from evalkit.report.page import page as report
from evalkit.results import ErroredCase, ErrorGroup, Exchange


def group(kind: FailureClass, said: str) -> ErrorGroup:
    advice = advice_on(kind)
    asked = Exchange("r1", (Message("user", said),), said)
    case = ErroredCase(
        "accuracy", "r1", said, exchanges=(asked,), traceback=f"Traceback: {'x' * 500}\n{said}", log=said
    )
    return ErrorGroup(
        *(kind, advice.cause, advice.recommendation, 12),
        checks={"accuracy": 12},
        says={said: 12},
        retried=advice.transient,
        tries=5,
        examples=(case,),
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_errors_are_read_unfolded_and_run_nothing(
    width: int,
    open_page: Callable[..., Any],
    serious_violations: Callable[[Any], list[str]],
    tmp_path: Path,
) -> None:
    hostile = "<img src=x onerror=alert(1)> " + " ".join(map(str, CORPUS))
    groups = (group(FailureClass.RATE_LIMIT, "rate limit: slow down"), group(FailureClass.PLUGIN, f"plugin: {hostile}"))
    path = tmp_path / "report.html"
    path.write_text(report(replace(result(), errors=groups)), encoding="utf-8")
    page = open_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_load_state()
    page.locator("nav a", has_text="Errors").click()
    section = page.locator("#errors + .sheet")
    assert "24 errors: 12 rate limit (retried, up to 5 tries each), 12 plugin" in section.inner_text()
    for summary in section.locator("summary").all():
        summary.click()
    section.locator("pre").first.wait_for(state="visible")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert section.locator("img, script, iframe").count() == 0
    assert serious_violations(page) == []
