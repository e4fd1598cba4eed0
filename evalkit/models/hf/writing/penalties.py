"""What a model's own generation settings do to its logits, besides what a request asks for.

Some models are meant to run with a repetition penalty, a forced first token or suppressed tokens, and say so in
``generation_config.json``. These are obeyed, as transformers' own ``generate`` obeys them, row by row over the row's
own tokens, so that padding is never penalised. Its sampling defaults and beam search are not: decoding is the suite's
choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.models.hf.loading.engine import Engine


class Penalties:
    def __init__(self, processors: Any, history_from: int | None, device: str) -> None:
        self._processors = processors
        self._history_from = history_from
        self._device = device

    def __call__(self, prompt: Sequence[int], written: Sequence[int], logits: Any) -> Any:
        """Logits of one row. A seq2seq row's history is its decoder's, which starts with ``history_from``."""
        import torch

        history = [*prompt, *written] if self._history_from is None else [self._history_from, *written]
        tokens = torch.tensor([history], dtype=torch.long, device=self._device)
        return self._processors(tokens, logits.unsqueeze(0))[0]


def penalties(engine: Engine, prompt_length: int, max_tokens: int) -> Penalties | None:
    """The processors of one row, or none where the model has no such settings."""
    settings = getattr(engine.model, "generation_config", None)
    if settings is None:
        return None
    from transformers.generation import logits_process as process

    start = 1 if engine.seq2seq else prompt_length
    found: list[Any] = []
    if _given(settings, "repetition_penalty", 1.0):
        found.append(process.RepetitionPenaltyLogitsProcessor(penalty=settings.repetition_penalty))
    if _given(settings, "no_repeat_ngram_size", 0):
        found.append(process.NoRepeatNGramLogitsProcessor(settings.no_repeat_ngram_size))
    if _given(settings, "bad_words_ids", None):
        found.append(process.NoBadWordsLogitsProcessor(settings.bad_words_ids, sorted(engine.end_tokens)))
    if _given(settings, "min_new_tokens", 0) and engine.end_tokens:
        least, ends = settings.min_new_tokens, sorted(engine.end_tokens)
        found.append(process.MinNewTokensLengthLogitsProcessor(start, least, ends, device=engine.device))
    elif _given(settings, "min_length", 0) and engine.end_tokens:
        ends = sorted(engine.end_tokens)
        found.append(process.MinLengthLogitsProcessor(settings.min_length, ends, device=engine.device))
    if _given(settings, "forced_bos_token_id", None):
        found.append(process.ForcedBOSTokenLogitsProcessor(settings.forced_bos_token_id))
    if _given(settings, "forced_eos_token_id", None):
        last = start + max_tokens
        found.append(process.ForcedEOSTokenLogitsProcessor(last, settings.forced_eos_token_id, device=engine.device))
    if _given(settings, "suppress_tokens", None):
        found.append(process.SuppressTokensLogitsProcessor(settings.suppress_tokens, device=engine.device))
    if _given(settings, "begin_suppress_tokens", None):
        first = settings.begin_suppress_tokens
        found.append(process.SuppressTokensAtBeginLogitsProcessor(first, start, device=engine.device))
    if not found:
        return None
    from evalkit.models.hf.writing.steps import decoder_start

    return Penalties(
        process.LogitsProcessorList(found), decoder_start(engine) if engine.seq2seq else None, engine.device
    )


def _given(settings: Any, name: str, neutral: Any) -> bool:
    value = getattr(settings, name, None)
    return value is not None and value not in (neutral, [])
