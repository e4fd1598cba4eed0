"""Exact match in Inspect, whose own mock answers at once. python inspect_exact.py ROWS LOGS

The mock is told how many tokens were used: left to count them it would fetch a tokenizer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

source, logs = sys.argv[1:]
with Path(source).open(encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
answers = {row["prompt"]: row["references"][0] for row in rows}


def answer(messages: list[Any], *_: object) -> ModelOutput:
    output = ModelOutput.from_content("mockllm", answers[messages[-1].text])
    output.usage = ModelUsage()
    return output


samples = [Sample(id=row["id"], input=row["prompt"], target=row["references"][0]) for row in rows]
model = get_model("mockllm/model", custom_outputs=answer)
task = Task(dataset=samples, solver=generate(), scorer=exact())
log = evaluate(task, model=model, log_dir=logs, display="none")[0]
print(log.status)
sys.exit(log.status != "success")
