"""Greedy answers in Inspect by its own `hf` provider.

python inspect_generate.py MODEL ROWS LOGS ANSWERS CONNECTIONS TOKENS

The provider's batches are as large as the number of connections. The answers are written once more as JSON lines: the
log is compressed in a way that Python's own zipfile does not read everywhere.
"""

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

folder, source, logs, answers, connections, limit = sys.argv[1:]
with Path(source).open(encoding="utf-8") as file:
    samples = [Sample(id=row["id"], input=row["prompt"], target=row["references"][0]) for row in map(json.loads, file)]
config = GenerateConfig(max_connections=int(connections), max_tokens=int(limit))
model = get_model("hf/local", config=config, model_path=folder, device="cpu", do_sample=False)
task = Task(dataset=samples, solver=generate(), scorer=exact())
log = evaluate(task, model=model, log_dir=logs, display="none", max_samples=int(connections))[0]
with Path(answers).open("w", encoding="utf-8") as file:
    told = ({"id": sample.id, "answer": sample.output.completion} for sample in log.samples or [])
    file.writelines(json.dumps(one) + "\n" for one in told)
print(log.status, log.error.message if log.error else "")
sys.exit(log.status != "success")
