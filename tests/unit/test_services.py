"""What a service that runs a job is told: once, as much as it takes, and nothing where none is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import saying, screen, services
from evalkit.errors import ConfigurationError
from evalkit.records import Outcome, Verdict, Word
from evalkit.report import markdown
from evalkit.results import Result, Run, Usage

HOSTILE = "::set-output name=x::y"


@pytest.fixture
def result() -> Result:
    gate = Verdict("qa.exact_match >= 0.5", Word.FAIL, Word.FAIL, "too few", threshold=0.5)
    run = Run("run-1", "smoke", "tiny", "finished", "2026-01-02T03:04:05Z")
    return Result(run, Outcome("not good enough", 1, "1 of 1 gates failed", (gate,)), (), (), (), Usage())


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_is_said_where_no_service_is(result: Result, capsys: pytest.CaptureFixture[str]) -> None:
    services.tell_service(result)
    assert capsys.readouterr() == ("", "")


def test_github_gets_commands_on_standard_error_and_the_report_as_summary(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("from a step before\n")
    for name, value in (("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", str(summary))):
        monkeypatch.setenv(name, value)
    services.tell_service(result)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "::error title=smoke%3A gate failed::qa.exact_match >= 0.5: –. too few\n"
    assert summary.read_text(encoding="utf-8") == "from a step before\n" + markdown.render(result) + "\n"


def test_a_variable_left_from_elsewhere_is_no_ci(result: Result, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    services.tell_service(result)
    assert not (tmp_path / "summary.md").exists()


def test_a_summary_that_is_nearly_full_gets_a_shorter_report_and_a_full_one_none(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def render(_: Result, limit: int = markdown.LIMIT) -> str:
        asked.append(limit)
        return "x" * limit

    monkeypatch.setattr(markdown, "render", render)
    file = tmp_path / "summary.md"
    file.write_bytes(b"." * 80_000)
    assert services.append_summary(result, file, 100_000)
    assert file.stat().st_size == 80_000 + 15_000 + 1
    assert asked == [60_000, 30_000, 15_000]
    assert not services.append_summary(result, file, 95_500)
    assert file.stat().st_size == 80_000 + 15_000 + 1


def test_a_summary_that_cannot_be_written_does_not_cost_the_verdict(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "1")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    services.tell_service(result)
    assert "the step's summary cannot be written" in capsys.readouterr().err


def test_what_is_printed_in_github_actions_commands_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = (HOSTILE, f"fine\n  {HOSTILE}", "a ##[add-mask]b", f"\u3000{HOSTILE}")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for text in texts:
        saying.say(text)
        screen.console().print(text, markup=False)
        saying.show_error(ConfigurationError(text, hint=text))
    out, err = capsys.readouterr()
    for line in (out + err).splitlines():
        assert not line.strip().startswith("::")
        assert "##[" not in line
    assert ":\\:set-output" in out


def test_json_in_github_actions_is_the_same_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {"answer": "a ##[add-mask]b", "list": [HOSTILE, "\n::x"]}
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for show in (saying.say_json, screen.print_json):
        show(document)
        out = capsys.readouterr().out
        assert json.loads(out) == document
        assert "##[" not in out
        assert not [line for line in out.splitlines() if line.strip().startswith("::")]


def test_elsewhere_texts_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    saying.say(HOSTILE)
    assert capsys.readouterr().out == HOSTILE + "\n"


def test_no_colour_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    saying.show_error(ConfigurationError("wrong"))
    assert "\x1b[" in capsys.readouterr().err
    monkeypatch.setenv("NO_COLOR", "1")
    saying.show_error(ConfigurationError("wrong"))
    assert "\x1b[" not in capsys.readouterr().err
