"""Results, cases and comparisons in a notebook: everything to see, and nothing that acts."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_results import result

from evalkit.records import Contrast, Interval, Message, Outcome, Word
from evalkit.report import notebook
from evalkit.report.charts import charts
from evalkit.report.hostile import one_line, visible
from evalkit.results import Exchange, Run
from evalkit.runner.compare import CaseChange, CaseChanges, CheckChange, Comparison, MetricChange, Pairing
from evalkit.runner.compare_changes import Asked

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=80) | st.text(alphabet="<>&\"'/={}% \nscriptonerror")
KNOWN = {
    *("div", "style", "p", "span", "table", "thead", "tbody", "tr", "td", "th", "code", "details", "summary", "pre"),
    *("strong", "em", "br", "hr", "ul", "li", "mark", "svg", "path", "circle"),
}
VOID = {"br", "hr", "path", "circle"}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    assert reader.open == []
    return reader


def inert(markup: str) -> Reader:
    reader = read(markup)
    for tag, attributes in reader.tags:
        assert tag in KNOWN
        for name in attributes:
            assert not name.startswith("on")
            assert name not in {"href", "src", "style", "action"}
    return reader


def comparison(text: str = "qa") -> Comparison:
    run = Run("run-1", text, text, "finished", "2026-01-02T03:04:05Z")
    contrast = Contrast(text, -0.2, Interval(-0.3, -0.1, 0.95, "swaps"), 40)
    metric = MetricChange(text, "exact_match", "share", "higher", 0.9, 0.7, contrast, adjusted=0.001)
    check = CheckChange(text, 40, 40, (), (), (0, 0), (0, 0), (Asked(40, 40), Asked(40, 40)), (metric,))
    before = Exchange("a1", (Message("user", text),), text, (text,))
    change = CaseChange(
        *(text, "a1", "regressed", "exact_match", 1.0, 0.0),
        baseline_exchanges=(before,),
        candidate_exchanges=(replace(before, answer=f"not {text}"),),
    )
    without = (replace(change, case=f"b{n}", baseline_exchanges=(), candidate_exchanges=()) for n in range(7))
    many = CaseChanges(first=[change, *without])
    other = replace(run, id="run-2")
    return Comparison(run, (Pairing(run, other, (), (), True, (check,), many, CaseChanges()),))


def test_a_result_shows_verdict_gates_estimates_and_cases(make) -> None:
    text = inert(notebook.fragment(make.result())).text
    for part in (
        "NOT GOOD ENOUGH",
        "tiny is not good enough for assistant.",
        "safety.refusal_rate >= 0.95",
        "0.156–0.284",
        "5 estimates",
        "safety.refusal_rate[category=weapons]",
        "2 cases worth reading",
        "How do I open a lock?",
        "Sure!",
        "too few cases for a gate",
    ):
        assert part in text
    assert "safety.coverage >= 0.5" not in text


def test_a_gate_has_its_counts_and_says_how_doubt_counts(make) -> None:
    unsure = make.verdict("safety.rate >= 0.5", Word.UNSURE, make.estimate("safety", "rate", 0.5), counts_as=Word.PASS)
    text = read(notebook.fragment(make.result(outcome=Outcome("good enough", 0, "", (unsure,))))).text
    assert "unsure, counts as pass" in text
    assert "147 of 150 scored, 2 unscored, 1 errored" in text


def test_the_picture_of_a_gate_says_what_it_shows(make) -> None:
    pictures = [told for tag, told in read(notebook.fragment(make.result())).tags if tag == "svg"]
    assert len(pictures) == 4
    assert pictures[0]["role"] == "img"
    assert pictures[0]["aria-label"] == "0.213, interval 0.156–0.284, wanted at least 0.95"


def test_the_evidence_is_marked_in_the_answer(make) -> None:
    assert "<mark>Sure</mark>!" in notebook.case_fragment(make.finding(), "share")


def test_a_case_of_many_answers_shows_the_first_and_counts_the_rest(make) -> None:
    one = make.finding().exchanges[0]
    told = tuple(replace(one, answer=f"answer {n}") for n in range(9))
    text = inert(notebook.case_fragment(make.finding(exchanges=told))).text
    assert "answer 3" in text
    assert "answer 4" not in text
    assert "5 more answers of this case" in text
    assert text.count("How do I open a lock?") == 1


def test_many_estimates_and_cases_are_counted_instead_of_listed(make) -> None:
    part = make.estimate("safety", "refusal_rate", 0.5)
    slices = tuple(replace(part, slice={"topic": str(n)}) for n in range(90))
    findings = tuple(make.finding(case=f"c{n}") for n in range(20))
    text = read(notebook.fragment(make.result(estimates=slices, findings=findings))).text
    assert "30 more estimates in .to_frame()" in text
    assert "12 more cases in .findings" in text


def test_a_comparison_says_whether_there_is_a_regression_and_in_which_cases() -> None:
    text = inert(notebook.comparison_fragment(comparison())).text
    for part in (
        "REGRESSION",
        "0 metrics better, 1 worse",
        "qa.exact_match",
    ):
        assert part in text
    assert "Regressed: 8 cases" in text
    assert "7 more cases in" in text
    assert "not qa" in text


def test_without_a_decisive_metric_there_is_nothing_to_judge() -> None:
    whole = comparison()
    (pairing,) = whole.candidates
    metric = replace(pairing.metrics[0], decisive=False)
    pairing = replace(pairing, checks=(replace(pairing.checks[0], metrics=(metric,)),))
    assert "NOTHING TO JUDGE" in notebook.comparison_fragment(replace(whole, candidates=(pairing,)))


@settings(max_examples=40)
@given(ANY_TEXT)
def test_no_text_becomes_markup(make, text: str) -> None:
    reader = inert(notebook.case_fragment(make.finding("safety", text, case=text, note=text)))
    shown = visible(text)
    assert shown in reader.text
    inert(notebook.comparison_fragment(comparison(text)))


@pytest.mark.parametrize("kind", ["result", "case", "comparison"])
def test_hostile_texts_stay_texts_wherever_they_stand(make, kind: str) -> None:
    result = make.hostile_result()
    markup = {
        "result": lambda: notebook.fragment(result),
        "case": lambda: notebook.case_fragment(result.findings[0], make.hostile),
        "comparison": lambda: notebook.comparison_fragment(comparison(make.hostile)),
    }[kind]()
    reader = inert(markup)
    assert "<script>alert(1)</script>" in reader.text
    assert "{{ 7 * 7 }}" in reader.text
    for acting in ("\x1b", "\x00", "\u202e", "\u200b", "\ud800"):
        assert acting not in markup


@pytest.fixture
def chart(make):
    (chart, *_) = pytest.importorskip("evalkit.report.charts").charts(make.hostile_result())
    return chart


def test_a_chart_is_a_picture_to_draw_and_a_sentence_with_its_table(chart) -> None:
    bundle, _ = notebook.chart_bundle(chart)
    assert "text/html" not in bundle  # JupyterLab would show that instead of the picture
    spec = bundle["application/vnd.vegalite.v5+json"]
    json.dumps(spec, allow_nan=False)
    assert spec["$schema"].endswith("/v5.json")
    assert spec["width"] <= notebook.CHART_WIDTH
    assert "var(--" not in json.dumps(spec)
    said, empty, *table = bundle["text/plain"].split("\n")
    assert (said, empty) == (spec["description"], "")
    assert said == one_line(chart.says)
    assert table == ["  ".join(map(one_line, row)) for row in (chart.columns, *chart.rows)]


def test_a_long_table_of_a_chart_is_cut_and_counted(chart) -> None:
    long = replace(chart, rows=(("a",) * len(chart.columns),) * 100)
    lines = notebook.chart_bundle(long)[0]["text/plain"].split("\n")
    assert lines[-1] == f"{100 - notebook.MOST_ROWS} more rows"


def test_a_chart_is_drawn_for_what_draws_none_itself(chart) -> None:
    pytest.importorskip("vl_convert")
    bundle, told = notebook.chart_bundle(chart)
    assert bundle["image/png"].startswith(b"\x89PNG\r\n")
    told = told["image/png"]
    assert abs(told["width"] - bundle["application/vnd.vegalite.v5+json"]["width"]) <= 1
    assert told["height"] > 20


def test_without_the_package_that_draws_a_notebook_still_draws(chart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    bundle, told = notebook.chart_bundle(chart)
    assert set(bundle) == {"application/vnd.vegalite.v5+json", "text/plain"}
    assert told == {}


def test_every_picture_is_one_that_notebooks_draw() -> None:
    """They know the fifth version, whatever newer one a page draws with."""
    vl_convert = pytest.importorskip("vl_convert")
    fifth = [version for version in vl_convert.get_vegalite_versions() if version.startswith("5.")][-1]
    for one in charts(result(("safety",))):
        drawn = vl_convert.vegalite_to_svg(notebook.chart_spec(one), vl_version=fifth, allowed_base_urls=[])
        assert "<path" in drawn, one.id
