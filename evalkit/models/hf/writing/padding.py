"""Whether rows of different length may stand in one batch: found by trying, since a model's settings do not say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.trial import alike, some_tokens
from evalkit.models.hf.writing.steps import start


def harmless(engine: Engine) -> bool:
    """Whether a row says the same beside a longer one as alone. A recurrent state may take pads for text, and a model
    that is told no positions may count them."""
    import torch

    tokens = some_tokens(engine, 9)
    short, long = tokens[:3], tokens[3:]
    try:
        with torch.inference_mode():
            return alike(engine, _first_of(engine, [short, long]), _first_of(engine, [short]))
    except Exception:  # noqa: BLE001 - a model's code may raise anything: then nothing is known, and nothing is padded
        return False


def _first_of(engine: Engine, rows: Sequence[Sequence[int]]) -> Any:
    """What is said behind the first row, and behind one token more."""
    import torch

    steps = start(engine, rows, use_cache=True)
    first = steps.logits[0]
    steps.advance([rows[0][0]] * len(rows), range(len(rows)))
    return torch.stack([first, steps.logits[0]])
