"""Which label was wanted and which one was given: the diagonal is right."""

from __future__ import annotations

from typing import Any

from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, distinct, label
from evalkit.report.charts.heat import NUMBERS_UP_TO, heat
from evalkit.results import CheckSummary

MOST = 24


def confusion_chart(check: CheckSummary, identity: str) -> Chart | None:
    """None of a check without labels, and of one with more than anybody can read; report.json has those."""
    counts = {(wanted, given): cases for wanted, given, cases in check.confusion}
    wanted = sorted({pair[0] for pair in counts})
    given = [*wanted, *sorted({pair[1] for pair in counts} - set(wanted))]
    if not counts or len(given) > MOST:
        return None
    names = dict(zip(given, distinct(label(name, 32) or formatting.NONE for name in given), strict=True))
    cells: list[dict[str, Any]] = []
    for one in wanted:
        whole = sum(counts.get((one, other), 0) for other in given) or 1
        for other in given:
            cases = counts.get((one, other), 0)
            cells.append(
                {
                    "row": names[one],
                    "column": names[other],
                    "strength": cases / whole,
                    "number": str(cases) if len(given) <= NUMBERS_UP_TO else "",
                    "told": f"wanted {names[one]}, given {names[other]}: {formatting.count(cases, 'case')}",
                }
            )
    right = sum(cases for (one, other), cases in counts.items() if one == other)
    wrong = [(cases, pair) for pair, cases in counts.items() if pair[0] != pair[1]]
    said = f"{right:,} of {sum(counts.values()):,} cases got the label that was wanted"
    if wrong:
        cases, (one, other) = max(wrong, key=lambda item: item[0])
        said += f"; most often {names[one]} was taken for {names[other]}, {formatting.count(cases, 'time')}"
    return Chart(
        id=identity,
        title="Cases by the label that was wanted (rows) and the one that was given; the diagonal is right",
        spec=heat(cells, len(wanted)),
        says=said,
        columns=("wanted", *(names[other] for other in given)),
        rows=tuple((names[one], *(f"{counts.get((one, other), 0):,}" for other in given)) for one in wanted),
        widest=200 + 64 * len(given),
    )
