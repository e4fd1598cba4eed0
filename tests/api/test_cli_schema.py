"""Schemas that editors and scripts rely on. ``UPDATE_GOLDEN=1`` writes docs/*.schema.json anew."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Evalkit = Callable[..., Any]
DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("what", ["suite", "report", "profile"])
def test_the_published_schema_is_the_one_that_the_code_has(evalkit: Evalkit, what: str) -> None:
    called = evalkit("schema", what)
    assert called.code == 0
    file = DOCS / f"{what}.schema.json"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(called.out, encoding="utf-8")
    assert json.loads(called.out) == json.loads(file.read_text(encoding="utf-8")), __doc__


def test_the_schema_of_suites_names_what_a_suite_may_hold(evalkit: Evalkit) -> None:
    schema = json.loads(evalkit("schema", "suite").out)
    assert {"name", "extends", "datasets", "checks", "gates", "unsure", "limits"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_the_schema_of_reports_names_what_a_report_holds(evalkit: Evalkit, workdir: Path) -> None:
    evalkit("run", "smoke", "--model", "mock:oracle", "--limit", "2", "-q", "--report", "out")
    schema = json.loads(evalkit("schema", "report").out)
    document = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]) - set(document) == {"profile"}  # of runs that were profiled
    assert set(schema["required"]) <= set(document)


def test_another_schema_is_wrong_input(evalkit: Evalkit) -> None:
    assert evalkit("schema", "gates").code == 2
