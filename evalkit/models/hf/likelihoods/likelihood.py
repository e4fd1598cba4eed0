"""How probable a continuation is after a context: one pass over both, no text is written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.prompts import render, tokens_of
from evalkit.models.hf.work import Work
from evalkit.models.hf.writing.steps import decoder_start, pad, positions_of
from evalkit.records import Likelihood


class Rows(Enum):
    """How texts stand beside each other in one pass; ``rows_of`` finds out which way is right for a model."""

    PADDED = "padded"
    """Pads before them, with masks and positions; an encoder's contexts padded, and each read once."""
    BEHIND = "behind"
    """Pads behind them, where a causal model does not look: it is told neither masks nor positions."""
    ALONE = "alone"


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
        first = tokens_of(tokenizer, context, special)
        target = tokens_of(tokenizer, ask.continuation, special=False)
        return Pair(tuple(first) or (_beginning(engine),), tuple(target))
    continuation = ask.continuation
    if isinstance(ask.context, str):
        stripped = context.rstrip()
        context, continuation = stripped, context[len(stripped) :] + continuation
    first = tokens_of(tokenizer, context, special)
    both = tokens_of(tokenizer, context + continuation, special)
    shared = next((at for at, pair in enumerate(zip(first, both, strict=False)) if pair[0] != pair[1]), len(first))
    shared = min(shared, len(both))
    if not shared:
        both = [_beginning(engine), *both]
        shared = 1
    return Pair(tuple(both[:shared]), tuple(both[shared:]))


def _beginning(engine: Engine) -> int:
    start = engine.tokenizer.bos_token_id
    return int(start) if start is not None else next(iter(engine.end_tokens), engine.pad_token)


def score(
    engine: Engine, pairs: Sequence[Pair], margins: bool = True, work: Work | None = None, rows: Rows = Rows.PADDED
) -> list[tuple[list[float], list[float] | None]]:
    """Per pair, each read as a row of its own: log-probability of each token of its continuation, and with ``margins``
    its logit's lead over the best other one (above zero: greedy decoding would have written it)."""
    import torch

    if rows is Rows.ALONE and len(pairs) > 1:
        return [score(engine, [pair], margins, work, rows)[0] for pair in pairs]
    began = time.perf_counter()
    with torch.inference_mode():
        logits, asked, masks = read(engine, pairs, rows)
        numbers = read_out(logits, asked, margins)
    if work is not None:
        computed, positions = (sum(int(count(mask)) for mask in masks) for count in (torch.sum, torch.numel))
        lengths = [len(pair.context) + len(pair.continuation) - (not engine.seq2seq) for pair in pairs]
        work.read(lengths, computed, positions, time.perf_counter() - began)
    return numbers


Asked = tuple[int, Sequence[int], Sequence[int]]
"""A row of logits, the places in it, and the token that is asked for at each."""


def read_out(logits: Any, asked: Sequence[Asked], margins: bool) -> list[tuple[list[float], list[float] | None]]:
    """What the logits say of the tokens that are asked for. A place that many ask about is normalised once."""
    import torch

    width = logits.shape[1]
    flat = [row * width + place % width for row, places, _ in asked for place in places]
    distinct = {line: number for number, line in enumerate(dict.fromkeys(flat))}
    lines = logits.reshape(-1, logits.shape[-1])[torch.tensor(list(distinct), device=logits.device)].float()
    which = torch.tensor([distinct[line] for line in flat], device=logits.device)
    tokens = torch.tensor([token for _, _, targets in asked for token in targets], device=logits.device)
    logprobs = torch.log_softmax(lines, dim=-1)[which, tokens].tolist()
    leads = None
    if margins:
        own, two = lines[which, tokens], lines.topk(2, dim=-1)
        best = two.indices[which, 0] == tokens
        leads = (own - torch.where(best, two.values[which, 1], two.values[which, 0])).tolist()
    results: list[tuple[list[float], list[float] | None]] = []
    start = 0
    for _, _, targets in asked:
        end = start + len(targets)
        results.append((logprobs[start:end], leads[start:end] if leads is not None else None))
        start = end
    return results


def read(engine: Engine, pairs: Sequence[Pair], rows: Rows) -> tuple[Any, list[Asked], list[Any]]:
    """Logits, what is asked of them, and the masks that tell what was no pad. ``Rows.ALONE`` reads one pair."""
    if rows is Rows.PADDED:
        return _seq2seq(engine, pairs) if engine.seq2seq else _causal(engine, pairs)
    return _whole_seq2seq(engine, pairs[0]) if engine.seq2seq else _behind(engine, pairs)


def _causal(engine: Engine, pairs: Sequence[Pair]) -> tuple[Any, list[Asked], list[Any]]:
    """Padded on the left, every row ends in the last column: only the last columns' logits are needed. The last token
    is not read, for nothing is predicted from it: pairs that differ there alone are one row."""
    rows = {text: number for number, text in enumerate(dict.fromkeys(map(_read, pairs)))}
    tokens, mask = pad(list(rows), engine.pad_token, engine.device, left=True)
    options: dict[str, Any] = {"use_cache": False, "return_dict": True}
    if "position_ids" in engine.forward:
        options["position_ids"] = positions_of(mask)
    if "logits_to_keep" in engine.forward:
        options["logits_to_keep"] = max(len(pair.continuation) for pair in pairs)
    logits = engine.model(input_ids=tokens, attention_mask=mask, **options).logits
    asked: list[Asked] = [(rows[_read(pair)], range(-len(pair.continuation), 0), pair.continuation) for pair in pairs]
    return logits, asked, [mask]


def _read(pair: Pair) -> tuple[int, ...]:
    return (*pair.context, *pair.continuation[:-1])


def _seq2seq(engine: Engine, pairs: Sequence[Pair]) -> tuple[Any, list[Asked], list[Any]]:
    """Every context is encoded once."""
    import torch

    contexts = {context: number for number, context in enumerate(dict.fromkeys(pair.context for pair in pairs))}
    tokens, mask = pad(list(contexts), engine.pad_token, engine.device, left=False)
    encoded = engine.model.get_encoder()(input_ids=tokens, attention_mask=mask, return_dict=True)
    whose = torch.tensor([contexts[pair.context] for pair in pairs], device=engine.device)
    encoded.last_hidden_state = encoded.last_hidden_state[whose]
    first = decoder_start(engine)
    targets, written = pad([(first, *p.continuation[:-1]) for p in pairs], engine.pad_token, engine.device, left=False)
    output = engine.model(
        encoder_outputs=encoded,
        attention_mask=mask[whose],
        decoder_input_ids=targets,
        use_cache=False,
        return_dict=True,
    )
    asked: list[Asked] = [(row, range(len(p.continuation)), p.continuation) for row, p in enumerate(pairs)]
    return output.logits, asked, [mask, written]


def _behind(engine: Engine, pairs: Sequence[Pair]) -> tuple[Any, list[Asked], list[Any]]:
    """Columns count from each text's own beginning, as they do for a text alone."""
    rows = {text: number for number, text in enumerate(dict.fromkeys(map(_read, pairs)))}
    tokens, mask = pad(list(rows), engine.pad_token, engine.device, left=False)
    width = tokens.shape[1]
    options: dict[str, Any] = {"use_cache": False, "return_dict": True}
    if "logits_to_keep" in engine.forward:
        options["logits_to_keep"] = width - min(len(pair.context) for pair in pairs) + 1
    logits = engine.model(input_ids=tokens, **options).logits
    starts = [len(pair.context) - 1 - width for pair in pairs]
    asked: list[Asked] = [
        (rows[_read(pair)], range(start, start + len(pair.continuation)), pair.continuation)
        for pair, start in zip(pairs, starts, strict=True)
    ]
    return logits, asked, [mask]


def _whole_seq2seq(engine: Engine, pair: Pair) -> tuple[Any, list[Asked], list[Any]]:
    """Encoder and decoder in one call: some decoders are told what not to look at only where they see the context."""
    import torch

    context, written = (
        torch.tensor([tokens], device=engine.device)
        for tokens in (pair.context, (decoder_start(engine), *pair.continuation[:-1]))
    )
    masks = [torch.ones_like(context), torch.ones_like(written)]
    options: dict[str, Any] = {"use_cache": False, "return_dict": True}
    if "decoder_attention_mask" in engine.forward:  # what an answer begins with may be the pad token
        options["decoder_attention_mask"] = masks[1]
    logits = engine.model(input_ids=context, decoder_input_ids=written, **options).logits
    return logits, [(0, range(len(pair.continuation)), pair.continuation)], masks
