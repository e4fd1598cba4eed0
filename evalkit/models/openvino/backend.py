"""A model run by OpenVINO GenAI as a backend: known at once, loaded when it is first asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from evalkit.errors import ModelError
from evalkit.models.hf.loading.sources import fingerprint
from evalkit.models.hf.prompts import count_tokens
from evalkit.models.hf.work import Work
from evalkit.models.openvino.library import release
from evalkit.models.openvino.options import OpenVinoOptions, resolve_dtype, why_not_bfloat16
from evalkit.models.openvino.session import SETTABLE, OpenVinoSession, unsupported
from evalkit.models.openvino.sources import Source, find_source
from evalkit.models.reference import Reference
from evalkit.models.refusing import Refusing
from evalkit.protocols import Session, Told
from evalkit.records import Condition, Message, ModelInfo

REVISION = "2"
"""Of prompts and the request loop: raised whenever either could write another text."""


class OpenVinoBackend:
    def __init__(self, reference: Reference, options: OpenVinoOptions) -> None:
        self._reference = reference
        self._options = options
        self._source: Source = find_source(reference, options)
        self._loaded: Any = None
        self.work = Work()
        """What has been computed so far."""

    @cached_property
    def info(self) -> ModelInfo:
        """Without OpenVINO: hashes of files, and what their configuration says.

        The engine is in the fingerprint: it rounds otherwise than transformers does, so its answers are never mixed.
        """
        identity = {**self._source.identity(), "engine": "openvino"}
        return ModelInfo(
            reference=self._reference.text,
            backend="openvino",
            fingerprint=fingerprint(identity, {}, self._dtype),
            revision=self._revision,
            verifiable=True,
            context_length=self._context_length,
            capabilities=frozenset({"generate", "logprobs"}),
            conditions=SETTABLE,
            details={**self._source.details(), "engine": "openvino", "dtype": self._dtype, "device": "cpu"},
        )

    @property
    def _revision(self) -> str:
        """What computes, and how: another release, precision or context limit may write another text."""
        parts = [REVISION, f"openvino-genai-{release('openvino-genai')}", f"openvino-{release('openvino')}"]
        parts += [f"inference-{self._dtype}", f"kv-{self._dtype}"]
        if self._options.context_length is not None:
            parts.append(f"context_length-{self._options.context_length}")
        return "/".join(parts)

    @cached_property
    def _dtype(self) -> str:
        return resolve_dtype(self._options.dtype, self._options.threads)

    @cached_property
    def _context_length(self) -> int | None:
        from evalkit.models.hf.loading.engine import context_of

        limits = [limit for limit in (context_of(self._source.config()), self._options.context_length) if limit]
        return min(limits) if limits else None

    def load(self) -> None:
        """Load the weights now rather than with the first question."""
        self._engine()

    @property
    def loaded(self) -> bool:
        return self._loaded is not None

    def _engine(self) -> Any:
        if self._loaded is None:
            from evalkit.models.openvino.engine import load_engine
            from evalkit.models.openvino.library import genai

            genai()  # what is not installed is told before gigabytes are fetched and converted
            _ = self.info  # what is wrong with the files is better said before the library trips over it
            refused = why_not_bfloat16(self._options.threads) if self._dtype == "bfloat16" else ""
            if refused:
                raise ModelError(
                    f"'{self._reference.text}' cannot be run so: {refused}", hint="dtype=float32, or leave dtype out"
                )
            self._loaded = load_engine(self._source.folder(), self._options, self._dtype, self._context_length)
        return self._loaded

    @property
    def troubles(self) -> Sequence[Told]:
        return self.work.troubles

    def session(self, condition: Condition) -> Session:
        refused = unsupported(condition)
        if refused:
            return Refusing(f"OpenVINO models cannot set {refused}")
        return OpenVinoSession(self._engine, self.close, condition, self._options.batch_size, self.work)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Loads the tokenizer, not the weights."""
        return count_tokens(self._tokenizer, messages, self._reference.text)

    @cached_property
    def _tokenizer(self) -> Any:
        if self._loaded is not None:
            return self._loaded.tokenizer
        from evalkit.models.openvino.tokenizer import ChatTokenizer

        return ChatTokenizer(self._source.tokenizer_folder())

    def close(self) -> None:
        """Free what is held; asking again loads again."""
        self._loaded = None
