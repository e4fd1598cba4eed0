"""How probable a continuation is after a context: one pass over both, no text is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.models.hf.loading import Engine
from evalkit.models.hf.prompts import render
from evalkit.models.hf.steps import decoder_start, pad, positions_of
from evalkit.records import Likelihood


@dataclass(frozen=True, slots=True)
class Pair:
    context: tuple[int, ...]
    continuation: tuple[int, ...]


def encode_pair(engine: Engine, ask: Likelihood) -> Pair:
    """Context and continuation as tokens, encoded together as a model reads them.

    The continuation begins with the first token that reaches into it: white space at the end of the context belongs
    to it, and so does a token that joins letters across the border (``hel`` + ``lo`` is one ``hello``), lest letters of
    the continuation be taken for given. An empty context becomes the beginning-of-text token.
    """
    tokenizer = engine.tokenizer
    if isinstance(ask.context, str):
        context, special = ask.context, True
    else:
        context, special = render(tokenizer, ask.context)
    if engine.seq2seq:
        first = tokenizer(context, add_special_tokens=special, verbose=False)["input_ids"]
        target = tokenizer(ask.continuation, add_special_tokens=False, verbose=False)["input_ids"]
        return Pair(tuple(first), tuple(target))
    continuation = ask.continuation
    if isinstance(ask.context, str):
        stripped = context.rstrip()
        context, continuation = stripped, context[len(stripped) :] + continuation
    first = tokenizer(context, add_special_tokens=special, verbose=False)["input_ids"]
    both = tokenizer(context + continuation, add_special_tokens=special, verbose=False)["input_ids"]
    shared = next((at for at, pair in enumerate(zip(first, both, strict=False)) if pair[0] != pair[1]), len(first))
    shared = min(shared, len(both))
    if not shared:
        start = tokenizer.bos_token_id
        both = [start if start is not None else next(iter(engine.end_tokens), engine.pad_token), *both]
        shared = 1
    return Pair(tuple(both[:shared]), tuple(both[shared:]))


def score(engine: Engine, pairs: Sequence[Pair]) -> list[tuple[list[float], list[float]]]:
    """Per pair: log-probability of each token of its continuation, and its logit's lead over the best other one (above
    zero: greedy decoding would have written it)."""
    import torch

    width = max(len(pair.continuation) for pair in pairs)
    with torch.inference_mode():
        logits, shift = _seq2seq(engine, pairs) if engine.seq2seq else _causal(engine, pairs, width)
        results = []
        for row, pair in enumerate(pairs):
            length = len(pair.continuation)
            where = slice(0, length) if engine.seq2seq else slice(shift - length, shift)
            lines = logits[row, where].float()
            index = torch.tensor(pair.continuation, device=lines.device).unsqueeze(1)
            own = lines.gather(1, index).squeeze(1)
            others = lines.scatter(1, index, float("-inf")).max(dim=-1).values
            logprobs = torch.log_softmax(lines, dim=-1).gather(1, index).squeeze(1)
            results.append((logprobs.tolist(), (own - others).tolist()))
    return results


def _causal(engine: Engine, pairs: Sequence[Pair], width: int) -> tuple[Any, int]:
    """Padded on the left, every continuation ends in the last column: only those columns' logits are needed."""
    tokens, mask = pad([(*p.context, *p.continuation) for p in pairs], engine.pad_token, engine.device, left=True)
    options: dict[str, Any] = {"use_cache": False, "return_dict": True}
    if "position_ids" in engine.forward:
        options["position_ids"] = positions_of(mask)
    if "logits_to_keep" in engine.forward:
        options["logits_to_keep"] = width + 1
    logits = engine.model(input_ids=tokens, attention_mask=mask, **options).logits
    # the column before a token predicts it: the last column predicts what nobody asked
    return logits, logits.shape[1] - 1


def _seq2seq(engine: Engine, pairs: Sequence[Pair]) -> tuple[Any, int]:
    tokens, mask = pad([p.context for p in pairs], engine.pad_token, engine.device, left=False)
    first = decoder_start(engine)
    targets, _ = pad([(first, *p.continuation[:-1]) for p in pairs], engine.pad_token, engine.device, left=False)
    output = engine.model(
        input_ids=tokens, attention_mask=mask, decoder_input_ids=targets, use_cache=False, return_dict=True
    )
    return output.logits, 0
