"""From messages to tokens: the model's chat template where it has one, plain text where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.errors import ConfigurationError
from evalkit.models.reasoning import opens_reasoning
from evalkit.records import Message

SPEAKERS = {"user": "User", "assistant": "Assistant"}
_DAY = {
    "%Y": "2025",
    "%y": "25",
    "%m": "01",
    "%d": "01",
    "%B": "January",
    "%b": "Jan",
    "%A": "Wednesday",
    "%a": "Wed",
    "%H": "12",
    "%I": "12",
    "%M": "00",
    "%S": "00",
    "%p": "PM",
}
_STOPPED_CLOCK = (
    "{%- macro strftime_now(format) -%}{{ format"
    + "".join(f" | replace('{sign}', '{value}')" for sign, value in _DAY.items())
    + " }}{%- endmacro -%}"
)
"""Some templates write today's date into every prompt. Prompts that differ from day to day, though nothing was changed,
would make answers differ without a cause that anybody could find: here it is always the first day of 2025."""


@dataclass(frozen=True, slots=True)
class Prompt:
    tokens: tuple[int, ...]
    thinking: bool = False
    """The template left a reasoning block open."""


class TemplateError(Exception):
    """The chat template refused these messages, or the tokenizer their text; the text says how."""


def plain_text(messages: Sequence[Message]) -> str:
    """Messages for a model without a chat template.

    One user message is its own text: such a model continues it. Instructions come first, after them an empty line.
    A conversation is written with speakers' names and ends with ``Assistant:``, or with the beginning of an answer
    where the last message is the assistant's.
    """
    system = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    if len(turns) == 1 and turns[0].role == "user":
        return "\n\n".join([*system, turns[0].content])
    lines = [f"{SPEAKERS.get(turn.role, turn.role)}: {turn.content}" for turn in turns]
    if turns and turns[-1].role != "assistant":
        lines.append("Assistant:")
    return "\n\n".join([*system, "\n".join(lines)] if lines else system)


def render(tokenizer: Any, messages: Sequence[Message]) -> tuple[str, bool]:
    """``(text, add_special_tokens)``: a template writes its own special tokens, plain text gets the tokenizer's.

    A last message of the assistant is the beginning of the answer, which the model continues.
    """
    if not getattr(tokenizer, "chat_template", None):
        return plain_text(messages), True
    continuing = bool(messages) and messages[-1].role == "assistant"
    return _apply(tokenizer, messages, continuing), False


def _apply(tokenizer: Any, messages: Sequence[Message], continuing: bool) -> str:
    how: dict[str, Any] = {
        "tokenize": False,
        "add_generation_prompt": not continuing,
        "continue_final_message": continuing,
    }
    template = tokenizer.chat_template
    if isinstance(template, str) and "strftime_now" in template:
        how["chat_template"] = _STOPPED_CLOCK + template
    try:
        return str(tokenizer.apply_chat_template(_dicts(messages), **how))
    except Exception as error:  # a template is somebody's program: it may raise anything, about these messages
        merged = _system_into_user(messages)
        if merged is not None:
            try:
                return str(tokenizer.apply_chat_template(_dicts(merged), **how))
            except Exception:  # noqa: BLE001, S110 - the first refusal is the one worth telling
                pass
        raise TemplateError(f"the chat template refuses these messages: {error}") from error


def _dicts(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _system_into_user(messages: Sequence[Message]) -> list[Message] | None:
    """Some templates know no system role; its text then opens the first question."""
    if len(messages) < 2 or messages[0].role != "system" or messages[1].role != "user":
        return None
    return [Message("user", f"{messages[0].content}\n\n{messages[1].content}"), *messages[2:]]


def encode(tokenizer: Any, messages: Sequence[Message]) -> Prompt:
    text, special = render(tokenizer, messages)
    return Prompt(tuple(tokens_of(tokenizer, text, special)), opens_reasoning(text))


def count_tokens(tokenizer: Any, messages: Sequence[Message], model: str) -> int:
    """How long a prompt is, template included; ``model`` is named where it cannot be told."""
    try:
        return len(encode(tokenizer, messages).tokens)
    except TemplateError as error:
        raise ConfigurationError(str(error), where=model) from error


def tokens_of(tokenizer: Any, text: str, special: bool) -> list[int]:
    try:
        return list(tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])
    except Exception as error:  # a tokenizer may raise anything, and is asked for one text among many
        why = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            why = "half of a surrogate pair is not a character"
        raise TemplateError(f"the tokenizer refuses this text: {why}") from error
