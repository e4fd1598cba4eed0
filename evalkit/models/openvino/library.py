"""OpenVINO GenAI itself: imported when it is needed, with one short sentence for what it raises."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from evalkit.errors import MissingExtra, ModelError
from evalkit.models.uncollected import without_collection


def genai() -> Any:
    try:
        with without_collection():
            import openvino_genai
    except ModuleNotFoundError as error:
        raise MissingExtra("an OpenVINO model", "openvino") from error
    except ImportError as error:  # there, but its shared libraries do not load: another processor or C library
        raise ModelError(
            f"OpenVINO GenAI cannot be loaded on this machine: {said(error)}",
            hint="use the transformers engine: --engine transformers",
        ) from error
    return openvino_genai


def release(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def said(error: BaseException) -> str:
    """The library's own sentence, without the files and lines of its sources that it puts in front."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not re.match(r"(Exception|Check .*failed|.*\.(cpp|hpp):\d+:?$)", line)]
    return " ".join(kept or lines[-1:] or [type(error).__name__])[:200]
