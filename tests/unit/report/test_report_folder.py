"""The folder of a report: whole files or none, one document format, and all renderings agree."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from evalkit import plugins, report
from evalkit.errors import PluginError, ReportError
from evalkit.report import html, json_report, junit, markdown, view
from evalkit.report.files import write_lines, write_text
from evalkit.runner.document import from_json, json_schema

SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"


def test_all_reports_and_logs_are_written(make, tmp_path: Path) -> None:
    rows = ({"case": n, "answer": make.hostile} for n in range(3))
    paths = report.write_all(make.hostile_result(), tmp_path / "new" / "folder", {"safety-log.jsonl": rows})
    names = {"report.html", "report.json", "report.md", "junit.xml", "safety-log.jsonl"}
    assert {path.name for path in paths} == names == {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    lines = (tmp_path / "new" / "folder" / "safety-log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"case": n, "answer": make.hostile} for n in range(3)]


def test_files_that_one_service_reads_are_made_there_and_where_they_are_asked_for(
    make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab = {"gl-code-quality-report.json", "metrics.txt"}
    monkeypatch.delenv("GITLAB_CI", raising=False)
    assert not gitlab & {path.name for path in report.write_all(make.result(), tmp_path / "here")}
    named = report.write_all(make.result(), tmp_path / "named", reporters=["gitlab", "openmetrics"])
    assert {path.name for path in named} == gitlab
    monkeypatch.setenv("GITLAB_CI", "true")
    assert gitlab < {path.name for path in report.write_all(make.result(), tmp_path / "there")}


def test_only_the_named_reports_are_written(make, tmp_path: Path) -> None:
    assert [path.name for path in report.write_all(make.result(), tmp_path, reporters=["json"])] == ["report.json"]


def test_an_unknown_reporter_is_named_with_those_there_are(make, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="unknown reporter 'htlm'") as caught:
        report.write_all(make.result(), tmp_path, reporters=["htlm"])
    assert "did you mean 'html'" in caught.value.hint


def test_a_reporter_that_breaks_is_named(make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Path:
        raise KeyError("thing")

    monkeypatch.setattr(plugins, "load", lambda *_: broken)
    with pytest.raises(PluginError, match="reporter 'theirs' failed: KeyError: 'thing'"):
        report.write_all(make.result(), tmp_path, reporters=["theirs"])


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReportError) as caught:
        report.write_all(make.result(), tmp_path / "file" / "report")
    assert "--report DIR" in caught.value.hint
    assert str(tmp_path / "file") in caught.value.where
    assert caught.value.exit_code == 2


def test_a_writable_folder_is_left_without_a_trace(tmp_path: Path) -> None:
    assert report.ensure_writable(tmp_path / "a") == tmp_path / "a"
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.parametrize("name", ["../escape.jsonl", "a/b.jsonl", "", ".hidden"])
def test_a_log_stays_in_its_folder(make, tmp_path: Path, name: str) -> None:
    with pytest.raises(ReportError, match="plain file name"):
        report.write_all(make.result(), tmp_path / "r", {name: []}, reporters=[])


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = write_text(tmp_path / "log.jsonl", "before\n")

    def rows():
        yield {"n": 1}
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        write_lines(path, rows())
    assert path.read_text() == "before\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ReportError) as caught:
        write_text(tmp_path / "absent" / "report.md", "")
    assert caught.value.where.endswith("report.md")


def test_a_log_is_streamed(tmp_path: Path) -> None:
    alive, most = 0, 0

    class Row(dict):
        def __init__(self, n: int) -> None:
            nonlocal alive, most
            super().__init__(n=n)
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    write_lines(tmp_path / "log.jsonl", (Row(n) for n in range(1000)))
    assert most <= 3


def test_the_document_can_be_read_back(make, tmp_path: Path) -> None:
    text = json_report.write(make.result(), tmp_path).read_text(encoding="utf-8")
    assert from_json(text) == make.result()
    assert {"schema", "run", "outcome", "verdicts", "estimates", "environment"} <= set(json.loads(text))


def test_the_published_schema_is_the_one_in_use() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema(), "make it again as docs/reports.md says"


def test_all_renderings_say_the_same_of_every_gate(make) -> None:
    from rich.console import Console

    from evalkit.report import terminal

    result = make.result()
    console = Console(width=200, record=True, file=io.StringIO())
    terminal.show(result, console)
    on_terminal, page, comment = console.export_text(), html.render(result), markdown.render(result)
    cases = {case.get("name"): case for case in ET.fromstring(junit.render(result)).iter("testcase")}
    for gate in view.gates(result):
        outputs = [page, "".join(cases[gate.gate].itertext())]
        outputs += [] if gate.automatic else [on_terminal, comment]
        for output in outputs:
            assert gate.value in output
            assert gate.interval in output
        assert (cases[gate.gate].find("failure") is not None) == (gate.shade == "fail")


def test_the_outcome_word_is_in_every_rendering(make) -> None:
    result = make.result()
    result = replace(result, outcome=replace(result.outcome, word="not measured", exit_code=3))
    assert "not measured" in html.render(result)
    assert "not measured" in markdown.render(result)
    assert "not measured" in junit.render(result)


def test_importing_the_room_imports_nothing_heavy() -> None:
    code = "import sys, evalkit.report, evalkit.report.html, evalkit.report.terminal, evalkit.report.junit\n"
    code += "print(sorted({'jinja2', 'rich', 'pydantic', 'numpy', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
