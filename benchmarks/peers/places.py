"""Words that the made-up texts of several workloads are about."""

from __future__ import annotations

PLACES = (
    "the harbour",
    "the old mill",
    "the station",
    "the market",
    "the lake",
    "the school",
    "the hill",
    "the garden",
)
