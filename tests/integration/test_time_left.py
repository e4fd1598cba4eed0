"""The time that a run may still take is reckoned once: the terminal, a log's lines and the workbench say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("starlette")
from evalkit.cli.progress import PlainLines, board_lines
from evalkit.runner.execute import run_suite
from evalkit.runner.running import RunOptions
from evalkit.runner.under_way import Progress
from evalkit.store import Store
from evalkit.suite.load import load_suite
from evalkit.web.standing import read, said

SUITE = """\
name: timed
datasets: {d: {path: rows.jsonl}}
checks: {accuracy: {metrics: [exact_match]}}
gates: [accuracy.exact_match >= 0.5]
stop_early: EARLY
"""


@pytest.mark.parametrize("early", ["true", "false"])
def test_a_run_is_said_to_take_as_long_wherever_one_looks(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, early: str
) -> None:
    monkeypatch.setattr("evalkit.cli.progress.SECONDS_BETWEEN_LINES", 0.0)
    rows = ({"id": f"r{n}", "prompt": f"say {n}", "references": [f"say {n if n % 2 else -n}"]} for n in range(192))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE.replace("EARLY", early), encoding="utf-8")
    seen: list[tuple[str, Progress]] = []

    def look(progress: Progress) -> None:
        """What the store was told last was told with this progress, if it is news."""
        run = store.get_run("last").id
        document = store.get_progress([run]).get(run, "")
        if document and document not in {one for one, _ in seen}:
            seen.append((document, progress))

    options = RunOptions(resume="never", on_progress=look)
    run_suite(load_suite(tmp_path / "suite.yaml"), "mock:slow?ms=30", store, options)
    with_time = [(document, progress) for document, progress in seen if progress.left is not None]
    assert with_time, "such a run takes some seconds"
    for document, progress in with_time:
        in_the_browser = said(read(document)).split(", ")[-1]
        assert in_the_browser.endswith(" left")
        lines = [line.plain for line in board_lines(progress, width=200, height=24, frame="*", unicode=True)]
        assert f"  {in_the_browser}" in lines[1]
        PlainLines().show(progress)
        assert f", {in_the_browser}," in capsys.readouterr().err
