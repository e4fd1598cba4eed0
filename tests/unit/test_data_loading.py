"""A dataset of a suite: which rows become samples, what is asked, and what is said when it cannot be."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.data import (
    BadRows,
    Column,
    Contract,
    Dataset,
    DatasetSpec,
    FewShotSpec,
    PromptSpec,
    SampleSpec,
    load,
)
from evalkit.data.order import permutation
from evalkit.errors import DatasetError
from evalkit.records import Message

QA = [
    {"id": "q1", "question": "Capital of France?", "answer": "Paris", "topic": "geo"},
    {"id": "q2", "question": "2 + 2?", "answer": ["4", "four"], "topic": "maths"},
    {"id": "q3", "question": "Capital of Italy?", "answer": "Rome", "topic": "geo"},
]


def jsonl(folder: Path, rows: list[dict[str, Any]], name: str = "d.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def loaded(folder: Path, rows: list[dict[str, Any]] | None = None, **options: Any) -> Dataset:
    if rows is not None:
        jsonl(folder, rows)
    return load(DatasetSpec("d", "d.jsonl", **options), folder)


def refused(folder: Path, rows: list[dict[str, Any]] | None = None, **options: Any) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        loaded(folder, rows, **options)
    return caught.value


def numbered(n: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"r{number}", "prompt": f"Q {number}?", "references": [f"A {number}"], **more} for number in range(n)
    ]


def test_rows_become_samples(tmp_path: Path) -> None:
    dataset = loaded(tmp_path, QA)
    first, second, _ = dataset.samples
    assert first.id == first.cluster == "q1"
    assert first.messages == (Message("user", "Capital of France?"),)
    assert (first.references, dict(first.labels)) == (("Paris",), {"topic": "geo"})
    assert second.references == ("4", "four")
    assert second.origin.endswith("d.jsonl:2")
    assert (dataset.rows, dataset.skipped, dataset.problems) == (3, 0, ())
    assert dataset.columns == ("id", "question", "answer", "topic")


class TestRowsWithoutAnId:
    def names(self, folder: Path, rows: list[dict[str, Any]], **options: Any) -> list[str]:
        return [sample.id for sample in loaded(folder, rows, **options).samples]

    def test_they_are_named_by_what_they_say_and_not_by_their_place(self, tmp_path: Path) -> None:
        (tmp_path / "d.jsonl").write_text('{"prompt": "a"}\n\nbroken\n{"prompt": "b"}\n')
        a, b = (sample.id for sample in loaded(tmp_path, on_error="skip").samples)
        assert a != b
        assert all(re.fullmatch("row-[0-9a-f]{16}", name) for name in (a, b))
        assert self.names(tmp_path, [{"prompt": "b"}, {"prompt": "new"}, {"prompt": "a"}]) == [b, ANY, a]

    @pytest.mark.parametrize("change", [{"question": "?"}, {"answer": "x"}, {"topic": "x"}, {"new": 1}])
    def test_whatever_is_asked_or_expected_names_them(self, tmp_path: Path, change: dict[str, Any]) -> None:
        row = {"question": "Capital of France?", "answer": "Paris", "topic": "geo", "nothing": None}
        assert self.names(tmp_path, [row]) == self.names(tmp_path, [dict(reversed(row.items()))])
        assert self.names(tmp_path, [row]) != self.names(tmp_path, [row | change])

    def test_what_is_put_around_them_does_not(self, tmp_path: Path) -> None:
        rows: list[dict[str, Any]] = [{"prompt": f"Q {n}?", "answer": f"A {n}"} for n in range(9)]
        plain = self.names(tmp_path, rows)
        assert self.names(tmp_path, rows, prompt=PromptSpec("Be brief.")) == plain
        assert set(self.names(tmp_path, rows, prompt=PromptSpec(few_shot=FewShotSpec(2)))) < set(plain)
        assert set(self.names(tmp_path, rows, sample=SampleSpec(4))) < set(plain)
        asked, reworded = (
            self.names(tmp_path, rows, prompt=PromptSpec(template=text))
            for text in ("{{ prompt }}", "Say: {{ prompt }}")
        )
        assert asked == reworded
        assert len(set(asked)) == 9  # though a column that the template reads is no label

    def test_equal_rows_stay_apart(self, tmp_path: Path) -> None:
        first, other, second, third = self.names(
            tmp_path, [{"prompt": "a"}, {"prompt": "b"}, {"prompt": "a"}, {"prompt": "a", "topic": None}]
        )
        assert (second, third) == (f"{first}-2", f"{first}-3")
        assert other not in (first, second, third)

    def test_the_file_and_line_are_still_named(self, tmp_path: Path) -> None:
        assert loaded(tmp_path, [{"prompt": "a"}, {"prompt": "b"}]).samples[1].origin.endswith("d.jsonl:2")

    def test_one_nested_too_deep_is_a_problem_of_its_row(self, tmp_path: Path) -> None:
        deep = "[" * 400 + "]" * 400
        (tmp_path / "d.jsonl").write_text(f'{{"prompt": "a", "label": {deep}}}\n{{"prompt": "b"}}\n')
        assert loaded(tmp_path, on_error="skip").samples[-1].messages[0].content == "b"


WORDS = st.sampled_from(["a", "b", "c d", "007", "true", "é", "1.5"])
WITHOUT_ID = st.lists(
    st.fixed_dictionaries(
        {"prompt": WORDS, "answer": WORDS}, optional={"topic": st.sampled_from(["x", "y", "z"]), "pair": WORDS}
    ),
    min_size=4,
    max_size=14,
)


def seen(folder: Path, rows: list[dict[str, Any]], kind: str, **options: Any) -> tuple[Any, ...]:
    """What must not depend on the order of rows: fingerprint, who is drawn and shown, and the order of asking."""
    if kind == "jsonl":
        jsonl(folder, rows, "d.jsonl")
    else:
        with (folder / "d.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, ["prompt", "answer", "topic", "pair"], restval="")
            writer.writeheader()
            writer.writerows(rows)
    dataset = load(DatasetSpec("d", f"d.{kind}", **options), folder)
    clusters = permutation(dataset.samples, dataset.fingerprint)
    return dataset.fingerprint, dataset.exemplars, [[sample.id for sample in cluster] for cluster in clusters]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=WITHOUT_ID, shuffled=st.randoms(use_true_random=False), kind=st.sampled_from(["jsonl", "csv"]))
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sample": SampleSpec(3, seed=1)},
        {"sample": SampleSpec(3, "topic")},
        {"prompt": PromptSpec("S", "Q: {{prompt}}")},
    ],
)
def test_rows_in_another_order_are_the_same_dataset(
    tmp_path: Path, options: dict[str, Any], rows: list[dict[str, Any]], shuffled: Any, kind: str
) -> None:
    rows = [*rows, {"prompt": "last", "answer": "a", "topic": "x"}]
    mixed = list(rows)
    shuffled.shuffle(mixed)
    assert seen(tmp_path, mixed, kind, **options) == seen(tmp_path, rows, kind, **options)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shuffled=st.randoms(use_true_random=False), seed=st.integers(0, 3))
def test_rows_in_another_order_have_the_same_examples(tmp_path: Path, shuffled: Any, seed: int) -> None:
    rows = [{"prompt": f"Q {n % 7}", "answer": f"A {n % 5}", "topic": "xy"[n % 2]} for n in range(40)]
    mixed = list(rows)
    shuffled.shuffle(mixed)
    options = {"prompt": PromptSpec(few_shot=FewShotSpec(2, seed=seed)), "sample": SampleSpec(6, "topic")}
    assert seen(tmp_path, mixed, "jsonl", **options) == seen(tmp_path, rows, "jsonl", **options)


def test_the_same_rows_in_another_format_are_the_same_dataset_without_ids(tmp_path: Path) -> None:
    rows = [{"prompt": f"Q {n}", "answer": "yes", "topic": "x"} for n in range(5)]
    for options in ({}, {"prompt": PromptSpec(template="Q: {{ prompt }}")}):
        assert seen(tmp_path, rows, "csv", **options) == seen(tmp_path, rows[::-1], "jsonl", **options)


@pytest.mark.parametrize("label", ["cluster", "pair", "document_id"])
def test_rows_that_belong_together_share_a_cluster(tmp_path: Path, label: str) -> None:
    rows = [{"id": n, "prompt": "Q", label: 7} for n in range(2)]
    assert [sample.cluster for sample in loaded(tmp_path, rows).samples] == ["7", "7"]


def test_paths_start_from_the_folder_of_the_suite(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "suites").mkdir()
    jsonl(tmp_path / "data", QA)
    assert load(DatasetSpec("d", "../data/d.jsonl"), tmp_path / "suites").rows == 3
    assert load(DatasetSpec("d", str(tmp_path / "data" / "d.jsonl")), Path("/nowhere")).rows == 3


class TestBadRows:
    ROWS = (*QA, {"id": "q1", "question": "Again?"}, {"id": "q5", "question": ""}, {"id": "q6"})

    def test_the_default_refuses_the_file_and_names_each(self, tmp_path: Path) -> None:
        error = refused(tmp_path, list(self.ROWS))
        assert isinstance(error, BadRows)
        assert error.count == 3
        assert [(p.line, p.field) for p in error.problems] == [(4, "id"), (5, "question"), (6, "prompt")]
        assert "3 of 6 rows are bad" in error.message
        assert "d.jsonl:4: 'id' is not unique: an earlier row has 'q1' too" in error.message
        assert "on_error: skip" in error.hint

    def test_skipping_counts_them(self, tmp_path: Path) -> None:
        dataset = loaded(tmp_path, list(self.ROWS), on_error="skip")
        assert (len(dataset.samples), dataset.rows, dataset.skipped, len(dataset.problems)) == (3, 6, 3, 3)

    def test_twenty_problems_are_shown_and_all_are_counted(self, tmp_path: Path) -> None:
        error = refused(tmp_path, [{"prompt": n} for n in range(50)])
        assert isinstance(error, BadRows)
        assert (len(error.problems), error.count) == (20, 50)
        assert "and more" in error.message

    def test_skipping_every_row_is_no_dataset(self, tmp_path: Path) -> None:
        assert "2 of 2 rows are bad" in refused(tmp_path, [{"prompt": ""}] * 2, on_error="skip").message

    @pytest.mark.parametrize("written_first", [True, False])
    def test_a_written_id_may_not_be_one_that_was_given(self, tmp_path: Path, written_first: bool) -> None:
        (given,) = (sample.id for sample in loaded(tmp_path, [{"prompt": "b"}]).samples)
        rows: list[dict[str, Any]] = [{"id": given, "prompt": "a"}, {"prompt": "b"}]
        assert "d.jsonl:2: 'id' is not unique" in refused(tmp_path, rows if written_first else rows[::-1]).message

    def test_a_file_in_which_nothing_can_be_parsed_says_why(self, tmp_path: Path) -> None:
        (tmp_path / "d.jsonl").write_text("{'prompt': 'x'}\n")
        assert "Python dict" in refused(tmp_path).message


class TestColumns:
    def test_an_unmapped_file_names_its_columns(self, tmp_path: Path) -> None:
        error = refused(tmp_path, [{"Question": "x", "Answer": "y"}])
        assert "no row has a prompt" in error.message
        assert error.hint == "its columns: Question, Answer; name the one that asks with columns: {prompt: Question}"

    @pytest.mark.parametrize(
        ("options", "who"),
        [
            ({"columns": {"prompt": "qestion"}}, "columns maps prompt to 'qestion'"),
            ({"prompt": PromptSpec(template="{{ qestion }}")}, "the template uses 'qestion'"),
            ({"where": "qestion == 'x'"}, "the filter uses 'qestion'"),
            ({"sample": SampleSpec(1, "qestion")}, "sample stratifies by 'qestion'"),
        ],
    )
    def test_a_column_that_no_row_has_is_an_error_with_the_nearest(
        self, tmp_path: Path, options: dict[str, Any], who: str
    ) -> None:
        error = refused(tmp_path, QA, origin="suite.yaml:7", **options)
        assert error.message == f"{who}, a column that no row has"
        assert error.where == "suite.yaml:7"
        assert "did you mean 'question'?" in error.hint
        assert "d.jsonl" in error.hint

    def test_a_column_that_some_rows_lack_is_a_problem_of_those_rows(self, tmp_path: Path) -> None:
        rows = [*QA, {"id": "q4", "ask": "?"}]
        error = refused(tmp_path, rows, columns={"prompt": "question"})
        assert isinstance(error, BadRows)
        assert [(p.line, p.field) for p in error.problems] == [(4, "prompt")]


class TestPrompts:
    def test_a_template_makes_the_prompt_and_its_column_is_no_label(self, tmp_path: Path) -> None:
        prompt = PromptSpec("Be brief.", "Topic {{ topic }}: {{ question }}")
        sample = loaded(tmp_path, QA, prompt=prompt).samples[0]
        assert sample.messages == (Message("system", "Be brief."), Message("user", "Topic geo: Capital of France?"))
        assert dict(sample.labels) == {"topic": "geo"}

    def test_a_template_reads_columns_by_either_name(self, tmp_path: Path) -> None:
        rows = [{"Best question": "Q?", "answer": "A"}]
        for template in ("{{ prompt }}", "{{ row['Best question'] }}", "{{ row.prompt }}"):
            dataset = loaded(tmp_path, rows, columns={"prompt": "Best question"}, prompt=PromptSpec(template=template))
            assert dataset.samples[0].messages[0].content == "Q?"

    def test_a_template_works_where_no_column_is_the_prompt_or_several_are(self, tmp_path: Path) -> None:
        rows = [{"a": "1", "b": "2", "question": "Q", "document": "D"}]
        dataset = loaded(tmp_path, rows, prompt=PromptSpec(template="{{ a }}{{ b }}{{ question }}{{ document }}"))
        assert dataset.samples[0].messages[0].content == "12QD"
        assert dict(dataset.samples[0].labels) == {"a": "1", "b": "2"}

    def test_an_empty_or_failing_prompt_is_a_problem_of_its_row(self, tmp_path: Path) -> None:
        rows = [{"q": "x"}, {"q": " "}, {"q": None}, {"p": 1}]
        error = refused(tmp_path, rows, prompt=PromptSpec(template="{{ q }}"))
        assert isinstance(error, BadRows)
        assert [(p.line, p.field, p.message) for p in error.problems] == [
            (2, "prompt", "is empty once the template is rendered"),
            (3, "prompt", "cannot be rendered: 'q' is null in this row"),
            (4, "prompt", "cannot be rendered: 'q' is missing in this row"),
        ]

    def test_an_empty_csv_cell_is_null_for_a_template(self, tmp_path: Path) -> None:
        (tmp_path / "d.csv").write_text("q,hint\nx,\ny,z\n")
        prompt = PromptSpec(template="{{ q }}{% if hint %} ({{ hint }}){% endif %}")
        dataset = load(DatasetSpec("d", "d.csv", prompt=prompt), tmp_path)
        assert [sample.messages[0].content for sample in dataset.samples] == ["x", "y (z)"]

    def test_a_row_that_brings_a_system_message_keeps_its_own(self, tmp_path: Path) -> None:
        rows = [{"messages": [{"role": "system", "content": "own"}, {"role": "user", "content": "Hi"}]}]
        sample = loaded(tmp_path, rows, prompt=PromptSpec("ours")).samples[0]
        assert [message.content for message in sample.messages] == ["own", "Hi"]

    def test_a_contract_of_the_suite_with_a_template(self, tmp_path: Path) -> None:
        contract = Contract("ticket", (Column("subject"), Column("urgent", "boolean")))
        rows = [{"subject": "Broken lamp", "urgent": True}]
        dataset = loaded(tmp_path, rows, contract=contract, prompt=PromptSpec(template="Sort: {{ subject }}"))
        assert dataset.samples[0].messages[0].content == "Sort: Broken lamp"
        assert dict(dataset.samples[0].labels) == {"subject": "Broken lamp", "urgent": True}


class TestFewShot:
    def test_exemplars_come_as_turns_and_are_not_scored(self, tmp_path: Path) -> None:
        prompt = PromptSpec("System.", "Q: {{ prompt }}", FewShotSpec(2))
        dataset = loaded(tmp_path, numbered(10), prompt=prompt)
        assert len(dataset.exemplars) == 2
        assert {s.id for s in dataset.samples} == {f"r{n}" for n in range(10)} - set(dataset.exemplars)
        number = dataset.exemplars[0][1:]
        messages = dataset.samples[0].messages
        assert [m.role for m in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
        assert [m.content for m in messages[1:3]] == [f"Q: Q {number}?", f"A {number}"]

    def test_the_seed_chooses_them(self, tmp_path: Path) -> None:
        chosen = {
            loaded(tmp_path, numbered(50), prompt=PromptSpec(few_shot=FewShotSpec(3, seed=seed))).exemplars
            for seed in (0, 0, 1, 2)
        }
        assert len(chosen) == 3

    def test_rows_of_an_exemplars_cluster_are_not_scored_either(self, tmp_path: Path) -> None:
        rows = [{**row, "pair": f"p{n // 2}"} for n, row in enumerate(numbered(8))]
        dataset = loaded(tmp_path, rows, prompt=PromptSpec(few_shot=FewShotSpec(2)))
        assert len(dataset.samples) == 4
        shown = {int(name[1:]) // 2 for name in dataset.exemplars}
        assert len(shown) == 2
        assert not shown & {int(sample.id[1:]) // 2 for sample in dataset.samples}

    def test_a_question_that_was_shown_is_not_scored_under_another_id(self, tmp_path: Path) -> None:
        rows = [{"id": f"q{n}", "prompt": f"Question {n % 3}?", "answer": "x"} for n in range(9)]
        dataset = loaded(tmp_path, rows, prompt=PromptSpec(few_shot=FewShotSpec(1)))
        questions = {sample.messages[-1].content for sample in dataset.samples}
        assert dataset.samples[0].messages[0].content not in questions
        assert len(dataset.samples) == 6

    def test_with_sample_and_limit(self, tmp_path: Path) -> None:
        rows = [{**row, "topic": "ab"[n % 2]} for n, row in enumerate(numbered(20))]
        dataset = loaded(
            tmp_path, rows, prompt=PromptSpec(few_shot=FewShotSpec(2)), sample=SampleSpec(6, "topic"), limit=5
        )
        assert len(dataset.samples) == 5
        assert not set(dataset.exemplars) & {sample.id for sample in dataset.samples}

    def test_a_file_of_their_own_leaves_all_rows_to_be_scored_but_never_shows_one(self, tmp_path: Path) -> None:
        jsonl(tmp_path, numbered(5), "shots.jsonl")
        prompt = PromptSpec(few_shot=FewShotSpec(2, "shots.jsonl"))
        dataset = loaded(tmp_path, numbered(3), prompt=prompt, where="id != 'x'")
        assert len(dataset.samples) == 3
        assert set(dataset.exemplars) == {"r3", "r4"}
        assert "few_shot wants 2 examples; 1 independent" in refused(tmp_path, numbered(4), prompt=prompt).message

    def test_only_rows_with_a_reference_can_be_shown(self, tmp_path: Path) -> None:
        rows = [{"prompt": "a"}, {"prompt": "b", "answer": "x"}, {"prompt": "c"}]
        dataset = loaded(tmp_path, rows, prompt=PromptSpec(few_shot=FewShotSpec(1)))
        assert dataset.samples[0].messages[0].content == "b"
        assert len(dataset.exemplars) == 1
        assert "few_shot wants 2" in refused(tmp_path, rows, prompt=PromptSpec(few_shot=FewShotSpec(2))).message

    def test_showing_every_row_leaves_none_to_score(self, tmp_path: Path) -> None:
        error = refused(tmp_path, numbered(2), prompt=PromptSpec(few_shot=FewShotSpec(2)))
        assert "0 rows are left" in error.message
        assert "2 used as examples" in error.message


class TestHowMany:
    def test_a_filter_comes_first_and_bad_rows_outside_it_do_not_matter(self, tmp_path: Path) -> None:
        dataset = loaded(tmp_path, [*QA, {"id": "q4", "topic": "none"}], where="topic == 'geo'")
        assert [sample.id for sample in dataset.samples] == ["q1", "q3"]
        assert dataset.rows == 4

    def test_a_filter_that_matches_nothing(self, tmp_path: Path) -> None:
        error = refused(tmp_path, QA, where="topic == 'history'")
        assert "no row matches the filter: topic == 'history'" in error.message
        assert error.hint == "topic has 'geo' (2), 'maths' (1)"

    def test_a_value_that_the_filter_cannot_order_is_a_problem_of_its_row(self, tmp_path: Path) -> None:
        assert "the filter cannot be ordered" in refused(tmp_path, QA, where="topic > 3").message

    def test_limit_comes_last(self, tmp_path: Path) -> None:
        assert [s.id for s in loaded(tmp_path, numbered(9), limit=2).samples] == ["r0", "r1"]
        assert len(loaded(tmp_path, numbered(9), limit=2, sample=SampleSpec(5), min_rows=5).samples) == 2
        assert len(loaded(tmp_path, numbered(9), limit=99).samples) == 9

    def test_a_sample_of_more_than_there_is_takes_all_and_says_so(self, tmp_path: Path) -> None:
        dataset = loaded(tmp_path, numbered(12), sample=SampleSpec(100))
        assert len(dataset.samples) == 12
        assert dataset.warnings == ("dataset 'd': sample wants 100 rows; there are 12, all are taken",)
        assert loaded(tmp_path, numbered(12), sample=SampleSpec(12)).warnings == ()
        assert loaded(tmp_path, numbered(12), sample=SampleSpec(12), limit=3).warnings == ()

    def test_min_rows(self, tmp_path: Path) -> None:
        error = refused(tmp_path, QA, where="topic == 'geo'", min_rows=3)
        assert "2 rows are left where at least 3 are wanted (3 in the file, 2 match the filter)" in error.message

    def test_an_empty_file_is_no_dataset(self, tmp_path: Path) -> None:
        (tmp_path / "d.jsonl").write_text("\n")
        assert "has no rows" in refused(tmp_path).message

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"limit": 0}, "limit must be at least 1"),
            ({"limit": -1}, "limit must be at least 1"),
            ({"sample": SampleSpec(0)}, "sample needs n"),
            ({"min_rows": -1}, "min_rows"),
            ({"on_error": "ignore"}, "refuse or skip, not 'ignore'"),
            ({"prompt": PromptSpec(few_shot=FewShotSpec(-1))}, "few_shot needs n"),
        ],
    )
    def test_impossible_settings_are_refused(self, tmp_path: Path, options: dict[str, Any], said: str) -> None:
        error = refused(tmp_path, QA, origin="suite.yaml:4", **options)
        assert said in error.message
        assert error.where == "suite.yaml:4"


class TestFingerprint:
    def test_order_file_name_and_format_do_not_matter(self, tmp_path: Path) -> None:
        reference = loaded(tmp_path, QA).fingerprint
        assert loaded(tmp_path, QA[::-1]).fingerprint == reference
        (tmp_path / "e.json").write_text(json.dumps(QA))
        assert load(DatasetSpec("e", "e.json"), tmp_path).fingerprint == reference
        lines = [
            '"q1","Capital of France?",Paris,geo',
            'q2,2 + 2?,"[""4"", ""four""]",maths',
            "q3,Capital of Italy?,Rome,geo",
        ]
        (tmp_path / "e.csv").write_text("id,question,answer,topic\n" + "\n".join(lines))
        assert load(DatasetSpec("e", "e.csv"), tmp_path).fingerprint == reference

    @pytest.mark.parametrize("change", [{"id": "q9"}, {"question": "?"}, {"answer": "x"}, {"topic": "x"}, {"new": 1}])
    def test_whatever_is_asked_or_expected_matters(self, tmp_path: Path, change: dict[str, Any]) -> None:
        reference = loaded(tmp_path, QA).fingerprint
        assert loaded(tmp_path, [{**QA[0], **change}, *QA[1:]]).fingerprint != reference

    def test_the_prompt_matters(self, tmp_path: Path) -> None:
        fingerprints = {
            loaded(tmp_path, QA, prompt=prompt).fingerprint
            for prompt in (PromptSpec(), PromptSpec("Be kind."), PromptSpec(template="{{ question }} "))
        }
        assert len(fingerprints) == 3


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(str.strip)
LABEL = st.one_of(st.booleans(), st.integers(), st.text(), st.lists(st.text(), max_size=2))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"id": TEXT, "prompt": TEXT, "references": st.lists(TEXT, max_size=3)},
            optional={"topic": LABEL, "n": LABEL},
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda row: row["id"],
    )
)
def test_json_lines_round_trip(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    samples = loaded(tmp_path, rows).samples
    back = [
        {"id": s.id, "prompt": s.messages[0].content, "references": list(s.references), **s.labels} for s in samples
    ]
    assert back == rows
