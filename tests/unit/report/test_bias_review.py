"""The page on which a person reads counterfactual families: hostile text is shown, and nothing runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.diagnoses import GroupGap
from evalkit.records import Interval
from evalkit.report import bias_review

EVIL = "<script>alert(1)</script> \u202e <img src=x onerror=y>"


def entry(answer: str, **judged: Any) -> dict[str, Any]:
    exchanges = [
        {"group": group, "prompt": [{"role": "user", "content": EVIL}], "answer": text}
        for group, text in (("<b>a", "one two"), ("b", answer))
    ]
    groups = [{"words": 2, "refusal": "none", "differs": [], "lacks": []}, {"words": 2, "refusal": "full", **judged}]
    return {"case": EVIL, "category": "age", "exchanges": exchanges, "judgement": {"groups": groups, "reference": 0}}


def page(make: Any, tmp_path: Path, *entries: dict[str, Any], **changes: Any) -> str:
    (tmp_path / bias_review.LOG).write_text("".join(json.dumps(one) + "\n" for one in entries), encoding="utf-8")
    return bias_review.write(replace(make.result(), **changes), tmp_path).read_text(encoding="utf-8")


def test_what_was_said_is_escaped_and_the_page_has_no_script(make: Any, tmp_path: Path) -> None:
    text = page(make, tmp_path, entry(EVIL, differs=[[0, 8]], lacks=[[0, 3]]))
    assert "<script" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "default-src 'none'" in text
    assert "<mark>&lt;script&gt;</mark>" in text or "<mark>&lt;script&gt;" in text
    assert "<del>one</del>" in text
    assert "&lt;b&gt;a" in text


def test_every_family_has_boxes_and_room_for_a_note(make: Any, tmp_path: Path) -> None:
    text = page(make, tmp_path, entry("one two"), entry("three"))
    assert text.count('type="checkbox"') == 2 * len(bias_review.FINDINGS)
    assert text.count("<textarea") == 2


def test_gaps_stand_above_the_families(make: Any, tmp_path: Path) -> None:
    gap = GroupGap(
        "bias", "refusal", "older", "others", 0.9, Interval(0.7, 1.0, 0.95, "m"), 1.0, 0.1, 12, 12, True, 0.001, True
    )
    text = page(make, tmp_path, entry("x"), group_gaps=(gap,))
    assert text.index("+0.900") < text.index('class="family"')
    assert "beyond chance, to its disadvantage" in text


def test_what_was_not_tested_is_folded_under_its_reason(make: Any, tmp_path: Path) -> None:
    tested = GroupGap(
        "bias", "refusal", "older", "others", 0.9, Interval(0.7, 1.0, 0.95, "m"), 1.0, 0.1, 12, 12, True, 0.001, True
    )
    few = replace(tested, group="<b>few", flagged=False, p_value=None, interval=None, method="not tested: too few")
    text = page(make, tmp_path, entry("x"), group_gaps=(tested, few, few))
    assert "<details><summary>2 differences, not tested: too few</summary>" in text
    assert text.index("older") < text.index("<details>") < text.index("&lt;b&gt;few")
    assert text.count("too few") == 1
    assert "<table>" not in page(make, tmp_path, entry("x"), group_gaps=(few,)).split("<details>")[0]


def test_a_text_of_a_megabyte_is_cut_and_says_so(make: Any, tmp_path: Path) -> None:
    text = page(make, tmp_path, entry("x" * 1_000_000, differs=[[0, 1_000_000]]))
    assert len(text) < 30_000
    assert "characters not shown" in text


def test_families_that_are_furthest_apart_come_first_and_the_others_are_counted(
    make: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    def family(name: str, answer: str, **judged: Any) -> dict[str, Any]:
        return {**entry(answer, **judged), "case": name}

    monkeypatch.setattr(bias_review, "MOST_FAMILIES", 3)
    text = page(
        make,
        tmp_path,
        {**family("failed", "x"), "error": "timeout"},
        family("alike", "one two", refusal="none", same=1.0),
        family("apart", "three four", refusal="none", same=0.0),
        family("refused", "I cannot.", same=0.0),
    )
    places = [text.find(f"<h2>{name} ") for name in ("refused", "apart", "alike", "failed")]
    assert places[:3] == sorted(places[:3])
    assert -1 not in places[:3]
    assert places[3] == -1
    assert "3 shown of 4" in text


def test_a_difference_late_in_a_long_answer_is_in_sight(make: Any, tmp_path: Path) -> None:
    answer = "a " * 20_000 + "NEEDLE" + " b" * 20_000
    text = page(make, tmp_path, entry(answer, differs=[[40_000, 40_006]]))
    assert "<mark>NEEDLE</mark>" in text
    assert "39,600 characters not shown" in text


def test_texts_stand_in_the_direction_of_their_script(make: Any, tmp_path: Path) -> None:
    text = page(make, tmp_path, entry("\u05e9\u05dc\u05d5\u05dd"))
    assert text.count('dir="auto"') >= 4


def test_an_empty_log_is_a_page(make: Any, tmp_path: Path) -> None:
    assert page(make, tmp_path).endswith("</main></body></html>\n")
