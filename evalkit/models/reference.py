"""One string names a model: ``smollm2-135m``, ``hf:ORG/NAME@REV?dtype=float32``, ``mock:echo``, ``http://host/v1?model=m``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from evalkit.errors import ModelError, did_you_mean


@dataclass(frozen=True, slots=True)
class Reference:
    """A model reference taken apart; ``options`` are what followed the question mark."""

    text: str
    scheme: str
    """Which backend: ``mock``, ``hf``, ``openai``, ``http``, ``https``, or another plugin's name."""
    target: str
    """What the scheme applies to. For http and https the whole address without its options."""
    options: Mapping[str, str] = field(default_factory=dict)

    def allow(self, known: Iterable[str]) -> None:
        """Refuse options that the backend does not know."""
        names = sorted(known)
        for option in self.options:
            if option not in names:
                raise ModelError(
                    f"unknown option '{option}' in model reference '{self.text}'",
                    hint=did_you_mean(option, names, f"options of {self.scheme}") if names else "it takes no options",
                )


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How to run a model, from configuration or keywords. An option in the reference wins over these."""

    engine: str | None = None
    """What runs a local model: ``transformers``, ``openvino``, or what its reference says."""
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int | None = None
    threads: int | None = None
    adapter: str | None = None
    cache_dir: str | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False
    timeout: float = 60.0
    """Seconds an endpoint may take for one answer."""
    retries: int = 4
    concurrency: int | None = None
    """The most requests at once to an endpoint; none: as many as it answers without delay."""
    api_key_env: str = ""
    """Name of the environment variable that holds an endpoint's key; never the key itself."""
    api: str = "chat"
    """``chat`` or ``completion``, for OpenAI-compatible endpoints."""
    body: Any = None
    """JSON template for any other endpoint; ``{{ prompt }}``, ``{{ messages }}``, ``{{ max_tokens }}`` are filled."""
    response: str = ""
    """Where the text is in such an endpoint's answer: ``predictions.0.text``."""
    context_length: int | None = None


def parse_reference(text: str) -> Reference:
    """Take a reference with a scheme apart. Names without one belong to the catalog, which expands them first."""
    if not text.strip():
        raise ModelError("the model name is empty", hint="for example: --model smollm2-135m, --model mock:echo")
    scheme, separator, rest = text.partition(":")
    if not separator:
        raise ModelError(
            f"'{text}' is not a model reference", hint="for example: hf:ORG/NAME, http://HOST/v1?model=NAME"
        )
    target, _, query = rest.partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError as error:
        raise ModelError(
            f"the options of '{text}' cannot be read: {error}", hint="write them as ?name=value&other=value"
        ) from error
    if scheme in {"http", "https"}:
        target = f"{scheme}:{target}"
    return Reference(text, scheme, target, dict(pairs))
