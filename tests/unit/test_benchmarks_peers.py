"""The frame of the side-by-side benchmarks: what it counts, how it compares, what it says of peers not measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import __main__ as command_line
from benchmarks.page import __main__ as page_command
from benchmarks.peers import environments
from benchmarks.peers.contestants import OURS, Contestant, Work, Workload
from benchmarks.peers.measure import Absence, Outcome, Repetition, measure
from benchmarks.peers.processes import Failed, presentable, run_measured
from benchmarks.peers.summary import Spread, at_the_margin, document, margin_ratio, ratio, spread, table, write
from benchmarks.results import interruptible

WRITES = "import sys; open('answers.txt', 'w').write('answer\\n' * int(sys.argv[1]))"


def contestant(name: str, script: str = WRITES, environment: str | None = None) -> Contestant:
    """A small process that leaves one line for each sample."""

    def command(python: Path, work: Work) -> list[str]:
        return [str(python), "-S", "-c", script, str(work.size)]

    def stored(_: Path, work: Work) -> int:
        return len((work.folder / "answers.txt").read_text().splitlines())

    return Contestant(name, f"what {name} does", command, stored, environment=environment)


def workload(*contestants: Contestant, sizes: tuple[int, ...] = (3,)) -> Workload:
    def prepare(folder: Path, size: int) -> None:
        (folder / "rows.txt").write_text("row\n" * size)

    return Workload("tiny", "A tiny workload", "samples", sizes, prepare, contestants, limit_seconds=20)


def repetition(number: int, size: int, name: str, cpu: float, megabytes: float = 10.0) -> Repetition:
    return Repetition(number, size, name, cpu, cpu, megabytes, 1.0, 0.5)


def outcome(*repetitions: Repetition, sizes: tuple[int, ...] = (100,)) -> Outcome:
    tools = (contestant(OURS), contestant("peer"))
    return Outcome(workload(*tools, sizes=sizes), sizes, 3, repetitions, (), {"peer": {"peer": "1.0"}})


def quiet(_: str) -> None:
    """Progress is not for tests."""


def test_ratios_are_taken_round_by_round_so_that_a_slow_round_slows_both() -> None:
    told = outcome(
        repetition(1, 100, OURS, 1.0),
        repetition(1, 100, "peer", 10.0),
        repetition(2, 100, OURS, 6.0),
        repetition(2, 100, "peer", 20.0),
        repetition(3, 100, OURS, 1.0),
        repetition(3, 100, "peer", 5.0),
    )
    assert ratio(told, "peer", 100, "cpu_seconds") == Spread(pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.3))
    assert spread(told, OURS, 100, "cpu_seconds") == Spread(1.0, 1.0, 6.0)


def test_a_round_that_only_one_of_the_two_finished_gives_no_ratio() -> None:
    told = outcome(repetition(1, 100, OURS, 1.0), repetition(2, 100, "peer", 4.0))
    assert ratio(told, "peer", 100, "cpu_seconds") is None


def test_the_margin_leaves_out_what_a_start_costs() -> None:
    """1 s to start and 1 ms a sample: 1,000 samples for each further CPU second."""
    told = outcome(repetition(1, 1_000, "peer", 2.0), repetition(1, 5_000, "peer", 6.0), sizes=(1_000, 5_000))
    assert at_the_margin(told, "peer") == Spread(1_000.0, 1_000.0, 1_000.0)


@pytest.mark.parametrize("sizes", [(1_000,), (1_000, 5_000)])
def test_there_is_no_margin_where_there_is_one_size_or_only_noise(sizes: tuple[int, ...]) -> None:
    told = outcome(repetition(1, 1_000, "peer", 2.0), repetition(1, 5_000, "peer", 1.9), sizes=sizes)
    assert at_the_margin(told, "peer") is None


def test_the_cost_of_a_process_includes_that_of_its_children(tmp_path: Path) -> None:
    child = "import time; held = bytearray(120_000_000); exec('while time.process_time() < 0.1: pass')"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {child!r}], check=True)"
    usage = run_measured([sys.executable, "-S", "-c", parent], tmp_path, {}, 20)
    assert usage.cpu_seconds >= 0.1
    assert usage.peak_megabytes >= 110


def test_a_failed_process_tells_its_last_words_without_addresses_and_paths(tmp_path: Path) -> None:
    script = (
        f"import sys; print('first'); sys.exit('cannot read {tmp_path}/x from https://name:secret@index.test/simple')"
    )
    with pytest.raises(Failed, match="exit code 1") as caught:
        run_measured([sys.executable, "-S", "-c", script], tmp_path, {}, 20)
    assert "cannot read ~/x from <address>" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_process_that_takes_too_long_is_stopped_with_its_children(tmp_path: Path) -> None:
    sleeps = "import time; time.sleep(60)"
    script = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {sleeps!r}])"
    script += "; print(child.pid, flush=True); child.wait()"
    with pytest.raises(Failed, match=r"stopped after 0\.5 seconds"):
        run_measured([sys.executable, "-S", "-c", script], tmp_path, {}, 0.5)
    child = Path("/proc") / (tmp_path / "output.txt").read_text().strip() / "stat"
    for _ in range(100):
        if not child.exists() or child.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.01)
    pytest.fail("the child goes on")


def test_a_command_that_does_not_exist_is_a_failure_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="cannot be started"):
        run_measured([str(tmp_path / "nothing")], tmp_path, {}, 20)


def test_everybody_is_measured_in_every_round_and_nobody_always_goes_first() -> None:
    done = measure(workload(contestant(OURS), contestant("peer")), (2, 3), 2, say=quiet)
    order = [(one.round, one.size, one.contestant) for one in done.repetitions]
    assert order == [
        (1, 2, OURS), (1, 2, "peer"), (1, 3, OURS), (1, 3, "peer"),
        (2, 2, "peer"), (2, 2, OURS), (2, 3, "peer"), (2, 3, OURS),
    ]  # fmt: skip
    assert done.absences == ()


@pytest.mark.parametrize(
    ("known", "warm_up", "asked", "expected"),
    [((2, 9), None, (9,), [2, 9]), ((2, 9), 1, (9,), [1, 9]), ((5, 9), 4, (3, 7), [3, 3, 7])],
)
def test_the_round_that_is_not_counted_is_a_small_one(
    known: tuple[int, ...], warm_up: int | None, asked: tuple[int, ...], expected: list[int]
) -> None:
    sizes: list[int] = []

    def command(python: Path, work: Work) -> list[str]:
        assert (work.inputs / "rows.txt").read_text().count("row") == work.size
        sizes.append(work.size)
        return [str(python), "-S", "-c", WRITES, str(work.size)]

    tools = workload(replace(contestant(OURS), command=command), sizes=known)
    done = measure(replace(tools, warm_up=warm_up), asked, 1, say=quiet)
    assert sizes == expected
    assert [one.size for one in done.repetitions] == list(asked)


def test_a_process_that_ends_well_and_did_not_do_its_work_is_not_measured() -> None:
    lazy = contestant("lazy", "open('answers.txt', 'w').write('answer\\n')")
    done = measure(workload(contestant(OURS), lazy), (3,), 1, say=quiet)
    assert {one.contestant for one in done.repetitions} == {OURS}
    assert done.absences == (Absence("lazy", "at 3 samples: stored results of 1 samples where 3 were to be done"),)


def test_answers_of_the_same_model_are_held_against_evalkits() -> None:
    def answering(name: str, *texts: str) -> Contestant:
        told = {f"r{number}": text for number, text in enumerate(texts)}
        return replace(contestant(name), answers=lambda _: told)

    tools = workload(answering(OURS, "a", "b ", "c"), answering("peer", "a", "b", "d"), contestant("silent"))
    done = measure(tools, (3,), 2, say=quiet)
    assert [(one.round, one.contestant, one.equal, one.of) for one in done.agreements] == [
        (1, "peer", 2, 3),
        (2, "peer", 2, 3),
    ]
    assert "Of evalkit's 6 answers 4 are those of peer, word for word." in table(done)


def test_a_process_that_leaves_nothing_to_read_is_not_measured() -> None:
    done = measure(workload(contestant(OURS), contestant("silent", "pass")), (3,), 1, say=quiet)
    assert "results that cannot be read" in done.absences[0].reason


def test_a_peer_that_does_not_install_is_named_with_the_reason_and_the_others_are_measured() -> None:
    def find_python(name: str) -> Path:
        raise Failed(f"{name} does not install: no such version")

    done = measure(workload(contestant(OURS), contestant("peer", environment="peer")), (3,), 1, find_python, quiet)
    assert [one.contestant for one in done.repetitions] == [OURS]
    shown = table(done)
    assert "| 3 | peer | not measured |" in shown
    assert "**Not measured: peer**: peer does not install: no such version" in shown


def test_what_is_written_holds_every_repetition_and_no_path_of_the_machine(tmp_path: Path) -> None:
    done = measure(workload(contestant(OURS), contestant("peer")), (3,), 2, say=quiet)
    told, shown = write(done, tmp_path / "results")
    kept = json.loads(told.read_text())
    assert len(kept["repetitions"]) == 4
    assert {"cpu_seconds", "wall_seconds", "peak_megabytes", "load"} <= kept["repetitions"][0].keys()
    assert kept["ratios_of_evalkit"][0].keys() >= {"size", "contestant", "cpu_seconds", "peak_megabytes"}
    assert kept["command"] == "python -m benchmarks tiny --sizes 3 --rounds 2"
    for text in (told.read_text(), shown.read_text()):
        assert str(Path.home()) not in text
        assert str(Path(__file__).parents[2]) not in text


def test_evalkit_has_no_ratio_to_itself() -> None:
    told = document(outcome(repetition(1, 100, OURS, 1.0), repetition(1, 100, "peer", 4.0)))
    assert [one["contestant"] for one in told["ratios_of_evalkit"]] == ["peer"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: Could not find peer==1",
            environments.NO_INDEX,
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement peer==1 (from versions: 0.9)",
            "does not install",
        ),
        (
            "ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.",
            "conflicting",
        ),
        ("", "it printed nothing"),
    ],
)
def test_a_missing_index_is_told_apart_from_a_package_that_does_not_install(said: str, reason: str) -> None:
    assert reason in environments.why_not_installed(said)


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Pins of a peer, and the commands that would install it."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if command[1:3] == ["-m", "venv"]:
            (Path(command[-1]) / "bin").mkdir(parents=True, exist_ok=True)
            (Path(command[-1]) / "bin" / "python").touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(environments.subprocess, "run", run)
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
    (tmp_path / "peer.txt").write_text("peer==1.0\n")
    return commands


def test_an_environment_is_made_once_and_again_when_its_pins_change(tmp_path: Path, installs: list[list[str]]) -> None:
    cache = tmp_path / "cache"
    python = environments.environment_python("peer", cache)
    assert python == cache / "peer" / "bin" / "python"
    assert len(installs) == 2
    environments.environment_python("peer", cache)
    assert len(installs) == 2
    (tmp_path / "peer.txt").write_text("peer==1.1\n")
    environments.environment_python("peer", cache)
    assert len(installs) == 4


def test_an_installation_that_failed_is_tried_again(
    tmp_path: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    works: Callable[..., subprocess.CompletedProcess[str]] = environments.subprocess.run
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: no such version")
    monkeypatch.setattr(environments.subprocess, "run", lambda command, **_: (works(command), failed)[1])
    with pytest.raises(Failed, match="no such version"):
        environments.environment_python("peer", tmp_path / "cache")
    monkeypatch.setattr(environments.subprocess, "run", works)
    before = len(installs)
    environments.environment_python("peer", tmp_path / "cache")
    assert len(installs) == before + 2


@pytest.mark.parametrize("workload_", command_line.WORKLOADS.values(), ids=command_line.WORKLOADS)
def test_every_peer_has_pins_and_no_pin_names_an_address(workload_: Workload) -> None:
    for name in {one.environment for one in workload_.contestants if one.environment}:
        lines = environments.requirements_of(name).read_text().splitlines()
        assert lines
        assert [line for line in lines if "==" not in line or "/" in line or line.startswith("-")] == []


@pytest.mark.parametrize("workload_", command_line.WORKLOADS.values(), ids=command_line.WORKLOADS)
def test_every_contestant_can_be_chosen_by_its_name(workload_: Workload) -> None:
    names = [one.name for one in workload_.contestants]
    assert len(set(names)) == len(names)
    for name in names:
        kept = [one.name for one in command_line.narrowed(workload_, name).contestants]
        assert kept == [one for one in names if one in {OURS, name}]


def test_the_command_names_the_benchmarks_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line.main(["nothing"])
    assert "there is no benchmark 'nothing'; there are: overhead" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--sizes", "0"], ["--sizes", "many"], ["--rounds", "0"]])
def test_sizes_and_rounds_must_be_positive_numbers(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line.main(words)
    assert words[0] in capsys.readouterr().err


def test_a_narrowed_benchmark_keeps_evalkit_and_refuses_unknown_tools() -> None:
    tools = workload(contestant(OURS), contestant("peer"), contestant("other"))
    assert [one.name for one in command_line.narrowed(tools, "other").contestants] == [OURS, "other"]
    assert command_line.lacks(tools, "other, nobody") == "tiny has no tool 'nobody'; it has: evalkit, peer, other"
    assert not command_line.lacks(tools, "peer,evalkit")
    assert command_line.lacks(tools, "") == "tiny has no tool ''; it has: evalkit, peer, other"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--only", "nobody"], "one has no tool 'nobody'"),
        (["--only", "peer"], "two has no tool 'peer'"),
        (["--setting", "nobody=3"], "no tool 'nobody' with settings is measured; these have: tuned"),
        (["--setting", "peer=3"], "no tool 'peer' with settings is measured; these have: tuned"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_is_measured(
    words: list[str], reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = replace(workload(contestant(OURS), contestant("peer")), name="one")
    second = replace(workload(contestant(OURS), replace(contestant("tuned"), setting="64")), name="two")
    monkeypatch.setattr(command_line, "WORKLOADS", {"one": first, "two": second})
    with pytest.raises(SystemExit) as stopped:
        command_line.main(words)
    assert stopped.value.code == 2
    assert reason in capsys.readouterr().err


def test_a_tool_that_has_one_setting_runs_in_it_unless_another_is_given() -> None:
    asked: list[str] = []

    def command(python: Path, work: Work) -> list[str]:
        asked.append(work.setting)
        return [str(python), "-S", "-c", WRITES, str(work.size)]

    tools = workload(contestant(OURS), replace(contestant("peer"), command=command, setting="64"))
    measure(tools, (3,), 1, say=quiet)
    measure(tools, (3,), 1, say=quiet, settings={"peer": "16"})
    assert asked == ["64", "64", "16", "16"]


@pytest.mark.parametrize(("script", "code"), [(WRITES, 0), ("raise SystemExit(3)", 1)])
def test_the_command_fails_only_where_evalkit_itself_was_not_measured(
    script: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = workload(contestant(OURS, script), contestant("peer", "raise SystemExit(3)"))
    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": tools})
    assert command_line.main(["tiny", "--rounds", "1", "--results", str(tmp_path)]) == code
    assert "peer" in {one["contestant"] for one in json.loads((tmp_path / "tiny.json").read_text())["absent"]}


def test_last_words_are_short_and_hold_no_host() -> None:
    said = "x" * 1_000_000 + "\n(host='index.test', port=443): Failed to resolve 'index.test' ([Errno -2])"
    assert len(presentable(said)) <= 600
    assert "index.test" not in presentable(said)


def test_a_peer_is_measured_in_the_setting_that_costs_it_least() -> None:
    """The trials are at the largest size, and what fails in a trial is only not chosen."""
    burns = "import sys, time; exec('while time.process_time() < {}: pass'); {}"
    writes = WRITES.split("; ", 1)[1]
    scripts = {"slow": burns.format(0.6, writes), "quick": burns.format(0.0, writes), "broken": "raise SystemExit(3)"}
    asked: list[tuple[str, int]] = []

    def command(python: Path, work: Work) -> list[str]:
        asked.append((work.setting, work.size))
        return [str(python), "-S", "-c", scripts[work.setting], str(work.size)]

    peer = replace(contestant("peer"), command=command, settings=tuple(scripts))
    done = measure(workload(contestant(OURS), peer, sizes=(2, 3)), (2, 3), 1, say=quiet)
    assert asked == [("slow", 3), ("quick", 3), ("broken", 3), ("quick", 2), ("quick", 2), ("quick", 3)]
    assert [(one.setting, one.chosen) for one in done.trials] == [("slow", False), ("quick", True), ("broken", False)]
    assert done.trials[2].cpu_seconds is None
    assert "exit code 3" in done.trials[2].reason
    assert done.absences == ()
    assert "* peer was measured with the best of its settings, quick (CPU s: slow: 0." in table(done)


def test_a_setting_that_is_given_is_not_looked_for() -> None:
    asked: list[str] = []

    def command(python: Path, work: Work) -> list[str]:
        asked.append(work.setting)
        return [str(python), "-S", "-c", WRITES, str(work.size)]

    peer = replace(contestant("peer"), command=command, settings=("a", "b"))
    done = measure(workload(contestant(OURS), peer), (3,), 1, say=quiet, settings={"peer": "b"})
    assert asked == ["b", "b"]
    assert done.trials == ()
    assert document(done)["command"] == "python -m benchmarks tiny --sizes 3 --rounds 1 --setting peer=b"


def test_a_peer_that_fails_in_every_setting_is_absent_with_the_reason() -> None:
    peer = replace(contestant("peer", "raise SystemExit('no room')"), settings=("a", "b"))
    done = measure(workload(contestant(OURS), peer), (3,), 1, say=quiet)
    assert [one.contestant for one in done.repetitions] == [OURS]
    (absence,) = done.absences
    assert absence.contestant == "peer"
    assert "in none of its settings" in absence.reason
    assert "no room" in absence.reason


def test_a_process_gets_no_more_memory_than_its_limit(tmp_path: Path) -> None:
    script = "import time; time.sleep(0.2); held = bytearray(900_000_000)"
    with pytest.raises(Failed, match="MemoryError"):
        run_measured([sys.executable, "-S", "-c", script], tmp_path, {}, 20, 500_000_000)
    run_measured([sys.executable, "-S", "-c", script], tmp_path, {}, 20, 2_000_000_000)


def test_an_interrupted_benchmark_keeps_the_rounds_that_it_has_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = []

    def command(python: Path, work: Work) -> list[str]:
        turns.append(work.size)
        if len(turns) == 3:
            raise KeyboardInterrupt
        return [str(python), "-S", "-c", WRITES, str(work.size)]

    tools = workload(contestant(OURS), replace(contestant("peer"), command=command))
    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": tools})
    assert command_line.main(["tiny", "--rounds", "5", "--results", str(tmp_path)]) == 130
    kept = json.loads((tmp_path / "tiny.json").read_text())
    # the second round begins with the peer, and is cut off there
    assert [(one["round"], one["contestant"]) for one in kept["repetitions"]] == [(1, OURS), (1, "peer")]
    assert kept["interrupted"] is True
    assert "**Interrupted**" in (tmp_path / "tiny.md").read_text()


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_being_told_to_stop_twice_still_writes_what_is_measured(
    word: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, turns = signal.getsignal(word), []

    def command(python: Path, work: Work) -> list[str]:
        turns.append(work.size)
        if len(turns) == 3:
            signal.raise_signal(word)
        return [str(python), "-S", "-c", WRITES, str(work.size)]

    def told_again(outcome: Outcome, folder: Path) -> tuple[Path, Path]:
        signal.raise_signal(word)
        return write(outcome, folder)

    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": workload(replace(contestant(OURS), command=command))})
    monkeypatch.setattr(command_line, "write", told_again)
    assert command_line.main(["tiny", "--rounds", "5", "--results", str(tmp_path)]) == 130
    assert len(json.loads((tmp_path / "tiny.json").read_text())["repetitions"]) == 1
    assert signal.getsignal(word) is before


def test_what_is_interrupted_before_anything_is_measured_overwrites_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(_: Path, __: Work) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": workload(replace(contestant(OURS), command=command))})
    assert command_line.main(["tiny", "--rounds", "1", "--results", str(tmp_path)]) == 130
    assert list(tmp_path.iterdir()) == []


def test_numbers_behind_the_answers_are_told_by_how_far_they_are_apart() -> None:
    def giving(name: str, *values: float) -> Contestant:
        numbers = {"r0": list(values)}
        return replace(contestant(name), answers=lambda _: {"r0": "0"}, numbers=lambda _: numbers)

    done = measure(workload(giving(OURS, -1.0, -2.0), giving("peer", -1.0, -2.25)), (3,), 1, say=quiet)
    assert done.agreements[0].apart == pytest.approx(0.25)
    assert "at most 0.2 apart" in table(done)


def test_margins_are_compared_round_by_round() -> None:
    """evalkit takes 1 ms a sample and the peer 4 ms, whatever their starts cost."""
    told = outcome(
        repetition(1, 1_000, OURS, 9.0),
        repetition(1, 5_000, OURS, 13.0),
        repetition(1, 1_000, "peer", 5.0),
        repetition(1, 5_000, "peer", 21.0),
        sizes=(1_000, 5_000),
    )
    for quantity in ("cpu_seconds", "wall_seconds"):
        assert margin_ratio(told, "peer", quantity) == Spread(4.0, 4.0, 4.0)
    assert "| peer | 250 | 4 | 250 | 4 |" in table(told)
    assert "| evalkit | 1,000 |  | 1,000 |  |" in table(told)
    assert [one["contestant"] for one in document(told)["margins"]] == [OURS, OURS, "peer", "peer"]


@pytest.mark.parametrize("given", ["lm-eval", "=16", "lm-eval="])
def test_a_setting_names_a_tool_and_what_it_is_set_to(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line.main(["overhead", "--setting", given])
    assert "--setting is TOOL=SETTING" in capsys.readouterr().err


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands of scripts, none of which is run, but each leaves results unless it is asked for help; pages are
    written nowhere near the checkout."""
    ran: list[list[str]] = []
    names = {script: name for name, script in command_line.SCRIPTS.items()}

    def finished(command: list[str]) -> int:
        ran.append(command)
        if "--help" not in command:
            name, folder = names[Path(command[1]).name], tmp_path / "kept"
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.json").write_text(json.dumps({"benchmark": name, "lines": []}))
        return 7

    monkeypatch.setattr(command_line, "finished", finished)
    monkeypatch.setattr(command_line, "RESULTS", tmp_path / "kept")
    monkeypatch.setattr(page_command, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text("<!-- benchmark: tiny -->\n<!-- end -->\n")
    return ran


def test_an_interrupted_script_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Script:
        def __init__(self, command: list[str]) -> None:
            self.interruptions = iter([KeyboardInterrupt, KeyboardInterrupt])

        def wait(self) -> int:
            for interruption in self.interruptions:
                raise interruption
            return 130

    with monkeypatch.context() as here:
        here.setattr(command_line.subprocess, "Popen", Script)
        assert command_line.finished(["script"]) == 130


def test_an_interrupted_script_is_the_last_one(
    scripts: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": workload(contestant(OURS))})
    monkeypatch.setattr(command_line, "finished", lambda command: (scripts.append(command), 130)[1])
    assert command_line.main(["--rounds", "1", "--results", str(tmp_path / "kept")]) == 130
    assert len(scripts) == 1


def test_a_script_that_a_signal_ended_has_failed() -> None:
    ends = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert command_line.finished([sys.executable, "-S", "-c", ends]) == 137


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_what_is_interrupted_ends_there_and_says_so(word: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible() as interruption:
        os.kill(os.getpid(), word)
        time.sleep(5)
        pytest.fail("nobody was interrupted")
    assert (interruption.came, interruption.exit_code) == (True, 130)
    assert "interrupted" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGTERM) is before
    with interruptible() as interruption:
        pass
    assert (interruption.came, interruption.exit_code) == (False, 0)


@pytest.mark.parametrize("name", command_line.SCRIPTS)
def test_evalkit_by_itself_is_measured_by_a_process_of_its_own(
    name: str, scripts: list[list[str]], tmp_path: Path
) -> None:
    assert command_line.main([name, "--pairs", "3"]) == 7
    ((python, script, *options),) = scripts
    assert (python, options) == (sys.executable, ["--pairs", "3", "--results", str(tmp_path / "kept")])
    assert Path(script).is_file()
    assert "Not measured yet: `python -m benchmarks tiny`" in (tmp_path / "page.md").read_text()


def test_a_script_that_measures_nothing_leaves_the_page_as_it_is(scripts: list[list[str]], tmp_path: Path) -> None:
    before = (tmp_path / "page.md").read_text()
    command_line.main(["framework", "--help"])
    assert len(scripts) == 1
    assert (tmp_path / "page.md").read_text() == before


def test_a_script_is_told_once_where_to_write(scripts: list[list[str]], tmp_path: Path) -> None:
    before = (tmp_path / "page.md").read_text()
    command_line.main(["metrics", "--results=elsewhere"])
    assert scripts[0][2:] == ["--results=elsewhere"]
    assert (tmp_path / "page.md").read_text() == before


def test_without_a_name_everything_is_measured_and_the_page_is_written(
    scripts: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": workload(contestant(OURS), contestant("peer"))})
    kept = tmp_path / "kept"
    assert command_line.main(["--rounds", "2", "--results", str(kept)]) == 7
    assert [Path(command[1]).name for command in scripts] == list(command_line.SCRIPTS.values())
    assert "| 3 | peer | " in (tmp_path / "page.md").read_text()
    assert (tmp_path / "pictures" / "benchmark-tiny.svg").is_file()


def test_results_that_are_written_elsewhere_stay_out_of_the_page_unless_it_is_named(
    scripts: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": workload(contestant(OURS), contestant("peer"))})
    page, words = tmp_path / "page.md", ["tiny", "--rounds", "1", "--results", str(tmp_path / "trial")]
    before = page.read_text()
    command_line.main(words)
    assert page.read_text() == before
    command_line.main([*words, "--page", str(page)])
    assert "| 3 | peer | " in page.read_text()


def test_the_command_that_is_told_names_the_tools_that_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = workload(contestant(OURS), contestant("peer"), contestant("other one"))
    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": tools})
    told = []
    for only in ([], ["--only", "other one"]):
        command_line.main(["tiny", *only, "--rounds", "1", "--results", str(tmp_path)])
        told.append(json.loads((tmp_path / "tiny.json").read_text())["command"])
    command = "python -m benchmarks tiny --sizes 3 --rounds 1"
    assert told == [command, f"{command} --only 'other one'"]


def test_a_workload_says_how_many_rounds_are_worth_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "WORKLOADS", {"tiny": replace(workload(contestant(OURS)), rounds=3)})
    command_line.main(["tiny", "--results", str(tmp_path)])
    assert len(json.loads((tmp_path / "tiny.json").read_text())["repetitions"]) == 3
