"""A server of this machine that works on 64 requests at once, 200 ms each: what is beyond them waits there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.peers.contestants import OURS, Contestant, Work, Workload
from benchmarks.peers.overhead import (
    LM_EVAL_TASK,
    ROWS,
    SCRIPTS,
    evalkit_stored,
    inspect_stored,
    lm_eval_stored,
)

CAPACITY = 64
SECONDS = 0.2
ANSWER = "An answer."
SUITE = f"""\
name: endpoints
datasets: {{rows: {{path: {ROWS}}}}}
checks:
  accuracy: {{dataset: rows, metrics: [exact_match], generation: {{max_tokens: 16}}}}
gates: [accuracy.exact_match >= 0.99]
"""


def prepare(folder: Path, size: int) -> None:
    (folder / ROWS).parent.mkdir()
    with (folder / ROWS).open("w", encoding="utf-8") as file:
        for number in range(size):
            row = {"id": f"r{number}", "prompt": f"Question {number}: what do you say?", "references": [ANSWER]}
            file.write(json.dumps(row) + "\n")
    (folder / "endpoints.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "tasks").mkdir()
    task = LM_EVAL_TASK.format(rows=json.dumps(str(folder / ROWS)), until="\\n\\n", tokens=16)
    (folder / "tasks" / "exact.yaml").write_text(task, encoding="utf-8")


def beside_the_server(*words: str) -> list[str]:
    server = ("queue", str(CAPACITY), str(SECONDS))
    return [sys.executable, "-S", str(SCRIPTS / "with_server.py"), *server, *words]


def _evalkit(python: Path, work: Work) -> list[str]:
    told = ("--store", str(work.folder / "runs.db"), "--report", str(work.folder / "report"), "-q")
    model = "http://127.0.0.1:{port}/v1?model=tiny"
    words = (str(python), "-m", "evalkit", "run", str(work.inputs / "endpoints.yaml"), "--model", model)
    return beside_the_server(*words, *told)


def _inspect(python: Path, work: Work) -> list[str]:
    script = SCRIPTS / "inspect_endpoint.py"
    words = (str(python), str(script), str(work.inputs / ROWS), str(work.folder / "logs"), "{port}", str(CAPACITY))
    return beside_the_server(*words)


def _lm_eval(python: Path, work: Work) -> list[str]:
    address = "http://127.0.0.1:{port}/v1/chat/completions"
    model = f"model=tiny,base_url={address},num_concurrent={CAPACITY},tokenized_requests=False"
    words = (str(python), "-m", "lm_eval", "run", "--model", "local-chat-completions", "--model_args", model)
    task = ("--include_path", str(work.inputs / "tasks"), "--tasks", "exact", "--apply_chat_template")
    return beside_the_server(*words, *task, "--output_path", str(work.folder / "results"), "--log_samples")


ENDPOINTS = Workload(
    name="endpoints",
    title=f"A local server that works on {CAPACITY} requests at once, {SECONDS:g} s each: exact match",
    unit="requests",
    sizes=(200, 1_000),
    prepare=prepare,
    contestants=(
        Contestant(
            OURS,
            "`evalkit run` on the server's address, which finds out for itself how many at once; store and all reports",
            _evalkit,
            evalkit_stored,
            packages=("evalkit-lm",),
        ),
        Contestant(
            "inspect-ai",
            f"`eval` with `openai-api`, `max_connections={CAPACITY}` (10 by itself), its `.eval` log",
            _inspect,
            inspect_stored,
            environment="inspect-ai-api",
            packages=("inspect-ai", "openai"),
        ),
        Contestant(
            "lm-eval",
            f"`lm_eval run --model local-chat-completions --log_samples`, `num_concurrent={CAPACITY}` (1 by itself)",
            _lm_eval,
            lm_eval_stored,
            environment="lm-eval-api",
            packages=("lm-eval", "aiohttp"),
        ),
    ),
)
