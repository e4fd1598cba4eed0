"""What ``evalkit run`` does: a run for every model, shown, written down, and turned into one exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evalkit.cli import keep_what_is_imported
from evalkit.cli.options import open_configured_store
from evalkit.cli.saying import say, say_json, show_error
from evalkit.cli.services import tell_service
from evalkit.configuration import Configuration, judge_settings
from evalkit.errors import EvalkitError, Interrupted, ReportError
from evalkit.gates.outcome import worst_code
from evalkit.invocation import command_line
from evalkit.models import open_backend
from evalkit.modes.mode import Asked
from evalkit.modes.running import run_in_mode
from evalkit.report.hostile import one_line
from evalkit.results import Result
from evalkit.runner.baseline import fixed_name
from evalkit.runner.document import to_document
from evalkit.runner.logs import case_logs
from evalkit.runner.plan import Scope
from evalkit.runner.profile import recorder, recording, stage
from evalkit.runner.running import RunOptions
from evalkit.store import Store
from evalkit.suite.find import find_suite
from evalkit.suite.load import Suite, load_suite


def evaluate_models(configuration: Configuration, name: str, models: Sequence[str], options: Mapping[str, Any]) -> int:
    keep_what_is_imported()
    suite = load_suite(
        find_suite(name), seed=options["seed"], trust_code=configuration.settings.trust_code, redact=options["redact"]
    )
    if options["report"] == "":
        raise ReportError("the report folder's name is empty", hint="--report DIR")
    folder = Path(options["report"] or configuration.settings.report)
    require_writable(folder)
    several = len(models) > 1
    with open_configured_store(configuration) as store:
        # ``last`` must not come to mean the run that the first of several models has just made
        baseline = fixed_name(store, suite, options["baseline"])
        if several:
            _require_openable(configuration, models)
        results: list[Result] = []
        codes: list[int] = []
        for number, model in enumerate(models):
            chosen = {**options, "name": name, "baseline": baseline}
            with _profiling(options, first=not number):
                try:
                    result = _evaluate(configuration, store, suite, model, chosen)
                except Interrupted:
                    raise
                except EvalkitError as error:  # of one model: the others still get their verdicts
                    if not several:
                        raise
                    show_error(error)
                    codes.append(int(error.exit_code))
                    continue
                own_folder = folder if options["report"] and not several else folder / _folder_name(result)
                results.append(result)
                codes.append(result.outcome.exit_code)
                try:
                    _write(store, result, own_folder, options)
                except KeyboardInterrupt:
                    again = f"evalkit report {result.run.id} -o {own_folder}"
                    raise Interrupted("the run is finished and kept, its report is not whole", hint=again) from None
    if options["as_json"]:
        documents = [to_document(result) for result in results]
        say_json(documents if several else documents[0])
    elif len(results) > 1 and not options["quiet"] and options["events"] != "-":
        from evalkit.report.side_by_side import render_side_by_side

        say(
            _rendered(
                lambda console: render_side_by_side(results, width=console.width, unicode=_carries_unicode(console))
            )
        )
    return int(worst_code(codes))


def _profiling(options: Mapping[str, Any], *, first: bool) -> AbstractContextManager[object]:
    """The first of several models also has what was done for all of them."""
    if not options["profile"]:
        return nullcontext()
    return recording("start", options["began"]) if first else recording()


def _require_openable(configuration: Configuration, models: Sequence[str]) -> None:
    """What is wrong with the last of several models is found before the first is asked for an hour."""
    for model in models:
        open_backend(*configuration.model_settings(model)).close()


def _evaluate(
    configuration: Configuration, store: Store, suite: Suite, model: str, options: Mapping[str, Any]
) -> Result:
    from evalkit.cli.progress import showing_progress

    reference, settings = configuration.model_settings(model)
    with showing_progress(quiet=options["quiet"] or options["as_json"]) as shown:
        run_options = RunOptions(
            scope=Scope(tuple(options["only"]), configuration.settings.limit),
            settings=settings,
            judge=judge_settings(configuration, suite.judge) if suite.judge else None,
            baseline=options["baseline"],
            allow_different=options["allow_different"],
            stop_early=options["stop_early"],
            continues=options["continues"],
            replicate=options["replicate"],
            seed=options["seed"],
            resume="required" if options["resume"] else "never" if options["fresh"] else "auto",
            strict=options["strict"],
            scoring_workers=configuration.settings.scoring_workers,
            on_progress=shown.progress,
            on_ending=shown.ending,
            on_event=options["on_event"],
        )
        told = {key: options[key] for key in ("redact", "mode", "mode_options", "profile")}
        again = command_line(options["name"], model, configuration, run_options, **told)
        asked = Asked(suite, reference, store, replace(run_options, reproduce=again))
        return run_in_mode(asked, options["mode"], options["mode_options"])


def require_writable(folder: Path) -> None:
    """Found before anything is asked: hours of generation must not end at a read-only folder."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise ReportError(
            f"'{existing}' is not a folder, so no report can be written to '{folder}'", hint="--report DIR"
        )
    try:
        with TemporaryDirectory(prefix=".evalkit-", dir=existing):
            pass
    except OSError as error:
        said = f"'{existing}' cannot be written to: {error.strerror or error}"
        raise ReportError(said, hint="choose another folder: --report DIR") from error


def _folder_name(result: Result) -> str:
    """Sorts by date, names the suite, and ends in the run's own part of its id."""
    date, _, rest = result.run.id.partition("-")
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}-{result.run.suite}-{rest.rpartition('-')[2]}"


def _write(store: Store, result: Result, folder: Path, options: Mapping[str, Any]) -> None:
    from evalkit.report import write_all

    with stage("write the report"):
        write_all(result, folder, case_logs(store, result))
    tell_service(result)
    result = _with_whole_profile(result, folder)
    if options["as_json"] or options["events"] == "-":
        return
    if options["quiet"]:
        say(f"{result.run.suite} on {one_line(result.run.model)}: {result.outcome.word} ({result.outcome.reason})")
        return
    from evalkit.report.terminal import render

    say(
        _rendered(
            lambda console: render(
                result,
                console_width=console.width,
                colour=console.color_system is not None,
                unicode=_carries_unicode(console),
                report=str(folder / "report.html"),
            )
        )
    )
    if result.profile is not None:
        say("\n" + _rendered(lambda console: _where_the_time_went(result, console)))


def _where_the_time_went(result: Result, console: Any) -> Any:
    from rich.console import Group

    from evalkit.report.profile import terminal_lines

    return Group(*terminal_lines(result, width=console.width, unicode=_carries_unicode(console)))


def _carries_unicode(console: Any) -> bool:
    from evalkit.report.terminal import carries_unicode

    return not console.legacy_windows and carries_unicode(console.encoding)


def _with_whole_profile(result: Result, folder: Path) -> Result:
    """The report that was written knows where the time went until then; these files and the terminal say all of it."""
    open_one = recorder()
    if open_one is None:
        return result
    from evalkit.report import profile_files

    whole = replace(result, profile=open_one.profile())
    profile_files.write(whole, folder)
    return whole


def _rendered(show: Callable[[Any], Any]) -> str:
    """As standard output can take it. Captured, because rich ends the program when a pipe is closed."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, soft_wrap=False)
    with console.capture() as captured:
        console.print(show(console), crop=False)
    return captured.get()
