"""The kinds of mock, the options each takes, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evalkit.errors import ModelError, did_you_mean
from evalkit.models.mock.options import Options
from evalkit.models.mock.voices import COMPLIANCE, REFUSAL, Constant, Echo, Oracle, Script, Voice

COMMON_OPTIONS = ("context",)


@dataclass(frozen=True, slots=True)
class Kind:
    make: Callable[[Options], Voice]
    options: tuple[str, ...] = ()


PLAIN: dict[str, Kind] = {
    "echo": Kind(lambda _: Echo()),
    "oracle": Kind(lambda _: Oracle()),
    "script": Kind(Script, ("file", "default")),
    "refuser": Kind(lambda _: Constant(REFUSAL)),
    "compliant": Kind(lambda _: Constant(COMPLIANCE)),
    "constant": Kind(lambda options: Constant(options.text("text", "This is the answer.")), ("text",)),
    "empty": Kind(lambda _: Constant("")),
}
WRAPPERS: dict[str, Kind] = {}


def make_voice(options: Options) -> Voice:
    """The voice that the reference names; options of another kind are refused."""
    name = options.reference.target
    kinds = PLAIN | WRAPPERS
    if name not in kinds:
        raise ModelError(
            f"unknown mock '{name}' in '{options.reference.text}'", hint=did_you_mean(name, kinds, "kinds of mock")
        )
    options.reference.allow((*kinds[name].options, *COMMON_OPTIONS))
    return kinds[name].make(options)
