"""A conversation seen as one text, for models that take no messages."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.records import Message


def last_user_text(messages: Sequence[Message]) -> str:
    """What was asked last; the last message of any role where no user spoke."""
    for message in reversed(messages):
        if message.role == "user":
            return message.content
    return messages[-1].content if messages else ""


def plain_text(messages: Sequence[Message]) -> str:
    """The contents one after the other, a blank line between them; roles are left out."""
    return "\n\n".join(message.content for message in messages if message.content)
