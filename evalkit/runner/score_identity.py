"""What decides the scores of a check, beside the answers that it gets: where all of it is equal, so are they."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evalkit import plugins
from evalkit.checks.base import BaseCheck
from evalkit.checks.repeats import Repeated
from evalkit.data.rowstore import Replaced
from evalkit.protocols import Metric
from evalkit.runner.environment import environment
from evalkit.runner.plan import Plan
from evalkit.suite.load import SuiteCheck

FORMAT = 1
"""Part of every identity: raised where scores are stored or made otherwise, and no old one is taken over."""
JUDGING = ("checks", "metrics", "records.py", "protocols.py", "data/bbq.py", "models/embedding.py", "runner/examine.py")
"""Of evalkit's own files, those that make scores of answers."""
MOST_FILES = 5_000
"""Of a plugin's package. Reading more, in every run, would cost more than scoring anew."""
LONGEST_PATH = 1_000


def score_identities(plan: Plan) -> dict[str, str]:
    """By check. One whose scores rest on something that cannot be seen from here is absent: it always scores anew."""
    found = {check.name: _identity(plan, check) for check in plan.checks}
    return {name: identity for name, identity in found.items() if identity}


def _identity(plan: Plan, check: SuiteCheck) -> str:
    whole = check.check
    inner, attempts = (whole.inner, whole.attempts) if isinstance(whole, Repeated) else (whole, 1)
    cut = isinstance(plan.order[check.dataset].samples, Replaced)  # to fit this model: the rows are not the dataset's
    if cut or not isinstance(inner, BaseCheck):
        return ""
    rests_on, code = inner.rests_on(), _code_of(inner)
    if rests_on is None or code is None:
        return ""
    options = inner.options.model_dump(mode="json")
    parts = [
        FORMAT,
        [inner.kind, f"{type(inner).__module__}.{type(inner).__qualname__}", attempts],
        options,
        [_digest_of_file(path) for path in _files_named(options, plan.suite.path.parent)],
        repr(check.decoding),
        [_told(metric) for metric in whole.metrics],
        plan.datasets[check.dataset].fingerprint,
        code,
        _installed(),
        list(rests_on),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _told(metric: Metric) -> list[Any]:
    return [metric.name, metric.kind, metric.better, metric.signature, metric.worst]


def _installed() -> dict[str, Any]:
    here = environment()
    return {name: here[name] for name in ("evalkit", "python", "platform", "packages")}


def _files_named(options: Any, folder: Path) -> Iterator[Path]:
    """An option may name a file, from where evalkit runs or from the suite: then what is in it counts."""
    if isinstance(options, dict):
        options = list(options.values())
    if isinstance(options, list):
        for option in options:
            yield from _files_named(option, folder)
    elif isinstance(options, str) and 0 < len(options) <= LONGEST_PATH and "\0" not in options:
        for path in dict.fromkeys((Path(options).expanduser(), folder / options)):
            if path.is_file():
                yield path


def _code_of(check: BaseCheck) -> str | None:
    """Of the source of all that judges: the check, its metrics, every plugin of metrics. None: it cannot be read."""
    texts: Sequence[object] = getattr(check, "text_metrics", ())
    kinds = {kind for part in (check, *check.metrics, *texts) for kind in type(part).__mro__}
    modules = {kind.__module__ for kind in kinds} | plugins.modules("evalkit.metrics")
    own = {name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names}
    digests = [_source_digest(root) for root in sorted(set(map(_root, own)))]
    known = [digest for digest in digests if digest is not None]
    return "".join(known) if len(known) == len(digests) else None


def _root(module: str) -> str:
    """The outermost package with a file of its own: what lies in it changes together. Folders around it may be
    anybody's."""
    parts = module.split(".")
    names = [".".join(parts[: end + 1]) for end in range(len(parts))]
    return next((name for name in names if _origin(name)), module)


@cache
def _origin(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError, AttributeError):  # what is being run, or a notebook: no file says what is in it
        return None
    return Path(spec.origin) if spec and spec.origin and Path(spec.origin).is_file() else None


@cache
def _source_digest(module: str) -> str | None:
    origin = _origin(module)
    if origin is None:
        return None
    folder = origin.parent
    if origin.name != "__init__.py":
        files = [origin]
    else:
        files = list(_files(folder / part for part in JUDGING) if module == "evalkit" else _files([folder]))
    if len(files) > MOST_FILES:
        return None
    digest = hashlib.sha256()
    for path in sorted(files):
        line = f"{path.relative_to(folder).as_posix()}\0{_digest_of_file(path)}\0"
        digest.update(line.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_file():
            yield place
        for folder, folders, names in os.walk(place):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (Path(folder, name) for name in names)


def _digest_of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:  # what cannot be read now could not be read then, or is another thing
        return f"unreadable: {error.strerror}"
