"""``evalkit doctor``: can the default job run here, and if not, what would make it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evalkit.cli.options import json_option, store_option

if TYPE_CHECKING:
    from evalkit.cli.diagnosis import Finding

MARKS = {"ok": ("✓", "green"), "note": ("~", "yellow"), "problem": ("✗", "bold red")}
PLAIN_MARKS = {"ok": "+", "note": "~", "problem": "x"}


@click.command("doctor")
@click.option("--online", is_flag=True, help="Also try to reach the package index and the model hub.")
@store_option
@json_option
def command(online: bool, store: str | None, as_json: bool) -> int:
    """Check the installation and say what is missing.

    Exit code 0 when 'evalkit run quickstart' can run here, 2 when it cannot; every problem comes with its fix.

    \b
    evalkit doctor
    evalkit doctor --online --json
    """
    from evalkit.cli.diagnosis import examine

    findings = examine(store, online=online)
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        from dataclasses import asdict

        from evalkit.cli.screen import print_json

        print_json({"ready": not problems, "findings": [asdict(finding) for finding in findings]})
    else:
        _print(findings, problems)
    return 2 if problems else 0


def _print(findings: list[Finding], problems: int) -> None:
    from rich.table import Table

    from evalkit.cli.screen import cell, console
    from evalkit.report.terminal import carries_unicode

    screen = console()
    pretty = carries_unicode(screen.encoding)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = MARKS[finding.state]
        table.add_row(
            cell(mark if pretty else PLAIN_MARKS[finding.state], style), cell(finding.name), cell(finding.detail)
        )
        if finding.fix:
            table.add_row("", "", cell(finding.fix, "dim"))
    screen.print(table)
    screen.print()
    if problems:
        many = "1 problem stands" if problems == 1 else f"{problems} problems stand"
        screen.print(cell(f"{many} between this machine and 'evalkit run quickstart'", "bold red"))
    else:
        screen.print(cell("ready: evalkit run quickstart", "bold green"))
