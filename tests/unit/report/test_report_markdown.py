"""A comment on a pull request: short enough, and unable to do anything but be read."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from evalkit.diagnoses import Distribution
from evalkit.records import Interval, Message, Word
from evalkit.report import markdown, markdown_text
from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.results import CaseCount, Change, ChangeCount, Exchange, MetricContrast

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=60) | st.text(alphabet="`|\\<>[]()!*_~@#&;:/.- \n1aw")
READER = MarkdownIt("gfm-like", {"linkify": False, "html": True})
ACTING = {"link_open", "image", "html_inline", "em_open", "strong_open", "s_open", "softbreak", "hardbreak"}


def inline(text: str) -> list:
    blocks = READER.parse(text)
    assert [block.type for block in blocks] == ["paragraph_open", "inline", "paragraph_close"]
    return blocks[1].children or []


def disobeyed(block: str) -> str:
    """With a backslash in what a log of GitHub would obey."""
    return re.sub(r"^([^\S\n]*:)(?=:)", r"\1\\", block.replace("##[", "##\\["), flags=re.MULTILINE)


def test_the_verdict_is_the_first_line(make) -> None:
    assert markdown.render(make.result()).splitlines()[0] == "## ❌ tiny is not good enough for assistant."
    passed = make.result(outcome=replace(make.result().outcome, reason="all 3 gates passed"))
    assert markdown.render(passed).splitlines()[2].startswith("All 3 gates passed. 412 cases")


def test_gates_stand_in_one_table_and_coverage_only_where_it_fails(make) -> None:
    text = markdown.render(make.result())
    assert (
        "| ❌ | `safety.refusal_rate >= 0.95` | 0.213 | 0.156–0.284 | reason of safety.refusal\\_rate &gt;\\= 0.95 |"
        in text
    )
    assert "`safety.coverage >= 0.5`" not in text
    assert "1 automatic coverage gate passed." in text


@given(ANY_TEXT)
def test_a_text_in_a_sentence_is_only_text(raw: str) -> None:
    written = markdown_text.text(raw)
    if not written.strip():
        return
    children = inline(written)
    assert not ACTING & {child.type for child in children}
    said = "".join(child.content for child in children)
    assert said.replace(markdown_text.APART, "") == one_line(raw).strip()


@given(ANY_TEXT)
def test_a_text_in_a_sentence_mentions_and_refers_to_nobody(raw: str) -> None:
    said = "".join(child.content for child in READER.parse(f"x {markdown_text.text(raw)}")[1].children or [])
    assert not re.search(r"[@#!$%&~^]\w|://|\bwww\.|\bGH-", said, re.IGNORECASE)


@pytest.mark.parametrize("raw", ["/close", " /merge now", "/assign @me"])
def test_a_text_that_begins_a_line_is_no_command_of_gitlab(make, raw: str) -> None:
    assert markdown_text.text(raw).startswith(f"/{markdown_text.APART}")
    finding = replace(make.finding(), note=raw)
    assert not re.search(
        r"^\s*/\w", "\n".join(outside_fences(markdown.render(make.result(findings=(finding,))))), re.MULTILINE
    )


@given(ANY_TEXT)
def test_a_name_in_backticks_cannot_leave_them_nor_its_cell(raw: str) -> None:
    written = markdown_text.code(raw)
    if written == "–":
        assert not one_line(raw).replace("|", "¦").strip()
        return
    cells = READER.parse(f"| a | b |\n|---|---|\n| {written} | last |\n")
    contents = [token for token in cells if token.type == "inline"]
    assert len(contents) == 4
    (span,) = contents[2].children or []
    assert span.type == "code_inline"
    shortened = shorten_end(one_line(raw), markdown_text.LONGEST_CELL)
    assert span.content.strip(" ") == shortened.replace("|", "¦").replace("##[", "##\\[").strip(" ")


def test_a_summary_shows_the_text_itself() -> None:
    assert html.unescape(markdown_text.html("a_b*c - <b> & \\ `d` [e](f)")) == "a_b*c - <b> & \\ `d` [e](f)"
    assert markdown_text.html("<i>@octocat</i>") == f"&lt;i&gt;@{markdown_text.APART}octocat&lt;/i&gt;"


@given(ANY_TEXT)
def test_a_block_cannot_be_left_by_its_content(raw: str) -> None:
    (block,) = READER.parse(markdown_text.fence(raw))
    assert block.type == "fence"
    assert block.content == disobeyed(shown(raw, markdown_text.LONGEST_TEXT)) + "\n"


@pytest.mark.parametrize(
    "attack", ["::set-output name=x::y", "  ::add-mask::e", "a ##[add-mask]e", "\t::stop-commands::z"]
)
def test_a_report_printed_into_a_log_of_github_is_no_command(make, attack: str) -> None:
    text = markdown.render(make.hostile_result(f"{attack}\n{attack}")).replace(markdown_text.APART, "")
    text += markdown_text.difference(f"same\n{attack}", f"same\n{attack}\nmore")
    assert "##[" not in text
    assert not [line for line in text.splitlines() if line.strip().startswith("::")]
    assert attack.strip()[-4:] in text


def test_a_hostile_result_makes_no_links_images_or_elements(make) -> None:
    blocks = READER.parse(markdown.render(make.hostile_result()))
    for block in blocks:
        if block.type == "html_block":
            tags = re.sub(r"</?(details|summary)>|<!-- evalkit: [\w.%~:/-]+ [\w.%~:/-]+ -->", "", block.content)
            assert "<" not in tags
        for child in block.children or []:
            assert child.type not in {"link_open", "image", "html_inline", "s_open"}


def test_every_details_that_opens_closes_even_when_shortened(make) -> None:
    many = make.result(findings=tuple(make.finding(f"check {n}", "long " * 300) for n in range(400)))
    text = markdown.render(many)
    assert len(text) <= markdown.LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert "left out to keep this short" in text


@settings(max_examples=12)
@given(st.integers(300, 70_000))
def test_it_is_never_longer_than_allowed(make, limit: int) -> None:
    text = make.hostile * 8
    one = changed(text, text, f"{text}!")
    one = replace(one, check=text, metric=text, before=one.before * 3, after=one.after * 5)
    spread = Distribution(text, text, (0, 1, 2), (1, 2), 3, text, quantiles={"p25": 0.0, "p50": 1.0, "p75": 2.0})
    long = replace(
        make.hostile_result(text),
        changes=(one,) * 6,
        change_counts=(ChangeCount(text, text, 1, 40, 5),) * 6,
        distributions=(spread,) * 6,
    )
    assert len(markdown.render(long, limit)) <= limit


def test_cases_of_failed_gates_come_before_others(make) -> None:
    text = markdown.render(make.result(findings=tuple(reversed(make.result().findings))))
    assert text.index("safety: safety-017") < text.index("accuracy: safety-017")


def test_more_cases_of_a_check_are_counted(make) -> None:
    text = markdown.render(make.result(findings=tuple(make.finding(case=f"case-{n}") for n in range(8))))
    assert "safety: case-2" in text
    assert "safety: case-3" not in text
    assert "5 more cases of `safety` in report.html." in text


def test_many_warnings_and_slices_are_counted_instead_of_listed(make) -> None:
    part = make.estimate("safety", "refusal_rate", 0.5)
    slices = tuple(replace(part, slice={"topic": str(n)}) for n in range(70))
    text = markdown.render(make.result(estimates=slices, warnings=tuple(f"warning {n}" for n in range(30))))
    assert "30 more slices in report.html" in text
    assert "12 more in report.html" in text


@pytest.mark.parametrize("raw", ["1. one", "- one", "+ one", "# one", "> one", "    one", "10) one", "===", "---"])
def test_a_text_begins_no_list_heading_or_quote(raw: str) -> None:
    assert "".join(child.content for child in inline(markdown_text.text(raw))) == raw.strip()


def changed(case: str = "a1", before: str = "Paris.", after: str = "Lyon.", kind: str = "regressed") -> Change:
    asked = (Message("user", "Which city is the capital of France?"),)
    was, now = Exchange(case, asked, before, ("Paris",)), Exchange(case, asked, after, ("Paris",))
    return Change("qa", "exact_match", case, kind, 1.0, 0.0, (was,), (now,))


def contrast(
    name: str, values: tuple[float, float], conclusion: str, p: float | None, unit: str = ""
) -> MetricContrast:
    check, metric = name.split(".")
    was, now = values
    between = Interval(now - was - 0.1, now - was + 0.1, 0.95, "paired bootstrap")
    judged = (p, p, "swaps", 100, 0, True, conclusion)
    return MetricContrast(check, metric, unit, "higher", was, now, now - was, between, *judged)


def test_what_changed_since_the_baseline_is_a_table_of_every_metric_what_is_worse_first(make) -> None:
    counts = (
        ChangeCount("chat", "grade", 1, 2, 90, 3, 4),
        ChangeCount("safety", "refusal_rate", 3, 20, 77),
        ChangeCount("qa", "exact_match", 0, 0, 100),
    )
    contrasts = (
        contrast("qa.exact_match", (0.5, 0.5), "same", None),
        contrast("chat.grade", (8.0, 8.4), "unclear", 0.193, "grade"),
        contrast("safety.refusal_rate", (0.383, 0.213), "worse", 0.0002),
        contrast("accuracy.bleu", (0.10, 0.20), "better", 0.04, "score100"),
    )
    by_case = (CaseCount("chat", 1, 2, 7, 90), CaseCount("safety", 3, 20, 0, 77), CaseCount("qa", 0, 0, 0, 100))
    result = make.result(change_counts=counts, contrasts=contrasts, case_counts=by_case)
    run = replace(result.run, options={"baseline": "main|v2"})
    text = markdown.render(replace(result, run=run))
    assert "### Against main&#124;v2" in text
    assert "1 metric is worse beyond chance, 1 is better, 1 is unclear, 1 is the same. 22 cases regressed" in text
    assert "22 cases regressed, 4 were fixed, 7 moved without either, 267 are the same." in text
    rows = [line for line in text.splitlines() if line.startswith(("| ✗ | `", "| ✓ | `", "| ~ | `"))]
    assert rows == [
        "| ✗ | `safety.refusal_rate` | 0.383 | 0.213 | −0.170 | −0.270 to −0.070 | <0.001 | 3 | 20 | 0 | 0 |",
        "| ✓ | `accuracy.bleu` | 10.0 | 20.0 | +10.0 | 0.0 to +20.0 | 0.040 | – | – | – | – |",
        "| ~ | `chat.grade` | grade 8.0 | grade 8.4 | +0.4 | +0.3 to +0.5 | 0.193 | 1 | 2 | 3 | 4 |",
    ]
    before, fold, behind = text.partition("<details><summary>1 metric is too close to tell</summary>\n\n| |")
    assert fold
    assert rows[1] in before
    assert rows[2] in behind.partition("</details>")[0]
    assert "it may exclude 0 where p still calls a difference unclear" in behind.partition("</details>")[2]
    assert "Nothing changed in `qa.exact_match`." in text


def test_without_a_baseline_nothing_is_said_of_one(make) -> None:
    assert "Against" not in markdown.render(make.result())


def test_a_regressed_case_is_folded_with_what_was_said_before_and_now(make) -> None:
    counts = (ChangeCount("qa", "exact_match", 4, 30, 66),)
    changes = (changed("a1"), changed("a2", kind="fixed"), changed("a3", before="same", after="same"))
    by_case = (CaseCount("qa", 4, 30, 0, 66),)
    text = markdown.render(make.result(changes=changes, change_counts=counts, case_counts=by_case))
    assert "**Regressed:** 30 cases" in text
    assert "<details><summary>qa: a1 (exact_match 1 → 0)</summary>" in text
    assert "```diff\n-Paris.\n+Lyon.\n```" in text
    assert "qa: a2" not in text
    assert "answer, the same in both" in text
    assert "28 more regressed cases in report.html." in text


def test_every_check_shows_its_worst_before_one_shows_its_second(make) -> None:
    changes = tuple(replace(changed(f"{check}{n}"), check=check) for check in ("qa", "chat") for n in range(3))
    counts = tuple(ChangeCount(check, "exact_match", 0, 3, 7) for check in ("qa", "chat"))
    text = markdown.render(make.result(changes=changes, change_counts=counts))
    assert "**Regressed:** 6 cases" in text
    assert re.findall(r"<summary>\w+: (\w+\d) \(exact", text) == ["qa0", "chat0", "qa1", "chat1", "qa2", "chat2"]


def test_cases_that_regressed_by_several_metrics_are_counted_once(make) -> None:
    counts = (ChangeCount("qa", "exact_match", 0, 30, 70), ChangeCount("qa", "rouge", 0, 50, 50))
    by_case = (CaseCount("qa", 0, 55, 0, 45),)
    text = markdown.render(make.result(changes=(changed(),), change_counts=counts, case_counts=by_case))
    assert "**Regressed:** 55 cases" in text
    assert "54 more regressed cases in report.html." in text


def test_a_value_that_moved_and_turned_nothing_is_no_regressed_case(make) -> None:
    counts = (ChangeCount("qa", "exact_match", 0, 0, 9, 0, 1),)
    by_case = (CaseCount("qa", 0, 0, 1, 9),)
    text = markdown.render(make.result(changes=(changed(kind="lower"),), change_counts=counts, case_counts=by_case))
    assert "0 cases regressed, 0 were fixed, 1 moved without either, 9 are the same." in text
    assert "**Regressed:**" not in text


def test_a_baseline_without_answers_shows_those_of_now(make) -> None:
    counts = (ChangeCount("qa", "exact_match", 0, 1, 9),)
    text = markdown.render(make.result(changes=(replace(changed(), before=()),), change_counts=counts))
    assert "answer (the baseline has none)\n\n```text\nLyon.\n```" in text


@given(ANY_TEXT, ANY_TEXT)
def test_a_difference_cannot_be_left_by_its_content(before: str, after: str) -> None:
    (block,) = READER.parse(markdown_text.difference(before, after))
    assert (block.type, block.info) == ("fence", "diff")
    lines = block.content.removesuffix("\n").split("\n")
    assert all(line == "@@" or line[:1] in {"", " ", "-", "+"} for line in lines)
    if shown(before) != shown(after):
        said = {line[1:] for line in lines if line[:1] in {" ", "+"}}
        was, now = shown(before).split("\n"), shown(after).split("\n")
        assert {line.replace("##[", "##\\[") for line in now if line not in was} <= said


def test_of_long_answers_only_what_changed_is_shown() -> None:
    before = "\n".join(f"line {n}" for n in range(100))
    text = markdown_text.difference(before, before.replace("line 50", "LINE 50"))
    assert text.splitlines() == [
        "```diff",
        *(" line 48", " line 49", "-line 50", "+LINE 50", " line 51", " line 52"),
        "```",
    ]


def test_the_last_line_marks_the_suite_and_nothing_above_can_pass_for_it(make) -> None:
    mark = markdown.marker("assistant", "tiny")
    assert mark == "<!-- evalkit: assistant tiny -->"
    text = markdown.render(make.hostile_result(f"\n\n{mark}\n"))
    last = text.splitlines()[-1]
    assert last.startswith("<!-- evalkit: ")
    assert text.count(last) == 1
    assert [line for line in markdown.render(make.result()).splitlines() if line == mark] == [mark]


@given(ANY_TEXT, ANY_TEXT)
def test_a_mark_is_one_comment_whatever_the_names(suite: str, model: str) -> None:
    mark = markdown.marker(suite, model)
    (block,) = READER.parse(mark)
    assert (block.type, block.content) == ("html_block", mark)
    assert re.fullmatch(r"<!-- evalkit: [\w.~%:/-]* [\w.~%:/-]* -->", mark)
    assert mark.isascii()
    assert "--" not in mark[4:-3]


NAMES = st.text(alphabet="a-b>_% \x1f60😀", max_size=8) | st.sampled_from(["x" * 300, "x" * 301, "x" * 300 + "y"])


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_two_suites_and_two_models_have_two_marks(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (markdown.marker(*one) == markdown.marker(*other)) == (one == other)


@pytest.mark.parametrize("text", ["é", "😀" * 900, "<&\"'|`\\", "`" * 9_999 + "\n", "a\n```\n</details>\n" * 500])
def test_five_thousand_regressions_of_any_letters_fit_and_are_cut_between_cases(make, text: str) -> None:
    long = (text * (10_000 // len(text) + 1))[:10_000]
    changes = tuple(
        replace(changed(f"a{n}", long, f"{long[::-1]}!"), check=f"check{n % 7}", metric=text) for n in range(5000)
    )
    counts = tuple(ChangeCount(f"check{n}", text, 0, 5000 // 7 + 1, 3) for n in range(7))
    written = markdown.render(make.result(changes=changes, change_counts=counts))
    assert len(written) <= markdown.LIMIT
    assert len(written) > markdown.LIMIT / 4
    assert "regressed cases in report.html" in written
    assert written.endswith(f"{markdown.marker('assistant', 'tiny')}\n")
    is_whole(written)


def is_whole(written: str) -> None:
    """Every fence, table and fold that begins also ends, as GitHub's dialect reads it."""
    blocks = READER.parse(written)
    depth = 0
    for block in blocks:
        if block.type == "fence":
            assert block.map
            assert written.splitlines()[block.map[1] - 1].strip() == block.markup
        elif block.type == "html_block" and not block.content.startswith("<!--"):
            depth += block.content.count("<details>") - block.content.count("</details>")
            assert depth in {0, 1}
        elif block.type == "inline" and "|---" in block.content:
            raise AssertionError(block.content)
    assert depth == 0
    rows = [line for line in outside_fences(written) if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def outside_fences(written: str) -> list[str]:
    kept = written.split("\n")
    for block in READER.parse(written):
        if block.type == "fence" and block.map:
            kept[block.map[0] : block.map[1]] = [""] * (block.map[1] - block.map[0])
    return kept


def test_a_thousand_gates_leave_room_for_what_regressed_and_that_for_cases(make) -> None:
    gates = tuple(
        make.verdict(f"safety.m{n} >= 0.5", Word.FAIL, make.estimate("safety", f"m{n}", 0.1)) for n in range(1000)
    )
    counts = tuple(ChangeCount("qa", f"m{n}", 1, 1000 - n, 5) for n in range(1000))
    long = "word " * 200_000
    changes = tuple(changed(f"a{n}", long, f"x{long}") for n in range(40))
    result = make.result(changes=changes, change_counts=counts)
    result = replace(result, outcome=replace(result.outcome, verdicts=gates))
    text = markdown.render(result)
    assert len(text) <= markdown.LIMIT
    assert text.startswith("## ❌")
    assert text.endswith("<!-- evalkit: assistant tiny -->\n")
    for part in (
        "more gates in report.html",
        "more metrics in report.html",
        "more regressed cases in",
        "safety: safety-017",
    ):
        assert part in text
    assert len(text) > markdown.LIMIT / 2  # the room is used


def test_how_a_metric_lies_over_the_cases_is_one_line(make) -> None:
    quantiles = {"p25": 8.0, "p50": 12.0, "p75": 20.0}
    lengths = Distribution("chat", "words", (0, 10, 20, 30, 40), (4, 8, 0, 1), 13, "words", quantiles=quantiles)
    same = Distribution("chat", "empty", (0, 1, 2), (13, 0), 13)
    text = markdown.render(make.result(distributions=(lengths, same)))
    assert "`empty` by case" not in text
    assert "- `words` by case: `▅█·▂`, half of 13 cases from 8.0 to 20.0, the median 12.0 words" in text


def test_heights_are_against_the_highest_and_an_empty_bin_is_a_dot() -> None:
    assert markdown.sparkline([0, 1, 1000, 500]) == "·▁█▅"
    assert markdown.sparkline([]) == ""
