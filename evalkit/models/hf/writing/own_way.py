"""Models that write in a way of their own, written by transformers' ``generate`` itself, one answer at a time.

XLNet predicts at a dummy token behind the text, XLM at a mask; encoders that are asked to write see all of a text anew
for every token. A loop that asks for what follows the last token writes something else. Only what is drawn, when a text
ends and what is told of it is decided here, so that it is the same as everywhere else.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from evalkit.models.hf.conditions.layouts import Unsettable
from evalkit.models.hf.loading.engine import Engine, quiet
from evalkit.models.hf.stream.trials import KNOWN
from evalkit.models.hf.trial import alike, some_tokens
from evalkit.models.hf.work import Work
from evalkit.models.hf.writing.decode import Job, Written, append, choose, numbers, request_seed
from evalkit.models.hf.writing.steps import Steps, start

STEPS = 3
"""Tokens that a model is tried on: what is kept between steps shows at the second one."""


def writes_plainly(engine: Engine) -> bool:
    """Whether asking for what follows the last token, step by step, is how ``generate`` asks this model.

    Where ``generate`` itself breaks down there is nothing to differ from.
    """
    import torch

    if getattr(engine.model.config, "model_type", "") in KNOWN:
        return True
    draw = [token for token in some_tokens(engine, 8 + len(engine.end_tokens)) if token not in engine.end_tokens]
    prompt, forced = draw[:5], draw[5 : 5 + STEPS]

    def force(tokens: Any, logits: Any) -> Any:
        return _only(logits, forced[tokens.shape[1] - (1 if engine.seq2seq else len(prompt))])

    with torch.inference_mode():
        try:
            whole = _generate(engine, prompt, STEPS, force, output_logits=True, return_dict_in_generate=True)
        except Exception:  # noqa: BLE001 - a model's code may raise anything
            return True
        try:
            steps = start(engine, [prompt], use_cache=True)
            for place, told in enumerate(whole.logits):
                if not alike(engine, steps.logits, told.float()):
                    return False
                steps.advance([forced[place]], [0])
        except Exception:  # noqa: BLE001 - what generate can ask and the loop cannot is asked by generate
            return False
    return True


def write_own_way(
    engine: Engine,
    jobs: Sequence[Job],
    *,
    use_cache: bool = True,
    details: bool = False,
    begin: Callable[[Engine, Sequence[Sequence[int]], bool], Steps] = start,
    work: Work | None = None,
) -> list[Written]:
    """What ``write`` does, for models that do not write plainly."""
    if begin is not start:
        raise Unsettable("padding: this model's inputs are laid out by its own code")
    written = []
    for job in jobs:
        answer = _Answer(engine, job, details)
        began = time.perf_counter()
        _generate(engine, job.prompt, job.max_tokens, answer.choose, [answer.done], use_cache=use_cache)
        one, first = answer.written, answer.first
        one.seconds = one.engine_seconds = time.perf_counter() - began
        written.append(one)
        if work is not None:
            work.read([len(job.prompt)], len(job.prompt), len(job.prompt), first - began)
            work.steps += answer.asked - 1
            work.row_steps += answer.asked - 1
            work.most_rows = max(work.most_rows, 1)
            work.decode_seconds += one.seconds - (first - began)
    return written


class _Answer:
    """One answer in the making: called by ``generate`` to choose each token, and to know whether it goes on."""

    def __init__(self, engine: Engine, job: Job, details: bool) -> None:
        self.written = Written()
        self.asked = 0
        self.first = 0.0
        """When the first token was asked for."""
        self._engine, self._job, self._details = engine, job, details
        self._draw = random.Random(request_seed(job.seed, job.attempt, job.prompt))

    def choose(self, _: Any, logits: Any) -> Any:
        """Logits that leave ``generate`` no other choice; it has obeyed the model's own settings before."""
        if self.written.finish:  # on some devices it looks a step later whether it is done
            return logits
        self.first = self.first or time.perf_counter()
        self.asked += 1
        logits = logits.float()
        (token,) = choose(logits, [self._job], [self._draw])
        told = numbers(logits, [token])[0] if self._details else None
        append(self._engine, self._job, self.written, token, told)
        return _only(logits, max(token, 0))

    def done(self, tokens: Any, _: Any, **__: Any) -> Any:
        import torch

        return torch.full((len(tokens),), bool(self.written.finish), device=tokens.device)


def _only(logits: Any, token: int) -> Any:
    import torch

    only = torch.full_like(logits, float("-inf"))
    only[:, token] = 0.0
    return only


def _generate(
    engine: Engine, prompt: Sequence[int], most: int, choose: Any, criteria: Sequence[Any] = (), **how: Any
) -> Any:
    import torch
    from transformers import LogitsProcessorList, StoppingCriteriaList

    tokens = torch.tensor([list(prompt)], device=engine.device)
    with quiet():
        return engine.model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=most,
            do_sample=False,
            num_beams=1,
            pad_token_id=engine.pad_token,
            logits_processor=LogitsProcessorList([choose]),
            stopping_criteria=StoppingCriteriaList(criteria),
            **how,
        )
