"""What a suite may say about the range that a number should be in."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class Bounds(BaseModel):
    """``min`` and ``max`` belong to the range, ``over`` and ``under`` do not; what is left out does not bound."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    min: float | None = None
    max: float | None = None
    over: float | None = None
    under: float | None = None

    @model_validator(mode="after")
    def _something_fits(self) -> Self:
        lower = [bound for bound in (self.min, self.over) if bound is not None]
        upper = [bound for bound in (self.max, self.under) if bound is not None]
        strict = self.over is not None or self.under is not None
        if lower and upper and (max(lower) > min(upper) or (strict and max(lower) == min(upper))):
            raise ValueError(f"no number is in the range {self}")
        return self

    def hold(self, value: float) -> bool:
        return (
            (self.min is None or value >= self.min)
            and (self.max is None or value <= self.max)
            and (self.over is None or value > self.over)
            and (self.under is None or value < self.under)
        )

    def __str__(self) -> str:
        signs = ((">=", self.min), (">", self.over), ("<=", self.max), ("<", self.under))
        return ",".join(f"{sign}{bound:g}" for sign, bound in signs if bound is not None) or "any"
