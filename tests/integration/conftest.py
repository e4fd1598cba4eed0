"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from endpoint_asking import Opened
from http_server import LocalServer
from postgresql_server import Cluster, running_cluster

from evalkit.store import Store, open_store


@pytest.fixture
def http_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A running ``LocalServer``; no key and no address of the person who runs the tests reaches it."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with LocalServer() as server:
        yield server


@pytest.fixture
def opened() -> Iterator[Any]:
    """Opens endpoints, and closes them at the end of the test."""
    backends = Opened()
    yield backends
    backends.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "runs.db")) as opened_store:
        yield opened_store


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A server of our own, that ends with the tests."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["memory", "file", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty runs database, of each kind that there is."""
    if request.param == "memory":
        return "sqlite:///:memory:"
    if request.param == "file":
        return str(tmp_path / "runs.db")
    cluster: Cluster = request.getfixturevalue("postgresql")
    return cluster.new_database()
