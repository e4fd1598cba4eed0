"""What was taken out of a run's answers, in words."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.runner.ask import Tally


def redaction_told(tally: Tally) -> Iterator[str]:
    """One sentence, where anything was."""
    if tally.redacted:
        found = ", ".join(f"{kind} {times:,}" for kind, times in sorted(tally.redacted.items()))
        what = "answer was" if tally.redacted_answers == 1 else "answers were"
        yield f"{tally.redacted_answers:,} {what} redacted before being kept and scored: {found}"
