"""What a model's own generation settings do to its logits, besides what a request asks for.

Some models are meant to run with a repetition penalty, a forced first token or suppressed tokens, and say so in
``generation_config.json``. These are obeyed, as transformers' own ``generate`` obeys them, row by row over the row's
own tokens, so that padding is never penalised. Its sampling defaults and beam search are not: decoding is the suite's
choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.own_settings import NEUTRAL, given

ABOUT_ENDS = frozenset({"min_new_tokens", "min_length", "exponential_decay_length_penalty"})


class Penalties:
    def __init__(self, processors: Any, history_from: int | None, device: str) -> None:
        self._processors = processors
        self._history_from = history_from
        self._device = device

    def __call__(self, prompt: Sequence[int], written: Sequence[int], logits: Any) -> Any:
        """Logits of one row. A seq2seq row's history is its decoder's, which starts with ``history_from``."""
        history = [*prompt, *written] if self._history_from is None else [self._history_from, *written]
        return self._processors(_as_batch(history, self._device), logits.unsqueeze(0))[0]


def penalties(engine: Engine, prompt: Sequence[int], max_tokens: int) -> Penalties | None:
    """The processors of one row, in the order of ``generate``, or none where the model has no such settings."""
    settings = getattr(engine.model, "generation_config", None)
    own = given({name: getattr(settings, name, None) for name in NEUTRAL})
    if "min_new_tokens" in own:
        own.pop("min_length", None)
    if not engine.end_tokens:
        own = {name: value for name, value in own.items() if name not in ABOUT_ENDS}
    if not own:
        return None
    from transformers.generation import logits_process as process

    from evalkit.models.hf.writing.steps import decoder_start

    start = 1 if engine.seq2seq else len(prompt)
    ends, asked = _as_batch(sorted(engine.end_tokens), engine.device)[0], _as_batch(prompt, engine.device)
    row = _Row(start, start + max_tokens, ends, asked, engine.device)
    makers = _makers(process)
    found = process.LogitsProcessorList([makers[name](value, row) for name, value in own.items()])
    return Penalties(found, decoder_start(engine) if engine.seq2seq else None, engine.device)


@dataclass(frozen=True, slots=True)
class _Row:
    """Of what a processor is made, beside the setting itself."""

    start: int
    """Tokens of a text before its first new one."""
    last: int
    ends: Any
    asked: Any
    device: str


def _makers(process: Any) -> dict[str, Callable[[Any, _Row], Any]]:
    """By setting, the processor of transformers, of the setting's value and the row."""
    return {
        "sequence_bias": lambda value, _: process.SequenceBiasLogitsProcessor(value),
        "encoder_repetition_penalty": lambda value, row: process.EncoderRepetitionPenaltyLogitsProcessor(
            value, row.asked
        ),
        "repetition_penalty": lambda value, _: process.RepetitionPenaltyLogitsProcessor(value),
        "no_repeat_ngram_size": lambda value, _: process.NoRepeatNGramLogitsProcessor(value),
        "encoder_no_repeat_ngram_size": lambda value, row: process.EncoderNoRepeatNGramLogitsProcessor(
            value, row.asked
        ),
        "bad_words_ids": lambda value, row: process.NoBadWordsLogitsProcessor(value, row.ends.tolist()),
        "min_length": lambda value, row: process.MinLengthLogitsProcessor(value, row.ends),
        "min_new_tokens": lambda value, row: process.MinNewTokensLengthLogitsProcessor(row.start, value, row.ends),
        "forced_bos_token_id": lambda value, _: process.ForcedBOSTokenLogitsProcessor(value),
        "forced_eos_token_id": lambda value, row: process.ForcedEOSTokenLogitsProcessor(
            row.last, value, device=row.device
        ),
        "exponential_decay_length_penalty": lambda value, row: process.ExponentialDecayLengthPenalty(
            tuple(value), row.ends, row.start
        ),
        "suppress_tokens": lambda value, row: process.SuppressTokensLogitsProcessor(value, device=row.device),
        "begin_suppress_tokens": lambda value, row: process.SuppressTokensAtBeginLogitsProcessor(
            value, row.start, device=row.device
        ),
    }


def _as_batch(tokens: Sequence[int], device: str) -> Any:
    import torch

    return torch.tensor([list(tokens)], dtype=torch.long, device=device)
