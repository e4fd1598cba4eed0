"""How texts of different length may stand beside each other when their likelihoods are read: found by trying.

The measure is a text alone, a pass over its tokens that is told nothing else. RoBERTa-like models count positions from
another number than zero, decoders of BART's kind and recurrent ones count what stands before a text, and some decoders
are told by one road only what not to look at. None of that can be read from settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.models.hf.likelihoods.likelihood import Pair, Rows, read
from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.stream.trials import KNOWN
from evalkit.models.hf.trial import alike, some_tokens


class LooksAhead(Exception):
    """What the model says of a token depends on those behind it; the text says so."""


def rows_of(engine: Engine) -> Rows:
    """The first way, the cheapest ones first, that gives the numbers of each text alone."""
    import torch

    if getattr(engine.model.config, "model_type", "") in KNOWN:
        return Rows.PADDED
    draw = tuple(some_tokens(engine, 18))
    short, long = Pair(draw[:3], draw[3:6]), Pair(draw[6:11], draw[11:18])
    with torch.inference_mode():
        alone = [_lines(engine, [pair], Rows.ALONE)[0] for pair in (short, long)]
        _refuse_looking_ahead(engine, long, alone[1])
        for rows in (Rows.PADDED, Rows.BEHIND):
            if engine.seq2seq and rows is Rows.BEHIND:
                continue
            try:
                beside = _lines(engine, [short, long], rows)
            except Exception:  # noqa: BLE001, S112 - a model's code may refuse masks or positions in any way
                continue
            if all(alike(engine, found, told) for found, told in zip(beside, alone, strict=True)):
                return rows
    return Rows.ALONE


def _lines(engine: Engine, pairs: Sequence[Pair], rows: Rows) -> list[Any]:
    """For each pair, the logits that its continuation is predicted from."""
    logits, asked, _ = read(engine, pairs, rows)
    return [logits[row, list(places)].float() for row, places, _ in asked]


def _refuse_looking_ahead(engine: Engine, pair: Pair, told: Any) -> None:
    import torch

    others = tuple(reversed(pair.continuation[-3:]))
    (otherwise,) = _lines(engine, [Pair(pair.context, (*pair.continuation[:-3], *others))], Rows.ALONE)
    before = slice(0, len(pair.continuation) - 2)
    # masks that are large numbers and not endless ones let a little through
    allowed = (1e-2 if engine.model.dtype == torch.float32 else 0.2) * float(told.std())
    if not bool((otherwise[before] - told[before]).abs().max() > allowed):
        return
    name = type(engine.model).__name__
    advice = "a checkpoint that was trained as a decoder says so in its config.json (is_decoder: true); otherwise "
    raise LooksAhead(
        f"the model looks ahead: what it ({name}) says of a token changes with the tokens behind it, so that it has no "
        f"likelihoods of continuations; {advice if hasattr(engine.model.config, 'is_decoder') else ''}"
        "ask a causal language model"
    )
