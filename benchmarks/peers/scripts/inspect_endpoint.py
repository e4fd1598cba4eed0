"""Exact match in Inspect, on an OpenAI-compatible server. python inspect_endpoint.py ROWS LOGS PORT CONNECTIONS"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

source, logs, port, connections = sys.argv[1:]
with Path(source).open(encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
samples = [Sample(id=row["id"], input=row["prompt"], target=row["references"][0]) for row in rows]
config = GenerateConfig(max_connections=int(connections), max_tokens=16, temperature=0.0, seed=0)
address = f"http://127.0.0.1:{port}/v1"
model = get_model("openai-api/local/tiny", base_url=address, api_key="none", config=config)
task = Task(dataset=samples, solver=generate(), scorer=exact())
log = evaluate(task, model=model, log_dir=logs, display="none", max_samples=2 * int(connections))[0]
print(log.status)
sys.exit(log.status != "success")
