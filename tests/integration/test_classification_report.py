"""The confusion table of a classification is in the page and in report.json."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import evalkit

ROWS = ["spam"] * 7 + ["ham"] * 5
SAID = ["spam"] * 4 + ["ham"] * 2 + ["<b>who knows"] + ["ham"] * 4 + ["spam"]
SUITE = """
name: s
datasets: {d: {path: rows.jsonl}}
checks: {topics: {kind: classification, labels: [spam, ham]}}
gates: [topics.accuracy >= 0.1]
"""


def test_the_page_and_the_document_show_who_was_taken_for_whom(tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "prompt": f"{n}?", "answer": label} for n, label in enumerate(ROWS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    script = [{"prompt": f"{n}?", "answer": text} for n, text in enumerate(SAID)]
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(row) + "\n" for row in script), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SUITE, encoding="utf-8")
    evalkit.evaluate(
        tmp_path / "s.yaml",
        model=f"mock:script?file={tmp_path}/said.jsonl",
        store=f"sqlite:///{tmp_path}/runs.db",
        report=tmp_path / "out",
    )
    document = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    (check,) = document["checks"]
    expected = Counter({("spam", "spam"): 4, ("spam", "ham"): 2, ("spam", "unparsed"): 1, ("ham", "ham"): 4})
    expected["ham", "spam"] = 1
    assert {(wanted, given): cases for wanted, given, cases in check["confusion"]} == expected
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    table = re.search(r'(?<=id="chart-confusion-1").*?</table>', page, re.DOTALL)
    assert table is not None
    assert re.findall(r"<th[^>]*>([^<]*)</th>", table[0]) == ["wanted", "ham", "spam", "unparsed", "ham", "spam"]
    assert re.findall(r"<td[^>]*>(\d+)</td>", table[0]) == ["4", "1", "0", "2", "4", "1"]
