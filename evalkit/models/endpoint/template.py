"""Any JSON endpoint: a body with templates at its leaves, and the path to the text in what comes back.

body: {inputs: ["{{ prompt }}"], params: {max_tokens: "{{ max_tokens }}"}}
response: predictions.0.text
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from evalkit.errors import ModelError, did_you_mean
from evalkit.models.conversation import last_user_text, plain_text
from evalkit.records import Generate, Message

_WHOLE = re.compile(r"\s*\{\{\s*(\w+)\s*\}\}\s*")
VARIABLES = ("prompt", "messages", "system", "user", "model", "max_tokens", "temperature", "top_p", "seed", "stop")


class MissingPart(Exception):
    """The response path leads nowhere; the message says how far it led."""


class BodyTemplate:
    """A leaf that is exactly ``{{ name }}`` becomes the value itself: a list for ``messages``, a number for ``seed``;
    any other text leaf is a sandboxed Jinja template. ``prompt`` is the whole conversation as plain text, without its
    system part where the template places ``system`` itself.
    """

    def __init__(self, body: Any) -> None:
        try:
            self.source = json.dumps(body, sort_keys=True)
        except (TypeError, ValueError) as error:
            raise ModelError(f"the body is not JSON: {error}", where="body") from None
        self._used: set[str] = set()
        self._fill = self._compile(body, "body")
        if not self._used & {"prompt", "messages", "user"}:
            raise ModelError(
                "the body never mentions the prompt",
                where="body",
                hint="put '{{ prompt }}' or '{{ messages }}' where the endpoint expects the question",
            )
        # Once with sample values, so that a template that cannot be filled is found before anything is asked.
        self.fill(Generate((Message("system", "s"), Message("user", "u"))), "model", seed=0)

    def fill(self, ask: Generate, model: str, *, seed: int) -> Any:
        system = "\n\n".join(message.content for message in ask.messages if message.role == "system")
        spoken = tuple(message for message in ask.messages if message.role != "system")
        values = {
            "prompt": plain_text(spoken if "system" in self._used else ask.messages),
            "messages": [{"role": message.role, "content": message.content} for message in ask.messages],
            "system": system,
            "user": last_user_text(ask.messages),
            "model": model,
            "max_tokens": ask.decoding.max_tokens,
            "temperature": ask.decoding.temperature,
            "top_p": ask.decoding.top_p,
            "seed": seed,
            "stop": list(ask.decoding.stop),
        }
        return self._fill(values)

    def _compile(self, node: Any, where: str) -> Callable[[Mapping[str, Any]], Any]:
        if isinstance(node, Mapping):
            fields = {str(key): self._compile(value, f"{where}.{key}") for key, value in node.items()}
            return lambda values: {key: fill(values) for key, fill in fields.items()}
        if isinstance(node, list | tuple):
            items = [self._compile(value, f"{where}.{index}") for index, value in enumerate(node)]
            return lambda values: [fill(values) for fill in items]
        if isinstance(node, str):
            return self._compile_text(node, where)
        return lambda _: node

    def _compile_text(self, text: str, where: str) -> Callable[[Mapping[str, Any]], Any]:
        from jinja2 import StrictUndefined, TemplateError, meta
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        # The result is JSON, never HTML: quoting is done by the JSON encoder.
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
        try:
            names = meta.find_undeclared_variables(environment.parse(text))
            template = environment.from_string(text)
        except TemplateError as error:
            raise ModelError(f"the template cannot be read: {error.message}", where=where) from None
        for name in sorted(names):
            if name not in VARIABLES:
                raise ModelError(f"unknown variable '{name}'", where=where, hint=did_you_mean(name, VARIABLES, "known"))
        self._used |= names
        whole = _WHOLE.fullmatch(text)
        if whole:
            return lambda values: values[whole[1]]

        def render(values: Mapping[str, Any]) -> str:
            try:
                return template.render(values)
            except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
                raise ModelError(f"the template cannot be filled: {error}", where=where) from None

        return render


class ResponsePath:
    """``predictions.0.text``, also written ``predictions[0].text``. An empty path: the answer itself is the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps = re.sub(r"\[(-?\d+)\]", r".\1", text).strip(".").split(".") if text else []
        if not all(self._steps):
            raise ModelError(f"'{text}' is not a path", where="response", hint="for example: predictions.0.text")

    def find(self, data: Any) -> str:
        """The text there; a number is taken as it is written."""
        place, walked = data, ""
        for step in self._steps:
            place = self._next(place, step, walked)
            walked = f"{walked}.{step}" if walked else step
        if isinstance(place, str):
            return place
        if isinstance(place, int | float) and not isinstance(place, bool):
            return str(place)
        raise MissingPart(f"the answer's {walked or 'JSON'} is {_kind(place)}, not text")

    def _next(self, place: Any, step: str, walked: str) -> Any:
        at = f"'{walked}' is" if walked else "it is"
        if isinstance(place, dict):
            if step in place:
                return place[step]
            names = ", ".join(sorted(str(key)[:40] for key in place)[:8]) or "nothing"
            raise MissingPart(f"the answer has no '{self.text}': {at} an object with {names}")
        if isinstance(place, list) and re.fullmatch(r"-?\d{1,9}", step):
            if -len(place) <= int(step) < len(place):
                return place[int(step)]
            raise MissingPart(f"the answer has no '{self.text}': {at} a list of {len(place)}")
        raise MissingPart(f"the answer has no '{self.text}': {at} {_kind(place)}")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
