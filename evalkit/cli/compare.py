"""``evalkit compare``: what changed between two runs."""

from __future__ import annotations

import click

from evalkit.cli.options import json_option, store_option
from evalkit.cli.past import need_store


@click.command("compare")
@click.argument("baseline", metavar="BASELINE")
@click.argument("candidate", metavar="CANDIDATE")
@click.option("--show", type=click.IntRange(min=0), default=5, show_default=True, help="Cases of each kind to print.")
@click.option("--markdown", is_flag=True, help="Print Markdown, for a pull request.")
@json_option
@store_option
def command(baseline: str, candidate: str, *, show: int, markdown: bool, as_json: bool, store: str | None) -> None:
    """Compare two runs case by case.

    The first run is the baseline, the second the candidate; a difference is candidate less baseline, paired over
    the cases that both have, with its 95% interval. Runs over different data, or with metrics computed differently,
    are refused. Each is an id, a unique prefix, last, or last:SUITE. The exit code is 0 whatever the comparison says;
    for a verdict give a gate in the suite: accuracy.rougeL >= baseline - 0.02

    \b
    evalkit compare 20260301-0915 last
    evalkit compare 20260301-0915 last --markdown > comment.md
    evalkit compare 20260301-0915 last --json | jq '.regressed[].case'
    """
    from evalkit.errors import ConfigurationError
    from evalkit.report import comparison as rendering
    from evalkit.runner.compare import compare_runs

    if markdown and as_json:
        raise ConfigurationError("--markdown and --json exclude each other", hint="give one of them")
    with need_store(store) as runs:
        found = compare_runs(runs, baseline, candidate, show=show)
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(rendering.to_document(found))
    elif markdown:
        click.echo(rendering.to_markdown(found), nl=False)
    else:
        from evalkit.cli.screen import console
        from evalkit.report.terminal import carries_unicode

        screen = console()
        unicode = carries_unicode(screen.encoding)
        for line in rendering.render(found, console_width=screen.width, unicode=unicode):
            screen.print(line)
