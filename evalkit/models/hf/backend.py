"""A local transformers model as a backend: known at once, loaded when it is first asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from evalkit.models.hf.loading.sources import Source, adapter_identity, find_source, fingerprint
from evalkit.models.hf.options import HfOptions, resolve_device, resolve_dtype
from evalkit.models.hf.work import Work
from evalkit.models.reference import Reference
from evalkit.models.refusing import Refusing
from evalkit.models.uncollected import without_collection
from evalkit.protocols import Session, Told
from evalkit.records import Condition, Message, ModelInfo

REVISION = "6"
"""Of prompts and decode loop: raised whenever either could write another text."""


class HfBackend:
    def __init__(self, reference: Reference, options: HfOptions) -> None:
        self._reference = reference
        self._options = options
        self._source: Source = find_source(reference, options)
        self._engines: dict[str, Any] = {}
        self.work = Work()
        """What has been computed so far."""

    @cached_property
    def info(self) -> ModelInfo:
        """Without torch: hashes of files, and what their configuration says."""
        from evalkit.models.hf.loading.engine import context_of
        from evalkit.models.hf.session import SETTABLE

        options = self._options
        identity = self._source.identity()
        adapter = adapter_identity(options.adapter, options)
        config = self._source.config()
        limits = [limit for limit in (context_of(config), options.context_length) if limit]
        return ModelInfo(
            reference=self._reference.text,
            backend="hf",
            fingerprint=fingerprint(identity, adapter, self._dtype),
            revision=self._revision,
            verifiable=True,
            context_length=min(limits) if limits else None,
            capabilities=frozenset({"generate", "likelihood", "margins", "logprobs"}),
            conditions=SETTABLE,
            details=self._details(config),
        )

    def _details(self, config: Mapping[str, Any]) -> dict[str, Any]:
        details = {**self._source.details(), "dtype": self._dtype, "device": self._device}
        if config.get("architectures"):
            details["architecture"] = str(config["architectures"][0])
        if self._options.adapter is not None:
            details["adapter"] = str(self._options.adapter)
        return details

    @property
    def _revision(self) -> str:
        """What computes, and how: another library, device, attention or context limit may write another text."""
        parts = [REVISION, *map(_release, ("transformers", "torch")), self._device.partition(":")[0]]
        for name in ("attention", "context_length"):
            value = getattr(self._options, name)
            if value is not None:
                parts.append(f"{name}-{value}")
        return "/".join(parts)

    @cached_property
    def _device(self) -> str:
        return resolve_device(self._options.device)

    @cached_property
    def _dtype(self) -> str:
        saved: str | None = None
        if self._options.dtype == "auto" and self._device != "cpu":
            config = self._source.config()
            saved = config.get("dtype") or config.get("torch_dtype")
        return resolve_dtype(self._options.dtype, self._device, saved)

    def load(self) -> None:
        """Load the weights now rather than with the first question."""
        self._engine(self._dtype)

    @property
    def loaded(self) -> bool:
        return bool(self._engines)

    def _engine(self, dtype: str) -> Any:
        if dtype not in self._engines:
            from evalkit.models.hf.loading.engine import load_engine, torch_and_transformers

            with without_collection():
                torch, _ = torch_and_transformers()
                if self._options.threads is not None:
                    torch.set_num_threads(self._options.threads)
                _ = self.info  # what is wrong with the files is better said before the libraries trip over it
                self._engines[dtype] = load_engine(self._source.folder(), self._options, self._device, dtype)
        return self._engines[dtype]

    def session(self, condition: Condition) -> Session:
        from evalkit.models.hf.options import DTYPES
        from evalkit.models.hf.session import HfSession, unsupported

        refused = unsupported(condition)
        dtype = self._dtype if condition.dtype in {None, "auto"} else DTYPES.get(str(condition.dtype).casefold(), "")
        if not dtype:
            refused = f"dtype={condition.dtype}"
        if refused:
            return Refusing(f"local models cannot set {refused}")
        if condition.process is not None:
            from evalkit.models.hf.conditions.restart import RestartedSession

            return RestartedSession(self._reference, self._options, condition)

        def close() -> None:
            """A second copy of the weights, in a dtype of one condition, goes when its session ends."""
            if dtype != self._dtype:
                self._engines.pop(dtype, None)

        options = self._options
        return HfSession(
            lambda: self._engine(dtype), condition, options.batch_size, close, self.work, threads=options.threads
        )

    @property
    def troubles(self) -> Sequence[Told]:
        return self.work.troubles

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Loads the tokenizer, not the weights."""
        from evalkit.models.hf.prompts import count_tokens

        return count_tokens(self._tokenizer, messages, self._reference.text)

    @cached_property
    def _tokenizer(self) -> Any:
        if self._engines:
            return next(iter(self._engines.values())).tokenizer
        from evalkit.models.hf.loading.engine import load_tokenizer

        return load_tokenizer(self._source.folder(), self._options)

    def with_adapter(self, adapter: Path) -> HfBackend:
        """The same model with an adapter: another backend, since it is another model."""
        return HfBackend(self._reference, replace(self._options, adapter=adapter))

    def close(self) -> None:
        if not self._engines:
            return
        from evalkit.models.hf.memory import free_memory

        device = self._device
        self._engines.clear()
        self.__dict__.pop("_tokenizer", None)
        free_memory(device)


def _release(library: str) -> str:
    try:
        return f"{library}-{'.'.join(version(library).split('.')[:2])}"
    except PackageNotFoundError:
        return f"{library}-missing"
