"""What ``evalkit run`` does: a run for every model, shown, written down, and turned into one exit code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from evalkit.cli.options import open_configured_store
from evalkit.configuration import Configuration
from evalkit.errors import ReportError
from evalkit.gates.outcome import worst_code
from evalkit.records import Result
from evalkit.runner.execute import RunOptions, run_suite
from evalkit.runner.logs import case_logs
from evalkit.runner.plan import Scope
from evalkit.store import Store
from evalkit.suite.find import find_suite
from evalkit.suite.load import Suite, load_suite


def evaluate_models(configuration: Configuration, name: str, models: Sequence[str], options: Mapping[str, Any]) -> int:
    suite = load_suite(find_suite(name), seed=options["seed"])
    folder = Path(options["report"] or configuration.settings.report)
    require_writable(folder)
    results: list[Result] = []
    with open_configured_store(configuration) as store:
        for model in models:
            result = _evaluate(configuration, store, suite, name, model, options)
            own_folder = folder if options["report"] and len(models) == 1 else folder / _folder_name(result)
            results.append(result)
            _write(store, result, own_folder, options)
    if len(results) > 1 and not options["as_json"]:
        from evalkit.report.terminal import render_side_by_side

        _console().print(render_side_by_side(results))
    if options["as_json"]:
        _print_json(results)
    return int(worst_code(result.outcome.exit_code for result in results))


def _evaluate(  # noqa: PLR0917
    configuration: Configuration, store: Store, suite: Suite, name: str, model: str, options: Mapping[str, Any]
) -> Result:
    from evalkit.cli.progress import showing_progress

    reference, settings = configuration.model_settings(model)
    with showing_progress(quiet=options["quiet"] or options["as_json"]) as on_progress:
        return run_suite(
            suite,
            reference,
            store,
            RunOptions(
                scope=Scope(tuple(options["only"]), configuration.settings.limit),
                settings=settings,
                baseline=options["baseline"],
                replicate=options["replicate"],
                seed=options["seed"],
                resume="required" if options["resume"] else "never" if options["fresh"] else "auto",
                strict=options["strict"],
                reproduce=reproduce(name, model, configuration, options),
                on_progress=on_progress,
            ),
        )


def reproduce(name: str, model: str, configuration: Configuration, options: Mapping[str, Any]) -> str:
    """The command that does it again."""
    words = ["evalkit", "run", name, "--model", model]
    for check in options["only"]:
        words += ["--only", check]
    for key in ("seed", "baseline"):
        if options[key] not in {None, ""}:
            words += [f"--{key}", str(options[key])]
    if options["replicate"]:
        words += ["--replicate", str(options["replicate"])]
    if configuration.settings.limit is not None:
        words += ["--limit", str(configuration.settings.limit)]
    return shlex.join(words)


def require_writable(folder: Path) -> None:
    """Found before anything is asked: hours of generation must not end at a read-only folder."""
    import os

    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise ReportError(
            f"'{existing}' is not a folder, so no report can be written to '{folder}'", hint="--report DIR"
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ReportError(f"'{existing}' cannot be written to", hint="choose another folder: --report DIR")


def _folder_name(result: Result) -> str:
    """Sorts by date, names the suite, and ends in the run's own part of its id."""
    date, _, rest = result.run.id.partition("-")
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}-{result.run.suite}-{rest.rpartition('-')[2]}"


def _write(store: Store, result: Result, folder: Path, options: Mapping[str, Any]) -> None:
    from evalkit.report import write_all

    write_all(result, folder, case_logs(store, result))
    if options["as_json"]:
        return
    if options["quiet"]:
        click.echo(f"{result.run.suite} on {result.run.model}: {result.outcome.word} ({result.outcome.reason})")
        return
    from evalkit.report.terminal import render

    console = _console()
    console.print(
        render(
            result,
            console_width=console.width,
            colour=console.color_system is not None,
            unicode=not console.legacy_windows and "utf" in console.encoding,
            report=str(folder / "report.html"),
        )
    )


def _console() -> Any:
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=False)


def _print_json(results: Sequence[Result]) -> None:
    import json

    from evalkit.runner.document import to_document

    documents = [to_document(result) for result in results]
    click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, ensure_ascii=False, indent=2))
