"""Metrics of the package ``evaluate`` in a suite: a local script by its path, or one that this machine already has.

A script is code, and loading it runs it: a path has to be written as one (``./mine.py``), so that a name never loads
what happens to lie in the working folder, and a name never reaches for the network. Rows are scored one by one; how
they add up to what the module says of all of them together, a trial at loading finds out (``evaluate_rows``). Where
none of the ways is the module's own, the mean of rows is shown, and the signature and a warning say so.
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evalkit.metrics.evaluate_rows import MEAN, NUMBERS, TEXTS, Form, form_of, recorded_form
from evalkit.metrics.kinds import EVALUATE as PREFIX
from evalkit.metrics.kinds import TextMetric
from evalkit.metrics.numeric import last_number
from evalkit.records import Unscored, Vector

_KINDS = ("metric", "comparison", "measurement")
_TEXT = frozenset({"string", "large_string"})
_OTHER_INPUTS = frozenset({"predictions", "data"})


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a module wants to be given."""

    lists: bool = False
    """Every row's references as a list."""
    numbers: str = ""
    """``int`` or ``float`` where numbers are compared and not texts."""
    only: str = ""
    """The one input of a module that needs no references."""

    def arranged(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, list[Any]]:
        if self.only:
            return {self.only: [self._read(text) for text in predictions]}
        given = [[self._read(text) for text in row] for row in references]
        return {
            "predictions": [self._read(text) for text in predictions],
            "references": list(given) if self.lists else [row[0] for row in given],
        }

    def _read(self, text: str) -> Any:
        if not self.numbers:
            return text
        value = last_number(text)
        return None if value is None else int(value) if self.numbers == "int" else float(value)


@dataclass(frozen=True, slots=True)
class Imported(TextMetric):
    """One number of an ``evaluate`` module, row by row. It has no worst: a failed answer counts as an empty one."""

    bounds: tuple[float, float] | None = None
    worst: Vector | None = None
    source: str = ""
    key: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    module: Any = field(default=None, compare=False)
    identity: str = ""
    inputs: Inputs = field(default_factory=Inputs)
    form: Form = field(default=MEAN, compare=False)

    @property
    def adds_up(self) -> bool:
        """The number shown is what the module says of all rows together."""
        return self.form.exact

    @property
    def takes_lists(self) -> bool:
        return self.inputs.lists

    @property
    def signature(self) -> str:
        from importlib.metadata import version

        options = ",".join(f"{name}={value!r}" for name, value in sorted(self.arguments.items()))
        references = "module" if self.inputs.lists else "refs:best"
        counts = f"|{self.form.counts.signature}" if self.form.counts else ""
        return (
            f"evaluate|{self.identity}|key:{self.key}|{references}|rows:{self.form.name}|args:({options})"
            f"|version:{version('evaluate')}{counts}"
        )

    def value(self, total: Vector) -> float | None:
        return self.form.value(total)

    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        if self.form.counts is not None:
            return self.form.counts.text_statistics(hypothesis, references)
        if self.inputs.numbers:
            if last_number(hypothesis) is None:
                return Unscored("the answer is no number, and the metric compares numbers")
            references = [text for text in references if last_number(text) is not None]
        rows = [tuple(references)] if self.inputs.lists else [(text,) for text in references]
        scored = [(self.score([hypothesis], [row]), row) for row in rows if row]
        finite = [(value, row) for value, row in scored if math.isfinite(value)]
        if not finite:
            return Unscored("the metric gave no number")
        value, row = (min if self.better == "lower" else max)(finite, key=lambda found: found[0])
        return self.form.vector(value, hypothesis, row)

    def score(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
        """Of rows, each with the list of its references; modules that take one a row get the first."""
        given = self.inputs.arranged(predictions, references)
        return _number(self.module.compute(**given, **self.arguments), self.key, self.source)


def load(
    source: str,
    *,
    name: str = "",
    key: str = "",
    arguments: Mapping[str, Any] | None = None,
    better: str = "higher",
) -> Imported:
    """``source``: a path such as ``./mine.py``, or the name of a module that was fetched before.

    Raises ``ValueError`` that says what to do: where there is no such script, where the network would be needed, and
    for a module that does not compare texts or gives several numbers and is not told which.
    """
    import_evaluate()
    if is_path(source):
        module, identity = _from_path(source)
    else:
        module, identity = _from_cache(source)
    called = name or Path(source).stem.replace("/", "_")
    inputs = _inputs(module, source)
    given = dict(arguments or {})
    made = Imported(
        called, better=better, source=source, key=key, arguments=given, module=module, identity=identity, inputs=inputs
    )
    pairs = NUMBERS if inputs.numbers else TEXTS
    with _offline(), _blamed(f"{PREFIX}{source} fails on a trial"):
        found = module.compute(
            **inputs.arranged(*zip(*((said, [wanted]) for said, wanted in pairs), strict=True)), **given
        )
    made = replace(made, key=key or _key(found, called, source))
    _number(found, made.key, source)
    with _offline(), _blamed(f"{PREFIX}{source} cannot score a row alone, as evalkit does"):
        form = form_of(made.score, pairs, given, several=inputs.lists)
    return replace(made, form=form, kind=form.kind)


@contextmanager
def _blamed(what: str) -> Iterator[None]:
    """A module is anybody's code: whatever it raises, the person learns whose it was."""
    try:
        yield
    except Exception as error:
        raise ValueError(f"{what}: {type(error).__name__}: {str(error)[:200]}") from error


def recorded(name: str, signature: str) -> Imported | None:
    """A metric that reads the counts of a stored run, without its script."""
    form = recorded_form(signature)
    return None if form is None else Imported(name, kind=form.kind, form=form)


def is_path(source: str) -> bool:
    return source.endswith(".py") or source.startswith((".", "~", "/")) or Path(source).is_absolute()


def import_evaluate() -> Any:
    try:
        import evaluate
    except ImportError:
        raise ValueError("metrics of the package evaluate need it: pip install 'evalkit-lm[hf]'") from None
    return evaluate


def _from_path(source: str) -> tuple[Any, str]:
    path = Path(source).expanduser()
    script = path / f"{path.name}.py" if path.is_dir() else path
    if not script.is_file():
        raise ValueError(f"{PREFIX}{source}: there is no script at {script.absolute()} (paths start at this folder)")
    digest = hashlib.sha256(script.read_bytes()).hexdigest()[:16]
    with _offline(), _blamed(f"{PREFIX}{source} cannot be loaded"):
        module = import_evaluate().load(str(script), keep_in_memory=True)
    return module, f"{script.name}:{digest}"


def _from_cache(source: str) -> tuple[Any, str]:
    """Only from where ``evaluate`` keeps what it has fetched before."""
    from evaluate.loading import CachedEvaluationModuleFactory, import_main_class

    names = [source.replace("/", "--")] if "/" in source else [f"evaluate-{kind}--{source}" for kind in _KINDS]
    with _offline():
        for name in names:
            try:
                found = CachedEvaluationModuleFactory(name).get_module()
            except (OSError, ValueError):
                continue
            with _blamed(f"{PREFIX}{source} cannot be loaded without the network"):
                module = import_main_class(found.module_path)(keep_in_memory=True, hash=found.hash)
                module.download_and_prepare()
            return module, f"{name}:{str(found.hash)[:16]}"
    raise ValueError(
        f"{PREFIX}{source} is not on this machine, and evalkit does not fetch code from the network: fetch it with "
        f"python -c \"import evaluate; evaluate.load('{source}')\", or give the path of a script, such as ./{source}.py"
    )


def _inputs(module: Any, source: str) -> Inputs:
    """What it takes of answers and references: texts, or else numbers; a list of references to a row where it can."""
    offered = module.features if isinstance(module.features, list) else [module.features]
    alone = [next(iter(one)) for one in offered if len(one) == 1 and set(one) <= _OTHER_INPUTS]
    usable = [one for one in offered if {"predictions", "references"} == set(one)]
    if not usable and not alone:
        wanted = sorted({name for one in offered for name in one} - {"predictions", "references"})
        raise ValueError(f"{PREFIX}{source} needs {', '.join(wanted) or 'other inputs'} beside answers and references")
    if not usable:
        return Inputs(only=alone[0], numbers=_numbers(offered[0][alone[0]], source))
    texts = [one for one in usable if getattr(one["predictions"], "dtype", "") in _TEXT]
    if not texts:
        return Inputs(numbers=_numbers(usable[0]["predictions"], source))
    return Inputs(lists=any(getattr(one["references"], "dtype", "") not in _TEXT for one in texts))


def _numbers(feature: Any, source: str) -> str:
    """Which sort of number a single value is, nothing of a text."""
    kind = str(getattr(feature, "dtype", "") or "lists")
    sort = "int" if kind.startswith(("int", "uint", "bool")) else "float" if kind.startswith("float") else ""
    if not sort and kind not in _TEXT:
        raise ValueError(f"{PREFIX}{source} compares {kind}, not texts or numbers")
    return sort


def _key(found: Any, name: str, source: str) -> str:
    numbers = [str(key) for key, value in (found or {}).items() if _is_number(value)]
    if len(numbers) == 1:
        return numbers[0]
    if name in numbers:
        return name
    listed = ", ".join(map(str, numbers)) or "none"
    raise ValueError(f"{PREFIX}{source} gives several numbers ({listed}): say which with key")


def _is_number(value: Any) -> bool:
    if isinstance(value, list | tuple) and value:
        return _is_number(value[0])
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str | bool)


def _number(found: Any, key: str, source: str) -> float:
    """Of a list, one entry a row, the mean: rows are scored alone, so it has one entry."""
    if not isinstance(found, Mapping) or key not in found or not _is_number(found[key]):
        raise ValueError(f"{PREFIX}{source} gives no number '{key}'")
    value = found[key]
    return sum(map(float, value)) / len(value) if isinstance(value, list | tuple) else float(value)


@contextmanager
def _offline() -> Iterator[None]:
    """While it lasts nothing is fetched: an attempt ends at once, and not after a time-out."""
    names = ("HF_HUB_OFFLINE", "HF_EVALUATE_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
    kept = {name: os.environ.get(name) for name in names}
    flags = [("evaluate.config", "HF_EVALUATE_OFFLINE"), ("huggingface_hub.constants", "HF_HUB_OFFLINE")]
    switches = [(sys.modules[module], flag) for module, flag in flags if module in sys.modules]
    before = [getattr(module, flag, False) for module, flag in switches]
    os.environ.update(dict.fromkeys(names, "1"))
    for module, flag in switches:
        setattr(module, flag, True)
    try:
        yield
    finally:
        for (module, flag), value in zip(switches, before, strict=True):
            setattr(module, flag, value)
        for name, text in kept.items():
            if text is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = text
