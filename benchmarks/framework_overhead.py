"""What evalkit itself costs: whole runs on a mock that answers at once, so that nothing but the framework is measured.

python benchmarks/framework_overhead.py [SAMPLES ...]

Each line is one process from start to exit, with store and all reports: CPU seconds (user and system) and peak memory.
CPU seconds differ between machines; the growth from line to line does not.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

SAMPLES = (1_000, 5_000, 10_000)
WORDS = ("river", "stone", "city", "market", "answer", "model", "number", "garden", "winter", "letter", "water")
SUITE = """
name: overhead
datasets: {{rows: {{path: {rows}}}}}
checks:
  accuracy: {{dataset: rows, metrics: [exact_match, bleu]}}
  length: {{dataset: rows}}
  safety: {{dataset: rows}}
gates: [accuracy.exact_match >= 0.5, accuracy.bleu > 0.5, length.empty == 0]
"""


def write_suite(folder: Path, samples: int) -> Path:
    """Rows of about 25 words, the same for the same number."""
    draw = random.Random(samples)
    rows = folder / f"rows-{samples}.jsonl"
    with rows.open("w", encoding="utf-8") as file:
        for i in range(samples):
            text = " ".join(draw.choices(WORDS, k=25))
            row = {"id": f"r{i}", "prompt": f"Question {i}: {text}?", "references": [f"{text}."], "unsafe": i % 2 == 0}
            file.write(json.dumps({**row, "category": f"c{i % 8}", "expected_length": "short"}) + "\n")
    suite = folder / f"overhead-{samples}.yaml"
    suite.write_text(SUITE.format(rows=rows.name), encoding="utf-8")
    return suite


def measure(suite: Path) -> tuple[float, float]:
    """CPU seconds and peak megabytes of one whole run."""
    command = [sys.executable, "-m", "evalkit", "run", str(suite), "--model", "mock:oracle", "-q"]
    command += ["--store", str(suite.with_suffix(".db")), "--report", str(suite.with_suffix(".report"))]
    process = subprocess.Popen(command, cwd=suite.parent, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"the run of {suite.name} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main(arguments: list[str]) -> None:
    sizes = [int(argument) for argument in arguments] or list(SAMPLES)
    print(f"{'samples':>9} {'CPU s':>7} {'MB':>6} {'growth':>7}")
    before = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for samples in sizes:
            seconds, megabytes = measure(write_suite(Path(folder), samples))
            growth = f"{seconds / before:.2f}x" if before else ""
            print(f"{samples:>9,} {seconds:>7.2f} {megabytes:>6.0f} {growth:>7}", flush=True)
            before = seconds


if __name__ == "__main__":
    main(sys.argv[1:])
