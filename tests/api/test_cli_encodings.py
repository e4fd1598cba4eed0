"""Standard output that cannot hold every letter, as a pipe on Windows: commands say what they have to all the same."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli.main import run_and_exit

NAME = "wört→😀"
SUITE = f"""
name: small
title: {NAME}
datasets: {{d: {{path: {NAME}.jsonl}}}}
checks:
  accuracy: {{metrics: [exact_match]}}
gates:
  - accuracy.exact_match[category={NAME}] >= 0.5
slices: [category]
"""
COMMANDS = (
    ("plan", "s.yaml"),
    ("power", "s.yaml"),
    ("list",),
    ("show", "last"),
    ("report", "last"),
    ("report", "last", "--format", "markdown"),
    ("compare", "last", "last"),
    ("data", "validate", f"{NAME}.jsonl"),
    ("show", "last", "--json"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encodings")
    rows = (
        {"id": f"{NAME}{n}", "prompt": f"say {NAME} {n}", "references": [NAME], "category": NAME} for n in range(40)
    )
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / f"{NAME}.jsonl").write_text(text, encoding="utf-8")
    (folder / "s.yaml").write_text(SUITE, encoding="utf-8")
    return folder


@pytest.fixture
def said(made: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bytes]:
    monkeypatch.chdir(made)
    for name in ("CI", "GITHUB_ACTIONS", "EVALKIT_STORE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(encoding: str, *arguments: str) -> bytes:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=how) for how in ("strict", "replace"))
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as ended:
                run_and_exit(list(arguments))
            out.flush()
            err.flush()
        streams: Any = (out.buffer, err.buffer)
        printed, told = (stream.getvalue() for stream in streams)
        assert ended.value.code in {0, 1}, told
        assert b"internal" not in told
        return bytes(printed)

    return call


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii"])
def test_no_command_fails_for_a_letter(said: Callable[..., bytes], encoding: str) -> None:
    printed = said(encoding, "run", "s.yaml", "--model", f"mock:constant?text={NAME}", "--report", "out")
    assert b"small" in printed
    for arguments in COMMANDS:
        printed = said(encoding, *arguments)
        assert printed.strip()
        printed.decode(
            "utf-8" if encoding == "ascii" else encoding
        )  # click takes ASCII for a mistake, and writes UTF-8
        assert b"\x1b" not in printed
