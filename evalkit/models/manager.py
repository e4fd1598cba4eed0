"""One model, simply: load it, ask it, give it an adapter, unload it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from evalkit.errors import ConfigurationError, ModelError, did_you_mean
from evalkit.models.catalog import DEFAULT_MODEL
from evalkit.models.reference import ModelSettings
from evalkit.models.registry import open_backend
from evalkit.protocols import Backend, Loadable
from evalkit.records import DEFAULT_CONDITION, Answer, Decoding, Generate, Message, ModelInfo, Request

Prompt = str | Sequence[Message | Mapping[str, str]]
"""A question, or a conversation as messages (``Message`` or ``{"role": ..., "content": ...}``)."""

ROLES = ("system", "user", "assistant")
_DECODING = frozenset(field.name for field in fields(Decoding))
_SETTINGS = frozenset(field.name for field in fields(ModelSettings))


@runtime_checkable
class TakesAdapters(Protocol):
    def with_adapter(self, adapter: Path) -> Backend: ...


class ModelManager:
    """A model by name, with defaults for how it is asked.

    Nothing is loaded at construction, but an unknown model and impossible settings are refused there. Keywords are
    decoding defaults (``max_tokens``, ``temperature``, ``top_p``, ``seed``, ``stop``) and settings of the model
    (``device``, ``dtype``, ``batch_size``, ``adapter``, ...). A request that fails returns its ``Answer`` with
    ``failure`` set; what is wrong with the model itself raises ``ModelError``.
    """

    def __init__(self, model: str = DEFAULT_MODEL, **options: Any) -> None:
        unknown = [name for name in options if name not in _DECODING | _SETTINGS]
        if unknown:
            raise ConfigurationError(
                f"ModelManager has no option '{unknown[0]}'",
                hint=did_you_mean(unknown[0], sorted(_DECODING | _SETTINGS), "options"),
            )
        self.model = model
        self.decoding = _decoding(Decoding(), {name: value for name, value in options.items() if name in _DECODING})
        self.settings = replace(
            ModelSettings(), **{name: value for name, value in options.items() if name in _SETTINGS}
        )
        self._backend: Backend = open_backend(model, self.settings)
        self._touched = False

    @property
    def info(self) -> ModelInfo:
        return self._backend.info

    @property
    def loaded(self) -> bool:
        """Whether weights are in memory; for a model without weights here, whether it was loaded or asked."""
        return self._backend.loaded if isinstance(self._backend, Loadable) else self._touched

    def load(self) -> Self:
        """Load the weights now rather than with the first question."""
        if isinstance(self._backend, Loadable):
            self._backend.load()
        self._touched = True
        return self

    def unload(self) -> None:
        """Free what is held; asking again loads again."""
        self._backend.close()
        self._reopen(open_backend(self.model, self.settings))

    def generate(self, prompt: Prompt, **decoding: Any) -> Answer:
        """One answer; keywords win over the manager's decoding defaults."""
        return self.generate_batch([prompt], **decoding)[0]

    def generate_batch(self, prompts: Sequence[Prompt], **decoding: Any) -> list[Answer]:
        """The answers in the order of the prompts. All prompts are checked before the first one is asked."""
        how = _decoding(self.decoding, decoding)
        requests = [Request(Generate(_messages(prompt), how)) for prompt in prompts]
        answers: dict[int, Answer] = {}
        session = self._backend.session(DEFAULT_CONDITION)
        try:
            answers.update(session.ask(requests))
        finally:
            session.close()
        self._touched = True
        return [answers[position] for position in range(len(requests))]

    def apply_adapter(self, path: str | Path) -> Self:
        """Go on as the same model with a LoRA adapter; one applied before is replaced."""
        if not isinstance(self._backend, TakesAdapters):
            raise ModelError(
                f"model '{self.model}' takes no adapters", hint="adapters are for local models: hf:ORG/NAME"
            )
        was_loaded = self.loaded
        adapted = self._backend.with_adapter(Path(path).expanduser())
        _ = adapted.info  # refuses what is no adapter before the loaded model is let go
        self._backend.close()
        self.settings = replace(self.settings, adapter=str(path))
        self._reopen(adapted)
        return self.load() if was_loaded else self

    def load_checkpoint(self, path: str | Path) -> Self:
        """Become the model in a local folder or GGUF file, and load it. An adapter of the old model is dropped."""
        settings = replace(self.settings, adapter=None)
        checkpoint = open_backend(f"hf:{path}", settings)
        if not Path(path).expanduser().exists():
            raise ModelError(f"there is no checkpoint at {path}", hint="name a model folder or a .gguf file")
        _ = checkpoint.info
        self._backend.close()
        self.model, self.settings = f"hf:{path}", settings
        self._reopen(checkpoint)
        return self.load()

    def _reopen(self, backend: Backend) -> None:
        self._backend = backend
        self._touched = False

    def __enter__(self) -> Self:
        return self.load()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unload()

    def __repr__(self) -> str:
        return f"ModelManager({self.model!r}, {'loaded' if self.loaded else 'not loaded'})"


def _decoding(base: Decoding, changes: Mapping[str, Any]) -> Decoding:
    unknown = [name for name in changes if name not in _DECODING]
    if unknown:
        raise ConfigurationError(
            f"unknown decoding option '{unknown[0]}'", hint=did_you_mean(unknown[0], sorted(_DECODING), "options")
        )
    values = dict(changes)
    if "stop" in values:
        values["stop"] = _stop(values["stop"])
    decoding = replace(base, **values)
    _check("max_tokens", decoding.max_tokens, 1, None, whole=True)
    _check("temperature", decoding.temperature, 0, 2)
    _check("top_p", decoding.top_p, 0, 1)
    _check("seed", decoding.seed, None, None, whole=True)
    return decoding


def _stop(given: object) -> tuple[str, ...]:
    """One text, several, or none."""
    stop = () if given is None else tuple(given) if isinstance(given, list | tuple) else (given,)
    if not all(isinstance(mark, str) for mark in stop):
        raise ConfigurationError(f"stop must be a text or a list of texts, not {given!r}")
    return stop


def _check(name: str, value: object, low: float | None, high: float | None, *, whole: bool = False) -> None:
    kinds = (int,) if whole else (int, float)
    good = isinstance(value, kinds) and not isinstance(value, bool)
    if good and isinstance(value, int | float):
        good = (low is None or value >= low) and (high is None or value <= high)
    if not good:
        kind = "a whole number" if whole else "a number"
        limits = "" if low is None else f" of at least {low:g}" if high is None else f" between {low:g} and {high:g}"
        raise ConfigurationError(f"{name} must be {kind}{limits}, not {value!r}")


def _messages(prompt: Prompt) -> tuple[Message, ...]:
    if isinstance(prompt, str):
        messages: tuple[Message, ...] = (Message("user", prompt),)
    else:
        messages = tuple(_message(part) for part in prompt)
    if not any(message.content.strip() for message in messages):
        raise ConfigurationError("the prompt is empty", hint="ask with at least one word")
    return messages


def _message(part: Message | Mapping[str, str]) -> Message:
    if isinstance(part, Mapping):
        if not {"role", "content"} <= set(part):
            raise ConfigurationError(f"a message needs role and content, this one has: {', '.join(part) or 'nothing'}")
        part = Message(part["role"], part["content"])
    if not isinstance(part, Message) or not isinstance(part.content, str):
        raise ConfigurationError(
            f"a message is a Message or a mapping with role and content, not {type(part).__name__}"
        )
    if part.role not in ROLES:
        raise ConfigurationError(f"unknown role '{part.role}'", hint=did_you_mean(str(part.role), ROLES, "roles"))
    return part
