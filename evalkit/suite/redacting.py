"""The ``redact`` key of a suite: what is taken out of answers, and that no check looks for just that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evalkit.errors import SuiteError, did_you_mean
from evalkit.metrics.redaction import NOTHING, Redaction
from evalkit.suite.schema import SuiteConfig
from evalkit.suite.source import KeyPath, Source

if TYPE_CHECKING:
    from evalkit.suite.load import SuiteCheck

LEAKAGE = "leakage"
"""The kind of check that looks for what others take out."""


def add_redaction(data: dict[str, Any], kinds: Sequence[str]) -> None:
    """Kinds that the command line names, beside those of the file."""
    for kind in kinds:
        _require_known(kind, "--redact")
    if kinds:
        written = data.get("redact")
        known = written if isinstance(written, list) else []
        data["redact"] = [*known, *(kind for kind in kinds if kind not in known)]


def redaction_of(config: SuiteConfig, checks: Sequence[SuiteCheck], source: Source) -> Redaction:
    if not config.redact:
        return NOTHING
    kinds: list[str] = []
    patterns: dict[str, str] = {}
    for index, entry in enumerate(config.redact):
        keys: KeyPath = ("redact", index)
        if isinstance(entry, str):
            _require_known(entry, source.where(keys))
            kinds.append(entry)
        else:
            for name, pattern in entry.items():
                _require_pattern(name, pattern, source.where((*keys, name)))
                patterns[name] = pattern
    _require_nobody_looks(checks)
    return Redaction(tuple(dict.fromkeys(kinds)), patterns)


def _require_known(kind: str, where: str) -> None:
    from evalkit.metrics.leakage import KINDS

    if kind not in KINDS:
        hint = f"{did_you_mean(kind, KINDS, 'known kinds')}; or a pattern of your own: {{NAME: 'REGEX'}}"
        raise SuiteError(f"nothing is known of '{kind}' to take out", where=where, hint=hint)


def _require_pattern(name: str, pattern: str, where: str) -> None:
    from evalkit.metrics.patterns import compiled

    try:
        compiled(pattern)
    except ValueError as error:
        raise SuiteError(f"the pattern '{name}' is not taken: {error}", where=where) from error


def _require_nobody_looks(checks: Sequence[SuiteCheck]) -> None:
    """A check that looks for leaks in redacted answers would find none, and pass whatever the model says."""
    for check in checks:
        if check.check.kind == LEAKAGE:
            raise SuiteError(
                f"check '{check.name}' looks for what redact takes out: it would always pass",
                where=check.origin,
                hint="leave out redact, or the check; the report masks what that check finds",
            )
