"""Commands found by name, errors shown as sentences, and the exit code that goes with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from io import TextIOWrapper
from threading import current_thread, main_thread
from typing import Any, NoReturn

import click

import evalkit
from evalkit.errors import EvalkitError, ExitCode, ProcessEnded, nearest

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("evalkit.cli.run", "Evaluate a model with a suite: verdicts, report, exit code."),
    "plan": ("evalkit.cli.plan", "Say what a run would ask and cost, and what its gates need. Asks nothing."),
    "power": ("evalkit.cli.power", "Say which drops a suite's gates would catch, and on how many cases. Asks nothing."),
    "sensitivity": ("evalkit.cli.sensitivity", "Spoil known answers, and say what a suite's gates notice."),
    "selftest": (
        "evalkit.cli.selftest",
        "Try each check of a suite alone, on made rows and mock models. No model is evaluated.",
    ),
    "report": ("evalkit.cli.report", "Show a run's verdicts again, or write its report files."),
    "list": ("evalkit.cli.list", "List runs."),
    "show": ("evalkit.cli.show", "Show one run: fingerprints, counts, estimates, worst cases."),
    "search": ("evalkit.cli.search", "Find answers across runs, by their words or their meaning."),
    "events": ("evalkit.cli.transitions", "Say what became of runs, when and why: every change of a state."),
    "sql": ("evalkit.cli.sql", "Ask the runs database in SQL: runs, answers, scores. Read only."),
    "view": ("evalkit.cli.view", "Look at runs in a browser: the list, live progress, reports."),
    "compare": ("evalkit.cli.compare", "Compare runs with a baseline, case by case."),
    "baseline": ("evalkit.cli.baseline", "Name the runs that others are compared with; keep them as files."),
    "review": ("evalkit.cli.review", "Review a run's answers by hand, one at a time by keyboard."),
    "models": ("evalkit.cli.models", "List, describe and fetch models."),
    "data": ("evalkit.cli.data", "Validate, describe, split, convert, perturb and make datasets."),
    "init": ("evalkit.cli.init", "Write a starter suite, dataset, CI workflow and pre-commit hook."),
    "doctor": ("evalkit.cli.doctor", "Check the installation and say what is missing."),
    "schema": (
        "evalkit.cli.schema",
        "Print the JSON Schema of suites, reports, profiles, or the options of modes.",
    ),
    "cache": ("evalkit.cli.cache", "Say what stored answers are for, prune them, have a check scored anew."),
    "delete": ("evalkit.cli.delete", "Delete runs."),
    "restore": ("evalkit.cli.delete:restore", "Take a run out of the trash."),
    "purge": ("evalkit.cli.delete:purge", "Empty the trash for good, and give the space back."),
}
"""Name to module (and which of its commands) and short help, which stands here so that ``--help`` imports none."""


BROKEN_PIPE = 128 + 13
"""What a shell reports of a program that was stopped by writing to a closed pipe."""


class LazyCommands(click.Group):
    """Imports a command's module only when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name or "command")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], COMMANDS)
            hint = f"did you mean '{close}'?" if close else f"commands: {', '.join(COMMANDS)}"
            raise EvalkitError(f"there is no command '{args[0]}'", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 passed, 1 not good enough, 2 wrong input, 3 not measured, 4 unsure, "
    "5 nothing evaluated, 130 interrupted.",
)
@click.version_option(evalkit.__version__, prog_name="evalkit")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def commands(debug: bool) -> None:
    """Is this model good enough, is that answer to be trusted, and what changed since last time?

    \b
    evalkit run quickstart                      the default model, a few minutes on a CPU
    evalkit run smoke --model mock:oracle       no model at all, two seconds
    evalkit run my.yaml --model http://localhost:8000/v1?model=mine
    """


def run_and_exit(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; never returns."""
    _open_what_was_closed()
    _take_any_text()
    with _two_interrupts():
        _run(sys.argv[1:] if arguments is None else arguments)


def _open_what_was_closed() -> None:
    """Streams that were closed for us (``>&-``) lead nowhere. Left closed, the next file that is opened takes their
    place, and what is said on standard error may end up in the runs database."""
    for number, name, way in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is not None:
            continue
        with suppress(OSError):
            os.fstat(number)
            continue  # somebody's by now
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
        setattr(sys, name, open(number, way, encoding="utf-8", closefd=False))  # noqa: SIM115 - as long as the process


def _take_any_text() -> None:
    """A letter that standard output cannot hold is written as its escape: names come from datasets and models."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


@contextmanager
def _two_interrupts() -> Iterator[None]:
    """The first Ctrl-C, or ``kill``, ends in order; the next leaves at once, which the store survives as it does any
    kill. A run has a handler of its own meanwhile, and hands on what it does not wait for."""
    import signal

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or current_thread() is not main_thread():
        yield  # somebody else's program, who has plans of their own
        return

    def second(*_: object) -> None:
        os.write(2, b"interrupted\n")
        os._exit(int(ExitCode.INTERRUPTED))

    def first(*_: object) -> None:
        for number in before:
            signal.signal(number, second)
        raise KeyboardInterrupt

    second.heard_one = True  # type: ignore[attr-defined] # a run that begins all the same ends: see runner/ending.py
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, first)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is first:
                signal.signal(number, handler)


def _run(given: list[str]) -> NoReturn:
    debug = "--debug" in given
    try:
        code = commands.main(args=[a for a in given if a != "--debug"], prog_name="evalkit", standalone_mode=False)
        sys.stdout.flush()
    except EvalkitError as error:
        if debug:
            raise
        from evalkit.cli.saying import show_error

        show_error(error)
        _tell_scripts(given, error, error.exit_code)
        sys.exit(int(error.exit_code))
    except click.ClickException as error:
        error.show()
        _tell_scripts(given, EvalkitError(error.format_message()), ExitCode.WRONG_INPUT)
        sys.exit(int(ExitCode.WRONG_INPUT))
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(int(ExitCode.INTERRUPTED))
    except BrokenPipeError:
        from evalkit.cli.saying import drop_output

        drop_output()  # whoever read our output has gone; what was not said must not look like a pass
        sys.exit(BROKEN_PIPE)
    except OSError as error:  # files of ours raise their own errors: what is left is standard output
        if debug:
            raise
        from evalkit.cli.saying import show_unwritable

        show_unwritable(error)
        sys.exit(int(ExitCode.WRONG_INPUT))
    except SystemExit as error:  # nothing of ours does that, and what a plugin ends must not look like a pass
        if debug:
            raise ProcessEnded(error.code) from error
        _say_it_was_ended(given, error)
        sys.exit(int(ExitCode.NOT_MEASURED))
    except Exception as error:  # a defect of ours: one line for the person, the traceback for whoever asks for it
        if debug:
            raise
        from evalkit.cli.saying import show_defect

        show_defect(error)
        _tell_scripts(given, error, ExitCode.NOT_MEASURED)
        sys.exit(int(ExitCode.NOT_MEASURED))
    sys.exit(code if isinstance(code, int) else 0)


def _say_it_was_ended(given: list[str], error: SystemExit) -> None:
    from evalkit.cli.saying import show_error

    ended = ProcessEnded(error.code)
    show_error(ended)
    _tell_scripts(given, ended, ended.exit_code)


def _tell_scripts(given: list[str], error: Exception, code: ExitCode) -> None:
    """Whoever reads standard output as JSON finds the error there as well."""
    if "--json" in given:
        from evalkit.cli.saying import error_document, say_json

        say_json(error_document(error, code))
