"""Many gates, one suite: that it passes needs no correction, for all gates must; that it fails does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalkit.gates.weighing import ALPHA
from evalkit.records import Verdict, Word
from evalkit.stats.multiplicity import holm


def hold_family(verdicts: Sequence[Verdict], alpha: float = ALPHA) -> list[Verdict]:
    """Verdicts of ``fail`` that could be chance among so many gates become ``unsure`` (Holm).

    Verdicts without a p-value are facts about the cases at hand, or stopped early at a level that already allows for
    all gates.
    """
    uncertain = [i for i, verdict in enumerate(verdicts) if verdict.p_value is not None]
    rejected = dict(zip(uncertain, holm([_p(verdicts[i]) for i in uncertain], alpha), strict=True))
    return [
        _softened(verdict, len(uncertain)) if verdict.word is Word.FAIL and rejected.get(i) is False else verdict
        for i, verdict in enumerate(verdicts)
    ]


def _p(verdict: Verdict) -> float:
    assert verdict.p_value is not None
    return verdict.p_value


def _softened(verdict: Verdict, gates: int) -> Verdict:
    reason = f"{verdict.reason}; alone it would fail, but among {gates} gates that can be chance (Holm)"
    return replace(verdict, word=Word.UNSURE, reason=reason)
