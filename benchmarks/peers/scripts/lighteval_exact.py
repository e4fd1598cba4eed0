"""Exact match in lighteval, whose own mock answers at once. python lighteval_exact.py FOLDER_OF_ROWS RESULTS

Its own tasks are not loaded: importing one of them downloads a file, and without a network nothing would run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lighteval.logging.evaluation_tracker import EvaluationTracker
from lighteval.metrics.metrics import Metrics
from lighteval.models.dummy.dummy_model import DummyModelConfig
from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.registry import Registry
from lighteval.tasks.requests import Doc


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    return Doc(task_name=task_name, query=row["prompt"], choices=row["references"], gold_index=0)


def task(rows: str) -> LightevalTaskConfig:
    return LightevalTaskConfig(
        name="exact",
        prompt_function=prompt,
        hf_repo=rows,
        hf_subset="default",
        metrics=[Metrics.exact_match],
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        generation_size=64,
        stop_sequence=["\n\n"],
    )


TASKS_TABLE = [task(sys.argv[1])]


def no_tasks(*_: object) -> dict[str, LightevalTaskConfig]:
    return {}


if __name__ == "__main__":
    Registry._load_from_files = Registry._load_from_subdirs = staticmethod(no_tasks)
    pipeline = Pipeline(
        tasks="exact|0",
        pipeline_parameters=PipelineParameters(
            launcher_type=ParallelismManager.NONE, custom_tasks_directory=str(Path(__file__).resolve())
        ),
        evaluation_tracker=EvaluationTracker(output_dir=sys.argv[2], save_details=True),
        model_config=DummyModelConfig(cache_dir=str(Path(sys.argv[2]) / "cache")),
    )
    pipeline.evaluate()
    pipeline.save_and_push_results()
