"""Which attempts, or conditions, gave the same answers: a square for each two of them."""

from __future__ import annotations

from typing import Any

from evalkit.diagnoses import Agreement
from evalkit.report.charts.chart import Chart, distinct, label
from evalkit.report.charts.heat import NUMBERS_UP_TO, heat

MOST = 24
ROOMY = 5
"""As many squares in a row have room for three digits on a phone."""


def agreement_chart(of: Agreement, at: int) -> Chart | None:
    """None where there are not two to be compared."""
    names = distinct(label(name, 32) for name in of.names[:MOST])
    many = len(names)
    if many < 2 or len(of.same) < many:
        return None
    cells: list[dict[str, Any]] = [
        {
            "row": names[i],
            "column": names[j],
            "strength": of.same[i][j],
            "number": "" if many > NUMBERS_UP_TO else _short(of.same[i][j], many),
            "told": f"{names[i]} and {names[j]}: {_share(of.same[i][j])} identical",
        }
        for i in range(many)
        for j in range(many)
        if j < len(of.same[i])
    ]
    pairs = [(of.same[i][j], i, j) for i in range(many) for j in range(i) if of.same[i][j] is not None]
    said = f"Shares of {of.cases:,} cases with identical answers, for {many} attempts or conditions"
    if pairs:
        least = min(pairs, key=lambda pair: pair[0] or 0.0)
        said += f"; least alike: {names[least[2]]} and {names[least[1]]}, {_share(least[0])}"
    return Chart(
        id=f"agreement-{at}",
        title="Share of cases with identical answers, each two of them",
        spec=heat(cells, many),
        says=said,
        columns=("", *names),
        rows=tuple(
            (names[i], *(_share(of.same[i][j]) for j in range(min(many, len(of.same[i]))))) for i in range(many)
        ),
        widest=160 + 56 * many,
    )


def _short(value: float | None, many: int) -> str:
    """``.97`` where squares are small."""
    if value is None:
        return ""
    return f"{value:.2f}".removeprefix("0") if many > ROOMY and 0.005 <= value < 0.995 else _share(value)


def _share(value: float | None) -> str:
    from evalkit.report.formatting import number

    return number(value, "share")
