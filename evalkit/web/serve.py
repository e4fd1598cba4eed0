"""The server: one address, one link, and an end without loose threads."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from evalkit.errors import ConfigurationError, MissingExtra
from evalkit.web.warming import begin_warming
from evalkit.web.workbench import Access, Workbench, open_workbench

if TYPE_CHECKING:
    import uvicorn

DEFAULT_PORT = 8765
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEAD_SECONDS = 20.0
SECONDS_TO_END = 3
"""What is under way may take so long when the server ends."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str = "127.0.0.1"
    port: int | None = None
    """None: the usual one, or any where that is taken."""
    names: tuple[str, ...] = ()
    """Under which others reach this machine."""

    @property
    def everywhere(self) -> bool:
        return not self.host or _is_everywhere(self.host)

    @property
    def here_only(self) -> bool:
        return self.host in LOOPBACK or (_is_address(self.host) and ipaddress.ip_address(self.host).is_loopback)


def check_installed() -> None:
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra("looking at runs in a browser", "web") from error


def bind(address: Address) -> socket.socket:
    """The socket is ours before anything is said: no link leads to another program."""
    if address.everywhere and not address.names:
        raise ConfigurationError(
            "a server that listens everywhere must know the names under which it is reached",
            where=f"--host {address.host}",
            hint="add --allow-host NAME for each, as in http://NAME:8765/",
        )
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    ports = (address.port,) if address.port is not None else (DEFAULT_PORT, 0)
    for port in ports:
        try:
            listening = socket.create_server((address.host, port), family=family)
            # asyncio does so only to sockets of its own making; else each page waits for the browser to say "go on"
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listening
        except (OSError, OverflowError) as error:
            if port == ports[-1]:
                raise ConfigurationError(
                    f"cannot listen there: {getattr(error, 'strerror', None) or error}",
                    where=f"{address.host}:{port}",
                    hint="--port 0 takes any free port; --host is an address of this machine",
                ) from error
    raise AssertionError("unreachable")


def serve(url: str, address: Address, token: str, path: str, say: Callable[[str], None]) -> None:
    """Until Ctrl-C. ``say`` gets the link, once: the server's address before ``path``."""
    check_installed()
    with bind(address) as listening:
        port = listening.getsockname()[1]
        hosts = LOOPBACK | {address.host, *address.names} if not address.everywhere else LOOPBACK | {*address.names}
        access = Access(token, frozenset(name.lower() for name in hosts), f"evalkit-view-{port}")
        workbench = open_workbench(url, access)
        try:
            server = make_server(workbench)
            shown = address.names[0] if address.names else address.host
            shown = f"[{shown}]" if ":" in shown else shown
            say(f"http://{shown}:{port}{path}")
            begin_warming()
            server.run(sockets=[listening])
        finally:
            workbench.close()


def make_server(workbench: Workbench) -> uvicorn.Server:
    import uvicorn

    from evalkit.web.app import make_app

    class Ending(uvicorn.Server):
        """Streams of events know that the end has come: nobody waits for them."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            workbench.closing.set()
            super().handle_exit(sig, frame)

    return Ending(
        uvicorn.Config(
            make_app(workbench),
            access_log=False,  # the first address has the token in it
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=SECONDS_TO_END,
            ws="none",
            http=_protocol(),
            loop="asyncio",
        )
    )


def _protocol() -> type[asyncio.Protocol]:
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Impatient(H11Protocol):
        """A connection that brings no whole head of a request in time is closed: it would hold its place for ever."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.loop.call_later(HEAD_SECONDS, self._look, None)

        def _look(self, before: object) -> None:
            idle = self.cycle is None or self.cycle.response_complete
            if idle and self.cycle is before:
                self.transport.close()
            elif not self.transport.is_closing():
                self.loop.call_later(HEAD_SECONDS, self._look, self.cycle)

    return Impatient


def _is_everywhere(host: str) -> bool:
    """``0.0.0.0`` and ``::``, however they are written: ``0`` is one of them."""
    if _is_address(host):
        return ipaddress.ip_address(host).is_unspecified
    try:
        return not any(socket.inet_aton(host))
    except OSError:
        return False


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
