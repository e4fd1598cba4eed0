"""Columns of a table of scores hold what was put into them, in a few bytes a case."""

from __future__ import annotations

import math
import tracemalloc
from collections import Counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from evalkit.compact import Texts
from evalkit.gates.columns import Alike, Clusters, Labels, Rows, Statuses, label_text
from evalkit.gates.measurements import CheckTable
from evalkit.gates.packed import CHUNK
from evalkit.metrics.kinds import Quantity, rate
from evalkit.records import Score, Status, Unscored, Vector

NUMBER = st.floats(allow_nan=False) | st.integers(-(2**70), 2**70) | st.booleans()
VECTOR = st.lists(NUMBER, max_size=3).map(tuple) | st.tuples(st.floats(0, 1), st.just(1.0))
RESULT = st.sampled_from([(1.0, 1.0), (0.0, 1.0), Unscored("too short"), Unscored("")])
SCORE = st.builds(
    Score,
    st.dictionaries(st.sampled_from(["ok", "odd"]), RESULT),
    st.sampled_from([{}, {"wanted": "yes", "given": "no"}, {"wanted": 1, "given": "no"}]),
    st.sampled_from(["", "", "time-out: none"]),
    st.sampled_from([0.0, 0.25]),
)
ROW = VECTOR | st.sampled_from(["five words or fewer", "", "time-out"])


def typed(row: Vector | str) -> object:
    """1, 1.0 and True are equal, and shown differently."""
    return row if isinstance(row, str) else [(type(number), number) for number in row]


@given(st.lists(ROW), st.lists(st.integers(0, 40)))
def test_rows_come_back_as_they_were(rows: list[Vector | str], some: list[int]) -> None:
    column = Rows()
    for row in rows:
        column.append(row)
    assert [typed(row) for row in column] == [typed(row) for row in rows]
    for positions in (range(len(rows)), [at for at in some if at < len(rows)]):
        vectors, kept = column.counted(positions)
        assert list(kept) == [at for at in positions if not isinstance(rows[at], str)]
        assert [typed(vector) for vector in vectors] == [typed(rows[at]) for at in kept]
        assert bool(vectors) is bool(kept)
        without = [at for at in positions if isinstance(rows[at], str)]
        assert column.without(positions) == without
        assert list(column.reasons(positions).items()) == list(Counter(rows[at] for at in without).items())


@given(st.lists(st.lists(ROW, max_size=6), max_size=4))
@example([[(1.0, 2)], [(0.5, 2), "time-out", (0.25, 3)], [(1, 2)]])
@example([[(1.0, 2)], [(0.5, 2**63 - 1), (0.5, -(2**63))], [(0.5, 2**63)], [(0.5, -(2**63) - 1)]])
@example([["time-out"], [(0.5, 1.0)], [(0.5, 1.0), (1.0,)], [(True, 1.0)], ["", (-0.0, 1.0)]])
def test_rows_at_once_are_rows_one_by_one(blocks: list[list[Vector | str]]) -> None:
    together, one_by_one = Rows(), Rows()
    for rows in blocks:
        together.extend(rows)
        for row in rows:
            one_by_one.append(row)
    assert [typed(row) for row in together] == [typed(row) for row in one_by_one]
    everything = range(len(one_by_one))
    vectors, kept = together.counted(everything)
    expected, places = one_by_one.counted(everything)
    assert (list(map(typed, vectors)), list(kept)) == (list(map(typed, expected)), list(places))
    assert list(together.reasons(everything).items()) == list(one_by_one.reasons(everything).items())
    together.append((0.5, 1.0))
    assert together[len(one_by_one)] == (0.5, 1.0)


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.integers(0, 9)), min_size=1))
def test_numpy_gets_vectors_as_a_matrix(rows: list[tuple[float, int]]) -> None:
    column = Rows()
    for row in rows:
        column.append(row)
    vectors, _ = column.counted(range(len(rows)))
    assert np.array_equal(np.asarray(vectors), np.asarray(rows, dtype=np.float64))


def test_a_column_grows_on_after_its_vectors_were_taken() -> None:
    column = Rows()
    column.append((1.0, 1.0))
    vectors, _ = column.counted(range(1))
    matrix = np.asarray(vectors)
    column.append((0.0, 1.0))
    assert (list(vectors), matrix.tolist(), len(column)) == ([(1.0, 1.0)], [[1.0, 1.0]], 2)


@given(st.lists(st.tuples(st.sampled_from(["", "own", "a", "b"]), st.integers()), unique_by=lambda row: row[1]))
def test_clusters_come_back_as_they_were(rows: list[tuple[str, int]]) -> None:
    cases = Texts()
    clusters = Clusters(cases)
    expected = []
    for cluster, number in rows:
        case = f"r{number}"
        cases.append(case)
        expected.append(case if cluster == "own" else cluster)
        clusters.append(expected[-1], case)
    assert clusters == expected
    alone = all(times == 1 or not name for name, times in Counter(expected).items())
    assert alone or not clusters.independent


LABELS = st.dictionaries(
    st.sampled_from(["a", "b"]), st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x", "1"])
)


@given(st.lists(LABELS))
def test_slices_are_those_of_the_labels_themselves(rows: list[dict[str, object]]) -> None:
    columns, some = Labels(), Labels(["b", "none"])
    for labels in rows:
        columns.append(labels)
        some.append(labels)
    for name in ("a", "b", "none"):
        texts = [label_text(labels, name) for labels in rows]
        assert [columns.text(at, name) for at in range(len(rows))] == texts
        assert columns.values(name) == sorted({text for text in texts if text is not None})
    for wanted in ({}, {"a": "x"}, {"b": "1"}, {"a": "1", "b": "x"}, {"a": "never"}):
        inside = [at for at, labels in enumerate(rows) if all(label_text(labels, k) == v for k, v in wanted.items())]
        assert list(columns.places(wanted.items())) == inside
    assert (some.values("b"), some.values("a")) == (columns.values("b"), [])


@given(st.lists(st.sampled_from(list(Status))))
def test_statuses_are_a_list_of_statuses(statuses: list[Status]) -> None:
    column = Statuses()
    for status in statuses:
        column.append(status)
    assert column == statuses
    assert all(column.count(status) == statuses.count(status) for status in Status)
    errored = [at for at, status in enumerate(statuses) if status is Status.ERRORED]
    assert column.first(Status.ERRORED, 2) == errored[:2]


@given(st.lists(st.tuples(SCORE, st.sampled_from(["", "a", "b"])), max_size=12), st.integers(0, 12))
def test_cases_at_once_are_cases_one_by_one(judged: list[tuple[Score, str]], cut: int) -> None:
    metrics = (rate("ok"), Quantity("odd", "rate", worst=None))
    cases = [
        (f"r{place}", cluster or f"r{place}", {"n": place % 3}, score) for place, (score, cluster) in enumerate(judged)
    ]
    together, one_by_one = CheckTable("c", "toy", metrics), CheckTable("c", "toy", metrics)
    together.add_all(cases[:cut])
    together.add_all(cases[cut:])
    for case in cases:
        one_by_one.add(*case)
    everything = range(len(cases))
    assert together.counts == one_by_one.counts
    assert together.errored_attempts == one_by_one.errored_attempts
    assert together.confusion == one_by_one.confusion
    for name, column in one_by_one.columns.items():
        assert list(together.columns[name].rows) == list(column.rows)
        assert together.columns[name].errors == column.errors
        assert together.metric_counts(name, everything) == one_by_one.metric_counts(name, everything)
    for place, (name, cluster, labels, score) in enumerate(cases):  # and both are what was put in
        status = score.status
        expected = score.results.get("ok", Unscored("not measured"))
        if status is Status.ERRORED:
            expected = score.results.get("ok", (0.0, 1.0))
            expected = Unscored(score.error) if isinstance(expected, Unscored) else expected
        assert together.statuses[place] is status
        assert (together.cases[place], together.clusters[place]) == (name, cluster)
        assert together.labels.text(place, "n") == str(labels["n"])
        assert together.columns["ok"].rows[place] == (expected.reason if isinstance(expected, Unscored) else expected)
        assert (place in together.columns["ok"].errors) == (status is Status.ERRORED)


def bytes_a_case(cases: int) -> float:
    table = CheckTable("accuracy", "accuracy", [rate("exact_match")], ["category"])
    tracemalloc.start()
    for begin in range(0, cases, 50):
        table.add_all(
            [
                (f"r{i}", f"r{i}", {"category": f"c{i % 8}", "text": f"a text of its own, number {i}"}, score)
                for i in range(begin, begin + 50)
                for score in [Score({"exact_match": (float(i % 2), 1.0)})]
            ]
        )
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / cases


def test_a_case_takes_a_hundred_bytes_of_a_table_however_many_there_are() -> None:
    few, many = bytes_a_case(2_000), bytes_a_case(20_000)
    assert many <= 100
    assert many <= 1.2 * few


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)), st.integers(0, 9))
def test_texts_like_others_are_what_was_put_in(others: list[str], texts: list[str], same: int) -> None:
    leading = Texts()
    texts = others[:same] + texts
    follower = Alike(leading)
    for place, text in enumerate(texts):
        if place < len(others):
            leading.append(others[place])
        follower.append(text)
    for text in others[len(leading) :]:
        leading.append(text)
    assert list(follower) == texts
    assert [follower[place] for place in range(len(follower))] == texts
    assert list(follower.in_order()) == list(Texts(texts).in_order())


def bytes_of_two_tables(cases: int) -> int:
    """That ten counts and five shares of each case take, in two tables of checks on the same rows."""
    metrics = [Quantity("counted", "mean"), *(rate(f"share{n}") for n in range(5))]
    first = CheckTable("first", "accuracy", metrics, ["category"])
    tables = [first, CheckTable("other", "accuracy", metrics, ["category"], Alike(first.cases))]
    scores = [
        Score(
            {"counted": tuple(float((i + part) % 30) for part in range(10))}
            | {f"share{n}": (float((i + n) % 2), 1.0) for n in range(5)}
        )
        for i in range(30)
    ]
    tracemalloc.start()
    for begin in range(0, cases, 512):
        judged = [(f"r{i}", f"r{i}", {"category": f"c{i % 8}"}, scores[i % 30]) for i in range(begin, begin + 512)]
        for table in tables:
            table.add_all(judged)
        del judged
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken


def test_a_case_more_takes_what_tells_its_statistics_apart() -> None:
    """Fifteen bytes of counts and shares, one of the status and one of the label in each table, and the id once. With
    eight bytes a number, denominators among them, it was more than two hundred in each."""
    more = (bytes_of_two_tables(2 * CHUNK) - bytes_of_two_tables(CHUNK)) / CHUNK
    assert more <= 2 * 20 + 20


def test_a_table_of_one_metric_estimates_what_its_vectors_say() -> None:
    table = CheckTable("accuracy", "accuracy", [rate("exact_match")], ["category"])
    for i in range(100):
        table.add(f"r{i}", f"r{i}", {"category": f"c{i % 4}"}, Score({"exact_match": (float(i % 4 == 0), 1.0)}))
    assert math.isclose(table.estimate("exact_match").value or 0, 0.25)
    assert table.estimate("exact_match", {"category": "c0"}).value == 1.0
    assert table.slice_values("category") == ["c0", "c1", "c2", "c3"]
