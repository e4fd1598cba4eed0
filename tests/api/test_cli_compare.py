"""compare: runs against a baseline, case by case. Expected numbers are worked out by hand from five rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evalkit as package
from evalkit.report import comparison as rendering
from evalkit.runner.compare import Comparison, compare_runs
from evalkit.store import open_store

Evalkit = Callable[..., Any]
WORDS = {"a": "two", "b": "blue", "c": "green", "d": "seven", "e": "Rome"}
MANY = {f"row-{number}": f"word{number}" for number in range(12)}
"""Enough rows for a difference in all of them to be more than chance, however many metrics share the error."""
SUITE = """
name: tiny
datasets: {rows: {path: rows.jsonl}}
checks: {accuracy: {metrics: [exact_match, rougeL, bleu]}, length: {}}
gates: [accuracy.exact_match >= 0.5]
"""


def write_rows(folder: Path, words: dict[str, str] = WORDS) -> None:
    rows = [{"id": name, "prompt": f"Question {name}?", "references": [word]} for name, word in words.items()]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_script(folder: Path, name: str, answers: dict[str, str]) -> str:
    """A model that gives these answers."""
    lines = [{"prompt": f"Question {row}?", "answer": answer} for row, answer in answers.items()]
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return f"mock:script?file={name}"


@pytest.fixture
def run(evalkit: Evalkit, workdir: Path) -> Callable[..., str]:
    """Run the suite on given answers; the id of the run."""
    write_rows(workdir)
    (workdir / "tiny.yaml").write_text(SUITE, encoding="utf-8")

    def made(answers: dict[str, str], *options: str) -> str:
        model = write_script(workdir, f"answers-{len(list(workdir.iterdir()))}.jsonl", answers)
        evalkit("run", "tiny.yaml", "--model", model, "-q", *options)
        newest: str = json.loads(evalkit("list", "--json").out)[0]["id"]
        return newest

    return made


@pytest.fixture
def two(run: Callable[..., str]) -> tuple[str, str]:
    """b and c turn wrong, e turns right, a and d stay right."""
    before = run({**WORDS, "e": "Oslo"})
    after = run({**WORDS, "b": "pink", "c": "grey"})
    return before, after


def document(evalkit: Evalkit, *arguments: str) -> dict[str, Any]:
    """Of a comparison with one candidate: what is said of it, and the baseline."""
    found: dict[str, Any] = json.loads(evalkit("compare", *arguments, "--json").out)
    (candidate,) = found["candidates"]
    return {**candidate, "baseline": found["baseline"]}


def metric(found: dict[str, Any], check: str, name: str) -> dict[str, Any]:
    metrics = next(entry["metrics"] for entry in found["checks"] if entry["check"] == check)
    entry: dict[str, Any] = next(entry for entry in metrics if entry["metric"] == name)
    return entry


def test_cases_are_counted_as_improved_regressed_and_unchanged(evalkit: Evalkit, two: tuple[str, str]) -> None:
    found = document(evalkit, *two)
    exact = metric(found, "accuracy", "exact_match")
    assert (exact["improved"], exact["regressed"], exact["unchanged"]) == (1, 2, 2)
    assert exact["baseline"] == pytest.approx(4 / 5)
    assert exact["candidate"] == pytest.approx(3 / 5)
    assert exact["difference"] == pytest.approx(-1 / 5)
    assert exact["interval"]["low"] < -1 / 5 < exact["interval"]["high"]
    assert exact["interval"]["confidence"] == 0.95
    assert exact["conclusion"] == "unclear"
    assert exact["p_value"] == 1.0  # two against one, or the other way round, is all that three coins can do
    assert exact["test"] == "McNemar, exact"
    assert {entry["case"] for entry in found["regressed"]} == {"b", "c"}
    assert {entry["case"] for entry in found["improved"]} == {"e"}


def test_the_first_run_is_the_baseline(evalkit: Evalkit, two: tuple[str, str]) -> None:
    found = document(evalkit, *reversed(two))
    assert found["baseline"]["id"] == two[1]
    assert metric(found, "accuracy", "exact_match")["difference"] == pytest.approx(1 / 5)
    assert {entry["case"] for entry in found["improved"]} == {"b", "c"}


def test_a_metric_of_the_corpus_has_a_difference_but_no_cases(evalkit: Evalkit, two: tuple[str, str]) -> None:
    bleu = metric(document(evalkit, *two), "accuracy", "bleu")
    assert bleu["improved"] is None
    assert bleu["difference"] == pytest.approx(bleu["candidate"] - bleu["baseline"])


def test_a_run_compared_with_itself_differs_in_nothing(evalkit: Evalkit, two: tuple[str, str]) -> None:
    found = document(evalkit, two[0], two[0])
    assert {entry["conclusion"] for check in found["checks"] for entry in check["metrics"]} <= {"same", "unclear"}
    assert metric(found, "accuracy", "exact_match")["conclusion"] == "same"
    assert found["regressed"] == found["improved"] == found["differences"] == []


def test_a_difference_in_every_case_is_better_or_worse(
    evalkit: Evalkit, run: Callable[..., str], workdir: Path
) -> None:
    write_rows(workdir, MANY)
    right, wrong = run(MANY), run(dict.fromkeys(MANY, "nothing"))
    assert metric(document(evalkit, right, wrong), "accuracy", "exact_match")["p_value"] == pytest.approx(2 * 0.5**12)
    assert metric(document(evalkit, right, wrong), "accuracy", "rougeL")["conclusion"] == "worse"
    assert metric(document(evalkit, wrong, right), "accuracy", "rougeL")["conclusion"] == "better"


def test_five_cases_prove_nothing_and_that_is_said(evalkit: Evalkit, run: Callable[..., str]) -> None:
    """All five may fall one way in two of thirty-two throws of five coins."""
    right, wrong = run(WORDS), run(dict.fromkeys(WORDS, "nothing"))
    assert metric(document(evalkit, right, wrong), "accuracy", "exact_match")["conclusion"] == "unclear"
    said = "5 cases in both runs: too few for any difference to be more than chance"
    assert said in evalkit("compare", right, wrong).out


def test_more_words_are_not_worse_by_themselves(evalkit: Evalkit, run: Callable[..., str], workdir: Path) -> None:
    """Nothing says which length is the better one: the mean moved, and no case is listed for it."""
    write_rows(workdir, MANY)
    short = run(MANY)
    long = run({name: f"{word} one two three four" for name, word in MANY.items()})
    found = document(evalkit, short, long)
    words = metric(found, "length", "words")
    assert words["difference"] == pytest.approx(4)
    assert words["conclusion"] == "moved"
    assert (words["improved"], words["regressed"], words["higher"], words["lower"]) == (0, 0, 12, 0)
    assert {entry["check"] for entry in found["regressed"]} == {"accuracy"}


def test_cases_of_one_side_are_listed(evalkit: Evalkit, run: Callable[..., str]) -> None:
    whole, part = run(WORDS), run({**WORDS, "a": "three"}, "--limit", "2")
    found = document(evalkit, whole, part)
    check = found["checks"][0]
    assert check["pairs"] == 2
    assert len(check["only_baseline"]) == 3
    assert check["only_candidate"] == []
    assert {"what": "limit", "baseline": "none", "candidate": "2"} in found["differences"]
    out = evalkit("compare", whole, part).out
    assert "in the baseline only: 3 cases" in out
    assert "partial" in out


def test_errored_cases_are_visible_and_count_as_worst(evalkit: Evalkit, run: Callable[..., str]) -> None:
    whole = run(WORDS)
    evalkit("run", "tiny.yaml", "--model", "mock:flaky?rate=1", "-q")
    found = document(evalkit, whole, "last")
    check = found["checks"][0]
    assert check["errored"] == {"baseline": 0, "candidate": 5}
    assert metric(found, "accuracy", "exact_match")["difference"] == pytest.approx(-1)
    regressed = [entry for entry in found["regressed"] if entry["check"] == "accuracy"]
    assert len(regressed) == 5
    assert {entry["candidate_status"] for entry in regressed} == {"errored"}
    out = evalkit("compare", whole, "last").out
    assert "errored: 0 in the baseline, 5 in the candidate" in out
    assert "every case errored in the candidate" in out


def test_two_runs_that_measured_nothing_are_not_the_same(evalkit: Evalkit, run: Callable[..., str]) -> None:
    ids = [run(WORDS)]
    for replicate in ("1", "2"):
        evalkit("run", "tiny.yaml", "--model", "mock:flaky?rate=1", "-q", "--replicate", replicate)
        ids.append(json.loads(evalkit("list", "--json").out)[0]["id"])
    exact = metric(document(evalkit, *ids[1:]), "accuracy", "exact_match")
    assert (exact["difference"], exact["conclusion"]) == (None, "unclear")
    called = evalkit("compare", *ids[1:], "--fail-on", "regression")
    assert called.code == 3
    assert "every case errored in both runs" in called.out
    assert called.out.splitlines()[-1].startswith("nothing to judge")


def test_the_cases_are_shown_with_prompt_and_both_answers(evalkit: Evalkit, two: tuple[str, str]) -> None:
    out = evalkit("compare", *two).out
    for text in ("Question b?", "blue", "pink", "Question e?", "Oslo", "Rome", "regressed", "fixed"):
        assert text in out


def test_show_bounds_what_is_printed_and_counts_the_rest(evalkit: Evalkit, two: tuple[str, str]) -> None:
    out = evalkit("compare", *two, "--show", "1").out
    assert "2 cases, 1 shown" in out
    assert len([case for case in ("pink", "grey") if case in out]) == 1
    found = document(evalkit, *two, "--show", "0")
    assert len(found["regressed"]) == 2
    assert "baseline_exchanges" not in found["regressed"][0]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_is_wider_than_the_screen(
    evalkit: Evalkit, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for candidates in (two[1:], two, (*two, two[1])):
        out = evalkit("compare", two[0], *candidates, "--fail-on", "regression").out
        assert all(len(line) <= width for line in out.splitlines())


def test_a_narrow_screen_keeps_each_interval_in_one_line(
    evalkit: Evalkit, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(Path(), MANY)
    before = run(MANY)
    after = run({**dict.fromkeys(MANY, "something else"), "row-0": MANY["row-0"]})
    found = metric(document(evalkit, before, after), "accuracy", "exact_match")["interval"]
    monkeypatch.setenv("COLUMNS", "40")
    lines = evalkit("compare", before, after).out.splitlines()
    assert found["low"] == -1
    whole = f"(−1 to {found['high']:.3f})".replace("-", "−")
    assert any(line.startswith("      ") and line.endswith(whole) for line in lines), whole


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_other_data_is_refused(evalkit: Evalkit, run: Callable[..., str], workdir: Path) -> None:
    before = run(WORDS)
    write_rows(workdir, {**WORDS, "a": "three"})
    after = run(WORDS)
    called = evalkit("compare", before, after)
    assert called.code == 2
    assert called.out == ""
    assert "dataset rows" in called.err
    assert "in the baseline" in called.err


def test_another_signature_is_refused(evalkit: Evalkit, run: Callable[..., str], workdir: Path) -> None:
    """Five repetitions and two measure different things under one name."""
    steady = "{name: tiny, datasets: {rows: {path: rows.jsonl}}, checks: {steady: {kind: determinism, repeats: %d}}}"
    for repeats in (2, 3):
        run(WORDS)
        (workdir / "steady.yaml").write_text(steady % repeats, encoding="utf-8")
        evalkit("run", "steady.yaml", "--model", "mock:oracle", "-q")
    ids = [row["id"] for row in json.loads(evalkit("list", "--json").out) if row["model"] == "mock:oracle"]
    called = evalkit("compare", *ids)
    assert called.code == 2
    assert "steady.identical" in called.err
    assert "repeats:2" in called.err
    assert "repeats:3" in called.err


def test_runs_without_a_common_check_are_refused(evalkit: Evalkit, run: Callable[..., str]) -> None:
    one, other = run(WORDS, "--only", "accuracy"), run(WORDS, "--only", "length")
    called = evalkit("compare", one, other)
    assert called.code == 2
    assert "no check in common" in called.err


def test_a_check_of_one_side_is_named(evalkit: Evalkit, run: Callable[..., str]) -> None:
    one, whole = run(WORDS, "--only", "accuracy"), run({**WORDS, "a": "x"})
    assert document(evalkit, one, whole)["missing"] == ["check length is in the candidate only"]
    assert "check length is in the candidate only" in evalkit("compare", one, whole).out


def test_a_name_too_long_for_a_file_is_no_file(evalkit: Evalkit, two: tuple[str, str]) -> None:
    called = evalkit("compare", "x" * 5000 + ".json", two[1])
    assert called.code == 2
    assert "there is no file 'xxx" in called.err


def test_two_outputs_at_once_are_refused(evalkit: Evalkit, two: tuple[str, str]) -> None:
    assert evalkit("compare", *two, "--json", "--markdown").code == 2


def test_runs_without_a_common_case_are_refused(evalkit: Evalkit, run: Callable[..., str], workdir: Path) -> None:
    before = run(WORDS)
    write_rows(workdir, {f"new-{name}": word for name, word in WORDS.items()})
    after = run(WORDS)
    called = evalkit("compare", before, after, "--allow-different")
    assert called.code == 2
    assert "no case in common" in called.err


# --- what is refused may be allowed -----------------------------------------------------------------------------------


def test_other_data_that_is_allowed_is_told_in_every_format(
    evalkit: Evalkit, run: Callable[..., str], workdir: Path
) -> None:
    before = run(WORDS)
    write_rows(workdir, {**WORDS, "a": "three"})
    after = run(WORDS)
    assert document(evalkit, before, after, "--allow-different")["allowed"][0].startswith("dataset rows of check")
    for options in ([], ["--markdown"]):
        assert "not alike: dataset rows" in evalkit("compare", before, after, "--allow-different", *options).out


def test_other_generation_settings_are_refused_and_may_be_allowed(
    evalkit: Evalkit, run: Callable[..., str], workdir: Path
) -> None:
    before = run(WORDS)
    (workdir / "tiny.yaml").write_text(SUITE + "generation: {max_tokens: 7, seed: 5}\n", encoding="utf-8")
    after = run(WORDS)
    called = evalkit("compare", before, after)
    assert called.code == 2
    assert "generation of check accuracy: max_tokens 128 in the baseline, 7 in the candidate" in called.err
    assert "seed" not in called.err
    assert "--allow-different" in called.err
    assert "max_tokens 128" in evalkit("compare", before, after, "--allow-different").out


def test_another_seed_is_no_other_setting(evalkit: Evalkit, run: Callable[..., str]) -> None:
    before, after = run(WORDS), run({**WORDS, "a": "x"}, "--seed", "9")
    assert evalkit("compare", before, after).code == 0


# --- several candidates -----------------------------------------------------------------------------------------------


def test_several_candidates_stand_side_by_side_before_their_details(
    evalkit: Evalkit, run: Callable[..., str], two: tuple[str, str]
) -> None:
    third = run(dict.fromkeys(WORDS, "nothing"))
    out = evalkit("compare", *two, third).out
    assert "2 candidates against" in out
    row = next(line for line in out.splitlines() if line.startswith("accuracy.exact_match"))
    assert row.split()[1:5] == ["0.800", "~", "0.600", "−0.200"]
    assert out.index(row) < out.index("B against A") < out.index("C against A")
    found = json.loads(evalkit("compare", *two, third, "--json").out)
    assert [entry["candidate"]["id"] for entry in found["candidates"]] == [two[1], third]
    markdown = evalkit("compare", *two, third, "--markdown").out
    assert "| `accuracy.exact_match` | 0.800 | ~ 0.600 | −0.200 (" in markdown


def test_a_run_against_itself_is_told(evalkit: Evalkit, two: tuple[str, str]) -> None:
    for options in ([], ["--markdown"]):
        assert "both sides are the same run" in evalkit("compare", two[0], two[0], *options).out


@pytest.mark.parametrize("options", [[], ["--markdown"], ["--json"]])
def test_the_same_comparison_is_the_same_bytes(evalkit: Evalkit, two: tuple[str, str], options: list[str]) -> None:
    first, second = (evalkit("compare", *two, two[0], *options).out for _ in range(2))
    assert first == second


def test_names_and_files_of_baselines_are_compared_like_runs(
    evalkit: Evalkit, two: tuple[str, str], workdir: Path
) -> None:
    evalkit("baseline", "set", two[0], "--as", "main")
    evalkit("baseline", "export", "main", "main.json")
    by_run = metric(document(evalkit, *two), "accuracy", "exact_match")
    for name in ("main", "main.json"):
        found = document(evalkit, name, two[1])
        assert metric(found, "accuracy", "exact_match") == by_run
        assert found["baseline"]["named"] == name
        assert {entry["case"] for entry in found["regressed"]} == {"b", "c"}
    assert "its answers are elsewhere" in evalkit("compare", "main.json", two[1]).out


# --- a verdict, where one is asked for --------------------------------------------------------------------------------


def test_fail_on_regression_exits_by_the_evidence_and_says_in_what(
    evalkit: Evalkit, run: Callable[..., str], workdir: Path
) -> None:
    write_rows(workdir, MANY)
    right, wrong = run(MANY), run(dict.fromkeys(MANY, "nothing"))
    fell = evalkit("compare", right, wrong, "--fail-on", "regression")
    assert fell.code == 1
    assert (
        fell.out.splitlines()[-1] == "regression, 1 of 1 metric with a gate worse beyond chance: accuracy.exact_match"
    )
    rose = evalkit("compare", wrong, right, "--fail-on", "regression")
    assert rose.code == 0
    assert rose.out.splitlines()[-1] == "no regression, none of 1 metric with a gate is worse beyond chance"
    assert evalkit("compare", right, wrong).code == 0
    assert evalkit("compare", right, right, wrong, "--fail-on", "regression").code == 1


def test_fail_on_regression_prints_json_alone(evalkit: Evalkit, run: Callable[..., str], workdir: Path) -> None:
    write_rows(workdir, MANY)
    right, wrong = run(MANY), run(dict.fromkeys(MANY, "nothing"))
    called = evalkit("compare", right, wrong, "--fail-on", "regression", "--json")
    assert called.code == 1
    (candidate,) = json.loads(called.out)["candidates"]
    assert candidate["regression"] == {
        "found": True,
        "worse": ["accuracy.exact_match"],
        "judged_by": "gates",
        "metrics": ["accuracy.exact_match"],
    }


def test_a_few_cases_fewer_are_no_regression(evalkit: Evalkit, two: tuple[str, str]) -> None:
    assert evalkit("compare", *two, "--fail-on", "regression").code == 0


# --- other renderings -------------------------------------------------------------------------------------------------


def test_markdown_has_a_table_and_the_cases(evalkit: Evalkit, two: tuple[str, str]) -> None:
    called = evalkit("compare", *two, "--markdown")
    assert called.code == 0
    assert "| `accuracy.exact_match` | 0.800 | 0.600 | −0.200 |" in called.out
    tables = [line for line in called.out.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in tables}) == 1
    assert called.out.count("<details>") == called.out.count("</details>") == 3


def test_hostile_answers_do_nothing_anywhere(evalkit: Evalkit, run: Callable[..., str]) -> None:
    evil = "\x1b[2J[red]x[/] @somebody ![a](http://x) </details><script>alert(1)</script>\n````\n# out"
    before, after = run(WORDS), run({**WORDS, "a": evil})
    terminal = evalkit("compare", before, after).out
    assert "\x1b" not in terminal
    assert "[red]x[/]" in terminal
    markdown = evalkit("compare", before, after, "--markdown").out
    assert "\x1b" not in markdown
    fenced = markdown[markdown.index("`````text") : markdown.rindex("`````")]
    assert "<script>" in fenced
    assert "<script>" not in markdown.replace(fenced, "")


def test_ascii_terminals_get_ascii(run: Callable[..., str]) -> None:
    before, after = run(WORDS), run({**WORDS, "a": "zwölf → 十二"})
    with open_store() as store:
        found = compare_runs(store, before, after)
    lines = [line.plain for line in rendering.render(found, unicode=False)]
    assert all(line.isascii() for line in lines)
    assert any("1 -> 0" in line for line in lines)


def test_markdown_stays_short_whatever_the_answers_say(run: Callable[..., str]) -> None:
    before = run(WORDS)
    after = run({name: f"{name} <&>" * 4000 for name in WORDS})
    with open_store() as store:
        found = compare_runs(store, before, after, show=5)
    assert len(rendering.to_markdown(found)) <= 60_000


def test_python_compares_as_the_command_line_does(two: tuple[str, str]) -> None:
    found = package.compare(*two)
    assert isinstance(found, Comparison)
    assert len(found.candidates) == 1
    assert [change.case for change in found.improved] == ["e"]
    change = next(entry for entry in found.metrics if entry.metric == "exact_match")
    assert change.cases is not None
    assert (change.cases.improved, change.cases.regressed) == (1, 2)


def test_a_run_with_a_baseline_says_of_every_metric_what_the_comparison_says(
    evalkit: Evalkit, run: Callable[..., str]
) -> None:
    write_rows(Path(), MANY)
    before = run(MANY)
    after = run(dict.fromkeys(MANY, "something else"), "--baseline", before)
    found = document(evalkit, before, after)
    compared = {f"{check['check']}.{one['metric']}": one for check in found["checks"] for one in check["metrics"]}
    report = json.loads(evalkit("report", after, "--format", "json").out)
    told = {f"{one['check']}.{one['metric']}": one for one in report["contrasts"]}
    assert told.keys() == compared.keys() >= {"accuracy.rougeL", "accuracy.bleu", "length.words"}
    for name, one in told.items():
        for key in ("baseline", "difference", "interval", "p_value", "p_adjusted", "conclusion", "pairs"):
            assert one[key] == compared[name][key], (name, key)
    assert told["accuracy.exact_match"]["conclusion"] == "worse"
    counts = {one["check"]: one for one in report["case_counts"]}
    assert counts["accuracy"] == {"check": "accuracy", "fixed": 0, "regressed": 12, "moved": 0, "same": 0}
    assert (len(found["regressed"]), len(found["improved"])) == (12, 0)
    assert "12 cases regressed, 0 were fixed" in evalkit("report", after).out


def test_a_value_that_moved_within_its_target_regressed_in_no_format(evalkit: Evalkit, run: Callable[..., str]) -> None:
    text = SUITE.replace("[accuracy.exact_match >= 0.5]", "[accuracy.rougeL >= 0.3]")
    Path("tiny.yaml").write_text(text, encoding="utf-8")
    words = {name: f"{word} and more" for name, word in WORDS.items()}
    write_rows(Path(), words)
    before = run(words)
    after = run({**words, "a": "two and", "b": "something else"}, "--baseline", before)
    found = document(evalkit, before, after)
    assert [(one["case"], one["direction"]) for one in found["regressed"]] == [("b", "regressed")]
    assert [(one["case"], one["direction"]) for one in found["moved"]] == [("a", "lower")]
    report = json.loads(evalkit("report", after, "--format", "json").out)
    assert {one["case"]: one["kind"] for one in report["changes"]} == {"b": "regressed", "a": "lower"}
    assert "moved  1 case" in evalkit("compare", before, after).out
    comment = evalkit("report", after, "--format", "markdown").out
    assert "**Regressed:** 1 case" in comment
    assert "1 case regressed, 0 were fixed, 1 moved without either" in comment
