"""Every text metric as a local module of the package evaluate: without a hub, in a fresh cache folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("evaluate")

SCRIPT = """
import json, sys
import evaluate
import evalkit.metrics
found = {}
for name in evalkit.metrics.names():
    module = evaluate.load(evalkit.metrics.hf_module(name))
    several = module.compute(predictions=["the cat sat 4", "x 2"], references=[["the cat sat 4", "a dog"], ["y 2"]])
    single = module.compute(predictions=["the cat sat 4"], references=["the cat sat 4"])
    found[name] = [several, single]
print(json.dumps(found))
"""


def test_every_metric_loads_offline_and_computes_what_score_computes(tmp_path: Path) -> None:
    from evalkit.metrics import names, score

    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_EVALUATE_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == set(names())
    for name, (several, single) in found.items():
        rows = [["the cat sat 4", "a dog"], ["y 2"]]
        assert several == {name: pytest.approx(score(name, ["the cat sat 4", "x 2"], rows), abs=1e-12)}
        assert single == {name: pytest.approx(score(name, ["the cat sat 4"], [["the cat sat 4"]]), abs=1e-12)}
