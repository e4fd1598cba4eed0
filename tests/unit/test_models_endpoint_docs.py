"""docs/endpoints.md and the code name the same kinds, options and variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.models.endpoint.target import OPTIONS
from evalkit.models.endpoint.template import VARIABLES
from evalkit.models.mock.kinds import COMMON_OPTIONS, PLAIN, WRAPPERS

PAGE = (Path(__file__).parents[2] / "docs" / "endpoints.md").read_text(encoding="utf-8")
MOCK_OPTIONS = {option for kind in (*PLAIN.values(), *WRAPPERS.values()) for option in kind.options}


@pytest.mark.parametrize("name", sorted({*OPTIONS, *VARIABLES, *PLAIN, *WRAPPERS, *MOCK_OPTIONS, *COMMON_OPTIONS}))
def test_each_name_is_documented(name: str) -> None:
    assert any(f"`{name}{end}" in PAGE for end in ("`", "=")), name
