"""The options of an OpenVINO model: from its reference, else from the settings; checked before loading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import ModelError, did_you_mean
from evalkit.models.fetch import cache_root
from evalkit.models.openvino.processor import computes_bfloat16, usable_cores
from evalkit.models.options import whole_number
from evalkit.models.reference import ModelSettings, Reference

KNOWN = ("batch_size", "context_length", "device", "dtype", "threads")
DTYPES = {
    "auto": "auto",
    "float32": "float32",
    "fp32": "float32",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
}
DEFAULT_BATCH = 128
MOST_AT_ONCE = 1024
"""Requests that the scheduler is told to expect at most."""


@dataclass(frozen=True, slots=True)
class OpenVinoOptions:
    root: Path
    """Folder of the model cache."""
    dtype: str = "auto"
    batch_size: int = DEFAULT_BATCH
    """Requests under way at once."""
    threads: int | None = None
    context_length: int | None = None


def read_options(reference: Reference, settings: ModelSettings) -> OpenVinoOptions:
    reference.allow(KNOWN)
    given = reference.options
    if settings.adapter:
        raise ModelError(
            f"'{reference.text}' takes no adapter: OpenVINO runs the model as it was exported",
            hint="merge the adapter into its model and export that, or use the transformers engine",
        )
    device = given.get("device", settings.device).strip().casefold()
    if device not in {"auto", "cpu"}:
        raise ModelError(
            f"'{reference.text}' runs on the CPU: device '{device}' is not for OpenVINO here",
            hint="device=cpu, or the transformers engine for other devices",
        )
    dtype = given.get("dtype", settings.dtype).strip().casefold()
    if dtype not in DTYPES:
        raise ModelError(
            f"OpenVINO cannot compute in dtype '{dtype}' for model '{reference.text}'",
            hint=did_you_mean(dtype, DTYPES, "known"),
        )
    batch_size = whole_number(reference, "batch_size", settings.batch_size) or DEFAULT_BATCH
    if batch_size > MOST_AT_ONCE:
        raise ModelError(f"batch_size of model '{reference.text}' is {batch_size}; at most {MOST_AT_ONCE} go at once")
    return OpenVinoOptions(
        root=cache_root(settings.cache_dir),
        dtype=DTYPES[dtype],
        batch_size=batch_size,
        threads=whole_number(reference, "threads", settings.threads),
        context_length=whole_number(reference, "context_length", settings.context_length),
    )


def resolve_dtype(dtype: str, threads: int | None) -> str:
    """``auto`` is bfloat16 where the processor computes in it, which is what makes this engine fast, else float32."""
    if dtype != "auto":
        return dtype
    return "float32" if why_not_bfloat16(threads) else "bfloat16"


def why_not_bfloat16(threads: int | None) -> str:
    """OpenVINO would quietly compute in float32 on other processors, and ends the process on one core: both are
    said instead. (The second is its issue 33300: its matrix kernels divide by zero on a single thread.)"""
    if not computes_bfloat16():
        return "this processor does not compute in bfloat16"
    if (usable_cores() if threads is None else threads) < 2:
        return "OpenVINO computes in bfloat16 on two processor cores or more"
    return ""
