"""How a check asks its model, and in which of that two runs differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from evalkit.metrics.redaction import Redaction
from evalkit.suite.load import SuiteCheck

DRAWS = frozenset({"seed"})
"""Another draw from the same model is no other way to ask it."""
OF_SAMPLING = frozenset({"top_p"})
"""Without effect at temperature 0."""


def generation_of(check: SuiteCheck, redaction: Redaction) -> dict[str, Any]:
    """In JSON's own types, for it is stored with the run."""
    return {
        **asdict(check.decoding),
        "stop": list(check.decoding.stop),
        "truncate": check.truncate,
        "attempts": check.attempts,
        "redact": [*redaction.kinds, *(f"{name}: {pattern}" for name, pattern in redaction.patterns.items())],
    }


def other_settings(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What differs: setting, theirs, ours. What an older run did not say is not held against it."""
    greedy = theirs.get("temperature") == ours.get("temperature") == 0
    meaningless = DRAWS | OF_SAMPLING if greedy else DRAWS
    for key in sorted(theirs.keys() & ours.keys() - meaningless):
        if theirs[key] != ours[key]:
            yield key, in_words(theirs[key]), in_words(ours[key])


def in_words(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(repr, value)) or "none"
    return "none" if value is None or value == "" else str(value)
