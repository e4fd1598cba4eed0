"""May two runs be compared? What they measured differently is refused; what was made differently is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.errors import NotComparable
from evalkit.results import CheckSummary, Result, Run
from evalkit.runner.generation import in_words, other_settings


def common_checks(theirs: Result, ours: Result, *, allow_different: bool) -> tuple[list[str], tuple[str, ...]]:
    """Names, and what of them was measured differently: ``NotComparable`` unless it is allowed."""
    left = {check.name: check for check in theirs.checks}
    right = {check.name: check for check in ours.checks}
    common = [name for name in right if name in left]
    where = f"{theirs.run.id} and {ours.run.id}"
    if not common:
        raise NotComparable(
            f"the runs have no check in common: {', '.join(left)} there, {', '.join(right)} here",
            where=where,
            hint="compare two runs of one suite; 'evalkit list' shows them",
        )
    found = (fault for name in common for fault in _faults(theirs.run, ours.run, left[name], right[name]))
    faults = tuple(dict.fromkeys(found))
    if faults and not allow_different:
        raise NotComparable(
            "the runs did not measure the same thing:\n" + "\n".join(faults),
            where=where,
            hint="evaluate both models with the same suite and data, by the same version of evalkit; "
            "--allow-different compares them all the same and says so",
        )
    return common, faults


def _faults(theirs: Run, ours: Run, left: CheckSummary, right: CheckSummary) -> Iterator[str]:
    before, after = theirs.datasets.get(left.dataset), ours.datasets.get(right.dataset)
    if before != after:
        names = left.dataset if left.dataset == right.dataset else f"{left.dataset} and {right.dataset}"
        sides = f"{_short(before)} in the baseline, {_short(after)} in the candidate"
        yield f"dataset {names} of check {left.name}: {sides}"
    if left.kind != right.kind:
        yield f"check {left.name}: kind {left.kind} in the baseline, {right.kind} in the candidate"
    signatures = {metric.name: metric.signature for metric in left.metrics}
    for metric in right.metrics:
        before = signatures.get(metric.name)
        if before is not None and before != metric.signature:
            yield f"metric {left.name}.{metric.name}: {before} in the baseline, {metric.signature} in the candidate"
    for setting, before, after in other_settings(left.generation, right.generation):
        yield f"generation of check {right.name}: {setting} {before} in the baseline, {after} in the candidate"


def require_common_cases(theirs: Run, ours: Run, pairs: int) -> None:
    if not pairs:
        raise NotComparable(
            "the runs have no case in common: nothing can be paired",
            where=f"{theirs.id} and {ours.id}",
            hint="cases are matched by the ids of their rows; compare two runs over the same rows",
        )


def _short(fingerprint: str | None) -> str:
    return (fingerprint or "unknown").rpartition(":")[2][:12]


def missing(theirs: Result, ours: Result) -> Iterator[str]:
    for one, other, side in ((theirs, ours, "baseline"), (ours, theirs, "candidate")):
        others = {check.name: {metric.name for metric in check.metrics} for check in other.checks}
        for check in one.checks:
            if check.name not in others:
                yield f"check {check.name} is in the {side} only"
                continue
            lost = [metric.name for metric in check.metrics if metric.name not in others[check.name]]
            if lost:
                yield f"metrics {', '.join(f'{check.name}.{name}' for name in lost)} are in the {side} only"


def differences(theirs: Result, ours: Result) -> Iterator[tuple[str, str, str]]:
    for name, before, after in _circumstances(theirs, ours):
        if before != after:
            yield name, before, after


def _circumstances(theirs: Result, ours: Result) -> Iterator[tuple[str, str, str]]:
    left, right = theirs.run, ours.run
    yield "model", left.model, right.model
    if left.model == right.model:
        yield "weights", _short(left.model_fingerprint), _short(right.model_fingerprint)
    yield "suite", left.suite, right.suite
    if left.suite == right.suite:
        yield "suite content", _short(left.suite_fingerprint), _short(right.suite_fingerprint)
    for key in dict.fromkeys([*left.options, *right.options]):
        if key != "baseline":
            yield key, in_words(left.options.get(key)), in_words(right.options.get(key))
    before, after = _versions(left.environment), _versions(right.environment)
    for key in dict.fromkeys([*before, *after]):
        yield key, before.get(key, "none"), after.get(key, "none")


def _versions(environment: Mapping[str, object]) -> dict[str, str]:
    flat = {key: str(value) for key, value in environment.items() if not isinstance(value, Mapping)}
    packages = environment.get("packages")
    return {**flat, **({str(k): str(v) for k, v in packages.items()} if isinstance(packages, Mapping) else {})}
