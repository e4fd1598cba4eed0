"""The overhead benchmark from its command line to its table, with the contestants that need no package index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command_line


def test_evalkit_and_the_floor_are_measured_on_the_same_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["overhead", "--sizes", "20", "--rounds", "1", "--only", "asyncio", "--results", str(tmp_path)]
    assert command_line.main(words) == 0
    told = json.loads((tmp_path / "overhead.json").read_text())
    assert told["absent"] == []
    assert [(one["contestant"], one["size"]) for one in told["repetitions"]] == [("evalkit", 20), ("asyncio", 20)]
    assert told["ratios_of_evalkit"][0]["cpu_seconds"]["median"] > 1  # nothing costs less than nothing else
    assert (tmp_path / "overhead.md").read_text() in capsys.readouterr().out
