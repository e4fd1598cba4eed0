"""The page of ``evalkit data stats`` in a real browser: nothing runs, everything fits, and it can be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.data import statistics
from evalkit.data.profile import Look
from evalkit.data.sources import file_source
from evalkit.report.data_stats import page


@pytest.fixture
def address(tmp_path: Path) -> str:
    hostile = "</svg><script>document.title = 'taken'</script><b onclick=1>" + "x" * 300
    rows = [{"id": n, "question": f"{hostile} {n} " + "word " * n, "topic": "ab"[n % 2] * 40} for n in range(1, 30)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    look = Look(against=file_source(tmp_path / "rows.jsonl"), tell_language=lambda text: "en")
    (tmp_path / "page.html").write_text(page([statistics(tmp_path / "rows.jsonl", look=look)]), encoding="utf-8")
    return (tmp_path / "page.html").as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_it_fits_is_readable_and_runs_nothing(
    open_page: Callable[..., Any], serious_violations: Callable[[Any], list[str]], address: str, width: int, scheme: str
) -> None:
    opened = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    opened.goto(address)
    opened.locator("svg.drawn").first.wait_for()
    assert opened.title() != "taken"
    assert opened.locator("script").count() == 0
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.locator("svg.drawn rect").count() > 10
    assert serious_violations(opened) == []
    assert opened.complaints == []
