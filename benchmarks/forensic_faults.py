"""How often the forensic check names a planted fault, on architectures and seeds that its tests do not know.

    OMP_NUM_THREADS=1 python benchmarks/forensic_faults.py --kinds gpt2 qwen2 gpt_neox bloom falcon opt phi --seeds 101

Small random models; each fault of ``tests/fixtures/planted_faults.py`` is planted in the code that runs them, and four
prompts are asked. Healthy engines come first, in float32 and in lower precision: whatever is called a fault there is
none. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from evalkit.checks.divergence import FAULTS, LEAK, ORDER, SEED, STRUCTURAL
from evalkit.checks.forensic import ForensicOptions
from evalkit.models import open_backend
from evalkit.records import Decoding
from evalkit.runner.investigate import investigate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fixtures"))
import planted_faults
from tiny_models import make_llama

OWN_POSITIONS = {"bloom"}
"""They are given none, so none can be wrong."""
ROTARY = {"llama", "mistral", "qwen2", "gpt_neox", "falcon", "phi"}
"""They see the distance of positions alone: positions that count all pads alike are right."""
UNTOUCHED = {
    "positions count the pads": OWN_POSITIONS | ROTARY,
    "positions of the answer count the pads": OWN_POSITIONS,
}
"""By fault, the architectures for which it is none."""
EXPECTED = {
    "right padding": STRUCTURAL,
    "positions count the pads": STRUCTURAL,
    "positions of the answer count the pads": STRUCTURAL,
    "pads are attended to": STRUCTURAL,
    "unseeded sampling": SEED,
    "greedy answers are drawn": SEED,
    "a cache that leaks": LEAK,
    "the last row of a batch is mixed": ORDER,
    "the queue's second half is cut": ORDER,
}
CONDITIONS = ("repeat", "history", "order", "batch", "neighbours", "place", "padding", "kv_cache", "attention", "seed")
PROMPTS = [
    "What is the capital of France?",
    "Hi",
    "Name three colours, and then tell me about the rain.",
    "Who wrote Hamlet? I think it was red, green or blue.",
]
SIZES = {
    "gpt2": {"n_positions": 256, "n_embd": 32, "n_layer": 2, "n_head": 4},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "opt": {"hidden_size": 32, "word_embed_proj_dim": 32, "ffn_dim": 64, "num_hidden_layers": 2, "init_std": 0.6},
    "falcon": {"hidden_size": 32, "num_hidden_layers": 2, "alibi": False},
}
USUAL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


def make(kind: str, seed: int, folder: Path) -> None:
    """The tokenizer of the tests' Llama beside random weights of another architecture."""
    make_llama(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    heads = {} if kind in {"gpt2", "bloom"} else {"num_attention_heads": 4}
    sizes: dict[str, Any] = SIZES.get(kind, USUAL)
    torch.manual_seed(seed)
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=len(tokenizer), initializer_range=0.6, **heads, **sizes, **ids
    )
    transformers.AutoModelForCausalLM.from_config(config).eval().save_pretrained(folder)


def named(folder: Path, dtype: str = "float32") -> list[set[str]]:
    """The faults that are named, for each prompt."""
    backend = open_backend(f"hf:{folder}")
    try:
        options = ForensicOptions(conditions=CONDITIONS, dtype=dtype)
        found = investigate(backend, PROMPTS, options, Decoding(max_tokens=10))
    finally:
        backend.close()
    if errors := [one.score.error for one in found if one.score.error]:
        raise SystemExit(errors[0])
    return [{row["class"] for row in one.score.evidence.get("differences", ())} & set(FAULTS) for one in found]


def tell(name: str, expected: str, results: Sequence[set[str]]) -> None:
    wanted = {expected} if expected else set()
    right = sum(kinds == wanted for kinds in results)
    others = Counter(kind for kinds in results for kind in kinds - wanted)
    wrong = ", ".join(f"{kind} {count}" for kind, count in others.most_common()) or "none"
    print(f"| {name} | {expected or 'no fault'} | {right} of {len(results)} | {wrong} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = ["gpt2", "qwen2", "gpt_neox", "bloom", "falcon", "opt", "phi"]
    parser.add_argument("--kinds", nargs="+", default=kinds)
    parser.add_argument("--seeds", nargs="+", type=int, default=[101])
    given = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as root:
        os.environ["EVALKIT_CACHE"] = root
        folders: dict[Path, str] = {}
        for kind in given.kinds:
            for seed in given.seeds:
                folder = Path(root) / f"{kind}-{seed}"
                folder.mkdir()
                make(kind, seed, folder)
                folders[folder] = kind
        print("| engine | expected | prompts named so, and nothing else | other faults named |")
        print("| --- | --- | --- | --- |")
        for dtype in ("float32", "bfloat16", "float16"):
            tell(f"healthy, {dtype}", "", [kinds for folder in folders for kinds in named(folder, dtype)])
        for fault, expected in EXPECTED.items():
            results: list[set[str]] = []
            for folder, kind in folders.items():
                if kind not in UNTOUCHED.get(fault, ()):
                    with pytest.MonkeyPatch.context() as patch:
                        planted_faults.PLANT[fault](patch)
                        results += named(folder)
            tell(fault, expected, results)


if __name__ == "__main__":
    main()
