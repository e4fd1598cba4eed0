"""Fixtures of the integration tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _server_class() -> Any:
    """Loaded by its path: test folders are not packages."""
    name = "evalkit_tests_http_server"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "fixtures" / "http_server.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name].LocalServer


@pytest.fixture
def http_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A running ``LocalServer``; no key and no proxy of the person who runs the tests reaches it."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with _server_class()() as server:
        yield server
