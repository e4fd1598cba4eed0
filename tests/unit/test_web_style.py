"""The workbench's styles stand on the report's: what they take from it is there."""

from __future__ import annotations

import re
from importlib import resources

import pytest

STATIC = resources.files("evalkit.web").joinpath("static")
REPORT = resources.files("evalkit.report").joinpath("templates", "report.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(file.name for file in STATIC.iterdir() if file.name.endswith(".css")))
def test_every_colour_that_is_used_is_defined(name: str) -> None:
    style = STATIC.joinpath(name).read_text(encoding="utf-8")
    defined = set(re.findall(r"(--[\w-]+)\s*:", REPORT + style))
    assert set(re.findall(r"var\((--[\w-]+)", style)) <= defined


@pytest.mark.parametrize("file", sorted(STATIC.iterdir(), key=str), ids=lambda file: file.name)
def test_nothing_is_fetched_from_elsewhere_and_no_script_makes_markup(file: object) -> None:
    text = file.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    outside = [link for link in re.findall(r"https?://[^\s\"')]+", text) if not link.startswith("http://www.w3.org/")]
    assert outside == []
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
