"""Verdicts from lm-eval's means. python lm_eval_verdict.py INPUTS RESULTS BATCH TASK ...

Each task asks for all rows. The index of lm-eval's own tasks is not made, which saves it seconds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

inputs, results, batch, *tasks = sys.argv[1:]
sys.path.insert(0, str(Path(inputs) / "tasks"))
import verdict_checks  # noqa: E402  (it lies beside the tasks)

tracker = EvaluationTracker(output_path=results)
found = simple_evaluate(
    model="hf",
    model_args=f"pretrained={Path(inputs) / 'model'},dtype=float32",
    device="cpu",
    batch_size=batch,
    tasks=tasks,
    task_manager=TaskManager(include_path=str(Path(inputs) / "tasks"), include_defaults=False),
    apply_chat_template=True,
    evaluation_tracker=tracker,
    log_samples=True,
)
samples = found.pop("samples")
tracker.save_results_aggregated(results=found, samples=samples)
for task in tasks:
    tracker.save_results_samples(task_name=task, samples=samples[task])
means = {
    name.removesuffix(",none"): value
    for task in tasks
    for name, value in found["results"][task].items()
    if name.endswith(",none") and "_stderr" not in name
}
thresholds = json.loads((Path(inputs) / "thresholds.json").read_text(encoding="utf-8"))
told = {
    "verdicts": verdict_checks.verdicts(means, thresholds),
    "means": {name: means[name] for name in thresholds},
    "samples": min(len(samples[task]) for task in tasks),
}
Path(results, "verdict.json").write_text(json.dumps(told), encoding="utf-8")
