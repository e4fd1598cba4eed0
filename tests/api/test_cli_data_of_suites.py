"""Data commands on datasets of suites, the page of ``data stats``, and what runs do with code of a suite."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Evalkit = Callable[..., Any]
HOSTILE = "</style></script><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} \u202egnp \x1b[31mred"


@pytest.fixture
def suite(workdir: Path) -> Path:
    folder = workdir / "own"
    folder.mkdir()
    rows = [{"n": n, "ask": f"Which number follows {n}?", "told": str(n + 1)} for n in range(12)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "prepare.py").write_text(
        "from pathlib import Path\n"
        "def rows(rows):\n"
        "    Path(__file__).with_name('ran').touch()\n"
        "    for row in rows:\n"
        "        yield {'id': f\"q{row['n']}\", 'question': row['ask'], 'answer': row['told']}\n"
    )
    (folder / "suite.yaml").write_text(
        "name: own\n"
        "datasets:\n"
        "  made:\n"
        "    query: SELECT * FROM 'rows.jsonl' WHERE words(ask) = 4 AND n >= 2\n"
        "    transform: ./prepare.py:rows\n"
        "    contract: {min_rows: 10}\n"
        "  plain: {path: rows.jsonl, prompt: {template: 'Say: {{ ask }}'}, columns: {references: told}, where: n < 5}\n"
        "checks:\n"
        "  accuracy: {dataset: made, metrics: [exact_match]}\n"
        "  plainly: {kind: accuracy, dataset: plain, metrics: [exact_match]}\n"
        "gates: [accuracy.exact_match >= 0.5]\n"
    )
    return folder / "suite.yaml"


def test_code_of_a_suite_runs_for_whoever_trusts_it(evalkit: Evalkit, suite: Path) -> None:
    for command in (["run"], ["plan"], ["power"], ["sensitivity"], ["selftest", "--scenario", "standard"]):
        name, *more = command
        called = evalkit(name, str(suite), *more)
        assert (called.code, "--trust-code" in called.err) == (2, True), name
    assert not suite.with_name("ran").exists()
    called = evalkit("run", str(suite), "--model", "mock:oracle", "--trust-code", "--json")
    assert called.code == 0
    document = json.loads(called.out)
    assert {check["name"]: check["counts"]["scored"] for check in document["checks"]} == {"accuracy": 10, "plainly": 5}
    assert "--trust-code" in document["reproduce"]
    assert suite.with_name("ran").exists()


def test_trust_may_be_configured(evalkit: Evalkit, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_TRUST_CODE", "1")
    assert evalkit("plan", str(suite), "--model", "mock:oracle").code == 0
    assert suite.with_name("ran").exists()


def test_a_selftest_makes_rows_after_those_of_a_query(evalkit: Evalkit, suite: Path) -> None:
    named = ("selftest", str(suite), "--only", "accuracy", "--scenario", "standard")
    called = evalkit(*named, "--trust-code", "--jobs", "1")
    assert called.code == 0, called.out + called.err


def test_datasets_of_a_suite_are_validated_as_the_suite_reads_them(evalkit: Evalkit, suite: Path) -> None:
    called = evalkit("data", "validate", f"{suite}:made", "--trust-code")
    assert (called.code, called.out) == (0, "made after the transform: 10 rows, all valid made's own rows\n")
    both = json.loads(evalkit("data", "validate", str(suite), "--trust-code", "--json").out)
    assert [(one["valid"], one["rows"]) for one in both] == [(True, 10), (True, 12)]
    refused = evalkit("data", "validate", f"{suite}:made")
    assert refused.code == 2
    assert "--trust-code" in refused.out
    unknown = evalkit("data", "validate", f"{suite}:mad")
    assert unknown.code == 2
    assert "did you mean 'made'" in unknown.err


def test_validate_names_the_boundary_that_broke(evalkit: Evalkit, suite: Path) -> None:
    text, query = suite.read_text(), "query: SELECT * FROM 'rows.jsonl' WHERE words(ask) = 4 AND n >= 2"
    for contract, told in (
        (
            "{columns: [{name: n, max: 9}]}",
            "qa:9: 'n' is 10, more than 9\nqa:10: 'n' is 11, more than 9\nqa: 2 problems in 2",
        ),
        ("{min_rows: 11}", "qa: has 10 rows, and its contract wants at least 11"),
    ):
        sql = query.replace("query: ", 'query: {sql: "') + f'", contract: {contract}}}'
        suite.write_text(text.replace(query, sql))
        called = evalkit("data", "validate", f"{suite}:made", "--trust-code")
        assert called.code == 2
        assert called.out.startswith(told.replace("qa", "made after the query")), called.out


def test_a_row_that_the_template_cannot_print_is_found(evalkit: Evalkit, suite: Path) -> None:
    rows = suite.with_name("rows.jsonl")
    rows.write_text(rows.read_text() + '{"n": 3, "told": "x"}\n')
    found = evalkit("data", "validate", f"{suite}:plain")
    assert found.code == 2
    assert re.search(r"rows.jsonl:13: 'prompt' .*ask", found.out)


def test_statistics_are_of_what_the_suite_asks(evalkit: Evalkit, suite: Path) -> None:
    found = json.loads(evalkit("data", "stats", f"{suite}:plain", "--json", "--model", "mock:oracle").out)
    assert (found["rows"], found["unique_inputs"]) == (12, 5)
    assert found["tokens"]["model"] == "mock:oracle"
    made = json.loads(evalkit("data", "stats", f"{suite}:made", "--trust-code", "--json").out)
    assert (made["rows"], list(made["columns"])) == (10, ["id", "question", "answer"])


def test_what_another_dataset_has_is_named_by_row(evalkit: Evalkit, suite: Path) -> None:
    asked = [json.loads(line)["ask"] for line in suite.with_name("rows.jsonl").read_text().splitlines()]
    corpus = suite.with_name("corpus.jsonl")
    corpus.write_text(json.dumps({"text": "nothing of it"}) + "\n" + json.dumps({"text": asked[3].lower()}) + "\n")
    found = json.loads(
        evalkit("data", "stats", f"{suite}:made", "--trust-code", "--against", str(corpus), "--near", "1", "--json").out
    )
    assert found["against"]["exact"] == 1
    assert found["against"]["first"][0] == {"row": 2, "other_row": 2, "share": 1.0, "text": asked[3]}
    out = evalkit("data", "stats", f"{suite}:made", "--trust-code", "--against", str(corpus)).out
    assert "the same text: 1 of 10" in out
    assert "row 2, there row 2, 100%" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("none.jsonl",), "no such dataset file"),
        (("rows.jsonl", "--column", "quest"), "no row has the column 'quest'"),
        (("rows.jsonl", "--against", "none.jsonl"), "no such dataset file"),
        (("rows.jsonl", "--against", "two.yaml"), "several datasets"),
        (("rows.jsonl", "--near", "0.1"), "0.3"),
        (("rows.jsonl", "--model", "mock:nothing"), "mock"),
        (("rows.jsonl", "--html", "nowhere/page.html"), "cannot be written"),
        (("two.yaml:c",), "there is no dataset 'c'"),
    ],
)
def test_mistakes_are_told(evalkit: Evalkit, workdir: Path, options: tuple[str, ...], said: str) -> None:
    (workdir / "rows.jsonl").write_text('{"question": "a b c"}\n')
    (workdir / "two.yaml").write_text(
        "name: two\ndatasets: {a: {path: rows.jsonl}, b: {path: rows.jsonl}}\nchecks: {length: {dataset: a}}\n"
    )
    called = evalkit("data", "stats", *options)
    assert called.code == 2
    assert said in called.err
    assert "Traceback" not in called.err


def test_the_page_is_inert_whatever_the_rows_say(evalkit: Evalkit, workdir: Path) -> None:
    rows = [
        {"id": n, "question": f"{HOSTILE} {n % 2}", "topic": HOSTILE, HOSTILE: "text of a column"} for n in range(4)
    ]
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    called = evalkit("data", "stats", "rows.jsonl", "--html", "page.html", "--against", "rows.jsonl")
    assert called.code == 0
    assert "\x1b[31m" not in called.out
    assert "\u202e" not in called.out
    page = (workdir / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page.lower()
    assert "<img" not in page.lower()
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "49" not in re.sub(r"[\d.]*49[\d.]*\"", "", page.partition("</style>")[2])
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src &#39;sha256-{digest}&#39;" in page
    assert "default-src &#39;none&#39;" in page


def test_a_generator_of_a_third_party_is_a_kind(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from evalkit import plugins

    point = EntryPoint("riddles", "made_by_others:riddles", "evalkit.generators")
    known = {group: dict(found) for group, found in plugins._found().items()}
    known["evalkit.generators"]["riddles"] = (point,)
    monkeypatch.setattr(plugins, "_found", lambda: known)
    called = evalkit("data", "make", "riddles", "--n", "2", "--seed", "5")
    assert called.code == 0
    assert [json.loads(line) for line in called.out.splitlines()] == [
        {"prompt": "riddle 5.0", "references": ["0"]},
        {"prompt": "riddle 5.1", "references": ["1"]},
    ]
