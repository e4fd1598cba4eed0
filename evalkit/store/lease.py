"""Who is making a run at this moment, and whether they still are."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path
from uuid import uuid4

LEASE_SECONDS = 60.0
"""A run whose process was not heard of for so long reads as interrupted."""

_TOKEN = uuid4().hex
"""Process numbers come back (in containers, always the same one); this does not."""


def holder() -> str:
    """This process, and no other before or after it. A forked child is another process."""
    return f"{os.getpid()}-{_TOKEN}"


@cache
def host() -> str:
    """Where process numbers mean what they mean here: containers may share a host name, but not its processes."""
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()


def is_held(on_host: str, process: int, heartbeat: float, now: float) -> bool:
    """The lease is not expired, and the process that holds it is not known to be dead."""
    if now - heartbeat > LEASE_SECONDS:
        return False
    return on_host != host() or _is_alive(process)


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # signal 0 would be Ctrl-C there; the heartbeat decides
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's process
    return True
