"""The guard of the hot paths: it fails for a path that does more, and for no other reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import check
from benchmarks.check import INSTRUCTIONS, NOT_COMPARABLE, OPCODES, WORSE, Counts, Line, differences, made_by, main
from benchmarks.check_paths import PATHS, count_opcodes
from evalkit.metrics import match

PATH = "token F1"


def count_here(_: str, names: Sequence[str]) -> Counts:
    """In this process, so that a test can plant something."""
    counted = {}
    for name in names:
        work = PATHS[name](Path())
        work()
        counted[name] = count_opcodes(work)
    return counted


def told(kind: str, names: Sequence[str]) -> Counts:
    return dict.fromkeys(names, 100 if kind == OPCODES else 9000)


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    return tmp_path / "baseline.json"


def written(baseline: Path, **changes: Any) -> Path:
    content = {"made_by": made_by(), INSTRUCTIONS: dict.fromkeys(check.NAMES, 9_000)}
    baseline.write_text(json.dumps({**content, OPCODES: dict.fromkeys(check.NAMES, 100), **changes}))
    return baseline


def made_with(**changes: Any) -> dict[str, Any]:
    return {**made_by(), **changes}


def test_a_path_that_did_not_change_passes_and_a_planted_loop_does_not(
    baseline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--count", OPCODES, "--only", PATH, "--baseline", str(baseline)]
    assert main([*words, "--update"], count_here) == 0
    assert main(words, count_here) == 0
    before = json.loads(baseline.read_text())[OPCODES][PATH]
    original = type(match.token_f1).statistics

    def slower(self: Any, case: Any, answers: Any) -> Any:
        for _ in range(before // 100):
            pass
        return original(self, case, answers)

    monkeypatch.setattr(type(match.token_f1), "statistics", slower)
    capsys.readouterr()
    assert main(words, count_here) == WORSE
    after = count_here(OPCODES, [PATH])[PATH]
    assert f"worse: {PATH} took {before:,} opcodes and takes {after:,}" in capsys.readouterr().out


def test_the_same_work_is_the_same_count() -> None:
    count_here(OPCODES, [PATH])  # metrics remember texts: the first to come does more, in each process of its own alike
    assert len({count_here(OPCODES, [PATH])[PATH] for _ in range(3)}) == 1


@pytest.mark.parametrize(("now", "word"), [(115, ""), (116, "WORSE"), (86, ""), (84, "better"), (100, "")])
def test_fifteen_percent_more_is_worse(now: int, word: str) -> None:
    assert Line("path", 100, now).word == word


def test_gains_are_shown(baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(baseline, opcodes=dict.fromkeys(check.NAMES, 200))
    assert main(["--count", OPCODES, "--baseline", str(file)], told) == 0
    out = capsys.readouterr().out
    assert "-50.0% better" in out
    assert "--update keeps what was gained" in out


def test_without_a_baseline_nothing_is_counted(baseline: Path) -> None:
    assert main(["--baseline", str(baseline)], lambda *_: pytest.fail("counted")) == NOT_COMPARABLE


def test_another_python_or_library_is_not_comparable(baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for other in (made_with(python="3.99.1"), made_with(libraries={**made_by()["libraries"], "numpy": "9.0"})):
        file = written(baseline, made_by=other)
        assert main(["--baseline", str(file)], lambda *_: pytest.fail("counted")) == NOT_COMPARABLE
        assert "not comparable" in capsys.readouterr().out


def test_a_path_that_is_new_has_to_be_counted_first(baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(baseline, opcodes={PATH: 100})
    assert main(["--count", OPCODES, "--baseline", str(file)], told) == NOT_COMPARABLE
    assert main(["--count", OPCODES, "--only", PATH, "--baseline", str(file)], told) == 0
    assert "no baseline" in capsys.readouterr().out


def test_a_path_that_is_worse_counts_for_more_than_one_that_is_new(baseline: Path) -> None:
    file = written(baseline, opcodes={PATH: 10})
    assert main(["--count", OPCODES, "--baseline", str(file)], told) == WORSE


def test_only_instructions_depend_on_compiler_and_machine() -> None:
    other = made_with(compiler="another", machine="another")
    assert len(differences(other, made_by(), INSTRUCTIONS)) == 2
    assert differences(other, made_by(), OPCODES) == []


@pytest.mark.parametrize(
    ("there", "here", "same"), [("2.1.9", "2.4", True), ("2.1", "3.0", False), ("0.28.1", "0.28.7", True)]
)
def test_versions_of_one_series_compare(there: str, here: str, same: bool) -> None:
    before, now = (made_with(libraries={"numpy": text}) for text in (there, here))
    assert (differences(before, now, OPCODES) == []) is same


@pytest.mark.parametrize(("valgrind", "kind"), [(None, OPCODES), ("/usr/bin/valgrind", INSTRUCTIONS)])
def test_bytecode_is_counted_where_there_is_no_callgrind(
    baseline: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    valgrind: str | None,
    kind: str,
) -> None:
    monkeypatch.setattr(check.shutil, "which", lambda _: valgrind)
    assert main(["--baseline", str(written(baseline))], told) == 0
    out = capsys.readouterr().out
    assert ("apt-get install valgrind" in out) is (valgrind is None)
    assert any(line.startswith(kind) for line in out.splitlines())


def test_instructions_that_are_asked_for_without_callgrind_are_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit) as stopped:
        main(["--count", INSTRUCTIONS])
    assert stopped.value.code == 2
    assert "(Debian: apt-get install valgrind); --count opcodes needs none" in capsys.readouterr().err


def test_bytecode_is_counted_where_instructions_are_another_machines(
    baseline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check.shutil, "which", lambda _: "/usr/bin/valgrind")
    assert main(["--baseline", str(written(baseline, made_by=made_with(compiler="another")))], told) == 0
    assert "bytecode instructions are counted instead" in capsys.readouterr().out


def test_an_update_keeps_what_it_did_not_count(baseline: Path) -> None:
    file = written(baseline, opcodes=dict.fromkeys(check.NAMES, 7), instructions=dict.fromkeys(check.NAMES, 8))
    main(["--count", OPCODES, "--only", PATH, "--update", "--baseline", str(file)], told)
    found = json.loads(file.read_text())
    assert found[OPCODES] == {**dict.fromkeys(check.NAMES, 7), PATH: 100}
    assert found[INSTRUCTIONS] == dict.fromkeys(check.NAMES, 8)


def test_an_update_drops_what_other_versions_counted(baseline: Path) -> None:
    file = written(baseline, made_by=made_with(python="3.99.1"))
    main(["--count", OPCODES, "--only", PATH, "--update", "--baseline", str(file)], told)
    found = json.loads(file.read_text())
    assert (found[OPCODES], found[INSTRUCTIONS]) == ({PATH: 100}, {})
    assert found["made_by"] == made_by()


def test_every_path_can_be_chosen_by_its_name() -> None:
    assert [check.arguments(["--only", name]).only for name in check.NAMES] == [(name,) for name in check.NAMES]
    assert check.arguments(["--only", ", ".join(check.NAMES)]).only == check.NAMES


def test_a_path_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--only", "tokens"], told)
    assert stopped.value.code == 2
    assert "there is no path 'tokens'" in capsys.readouterr().err


def test_the_baseline_in_the_repository_has_every_path_in_both_kinds() -> None:
    kept = json.loads(check.BASELINE.read_text(encoding="utf-8"))
    assert list(kept[OPCODES]) == list(kept[INSTRUCTIONS]) == list(check.NAMES)
    assert set(kept["made_by"]) == set(made_by())
