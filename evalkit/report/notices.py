"""Whose scripts draw: their notices travel with them into every page, as their licences ask."""

from __future__ import annotations

from functools import cache
from importlib import resources

NAME = "notices.txt"
"""The package that brings the scripts brings them without their notices: these are the holders' own words."""


@cache
def notices() -> str:
    return resources.files("evalkit.report").joinpath("templates", NAME).read_text(encoding="utf-8")


def with_notices(script: str) -> str:
    return f"/*!\n{notices()}*/\n{script}"
