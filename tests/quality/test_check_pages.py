"""The pages of the checks say what the checks do, and their examples fail and pass as they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import evalkit
from evalkit import plugins
from evalkit.records import Decoding
from evalkit.runner.plan import make_plan
from evalkit.runner.sensitivity import Trial, try_suite
from evalkit.suite.load import load_suite

ROOT = Path(__file__).parents[2]
PAGES = {page.stem: page for page in sorted((ROOT / "docs" / "checks").glob("*.md")) if page.stem != "README"}
EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
MOCK = re.compile(r"`(mock:[^`]+)`")


def table(page: str, heading: str) -> list[dict[str, str]]:
    """Rows of the first table under a heading, without the code marks."""
    _, _, section = page.partition(f"\n## {heading}\n")
    lines = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def built_in(name: str, **options: Any) -> Any:
    kind = plugins.load("evalkit.checks", name)
    return kind(name, Decoding(), kind.Options(**options))


def test_every_check_has_a_page_and_a_line_in_the_list() -> None:
    names = [name for name in plugins.names("evalkit.checks") if built_in(name).__module__.startswith("evalkit.")]
    assert sorted(PAGES) == sorted(names)
    listed = (ROOT / "docs" / "checks" / "README.md").read_text(encoding="utf-8")
    for name in names:
        assert f"[{name}]({name}.md)" in listed
        for column in built_in(name).required:
            assert re.search(rf"\({name}\.md\).*`{column}`", listed)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_is_not_measured_how_far_it_errs_and_how_to_try_it(name: str) -> None:
    page = PAGES[name].read_text(encoding="utf-8")
    for heading in ("What it does not measure", "Measured error", "Try it"):
        _, _, section = page.partition(f"\n## {heading}\n")
        assert len(section.split("\n## ")[0].split()) >= 15, heading


@pytest.mark.parametrize("name", PAGES)
def test_the_options_are_those_of_the_check(name: str) -> None:
    rows = table(PAGES[name].read_text(encoding="utf-8"), "Options")
    options = plugins.load("evalkit.checks", name).Options
    assert [row["option"] for row in rows] == list(options.model_fields)
    for row in rows:
        if row["default"] != "none":
            written = YAML(typ="safe").load(row["default"])
            assert getattr(options(**{row["option"]: written}), row["option"]) == getattr(options(), row["option"])


@pytest.mark.parametrize("name", PAGES)
def test_the_metrics_are_those_of_the_check(name: str) -> None:
    rows = table(PAGES[name].read_text(encoding="utf-8"), "Metrics")
    names = [row["metric"] for row in rows]
    check = built_in(name, metrics=names) if name == "accuracy" else built_in(name)
    assert [metric.name for metric in check.metrics] == names
    for row, metric in zip(rows, check.metrics, strict=True):
        assert (metric.kind, metric.better) == (row["kind"], row["better"]), row["metric"]
        assert row.get("unit", metric.unit) == metric.unit, row["metric"]


def test_the_accuracy_page_names_every_text_metric() -> None:
    page = PAGES["accuracy"].read_text(encoding="utf-8")
    assert [name for name in plugins.names("evalkit.metrics") if f"`{name}`" not in page] == []


def example(page: str, folder: Path) -> tuple[re.Match[str], Path]:
    found = EXAMPLE.search(page)
    assert found is not None
    suite = folder / "example.yaml"
    suite.write_text(found[1].replace("../datasets", str(ROOT / "datasets")), encoding="utf-8")
    return found, suite


@pytest.mark.parametrize("name", PAGES)
def test_the_example_fails_and_passes_as_the_page_says(name: str, tmp_path: Path) -> None:
    page = PAGES[name].read_text(encoding="utf-8")
    found, suite = example(page, tmp_path)
    mocks = MOCK.findall(page[found.end() :])
    assert mocks[-1] == "mock:oracle"
    for model in mocks:
        result = evalkit.evaluate(suite, model=model, store=f"sqlite:///{tmp_path}/runs.db")
        assert result.outcome.exit_code == (0 if model == "mock:oracle" else 1), (model, result.outcome.reason)


@pytest.mark.parametrize("name", PAGES)
def test_some_damage_fails_every_gate_of_the_example(name: str, tmp_path: Path) -> None:
    """What a judge would say of damaged answers only the judge knows: its gates are not tried, and it is said why."""
    _, suite = example(PAGES[name].read_text(encoding="utf-8"), tmp_path)
    found = try_suite(make_plan(load_suite(suite)), Trial(strengths=(1.0,)))
    assert [gate.gate for gate in found.failing] == []
    assert [gate.gate for gate in found.dead] == []
    assert [gate.reason for gate in found.untested if "asks a judge" not in gate.reason] == []
    assert {gate.check for gate in found.untested} <= {"judge", "preference"}
