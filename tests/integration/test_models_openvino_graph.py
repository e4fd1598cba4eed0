"""What conversion makes of a graph: matrices in float32, as they are used, and all else as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("openvino", reason="the engine needs the extra 'openvino'")

from evalkit.models.openvino.convert import widen_matrices

ROWS, WIDTH = 40, 24


@pytest.fixture
def table() -> Any:
    return np.random.default_rng(5).normal(size=(ROWS, WIDTH)).astype(np.float16)


@pytest.fixture
def graph(tmp_path: Path, table: Any) -> Path:
    """Rows are looked up in a table, a bias is added, and what comes of it is multiplied by the same table."""
    from openvino import Model, Type, opset13, save_model

    asked = opset13.parameter([-1], Type.i64, name="asked")
    shared = opset13.convert(opset13.constant(table, name="table"), Type.f32)
    bias = opset13.convert(opset13.constant(table[:1], name="bias"), Type.f32)
    found = opset13.gather(shared, asked, opset13.constant(np.int64(0)))
    scores = opset13.matmul(opset13.add(found, bias), shared, False, True)
    path = tmp_path / "made.xml"
    save_model(Model([scores], [asked], "graph"), str(path), compress_to_fp16=False)
    return path


def operands(path: Path, kind: str) -> list[Any]:
    """The constants that an operation of this kind reads, through whatever widens them."""
    from openvino import Core

    found = []
    for operation in Core().read_model(str(path)).get_ordered_ops():
        if operation.get_type_name() == kind:
            read = [place.get_source_output().get_node() for place in operation.inputs()]
            read = [one.input_value(0).get_node() if one.get_type_name() == "Convert" else one for one in read]
            found += [np.array(one.data) for one in read if one.get_type_name() == "Constant" and one.data.size > 1]
    return found


def test_what_is_multiplied_by_is_float32_with_the_same_numbers(graph: Path, tmp_path: Path, table: Any) -> None:
    widen_matrices(graph, tmp_path / "wide.xml")
    [matrix] = operands(tmp_path / "wide.xml", "MatMul")
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, table)


def test_what_is_looked_up_or_added_is_left_as_it_is(graph: Path, tmp_path: Path, table: Any) -> None:
    widen_matrices(graph, tmp_path / "wide.xml")
    [looked_up], [added] = (operands(tmp_path / "wide.xml", kind) for kind in ("Gather", "Add"))
    assert (looked_up.dtype, added.dtype) == (np.float16, np.float16)
    np.testing.assert_array_equal(looked_up, table)


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_it_computes_the_same_numbers(graph: Path, tmp_path: Path, precision: str) -> None:
    from openvino import Core

    widen_matrices(graph, tmp_path / "wide.xml")
    core, asked = Core(), np.arange(ROWS, dtype=np.int64)
    before, after = (
        core.compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": precision})([asked])[0]
        for path in (graph, tmp_path / "wide.xml")
    )
    np.testing.assert_array_equal(before, after)


def test_a_disk_that_is_full_is_no_fault_of_the_file(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import openvino

    def no_room(*_: object, **__: object) -> None:
        raise RuntimeError("basic_ios::clear: iostream error")

    monkeypatch.setattr(openvino, "save_model", no_room)
    with pytest.raises(OSError, match="iostream"):
        widen_matrices(graph, tmp_path / "wide.xml")
