"""How much memory is left, and which errors say that it ran out."""

from __future__ import annotations

import pytest

from evalkit.models.hf import memory
from evalkit.models.hf.memory import is_out_of_memory


def test_free_memory_is_what_machine_and_container_both_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_available", lambda: 5_000)
    for left, expected in ((3_000, 3_000), (9_000, 5_000), (None, 5_000)):
        monkeypatch.setattr(memory, "_group_left", lambda left=left: left)
        assert memory.free_bytes("cpu") == expected
    monkeypatch.setattr(memory, "_available", lambda: None)
    monkeypatch.setattr(memory, "_group_left", lambda: None)
    assert memory.free_bytes("cpu") is None


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)"),
        type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate 20.00 MiB"),
    ],
    ids=lambda error: str(error)[:20],
)
def test_a_lack_of_memory_is_known_by_the_words_of_whoever_met_it(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("mat1 and mat2 shapes"), IndexError()])
def test_other_errors_are_no_lack_of_memory(error: Exception) -> None:
    assert not is_out_of_memory(error)
