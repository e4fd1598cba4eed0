"""The verdict on a terminal: answer first, never wider than the window, never more than text."""

from __future__ import annotations

import io
import shlex
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from evalkit.records import Counts, Interval, Outcome, Word
from evalkit.report import terminal
from evalkit.report.side_by_side import render_side_by_side
from evalkit.results import CaseCount, ChangeCount, MetricContrast


def printed(result, width: int = 120, **options) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=False)
    console.print(terminal.render(result, console_width=width, **options), soft_wrap=False, crop=False)
    return stream.getvalue()


def test_answer_reason_effort_gates_and_what_to_do_in_this_order(make) -> None:
    lines = printed(make.result(), report="reports/r/report.html").splitlines()
    assert lines[0].startswith("assistant on tiny (fp32, cpu) ")
    assert lines[0].endswith(" NOT GOOD ENOUGH")
    assert lines[1] == "1 of 5 gates failed"
    assert lines[2].startswith("412 cases, 388 questions asked")
    text = "\n".join(lines)
    order = [
        "✗ safety.refusal_rate >= 0.95",
        "~ accuracy.bleu >= 0.10",
        "✓ chat.grade <= 9",
        "unscored",
        "worst",
        "report",
    ]
    positions = [text.index(part) for part in [*order, "again   evalkit run assistant --model tiny"]]
    assert positions == sorted(positions)


def contrast(metric: str, was: float, now: float, conclusion: str, p: float) -> MetricContrast:
    between = Interval(now - was - 0.1, now - was + 0.1, 0.95, "paired bootstrap")
    return MetricContrast(
        "qa", metric, "", "higher", was, now, now - was, between, p, p, "swaps", 50, 0, True, conclusion
    )


def test_what_changed_since_the_baseline_names_the_metrics_that_are_surely_worse(make) -> None:
    worse = [contrast(f"m{n}", 0.9, 0.5, "worse", 0.01 * n) for n in range(5, 0, -1)]
    unclear = contrast("bleu", 0.4, 0.2, "unclear", 0.193)
    counts = (ChangeCount("qa", "bleu", 0, 0, 21, 0, 29), ChangeCount("qa", "m1", 1, 21, 28))
    by_case = (CaseCount("qa", 1, 21, 4, 24),)
    result = make.result(contrasts=(unclear, *worse), change_counts=counts, case_counts=by_case)
    cases, metrics = (line for line in printed(result, 220).splitlines() if line.startswith("changed"))
    assert cases == "changed 21 cases regressed, 1 was fixed, 4 moved without either, 24 are the same"
    each = " · ".join(f"qa.m{n} 0.900 → 0.500 (−0.500 to −0.300)" for n in (1, 2, 3))
    assert metrics == f"changed 5 metrics are worse beyond chance, 1 is unclear: {each} · and 2 more"
    assert "changed" not in printed(make.result())


def test_a_passed_coverage_gate_is_not_shown_and_a_failed_one_is(make) -> None:
    assert "coverage" not in printed(make.result())
    failed = make.verdict("safety.coverage >= 0.5", Word.FAIL, automatic=True)
    assert "✗ safety.coverage >= 0.5" in printed(make.result(outcome=Outcome("not good enough", 1, "", (failed,))))


@pytest.mark.parametrize(
    ("width", "drawing", "beside"), [(160, True, True), (80, True, True), (64, False, True), (48, False, False)]
)
def test_a_narrow_terminal_loses_the_drawing_first_then_the_interval_has_its_line(make, width, drawing, beside) -> None:
    text = printed(make.result(), width)
    assert ("●" in text) == drawing
    assert "0.156–0.284" in text
    assert ("      95% interval 0.156–0.284" in text.splitlines()) != beside
    assert "0.213" in text


@settings(max_examples=40)
@given(st.integers(40, 200), st.booleans(), st.text(alphabet=st.characters(codec=None), max_size=60))
def test_no_line_is_wider_than_the_terminal_and_no_character_acts(make, width: int, unicode: bool, text: str) -> None:
    for result in (make.result(warnings=(text,)), make.hostile_result(text)):
        shown = printed(result, width, unicode=unicode)
        told, _, command = shown.partition("\nagain   ")  # of which a word is neither cut nor folded
        assert max(cell_len(line) for line in told.split("\n")) <= width
        assert command or not result.reproduce
        assert not [character for character in shown if ord(character) < 32 and character != "\n"]
        if not unicode:
            assert shown.isascii()


def test_markup_in_a_text_is_text(make) -> None:
    shown = printed(make.result(warnings=("[bold red]no[/bold red] [link=https://e.example]x[/link] :smile:",)), 200)
    assert "[bold red]no[/bold red] [link=https://e.example]x[/link] :smile:" in shown


def test_an_escape_sequence_in_a_text_is_seen_not_obeyed(make) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=True, color_system="truecolor")
    terminal.show(make.result(warnings=("\x1b]0;title\x07\x1b[2Jgone",)), console)
    assert "\x1b]" not in stream.getvalue()
    assert "\x1b[2J" not in stream.getvalue()
    assert "␛[2Jgone" in stream.getvalue()


def test_a_stream_that_cannot_carry_the_drawing_gets_plain_characters(make) -> None:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii"), width=120)
    terminal.show(make.result(), console, report="r/report.html")
    console.file.flush()
    text = raw.getvalue().decode("ascii")
    assert "x safety.refusal_rate >= 0.95" in text
    assert "|o-|" in text
    assert "0.156-0.284" in text


def test_encodings_that_cannot_carry_the_drawing_are_known() -> None:
    assert terminal.carries_unicode("utf-8")
    assert not terminal.carries_unicode("latin-1")
    assert not terminal.carries_unicode("no-such-encoding")


def test_colour_can_be_left_out(make) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=True, color_system="truecolor")
    console.print(terminal.render(make.result(), console_width=100, colour=False))
    assert "\x1b[" not in stream.getvalue()


def test_unscored_and_errors_are_counted_with_their_reasons(make) -> None:
    assert "6 unscored, 3 errors (five words or fewer ×6; time-out: 30 s ×3)" in printed(make.result())


def test_a_gate_that_is_unsure_says_what_would_settle_it(make) -> None:
    assert "unsure, counts as pass: about 900 more cases would settle it" in printed(make.result(), 200)


def test_many_warnings_are_counted(make) -> None:
    text = printed(make.result(warnings=tuple(f"warning {n}" for n in range(20))))
    assert text.count("warn    ") == 6
    assert "17 more warnings in the report" in text


def test_long_names_wrap_at_words_and_wide_characters_are_measured() -> None:
    assert terminal.wrap("one two three", 8) == ["one two", "three"]
    assert terminal.wrap("abcdefghijkl", 8) == ["abcdefgh", "ijkl"]
    assert terminal.wrap("readability.flesch_ease > 30", 20) == ["readability.flesch_", "ease > 30"]
    assert terminal.wrap("模型模型模型", 8) == ["模型模型", "模型"]
    assert terminal.wrap("", 8) == [""]


def test_nothing_decided_is_still_an_answer(make) -> None:
    bare = make.result(estimates=(), checks=(), warnings=(), reproduce="", model=None)
    text = printed(replace(bare, outcome=Outcome("nothing evaluated", 5, "no case was scored")))
    assert "NOTHING EVALUATED" in text
    assert "no case was scored" in text


def test_models_stand_side_by_side_gate_by_gate(make) -> None:
    one = make.result()
    verdicts = (make.verdict("chat.grade <= 9", Word.PASS, make.estimate("chat", "grade", 7.0, unit="grade")),)
    other = replace(one, outcome=Outcome("good enough", 0, "", verdicts), run=replace(one.run, model="big"))
    for unicode in (True, False):
        stream = io.StringIO()
        Console(file=stream, width=100).print(render_side_by_side([one, other], width=100, unicode=unicode))
        lines = stream.getvalue().splitlines()
        assert "tiny" in lines[0]
        assert "big" in lines[0]
        assert "NOT GOOD ENOUGH" in next(line for line in lines if "outcome" in line)
        grade = next(line for line in lines if "chat.grade" in line)
        assert "grade 8.4" in grade
        assert "grade 7.0" in grade
        assert "coverage" not in stream.getvalue()


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("models", [2, 4])
def test_no_number_of_several_models_is_broken_in_any_width(make, models: int, unicode: bool) -> None:
    one = make.result()
    several = [replace(one, run=replace(one.run, model=f"model-{n}"), model=None) for n in range(models)]
    for width in range(40, 121, 8):
        stream = io.StringIO()
        Console(file=stream, width=width).print(render_side_by_side(several, width=width, unicode=unicode))
        shown = stream.getvalue()
        assert max(cell_len(line) for line in shown.splitlines()) <= width
        assert shown.count("0.156–0.284" if unicode else "0.156-0.284") == models
        assert all(f"model-{n}" in shown for n in range(models))
        assert unicode or shown.isascii()


def test_counts_of_nothing_are_zero(make) -> None:
    check = replace(make.result().checks[0], counts=Counts(0, 0, 0, 0))
    assert "0 unscored, 0 errors" in printed(make.result(checks=(check,)))


def test_the_command_that_does_it_again_can_be_copied_from_any_width(make) -> None:
    command = "evalkit run evals/suite.yaml --model 'mock:degraded?drop=0.1&refuse=0.05&shorter=0.1' --baseline main"
    for width in (30, 48, 80, 200):
        told = printed(make.result(reproduce=command), width).partition("again   ")[2]
        assert shlex.split(told.replace("\\\n", " ")) == shlex.split(command)
        assert all(len(line) <= width or len(line.split()) <= 3 for line in told.splitlines())
        assert "--model 'mock" in told
        assert "--baseline main" in told
    assert len(told.splitlines()) == 1


def test_a_word_of_a_command_is_neither_cut_nor_folded(make) -> None:
    word = "mock:constant?text=" + "word" * 40
    stream = io.StringIO()
    terminal.show(make.result(reproduce=f"evalkit run s --model {word}"), Console(file=stream, width=60))
    assert any(line.strip() == f"--model '{word}'" for line in stream.getvalue().splitlines())
