"""Cases, pictures and comparisons that show themselves in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from evalkit.results import Finding, Result
from evalkit.runner.compare import Comparison

if TYPE_CHECKING:
    from evalkit.report.charts import Chart

LONGEST_NAME = 300


@dataclass(frozen=True, slots=True, repr=False)
class ShownCase(Finding):
    """A case that shows itself in a notebook: what was asked, hoped for and answered."""

    unit: str = ""
    """Of its value."""

    @classmethod
    def of(cls, finding: Finding, result: Result) -> Self:
        units = {(check.name, metric.name): metric.unit for check in result.checks for metric in check.metrics}
        told = {one.name: getattr(finding, one.name) for one in fields(Finding)}
        return cls(**told, unit=units.get((finding.check, finding.metric), ""))

    def _repr_html_(self) -> str:
        from evalkit.report.notebook import case_fragment

        return case_fragment(self, self.unit)

    def __repr__(self) -> str:
        return briefly("case", f"{self.check}: {self.case}, {self.metric} {self.value}")


@dataclass(frozen=True, slots=True, repr=False)
class ShownChart:
    """A picture that a notebook draws, or shows as a table where it cannot."""

    chart: Chart

    def to_dict(self) -> dict[str, Any]:
        """The Vega-Lite specification, with its data."""
        from evalkit.report.notebook import chart_spec

        return chart_spec(self.chart)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        from evalkit.report.notebook import chart_bundle

        return chart_bundle(self.chart)

    def __repr__(self) -> str:
        return briefly("chart", f"{self.chart.id}: {self.chart.title}")


class ShownComparison(Comparison):
    """A comparison that shows itself in a notebook, and becomes tables."""

    __slots__ = ()

    def to_frame(self, kind: str = "metrics", engine: str = "pandas") -> Any:
        """``metrics``: a row for every metric and candidate; ``cases``: for every case that went otherwise. Engines are
        ``pandas`` (extra ``frames``) and ``polars``."""
        from evalkit.report.frames import of_comparison

        return of_comparison(self, kind, engine)

    def _repr_html_(self) -> str:
        from evalkit.report.notebook import comparison_fragment

        return comparison_fragment(self)

    def __repr__(self) -> str:
        from evalkit.report.comparison_words import sentence

        return briefly("comparison", "; ".join(map(sentence, self.candidates)))


def briefly(what: str, told: str) -> str:
    """Notebooks keep what an object says of itself beside what it shows: not all that it holds, and one line."""
    from evalkit.report.hostile import one_line, shorten_end

    return f"<{what} {one_line(shorten_end(told, LONGEST_NAME))}>"
