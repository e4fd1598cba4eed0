"""One virtual environment for each peer, outside the checkout; `NAME.txt` beside this file pins every package.

What cannot be installed is reported with its reason and never left out in silence.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.processes import Failed, presentable

REQUIREMENTS = Path(__file__).parent
CACHE = Path("~/.cache/evalkit-bench").expanduser()
_MARKER = ".made-from"
_UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|MaxRetryError|SSLError"
    r"|Failed to establish a new connection|Temporary failure in name resolution|Network is unreachable"
    r"|Connection refused|connection broken by|\(from versions: none\)"
)
NO_INDEX = (
    "pip reached no package index. Name one with PIP_INDEX_URL or `pip config set global.index-url`, or a folder of "
    "wheels with PIP_FIND_LINKS and PIP_NO_INDEX=1, and run again"
)
_VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def requirements_of(name: str) -> Path:
    return REQUIREMENTS / f"{name}.txt"


def environment_python(name: str, cache: Path = CACHE) -> Path:
    """The interpreter of the peer's environment, which is made or, when its pins have changed, made anew.

    Raises Failed with the reason when the packages do not install.
    """
    requirements = requirements_of(name)
    folder = cache / name
    python = folder / "bin" / "python"
    wanted = _made_from(requirements)
    with _held(cache, name):
        marker = folder / _MARKER
        if python.exists() and marker.is_file() and marker.read_text(encoding="utf-8") == wanted:
            return python
        print(f"making the environment of {name} in {folder} ...", flush=True)
        _install([sys.executable, "-m", "venv", "--clear", str(folder)])
        _install([str(python), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(requirements)])
        marker.write_text(wanted, encoding="utf-8")
    return python


def versions(python: Path, packages: Sequence[str]) -> dict[str, str]:
    """The versions of those packages that the interpreter has."""
    command = [str(python), "-c", _VERSIONS, *packages]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    return {str(name): str(version) for name, version in json.loads(found.stdout).items()}


def why_not_installed(said: str) -> str:
    """One line from what pip printed: a missing index is told apart, for it is the reader who can help that."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR")]
    if _UNREACHABLE.search(said):
        return f"{NO_INDEX} ({presentable(chr(10).join(errors[:1]))})" if errors else NO_INDEX
    return f"does not install: {presentable(chr(10).join(errors) or said)}"


def _install(command: list[str]) -> None:
    environment = {**os.environ, "PIP_NO_INPUT": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise Failed(why_not_installed(done.stdout + done.stderr))


def _made_from(requirements: Path) -> str:
    """Another interpreter or other pins make another environment."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    return f"{sys.version.split()[0]} {digest}\n"


@contextmanager
def _held(cache: Path, name: str) -> Iterator[None]:
    """Two runs at once would install over each other."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
