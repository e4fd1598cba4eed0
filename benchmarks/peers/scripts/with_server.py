"""Runs a command beside a local server. python with_server.py KIND CAPACITY SECONDS COMMAND [WORD ...]

`{port}` in a word of the command becomes the server's port. The server is nobody's child, so that what it costs is not
counted as the command's; it ends with this process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SERVER = Path(__file__).parents[2] / "endpoint_server.py"


def started(words: list[str]) -> tuple[int, int]:
    """The port, and what must stay open for the server to stay."""
    told, tell = os.pipe()
    stays, stay = os.pipe()
    child = os.fork()
    if not child:
        os.close(stay)
        subprocess.Popen([sys.executable, "-S", str(SERVER), *words, "while-stdin"], stdin=stays, stdout=tell)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(tell)
    os.close(stays)
    with os.fdopen(told) as port:
        return int(port.readline()), stay


def main(words: list[str]) -> int:
    port, _ = started(words[:3])
    command = [word.replace("{port}", str(port)) for word in words[3:]]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
