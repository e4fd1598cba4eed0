"""The metrics as modules of the package ``evaluate``; the scripts under ``hf/`` only give each one its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

import datasets
from evalkit.metrics import score

CITATION = "evalkit: language model evaluation with sufficient statistics"


class TextModule(evaluate.Metric):  # type: ignore[misc]
    """``load(path).compute(predictions=[...], references=[[...], ...])`` gives ``{name: value}``.

    References may also be plain strings, one a row. ``compute`` adds nothing up beyond what ``score`` does.
    """

    metric = ""

    def _info(self) -> Any:
        text = datasets.Value("string")
        several = {"predictions": text, "references": datasets.List(text)}
        single = {"predictions": text, "references": text}
        return evaluate.MetricInfo(
            description=f"evalkit's {self.metric}: {TextModule.__doc__}",
            citation=CITATION,
            inputs_description="predictions: texts; references: for each one the list of its accepted texts",
            features=[datasets.Features(several), datasets.Features(single)],
        )

    def _compute(self, predictions: Sequence[str], references: Sequence[Any]) -> dict[str, float]:
        rows = [[row] if isinstance(row, str) else list(row) for row in references]
        return {self.metric: score(self.metric, list(predictions), rows)}
