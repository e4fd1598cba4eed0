"""evalkit's own process frees nothing object by object at its end; whatever else is done at exit is done, and the code
is the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BUFFERED = {
    name: value
    for name, value in os.environ.items()
    if name != "PYTHONUNBUFFERED" and not name.startswith("COVERAGE_")  # who measures asks to be called at exit first
}
PROGRAM = """
import atexit, os, sys, threading, time
import evalkit.__main__ as program

class Kept:
    def __del__(self):
        os.write(2, b"freed\\n")

kept = Kept()

def main():
    atexit.register(os.write, 2, b"at exit\\n")
    threading.Thread(target=lambda: (time.sleep(0.2), os.write(2, b"waited for\\n"))).start()
    sys.stdout.write("said")
    sys.exit(CODE)

program.main = main
"""


def ended(code: object, *, before: str = "", options: tuple[str, ...] = ()) -> tuple[int, str, list[str]]:
    script = PROGRAM.replace("CODE", repr(code)) + f"{before}\nprogram.run_as_program()\n"
    command = [sys.executable, *options, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=BUFFERED, check=False)
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.mark.parametrize("code", [0, 1, 4, 130])
def test_threads_and_what_is_registered_are_waited_for_and_nothing_is_freed(code: int) -> None:
    assert ended(code) == (code, "said", ["waited for", "at exit"])


def test_what_was_there_before_still_has_its_turn() -> None:
    code, said, done = ended(3, before="atexit.register(os.write, 2, b'before\\n')")
    assert (code, said) == (3, "said")
    assert done == ["waited for", "at exit", "before", "freed"]


@pytest.mark.parametrize(("code", "expected"), [("a sentence", 1), (None, 0)])
def test_without_a_number_python_ends_it(code: object, expected: int) -> None:
    found, said, done = ended(code)
    assert (found, said) == (expected, "said")
    assert done[-1] == "freed"


def test_in_development_mode_python_ends_it() -> None:
    assert ended(0, options=("-X", "dev"))[2][-1] == "freed"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_output_that_cannot_be_written_is_still_an_error() -> None:
    script = PROGRAM.replace("CODE", "0") + "program.run_as_program()\n"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.DEVNULL, env=BUFFERED, check=False
        )
    assert done.returncode == 120  # Python's own


def test_the_script_and_the_module_are_this_program() -> None:
    from importlib.metadata import entry_points

    (script,) = {point.value for point in entry_points(group="console_scripts", name="evalkit")}
    assert script in {"evalkit.__main__:run_as_program", "evalkit.cli:main"}
    done = subprocess.run([sys.executable, "-m", "evalkit", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("evalkit, version")
