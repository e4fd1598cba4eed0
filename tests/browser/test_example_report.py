"""The report that is shown to everybody, opened from disk without a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LONGEST = {1280: 9_200, 390: 16_000}
"""Pixels of the page as it opens, with a baseline: what is longer is not read."""
REPORT = Path(__file__).parents[2] / "reports" / "example" / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_opens_without_complaint_and_without_a_serious_violation(
    open_page: Callable[..., Any], serious_violations: Callable[[Any], list[str]], scheme: str, width: int
) -> None:
    page = open_page(offline=True, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(REPORT.as_uri())
    assert page.complaints == []
    assert page.asked_for == [REPORT.as_uri()]
    page.wait_for_selector("html[data-drawn]", state="attached")
    assert page.evaluate("document.documentElement.scrollHeight") <= LONGEST[width]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_violations(page) == []
