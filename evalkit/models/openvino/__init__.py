"""Local models through OpenVINO GenAI: continuous batching on a CPU, from GGUF files and exported folders."""

from __future__ import annotations

from evalkit.models.openvino.backend import OpenVinoBackend
from evalkit.models.openvino.options import read_options
from evalkit.models.reference import ModelSettings, Reference


def open_openvino(reference: Reference, settings: ModelSettings) -> OpenVinoBackend:
    """The backend of ``openvino:`` references. Imports neither OpenVINO nor torch."""
    return OpenVinoBackend(reference, read_options(reference, settings))
