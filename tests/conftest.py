"""What all tiers share: markers by folder, no network in unit tests, and where public data is."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
TIERS = ("unit", "integration", "quality", "api", "browser", "e2e", "performance")
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


def pytest_configure() -> None:
    """Where tests run as a job in the background, Ctrl-C is ignored, and processes that they start would ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tier = item.path.relative_to(TESTS).parts[0]
        if tier in TIERS:
            item.add_marker(getattr(pytest.mark, tier))


@pytest.fixture(autouse=True)
def _no_network_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("unit") is None:
        return

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a unit test opened a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.fixture
def public_data() -> Path:
    folder = Path(os.environ.get("EVALKIT_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"public test data is not at {folder}; set EVALKIT_TEST_DATA to its folder")
    return folder


@pytest.fixture
def install_checks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, type]], None]:
    """Makes kinds of checks known by name, as an installed package does."""

    def install(kinds: Mapping[str, type]) -> None:
        from evalkit import plugins

        module, found = ModuleType("checks_of_a_test"), dict(plugins._found()["evalkit.checks"])
        for name, kind in kinds.items():
            setattr(module, name, kind)
            found[name] = (EntryPoint(name, f"checks_of_a_test:{name}", "evalkit.checks"),)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        installed = {**plugins._found(), "evalkit.checks": found}
        monkeypatch.setattr(plugins, "_found", lambda: installed)

    return install
