"""A model in memory: GenAI's pipeline, the model's own tokenizer, and what a request needs to become one of GenAI's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from evalkit.errors import ModelError
from evalkit.models.hf.loading.sources import read_json
from evalkit.models.hf.memory import free_bytes
from evalkit.models.hf.own_settings import refuse_others
from evalkit.models.openvino.extensions import Asked
from evalkit.models.openvino.library import genai, said
from evalkit.models.openvino.options import MOST_AT_ONCE, OpenVinoOptions
from evalkit.models.openvino.tokenizer import ChatTokenizer

PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
BATCHED_TOKENS = 1024
"""Of prompts and answers together in one step."""
SHARE_OF_FREE_MEMORY = 8
LEAST_CACHE_GB, MOST_CACHE_GB = 1, 4
OBEYED = ("repetition_penalty",)
"""Of a model's own settings, what GenAI is told."""


@dataclass(frozen=True, slots=True)
class Engine:
    pipeline: Any
    tokenizer: ChatTokenizer
    end_tokens: frozenset[int]
    context_length: int | None
    repetition_penalty: float = 1.0
    numbers: Iterator[int] = field(default_factory=count)
    """Of requests: the pipeline tells them apart by it."""
    asked: Asked = field(default_factory=Asked)

    def add(self, prompt: Sequence[int], *, max_tokens: int, logprobs: bool, sampling: Sampling | None) -> Any:
        """Hand a request to the pipeline; what comes back tells its tokens."""
        import numpy as np
        from openvino import Tensor

        config = genai().GenerationConfig()
        config.max_new_tokens = max_tokens
        config.stop_token_ids = set(self.end_tokens)
        if self.end_tokens:
            config.eos_token_id = min(self.end_tokens)
        config.logprobs = int(logprobs)
        config.repetition_penalty = self.repetition_penalty
        config.apply_chat_template = False
        config.do_sample = sampling is not None
        if sampling is not None:
            config.temperature = sampling.temperature
            config.top_p = sampling.top_p
            config.rng_seed = sampling.seed
        return self.pipeline.add_request(next(self.numbers), Tensor(np.array([prompt], dtype=np.int64)), config)


@dataclass(frozen=True, slots=True)
class Sampling:
    temperature: float
    top_p: float
    seed: int


def load_engine(folder: Path, options: OpenVinoOptions, dtype: str, context_length: int | None) -> Engine:
    tokenizer = ChatTokenizer(folder)
    generation, config = read_json(folder / "generation_config.json"), read_json(folder / "config.json")
    refuse_others(generation, OBEYED, folder, hint="use the transformers engine for this model")
    library = genai()
    scheduler = library.SchedulerConfig()
    scheduler.cache_size = cache_gigabytes()
    scheduler.enable_prefix_caching = True
    scheduler.dynamic_split_fuse = True
    scheduler.max_num_seqs = MOST_AT_ONCE
    scheduler.max_num_batched_tokens = BATCHED_TOKENS
    properties: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": PRECISIONS[dtype],
        "KV_CACHE_PRECISION": PRECISIONS[dtype],
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,  # else activations are rounded to 8 bits where weights are compressed
        "PERFORMANCE_HINT": "LATENCY",
    }
    if options.threads is not None:
        properties["INFERENCE_NUM_THREADS"] = options.threads
    try:
        pipeline = library.ContinuousBatchingPipeline(str(folder), scheduler, "CPU", properties)
    except Exception as error:  # the library raises RuntimeError for everything: damaged file, processor, memory
        raise ModelError(
            f"OpenVINO cannot load the model in {folder}: {said(error)}",
            hint="a folder holds openvino_model.xml, openvino_model.bin and tokenizer.json of one export",
        ) from error
    return Engine(
        pipeline,
        tokenizer,
        _end_tokens(generation, config, tokenizer),
        context_length,
        float(generation.get("repetition_penalty") or 1.0),
    )


def _end_tokens(generation: dict[str, Any], config: dict[str, Any], tokenizer: ChatTokenizer) -> frozenset[int]:
    """As the transformers backend finds them: the first place that names any."""
    for found in (generation.get("eos_token_id"), config.get("eos_token_id"), tokenizer.eos_token_id):
        if found is not None:
            return frozenset(found if isinstance(found, list) else [found])
    return frozenset()


def cache_gigabytes() -> int:
    """A bounded part of what is free now: a batch that needs more waits for its turn, nothing is lost."""
    free = free_bytes("cpu")
    if free is None:
        return LEAST_CACHE_GB
    return max(LEAST_CACHE_GB, min(MOST_CACHE_GB, free // (SHARE_OF_FREE_MEMORY * 2**30)))
