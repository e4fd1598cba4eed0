"""Options of a model reference, read with errors that name the option and the reference."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.errors import ModelError
from evalkit.models.reference import Reference


@dataclass(frozen=True, slots=True)
class Options:
    reference: Reference

    def text(self, name: str, default: str) -> str:
        return self.reference.options.get(name, default)

    def required(self, name: str) -> str:
        if not self.reference.options.get(name):
            raise ModelError(
                f"'{self.reference.text}' needs the option '{name}'",
                hint=f"for example: {self.reference.text.partition('?')[0]}?{name}=...",
            )
        return self.reference.options[name]

    def words(self, name: str) -> tuple[str, ...]:
        """A comma-separated list, case-folded."""
        return tuple(word.strip().casefold() for word in self.required(name).split(",") if word.strip())

    def share(self, name: str, default: float) -> float:
        return self._number(name, default, 0.0, 1.0, "a share from 0 to 1")

    def amount(self, name: str, default: float) -> float:
        return self._number(name, default, 0.0, 1e9, "a number not below 0")

    def count(self, name: str, default: int) -> int:
        number = self._number(name, default, 0, 10_000_000, "a whole number not below 0")
        if number != int(number):
            raise self.wrong(name, "a whole number not below 0")
        return int(number)

    def wrong(self, name: str, expected: str) -> ModelError:
        given = self.reference.options.get(name, "")
        return ModelError(f"option '{name}' of '{self.reference.text}' is '{given}', which is not {expected}")

    def _number(self, name: str, default: float, low: float, high: float, expected: str) -> float:
        if name not in self.reference.options:
            return default
        try:
            number = float(self.reference.options[name])
        except ValueError:
            raise self.wrong(name, expected) from None
        if not low <= number <= high:  # also refuses NaN
            raise self.wrong(name, expected)
        return number


def whole_number(reference: Reference, option: str, default: int | None) -> int | None:
    """Above 0, of the reference or else the default; none where neither says."""
    value = reference.options.get(option, default)
    if value is None:
        return None
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ModelError(f"{option} of model '{reference.text}' must be a whole number above 0, not '{value}'")
    return number
