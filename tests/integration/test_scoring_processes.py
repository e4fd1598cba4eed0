"""Answers that are judged by other processes: the same scores in the same order, whatever happens to them."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import scoring_checks as toys

from evalkit.checks.repeats import Repeated
from evalkit.records import Answer, Case, Decoding, FailureKind, Generate, Message, Request, Sample, Score
from evalkit.runner import scoring as scoring_module
from evalkit.runner import scoring_pool
from evalkit.runner.examine import Examined
from evalkit.runner.plan import Planned
from evalkit.runner.scoring import Scoring
from evalkit.suite.load import SuiteCheck

CASES = 150
LONGEST = 60.0
"""Seconds that a test waits for what must happen, before it fails."""


def suite_checks(*kinds: type[Any]) -> list[SuiteCheck]:
    made = [kind(kind.kind, Decoding()) for kind in kinds]
    return [of_check(check) for check in made]


def of_check(check: Any) -> SuiteCheck:
    return SuiteCheck(check, "d", check.decoding, "", (), "", "")


def case(name: str, **labels: Any) -> Case:
    return Case(name, (Sample(name, (Message("user", f"say {name} {'x ' * (len(name) % 4)}"),), ("a",), labels),), "")


def blocks(checks: Sequence[SuiteCheck], cases: Sequence[Case], size: int = 10) -> Iterator[tuple[int, list[Planned]]]:
    for number, start in enumerate(range(0, len(cases), size)):
        rows = enumerate(cases[start : start + size], start)
        yield number, [Planned(check, row, place) for place, row in rows for check in checks]


class Echo:
    """Answers as they come, in an order of its own; every seventh fails."""

    def __init__(self, watch: Callable[[int], None] = lambda _: None) -> None:
        self.watch = watch
        self.asked = 0

    def __call__(self, requests: Sequence[Request]) -> list[tuple[str, Answer]]:
        found = {place: (key, answer) for place, key, answer in self.arriving(requests)}
        return [found[place] for place in range(len(requests))]

    def arriving(self, requests: Sequence[Request]) -> Iterator[tuple[int, str, Answer]]:
        for place in reversed(range(len(requests))):
            self.watch(self.asked)
            self.asked += 1
            ask = requests[place].ask
            assert isinstance(ask, Generate)
            text = ask.messages[-1].content
            if len(text) % 7 == 0:
                yield place, f"k{text}", Answer.failed(FailureKind.NETWORK, "gone")
            else:
                yield place, f"k{text}{requests[place].attempt}", Answer(text)


def all_examined(
    checks: Sequence[SuiteCheck], cases: Sequence[Case], workers: int | None, *, ahead: bool = True
) -> tuple[list[Examined], Scoring]:
    found: list[Examined] = []
    with Scoring(checks, len(checks) * len(cases), workers) as scoring:
        for _, planned, examined in scoring.blocks(blocks(checks, cases), Echo(), ahead=ahead):
            assert [one.planned for one in examined] == planned
            found += examined
    return found, scoring


def said(examined: Sequence[Examined]) -> list[tuple[str, str, Score, float, list[str]]]:
    return [
        (one.planned.check.name, one.planned.case.id, one.score, one.score.errored_attempts, one.keys)
        for one in examined
    ]


CASES_OF_ALL = [case(f"c{number}") for number in range(CASES)]


def test_other_processes_give_the_same_scores_in_the_same_order() -> None:
    repeated = of_check(Repeated(toys.Counting("attempts", Decoding(temperature=0.5)), 3))
    checks = [*suite_checks(toys.Counting, toys.TwoRounds), repeated]
    alone, _ = all_examined(checks, CASES_OF_ALL, 0)
    for workers, ahead in ((1, True), (2, False)):
        together, scoring = all_examined(checks, CASES_OF_ALL, workers, ahead=ahead)
        assert said(together) == said(alone)
        assert len(scoring.process_ids) == workers
        assert scoring.refused == 0
        assert scoring.warnings() == []
    assert {type(one.score.evidence.get("spans")) for one in together if one.score.evidence} >= {tuple}


@pytest.mark.parametrize("kind", [toys.Unmade, toys.Untold, toys.Broken, toys.Talkative])
def test_what_another_process_cannot_judge_is_judged_here(kind: type[Any]) -> None:
    checks = suite_checks(kind, toys.Counting)
    alone, _ = all_examined(checks, CASES_OF_ALL, 0)
    together, _ = all_examined(checks, CASES_OF_ALL, 1)
    assert said(together) == said(alone)
    assert not any("beside" in one.score.error for one in together)


def test_a_check_that_is_given_back_again_and_again_is_kept_here() -> None:
    checks = suite_checks(toys.Unmade)
    waits = wait_for_all_but_the_first(checks)
    assert 0 < waits.refused <= scoring_module.MOST_REFUSED + scoring_pool.AHEAD * scoring_module.MOST_IN_BATCH


def wait_for_all_but_the_first(checks: Sequence[SuiteCheck]) -> Scoring:
    """Nothing is taken back by the run before another process had its chance."""
    with Scoring(checks, CASES, 1) as scoring:

        def watch(asked: int) -> None:
            if asked == 9:
                until(lambda: scoring.refused + scoring.judged_elsewhere > 0)

        for _ in scoring.blocks(blocks(checks, CASES_OF_ALL), Echo(watch), ahead=True):
            pass
    return scoring


def until(happened: Callable[[], bool]) -> None:
    give_up = time.monotonic() + LONGEST
    while not happened():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)


def test_checks_with_labels_that_cannot_travel_are_judged_here() -> None:
    checks = suite_checks(toys.Counting)
    cases = [case(f"c{number}", lock=threading.Lock()) for number in range(30)]
    alone, _ = all_examined(checks, cases, 0)
    together, scoring = all_examined(checks, cases, 1)
    assert said(together) == said(alone)
    assert scoring.judged_elsewhere == 0


def test_checks_that_stay_at_home_start_no_process() -> None:
    _, scoring = all_examined(suite_checks(toys.AtHome), CASES_OF_ALL, 2)
    assert scoring.process_ids == ()


def test_small_suites_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **_: started.append(args))
    _, scoring = all_examined(suite_checks(toys.Counting), CASES_OF_ALL, None)
    assert started == []
    assert scoring.process_ids == ()


def test_dear_answers_start_processes_and_cheap_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring_module, "usable", lambda: 2)
    monkeypatch.setattr(scoring_module, "FIRST_LOOK", 0.0)
    clock = {"now": 0.0, "step": 0.0}

    def thread_time() -> float:
        clock["now"] += clock["step"]
        return clock["now"]

    monkeypatch.setattr(time, "thread_time", thread_time)
    monkeypatch.setattr(Scoring, "_carriage", lambda _: 0.001)
    for step, processes in ((0.001, 0), (1.0, 1)):
        clock["step"] = step
        _, scoring = all_examined(suite_checks(toys.Counting), CASES_OF_ALL, None)
        assert len(scoring.process_ids) == processes
    monkeypatch.setattr(Scoring, "_carriage", lambda _: 0.9)  # judging must cost several times as much
    assert all_examined(suite_checks(toys.Counting), CASES_OF_ALL, None)[1].process_ids == ()
    monkeypatch.setattr(Scoring, "_carriage", lambda _: 0.001)
    monkeypatch.setattr(scoring_module, "usable", lambda: 1)
    assert all_examined(suite_checks(toys.Counting), CASES_OF_ALL, None)[1].process_ids == ()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_is_killed_loses_nothing() -> None:
    checks = suite_checks(toys.Deadly)
    cases = [*CASES_OF_ALL[:5], case("poison"), *CASES_OF_ALL[5:]]
    alone, _ = all_examined(checks, cases, 0)
    with Scoring(checks, len(cases), 2) as scoring:
        found: list[Examined] = []

        def watch(asked: int) -> None:
            if asked == 20:
                until(lambda: bool(scoring.warnings()))

        for _, _, examined in scoring.blocks(blocks(checks, cases), Echo(watch), ahead=True):
            found += examined
    assert said(found) == said(alone)
    assert scoring.warnings() == ["a scoring process ended by SIGKILL: what it had was scored by the run itself"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_stands_still_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = suite_checks(toys.Counting)
    alone, _ = all_examined(checks, CASES_OF_ALL, 0)
    monkeypatch.setattr(scoring_pool, "STUCK", 0.5)
    found: list[Examined] = []

    def watch(asked: int) -> None:
        if asked == 15:  # the first block is on its way
            until(lambda: scoring._pool is not None and any(scoring._pool._there.values()))

    with Scoring(checks, CASES, 1) as scoring:
        os.kill(scoring.process_ids[0], signal.SIGSTOP)
        for _, _, examined in scoring.blocks(blocks(checks, CASES_OF_ALL), Echo(watch), ahead=True):
            found += examined
    assert said(found) == said(alone)
    assert scoring.judged_elsewhere == 0
    assert scoring.warnings() == [
        "a scoring process ended after 0.5 seconds without a score: what it had was scored by the run itself"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_run_does_not_wait_for_a_process_that_stands_still() -> None:
    """And has not taken all that is on its way to it."""
    checks = suite_checks(toys.Counting)

    def watch(asked: int) -> None:
        if asked == 1:
            until(lambda: scoring._pool is not None and any(scoring._pool._there.values()))
            raise KeyboardInterrupt

    long = [case(f"c{number} {'word ' * 100_000}") for number in range(2)]  # more than a pipe takes
    scoring = Scoring(checks, len(long), 1)
    os.kill(scoring.process_ids[0], signal.SIGSTOP)

    def run() -> None:
        with scoring:
            list(scoring.blocks(blocks(checks, long), Echo(watch), ahead=True))

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not alive(scoring.process_ids[0])


@pytest.mark.parametrize("said_instead", [b"\xff" * 8, pickle.dumps(([Score()] * 300, 0.0))])
def test_a_process_that_talks_nonsense_loses_nothing(said_instead: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A length that no memory has, and more scores than were asked for."""
    checks = suite_checks(toys.Counting)
    alone, _ = all_examined(checks, CASES_OF_ALL, 0)
    whole = scoring_pool.read

    def garbled(stream: Any) -> bytes:
        whole(stream)
        return whole(io.BytesIO(said_instead)) if said_instead[0] == 0xFF else said_instead

    monkeypatch.setattr(scoring_pool, "read", garbled)
    together, scoring = all_examined(checks, CASES_OF_ALL, 2)
    assert said(together) == said(alone)
    assert scoring.judged_elsewhere == 0


def test_without_room_for_another_process_the_run_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    checks = suite_checks(toys.Counting)
    alone, _ = all_examined(checks, CASES_OF_ALL, 0)
    monkeypatch.setattr(subprocess, "Popen", full)
    together, scoring = all_examined(checks, CASES_OF_ALL, 2)
    assert said(together) == said(alone)
    assert scoring.process_ids == ()


def test_answers_are_judged_while_later_ones_are_asked() -> None:
    checks = suite_checks(toys.Counting)
    judged_before: list[int] = []
    with Scoring(checks, CASES, 1) as scoring:

        def watch(asked: int) -> None:
            if asked in {5, 15}:  # in the middle of the first block, and of the second
                before = asked - 5 or 1
                until(lambda: scoring.judged_elsewhere >= before)
                judged_before.append(asked)

        for _ in scoring.blocks(blocks(checks, CASES_OF_ALL), Echo(watch), ahead=True):
            pass
    assert judged_before == [5, 15]


def test_a_run_that_may_stop_asks_a_block_only_after_the_last_was_judged() -> None:
    checks = suite_checks(toys.Counting)
    events: list[str] = []
    for ahead in (False, True):
        events.clear()
        echo = Echo(lambda asked: events.append("asked") if asked % 10 == 0 else None)
        with Scoring(checks, CASES, 1) as scoring:
            for _ in scoring.blocks(blocks(checks, CASES_OF_ALL), echo, ahead=ahead):
                events.append("judged")
        assert events.count("asked") == events.count("judged") == CASES // 10
        if not ahead:
            assert events == ["asked", "judged"] * (CASES // 10)


def test_an_interrupted_run_leaves_no_process_behind() -> None:
    checks = suite_checks(toys.Counting)
    scoring = Scoring(checks, CASES, 2)

    def watch(asked: int) -> None:
        if asked == 25:
            raise KeyboardInterrupt

    def run() -> None:
        with scoring:
            list(scoring.blocks(blocks(checks, CASES_OF_ALL), Echo(watch), ahead=True))

    with pytest.raises(KeyboardInterrupt):
        run()
    assert len(scoring.process_ids) == 2
    assert not any(map(alive, scoring.process_ids))


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


ORPHANS = """
import os, sys
sys.path[:0] = {path!r}
from evalkit.records import Decoding
from evalkit.runner.scoring import Scoring
from evalkit.suite.load import SuiteCheck
from scoring_checks import Counting
check = Counting("counting", Decoding())
scoring = Scoring([SuiteCheck(check, "d", check.decoding, "", (), "", "")], 1, 2)
print(*scoring.process_ids, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_death_of_the_run_is_the_end_of_its_processes() -> None:
    script = ORPHANS.format(path=[str(Path(toys.__file__).parent)])
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        ids = [int(word) for word in run.stdout.readline().split()]
        assert len(ids) == 2
        run.send_signal(signal.SIGKILL)
        run.wait()
        until(lambda: not any(map(running, ids)))


def running(process: int) -> bool:
    """Alive, and more than an entry that nobody has collected."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return alive(process) if not Path("/proc/self").exists() else False
    return state != "Z"


SUITE = """name: long
datasets: {rows: {path: rows.jsonl}}
checks:
  accuracy: {dataset: rows, metrics: [bleu, rougeL, chrf]}
  length: {dataset: rows}
gates: [accuracy.bleu >= 0.5, length.empty <= 0.3]
"""
LISTENING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from evalkit.cli import main; main()"
)


def write_suite(folder: Path, more: str = "", cases: int = CASES) -> Path:
    rows = [
        {"id": f"r{i}", "prompt": f"Say {i}.", "references": [f"the {i} words of a row that is {i} long"]}
        for i in range(cases)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "suite.yaml").write_text(SUITE + more, encoding="utf-8")
    return folder / "suite.yaml"


def command(suite: Path, folder: Path, model: str) -> list[str]:
    options = ["--model", model, "-q", "--store", str(folder / "runs.db"), "--report", str(folder / "report")]
    return [sys.executable, "-c", LISTENING, "run", str(suite), *options]


@pytest.mark.parametrize("more", ["", "stop_early: true\n"])
def test_a_whole_run_says_the_same_with_processes_and_without(more: str, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, more, 2 * CASES)
    documents = []
    for workers in "02":
        folder = tmp_path / workers
        folder.mkdir()
        environment = {**os.environ, "EVALKIT_SCORING_WORKERS": workers}
        ended = subprocess.run(command(suite, folder, "mock:oracle"), env=environment, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr.decode()
        document = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))
        documents.append({name: document[name] for name in ("outcome", "estimates", "checks", "findings", "warnings")})
    assert documents[0] == documents[1]
    stopped = [check["counts"]["planned"] < 2 * CASES for check in documents[0]["checks"]]
    assert any(stopped) == bool(more)


@pytest.mark.skipif(sys.platform != "linux", reason="its processes are found in /proc")
def test_ctrl_c_ends_a_run_and_its_processes_without_a_traceback(http_server: Any, tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    http_server.rule = lambda _: http_server.ok(0.05)
    model = f"{http_server.url}/v1?model=tiny&concurrency=2"
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "EVALKIT_SCORING_WORKERS": "2"}
    run = subprocess.Popen(command(suite, tmp_path, model), env=environment, stderr=subprocess.PIPE)
    until(lambda: len(http_server.posts) >= 5)
    children = [int(word) for word in Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()]
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=LONGEST)
    assert run.returncode == 130, errors.decode()
    assert "Traceback" not in errors.decode()
    assert len(children) == 2
    until(lambda: not any(map(running, children)))
