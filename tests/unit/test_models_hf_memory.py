"""How much memory is left."""

from __future__ import annotations

import pytest

from evalkit.models.hf import memory


def test_free_memory_is_what_machine_and_container_both_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_available", lambda: 5_000)
    for left, expected in ((3_000, 3_000), (9_000, 5_000), (None, 5_000)):
        monkeypatch.setattr(memory, "_group_left", lambda left=left: left)
        assert memory.free_bytes("cpu") == expected
    monkeypatch.setattr(memory, "_available", lambda: None)
    monkeypatch.setattr(memory, "_group_left", lambda: None)
    assert memory.free_bytes("cpu") is None
