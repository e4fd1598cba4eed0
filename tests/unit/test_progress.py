"""Live progress: what it says, that it fits, and that nobody has to wait for it."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from evalkit.cli import progress as shown
from evalkit.cli.progress import Board, PlainLines, board_lines, showing_progress
from evalkit.records import Word
from evalkit.runner.ask import Tally
from evalkit.runner.so_far import SoFar
from evalkit.runner.stopping import Decided
from evalkit.runner.under_way import Progress

GATES = (Decided("safety.refusal_rate >= 0.95", Word.PASS, 240), Decided("qa.exact_match > 0.5", Word.FAIL, 1600))


SO_FAR = (
    SoFar("chat.grade <= 9", 8.4, "grade", 96, holds=True),
    SoFar("qa.bleu >= baseline - 0.02", -0.05, "score100", 64, holds=False, difference=True),
)


def at(seconds: float, done: float, cases: int = 1000, **changes: Any) -> Progress:
    told = {"suite": "assistant", "model": "tiny", "stage": "asking", "gates": 6} | changes
    return Progress(cases=cases, done=done, seconds=seconds, tally=Tally(), **told)


def lines(progress: Progress | None, width: int = 80, height: int = 24, **how: Any) -> list[str]:
    how = {"frame": "*", "unicode": True} | how
    return [line.plain for line in board_lines(progress, width=width, height=height, **how)]


def test_rows_speed_time_left_and_decided_gates_stand_there() -> None:
    assert lines(at(20, 300, left=35.2, speed=400.0, decided=GATES), width=110) == [
        "* assistant on tiny: asking",
        "  " + "━" * 10 + "─" * 26 + "  300/1,000 cases  400 tokens/s  at most 35 s left  2 of 6 gates decided",
        "  ✓ safety.refusal_rate >= 0.95 after 240 cases",
        "  ✗ qa.exact_match > 0.5 after 1,600 cases",
    ]


def test_a_narrow_terminal_gets_the_same_in_more_lines() -> None:
    assert lines(at(20, 300, left=35.2, speed=400.0, decided=GATES), width=40) == [
        "* assistant on tiny: asking",
        "  " + "━" * 8 + "─" * 19 + "  300/1,000",
        "  400 tokens/s, at most 35 s left, 2 of",
        "  6 gates decided",
        "  ✓ safety.refusal_rate… after 240 cases",
        "  ✗ qa.exact_match > … after 1,600 cases",
    ]


def test_nothing_is_foretold_before_there_is_something_to_go_by() -> None:
    assert lines(None) == ["* getting ready"]
    assert not any("left" in line or "tokens" in line for line in lines(at(300, 0)))


def test_a_low_terminal_shows_the_gates_that_were_decided_last() -> None:
    many = tuple(Decided(f"a.m{n} > 0", Word.PASS, n) for n in range(20))
    told = lines(at(20, 300, decided=many), height=9)
    assert len(told) <= 9 - 1
    gates = [line for line in told if "✓" in line]
    assert told[-2:] == ["  ✓ a.m19 > 0 after 19 cases", f"  and {20 - len(gates)} more gates"]


@pytest.mark.parametrize(
    ("width", "missing", "holding"),
    [
        (100, "misses so far: −0.050 after 64 cases", "holds so far: grade 8.4 after 96 cases"),
        (60, "misses so far: −0.050", "holds so far: grade 8.4"),
        (40, "misses: −0.050", "holds: grade 8.4"),
    ],
)
def test_gates_that_are_not_decided_stand_there_the_missing_first(width: int, missing: str, holding: str) -> None:
    told = lines(at(20, 300, so_far=SO_FAR, decided=GATES[:1]), width=width)
    assert told[-3].startswith("  ✓ safety.refusal")
    assert [line[:8] for line in told[-2:]] == ["  · qa.b", "  · chat"]
    assert told[-2].endswith(missing)
    assert told[-1].endswith(holding)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(4, 40))
def test_gates_without_room_are_counted_and_those_with_room_are_shown(decided: int, others: int, height: int) -> None:
    words = tuple(Decided(f"d.m{n} > 0", Word.PASS, n) for n in range(decided))
    stands = tuple(SoFar(f"o.m{n} > 0", 1.0, "share", n, holds=True) for n in range(others))
    told = lines(at(20, 300, decided=words, so_far=stands), width=110, height=height)[2:]
    assert len(told) <= max(0, min(shown.MOST_GATES, height - 4))
    counted = sum(int(line.split()[1]) for line in told if line.startswith("  and "))
    seen = sum(1 for line in told if not line.startswith("  and "))
    if height > 4:
        assert counted + seen == decided + others


ANY_TEXT = st.text(alphabet=st.characters(codec=None), min_size=1, max_size=60)
ANY_GATES = st.lists(st.builds(Decided, ANY_TEXT, st.sampled_from(Word), st.integers(0, 10**7)), max_size=12)
ANY_STANDS = st.lists(
    st.builds(SoFar, ANY_TEXT, st.floats(), ANY_TEXT, st.integers(0, 10**7), st.booleans(), st.booleans()), max_size=12
)
ANY_NAMES = st.fixed_dictionaries(
    {"suite": ANY_TEXT, "model": ANY_TEXT, "decided": ANY_GATES.map(tuple), "so_far": ANY_STANDS.map(tuple)}
)


@settings(max_examples=60)
@given(st.integers(40, 200), ANY_NAMES, st.integers(0, 10**7), st.booleans(), st.floats(0, 1))
def test_no_line_is_wider_than_the_terminal(
    width: int, names: dict[str, Any], cases: int, unicode: bool, share: float
) -> None:
    now = at(70, share * cases, cases, left=4e5, speed=1e6, traffic="16 at once, 1 refused", **names)
    for line in lines(now, width=width, unicode=unicode):
        assert cell_len(line) <= width
        assert "\n" not in line
        assert "\x1b" not in line


def test_a_terminal_without_unicode_gets_ascii() -> None:
    told = lines(at(20, 300, left=35.0, decided=GATES, suite="a" * 90), unicode=False)
    assert all(line.isascii() for line in told)
    assert "  + safety.refusal_rate >= 0.95 after 240 cases" in told


def test_the_board_draws_what_it_was_shown_last() -> None:
    board, stream = Board(), io.StringIO()
    console = Console(file=stream, width=80, force_terminal=False)
    console.print(board)
    board.show(at(10, 100))
    board.show(at(20, 300))
    console.print(board)
    assert "getting ready" in stream.getvalue()
    assert "300/1,000 cases" in stream.getvalue()


# --- plain lines ------------------------------------------------------------------------------------------------------


def test_a_pipe_gets_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    now = 100.0
    monkeypatch.setattr("evalkit.cli.progress.time.monotonic", lambda: now)
    told = PlainLines()
    for tenth in range(1, 251):
        now = 100 + tenth / 10
        told.show(at(tenth / 10, tenth, left=(1000 - tenth) / 10, speed=300.0))
    err = capsys.readouterr().err.splitlines()
    assert err == [
        "assistant on tiny: 100/1,000 cases, 10%, 300 tokens/s, 1 min 30 s left, 10 s so far",
        "assistant on tiny: 200/1,000 cases, 20%, 300 tokens/s, 1 min 20 s left, 20 s so far",
    ]


def test_a_gate_is_told_of_once_when_it_is_decided(capsys: pytest.CaptureFixture[str]) -> None:
    told = PlainLines()
    told.show(at(1, 100))
    told.show(at(2, 300, decided=GATES[:1]))
    told.show(at(3, 400, decided=GATES[:1]))
    told.show(at(4, 1700, decided=GATES))
    assert capsys.readouterr().err.splitlines() == [
        "assistant: PASS safety.refusal_rate >= 0.95, decided after 240 cases",
        "assistant: FAIL qa.exact_match > 0.5, decided after 1,600 cases",
    ]


def test_the_last_line_says_where_a_run_stood_that_was_told_of(capsys: Any, monkeypatch: Any) -> None:
    now = 100.0
    monkeypatch.setattr("evalkit.cli.progress.time.monotonic", lambda: now)
    short, told = PlainLines(), PlainLines()
    for tenth in range(1, 121):
        now = 100 + tenth / 10
        told.show(at(tenth / 10, tenth, left=(1000 - tenth) / 10, so_far=SO_FAR))
    told.end()
    short.end()
    assert capsys.readouterr().err.splitlines() == [
        "assistant on tiny: 100/1,000 cases, 10%, 1 min 30 s left, 1 of 2 gates hold so far, 10 s so far",
        "assistant on tiny: 120/1,000 cases, 12%, 1 min 28 s left, 1 of 2 gates hold so far, 12 s so far",
    ]


def test_a_silent_model_is_said_to_be_silent(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(shown, "SECONDS_BETWEEN_LINES", 0.02)
    monkeypatch.setattr(shown, "LEAST_WAIT", 0.01)
    told, ended, seen = PlainLines(), threading.Event(), threading.Event()
    original, count = shown._print, 0

    def noted(line: str) -> None:
        nonlocal count
        original(line)
        count += 1
        if count == 2:
            seen.set()

    monkeypatch.setattr(shown, "_print", noted)
    thread = threading.Thread(target=told.watch, args=(ended,))
    thread.start()
    assert seen.wait(10)
    ended.set()
    thread.join(10)
    assert all(line.startswith("getting ready, 0.") for line in capsys.readouterr().err.splitlines())


def test_a_model_that_is_loading_is_named_in_its_line_and_on_its_board(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(shown, "SECONDS_BETWEEN_LINES", 0.0)
    loading = at(20, 0, stage="loading tiny")
    PlainLines().show(loading)
    assert capsys.readouterr().err == "assistant: loading tiny, 20 s so far\n"
    assert lines(loading)[0] == "* assistant: loading tiny"
    PlainLines().show(at(20, 0))
    assert capsys.readouterr().err == "assistant on tiny: 0/1,000 cases, 0%, 20 s so far\n"


def test_what_a_mode_does_beside_the_run_is_named_and_counts_no_cases(capsys: Any, monkeypatch: Any) -> None:
    progress = at(20, 3, 10, stage="measuring beside the run: speed")
    assert lines(progress)[1].split()[-1] == "3/10"
    printed = PlainLines()
    monkeypatch.setattr(printed, "_printed", -1e9)
    printed.show(progress)
    assert "assistant: measuring beside the run: speed, 3 of 10, 20 s so far" in capsys.readouterr().err


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(shown, "SECONDS_BETWEEN_LINES", 0.0)
    with showing_progress(quiet=True) as (show, _):
        show(at(20, 300, decided=GATES))
    assert capsys.readouterr() == ("", "")


def test_whoever_read_the_lines_may_have_gone(monkeypatch: Any) -> None:
    tried: list[str] = []

    class Gone(io.StringIO):
        def write(self, said: str) -> int:
            tried.append(said)
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Gone())
    PlainLines().show(at(2, 300, decided=GATES))
    assert tried, "it was tried, and the run goes on"


@pytest.mark.parametrize(
    ("terminal", "environment", "moves"),
    [
        (True, {}, True),
        (True, {"CI": "false"}, True),
        (True, {"CI": "true"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_lines_move_where_they_can(terminal: bool, environment: dict[str, str], moves: bool, monkeypatch: Any) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    assert shown._can_move() is moves
