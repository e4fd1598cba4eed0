"""What trends draw can be seen: every mark stands out from the sheet as WCAG 2.1 wants of graphics (1.4.11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from click.testing import CliRunner
from web_server import WebServer

from evalkit.cli.main import commands

LEAST = 3.0
SUITE = """\
name: drawn
datasets: {d: {path: rows.jsonl}}
checks: {accuracy: {metrics: [exact_match, rougeL]}}
gates: [accuracy.exact_match >= 0.5, accuracy.rougeL >= 0.3]
"""
MARKS = """() => {
  const channels = (colour) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
  };
  const paper = channels(getComputedStyle(document.querySelector("section.trend")).backgroundColor);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = {};
  for (const mark of document.querySelectorAll(".trend svg .role-mark :is(line, path)")) {
    const style = getComputedStyle(mark);
    const filled = style.fill !== "none";
    let shows = Number(filled ? style.fillOpacity : style.strokeOpacity);
    for (let at = mark; at.tagName !== "svg"; at = at.parentElement) shows *= Number(getComputedStyle(at).opacity);
    const colour = channels(filled ? style.fill : style.stroke);
    const seen = colour.slice(0, 3).map((value, at) => value * shows + paper[at] * (1 - shows));
    const [light, dark] = [luminance(seen), luminance(paper.slice(0, 3))].sort((a, b) => b - a);
    const name = `${mark.closest(".role-mark").getAttribute("class")} ${filled ? style.fill : style.stroke} ${shows}`;
    found[name] = (light + 0.05) / (dark + 0.05);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """Runs that pass, fail and leave in doubt, of a suite that was edited, on data that were changed."""
    folder = tmp_path_factory.mktemp("trends")
    rows = [
        f'{{"id": "r{n}", "prompt": "say {n} and no more", "references": ["say {n} and no more"]}}' for n in range(40)
    ]
    for suite, data, model in [
        (SUITE, rows, "mock:oracle"),
        (SUITE, rows, "mock:degraded?drop=0.5"),
        (SUITE.replace("0.5", "0.6"), rows, "mock:oracle"),
        (SUITE, rows[:30], "mock:degraded?drop=0.9"),
        (SUITE, rows[:30], "mock:echo"),
    ]:
        (folder / "suite.yaml").write_text(suite, encoding="utf-8")
        (folder / "rows.jsonl").write_text("\n".join(data), encoding="utf-8")
        arguments = ["run", str(folder / "suite.yaml"), "--model", model, "-q", "--store", str(folder / "runs.db")]
        CliRunner().invoke(commands, [*arguments, "--report", str(folder / "reports")], catch_exceptions=False)
    with WebServer(str(folder / "runs.db")) as running:
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_mark_of_a_trend_stands_out_from_its_sheet(
    open_page: Callable[..., Any], server: WebServer, scheme: str
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": 1280, "height": 1200})
    page.goto(server.link)
    page.goto(f"{server.base}/trends?suite=drawn")
    page.wait_for_selector("html[data-drawn]", state="attached")
    page.wait_for_selector(".trend svg .mark-symbol path")
    found = page.evaluate(MARKS)
    assert {name.split()[0] for name in found} >= {"mark-rule", "mark-line", "mark-symbol"}
    assert {name: round(contrast, 2) for name, contrast in found.items() if contrast < LEAST} == {}
    assert page.complaints == []
