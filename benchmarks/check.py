"""Whether the hot paths do more work than they did: counts that are the same each time, not seconds.

python -m benchmarks.check [--count instructions|opcodes] [--only PATH,PATH] [--update]

Machine instructions are counted by callgrind (Debian: apt-get install valgrind), bytecode instructions by the
interpreter itself. Without callgrind, or where this machine's instructions cannot be compared with those of the
baseline, bytecode is counted. Exit code 1: a path does over 15% more; 2: wrong usage; 3: nothing to compare with, or
made by other versions. ``--update`` writes what was counted into the baseline.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.check_paths import DATABASE, PATHS, REPORTED, SUITE
from benchmarks.framework_overhead import write_suite

BASELINE = Path(__file__).parent / "baseline.json"
MOST = 0.15
"""More than this is worse."""
HELP, TEN = "evalkit --help", "a run of 10 samples"
NAMES = (HELP, TEN, *PATHS)
INSTRUCTIONS, OPCODES = "instructions", "opcodes"
LIBRARIES = ("click", "jinja2", "numpy", "pydantic", "rapidfuzz", "rich", "rouge-score", "ruamel.yaml", "sacrebleu")
LIBRARIES += ("scipy", "sqlalchemy", "textstat")
WORSE, NOT_COMPARABLE = 1, 3
NO_VALGRIND = "valgrind is not installed (Debian: apt-get install valgrind)"
NO_CALLGRIND = f"{NO_VALGRIND}: bytecode instructions are counted instead"
Counts = dict[str, int]
Counter = Callable[[str, Sequence[str]], Counts]
"""From the kind of count and names of paths."""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    before: int | None
    now: int

    @property
    def change(self) -> float | None:
        return None if not self.before else self.now / self.before - 1

    @property
    def word(self) -> str:
        if self.change is None:
            return "no baseline"
        return "WORSE" if self.change > MOST else "better" if self.change < -MOST else ""


def made_by() -> dict[str, Any]:
    """On what the counts depend."""
    return {
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "compiler": platform.python_compiler(),
        "machine": f"{platform.system()} {platform.machine()} {' '.join(platform.libc_ver())}".strip(),
    }


def series(text: str) -> str:
    """2.11 is 2, 0.28.1 is 0.28: versions of one series do the same work, as far as anybody can promise."""
    parts = text.split(".")
    return ".".join(parts[:2]) if parts[0] == "0" else parts[0]


def differences(before: Mapping[str, Any], now: Mapping[str, Any], kind: str) -> list[str]:
    """Why counts of this kind cannot be compared; nothing where they can."""
    found = []
    if before["python"].split(".")[:2] != now["python"].split(".")[:2]:
        found.append(f"Python {before['python']}, here {now['python']}")
    for name, there in before["libraries"].items():
        here = now["libraries"].get(name, "missing")
        if series(there) != series(here):
            found.append(f"{name} {there}, here {here}")
    if kind == INSTRUCTIONS:
        found += [f"{before[key]}, here {now[key]}" for key in ("compiler", "machine") if before[key] != now[key]]
    return found


def steady(folder: Path) -> dict[str, str]:
    """An environment in which the same work is the same work: no random hashes, one thread, modules compiled before."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EVALKIT_", "PYTHON"))}
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    compiled = {"PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    return {**kept, **one, **compiled, "PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": "80"}


def prepare(folder: Path) -> None:
    """Rows, suites, and a finished run whose report is written."""
    write_suite(folder, 10, "exact match")
    assert write_suite(folder, 1000, "exact match").name == SUITE
    assert write_suite(folder, 60, "five checks").name == REPORTED
    run_quietly([sys.executable, "-m", "evalkit", *run_of(REPORTED, DATABASE)], folder)


def run_of(suite: str, database: str) -> list[str]:
    return ["run", suite, "--model", "mock:oracle", "-q", "--store", database, "--report", f"report-{database}"]


def command_of(name: str, turn: str) -> list[str]:
    return ["--help"] if name == HELP else run_of("exact-match-10.yaml", f"{turn}.db")


def run_quietly(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, env=steady(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:6])} ... ended with {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def count(kind: str, names: Sequence[str]) -> Counts:
    """In processes of their own, after one that compiles all modules."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        prepare(folder)
        run_quietly([sys.executable, "-m", "evalkit", *command_of(TEN, "first")], folder)
        paths = [name for name in names if name in PATHS]
        counted: Counts = {}
        for name in names:
            if name not in PATHS:
                counted[name] = count_command(kind, name, folder)
        if paths:
            run_quietly([sys.executable, "-m", "benchmarks.check_paths", str(folder), "nothing", *paths], folder)
            counted |= count_paths(kind, paths, folder)
    return {name: counted[name] for name in names}


def count_command(kind: str, name: str, folder: Path) -> int:
    if kind == OPCODES:
        here = [sys.executable, "-m", "benchmarks.check_paths", "--", "evalkit", *command_of(name, OPCODES)]
        return int(json.loads(run_quietly(here, folder).splitlines()[-1]))
    out = folder / "command"
    whole = [sys.executable, "-m", "evalkit", *command_of(name, INSTRUCTIONS)]
    run_quietly(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *whole], folder)
    return total(out)


def count_paths(kind: str, paths: Sequence[str], folder: Path) -> Counts:
    work = [sys.executable, "-m", "benchmarks.check_paths", str(folder), kind, *paths]
    if kind == OPCODES:
        counted: Counts = json.loads(run_quietly(work, folder).splitlines()[-1])
        return counted
    out = folder / "paths"
    inside = ["--toggle-collect=ffi_call", "--dump-after=ffi_call", f"--callgrind-out-file={out}"]
    run_quietly(["valgrind", "--tool=callgrind", *inside, *work], folder)
    dumps = sorted(folder.glob("paths.*"), key=lambda dump: int(dump.suffix[1:]))
    if len(dumps) != len(paths):
        sys.exit(f"callgrind saw {len(dumps)} of {len(paths)} paths; --count {OPCODES} needs no callgrind")
    return {name: total(dump) for name, dump in zip(paths, dumps, strict=True)}


def total(dump: Path) -> int:
    found = re.findall(r"^(?:totals|summary): (\d+)", dump.read_text(encoding="utf-8"), re.MULTILINE)
    return int(found[-1])


def table(lines: Sequence[Line], kind: str) -> str:
    wide = max(len(line.name) for line in lines)
    rows = [f"{kind:<{wide}} {'baseline':>14} {'now':>14} {'change':>8}"]
    for line in lines:
        before = "" if line.before is None else f"{line.before:,}"
        change = "" if line.change is None else f"{line.change:+.1%}"
        rows.append(f"{line.name:<{wide}} {before:>14} {line.now:>14,} {change:>8} {line.word}".rstrip())
    return "\n".join(rows)


def kind_to_count(wanted: str | None, baseline: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str]:
    """And why it is not instructions, where nobody asked for another."""
    if wanted:
        return wanted, ""
    if shutil.which("valgrind") is None:
        return OPCODES, NO_CALLGRIND
    others = differences(baseline["made_by"], now, INSTRUCTIONS) if baseline else []
    if others and not differences(baseline["made_by"], now, OPCODES):
        return OPCODES, f"instructions were counted with {'; '.join(others)}: bytecode instructions are counted instead"
    return INSTRUCTIONS, ""


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", choices=(INSTRUCTIONS, OPCODES), help="what is counted; else what can be compared")
    parser.add_argument("--only", help=f"these paths, of: {', '.join(NAMES)}")
    parser.add_argument("--update", action="store_true", help="write the counts, both kinds if it can")
    parser.add_argument("--baseline", type=Path, default=BASELINE, help="another file")
    chosen = parser.parse_args(words)
    chosen.only = tuple(name.strip() for name in chosen.only.split(",")) if chosen.only else NAMES
    unknown = [name for name in chosen.only if name not in NAMES]
    if unknown:
        parser.error(f"there is no path {unknown[0]!r}; there are: {', '.join(NAMES)}")
    if chosen.count == INSTRUCTIONS and shutil.which("valgrind") is None:
        parser.error(f"{NO_VALGRIND}; --count {OPCODES} needs none")
    return chosen


def main(words: Sequence[str], counter: Counter = count) -> int:
    chosen = arguments(words)
    file: Path = chosen.baseline
    baseline = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    now = made_by()
    if chosen.update:
        update(file, baseline, now, chosen, counter)
        return 0
    if not baseline:
        print(f"not comparable: there is no {file}; --update writes it")
        return NOT_COMPARABLE
    kind, instead = kind_to_count(chosen.count, baseline, now)
    if others := differences(baseline["made_by"], now, kind):
        print(f"not comparable: the baseline was made with {'; '.join(others)}. --update writes another")
        return NOT_COMPARABLE
    if instead:
        print(instead)
    counted = counter(kind, chosen.only)
    return verdict([Line(name, baseline.get(kind, {}).get(name), counted[name]) for name in chosen.only], kind)


def verdict(lines: Sequence[Line], kind: str) -> int:
    print(table(lines, kind))
    for line in lines:
        if line.word == "WORSE":
            print(f"worse: {line.name} took {line.before:,} {kind} and takes {line.now:,}, more than {MOST:.0%} beyond")
    if any(line.word == "WORSE" for line in lines):
        return WORSE
    if any(line.word == "no baseline" for line in lines):
        print("not comparable: paths without a baseline; --update writes it")
        return NOT_COMPARABLE
    if any(line.word == "better" for line in lines):
        print("--update keeps what was gained")
    return 0


def update(
    file: Path, baseline: dict[str, Any], now: dict[str, Any], chosen: argparse.Namespace, counter: Counter
) -> None:
    """Counts made by other versions go; of the others those that were not counted stay."""
    kinds = [chosen.count] if chosen.count else [OPCODES, *([INSTRUCTIONS] if shutil.which("valgrind") else [])]
    written: dict[str, Any] = {"how": "python -m benchmarks.check --update", "made_by": now}
    for kind in (INSTRUCTIONS, OPCODES):
        same = bool(baseline) and not differences(baseline["made_by"], now, kind)
        kept = baseline.get(kind, {}) if same else {}
        if kind in kinds:
            kept = {**kept, **counter(kind, chosen.only)}
        written[kind] = {name: kept[name] for name in NAMES if name in kept}
    file.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    print(f"written: {file}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
