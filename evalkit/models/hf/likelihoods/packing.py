"""Trees of tokens as rows of a model's batch, and whether a model can be asked that way at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.models.hf.likelihoods.prefix_tree import Tree
from evalkit.models.hf.likelihoods.stem import Stem
from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.trial import some_tokens
from evalkit.models.hf.writing.steps import pad

Branch = tuple[Sequence[int], int, Sequence[int]]
"""What is read; where in it the first target is predicted; the targets."""
FULL = frozenset({"full_attention", "attention"})
NO_LIMIT = 2**31


@dataclass(frozen=True, slots=True)
class Packed:
    """One row. What is predicted from stands last, so that logits of the last columns are all that is needed."""

    tokens: list[int]
    depths: list[int]
    sees: Any
    predicting: int
    asked: list[tuple[list[int], Sequence[int]]]
    """For every branch, how far from the end (-1 is the last) its targets are predicted, and the targets."""


def pack(branches: Sequence[Branch], *, mirrored: bool = False) -> Packed:
    """``mirrored`` turns the columns round. A model that goes by the mask and by positions alone cannot tell."""
    import torch

    tree = Tree()
    paths = [tree.add(read)[first:] for read, first, _ in branches]
    last = sorted({node for path in paths for node in path})
    known = set(last)
    order = [*(node for node in range(len(tree)) if node not in known), *last]
    if mirrored:
        order.reverse()
    column = {node: place - len(order) for place, node in enumerate(order)}
    index = torch.tensor(order)
    return Packed(
        tokens=[tree.tokens[node] for node in order],
        depths=[tree.depths[node] for node in order],
        sees=tree.sees()[index][:, index],
        predicting=len(order) if mirrored else len(last),
        asked=[
            ([column[node] for node in path], targets) for path, (_, _, targets) in zip(paths, branches, strict=True)
        ],
    )


def forward(engine: Engine, rows: Sequence[Packed], behind: int, cache: Any) -> Any:
    """Logits of the last columns, where all is predicted from. ``cache`` holds ``behind`` tokens of every row."""
    import torch

    width = max(len(row.tokens) for row in rows)
    tokens, _ = pad([row.tokens for row in rows], engine.pad_token, "cpu", left=True)
    positions = torch.zeros_like(tokens)
    hidden = torch.ones((len(rows), 1, width, behind + width), dtype=torch.bool)
    hidden[..., :behind] = False
    hidden[:, 0, range(width), range(behind, behind + width)] = False  # a pad sees itself: nothing at all is no number
    for number, row in enumerate(rows):
        start = width - len(row.tokens)
        positions[number, start:] = torch.tensor(row.depths) + behind
        hidden[number, 0, start:, behind + start :] = ~row.sees
    kind = engine.model.dtype
    mask = torch.zeros(hidden.shape, dtype=kind).masked_fill_(hidden, torch.finfo(kind).min)
    options: dict[str, Any] = {"use_cache": cache is not None, "return_dict": True}
    if cache is not None:
        options["past_key_values"] = cache
    keep = max(row.predicting for row in rows)
    if "logits_to_keep" in engine.forward:
        options["logits_to_keep"] = keep
    logits = engine.model(
        input_ids=tokens.to(engine.device),
        attention_mask=mask.to(engine.device),
        position_ids=positions.to(engine.device),
        **options,
    ).logits
    return logits[:, -keep:]


def packable_depth(engine: Engine) -> int:
    """The longest text that this model reads rightly inside a tree; 0 where it cannot be asked so.

    What a configuration tells is not enough: code of a model may take masks and positions and go its own way. So it is
    tried on a few tokens, and must give the logits of texts that nothing is said about.
    """
    if engine.seq2seq or not {"position_ids", "attention_mask", "past_key_values"} <= engine.forward:
        return 0
    if getattr(engine.model.config, "_attn_implementation", None) not in {"eager", "sdpa"}:
        return 0  # kernels that take no mask of one's own
    depth = _depth_of(engine.model.config.get_text_config())
    return depth if depth and _reads_trees(engine) else 0


def _depth_of(config: Any) -> int:
    """Up to there every token sees all before it, in every layer."""
    kinds = set(getattr(config, "layer_types", None) or FULL)
    windows = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size", "window_size")]
    known = [window for window in windows if isinstance(window, int)]
    if kinds <= FULL:
        return min(known, default=NO_LIMIT) if getattr(config, "layer_types", None) is None else NO_LIMIT
    if kinds <= FULL | {"sliding_attention", "chunked_attention"} and known:
        return min(known)
    return 0


def _reads_trees(engine: Engine) -> bool:
    import torch

    draw = some_tokens(engine, 14)
    trunk, *ends = draw[:6], draw[6:9], draw[9:11], draw[11:14]
    texts = [[*trunk, *end] for end in sorted(ends)]
    try:
        with torch.inference_mode():
            stem = Stem(engine)
            stem.become(trunk[:3])
            packed = pack([(text[3:], 0, text[3:]) for text in texts], mirrored=True)
            found = forward(engine, [packed], 3, stem.reading())[0].float()
            # told nothing: a model that counts positions from another number than zero gives other logits here
            rows, _ = pad(texts, engine.pad_token, engine.device, left=False)
            told = engine.model(
                input_ids=rows, attention_mask=torch.ones_like(rows), use_cache=False, return_dict=True
            ).logits.float()
    except Exception:  # noqa: BLE001 - code of a model may refuse a mask of four dimensions in any way: then it cannot
        return False
    spread = told.max() - told.min()
    bound = float(spread) * (1e-3 if engine.model.dtype == torch.float32 else 5e-2)
    apart = [
        (found[lines] - told[row, 3 : len(text)]).abs().max()
        for row, (text, (lines, _)) in enumerate(zip(texts, packed.asked, strict=True))
    ]
    return bool(torch.stack(apart).max() <= bound)
