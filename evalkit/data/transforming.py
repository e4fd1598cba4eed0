"""What a function of the suite makes of a dataset's rows.

It is code, and runs only where the person said so. Rows are held to what the query's contract says before they reach
it, and what it gives is held to the dataset's own contract, as any file is.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.data.boundary import Boundary
from evalkit.data.contracts import Contract
from evalkit.data.rows import Row, shown
from evalkit.data.sources import Source
from evalkit.data.spec import TransformSpec
from evalkit.data.values import plain
from evalkit.errors import PLUGIN_BREAKS, DatasetError, did_you_mean

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TransformedSource:
    dataset: str
    source: Source
    transform: TransformSpec
    contract: Contract | None = None
    """Of the rows that go in."""

    @property
    def name(self) -> str:
        return f"{self.dataset} after the transform"

    def rows(self) -> Iterator[Row]:
        given = Boundary(self.source, self.contract)
        with _failures_named(self.transform, given):
            function = _function(self.transform)
            made = iter(_made(function, given, self.transform))
            yield from _numbered(made)
            given.finish()


def require_trust(transform: TransformSpec) -> None:
    if not transform.trusted:
        code = f"{shown(transform.path)}:{transform.function}"
        raise DatasetError(
            f"its rows are made by code, {code}, which does not run unless you allow it",
            where=transform.origin,
            hint="read that file; if you trust it, add --trust-code, or trust_code = true to evalkit.toml",
        )


def _function(transform: TransformSpec) -> Callable[[Rows], Rows]:
    require_trust(transform)
    path, name, where = Path(transform.path), transform.function, transform.origin
    if not path.is_file():
        raise DatasetError(f"there is no file {shown(path)}", where=where, hint="transform: ./FILE.py:FUNCTION")
    module_name = f"evalkit_transform_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # classes made in it are looked for there
    with redirect_stdout(sys.stderr):
        spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        known = [one for one, value in vars(module).items() if callable(value) and not one.startswith("_")]
        what = f"{shown(path)} has no function '{name}'"
        raise DatasetError(what, where=where, hint=did_you_mean(name, known, "it has") if known else "")
    found: Callable[[Rows], Rows] = function
    return found


def _made(function: Callable[[Rows], Rows], given: Rows, transform: TransformSpec) -> Rows:
    with redirect_stdout(sys.stderr):
        made = function(given)
    if isinstance(made, str | bytes | Mapping) or not isinstance(made, Iterable):
        what = f"what {shown(transform.path)}:{transform.function} gives is {_kind(made)}, not rows"
        hint = "it is called with an iterable of rows, and returns or yields rows: mappings of columns"
        raise DatasetError(what, where=transform.origin, hint=hint)
    return made


def _numbered(made: Iterator[Any]) -> Iterator[Row]:
    number = 0
    while True:
        with redirect_stdout(sys.stderr):  # what it prints is no output of ours
            try:
                one = next(made)
            except StopIteration:
                return
        number += 1
        if not isinstance(one, Mapping):
            yield Row({}, number, f"is {_kind(one)}, not a mapping of columns")
        elif wrong := next((name for name in one if not isinstance(name, str)), None):
            yield Row({}, number, f"has a column that is not named by a text: {wrong!r}"[:100])
        else:
            yield Row({name: plain(value) for name, value in one.items()}, number)


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"of the type {type(value).__name__}"


@contextmanager
def _failures_named(transform: TransformSpec, given: Boundary) -> Iterator[None]:
    """What the code raises is told with its own line, unless the rows that it was given were what is wrong."""
    try:
        yield
    except DatasetError:
        raise
    except PLUGIN_BREAKS as error:  # a suite's own code: whatever it raises
        if given.failure is not None:
            raise given.failure from None
        place = _place(error, transform.path)
        read = f", after {given.count:,} rows were read" if given.count else ""
        raise DatasetError(
            f"the transform {place} raised {type(error).__name__}: {str(error)[:300]}{read}", where=transform.origin
        ) from error


def _place(error: BaseException, path: str) -> str:
    if isinstance(error, SyntaxError) and error.filename == path:
        return f"{shown(path)}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"{shown(path)}:{lines[-1]}" if lines else shown(path)
