"""lm-eval without the index of its own tasks, which its command line makes in every run.

python lm_eval_exact.py TASKS RESULTS
"""

from __future__ import annotations

import sys

from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

tasks, results = sys.argv[1:]
tracker = EvaluationTracker(output_path=results)
manager = TaskManager(include_path=tasks, include_defaults=False)
found = simple_evaluate(
    model="dummy", tasks=["exact"], task_manager=manager, evaluation_tracker=tracker, log_samples=True
)
samples = found.pop("samples")
tracker.save_results_aggregated(results=found, samples=samples)
tracker.save_results_samples(task_name="exact", samples=samples["exact"])
