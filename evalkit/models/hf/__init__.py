"""Local models through transformers: causal and seq2seq, folders, GGUF files, the model hub, the catalog."""

from __future__ import annotations

from evalkit.models.hf.backend import HfBackend
from evalkit.models.hf.options import read_options
from evalkit.models.reference import ModelSettings, Reference


def open_hf(reference: Reference, settings: ModelSettings) -> HfBackend:
    """The backend of ``hf:`` references and of catalog names. Imports neither torch nor transformers."""
    return HfBackend(reference, read_options(reference, settings))
