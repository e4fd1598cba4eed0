"""The server that benchmarks start beside a client: it answers, costs the client nothing, and ends with it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

from benchmarks.peers.endpoints import ANSWER, beside_the_server

ASKS = """
import json, sys, urllib.request
body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "x"}]}).encode()
asked = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/v1/chat/completions", data=body)
told = json.load(urllib.request.urlopen(asked))
print(json.dumps([sys.argv[1], told["choices"][0]["message"]["content"], told["usage"]["total_tokens"]]))
sys.exit(3)
"""


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_the_command_gets_the_port_its_exit_code_counts_and_the_server_ends_with_it() -> None:
    words = beside_the_server(sys.executable, "-c", ASKS, "{port}")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    port, text, tokens = json.loads(process.stdout.readline())
    _, status, _ = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    assert (text, tokens, process.returncode) == (ANSWER, 8, 3)
    until = time.monotonic() + 20
    while listens(int(port)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not listens(int(port))
