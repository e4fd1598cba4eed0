"""With little memory left, as the system limits it: batches are halved, answers stay what they are, and a request that
does not fit alone fails alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_models import make_llama

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell what is used")
CRAMPED = Path(__file__).parents[2] / "fixtures" / "cramped_model.py"


@pytest.fixture(scope="module")
def hungry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with wide layers: each row that it reads takes some dozen megabytes for that moment."""
    folder = tmp_path_factory.mktemp("hungry")
    return make_llama(folder, intermediate_size=32768, max_position_embeddings=512)


def asked(folder: Path, *limits: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
    command = [sys.executable, str(CRAMPED), str(folder), *limits]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_batch_that_is_too_large_is_halved_and_the_answers_are_those_of_one_at_a_time(hungry: Path) -> None:
    told = asked(hungry, "200", "8")
    assert told["equal"]
    assert told["failures"] == []
    assert told["troubles"][0] == "the memory did not suffice for 8 requests at once: the model went on with 4"


def test_where_not_even_one_fits_each_fails_and_the_process_goes_on(hungry: Path) -> None:
    told = asked(hungry, "10")
    assert told["failures"] == ["out of memory"] * 8
    assert told["troubles"][-1].endswith("went on with 1")
