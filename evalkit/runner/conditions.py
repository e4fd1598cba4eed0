"""A session under a condition, of backends that can set it and of those that cannot."""

from __future__ import annotations

from dataclasses import fields, replace

from evalkit.models.refusing import Refusing
from evalkit.protocols import Backend, Session
from evalkit.records import Condition

AGAIN = "again"
"""An order that changes nothing: it tells two equal requests apart."""


def session_under(backend: Backend, condition: Condition) -> Session:
    """Never one that runs as it pleases and lets its answers pass for those of the condition: what the backend does not
    list in ``info.conditions`` is refused in its name. Values of what it lists are its own to refuse."""
    known = backend.info.conditions
    if condition.order == AGAIN and "order" not in known:
        condition = replace(condition, order=None)
    missing = [
        f"{field.name}={value}"
        for field in fields(condition)
        if (value := getattr(condition, field.name)) is not None and field.name not in known
    ]
    return Refusing(f"the model cannot set {', '.join(missing)}") if missing else backend.session(condition)
