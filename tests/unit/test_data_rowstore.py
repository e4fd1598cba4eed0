"""Samples that were put aside are the samples that were put aside."""

from __future__ import annotations

import datetime as dt
import gc
import json
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.data import DatasetSpec, load, rowstore
from evalkit.data.identity import SORTED_BY_NUMPY, canonical, fingerprint
from evalkit.data.order import permutation
from evalkit.data.rowstore import Replaced, Samples, by_id
from evalkit.records import Case, Message, Sample
from evalkit.runner import plan as plans
from evalkit.runner.plan import BLOCK, make_plan
from evalkit.suite.load import load_suite

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
OTHER = st.sampled_from([(1, "a"), Decimal("1.10"), dt.date(2024, 2, 29), {1: "one"}, [(1,)], b"bytes"])
SAMPLE = st.builds(
    Sample,
    st.text(max_size=8),
    st.lists(st.builds(Message, st.sampled_from(["system", "user"]), st.text(max_size=9)), min_size=1).map(tuple),
    st.lists(st.text(max_size=5), max_size=2).map(tuple),
    st.dictionaries(st.sampled_from(["z", "a", "count"]), JSON | OTHER, max_size=3),
    st.sampled_from(["", "k1", "k2"]),
    st.text(max_size=5),
)


@pytest.fixture(autouse=True)
def few_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowstore, "IN_MEMORY", 2)


def exactly(sample: Sample) -> str:
    """Types and the order of labels as well: documents are written from them."""
    return repr(sample)


@given(st.lists(SAMPLE, max_size=12))
def test_samples_come_back_as_they_were(rows: list[Sample]) -> None:
    samples = Samples(rows)
    assert samples == rows
    assert list(map(exactly, samples)) == list(map(exactly, rows))
    assert samples.ids == [row.id for row in rows]
    assert samples.clusters == [row.cluster for row in rows]
    assert set(samples.columns) == {name for row in rows for name in row.labels} | (
        {"references"} if any(row.references for row in rows) else set()
    )
    assert list(by_id(samples)) == sorted(rows, key=lambda row: row.id)
    some = {1: Sample("other", ())} if len(rows) > 1 else {}
    assert list(Replaced(samples, some)) == [some.get(at, row) for at, row in enumerate(rows)]


def test_of_long_samples_fewer_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowstore, "IN_MEMORY", 100)
    monkeypatch.setattr(rowstore, "MOST_CHARACTERS", 1000)
    rows = [
        Sample(f"r{at}", (Message("user", "x" * 100),), ("y" * 50,), {"context": "z" * 50, "n": at}) for at in range(9)
    ]
    rows[7] = Sample("r7", (Message("user", "short"),))
    samples = Samples(rows)
    assert [samples[at] is row for at, row in enumerate(rows)] == [True] * 5 + [False] * 4
    assert samples == rows


def test_lists_too_deep_to_be_looked_into_stay_in_memory() -> None:
    deep: list[object] = []
    for _ in range(2000):
        deep = [deep]
    rows = [Sample(f"r{at}", (), labels={"deep": deep}) for at in range(4)]
    assert [sample.labels["deep"] is deep for sample in Samples(rows)] == [True] * 4


@given(st.lists(SAMPLE, max_size=12, unique_by=lambda row: row.id))
def test_the_order_is_that_of_a_plain_list(rows: list[Sample]) -> None:
    def rank(cluster: str) -> tuple[bytes, str]:
        return sha256(f"f\0{cluster}".encode()).digest(), cluster

    clusters: dict[str, list[Sample]] = {}
    for row in rows:
        clusters.setdefault(row.cluster or row.id, []).append(row)
    expected = [sorted(clusters[name], key=lambda row: row.id) for name in sorted(clusters, key=rank)]
    order = permutation(Samples(rows), "f")
    assert order == expected
    assert list(order.rows) == [row for cluster in expected for row in cluster]
    assert list(order.ids()) == [row.id for cluster in expected for row in cluster]
    assert list(order.by_id) == sorted(rows, key=lambda row: row.id)
    kept = order.kept(row.references != () for row in order.rows)
    assert kept == [left for cluster in expected if (left := [row for row in cluster if row.references])]


def test_ranks_that_begin_alike_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.data.order._rank", lambda _, cluster: b"8 bytes." + cluster[::-1].encode())
    rows = [Sample(f"r{at}", (), cluster=f"{9 - at % 5}k") for at in range(10)]
    found = [[row.id for row in cluster] for cluster in permutation(rows, "f")]
    assert found == [["r4", "r9"], ["r3", "r8"], ["r2", "r7"], ["r1", "r6"], ["r0", "r5"]]


def test_many_digests_are_sorted_as_few_are() -> None:
    rows = [Sample(f"r{at}", (Message("user", "?"),)) for at in range(SORTED_BY_NUMPY // 32 + 10)]
    digests = sorted(sha256(canonical(row).encode()).digest() for row in rows)
    assert fingerprint(rows) == sha256(b"".join(digests)).hexdigest()


def written(folder: Path, rows: int) -> Path:
    lines = [
        {"id": f"r{i}", "prompt": f"Question {i}?", "references": [str(i)], "topic": f"t{i % 3}"} for i in range(rows)
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    suite = folder / "s.yaml"
    text = "name: s\ndatasets: {rows: {path: rows.jsonl}}\nchecks: {accuracy: {metrics: [exact_match]}, length: {}}\n"
    suite.write_text(f"{text}gates: [accuracy.exact_match >= 0.5]\n", encoding="utf-8")
    return suite


def alive(kind: type) -> int:
    return sum(type(one) is kind for one in gc.get_objects())


def test_a_plan_holds_no_more_rows_for_a_larger_file(tmp_path: Path) -> None:
    """Of 20 blocks, one is alive at a time, with one case for both checks."""
    before = alive(Sample), alive(Case)
    plan = make_plan(load_suite(written(tmp_path, 20 * BLOCK)))
    assert alive(Sample) - before[0] == rowstore.IN_MEMORY
    most = 0
    for planned in plan.blocks():
        most = max(most, alive(Sample) - before[0])
        assert alive(Case) - before[1] <= 2 * BLOCK
        assert len(planned) == 2 * BLOCK
    assert most <= 2 * BLOCK + rowstore.IN_MEMORY
    assert plan.count == 2 * 20 * BLOCK


def test_a_row_is_read_once_for_all_checks_of_its_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(load_suite(written(tmp_path, 5 * BLOCK)))
    read = 0
    again = rowstore._read

    def counted(piece: bytes) -> Sample:
        nonlocal read
        read += 1
        return again(piece)

    monkeypatch.setattr(rowstore, "_read", counted)
    asked = [planned.case.id for block in plan.blocks() for planned in block]
    assert len(asked) == 2 * 5 * BLOCK
    assert read == 5 * BLOCK - rowstore.IN_MEMORY


def test_a_plan_over_rows_put_aside_is_the_plan_over_rows_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen() -> list[tuple[str, Case, int]]:
        plan = make_plan(load_suite(suite), plans.Scope(limit=150))
        return [(one.check.name, one.case, one.position) for block in plan.blocks() for one in block]

    suite = written(tmp_path, 200)
    aside = seen()
    monkeypatch.setattr(rowstore, "IN_MEMORY", 1000)
    assert aside == seen()
    assert len(aside) == 300


def test_a_dataset_put_aside_has_the_fingerprint_of_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, 50)
    aside = load(DatasetSpec("d", "rows.jsonl"), tmp_path)
    monkeypatch.setattr(rowstore, "IN_MEMORY", 1000)
    near = load(DatasetSpec("d", "rows.jsonl"), tmp_path)
    assert (aside.fingerprint, list(aside.samples)) == (near.fingerprint, list(near.samples))
