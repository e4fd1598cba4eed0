"""data split, convert and perturb: nothing lost, nothing torn, nothing changed without a word."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.data.converting import convert
from evalkit.data.faults import Spoiling, spoil
from evalkit.data.splitting import Part, Rules, split

Evalkit = Callable[..., Any]


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def questions(number: int) -> list[dict[str, Any]]:
    return [
        {"id": f"q{i}", "prompt": f"What is {i}?", "references": [str(i)], "category": "ab"[i % 5 == 0]}
        for i in range(number)
    ]


def test_parts_have_their_shares_and_every_row_once(evalkit: Evalkit, workdir: Path) -> None:
    rows = questions(1000)
    written(workdir / "rows.jsonl", rows)
    called = evalkit("data", "split", "rows.jsonl", "--part", "train=0.7", "--part", "dev=0.1", "--part", "test=0.2")
    assert called.code == 0, called.err
    parts = [read(workdir / f"rows-{name}.jsonl") for name in ("train", "dev", "test")]
    assert [len(part) for part in parts] == [700, 100, 200]
    assert sorted(row["id"] for part in parts for row in part) == sorted(row["id"] for row in rows)
    assert parts[1] == [row for row in rows if row in parts[1]], "not in the order of the file"


def test_strata_keep_their_shares(workdir: Path) -> None:
    file = written(workdir / "rows.jsonl", questions(1000))
    parts = [Part("a", 0.5, workdir / "a.jsonl"), Part("b", 0.5, workdir / "b.jsonl")]
    split(str(file), parts, Rules(by="category"))
    for part in parts:
        assert sum(row["category"] == "b" for row in read(part.file)) == 100


def test_rows_that_belong_together_or_ask_the_same_are_not_torn(workdir: Path) -> None:
    rows = [{"prompt": f"q{i // 2}", "cluster": f"c{i // 10}", "n": i} for i in range(200)]
    rows += [{"prompt": f"  Q{i} ", "n": 200 + i} for i in range(100)]
    file = written(workdir / "rows.jsonl", rows)
    parts = [Part("a", 0.3, workdir / "a.jsonl"), Part("b", 0.7, workdir / "b.jsonl")]
    made = split(str(file), parts, Rules(seed=3))
    asked = [{" ".join(row["prompt"].casefold().split()) for row in read(part.file)} for part in made]
    clusters = [{row["cluster"] for row in read(part.file) if "cluster" in row} for part in made]
    assert all(asked)
    assert not asked[0] & asked[1]
    assert not clusters[0] & clusters[1]
    assert abs(made[0].rows - 90) <= 15


def test_conversations_that_ask_the_same_are_not_torn(workdir: Path) -> None:
    said = [{"role": "user", "content": "What is it?"}]
    rows = [{"messages": [*said, {"role": "user", "content": f"Number {i % 20}?"}], "n": i} for i in range(60)]
    parts = [Part("a", 0.5, workdir / "a.jsonl"), Part("b", 0.5, workdir / "b.jsonl")]
    made = split(str(written(workdir / "rows.jsonl", rows)), parts, Rules())
    asked = [{row["messages"][1]["content"] for row in read(part.file)} for part in made]
    assert [len(one) for one in asked] == [10, 10]
    assert not asked[0] & asked[1]


def test_a_part_without_rows_is_refused(evalkit: Evalkit, workdir: Path) -> None:
    written(workdir / "rows.jsonl", [{"prompt": "the same"}] * 10)
    called = evalkit("data", "split", "rows.jsonl")
    assert (called.code, "part 'dev' would have no rows" in called.err) == (2, True)
    assert not list(workdir.glob("rows-*"))


TABLE = (
    "id,question,answer,empty,price,zip,exp\n"
    '1,1984,"[""a"", ""b""]",,1.50,007,1e5\n'
    "2,Is it?,true,,2.00, 12 ,-0\n3,Why?,12,,3,13,.5\n"
)


def test_cells_of_a_table_stay_as_they_are_written_in_another(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "rows.csv").write_text(TABLE)
    assert evalkit("data", "convert", "rows.csv", "other.csv").code == 0
    assert (workdir / "other.csv").read_text() == TABLE
    assert evalkit("data", "split", "rows.csv", "--part", "a=0.34", "--part", "b=0.66").code == 0
    header, *lines = TABLE.splitlines()
    parts = [(workdir / f"rows-{name}.csv").read_text().splitlines() for name in "ab"]
    assert [part[0] for part in parts] == [header, header]
    assert sorted(parts[0][1:] + parts[1][1:]) == sorted(lines)
    faults = ("--with", "missing", "--with", "inconsistent", "--rate", "1", "--column", "price")
    assert evalkit("data", "perturb", "rows.csv", *faults, "-o", "worse.csv").code == 0
    before, after = (list(csv.DictReader((workdir / name).open())) for name in ("rows.csv", "worse.csv"))
    assert [row | {"price": ""} for row in before] == after


def test_questions_and_answers_of_a_table_are_text(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "rows.csv").write_text(TABLE)
    assert evalkit("data", "convert", "rows.csv", "rows.jsonl").code == 0
    told = [(row["id"], row["question"], row["answer"], row["price"]) for row in read(workdir / "rows.jsonl")]
    assert told == [("1", "1984", ["a", "b"], 1.5), ("2", "Is it?", "true", 2.0), ("3", "Why?", "12", 3)]
    assert evalkit("data", "validate", "rows.jsonl").code == 0


def test_the_seed_decides(workdir: Path) -> None:
    file = written(workdir / "rows.jsonl", questions(100))

    def half(seed: int) -> list[dict[str, Any]]:
        parts = [Part("a", 0.5, workdir / "a.jsonl"), Part("b", 0.5, workdir / "b.jsonl")]
        split(str(file), parts, Rules(seed=seed), force=True)
        return read(workdir / "a.jsonl")

    assert half(1) == half(1)
    assert half(1) != half(2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--part", "a=0.5", "--part", "b=0.6"], "add up to 1.1"),
        (["--part", "a"], "is no part"),
        (["--part", "a=0.5", "--part", "a=0.5"], "one name"),
        (["--by", "categry"], "did you mean 'category'?"),
    ],
)
def test_what_cannot_be_split_is_said(evalkit: Evalkit, workdir: Path, arguments: list[str], said: str) -> None:
    written(workdir / "rows.jsonl", questions(10))
    called = evalkit("data", "split", "rows.jsonl", *arguments)
    assert called.code == 2
    assert said in called.err
    assert not list(workdir.glob("rows-*"))


def test_parts_keep_the_format_of_their_file(evalkit: Evalkit, workdir: Path) -> None:
    with gzip.open(workdir / "rows.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write("id,prompt\n" + "".join(f"{i},What is {i}?\n" for i in range(10)))
    assert evalkit("data", "split", "rows.csv.gz", "-o", "parts").code == 0
    with gzip.open(workdir / "parts" / "rows-test.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 8


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "tsv", "parquet", "jsonl.gz", "csv.zst", "parquet.gz"])
def test_a_converted_file_says_the_same(evalkit: Evalkit, workdir: Path, ending: str) -> None:
    rows = [row | {"said": 'a "quoted",\tpart\nof\n two lines', "score": i / 4} for i, row in enumerate(questions(20))]
    written(workdir / "rows.jsonl", rows)
    called = evalkit("data", "convert", "rows.jsonl", f"other.{ending}")
    assert called.code == 0, called.err
    assert evalkit("data", "convert", f"other.{ending}", "back.jsonl").code == 0
    assert read(workdir / "back.jsonl") == rows


def test_what_a_format_cannot_tell_is_said(evalkit: Evalkit, workdir: Path) -> None:
    written(workdir / "rows.jsonl", [{"prompt": "How many?", "house": "12"}, {"prompt": "Who?", "house": "I"}])
    called = evalkit("data", "convert", "rows.jsonl", "rows.csv")
    assert called.code == 2
    assert "1 row read back as something else: row 1, column 'house': '12' becomes 12" in called.err
    assert evalkit("data", "convert", "rows.jsonl", "rows.csv", "--force", "--lossy").code == 0


def test_a_file_that_is_there_stays(evalkit: Evalkit, workdir: Path) -> None:
    written(workdir / "rows.jsonl", questions(3))
    (workdir / "other.json").write_text("mine", encoding="utf-8")
    called = evalkit("data", "convert", "rows.jsonl", "other.json")
    assert (called.code, (workdir / "other.json").read_text(encoding="utf-8")) == (2, "mine")
    assert "--force" in called.err
    assert not list(workdir.glob(".*.part"))


def test_a_bad_row_stops_it_with_its_line(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "rows.jsonl").write_text('{"prompt": "a"}\n{oh}\n', encoding="utf-8")
    called = evalkit("data", "convert", "rows.jsonl", "rows.csv")
    assert called.code == 2
    assert "rows.jsonl:2" in called.err
    assert not (workdir / "rows.csv").exists()


def test_columns_get_other_names(evalkit: Evalkit, workdir: Path) -> None:
    written(workdir / "rows.jsonl", [{"question": "Why?", "n": 1}])
    assert evalkit("data", "convert", "rows.jsonl", "out.jsonl", "--rename", "question=prompt").code == 0
    assert read(workdir / "out.jsonl") == [{"prompt": "Why?", "n": 1}]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
cells = plain | texts | st.lists(texts, max_size=3)


@settings(max_examples=60)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["a", "b", "c d"]), cells, min_size=1), min_size=1, max_size=5))
def test_whatever_differs_after_a_conversion_is_counted(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    """What is counted as changed is what differs, by reading both files again without the converter."""
    folder = tmp_path_factory.mktemp("rows")
    source = written(folder / "rows.jsonl", rows)
    found = convert(str(source), folder / "rows.json")
    assert (found.rows, found.changed) == (len(rows), 0)
    assert json.loads((folder / "rows.json").read_text(encoding="utf-8")) == [
        {name: value for name, value in row.items() if value is not None} for row in rows
    ]


# --- perturb ----------------------------------------------------------------------------------------------------------


def test_the_log_has_every_change_and_undoes_it(evalkit: Evalkit, workdir: Path) -> None:
    rows = questions(400)
    written(workdir / "rows.jsonl", rows)
    kinds = ["typos", "casing", "missing", "duplicate_ids", "invalid", "inconsistent"]
    given = [word for kind in kinds for word in ("--with", kind)]
    called = evalkit("data", "perturb", "rows.jsonl", *given, "-o", "worse.jsonl", "--json")
    assert called.code == 0, called.err
    told = json.loads(called.out)
    log = read(workdir / "worse.jsonl.log.jsonl")
    assert {kind: sum(one["how"] == kind for one in log) for kind in kinds} == told["changes"]
    for kind in kinds:
        assert 20 <= told["changes"][kind] <= 62, kind  # 40 expected; 3.7 standard deviations
    worse = read(workdir / "worse.jsonl")
    assert len({one["row"] for one in log}) == told["changed"]
    for one in reversed(log):
        assert worse[one["row"] - 1][one["column"]] == one["after"]
        worse[one["row"] - 1][one["column"]] = one["before"]
    assert worse == rows


def test_faults_are_what_validation_finds(evalkit: Evalkit, workdir: Path) -> None:
    written(workdir / "rows.jsonl", questions(200))
    faults = ["--with", "duplicate_ids", "--with", "invalid", "--rate", "0.2"]
    assert evalkit("data", "perturb", "rows.jsonl", *faults, "-o", "worse.jsonl").code == 0
    called = evalkit("data", "validate", "worse.jsonl", "--json")
    assert called.code == 2
    (report,) = json.loads(called.out)
    assert report["bad_rows"] > 20


def test_what_is_perturbed_is_not_written_over(evalkit: Evalkit, workdir: Path) -> None:
    file = written(workdir / "rows.jsonl", questions(5))
    before = file.read_text()
    for names in (
        ("-o", "rows.jsonl"),
        ("-o", "o.jsonl", "--log", "rows.jsonl"),
        ("-o", "o.jsonl", "--log", "o.jsonl"),
    ):
        called = evalkit("data", "perturb", "rows.jsonl", "--with", "casing", "--force", *names)
        assert (called.code, "three files" in called.err, file.read_text()) == (2, True, before)


@pytest.mark.parametrize("command", [["convert", "rows.jsonl", "o.jsonl"], ["split", "rows.jsonl", "-o", "parts"]])
def test_what_is_no_number_is_written_nowhere(evalkit: Evalkit, workdir: Path, command: list[str]) -> None:
    (workdir / "rows.jsonl").write_text('{"prompt": "a"}\n{"prompt": "b", "score": {"of": [NaN]}}\n')
    called = evalkit("data", *command)
    assert (called.code, "rows.jsonl:2: 'score' is NaN" in called.err) == (2, True), called.err
    assert not list(workdir.rglob("*o.jsonl")) + list(workdir.rglob("rows-*"))


@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_every_planted_repetition_of_an_id_is_one(rate: float) -> None:
    spoilt = list(spoil(questions(200), Spoiling(["duplicate_ids"], rate)))
    ids = [row["id"] for row, _ in spoilt]
    planted = [place for place, (_, changes) in enumerate(spoilt) if changes]
    assert len(planted) == len(ids) - len(set(ids))
    assert all(ids[place] == ids[place - 1] for place in planted)


def test_the_last_thing_that_the_user_says_is_reworded() -> None:
    says = [("system", "Be brief."), ("user", "first"), ("assistant", "yes"), ("user", "and another question")]
    row = {"id": "a", "messages": [{"role": role, "content": text} for role, text in says]}
    ((changed, (one,)),) = spoil([row], Spoiling(["casing"], 1.0))
    assert (one.column, one.before, one.after) == ("messages", row["messages"], changed["messages"])
    assert [message["content"] for message in changed["messages"]] == ["Be brief.", "first", "yes", says[3][1].upper()]
    assert row["messages"][3] == {"role": "user", "content": "and another question"}


def test_a_row_is_changed_in_the_same_way_in_another_file(workdir: Path) -> None:
    rows = questions(100)
    how = Spoiling(["typos", "missing"], 0.5, 3)
    alone = {
        one.id: one.after for row in rows for _, changes in spoil([row], how) for one in changes if one.how == "typos"
    }
    together = {one.id: one.after for _, changes in spoil(reversed(rows), how) for one in changes if one.how == "typos"}
    assert alone == together
    assert len(alone) > 25


def test_one_column_alone_is_changed_where_one_is_named(workdir: Path) -> None:
    rows = questions(100)
    changes = [one for _, of in spoil(rows, Spoiling(["missing"], 1.0, 0, ["category"])) for one in of]
    assert {one.column for one in changes} == {"category"}
    assert len(changes) == 100


def test_a_kind_that_is_none_gets_the_nearest(evalkit: Evalkit, workdir: Path) -> None:
    written(workdir / "rows.jsonl", questions(3))
    called = evalkit("data", "perturb", "rows.jsonl", "--with", "typoes", "-o", "worse.jsonl")
    assert called.code == 2
    assert "did you mean 'typos'?" in called.err
    assert not list(workdir.glob("*worse*"))
