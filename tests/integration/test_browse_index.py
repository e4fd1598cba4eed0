"""The index of a run: everything in it is found, in the order that is wanted, whatever befalls its file."""

from __future__ import annotations

import random
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from browse_runs import Said, finished_run

from evalkit.results import Run
from evalkit.runner.document import from_json
from evalkit.store import Store
from evalkit.web.browse import beginnings, filling, query, question
from evalkit.web.browse.background import Indexer
from evalkit.web.browse.file import DONE, IndexFile, Outdated, checks_of, phase_of
from evalkit.web.browse.filling import Fill
from evalkit.web.browse.label_choices import label_choices
from evalkit.web.browse.place import discard_others, index_folder, index_path
from evalkit.web.browse.query import Page, page
from evalkit.web.browse.question import Range, Wanted

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def many() -> list[Said]:
    draw = random.Random(3)
    return [
        Said(
            case=f"case-{n}",
            answer=" ".join(draw.choices(WORDS, k=6)) + (" common" if n % 3 else ""),
            prompt=f"question number {n}",
            labels={"category": draw.choice(["fraud", "drugs", "none"]), "hard": n % 2 == 0},
            words=None if n % 17 == 0 else round(draw.gauss(20, 6), 2),
            good=n % 5 != 0,
            error="it broke" if n % 29 == 0 else "",
        )
        for n in range(700)
    ]


def filled(store: Store, run: Run, path: Path) -> IndexFile:
    file = IndexFile(path, run.id, run.finished)
    Fill(file, store, from_json(store.get_result(run.id))).run()
    return file


def all_pages(file: IndexFile, wanted: Wanted, size: int, *, backward: bool = False) -> list[str]:
    """Case after case, from the first page to the last, or from the last one back."""
    found: list[str] = []
    with file.reading() as connection:
        if not backward:
            after = None
            while True:
                one = page(connection, wanted, after=after, size=size)
                found += [case.case for case in one.cases]
                if one.after is None:
                    return found
                after = one.after
        before = None
        while True:
            one = page(connection, wanted, before=before, last=before is None, size=size)
            found = [case.case for case in one.cases] + found
            if one.before is None:
                return found
            before = one.before


def by_value(many: list[Said], *, descending: bool) -> list[str]:
    """Cases without a value last, equal ones in the dataset's order."""
    valued = [said for said in many if said.words is not None and not said.error]
    rest = [said for said in many if said.words is None or said.error]
    ordered = sorted(valued, key=lambda said: -(said.words or 0) if descending else said.words or 0)
    return [said.case for said in ordered + rest]


# --- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [7, 50, 699, 5000])
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("way", ["", "words", "-words"])
@pytest.mark.parametrize("text", ["", "common"])
def test_pages_have_every_case_once_and_in_order(
    store: Store,
    tmp_path: Path,
    many: list[Said],
    *,
    size: int,
    backward: bool,
    way: str,
    text: str,
) -> None:
    file = filled(store, finished_run(store, "run", {"check": many}), tmp_path / "i.db")
    wanted = Wanted(check="check", text=text, sort=way.removeprefix("-"), descending=way.startswith("-"))
    expected = [said.case for said in many] if not way else by_value(many, descending=way.startswith("-"))
    if text:
        holding = {said.case for said in many if text in said.answer.split()}
        expected = [case for case in expected if case in holding]
    assert all_pages(file, wanted, size, backward=backward) == expected


@pytest.mark.parametrize("way", ["words", "-words", "good", "-good"])
def test_going_through_buckets_finds_the_same_as_sorting_all(
    store: Store, tmp_path: Path, many: list[Said], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = filled(store, finished_run(store, "run", {"check": many}), tmp_path / "i.db")
    wanted = Wanted(
        check="check",
        text="common",
        ranges=(Range("words", 5.0, 30.0),),
        sort=way[way[0] == "-" :],
        descending=way[0] == "-",
    )
    together = all_pages(file, wanted, 20)
    monkeypatch.setattr(query, "SORTED_AT_ONCE", -1)
    assert all_pages(file, wanted, 20) == together
    assert all_pages(file, wanted, 20, backward=True) == together


def found_by(file: IndexFile, **wanted: object) -> set[str]:
    with file.reading() as connection:
        return {case.case for case in page(connection, Wanted(**wanted), size=10_000).cases}  # type: ignore[arg-type]


def test_filters_mean_what_they_say_and_hold_together(store: Store, tmp_path: Path, many: list[Said]) -> None:
    file = filled(
        store, finished_run(store, "run", {"check": many, "other": [Said("lonely", "alpha")]}), tmp_path / "i.db"
    )
    broken = {said.case for said in many if said.error}
    assert found_by(file, status="errored") == broken
    assert found_by(file, check="check", labels=(("category", "fraud"),)) == {
        said.case for said in many if said.labels["category"] == "fraud"
    }
    two = (("category", "fraud"), ("category", "drugs"), ("hard", "yes"))
    assert found_by(file, check="check", labels=two) == {
        said.case for said in many if said.labels["category"] in {"fraud", "drugs"} and said.labels["hard"]
    }
    between = {said.case for said in many if not said.error and said.words is not None and 15 <= said.words <= 25.5}
    assert found_by(file, check="check", ranges=(Range("words", 15, 25.5),)) == between
    assert found_by(file, check="check", ranges=(Range("words", 15, 25.5),), sort="words") == between
    worse = found_by(file, check="check", ranges=(Range("words", 15, None), Range("good", None, 0.5)), sort="words")
    assert worse == {
        said.case for said in many if not said.error and said.words is not None and said.words >= 15 and not said.good
    }
    for sort in ("", "words", "good"):
        assert found_by(file, check="check", ranges=(Range("words", 25, 15),), sort=sort) == set()
    assert found_by(file, text="alpha", status="scored", check="other") == {"lonely"}
    assert found_by(file, check="nowhere") == set()
    assert found_by(file, labels=(("category", "unheard of"),)) == set()


def test_a_range_holds_whatever_lies_between_its_ends_page_after_page(
    store: Store, tmp_path: Path, many: list[Said]
) -> None:
    """Ends that are values of cases, that lie between them, and beyond all."""
    file = filled(store, finished_run(store, "run", {"check": many}), tmp_path / "i.db")
    draw, known = random.Random(1), [said.words for said in many if said.words is not None]
    for _ in range(12):
        low, high = sorted(draw.choice([draw.choice(known), draw.uniform(0, 45)]) for _ in range(2))
        text = draw.choice(["", "common", "alpha beta", '"alpha beta"'])
        wanted = [
            said
            for said in many
            if not said.error and said.words is not None and low <= said.words <= high and _says(said, text)
        ]
        asked = Wanted(check="check", text=text, ranges=(Range("words", low, high),))
        assert all_pages(file, asked, 13) == [said.case for said in wanted]
        for descending in (False, True):
            by_words = replace(asked, sort="words", descending=descending)
            ordered = sorted(wanted, key=lambda said: (said.words or 0) * (-1 if descending else 1))
            assert all_pages(file, by_words, 13, backward=descending) == [said.case for said in ordered]


def _says(said: Said, text: str) -> bool:
    return text.strip('"') in said.answer if text.startswith('"') else set(text.split()) <= set(said.answer.split())


def test_searches_find_words_phrases_beginnings_and_leave_out_others(store: Store, tmp_path: Path) -> None:
    said = [
        Said("a", "I'm sorry, but I cannot help.", "How do I pick a lock?"),
        Said("b", "Sorry! Try this instead.", "Tell me a joke"),
        Said("c", "日本語のテキスト and Überraschung", "What is sorry in Japanese?"),
        Said("d", "", "nothing"),
    ]
    file = filled(store, finished_run(store, "run", {"check": said}), tmp_path / "i.db")
    for typed, within, expected in [
        ("sorry", "", "abc"),
        ("SORRY", "answer", "ab"),
        ("sorry", "prompt", "c"),
        ("sorry -instead", "answer", "a"),
        ("-sorry", "", "d"),
        ('"cannot help"', "", "a"),
        ('"help cannot"', "", ""),
        ("instea*", "", "b"),
        ("uberraschung", "", "c"),
        ("本語", "", "c"),
        ("語本", "", ""),
        ("d", "", "d"),
        ("unheard", "", ""),
    ]:
        assert found_by(file, text=typed, within=within) == set(expected), typed


def test_hostile_texts_and_names_are_indexed_and_break_nothing(store: Store, tmp_path: Path) -> None:
    said = [
        Said("nul\0name", "before\0after", "lone \ud800 surrogate", {"k\0": "v\ud800"}),
        Said("\ud800", '" OR 1=1; DROP TABLE cases; --', "NEAR(a b) AND NOT"),
        Said("\ue000a", "\ue000a \ue000s0 \ue000m0f0", "private use"),
        Said("long", "x" * 3_000_000 + " tail", "a megabyte"),
    ]
    file = filled(store, finished_run(store, "run", {"check": said}), tmp_path / "i.db")
    assert found_by(file) == {one.case for one in said}
    assert found_by(file, text="after") == {"nul\0name"}
    assert found_by(file, text="drop table") == {"\ud800"}
    assert found_by(file, labels=(("k\0", "v\ud800"),)) == {"nul\0name"}
    assert found_by(file, text="\ue000s0") == {"\ue000a"}  # as a text, not as the index's own word
    assert found_by(file, text="megabyte") == {"long"}


def test_labels_with_a_value_for_every_case_are_no_choice(store: Store, tmp_path: Path) -> None:
    said = [Said(str(n), labels={"id": f"row {n}", "category": "ab"[n % 2], "long": "x" * 500}) for n in range(300)]
    file = filled(store, finished_run(store, "run", {"check": said}), tmp_path / "i.db")
    with file.reading() as connection:
        choices = {choice.name: choice.values for choice in label_choices(connection, None, 60)}
    assert choices == {"category": (("a", 150), ("b", 150))}


def test_what_leakage_masks_is_not_in_the_index_either(store: Store, tmp_path: Path) -> None:
    said = [Said("a", "write to jane.public@harborview.org now")]
    run = finished_run(store, "run", {"check": said}, kind="leakage")
    file = filled(store, run, tmp_path / "i.db")
    assert found_by(file, text="write") == {"a"}
    assert found_by(file, text="public") == set()


# --- what happens to the file -----------------------------------------------------------------------------------------


def test_a_fill_that_was_killed_goes_on_and_two_at_once_do_no_harm(
    store: Store, tmp_path: Path, many: list[Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "LISTED_AT_ONCE", 40)
    monkeypatch.setattr(filling, "INDEXED_AT_ONCE", 30)
    run = finished_run(store, "run", {"check": many, "second": many[:50]})
    file = IndexFile(tmp_path / "i.db", run.id, run.finished)
    result = from_json(store.get_result(run.id))
    abandoned = Fill(file, store, result)
    for _ in range(25):
        assert abandoned.step()
    threads = [threading.Thread(target=Fill(file, store, result).run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not abandoned.step()
    with file.reading() as connection:
        assert phase_of(connection) == DONE
        assert [(check.listed, check.indexed) for check in checks_of(connection)] == [(700, 700), (50, 50)]
        assert connection.execute("SELECT count(*) FROM words WHERE words MATCH 'common'").fetchone()[0] == sum(
            "common" in said.answer for said in (*many, *many[:50])
        )
    assert all_pages(file, Wanted(check="check"), 100) == [said.case for said in many]


def test_pages_stay_in_step_while_the_index_grows(
    store: Store, tmp_path: Path, many: list[Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "INDEXED_AT_ONCE", 50)
    run = finished_run(store, "run", {"check": many})
    file = IndexFile(tmp_path / "i.db", run.id, run.finished)
    fill = Fill(file, store, from_json(store.get_result(run.id)))
    for _ in range(6):
        fill.step()
    with file.reading() as connection:
        first = page(connection, Wanted(text="common"), size=10)
    fill.run()
    with file.reading() as connection:
        second = page(connection, Wanted(text="common"), size=10, after=first.after)
        again = page(connection, Wanted(text="common"), size=10, before=second.cases[0].row)
    assert again.cases == first.cases
    holding = [said.case for said in many if "common" in said.answer]
    assert [case.case for case in (*first.cases, *second.cases)] == holding[:20]


@pytest.mark.parametrize("damage", ["text", "empty tables", "version", "torn"])
def test_a_damaged_or_outdated_file_is_made_anew(
    store: Store, tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished_run(store, "run", {"check": [Said(str(n), "word") for n in range(300)]})
    path = tmp_path / "i.db"
    filled(store, run, path)
    if damage == "text":
        path.write_text("this is no database " * 300)
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:4096] + b"\0" * 9000)
    elif damage == "version":
        connection = sqlite3.connect(path)
        connection.execute("UPDATE about SET value = '[0]' WHERE name = 'identity'")
        connection.commit()
        connection.close()
    else:
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE about")
        connection.commit()
        connection.close()
    assert len(found_by(filled(store, run, path), text="word")) == 300


def test_a_file_of_another_run_answers_nothing(store: Store, tmp_path: Path) -> None:
    run = finished_run(store, "run", {"check": [Said("a")]})
    filled(store, run, tmp_path / "i.db")
    with pytest.raises(Outdated), IndexFile(tmp_path / "i.db", "another", run.finished).reading():
        pass


def test_indexes_of_deleted_runs_go(store: Store) -> None:
    folder = index_folder(store)
    runs = [finished_run(store, name, {"check": [Said("a")]}) for name in ("one", "two")]
    for run in runs:
        filled(store, run, index_path(folder, run.id))
    store.delete_run("one")
    assert discard_others(folder, [run.id for run in store.list_runs()]) == 1
    assert not index_path(folder, "one").exists()
    assert index_path(folder, "two").exists()


def test_the_indexer_fills_beside_and_ends_when_it_is_closed(store: Store, many: list[Said]) -> None:
    run = finished_run(store, "run", {"check": many})
    result = from_json(store.get_result(run.id))
    indexer = Indexer(store)
    try:
        indexer.want(run)
        assert indexer.wait(30)
        assert indexer.progress(run, result).indexed == 700
        assert indexer.progress(run, result).searchable
        index_path(index_folder(store), run.id).unlink()
        indexer.want(run)
        assert indexer.wait(30)
        assert indexer.progress(run, result).indexed == 700
    finally:
        indexer.close()


def test_the_runs_database_is_only_read(store: Store, tmp_path: Path, many: list[Said]) -> None:
    run = finished_run(store, "run", {"check": many})
    before = store.database.engine.connect().exec_driver_sql("PRAGMA data_version").scalar()
    statements: list[str] = []
    from sqlalchemy import event

    event.listen(store.database.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    filled(store, run, tmp_path / "i.db")
    assert statements
    assert all(one.lstrip().upper().startswith(("SELECT", "BEGIN", "PRAGMA")) for one in statements)
    assert store.database.engine.connect().exec_driver_sql("PRAGMA data_version").scalar() == before


# --- how it is found --------------------------------------------------------------------------------------------------


SHAPES: list[tuple[str, Wanted]] = [
    ("all", Wanted()),
    ("a check", Wanted(check="check")),
    ("a word", Wanted(text="common")),
    ("a word and a label", Wanted(check="check", text="common", labels=(("hard", "yes"),))),
    ("a status", Wanted(status="errored")),
    ("by a metric", Wanted(check="check", sort="words")),
    ("a word by a metric", Wanted(check="check", text="common", sort="words", descending=True)),
    ("a range", Wanted(check="check", ranges=(Range("words", 10, 20),))),
    ("a beginning by a metric", Wanted(check="check", text="commo* -unheard*", sort="words")),
]


@pytest.mark.parametrize(("name", "wanted"), SHAPES, ids=[name for name, _ in SHAPES])
def test_no_question_goes_through_all_cases_or_sorts_them(
    store: Store, tmp_path: Path, many: list[Said], *, name: str, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "SORTED_AT_ONCE", 10)
    file = filled(store, finished_run(store, "run", {"check": many}), tmp_path / "i.db")
    asked: list[tuple[str, tuple[object, ...]]] = []

    class Watching(sqlite3.Connection):
        def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:  # type: ignore[override]
            asked.append((statement, tuple(values)))
            return super().execute(statement, values)

    connection = sqlite3.connect(file.path, factory=Watching)
    try:
        page(connection, wanted, size=5)
        plans = [
            (statement, row[3])
            for statement, values in list(asked)
            for row in sqlite3.Connection.execute(connection, f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    finally:
        connection.close()
    assert plans
    for statement, step in plans:
        assert "TEMP B-TREE FOR ORDER BY" not in step, statement
        if step.startswith("SCAN") and not statement.startswith("SELECT number, name, metrics"):
            assert "VIRTUAL TABLE INDEX" in step, (statement, step)


def test_counting_ends_where_people_stop_reading(
    store: Store, tmp_path: Path, many: list[Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = filled(store, finished_run(store, "run", {"check": many}), tmp_path / "i.db")

    def counted(wanted: Wanted) -> tuple[int, bool]:
        with file.reading() as connection:
            found: Page = page(connection, wanted)
        return found.count, found.more_than_counted

    common = sum("common" in said.answer for said in many)
    assert counted(Wanted(text="common")) == (common, False)
    monkeypatch.setattr(query, "COUNTED", 100)
    assert counted(Wanted(text="common")) == (100, True)
    assert counted(Wanted()) == (700, False)


def test_beginnings_of_too_many_words_are_sorted_as_far_as_they_are_counted(
    store: Store, tmp_path: Path, many: list[Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "SORTED_AT_ONCE", 10)
    monkeypatch.setattr(query, "COUNTED", 60)
    monkeypatch.setattr(beginnings, "MOST_WORDS", 0)
    file = filled(store, finished_run(store, "run", {"check": many}), tmp_path / "i.db")
    wanted = Wanted(check="check", text="commo*", sort="words")
    first = [said for said in many if "common" in said.answer][:60]
    assert all_pages(file, wanted, 7) == by_value(first, descending=False)
    with file.reading() as connection:
        assert page(connection, wanted).notes == (
            "so many cases have words that begin so: only the first 60 are sorted",
        )


def test_beginnings_of_words_that_very_many_have_are_sorted_to_the_end(
    store: Store, tmp_path: Path, many: list[Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "SORTED_AT_ONCE", 10)
    monkeypatch.setattr(query, "COUNTED", 60)
    file = filled(store, finished_run(store, "run", {"check": many}), tmp_path / "i.db")
    wanted = Wanted(check="check", text="COMMO*", sort="words")
    holding = [said for said in many if "common" in said.answer]
    assert all_pages(file, wanted, 7) == by_value(holding, descending=False)
    assert all_pages(file, wanted, 7, backward=True) == by_value(holding, descending=False)
    with file.reading() as connection:
        assert page(connection, wanted).notes == ()


BEGUN = [
    "refuse Refused refusal refus",
    "refusés réfusent REFUSÉ",
    "refu refuge",
    "отказ Отказать отказы",
    "straße strasse stra",
    "i\u0307stanbul ISTANBUL İstanbul istan",
    "well-known well-knit wellness",
    "日本語 日本 日",
    "\u10d0" * 20_000,
    "\u10d0" * 300 + " \u10d0\u10d0\u10d0\u10d0b",
    "o'clock oclock",
    "x123 x1234 x12",
]
TYPED = [
    "refus*",
    "REFUS*",
    "réfus*",
    "refu\u0301s*",
    "refuse*",
    "re\u0301f*",
    "отказ*",
    "ОТКАЗ*",
    "stra*",
    "straß*",
    "istan*",
    "İstan*",
    "well-kn*",
    "日本*",
    "日本語*",
    "აააა*",
    "o'cl*",
    "ocl*",
    "x123*",
    "x12*",
    "-refus*",
]


@pytest.mark.parametrize(
    ("typed", "finds"),
    [*((one, True) for one in TYPED), ("refu* -refus*", True), ("wellk*", False), ("unheard*", False)],
)
def test_words_that_begin_so_are_those_that_sqlite_itself_finds(
    store: Store, tmp_path: Path, typed: str, *, finds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [Said(str(number), word) for number, word in enumerate(" ".join(BEGUN).split())]
    file = filled(store, finished_run(store, "run", {"check": said}), tmp_path / "i.db")
    found = found_by(file, text=typed, within="answer")
    monkeypatch.setattr(question, "words_of_beginnings", lambda *_: {})
    assert found == found_by(file, text=typed, within="answer")
    assert bool(found) is finds
