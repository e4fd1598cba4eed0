"""``evalkit compare``: what changed between a run and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evalkit.cli.options import json_option, store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from evalkit.runner.compare import Comparison


@click.command("compare")
@click.argument("baseline", metavar="BASELINE")
@click.argument("candidates", metavar="CANDIDATE...", nargs=-1, required=True)
@click.option("--show", type=click.IntRange(min=0), default=5, show_default=True, help="Cases of each kind to print.")
@click.option(
    "--fail-on", type=click.Choice(["regression"]), help="Exit 1 when a metric with a gate is worse beyond chance."
)
@click.option("--allow-different", is_flag=True, help="Compare other data, metrics or generation settings, and say so.")
@click.option("--markdown", is_flag=True, help="Print Markdown, for a pull request.")
@json_option
@store_option
def command(
    baseline: str,
    candidates: tuple[str, ...],
    *,
    show: int,
    fail_on: str | None,
    allow_different: bool,
    markdown: bool,
    as_json: bool,
    store: str | None,
) -> int:
    """Compare runs with a baseline, case by case.

    The first run is the baseline, each other one a candidate; a difference is candidate less baseline, paired over
    the cases that both have, with its 95% interval. Better and worse are said where chance is refuted with all
    judged metrics in view. Runs over different data, with metrics computed differently or asked with other settings
    are refused. Each is a run (id, unique prefix, last, last:SUITE), the name of a baseline, or its file.

    \b
    evalkit compare 20260301-0915 last
    evalkit compare 20260301-0915 20260302-1130 last --markdown > comment.md
    evalkit compare main last --fail-on regression
    evalkit compare 20260301-0915 last --json | jq '.candidates[].regressed[].case'
    """
    from evalkit.errors import ConfigurationError
    from evalkit.runner.compare import compare_runs

    if markdown and as_json:
        raise ConfigurationError("--markdown and --json exclude each other", hint="give one of them")
    with need_store(store) as runs:
        found = compare_runs(runs, baseline, *candidates, show=show, allow_different=allow_different)
    _print(found, markdown=markdown, as_json=as_json, judge=fail_on is not None)
    return 0 if fail_on is None else _exit_code(found)


def _print(found: Comparison, *, markdown: bool, as_json: bool, judge: bool) -> None:
    """``judge``: the last line says whether there is a regression; in JSON a field does."""
    from evalkit.report import comparison as rendering

    if as_json:
        from evalkit.cli.screen import print_json

        print_json(rendering.to_document(found))
    elif markdown:
        click.echo(rendering.to_markdown(found, judge=judge), nl=False)
    else:
        from evalkit.cli.screen import console
        from evalkit.report.terminal import carries_unicode

        screen = console()
        unicode = carries_unicode(screen.encoding)
        for line in rendering.render(found, console_width=screen.width, unicode=unicode, judge=judge):
            screen.print(line)


def _exit_code(found: Comparison) -> int:
    """A regression anywhere is one; where nothing could be judged there is no reason to be content."""
    from evalkit.errors import ExitCode

    if found.worse:
        return ExitCode.NOT_GOOD_ENOUGH
    if not all(pairing.decisive for pairing in found.candidates):
        return ExitCode.NOT_MEASURED
    return ExitCode.OK
