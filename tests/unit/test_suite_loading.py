"""Suite files: what they may say, and how mistakes are explained with file, line and the nearest valid name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.errors import EvalkitError, SuiteError
from evalkit.records import Decoding
from evalkit.runner.plan import Scope, make_plan
from evalkit.suite.find import bundled_suites, find_suite
from evalkit.suite.load import Suite, load_suite
from evalkit.suite.schema import json_schema

GOOD = """\
name: good
datasets:
  qa: {path: qa.jsonl}
generation: {max_tokens: 32, seed: 5}
checks:
  accuracy: {dataset: qa, metrics: [exact_match, rougeL]}
  chat:
    kind: length
    generation: {temperature: 0.7}
gates:
  - accuracy.rougeL > 0.2
  - {gate: chat.words < 90, about: dataset}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"id": f"q{i}", "question": f"Which number follows {i}?", "references": [str(i + 1)], "category": "ab"[i % 2]}
        for i in range(20)
    ]
    (tmp_path / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def load(folder: Path, text: str, name: str = "suite.yaml") -> Suite:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_suite(path)


def refused(folder: Path, text: str) -> EvalkitError:
    with pytest.raises(EvalkitError) as caught:
        make_plan(load(folder, text))
    assert caught.value.exit_code == 2
    return caught.value


def test_a_good_suite_resolves(folder: Path) -> None:
    suite = load(folder, GOOD)
    assert [check.name for check in suite.checks] == ["accuracy", "chat"]
    assert suite.check("accuracy").decoding == Decoding(max_tokens=32, seed=5)
    assert suite.check("chat").decoding == Decoding(max_tokens=32, temperature=0.7, seed=5)
    assert [gate.about for gate in suite.gates if not gate.automatic] == ["population", "dataset"]


def test_every_check_has_a_coverage_gate_unless_the_suite_wrote_one(folder: Path) -> None:
    automatic = [gate.text for gate in load(folder, GOOD).gates if gate.automatic]
    assert automatic == ["accuracy.coverage >= 0.5", "chat.coverage >= 0.5"]
    own = load(folder, GOOD + "  - chat.coverage >= 0.9\n")
    assert [gate.text for gate in own.gates if gate.automatic] == ["accuracy.coverage >= 0.5"]


def test_a_seed_replaces_all_seeds(folder: Path) -> None:
    path = folder / "suite.yaml"
    path.write_text(GOOD.replace("temperature: 0.7", "temperature: 0.7, seed: 3"), encoding="utf-8")
    assert {check.decoding.seed for check in load_suite(path, seed=99).checks} == {99}


@pytest.mark.parametrize(
    ("change", "line", "says", "hint"),
    [
        (("name: good", "nmae: good"), 1, "unknown key 'nmae'", "'name'"),
        (("max_tokens: 32", "max_token: 32"), 4, "unknown key 'max_token'", "'max_tokens'"),
        (("max_tokens: 32", "max_tokens: 0"), 4, "greater than or equal to 1", ""),
        (("temperature: 0.7", "temperature: 2.5"), 9, "less than or equal to 2", ""),
        (("temperature: 0.7", "top_p: 0"), 9, "greater than 0", ""),
        (("metrics:", "metric:"), 6, "unknown key 'metric' in check 'accuracy'", "'metrics'"),
        (
            ("metrics:", "extract: numbr, metrics:"),
            6,
            "no rule 'numbr' to extract by; there are: number",
            "{json: ...}",
        ),
        (("metrics:", "atempts: 3, metrics:"), 6, "unknown key 'atempts' in check 'accuracy'", "'attempts'"),
        (("kind: length", "kind: lenght"), 8, "unknown kind 'lenght'", "'length'"),
        (("rougeL]", "rougel]"), 6, "rougel", "'rougeL'"),
        (("dataset: qa", "dataset: qb"), 6, "unknown dataset 'qb'", "of this suite: qa"),
        (("accuracy.rougeL > 0.2", "accuracy.bleu > 0.2"), 11, "does not measure: 'bleu'", "rougeL"),
        (("accuracy.rougeL > 0.2", "acuracy.rougeL > 0.2"), 11, "does not have: 'acuracy'", "'accuracy'"),
        (("accuracy.rougeL > 0.2", "accuracy.rougeL > x"), 11, "cannot read gate", "forms"),
        (("accuracy.rougeL > 0.2", "accuracy.rougeL[topic=a] > 0.2"), 11, "slices by 'topic'", "category"),
        (("accuracy.rougeL > 0.2", "accuracy.rougeL[category=c] > 0.2"), 11, "no row has category=c", "a, b"),
        (("kind: length", "kind: length\n    tolerance: x"), 9, 'tolerance\': should be a number, not "x"', ""),
        (("kind: length", "kind: length\n    short: 5"), 9, "short': should be a range, such as {min: 5, max: 50}", ""),
        (("metrics:", "extract: {regex: '('}, metrics:"), 6, "extract': the pattern '(' does not compile", ""),
        (("[exact_match, rougeL]", "exact_match"), 6, "metrics': should be a list, not", ""),
        (("about: dataset", "about: datasets"), 12, "'population' or 'dataset'", ""),
        (("chat:\n", "bias: {}\n  chat:\n"), 7, "needs the column 'group'", "it has: references, category"),
        (("checks:\n", "checks:\n  accuracy: {kind: length}\n"), 7, "duplicate key", ""),
        (("  qa: {path: qa.jsonl}", "  qa: {path: qa.jsonl"), 4, "not valid YAML", "quotes"),
    ],
)
def test_mistakes_are_named_with_line_and_nearest_name(
    folder: Path, change: tuple[str, str], line: int, says: str, hint: str
) -> None:
    assert change[0] in GOOD
    error = refused(folder, GOOD.replace(*change, 1))
    assert says in str(error)
    assert hint in str(error)
    assert f"suite.yaml:{line}" in str(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a suite is a mapping"),
        ("- a list", "a suite is a mapping"),
        ("name: x", "missing"),
        ("name: x\ndatasets: {}\nchecks: {}\n", "at least 1"),
        ("name: 'has spaces'\ndatasets: {qa: {path: qa.jsonl}}\nchecks: {length: {}}\n", "pattern"),
    ],
)
def test_what_is_no_suite_is_refused(folder: Path, text: str, says: str) -> None:
    assert says in refused(folder, text).message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + "".join(f"{k}: &{k} [{', '.join(['*' + p] * 10)}]\n" for p, k in zip("abcdef", "bcdefg", strict=True)),
            "aliases",
        ),
        ("name: " + "[" * 5000, "nesting"),
        ("name: !!python/object/apply:os.system ['true']\n", "tag"),
    ],
    ids=["aliases of aliases", "deep", "tag"],
)
def test_hostile_yaml_is_refused_at_once(folder: Path, text: str, says: str) -> None:
    assert says in str(refused(folder, text))


def test_a_filter_that_matches_nothing(folder: Path) -> None:
    error = refused(folder, GOOD.replace("path: qa.jsonl", "path: qa.jsonl, where: \"category == 'z'\""))
    assert "category == 'z'" in str(error)


def test_a_missing_dataset_file(folder: Path) -> None:
    error = refused(folder, GOOD.replace("qa.jsonl", "aq.jsonl"))
    assert "aq.jsonl" in error.where
    assert "did you mean 'qa.jsonl'?" in error.hint


def test_an_empty_dataset(folder: Path) -> None:
    (folder / "qa.jsonl").write_text("", encoding="utf-8")
    assert "qa.jsonl" in str(refused(folder, GOOD))


def test_only_and_limit_make_a_smaller_plan(folder: Path) -> None:
    suite = load(folder, GOOD)
    whole, part = make_plan(suite), make_plan(suite, Scope(only=("chat",), limit=3))
    assert sum(len(block) for block in whole.blocks()) == 40
    assert [one.check.name for block in part.blocks() for one in block] == ["chat"] * 3
    first_three = [one.case.id for block in whole.blocks() for one in block if one.check.name == "chat"][:3]
    assert [one.case.id for block in part.blocks() for one in block] == first_three
    with pytest.raises(SuiteError, match="'chta'"):
        make_plan(suite, Scope(only=("chta",)))


def test_extends_merges_mappings_and_replaces_lists(folder: Path) -> None:
    load(folder, GOOD, "base.yaml")
    nested = folder / "nested"
    nested.mkdir()
    child = load(
        nested,
        "extends: ../base.yaml\nname: child\ngeneration: {max_tokens: 8}\ngates: [chat.words < 50]\n",
    )
    assert child.name == "child"
    assert child.check("accuracy").decoding == Decoding(max_tokens=8, seed=5)
    assert [gate.text for gate in child.gates if not gate.automatic] == ["chat.words < 50"]
    assert len(make_plan(child).datasets["qa"].samples) == 20


def test_an_error_in_an_extended_file_names_that_file(folder: Path) -> None:
    (folder / "base.yaml").write_text(GOOD.replace("max_tokens: 32", "max_tokens: 0"), encoding="utf-8")
    error = refused(folder, "extends: base.yaml\nname: child\n")
    assert "base.yaml:4" in error.where


def test_extends_in_a_circle_is_refused(folder: Path) -> None:
    (folder / "a.yaml").write_text("extends: b.yaml\n", encoding="utf-8")
    (folder / "b.yaml").write_text("extends: a.yaml\n", encoding="utf-8")
    with pytest.raises(SuiteError, match="circle"):
        load_suite(folder / "a.yaml")


def test_the_fingerprint_is_of_what_is_asked_not_of_where_it_lies(folder: Path, tmp_path: Path) -> None:
    first = load(folder, GOOD)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "qa.jsonl").write_bytes((folder / "qa.jsonl").read_bytes())
    assert load(moved, "# a comment\n" + GOOD).fingerprint == first.fingerprint
    assert load(folder, GOOD.replace("0.2", "0.3")).fingerprint != first.fingerprint
    assert load(folder, GOOD.replace("seed: 5", "seed: 6")).fingerprint != first.fingerprint


@pytest.mark.parametrize("name", sorted(bundled_suites()))
def test_suites_that_ship_load_and_plan(name: str) -> None:
    plan = make_plan(load_suite(find_suite(name)))
    assert sum(len(block) for block in plan.blocks()) > 0


def test_an_unknown_suite_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(SuiteError) as caught:
        find_suite("quickstrat")
    assert "'quickstart'" in caught.value.hint


def test_the_schema_for_editors_knows_every_key() -> None:
    schema = json_schema()
    assert {"name", "datasets", "checks", "gates", "extends", "generation"} <= set(schema["properties"])


# --- attempts ---------------------------------------------------------------------------------------------------------

SEVERAL = GOOD.replace("generation: {max_tokens: 32, seed: 5}", "generation: {temperature: 0.7}").replace(
    "rougeL]}", "rougeL], attempts: 4}"
)


def test_attempts_make_metrics_that_gates_may_name(folder: Path) -> None:
    suite = load(folder, SEVERAL + "  - accuracy.exact_match_pass@4 >= 0.8\n  - accuracy.exact_match_pass^4 >= 0.1\n")
    accuracy = suite.check("accuracy")
    assert accuracy.attempts == 4
    assert accuracy.required == ("references",)
    assert {metric.name for metric in accuracy.check.metrics} == {
        "exact_match",
        "exact_match_pass@2",
        "exact_match_pass@4",
        "exact_match_pass^4",
        "exact_match_majority",
        "exact_match_attempt_variance",
        "rougeL",
        "rougeL_attempt_variance",
    }
    assert [metric.name for metric in suite.check("chat").check.metrics][:2] == ["words", "sentences"]


def test_one_attempt_is_the_plain_check(folder: Path) -> None:
    one, plain = load(folder, SEVERAL.replace("attempts: 4", "attempts: 1")), load(folder, GOOD)
    assert type(one.check("accuracy").check) is type(plain.check("accuracy").check)
    assert one.check("accuracy").check.metrics == plain.check("accuracy").check.metrics


def test_attempts_are_part_of_what_a_suite_asks(folder: Path) -> None:
    assert load(folder, SEVERAL).fingerprint != load(folder, SEVERAL.replace("attempts: 4", "attempts: 5")).fingerprint


@pytest.mark.parametrize(
    ("change", "line", "says", "hint"),
    [
        (("{temperature: 0.7}", "{temperature: 0}"), 6, "4 times at temperature 0", "temperature: 0.7"),
        (("kind: length", "kind: determinism\n    attempts: 2"), 9, "'chat' cannot ask each prompt 2 times", "repeats"),
        (("kind: length", "kind: performance\n    attempts: 2"), 9, "does not judge one answer to each prompt", ""),
        (("attempts: 4", "attempts: 0"), 6, "greater than or equal to 1", ""),
        (("accuracy.rougeL >", "accuracy.exact_match_pass@3 >"), 11, "does not measure", "'exact_match_pass@"),
        (("accuracy.rougeL >", "chat.within_pass@8 >"), 11, "check 'chat' asks each prompt once", "attempts: 8"),
        (("accuracy.rougeL >", "chat.within_majority >"), 11, "check 'chat' asks each prompt once", "attempts: 4"),
    ],
)
def test_attempts_that_make_no_sense_are_explained(
    folder: Path, change: tuple[str, str], line: int, says: str, hint: str
) -> None:
    assert change[0] in SEVERAL
    error = refused(folder, SEVERAL.replace(*change, 1))
    assert says in str(error)
    assert hint in str(error)
    assert f"suite.yaml:{line}" in str(error)
