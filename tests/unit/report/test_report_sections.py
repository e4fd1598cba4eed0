"""What a mode tells stands in every format, and hostile text in it can do nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from evalkit.report import html, markdown, sections
from evalkit.report.charts import charts
from evalkit.report.terminal import render
from evalkit.results import Result
from evalkit.runner.document import from_json, to_json
from evalkit.sections import (
    Advice,
    BarPicture,
    FlowPicture,
    LinePicture,
    Section,
    SectionTable,
    Series,
    Stop,
)


def told(text: str = "plain") -> Section:
    rows = ((1, 13.25, text), (16, None, "b"))
    line = Series(text, ((1, 13.0), (2, None), (16, 61.0)))
    return Section(
        "load",
        f"Under load {text}",
        f"Half of the time went into {text}.",
        "noticed",
        tables=(SectionTable(f"Speeds {text}", ("size", f"speed {text}", "told"), rows),),
        pictures=(
            LinePicture(f"By size {text}", "size", "tokens/s", (line,), text),
            BarPicture(f"Stages {text}", "s", ((text, 3.5), (f"{text} too", 1.0)), text),
            FlowPicture(f"Flow {text}", (Stop(text, ((text, 412),), ((text, 3),), "broken"), Stop("end", ())), text),
        ),
        advice=(Advice(f"Ask more at once {text}.", "4.6 times, more than 1.2", f"evalkit run {text}"),),
    )


@pytest.fixture
def result(make) -> Result:
    return make.result(sections=(told(),), mode="deep-dive", mode_reason="it was asked for")


def on_terminal(result: Result, width: int = 80) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(render(result, console_width=width))
    return console.export_text()


def test_every_format_has_sentence_advice_and_figure_behind_it(result: Result) -> None:
    for text in (on_terminal(result), markdown.render(result), html.render(result)):
        flat = " ".join(re.sub(r"[\\]", "", text).split())
        assert "Under load plain" in flat
        assert "Half of the time went into plain." in flat
        assert "Ask more at once plain." in flat
        assert "4.6 times, more than 1.2" in flat


def test_a_result_without_sections_shows_none(make) -> None:
    page = html.render(make.result())
    assert 'id="mode"' not in page
    assert "mode-section" not in page.split("</style>")[1]


def test_tables_and_pictures_stand_in_the_page(result: Result) -> None:
    page = html.render(result)
    assert re.search(r'<td class="number" data-name="speed plain">13.25</td>', page)
    assert page.count('<figure class="flow">') == 1
    assert "412 plain" in page
    assert '<span class="unseen">broken</span>' in page  # and not by its colour alone


def test_what_flows_stands_in_markdown_with_its_counts(result: Result) -> None:
    assert "| plain | broken | 412 plain | 3 plain |" in markdown.render(result)


def test_pictures_are_drawn_of_numbers(result: Result) -> None:
    assert {"section-load-0", "section-load-1"} <= {chart.id for chart in charts(result)}


def test_a_missing_value_is_no_zero_in_table_and_picture(result: Result) -> None:
    view = sections.section_views(result)[0]
    assert view.tables[0].rows[1][1] == "–"
    line = next(chart for chart in view.charts if chart.id == "section-load-0")
    assert [row["value"] for row in line.spec["data"]["values"]] == [13.0, None, 61.0]


def test_a_long_table_says_how_much_is_elsewhere() -> None:
    table = SectionTable("Many", ("n",), tuple((n,) for n in range(1000)), beyond=5)
    assert sections.table_view(table, most=10).left_out == "990 more in report.json, 5 more are not listed"
    assert sections.table_view(table, most=1000).left_out == "5 more are not listed"


@pytest.mark.parametrize(("value", "unit", "shown"), [(0.125, "%", "12.5%"), (1234, "rows", "1,234"), (None, "s", "–")])
def test_a_cell_has_its_value_in_its_unit(value: float | None, unit: str, shown: str) -> None:
    assert sections.cell(value, unit) == shown


def test_units_stand_in_the_heads_that_do_not_say_them() -> None:
    table = SectionTable("t", ("median", "peak MB", "share"), ((1.0, 2.0, 0.5),), ("words", "MB", "%"))
    assert sections.table_view(table).heads == ("median (words)", "peak MB", "share")


def test_hostile_texts_are_inert_everywhere(make) -> None:
    result = make.result(sections=(told(make.hostile),), mode=make.hostile, mode_reason=make.hostile)
    page = html.render(result)
    body = page.split("</style>")[1]
    assert "<script>alert(1)" not in body
    assert "<img src=x" not in body
    written = markdown.render(result)
    acting = {"link_open", "image"}
    for block in MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(written):
        assert not acting & {child.type for child in block.children or []}
    assert "\x1b" not in on_terminal(result, 60).replace("\x1b[0m", "")


def test_a_stored_result_tells_the_same(result: Result) -> None:
    again = from_json(to_json(result))
    assert again.sections == result.sections
    assert (again.mode, again.mode_reason) == (result.mode, result.mode_reason)


def test_a_result_from_before_there_were_modes_is_read(make) -> None:
    import json

    document = json.loads(to_json(make.result()))
    for name in ("mode", "mode_reason", "sections"):
        del document[name]
    assert from_json(json.dumps(document)).sections == ()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_of_a_section_is_wider_than_the_terminal(result: Result, width: int) -> None:
    bare = replace(result, reproduce="")
    assert max(len(line) for line in on_terminal(bare, width).splitlines()) <= width


def test_a_column_says_its_unit_unless_its_name_does(make) -> None:
    table = SectionTable("Times", ("least", "most", "rows", "time"), ((1.5, 2.5, 4, 3.5),), ("s", "s", "rows", "s"))
    page = markdown.render(make.result(sections=(Section("times", "Times", "Told.", tables=(table,)),)))
    assert "| least (s) | most (s) | rows | time (s) |" in page.replace("\\", "")
