"""What a suite may say about how an answer is taken out of what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator


def _is_a_rule(rule: str | Mapping[str, str]) -> str | Mapping[str, str]:
    from evalkit.metrics.extraction import extractor  # its patterns are for suites that have a rule

    extractor(rule)
    return rule


ExtractionRule = Annotated[str | Mapping[str, str], AfterValidator(_is_a_rule)]
