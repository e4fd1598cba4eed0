"""Ask in a process that was started for it: whatever the old one had kept is gone.

Questions and answers travel as JSON over the child's own pipes. The child takes the options that the parent had
resolved, and no settings of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from evalkit.errors import ModelError
from evalkit.models.hf.options import HfOptions
from evalkit.models.reference import Reference
from evalkit.records import Answer, Condition, Request

FRESH = "fresh"


class RestartedSession:
    """Every round of questions gets a process of its own."""

    def __init__(self, reference: Reference, options: HfOptions, condition: Condition) -> None:
        self._reference, self._options = reference, options
        self._condition = replace(condition, process=None)

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        if not requests:
            return
        question = {
            "reference": asdict(self._reference),
            "options": asdict(self._options),
            "condition": asdict(self._condition),
            "requests": [asdict(request) for request in requests],
        }
        command = [sys.executable, "-m", "evalkit.models.hf.conditions.restart"]
        done = subprocess.run(  # noqa: S603 - this interpreter, this module
            command,
            input=json.dumps(question, default=_plain),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300]
            raise ModelError(f"the model could not be asked in a process of its own: {said}")
        read = TypeAdapter(Answer)
        for line in done.stdout.splitlines():
            position, answer = json.loads(line)
            yield int(position), read.validate_python(answer)

    def close(self) -> None:
        """The processes have ended."""


def _plain(value: Any) -> Any:
    """Paths and sets, which JSON does not know; reading makes them again, by the types of the records."""
    return str(value) if isinstance(value, Path) else sorted(value)


def _answer_all(question: dict[str, Any], say: Callable[[str], Any]) -> None:
    from evalkit.models.hf.backend import HfBackend

    options = TypeAdapter(HfOptions).validate_python(question["options"])
    backend = HfBackend(Reference(**question["reference"]), options)
    session = backend.session(Condition(**question["condition"]))
    requests = TypeAdapter(list[Request]).validate_python(question["requests"])
    for position, answer in session.ask(requests):
        say(json.dumps([position, asdict(answer)]) + "\n")


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    try:
        _answer_all(json.load(sys.stdin), answers.write)
    except ModelError as error:
        sys.exit(error.message)
