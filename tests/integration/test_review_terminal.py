"""``evalkit review`` at a real terminal: single keys, narrow and resized windows, Ctrl-C, and texts that would act."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from review_runs import SUITE, reviewable_run

from evalkit.cli.reviewing import shown_item
from evalkit.results import Result
from evalkit.runner import review
from evalkit.runner.review_standing import Said
from evalkit.runner.revise import result_of
from evalkit.store import Store

BLIND = SUITE[: SUITE.index("  - {name: seen")].replace("sample: 20", "sample: 5").replace("<= 0.4", "<= 0.9")
"""One queue of five."""
ACTING = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202eevil\u2066\u200b\r\b end"
HOSTILE = f"{ACTING} {'x' * 1_000_000} tail"


@pytest.fixture
def run(store: Store, tmp_path: Path) -> Result:
    return reviewable_run(store, tmp_path, BLIND, prompt=lambda n: f"{n}: {'a prompt of several words, ' * 8}")


def takes_control_c() -> None:
    """The window is the process's own, and what it inherited, as of a shell's background job, ignores nothing."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """``evalkit review`` in a window of its own."""

    def __init__(self, run: Result, folder: Path, columns: int = 100, **environment: str) -> None:
        self._own, other = pty.openpty()
        self.resize(columns)
        command = [sys.executable, "-m", "evalkit", "review", run.run.id, "--reviewer", "ann"]
        kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}
        self.process = subprocess.Popen(
            [*command, "--store", str(folder / "runs.db")],
            stdin=other, stdout=other, stderr=other, env={**kept, **environment}, start_new_session=True,
            preexec_fn=takes_control_c,  # noqa: PLW1509 - it calls nothing that another thread could hold
        )  # fmt: skip
        os.close(other)
        self.seen = ""

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self._own, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def press(self, keys: str, answer: str) -> str:
        """What was shown until ``answer``. The keys are pressed again where nothing came of them: what is typed before
        the program looks is dropped, so that it labels nothing."""
        for _ in range(6):
            time.sleep(0.2)
            begin = len(self.seen)
            os.write(self._own, keys.encode())
            if self.until(answer, 5.0, begin):
                return self.seen[begin:]
        raise AssertionError(f"{keys!r} got no {answer!r} but {self.seen[-500:]!r}")

    def until(self, wanted: str, seconds: float = 60.0, begin: int = 0) -> bool:
        end = time.monotonic() + seconds
        while not re.search(wanted, self.seen[begin:], re.DOTALL) and time.monotonic() < end:
            if select.select([self._own], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._own, 65536).decode("utf-8", "replace")
                except OSError:  # the program has ended
                    break
        return re.search(wanted, self.seen[begin:], re.DOTALL) is not None

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._own)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        one.close()


def said(store: Store, run: Result) -> list[str]:
    (queue,) = review.queues(store, run.run.id)
    now = review.standing(store, queue).said
    mine = [now.get(case, {}).get("ann", Said()) for case in queue.cases]
    return [one.label or ("skipped" if one.skipped else "") for one in mine]


def test_single_keys_review_a_queue_to_its_revision(
    run: Result, store: Store, tmp_path: Path, terminals: list[Terminal]
) -> None:
    terminals.append(window := Terminal(run, tmp_path))
    assert window.until("> ")
    for key, answer in (("1", "accept; .*> "), ("2", "reject; .*> "), ("u", "withdrawn.*> "), ("n", "note.*: ")):
        window.press(key, answer)
    window.press("hm\n", "noted.*> ")
    assert said(store, run) == ["accept", "", "", "", ""]
    window.press("9", "1 to 2 for a label.*> ")
    for key, answer in (("1", "accept; .*> "), ("s", "skipped; .*> "), ("2", "reject; .*> "), ("1", "revision 1.*")):
        window.press(key, answer)
    assert window.process.wait(30) == 0
    assert said(store, run) == ["accept", "accept", "skipped", "reject", "accept"]
    (queue,) = review.queues(store, run.run.id)
    assert review.standing(store, queue).said[queue.cases[1]]["ann"].note == "hm"
    assert result_of(store, run.run.id).revision == 1


@pytest.mark.parametrize("during", ["a key", "a note"])
def test_control_c_leaves_with_everything_kept(
    run: Result, store: Store, tmp_path: Path, terminals: list[Terminal], during: str
) -> None:
    terminals.append(window := Terminal(run, tmp_path))
    assert window.until("> ")
    window.press("2", "reject; .*> ")
    if during == "a note":
        window.press("n", "note.*: ")
    window.press("\x03", "everything said so far is kept")
    assert window.process.wait(30) == 130
    assert "Traceback" not in window.seen
    assert said(store, run) == ["reject", "", "", "", ""]


def test_lines_fit_the_window_as_wide_as_it_is_now(run: Result, tmp_path: Path, terminals: list[Terminal]) -> None:
    terminals.append(window := Terminal(run, tmp_path, columns=60, NO_COLOR="1"))
    assert window.until("> ")
    first = window.seen
    window.resize(34)
    second = window.press("1", "q\\s+quit.*> ")
    window.resize(120)
    third = window.press("1", "quit.*> ")
    widest = [
        max(map(len, text.replace("\r", "").split("\n"))) for text in (first, second[second.index("item 2") :], third)
    ]
    assert 50 < widest[0] <= 60
    assert 24 < widest[1] <= 34
    assert 60 < widest[2] <= 120
    assert "\x1b" not in window.seen
    window.press("q", "left for ann")
    assert window.process.wait(30) == 0


def test_colours_are_for_terminals_that_want_them(run: Result, tmp_path: Path, terminals: list[Terminal]) -> None:
    terminals.append(window := Terminal(run, tmp_path))
    assert window.until("> ")
    assert "\x1b[36m" in window.seen


def test_an_answer_with_a_nul_shows_it(run: Result, store: Store) -> None:
    (queue,) = review.queues(store, run.run.id)
    item = review.item(store, queue, 0)
    answered = replace(item, exchanges=(replace(item.exchanges[0], answer="be\0fore\0"),))
    lines = "\n".join(shown_item(answered, 60))
    assert "\0" not in lines
    assert "fore" in lines


def test_texts_that_would_act_are_only_read(store: Store, tmp_path: Path, terminals: list[Terminal]) -> None:
    suite = BLIND.replace("Would you accept this answer?", '"really\\x1b[2J\\u202e?"')
    run = reviewable_run(store, tmp_path, suite, prompt=lambda n: f"{n} {HOSTILE}")
    terminals.append(window := Terminal(run, tmp_path, columns=60, NO_COLOR="1"))
    assert window.until("> ")
    for acting in "\x1b\x07\x9b\u202e\u2066\u200b\x00\b":
        assert acting not in window.seen, ascii(acting)
    assert re.sub("\r\n", "", window.seen).count("\r") == 0
    assert "evil" in window.seen
    assert len(window.seen) < 20_000
    assert max(map(len, window.seen.replace("\r", "").split("\n"))) <= 60
    window.press("1", "accept; .*> ")
    assert said(store, run)[0] == "accept"
