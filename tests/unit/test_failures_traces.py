"""What there was to see of an error: bounded, without values and secrets, and the log goes where it went before."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from evalkit.failures import fit_to_keep, log_tail, trace_of
from evalkit.failures.traces import LINES, LONGEST_LINE, LONGEST_MESSAGE, MOST_FRAMES, MOST_TRACEBACK, MOST_TRACES
from evalkit.records import Failure, FailureKind, Trace

logger = logging.getLogger("a.library")


def raised(depth: int = 0, said: str = "no") -> Exception:
    def deep(left: int) -> None:
        secret = "hunter2-hunter2"
        if left:
            deep(left - 1)
        raise ValueError(said or secret)

    try:
        deep(depth)
    except ValueError as error:
        return error
    raise AssertionError


def traced(error: Exception) -> Trace:
    trace = trace_of(error)
    assert trace is not None
    return trace


def test_a_traceback_has_its_last_frames_and_no_values() -> None:
    trace = traced(raised(depth=50))
    assert trace.traceback.count("in deep") <= MOST_FRAMES
    assert trace.traceback.endswith("ValueError: no")
    assert "hunter2-hunter2'" not in trace.traceback.replace('secret = "hunter2-hunter2"', "")


def test_a_long_one_is_cut_in_the_middle() -> None:
    trace = traced(raised(said="x" * 100_000))
    assert len(trace.traceback) < MOST_TRACEBACK + 100
    assert "more characters" in trace.traceback
    assert trace.traceback.startswith("Traceback")


def test_the_last_lines_of_the_log_are_kept_while_a_run_is_made() -> None:
    with log_tail():
        for number in range(LINES + 5):
            logger.warning("line %d\n of %s", number, "y" * 1000)
        lines = traced(raised()).log.split("\n")
    assert len(lines) == LINES
    assert lines[-1].startswith(f"WARNING a.library: line {LINES + 4} of yyy")
    assert all(len(line) <= LONGEST_LINE for line in lines)
    logger.warning("afterwards")
    assert traced(raised()).log == ""


def test_a_faulty_format_is_no_error_of_the_run() -> None:
    with log_tail() as tail:
        logging.root.handlers[-1].emit(logging.LogRecord("lib", logging.WARNING, "f", 1, "%d of %d", ("x",), None))
    assert tail.text == "WARNING lib: %d of %d"


def test_a_run_keeps_so_many_traces_and_the_next_run_as_many() -> None:
    for _ in range(2):
        with log_tail():
            kept = [trace_of(raised()) for _ in range(MOST_TRACES + 10)]
        assert sum(trace is not None for trace in kept) == MOST_TRACES
        assert kept[-1] is None


def test_a_failure_that_is_kept_is_bounded_and_has_its_own_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "opaque-words-of-mine")
    own = Trace("own")
    kept = fit_to_keep(Failure(FailureKind.INTERNAL, "opaque-words-of-mine" + "z" * 10_000, trace=own))
    assert kept.message.startswith("[secret]zzz")
    assert len(kept.message) == LONGEST_MESSAGE
    assert kept.trace is own
    assert fit_to_keep(Failure(FailureKind.NETWORK, "gone")).trace is None


def test_warnings_still_reach_standard_error_where_nobody_listens() -> None:
    code = (
        "import logging as l\nfrom evalkit.failures import log_tail\nwith log_tail(): l.getLogger('x').warning('heard')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "heard\n"
