"""Pages that are dear: each is made once, beside the pages, and whoever asks meanwhile is answered at once."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import httpx
from browse_runs import Said, finished_run
from web_server import WebServer

from evalkit.errors import StoreError
from evalkit.store import Store, open_store
from evalkit.web import dataset_page
from evalkit.web.making import KEPT, Making
from evalkit.web.serve import Address, bind

BEING_MADE = 'id="being-made"'


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "runs.db")) as opened:
        finished_run(opened, "r-1", {"accuracy": [Said("a"), Said("b")]})
        yield opened


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[httpx.Client]:
    with WebServer(str(tmp_path / "runs.db")) as server:
        server.bench.patience = 0.0
        with httpx.Client(base_url=server.base, cookies=server.cookies, trust_env=False) as opened:
            yield opened


class Held:
    """In place of what is dear: as it is, but not before ``go``."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self.go, self.times, self._make = threading.Event(), 0, make

    def __call__(self, *arguments: Any) -> Any:
        self.times += 1
        assert self.go.wait(20)
        return self._make(*arguments)


def until_made(client: httpx.Client, path: str) -> str:
    for _ in range(400):
        if BEING_MADE not in (text := client.get(path).text):
            return text
        threading.Event().wait(0.02)
    raise AssertionError("it was never made")


@pytest.mark.parametrize(
    ("path", "dear", "shown"),
    [
        ("/runs/r-1", "evalkit.report.page.page", "good enough"),
        ("/runs/r-1/data", "evalkit.web.dataset_page.look_at_rows", "prompt, words"),
        ("/trends?suite=suite", "evalkit.web.trend.measured", "1 finished run, the oldest on the left"),
    ],
)
def test_who_asks_meanwhile_is_told_at_once_and_it_is_made_once(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, path: str, dear: str, shown: str
) -> None:
    held = Held(resolve_name(dear))
    monkeypatch.setattr(dear, held)
    for _ in range(3):
        text = client.get(path).text
        assert BEING_MADE in text
        assert '<meta http-equiv="refresh"' in text
        assert shown not in text
    held.go.set()
    assert shown in until_made(client, path)
    assert shown in client.get(path).text
    assert held.times == 1


def test_many_pages_at_once_are_all_made_and_each_of_them_once() -> None:
    """Whoever opens twenty runs in tabs asks for each again and again until it is there."""
    making, go, made = Making(), threading.Event(), Counter[int]()

    def make(number: int) -> Callable[[], int]:
        def one() -> int:
            assert go.wait(20)
            made[number] += 1
            return number

        return one

    many = range(KEPT + 8)
    for _ in range(3):
        waiting = [making.begun(f"page {number}", make(number)) for number in many]
    go.set()
    assert [one.result(20) for one in waiting] == [*many]
    assert set(made.values()) == {1}
    making.close()


def test_a_file_is_waited_for(client: httpx.Client) -> None:
    found = client.get("/runs/r-1/report.html")
    assert found.headers["content-disposition"].startswith("attachment")
    assert "good enough" in found.text


def test_what_failed_is_said_and_tried_again(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise StoreError("the disk fails under the runs database")

    with monkeypatch.context() as broken:
        broken.setattr(dataset_page, "look_at_rows", fails)
        assert "the disk fails" in until_made(client, "/runs/r-1/data")
    told = [until_made(client, "/runs/r-1/data") for _ in range(2)]
    assert "prompt, words" in told[-1], "what failed is told once more at most"


def test_answers_are_sent_without_waiting_for_an_acknowledgement() -> None:
    with bind(Address(port=0)) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
