"""Conversions that are made once: complete, or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.models.conversion import convert_once, is_complete


def test_what_a_killed_conversion_left_is_cleared_away_by_the_next_one(tmp_path: Path) -> None:
    target, other = tmp_path / "abc-1", tmp_path / "incoming-abcd-1-x"
    for left in (target, other, tmp_path / "incoming-abc-1-x"):
        left.mkdir()
        (left / "model.safetensors").write_text("half")

    def write(_: Path, arriving: Path) -> None:
        (arriving / "model.safetensors").write_text("whole")

    assert convert_once(tmp_path / "m.gguf", "abc", target, "to safetensors", write) == target
    assert is_complete(target)
    assert (target / "model.safetensors").read_text() == "whole"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["abc-1", other.name]


def test_a_conversion_that_fails_leaves_nothing_and_is_made_again(tmp_path: Path) -> None:
    def broken(_: Path, arriving: Path) -> None:
        (arriving / "model.safetensors").write_text("half")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        convert_once(tmp_path / "m.gguf", "abc", tmp_path / "abc-1", "to safetensors", broken)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    made: list[Path] = []
    for _ in range(2):
        convert_once(tmp_path / "m.gguf", "abc", tmp_path / "abc-1", "to safetensors", lambda _, new: made.append(new))
    assert len(made) == 1
