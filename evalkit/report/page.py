"""Builds the HTML page: plain values from the result into autoescaped templates."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from evalkit.records import Result
from evalkit.report import formatting, hostile, view

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("evalkit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = hostile.shown
    environment.filters["line"] = hostile.one_line
    environment.globals["formatting"] = formatting
    return environment


def page(result: Result) -> str:
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            gates=view.gates(result),
            sentence=view.sentence(result),
            effort=view.effort(result),
            notices=view.notices(result),
        )
    )
