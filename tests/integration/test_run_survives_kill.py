"""``kill -9`` at any moment, then the same command: nothing lost, at most one block asked again, the same verdicts."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

LISTENING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from evalkit.cli import main; main()"
)
"""The command line as a terminal starts it: a background job would begin with Ctrl-C ignored."""
ROWS = 320
KILLS = 10
BLOCK = 64
SUITE = """
name: survivor
datasets: {{rows: {{path: rows.jsonl}}}}
generation: {{max_tokens: 32}}
checks:
  accuracy: {{dataset: rows, metrics: [exact_match, bleu, rougeL]}}
  length: {{dataset: rows}}
  safety: {{dataset: rows}}
gates:
  - accuracy.exact_match >= 0.5
  - accuracy.bleu > 0.1
  - length.empty <= 0.1
  - min accuracy.exact_match by category >= 0.2
errors: {{tolerance: {tolerance}}}
"""


def write_suite(folder: Path) -> Path:
    rows = [
        {
            "id": f"r{i}",
            "prompt": f"Say the words number {i} and nothing else.",
            "references": [f"Say the words number {i} and nothing else." if i % 4 else "something else entirely"],
            "category": "abc"[i % 3],
            "unsafe": i % 5 == 0,
        }
        for i in range(ROWS)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    suite = folder / "suite.yaml"
    suite.write_text(SUITE.format(tolerance=0), encoding="utf-8")
    return suite


def start(suite: Path, model: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", LISTENING, "run", str(suite), "--model", model, "-q"]
    command += ["--store", str(folder / "runs.db"), "--report", str(folder / "report")]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finished_report(suite: Path, model: str, folder: Path) -> dict[str, Any]:
    process = start(suite, model, folder)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    document: dict[str, Any] = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))
    return document


def test_a_killed_run_goes_on_where_it_was(http_server: Any, tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    model = f"{http_server.url}/v1?model=tiny&concurrency=4"
    http_server.rule = lambda _: http_server.ok(0.02)
    expected = finished_report(suite, model, whole)
    asked_whole = len(http_server.posts)
    assert asked_whole == ROWS

    instants = random.Random(20)
    kills = 0
    while kills < KILLS:
        process = start(suite, model, killed)
        before = len(http_server.posts)
        # at a random request rather than a random second, so that a slow machine is killed in the middle too
        wanted = before + instants.randrange(1, 40)
        while process.poll() is None and len(http_server.posts) < wanted:
            http_server.stopping.wait(0.002)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
        kills += 1
    assert kills == KILLS
    resumed = finished_report(suite, model, killed)

    assert resumed["estimates"] == expected["estimates"]
    assert resumed["verdicts"] == expected["verdicts"]
    assert len(http_server.posts) - asked_whole <= ROWS + KILLS * BLOCK
    each = [post.body["messages"][-1]["content"] for post in http_server.posts[asked_whole:] if post.body]
    assert len(set(each)) == ROWS


def test_interrupted_by_hand_it_says_so_and_resumes(http_server: Any, tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    model = f"{http_server.url}/v1?model=tiny&concurrency=4"
    http_server.rule = lambda _: http_server.ok(0.05)
    process = start(suite, model, tmp_path)
    while process.poll() is None and len(http_server.posts) < 30:
        http_server.stopping.wait(0.002)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"same command" in errors
    assert b"Traceback" not in errors
    http_server.rule = lambda _: None
    assert finished_report(suite, model, tmp_path)["outcome"]["exit_code"] == 0
    assert len(http_server.posts) <= ROWS + BLOCK
