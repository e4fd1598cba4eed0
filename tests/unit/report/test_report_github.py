"""Workflow commands for GitHub: one line a gate, at its place in the suite, and no way out of it for any text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.records import Outcome, Word
from evalkit.report import github

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=80) | st.text(
    alphabet=":%,=\r\n[]#add-mask\x85\u2028 x"
)


def unescaped(text: str) -> str:
    """As GitHub's runner reads it: the per cent sign last."""
    for written, meant in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(written, meant)
    return text


def read(line: str) -> tuple[str, dict[str, str], str]:
    assert line.startswith("::")
    head, _, message = line[2:].partition("::")
    level, _, listed = head.partition(" ")
    pairs = (part.partition("=") for part in listed.split(","))
    return level, {key: unescaped(value) for key, _, value in pairs}, unescaped(message)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "s.yaml").write_text("name: s\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_failed_gate_is_an_error_where_it_is_written(make, repository: Path) -> None:
    (line,) = github.commands(make.result(), repository)
    level, properties, message = read(line)
    assert (level, properties["file"], properties["line"]) == ("error", "suites/s.yaml", "7")
    assert properties["title"] == "assistant: gate failed"
    assert message.startswith("safety.refusal_rate >= 0.95: 0.213 (0.156–0.284). ")


def test_the_path_is_from_the_root_of_the_repository(make, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "suites")
    result = make.result()
    verdicts = tuple(replace(one, origin="s.yaml:7" if one.origin else "") for one in result.outcome.verdicts)
    result = replace(result, outcome=replace(result.outcome, verdicts=verdicts))
    (line,) = github.commands(result, repository)
    assert read(line)[1]["file"] == "suites/s.yaml"


def test_a_suite_outside_of_the_repository_has_no_place(make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = github.commands(make.result(), tmp_path)
    assert "file" not in read(line)[1]


def test_an_undecided_gate_is_a_warning_and_one_that_counts_as_passed_nothing(make, tmp_path: Path) -> None:
    verdicts = (
        make.verdict("a.b >= 0.5", Word.UNSURE),
        make.verdict("a.c >= 0.5", Word.UNSURE, counts_as=Word.PASS),
        make.verdict("a.d >= 0.5", Word.UNSURE, counts_as=Word.FAIL),
    )
    result = make.result(outcome=Outcome("unsure", 4, "", verdicts))
    said = [read(line) for line in github.commands(result, tmp_path)]
    assert [(level, message.partition(":")[0]) for level, _, message in said] == [
        ("error", "a.d >= 0.5"),
        ("warning", "a.b >= 0.5"),
    ]


def test_an_outcome_that_no_gate_stands_for_is_an_error_of_its_own(make, tmp_path: Path) -> None:
    result = make.result(outcome=Outcome("not measured", 3, "12% of cases errored"))
    assert [read(line) for line in github.commands(result, tmp_path)] == [
        ("error", {"title": "assistant"}, "not measured: 12% of cases errored")
    ]


def test_of_many_gates_the_last_line_that_is_shown_counts_the_rest(make, tmp_path: Path) -> None:
    verdicts = tuple(make.verdict(f"a.m{n} >= 0.5", Word.FAIL) for n in range(30))
    lines = list(github.commands(make.result(outcome=Outcome("not good enough", 1, "", verdicts)), tmp_path))
    assert len(lines) == github.MOST
    assert read(lines[-1])[2].startswith("21 more gates failed: a.m9 >= 0.5, a.m10 >= 0.5")


@given(ANY_TEXT, ANY_TEXT)
def test_no_text_ends_its_command_or_adds_a_property(message: str, title: str) -> None:
    line = github.command("error", message, title=title, line="14")
    assert len(line.splitlines()) == 1
    level, properties, said = read(line)
    assert level == "error"
    assert set(properties) <= {"title", "line"}
    assert properties["line"] == "14"
    assert "\n" not in said
    assert "\r" not in said


def test_a_hostile_result_is_nothing_but_its_commands(make, tmp_path: Path) -> None:
    attack = "\n::set-output name=x::y\r\n::add-mask::e\n%0A::stop-commands::z ##[add-mask]e"
    for line in github.commands(make.hostile_result(attack), tmp_path):
        assert len(line.splitlines()) == 1
        assert line.startswith(("::error ", "::warning "))
        assert "%0A::" not in line.replace("%250A", "")
