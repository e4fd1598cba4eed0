"""``evalkit data validate``: every bad row of dataset files."""

from __future__ import annotations

from typing import Any

import click

from evalkit.cli.data.options import contract_option, many
from evalkit.cli.options import json_option

SHOWN = 20


@click.command("validate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@contract_option
@json_option
def command(files: tuple[str, ...], contract: str, as_json: bool) -> int:
    """Find every bad row, with line and field.

    JSONL, JSON, CSV, TSV, Parquet and Arrow folders, also .gz and .zst. The first 20 problems of each file are
    shown and all are counted. Exit code 2 when there is one.

    \b
    evalkit data validate evals/*.jsonl
    evalkit data validate pairs.parquet --contract preference --json
    """
    reports = [_validated(file, contract) for file in files]
    bad = any(not report["valid"] for report in reports)
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(reports)
    else:
        for report in reports:
            _print_validation(report, contract)
    return 2 if bad else 0


def _validated(file: str, contract: str) -> dict[str, Any]:
    """A file that cannot be read at all is one problem of its own, so that the other files are looked at too."""
    from evalkit.data import problems
    from evalkit.errors import DatasetError

    shown: list[dict[str, Any]] = []
    count = 0
    failure = ""
    found = None
    try:
        found = problems(file, contract)
        for problem in found:
            count += 1
            if len(shown) < SHOWN:
                shown.append({"line": problem.line, "field": problem.field, "message": problem.message})
    except DatasetError as error:
        failure = f"{error.message}; {error.hint}" if error.hint else error.message
    return {
        "file": file,
        "valid": not count and not failure,
        "rows": found.rows if found else 0,
        "bad_rows": found.bad_rows if found else 0,
        "problems": count,
        "first": shown,
        "error": failure,
    }


def _print_validation(report: dict[str, Any], contract: str) -> None:
    from evalkit.report.hostile import one_line, shorten_end

    file = one_line(report["file"])
    for problem in report["first"]:
        field = f"'{problem['field']}' " if problem["field"] else ""
        click.echo(f"{file}:{problem['line']}: " + shorten_end(one_line(f"{field}{problem['message']}"), 300))
    if report["error"]:
        click.echo(f"{file}: {one_line(report['error'])}")
        return
    if report["valid"]:
        click.echo(f"{file}: {many(report['rows'], 'row')}, all valid {contract} rows")
        return
    more = report["problems"] - len(report["first"])
    rest = f" (the first {SHOWN} are shown)" if more > 0 else ""
    total = many(report["problems"], "problem")
    click.echo(f"{file}: {total} in {report['bad_rows']:,} of {many(report['rows'], 'row')}{rest}")
