"""``evalkit run`` in a real terminal of any width, and in a pipe: what moves, what stays, and which bytes are sent."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len

SUITE = """
name: watched
datasets: {d: {path: rows.jsonl}}
checks:
  accuracy: {metrics: [exact_match, rougeL]}
gates:
  - accuracy.exact_match >= 0.5
  - accuracy.rougeL > 0.1
stop_early: true
"""
CURSOR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:3[0-9]|9[0-9]|4[0-9])(?:;\d+)*m")
HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"


@dataclass(frozen=True)
class Seen:
    code: int
    text: str

    @property
    def frames(self) -> list[str]:
        """Lines of text without what moves the cursor."""
        return [line for line in re.split(r"[\r\n]+", CURSOR.sub("", self.text)) if line.strip()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = (
        {"id": f"r{i}", "prompt": f"say the word {i}", "references": [f"say the word {i}"], "category": "ab"[i % 2]}
        for i in range(400)
    )
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SUITE, encoding="utf-8")
    return tmp_path


def environment(**changes: str) -> dict[str, str]:
    left_out = {"CI", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **changes}


def command(*options: str, model: str = "mock:slow?ms=10") -> list[str]:
    return [sys.executable, "-m", "evalkit", "run", "s.yaml", "--model", model, "--fresh", *options]


def resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def in_terminal(
    folder: Path, columns: int, *options: str, model: str = "mock:slow?ms=10", narrowed: int = 0, **changes: str
) -> Seen:
    """All bytes that a terminal of so many columns gets; standard output is another file, as with ``> result``.
    ``narrowed``: to so many, once cases come in; then only what is sent from there on."""
    ours, theirs = pty.openpty()
    resize(theirs, columns)
    with (folder / "out.txt").open("wb") as out:
        running = subprocess.Popen(
            command(*options, model=model),
            cwd=folder,
            env=environment(**changes),
            stdin=theirs,
            stdout=out,
            stderr=theirs,
        )
    os.close(theirs)
    read = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            part = os.read(ours, 65536) if ready else b""
        except OSError:  # the other end is closed
            break
        if not part:
            break
        read += part
        if narrowed and b" left" in read:
            resize(ours, narrowed)
            running.send_signal(signal.SIGWINCH)
            read, narrowed = b"", 0
    os.close(ours)
    return Seen(running.wait(60), read.decode("utf-8"))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_run_moves_in_its_terminal_and_leaves_nothing_there(folder: Path, columns: int) -> None:
    seen = in_terminal(folder, columns, model="mock:slow?ms=35")
    assert seen.code == 0, seen.text
    whole = "\n".join(seen.frames)
    for part in ("watched on mock:slow?ms=35: asking", "tokens/s", "left", "/400", "✓ accuracy.rougeL > 0.1 after"):
        assert part in whole
    assert max(cell_len(line) for line in seen.frames) <= columns
    assert COLOUR.search(seen.text)
    assert seen.text.count(HIDDEN) == seen.text.count(SHOWN) == 1
    # the last that is sent goes back over the lines that were drawn, erases each, and shows the cursor again
    assert "\x1b[2K" in seen.text[seen.text.rindex(SHOWN) - 200 :]
    out = (folder / "out.txt").read_text(encoding="utf-8")
    assert "GOOD ENOUGH" in out
    assert "\x1b" not in out


def test_a_run_that_asks_everything_shows_how_its_gates_stand(folder: Path) -> None:
    seen = in_terminal(folder, 100, "--no-stop-early", "--limit", "200", model="mock:slow?ms=20")
    assert seen.code == 0, seen.text
    whole = "\n".join(seen.frames)
    assert re.search(r"· accuracy\.exact_match >= 0\.5 holds so far: 1 after (64|128|192) cases", whole)
    assert "decided" not in whole


def test_a_terminal_that_is_made_narrower_gets_narrower_lines(folder: Path) -> None:
    seen = in_terminal(folder, 120, model="mock:slow?ms=80", narrowed=50)
    assert seen.code == 0, seen.text
    _, *frames = seen.frames  # the first may have been under way
    after = [line for line in frames if "watched on" in line]
    assert len(after) > 4, "the run was over before its lines could become narrower"
    assert max(cell_len(line) for line in frames[4:]) <= 50
    assert seen.text.count(SHOWN) == 1


def test_colour_in_a_pipe_is_for_who_asks_for_it(folder: Path) -> None:
    asked = environment(FORCE_COLOR="1")
    done = subprocess.run(
        command(model="mock:oracle"), cwd=folder, env=asked, capture_output=True, check=False, text=True
    )
    assert COLOUR.search(done.stdout)
    assert "\x1b" not in done.stderr


def test_without_colour_nothing_is_coloured(folder: Path) -> None:
    seen = in_terminal(folder, 80, NO_COLOR="1")
    assert "✓ accuracy.rougeL" in seen.text
    assert not COLOUR.search(seen.text)


@pytest.mark.parametrize("options", [("--quiet",), ("--json",)])
def test_quiet_and_json_show_no_progress(folder: Path, options: tuple[str, ...]) -> None:
    assert in_terminal(folder, 80, *options).text == ""


@pytest.mark.parametrize("changes", [{"CI": "true"}, {"TERM": "dumb"}])
def test_where_nothing_can_move_there_are_plain_lines(folder: Path, changes: dict[str, str]) -> None:
    seen = in_terminal(folder, 80, **changes)
    assert "\x1b" not in seen.text
    told = [line for line in seen.frames if "decided after" in line]
    assert any(re.fullmatch(r"watched: PASS accuracy\.rougeL > 0\.1, decided after \d+ cases", line) for line in told)


def test_a_pipe_gets_no_control_characters(folder: Path) -> None:
    done = subprocess.run(command(), cwd=folder, env=environment(), capture_output=True, check=False)
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\r" not in done.stdout + done.stderr
    assert b"decided after" in done.stderr
