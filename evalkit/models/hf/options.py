"""The options of a local transformers model: from its reference, else from the settings; checked before loading."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evalkit.errors import ModelError, did_you_mean
from evalkit.models.fetch import cache_root
from evalkit.models.options import whole_number
from evalkit.models.reference import ModelSettings, Reference

KNOWN = (
    "adapter",
    "allow_pickle",
    "attention",
    "batch_size",
    "context_length",
    "device",
    "dtype",
    "source",
    "threads",
    "trust_remote_code",
)
DTYPES = {
    "auto": "auto",
    "float32": "float32",
    "fp32": "float32",
    "float16": "float16",
    "fp16": "float16",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
}
ATTENTION = ("eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention")
SOURCES = ("package", "hub")
T = TypeVar("T", str, None)


@dataclass(frozen=True, slots=True)
class HfOptions:
    root: Path
    """Folder of the model cache."""
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int | None = None
    threads: int | None = None
    adapter: Path | None = None
    attention: str | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False
    context_length: int | None = None
    source: str = "package"


def read_options(reference: Reference, settings: ModelSettings) -> HfOptions:
    reference.allow(KNOWN)
    given = reference.options
    adapter = given.get("adapter") or settings.adapter
    return HfOptions(
        root=cache_root(settings.cache_dir),
        device=_device(reference, given.get("device", settings.device)),
        dtype=_choice(reference, "dtype", DTYPES, settings.dtype),
        batch_size=whole_number(reference, "batch_size", settings.batch_size),
        threads=whole_number(reference, "threads", settings.threads),
        adapter=Path(adapter).expanduser() if adapter else None,
        attention=_choice(reference, "attention", {name: name for name in ATTENTION}, None),
        trust_remote_code=_switch(reference, "trust_remote_code", settings.trust_remote_code),
        allow_pickle=_switch(reference, "allow_pickle", settings.allow_pickle),
        context_length=whole_number(reference, "context_length", settings.context_length),
        source=_choice(reference, "source", {name: name for name in SOURCES}, "package"),
    )


def _device(reference: Reference, device: str) -> str:
    name, separator, index = device.strip().casefold().partition(":")
    if name not in {"auto", "cpu", "cuda", "mps"} or (separator and not (name == "cuda" and index.isdigit())):
        raise ModelError(
            f"unknown device '{device}' for model '{reference.text}'", hint="devices: auto, cpu, cuda, cuda:1, mps"
        )
    return f"{name}{separator}{index}"


def _choice(reference: Reference, option: str, known: dict[str, str], default: T) -> str | T:
    value = reference.options.get(option, default)
    if value is None:
        return default
    if value.strip().casefold() not in known:
        raise ModelError(
            f"unknown {option} '{value}' for model '{reference.text}'", hint=did_you_mean(value, known, "known")
        )
    return known[value.strip().casefold()]


def _switch(reference: Reference, option: str, default: bool) -> bool:
    value = reference.options.get(option)
    if value is None:
        return default
    if value.casefold() not in {"1", "true", "yes", "0", "false", "no"}:
        raise ModelError(f"{option} of model '{reference.text}' must be 1 or 0, not '{value}'")
    return value.casefold() in {"1", "true", "yes"}


def resolve_device(device: str) -> str:
    """``auto`` is the first CUDA device where there is one, else the CPU. torch is asked only on machines that could
    have one, so that a computer without a GPU never imports it to find out."""
    if device != "auto":
        return device
    if not _may_have_cuda():
        return "cpu"
    try:
        import torch
    except ImportError:
        return "cpu"
    return "cuda" if torch.cuda.is_available() else "cpu"


def _may_have_cuda() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}:
        return False
    if os.name == "posix":
        return Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists()
    from shutil import which

    return which("nvidia-smi") is not None


def resolve_dtype(dtype: str, device: str, checkpoint_dtype: str | None) -> str:
    """``auto`` is float32 on the CPU, where lower precision is slower and flips greedy tokens; elsewhere it is what the
    checkpoint was saved in."""
    if dtype != "auto":
        return dtype
    if device == "cpu" or checkpoint_dtype not in {"float16", "bfloat16", "float32"}:
        return "float32"
    return checkpoint_dtype
