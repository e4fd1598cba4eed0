"""``evalkit run``: the main job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import (
    engine_options,
    json_option,
    model_option,
    redact_option,
    scope_options,
    store_option,
    trust_option,
)

if TYPE_CHECKING:
    from datetime import timedelta


@click.command("run")
@click.argument("suite")
@model_option
@click.option(
    "--baseline",
    metavar="NAME",
    default="",
    help="What to compare with: a baseline's name, its file, or a finished run.",
)
@click.option("--allow-different", is_flag=True, help="Compare with a baseline that was made differently, and say so.")
@click.option(
    "--stop-early/--no-stop-early",
    default=None,
    help="Stop asking a check once each of its gates is decided.  [default: as the suite says]",
)
@click.option(
    "--continue", "continues", metavar="RUN", default="", help="Go on from a run that stopped early, as a new run."
)
@scope_options
@click.option(
    "--replicate", type=click.IntRange(min=0), default=0, help="Independent repetition number; shares no answers."
)
@redact_option
@click.option(
    "--keep",
    metavar="TIME",
    help="Put runs that finished longer ago (30d) into the trash, as evalkit delete --keep does.",
)
@store_option
@click.option("--report", metavar="DIR", help="Folder for this run's report files.  [default: reports/RUN]")
@click.option("--resume", is_flag=True, help="Insist on going on with an interrupted run.")
@click.option("--fresh", is_flag=True, help="Begin a new run and ask everything again.")
@click.option(
    "--strict", is_flag=True, help="Treat warnings about the suite, such as gates that cannot be proven, as errors."
)
@engine_options
@click.option(
    "--mode",
    metavar="NAME",
    default="",
    help="auto, pipeline, deep-dive, isolation, or a plugin's.  [default: pipeline, with nothing beside the suite]",
)
@click.option(
    "--mode-option",
    "mode_options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the mode (repeatable), as 'evalkit schema modes' lists them.",
)
@trust_option
@click.option("--profile", is_flag=True, help="Say where the time went, here and in the report, and as a flame graph.")
@click.option(
    "--events",
    metavar="FILE",
    default="",
    help="Write what happens as lines of JSON while it happens; - is standard output, which then has nothing else.",
)
@click.option("--notify", metavar="URL", default="", help="Post how the run ended to this address, as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print the outcome in one line.")
@json_option
def command(suite: str, models: tuple[str, ...], **options: Any) -> int:
    """Evaluate a model with a suite: verdicts, report, exit code.

    SUITE is a file or the name of a bundled suite. An interrupted run of the same command goes on where it was.

    \b
    evalkit run quickstart
    evalkit run assistant-quality --model hf:ORG/NAME --baseline last
    evalkit run smoke --model mock:oracle --model mock:echo
    """
    began = time.perf_counter(), time.process_time()
    from evalkit.cli.evaluation import evaluate_models
    from evalkit.cli.events import telling_events
    from evalkit.configuration import configure
    from evalkit.errors import ConfigurationError

    if options["resume"] and options["fresh"]:
        raise ConfigurationError("--resume and --fresh exclude each other", hint="give one of them")
    if options["events"] == "-" and options["as_json"]:
        raise ConfigurationError("--events - and --json both want standard output", hint="--events FILE")
    configuration = configure(
        {key: options[key] for key in ("store", "limit", "engine", "device", "dtype", "batch_size", "trust_code")}
    )
    chosen = models or (configuration.settings.model,)
    age = _age(options["keep"])
    with telling_events(options["events"], options["notify"], suite, chosen) as on_event:
        code = evaluate_models(configuration, suite, chosen, {**options, "began": began, "on_event": on_event})
    if age is not None:
        from evalkit.cli.delete import retire

        retire(configuration.settings.store, age, options["keep"])
    return code


def _age(keep: str | None) -> timedelta | None:
    """Of runs that are still kept; what is none is found before anything is asked."""
    if keep is None:
        return None
    from evalkit.ages import age_of

    return age_of(keep, "--keep")
