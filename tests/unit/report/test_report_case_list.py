"""All cases of a page: in which order, how many bytes, and what is said of those for which there is no room."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from report_results import CORPUS, change, finding, hostile_result, result

from evalkit.records import Word
from evalkit.report import html
from evalkit.report.case_list import FIRST, SHORT, case_list, in_page


def test_what_changed_comes_first_then_the_worst_of_every_check_then_the_others() -> None:
    of = result(("a", "b", "c"))
    cases = case_list(of)
    assert [one.kind for one in cases.first[:6]] == ["regressed"] * 3 + ["fixed"] * 3
    assert [one.check for one in cases.first[6:16]] == ["a"] * 4 + ["b"] * 3 + ["c"] * 3
    assert {one.kind for one in cases.first[16:]} == {"sampled"}
    rest = json.loads(cases.rest)
    assert len(cases.first) == FIRST
    assert len(rest) + FIRST == cases.shown == 3 * 2 + 3 * 3 + 1 + 3 * 40
    assert cases.checks == ("a", "b", "c")
    assert cases.kinds == ("regressed", "fixed", "worst", "sampled")
    assert cases.statuses == ("scored", "errored")


def test_each_check_has_its_place_among_the_first_however_many_cases_another_has() -> None:
    many = tuple(finding("a", f"case-{n}", "text") for n in range(500))
    few = (finding("b", "only", "text"),)
    cases = case_list(replace(result(("a", "b")), findings=(*many, *few), changes=(), sampled=()))
    assert "only" in [one.case for one in cases.first]
    assert cases.shown == 501


def test_an_unchanged_run_has_no_changes_and_an_empty_one_no_cases() -> None:
    empty = case_list(replace(result(), findings=(), sampled=(), changes=()))
    assert (empty.first, empty.rest, empty.shown, empty.kinds) == ((), "[]", 0, ())


def test_both_sides_of_a_change_are_told_with_their_values() -> None:
    before, after = "It is Paris.", "It is Lyon."
    case = case_list(replace(result(), changes=(change("accuracy", "c1", before, after),))).first[0]
    assert case.value == "1 → 0"
    assert [one.heading for one in case.exchanges] == ["baseline", "this run"]
    assert case.shared is not None
    assert case.shared.prompt[-1].text == "What is the capital of France?"
    assert case.exchanges[0].answer == (("It is ", ""), ("Paris.", "del"))
    assert case.exchanges[1].answer == (("It is ", ""), ("Lyon.", "ins"))


def test_texts_are_shortened_and_cases_counted_out_where_bytes_run_out() -> None:
    long = "word " * 700
    findings = tuple(finding("accuracy", f"case-{n}", long) for n in range(300))
    cases = case_list(replace(result(), findings=findings, sampled=(), changes=()), most_bytes=200_000)
    assert len(cases.rest) < 200_000
    assert cases.shortened > 0
    assert cases.left_out > 0
    assert cases.shown + cases.left_out == 300
    assert len(json.loads(cases.rest)[-1]["exchanges"][0]["answer"][0][0]) < 2 * SHORT


def test_the_page_says_how_many_cases_had_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_list, "__defaults__", (FIRST, 50_000))
    findings = tuple(finding("accuracy", f"case-{n}", "word " * 700) for n in range(60))
    of = replace(result(), findings=findings, sampled=(), changes=())
    assert f"{case_list(of).left_out} more would make this page too large: they are in report.json" in html.render(of)


def test_megabytes_of_answers_on_a_thousand_cases_fit_into_the_page() -> None:
    """As many cases as a run of a hundred thousand samples keeps, each answer a megabyte."""
    checks = tuple(f"check-{n}" for n in range(9))
    huge = "ä<&\u202e" * 250_000
    findings = tuple(finding(check, f"case-{n}", huge) for check in checks for n in range(20))
    sampled = tuple(finding(check, f"random-{n}", huge) for check in checks for n in range(60))
    changes = tuple(change(check, f"c{n}", huge, huge[::-1]) for check in checks for n in range(40))
    page = html.render(replace(result(checks), findings=findings, sampled=sampled, changes=changes))
    assert len(page.encode("utf-8")) < 7_000_000  # the scripts that draw are one more
    assert page.count("<") < 60_000


def test_data_in_the_page_cannot_end_its_script() -> None:
    text = in_page({"a": "</script><!-- & \u2028"})
    assert not set(text) & set("<>&")
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}
    rest = case_list(hostile_result(CORPUS)).rest
    assert not set(rest) & set("<>&\u202e\u200b\x00")
    assert json.loads(rest)


def test_the_worst_of_checks_that_did_not_pass_come_first() -> None:
    of = replace(result(("calm", "failing")), changes=())
    passed = tuple(
        replace(one, word=Word.PASS, counts_as=Word.PASS) if one.gate.startswith("calm") else one
        for one in of.outcome.verdicts
    )
    listed = case_list(replace(of, outcome=replace(of.outcome, verdicts=passed)))
    assert [one.check for one in listed.first if one.kind == "worst"][:4] == ["failing", "failing", "failing", "calm"]
    assert listed.checks == ("calm", "failing")


def test_a_case_that_is_listed_twice_is_counted_once() -> None:
    of = result()
    twice = replace(of.changes[0], case=of.findings[0].case)
    listed = case_list(replace(of, changes=(*of.changes[1:], twice)))
    assert listed.shown == listed.distinct + 1


def test_what_moved_and_turned_nothing_is_told_behind_the_worst_and_as_no_regression() -> None:
    of = result()
    moved = replace(of.changes[0], case="moved", kind="lower")
    listed = case_list(replace(of, changes=(moved, *of.changes)))
    kinds = [one.kind for one in listed.first]
    assert kinds.index("lower") > max(at for at, kind in enumerate(kinds) if kind == "worst")
    assert listed.kinds == ("regressed", "fixed", "worst", "lower", "sampled")
    assert '<span class="kind lower">lower</span>' in html.render(replace(of, changes=(moved, *of.changes)))
