"""A comparison of two runs for people at a terminal, for a pull request, and for scripts."""

from __future__ import annotations

from evalkit.report.comparison_json import to_document
from evalkit.report.comparison_markdown import to_markdown
from evalkit.report.comparison_terminal import render

__all__ = ["render", "to_document", "to_markdown"]
