"""Verdicts from Inspect's means. python inspect_verdict.py INPUTS LOGS BATCH TOKENS each|together

`each` is a task for every check, one after the other on one loaded model; `together` one task with three scorers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import Score, Target, mean, scorer
from inspect_ai.solver import TaskState, generate

inputs, logs, batch, tokens, how = sys.argv[1:]
sys.path.insert(0, str(Path(__file__).parent))
import verdict_checks  # noqa: E402  (it lies beside this file)

with (Path(inputs) / "rows" / "test.jsonl").open(encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
thresholds = json.loads((Path(inputs) / "thresholds.json").read_text(encoding="utf-8"))


def made(name: str) -> Any:
    @scorer(metrics=[mean()], name=name)
    def one() -> Any:
        async def score(state: TaskState, target: Target) -> Score:
            return Score(value=verdict_checks.scores(state.output.completion, target.text)[name])

        return score

    return one()


model = get_model(
    "hf/local",
    config=GenerateConfig(max_tokens=int(tokens), temperature=0.0, max_connections=int(batch)),
    model_path=str(Path(inputs) / "model"),
    device="cpu",
    dtype="float32",
    do_sample=False,
)
groups = [[name] for name in thresholds] if how == "each" else [list(thresholds)]
means: dict[str, float] = {}
counts = []
for names in groups:
    samples = [Sample(id=row["id"], input=row["prompt"], target=row["references"][0]) for row in rows]
    task = Task(dataset=samples, solver=generate(), scorer=[made(name) for name in names], name="_".join(names))
    log = evaluate(task, model=model, log_dir=logs, display="none")[0]
    if log.status != "success" or log.results is None:
        sys.exit(f"{names}: {log.status} {log.error}")
    counts.append(log.results.completed_samples)
    means |= {one.name: one.metrics["mean"].value for one in log.results.scores}
told = {"verdicts": verdict_checks.verdicts(means, thresholds), "means": means, "samples": min(counts)}
Path(logs, "verdict.json").write_text(json.dumps(told), encoding="utf-8")
