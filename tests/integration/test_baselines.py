"""Baselines as people use them: by name, file and run; what differs is said before anything is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import Interrupted, RunNotFound, StoreError
from evalkit.records import Verdict
from evalkit.results import Result
from evalkit.runner import baseline_file
from evalkit.runner.baseline import find_baseline, fixed_name
from evalkit.runner.document import from_json, to_json
from evalkit.runner.execute import run_suite
from evalkit.runner.kept import kept_run
from evalkit.runner.plan import Scope, make_plan
from evalkit.runner.running import RunOptions
from evalkit.runner.under_way import Progress
from evalkit.store import Store, open_store
from evalkit.suite.load import Suite, load_suite

ROWS = 60
WORSE = "mock:degraded?drop=0.3"
CHECKS = "checks: {accuracy: {metrics: [exact_match, bleu, rougeL]}}\n"
GATES = (
    "gates:\n"
    "  - accuracy.exact_match >= baseline - 0.05\n"
    "  - accuracy.rougeL >= baseline - 0.1\n"
    "  - accuracy.bleu > baseline\n"
    "  - accuracy.exact_match[category=a] >= baseline - 0.05\n"
    "  - accuracy.rougeL by category >= baseline - 0.1\n"
    "  - accuracy.coverage >= baseline\n"
)
Make = Callable[..., Suite]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A suite over ``rows`` rows; the first ``without`` of them are left out."""

    def suite(text: str = CHECKS + GATES, rows: int = ROWS, without: int = 0, name: str = "s") -> Suite:
        lines = (
            json.dumps(
                {
                    "id": f"r/{i}" if i != 5 else "r/5 ü",
                    "prompt": f"say {i} ü",
                    "references": [f"say the number {i} aloud"],
                    "category": "ab"[i % 2],
                    "document_id": f"d{i // 3}",
                }
            )
            for i in range(without, rows)
        )
        (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
        path = tmp_path / f"{name}.yaml"
        data = "datasets: {d: {path: rows.jsonl}}\n"
        path.write_text(f"name: {name}\n{data}{text}", encoding="utf-8")
        return load_suite(path)

    return suite


def run(suite: Suite, store: Store, model: str = "mock:oracle", **options: Any) -> Result:
    return run_suite(suite, model, store, RunOptions(**options))


def export(store: Store, result: Result, path: Path) -> Path:
    baseline_file.write(baseline_file.render(kept_run(store, result.run)), path)
    return path


def written(result: Result) -> list[Verdict]:
    return [verdict for verdict in result.outcome.verdicts if not verdict.automatic]


def refusal(suite: Suite, store: Store, name: str, **options: Any) -> str:
    """Refused before anything is asked: no run begins."""
    before = len(store.list_runs())
    with pytest.raises(StoreError) as caught:
        run(suite, store, WORSE, baseline=name, **options)
    assert len(store.list_runs()) == before
    assert caught.value.hint
    return f"{caught.value}"


# --- files ------------------------------------------------------------------------------------------------------------


def test_gates_decide_the_same_by_name_file_import_and_run(make: Make, store: Store, tmp_path: Path) -> None:
    suite = make()
    before = run(suite, store)
    file = export(store, before, tmp_path / "kept" / "main.json")
    store.set_baseline("main", "s", before.run.id)
    text = baseline_file.canonical(baseline_file.read(file), "")
    store.import_baseline("from/file", "s", before.run.id, text)
    names = (before.run.id, before.run.id[:20], "main", "from/file", str(file))
    found = [find_baseline(store, make_plan(suite), name) for name in names]
    assert {baseline.run_id for baseline in found} == {before.run.id}
    assert not any(baseline.differences for baseline in found)
    seen = {name: written(run(suite, store, WORSE, baseline=name)) for name in names}
    first = seen.pop(before.run.id)
    assert len(first) == 6
    assert any(verdict.contrast and verdict.contrast.value for verdict in first)
    for name, verdicts in seen.items():
        for one, other in zip(first, verdicts, strict=True):
            reason = other.reason.replace(f"{name} (run {before.run.id})", before.run.id)
            assert replace(other, reason=reason) == one, name


def test_the_same_run_is_the_same_bytes_and_comes_back_the_same(make: Make, store: Store, tmp_path: Path) -> None:
    before = run(make(), store, WORSE)
    text = export(store, before, tmp_path / "a.json").read_text()
    assert export(store, before, tmp_path / "b.json").read_text() == text
    assert baseline_file.render(baseline_file.parse(text, "a.json")) == text
    loaded, kept = kept_run(store, before.run), baseline_file.parse(text, "a.json")
    assert kept.run == loaded.run
    assert "baseline" not in kept.run.options  # what it was compared with may be a path
    assert list(kept.checks.values()) == list(loaded.checks.values())
    assert list(kept.cases("accuracy")) == list(loaded.cases("accuracy"))
    document = json.loads(text)
    assert list(document) == sorted(document)
    lines = text.splitlines()
    assert sum(line.startswith('{"cluster":"d') for line in lines) == ROWS  # one line a case
    for secret in ("say 1", "say the", '"category"'):  # prompts, answers and references, labels
        assert secret not in text


def test_line_ends_and_a_byte_order_mark_change_nothing(make: Make, store: Store, tmp_path: Path) -> None:
    file = export(store, run(make(), store), tmp_path / "a.json")
    text = file.read_text()
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert baseline_file.canonical(baseline_file.read(file), "") == text
    assert find_baseline(store, make_plan(make()), str(file)).tables


def edited(text: str, change: Callable[[dict[str, Any]], None], *, digest: bool = True) -> str:
    """As somebody does who knows the format, and mends the digest too."""
    document = json.loads(text)
    change(document)
    if digest:
        document["digest"] = baseline_file._digest(document)
    return json.dumps(document)


def case(document: dict[str, Any], position: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = document["checks"]["accuracy"]["cases"][position]
    return found


def metric(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in document["checks"]["accuracy"]["metrics"] if found["name"] == name)


def nested(document: dict[str, Any]) -> None:
    document["environment"] = {}
    inner = document["environment"]
    for _ in range(200):
        inner["x"] = {}
        inner = inner["x"]


DAMAGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "other kind": (lambda d: d.update(kind="report"), "no baseline"),
    "no kind": (lambda d: d.pop("kind"), "no baseline"),
    "newer": (lambda d: d.update(schema=2), "schema 2 cannot be read"),
    "schema that is true": (lambda d: d.update(schema=True), "schema True"),
    "no run": (lambda d: d.pop("run"), "run: field required"),
    "run without id": (lambda d: d["run"].update(id=""), "run.id"),
    "partial": (lambda d: d["run"].update(partial=True), "run.partial"),
    "interrupted": (lambda d: d["run"].update(state="interrupted"), "run.state"),
    "unknown key": (lambda d: d.update(extra=1), "extra"),
    "checks as a list": (lambda d: d.update(checks=[]), "checks"),
    "cases as text": (lambda d: d["checks"]["accuracy"].update(cases="all"), "checks.accuracy.cases"),
    "fingerprint as a number": (lambda d: d["checks"]["accuracy"].update(dataset_fingerprint=1), "dataset_fingerprint"),
    "text in a vector": (lambda d: case(d)["results"].update(rougeL=["1", 1]), "cases.0.results.rougeL"),
    "null in a vector": (lambda d: case(d)["results"].update(rougeL=[None, 1]), "cases.0.results.rougeL"),
    "a huge whole number": (lambda d: case(d)["results"].update(rougeL=[10**400, 1]), "cases.0.results.rougeL"),
    "sums would overflow": (lambda d: case(d)["results"].update(bleu=[1e308] * 10), "beyond 1e+100"),
    "too long for a mean": (lambda d: case(d)["results"].update(rougeL=[1, 1, 1]), "3 numbers, where a mean has 2"),
    "an empty vector": (lambda d: case(d)["results"].update(bleu=[]), "0 numbers"),
    "ragged corpus": (lambda d: case(d, 1)["results"].update(bleu=[1, 2]), "2 numbers, where a corpus has 10"),
    "worst of another length": (lambda d: metric(d, "exact_match").update(worst=[0]), "exact_match.worst"),
    "unknown metric": (lambda d: case(d)["results"].update(invented=[1, 1]), "'invented'"),
    "kind of metric": (lambda d: metric(d, "bleu").update(kind="vibes"), "kind"),
    "bounds of three": (lambda d: metric(d, "rougeL").update(bounds=[0, 1, 2]), "bounds"),
    "metric twice": (lambda d: d["checks"]["accuracy"]["metrics"].append(metric(d, "bleu")), "twice"),
    "case twice": (lambda d: d["checks"]["accuracy"]["cases"].append(case(d)), "twice"),
    "status that does not fit": (lambda d: case(d).update(status="errored"), "says 'errored'"),
    "invented status": (lambda d: case(d).update(status="great"), "status"),
    "id as a number": (lambda d: case(d).update(id=7), "cases.0.id"),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("exported")
    (folder / "rows.jsonl").write_text('{"id": "a", "prompt": "x", "references": ["x y"]}\n' * 1)
    with (folder / "rows.jsonl").open("a") as rows:
        rows.write('{"id": "b", "prompt": "z", "references": ["z y"]}\n')
    (folder / "s.yaml").write_text(f"name: s\ndatasets: {{d: {{path: rows.jsonl}}}}\n{CHECKS}")
    with open_store(":memory:") as store:
        return baseline_file.render(kept_run(store, run(load_suite(folder / "s.yaml"), store).run))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_what_is_wrong(exported: str, damage: str) -> None:
    change, said = DAMAGES[damage]
    with pytest.raises(StoreError) as caught:
        baseline_file.parse(edited(exported, change), "kept/main.json")
    assert "kept/main.json" in str(caught.value)
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no baseline"),
        ("not JSON", "no baseline"),
        ("[]", "no baseline"),
        ("null", "no baseline"),
        ("[" * 100_000, "no baseline"),
        ('{"a":' * 100_000, "no baseline"),
        ('{"kind": "evalkit baseline", "schema": NaN}', "NaN"),
        ('{"kind": "evalkit baseline", "schema": 1e999}', "1e999"),
        ('{"kind": "evalkit baseline", "schema": ' + "9" * 10_000 + "}", "no baseline"),
        ('{"kind": "evalkit baseline", "kind": "evalkit baseline"}', "'kind' twice"),
        ('{"kind": "evalkit baseline", "schema": 1}', "field required"),
    ],
)
def test_a_file_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(StoreError, match=r"main\.json") as caught:
        baseline_file.parse(text, "main.json")
    assert said in str(caught.value)


def test_a_file_that_was_edited_by_hand_is_noticed(exported: str) -> None:
    def better(document: dict[str, Any]) -> None:
        case(document)["results"]["exact_match"] = [0, 1]

    with pytest.raises(StoreError, match="not as it was exported"):
        baseline_file.parse(edited(exported, better, digest=False), "main.json")
    assert baseline_file.parse(edited(exported, better), "main.json")  # who mends the digest too means it
    assert baseline_file.parse(edited(exported, nested), "main.json")


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match=r"bytes\.json.*UTF-8"):
        baseline_file.read(tmp_path / "bytes.json")
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(StoreError, match="cannot be read"):
            baseline_file.read(path)
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "x.json", Path("/proc/none/x.json"), Path("a\0.json")):
        with pytest.raises(StoreError, match=r"cannot be written|a folder"):
            baseline_file.write("{}", path)
    baseline_file.write("{}", tmp_path / "made" / "x.json")
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["x.json"]


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_file_comes_before_a_name_and_a_name_before_a_run(
    make: Make, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = make()
    first, second = run(suite, store), run(suite, store, WORSE)
    monkeypatch.chdir(tmp_path)
    store.set_baseline(first.run.id[:15], "s", second.run.id)  # as somebody may who wants to confuse
    plan = make_plan(suite)
    assert find_baseline(store, plan, first.run.id[:15]).run_id == second.run.id
    export(store, first, tmp_path / "main.json")
    assert find_baseline(store, plan, "main.json").run_id == first.run.id
    (tmp_path / "main").write_text("no baseline, and not named like one")
    store.set_baseline("main", "s", second.run.id)
    assert find_baseline(store, plan, "main").name == f"main (run {second.run.id})"


def test_last_is_fixed_before_other_runs_are_made(make: Make, store: Store, tmp_path: Path) -> None:
    suite = make()
    before = run(suite, store)
    store.set_baseline("main", "s", before.run.id)
    file = str(export(store, before, tmp_path / "main.json"))
    for name in ("last", "last:s", before.run.id, before.run.id[:-1]):
        assert fixed_name(store, suite, name) == before.run.id
    for name in ("", "main", file):
        assert fixed_name(store, suite, name) == name
    with pytest.raises(RunNotFound, match="no run"):
        fixed_name(store, suite, "nothing")


def test_an_unknown_name_is_an_error_with_the_nearest_of_both_kinds(make: Make, store: Store) -> None:
    suite = make()
    before = run(suite, store)
    store.set_baseline("release/2.0", "s", before.run.id)
    assert "did you mean 'release/2.0'?" in refusal(suite, store, "releases/2.0")
    other = before.run.id[:-1] + ("0" if before.run.id[-1] != "0" else "1")
    assert f"did you mean '{before.run.id}'?" in refusal(suite, store, other)
    assert "no file 'kept.json'" in refusal(suite, store, "kept.json")
    assert "no baseline and no run" in refusal(suite, store, "\0\ud800" * 3000)
    run(suite, store)
    assert "more than one run" in refusal(suite, store, "20")


# --- what is no baseline ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [Scope(limit=5), Scope(only=("accuracy",))])
def test_a_partial_run_is_no_baseline(make: Make, store: Store, scope: Scope) -> None:
    suite = make()
    run(suite, store, scope=scope)
    assert "partial (made with --limit or --only)" in refusal(suite, store, "last")
    assert "whole suite" in refusal(suite, store, "last", allow_different=True)


def test_a_run_that_did_not_finish_is_no_baseline(make: Make, store: Store) -> None:
    suite = make()

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(suite, store, on_progress=stop)
    interrupted = store.get_run("last").id
    assert f"run {interrupted} is interrupted" in refusal(suite, store, interrupted)
    store.transition(interrupted, "running")
    assert "is running" in refusal(suite, store, interrupted)
    store.transition(interrupted, "failed")
    assert "is failed" in refusal(suite, store, interrupted)
    assert "no finished run" in refusal(suite, store, "last")


def test_a_run_that_mostly_failed_is_no_baseline_and_nothing_is_better_than_errors(
    make: Make, store: Store, tmp_path: Path
) -> None:
    """Errors count as the worst value: beside them, any model would be shown to be better."""
    run(make(), store, "mock:flaky?rate=1")
    assert "not measured, 60 of 60 cases" in refusal(make(), store, "last")
    tolerant = make("errors: {tolerance: 1}\n" + CHECKS + GATES)
    file = export(store, run(tolerant, store, "mock:flaky?rate=1"), tmp_path / "failed.json")
    for allow in (False, True):
        said = refusal(tolerant, store, str(file), allow_different=allow)
        assert "every case of check 'accuracy' errored in the baseline" in said


# --- what differs -----------------------------------------------------------------------------------------------------


def test_other_cases_are_refused_and_listed_where_they_are_allowed(make: Make, store: Store, tmp_path: Path) -> None:
    before = run(make(rows=ROWS), store)
    suite = make(rows=ROWS + 2, without=3)  # 57 in common, r/0 to r/2 there alone, r/60 and r/61 here alone
    said = refusal(suite, store, before.run.id)
    assert "check accuracy: other data; dataset 'd'" in said
    assert "--allow-different" in said
    file = export(store, before, tmp_path / "main.json")
    for name in (before.run.id, str(file)):
        found = run(suite, store, WORSE, baseline=name, allow_different=True)
        assert len(found.differences) == 1
        contrast = written(found)[0].contrast
        assert contrast is not None
        assert (contrast.pairs, contrast.missing) == (ROWS - 3, 5)
        assert sorted(contrast.only_there) == ["r/0", "r/1", "r/2"]
        assert sorted(contrast.only_here) == ["r/60", "r/61"]
    assert from_json(to_json(found)).differences == found.differences  # kept with the result


def test_other_settings_are_refused_one_by_one(make: Make, store: Store) -> None:
    base = "generation: {max_tokens: 20, stop: [x]}\n"
    before = run(make(base + CHECKS), store)
    suite = make("generation: {max_tokens: 30, temperature: 0.7, top_p: 0.9, seed: 4}\n" + CHECKS + GATES)
    said = refusal(suite, store, before.run.id)
    assert "max_tokens 20 in the baseline, 30 here" in said
    assert "temperature 0.0 in the baseline, 0.7 here" in said
    assert "top_p 1.0 in the baseline, 0.9 here" in said
    assert "stop 'x' in the baseline, none here" in said
    assert "seed" not in said
    allowed = run(suite, store, WORSE, baseline=before.run.id, allow_different=True)
    assert len(allowed.differences) == 4


def test_settings_of_any_shape_in_a_file_are_told(make: Make, store: Store, tmp_path: Path) -> None:
    """Generation settings are free in a file: a mapping must not end in a traceback."""
    text = export(store, run(make(), store), tmp_path / "main.json").read_text()
    change = edited(text, lambda d: d["checks"]["accuracy"]["generation"].update(max_tokens={"a": [1]}))
    (tmp_path / "main.json").write_text(change)
    said = refusal(make(), store, str(tmp_path / "main.json"))
    assert "max_tokens {'a': [1]} in the baseline, 128 here" in said


def test_what_changes_no_greedy_answer_is_no_difference(make: Make, store: Store) -> None:
    before = run(make("generation: {top_p: 0.5, seed: 1}\n" + CHECKS), store)
    assert run(make("generation: {top_p: 1.0, seed: 2}\n" + CHECKS + GATES), store, baseline=before.run.id)


def test_what_an_older_run_did_not_say_is_not_held_against_it(make: Make, store: Store) -> None:
    before = run(make(CHECKS), store)
    suite = make("generation: {max_tokens: 7}\n" + CHECKS + GATES)
    assert "max_tokens" in refusal(suite, store, before.run.id)
    document = json.loads(store.get_result(before.run.id))
    del document["checks"][0]["generation"]
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE results SET document = ?", (json.dumps(document),))
    assert run(suite, store, baseline=before.run.id).differences == ()


def test_a_check_or_metric_that_the_baseline_lacks_is_said(make: Make, store: Store) -> None:
    other = run(make("checks: {accuracy: {metrics: [rougeL]}}\n", name="other"), store)
    suite = make()
    said = refusal(suite, store, other.run.id)
    assert "metric accuracy.exact_match: the baseline does not have it (its metrics: rougeL" in said
    assert "metric accuracy.rougeL" not in said
    words = make("checks: {words: {kind: length}}\n", name="words")
    without = run(words, store)
    said = refusal(make(), store, without.run.id)
    assert "check accuracy: the baseline of suite 'words' does not have it (its checks: words)" in said
    allowed = run(make(), store, baseline=without.run.id, allow_different=True)
    assert {verdict.word.value for verdict in written(allowed)} == {"unsure"}
    assert "did not measure" in written(allowed)[0].reason


def test_a_baseline_of_another_suite_serves_where_it_has_all_that_gates_compare(make: Make, store: Store) -> None:
    other = run(make(CHECKS, name="other"), store)
    store.set_baseline("main", "other", other.run.id)
    found = run(make(name="s"), store, WORSE, baseline="main")
    assert written(found)[0].contrast
    assert found.differences == ("the baseline is of suite 'other', this run of 's'",)


def test_another_kind_of_check_is_another_check(make: Make, store: Store) -> None:
    before = run(make("checks: {it: {kind: accuracy, metrics: [rougeL]}}\n"), store)
    suite = make("checks: {it: {kind: length}}\ngates: [it.words <= baseline + 3]\n")
    said = refusal(suite, store, before.run.id)
    assert "check it: kind accuracy in the baseline, length here" in said
    assert "metric it.words: the baseline does not have it" in said


def test_what_no_gate_compares_is_told_and_refuses_nothing(make: Make, store: Store) -> None:
    before = run(make("generation: {max_tokens: 5}\n" + CHECKS), store)
    found = find_baseline(store, make_plan(make(CHECKS)), before.run.id)
    assert len(found.differences) == 1
    assert "max_tokens 5" in found.differences[0]
    assert found.differences[0].endswith("(no gate compares it)")


def test_statistics_of_another_shape_are_never_compared(make: Make, store: Store, tmp_path: Path) -> None:
    suite = make()
    text = export(store, run(suite, store), tmp_path / "main.json").read_text()

    def other_bleu(document: dict[str, Any]) -> None:
        metric(document, "bleu").update(signature="another", worst=None)
        for one in document["checks"]["accuracy"]["cases"]:
            one["results"]["bleu"] = [1, 2, 3]

    (tmp_path / "main.json").write_text(edited(text, other_bleu))
    assert "metric accuracy.bleu: another in the baseline" in refusal(suite, store, str(tmp_path / "main.json"))
    found = run(suite, store, WORSE, baseline=str(tmp_path / "main.json"), allow_different=True)
    verdict = next(verdict for verdict in written(found) if "bleu" in verdict.gate)
    assert verdict.word.value == "unsure"
    assert "3 there" in verdict.reason


def test_a_run_that_stopped_early_is_a_baseline_and_its_gaps_are_listed(make: Make, store: Store) -> None:
    rows = 400
    gates = "gates: [accuracy.exact_match >= 0.5]\n"
    before = run(make(CHECKS + gates, rows=rows), store, stop_early=True)
    asked = before.checks[0].counts.planned
    assert asked < rows
    found = run(make(rows=rows), store, WORSE, baseline=before.run.id)
    contrast = written(found)[0].contrast
    assert contrast is not None
    assert contrast.pairs == asked
    assert len(contrast.only_here) == rows - asked
    assert contrast.only_there == ()
