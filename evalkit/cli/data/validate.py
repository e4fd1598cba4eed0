"""``evalkit data validate``: every bad row of dataset files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.data.named import is_suite, readings
from evalkit.cli.data.options import contract_option, many
from evalkit.cli.options import json_option, trust_option, trusts_code

if TYPE_CHECKING:
    from evalkit.data.rows import Problem

SHOWN = 20


@click.command("validate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@contract_option
@trust_option
@json_option
def command(files: tuple[str, ...], contract: str, as_json: bool, **options: bool) -> int:
    """Find every bad row, with line and field.

    JSONL, JSON, CSV, TSV, Parquet and Arrow folders, also .gz and .zst; or SUITE.yaml:DATASET, read as the suite reads
    it, and SUITE.yaml for all its datasets. The first 20 problems of each are shown and all are counted. Exit code 2
    when there is one.

    \b
    evalkit data validate evals/*.jsonl
    evalkit data validate pairs.parquet --contract preference --json
    evalkit data validate suite.yaml
    """
    trusted = trusts_code(options)
    reports = [report for file in files for report in _validated(file, contract, trust_code=trusted)]
    bad = any(not report["valid"] for report in reports)
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(reports)
    else:
        for report in reports:
            _print_validation(report)
    return 2 if bad else 0


def _validated(text: str, contract: str, *, trust_code: bool) -> list[dict[str, Any]]:
    """A file that cannot be read at all is one problem of its own, so that the other files are looked at too."""
    from evalkit.data.rows import BadRows
    from evalkit.data.validation import Problems
    from evalkit.errors import DatasetError

    try:
        chosen = readings(text, contract, trust_code=trust_code)
    except DatasetError as error:
        return [_report(text, contract, (0, 0), [], count=0, failure=error)]
    reports = []
    for one in chosen:
        found = Problems(one.scan, one.asked)
        named, file = one.scan.interpreter.contract.name, one.scan.file if is_suite(text) else text
        shown: list[dict[str, Any]] = []
        count, failure = 0, None
        try:
            for problem in found:
                count += 1
                if len(shown) < SHOWN:
                    shown.append(_told(problem))
        except BadRows as error:  # of a query's contract: what comes after that boundary was not looked at
            shown = [_told(problem) for problem in error.problems]
            reports.append(_report(error.where, named, (error.rows, error.count), shown, count=len(shown)))
            continue
        except DatasetError as error:
            failure = error
            file = error.where if is_suite(text) and error.where else file
        reports.append(_report(file, named, (found.rows, found.bad_rows), shown, count=count, failure=failure))
    return reports


def _told(problem: Problem) -> dict[str, Any]:
    return {"line": problem.line, "field": problem.field, "message": problem.message}


def _report(
    file: str,
    contract: str,
    rows: tuple[int, int],
    shown: list[dict[str, Any]],
    *,
    count: int,
    failure: Exception | None = None,
) -> dict[str, Any]:
    """``rows``: how many, and how many of them are bad. ``count``: of the problems."""
    message, hint = getattr(failure, "message", ""), getattr(failure, "hint", "")
    return {
        "file": file,
        "contract": contract,
        "valid": not count and not failure,
        "rows": rows[0],
        "bad_rows": rows[1],
        "problems": count,
        "first": shown,
        "error": f"{message}; {hint}" if hint else message,
    }


def _print_validation(report: dict[str, Any]) -> None:
    from evalkit.report.hostile import one_line, shorten_end

    file = one_line(report["file"])
    for problem in report["first"]:
        field = f"'{problem['field']}' " if problem["field"] else ""
        click.echo(f"{file}:{problem['line']}: " + shorten_end(one_line(f"{field}{problem['message']}"), 300))
    if report["error"]:
        click.echo(f"{file}: {one_line(report['error'])}")
        return
    if report["valid"]:
        click.echo(f"{file}: {many(report['rows'], 'row')}, all valid {report['contract']} rows")
        return
    more = report["problems"] - len(report["first"])
    rest = f" (the first {SHOWN} are shown)" if more > 0 else ""
    total = many(report["problems"], "problem")
    click.echo(f"{file}: {total} in {report['bad_rows']:,} of {many(report['rows'], 'row')}{rest}")
