"""Help teaches: what every command prints is kept in tests/api/golden, and has an example of itself.

``UPDATE_GOLDEN=1 pytest tests/api/test_cli_help.py`` writes the golden texts anew; read the difference before
you commit it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from evalkit.cli.main import COMMANDS, commands

Evalkit = Callable[..., Any]
GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(commands)
    for name in COMMANDS:
        command = commands.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            for inner, nested in command.commands.items():
                yield f"{name} {inner}", nested


ALL = dict(every_command())


@pytest.mark.parametrize("name", ["", *ALL])
def test_help_is_the_golden_text(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    called = evalkit(*name.split(), "--help")
    assert called.code == 0
    file = GOLDEN / f"{name.replace(' ', '-') or 'evalkit'}.txt"
    if UPDATE:
        file.write_text(called.out, encoding="utf-8")
    assert called.out == file.read_text(encoding="utf-8"), f"read it, then update: {__doc__}"


def test_no_golden_text_is_left_of_a_command_that_is_gone() -> None:
    assert {file.stem for file in GOLDEN.glob("*.txt")} == {"evalkit", *(name.replace(" ", "-") for name in ALL)}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says_of_itself(name: str) -> None:
    assert (ALL[name].help or "").splitlines()[0] == COMMANDS[name][1]


@pytest.mark.parametrize("name", ALL)
def test_every_help_shows_an_example_of_its_command(name: str) -> None:
    assert f"evalkit {name} " in (ALL[name].help or "") + " " or f"evalkit {name}\n" in (ALL[name].help or "") + "\n"


@pytest.mark.parametrize("name", ALL)
def test_every_option_says_what_it_does(name: str) -> None:
    for parameter in ALL[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]}"


@pytest.mark.parametrize("name", ALL)
def test_the_page_of_the_command_line_names_every_command_and_option(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^#+ `evalkit {name}\b.*?(?=^#+ `evalkit|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section for evalkit {name}"
    for parameter in ALL[name].params:
        if isinstance(parameter, click.Option):
            long = max(parameter.opts, key=len)
            assert f"`{long}" in found[0], f"docs/cli.md does not explain {long} of evalkit {name}"


def test_the_page_of_the_command_line_names_no_option_that_is_gone() -> None:
    page = PAGE.read_text(encoding="utf-8")
    known = {
        name
        for command in ALL.values()
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    known |= {"--help", "--version", "--debug"}
    assert set(re.findall(r"`(--[a-z-]+)", page)) <= known


def test_a_mistyped_command_is_an_error_with_the_nearest_name(evalkit: Evalkit) -> None:
    called = evalkit("reprot", "last")
    assert called.code == 2
    assert "did you mean 'report'?" in called.err


def test_an_unknown_option_is_wrong_input(evalkit: Evalkit) -> None:
    called = evalkit("list", "--sweet", "x")
    assert called.code == 2
    assert "--sweet" in called.err


def test_help_imports_no_command_and_no_heavy_library() -> None:
    script = (
        "import sys\nfrom evalkit.cli.main import run_and_exit\n"
        "try:\n    run_and_exit(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'datasets', 'evaluate', 'numpy', 'sqlalchemy', 'pydantic', 'rich',"
        " 'evalkit.cli.plan', 'evalkit.store'}\nprint('LOADED', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout
