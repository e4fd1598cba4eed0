"""Where a run stood as time went by: few moments of a long run, all parts of it, and its end."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.results import Moment
from evalkit.runner.timeline import MOST, SPACING, Timeline, resident_mb


def lived(gaps: list[float], spacing: float = SPACING) -> tuple[tuple[Moment, ...], float]:
    """As a run does: what is due is added."""
    line, now = Timeline(spacing), 0.0
    for done, gap in enumerate(gaps):
        now += gap
        if now >= line.due:
            line.add(now, done, 10 * done)
    return line.ended(now, len(gaps), 10 * len(gaps)), now


@given(st.lists(st.floats(0, 50), max_size=400), st.sampled_from([0.01, 0.1, 5.0]))
def test_moments_are_few_in_order_and_end_where_the_run_did(gaps: list[float], spacing: float) -> None:
    moments, end = lived(gaps, spacing)
    assert 1 <= len(moments) <= MOST
    assert [one.seconds for one in moments] == sorted(one.seconds for one in moments)
    assert [one.done for one in moments] == sorted(one.done for one in moments)
    assert (moments[-1].seconds, moments[-1].done) == (round(end, 3), len(gaps))


def test_a_long_run_is_told_evenly_and_a_short_one_whole() -> None:
    moments, _ = lived([0.05] * 200_000)  # nearly three hours, in steps of a twentieth of a second
    assert MOST / 2 - 1 <= len(moments) <= MOST
    gaps = [later.seconds - one.seconds for one, later in pairwise(moments[:-1])]
    assert max(gaps) <= 2.1 * min(gaps)
    assert moments[0].done == 0
    short, _ = lived([1.0] * 20)
    assert [one.done for one in short] == [*range(20), 20]


def test_nothing_is_due_between_moments() -> None:
    """So that whoever asks after every answer pays a comparison."""
    line = Timeline()
    assert line.due == 0.0
    line.add(3.0, 1, 7)
    assert line.due == pytest.approx(3.0 + SPACING)


@pytest.mark.skipif(sys.platform != "linux", reason="only there the system tells in /proc")
def test_memory_is_what_the_system_says_of_this_process() -> None:
    told = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    found = resident_mb()
    assert told is not None
    assert found == pytest.approx(int(told[1]) * 1024 / 1e6, rel=0.1)


def test_where_the_system_does_not_tell_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (moment,) = Timeline().ended(0.0, 0, 0)
    assert moment.memory_mb is None
