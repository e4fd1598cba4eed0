"""Samples and perturbations → the samples and their variants."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from evalkit import plugins
from evalkit.data.perturb.base import NONE, Perturbation, PerturbationOptions, Variant
from evalkit.data.rowstore import Samples
from evalkit.errors import DatasetError, EvalkitError, PluginError
from evalkit.records import Sample

if TYPE_CHECKING:
    from evalkit.data.spec import PerturbSpec

GROUP = "evalkit.perturbations"
LABELS = ("perturbation", "variant_of")


def expand(
    samples: Sequence[Sample], specs: Sequence[PerturbSpec], dataset: str = "dataset"
) -> tuple[Sequence[Sample], tuple[str, ...]]:
    """Every sample, each followed by its variants; and sentences about rows that a perturbation does not fit.

    Variants share their original's cluster, so that they are ordered, resampled and stopped with it. Raises
    ``DatasetError`` where two samples would have one id or rows have the labels that this sets.
    """
    if not specs:
        return samples, ()
    named = [_opened(spec) for spec in specs]
    twice = [name for name, times in Counter(name for name, _, _ in named).items() if times > 1]
    if twice:
        at = next(
            spec.origin for spec, (name, _, _) in zip(reversed(specs), reversed(named), strict=True) if name in twice
        )
        raise DatasetError(
            f"dataset '{dataset}': two perturbations are called '{twice[0]}'",
            where=at,
            hint=f"give one of them a name of its own: {{{twice[0]}: {{name: {twice[0]}_2}}}}",
        )
    fits: Counter[str] = Counter()
    made = Samples()
    for sample in samples:
        _refuse_own_labels(sample)
        labels = {**sample.labels, "perturbation": NONE, "variant_of": sample.id}
        made.append(replace(sample, labels=labels, cluster=sample.cluster or sample.id))
        for name, perturbation, origin in named:
            found = list(_variants(sample, name, perturbation, origin))
            fits[name] += bool(found)
            for variant in found:
                made.append(variant)
    _refuse_twins(made)
    return made, tuple(_said(dataset, len(samples), [name for name, _, _ in named], fits))


def _opened(spec: PerturbSpec) -> tuple[str, Perturbation, str]:
    kind: Any = plugins.load(GROUP, spec.kind, where=spec.origin)
    if not (isinstance(kind, type) and issubclass(kind, Perturbation)):
        raise PluginError(
            f"perturbation '{spec.kind}' is no class that derives from evalkit.data.perturb.Perturbation",
            where=spec.origin,
        )
    try:
        options: PerturbationOptions = kind.Options(**spec.options)
        return options.name or spec.kind, kind(options), spec.origin
    except ValueError as error:  # of pydantic, and of whatever the perturbation itself cannot do
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise DatasetError(f"perturbation '{spec.kind}': {'; '.join(lines[:3])}", where=spec.origin) from error


def _variants(sample: Sample, name: str, perturbation: Perturbation, origin: str) -> Iterator[Sample]:
    random = Random(_seed(perturbation, sample))
    try:
        found: Iterable[Variant] = list(perturbation.variants(sample, random))
    except EvalkitError:
        raise
    except Exception as error:  # a plugin may raise anything; the person must learn which one and at which row
        what = f"perturbation '{name}' fails at row '{sample.id}': {type(error).__name__}: {error}"
        raise PluginError(what, where=origin) from error
    for variant in found:
        full = f"{name}-{variant.part}" if variant.part else name
        labels = {
            **sample.labels,
            **variant.labels,
            "perturbation": full if variant.own_name else name,
            "variant_of": sample.id,
        }
        if "group" in variant.labels:
            labels["pair"] = f"{sample.id}~{name}"
        yield replace(
            sample,
            id=f"{sample.id}~{full}",
            messages=variant.messages,
            references=sample.references if variant.references is None else variant.references,
            labels=labels,
            cluster=sample.cluster or sample.id,
        )


def _seed(perturbation: Perturbation, sample: Sample) -> int:
    written = f"{perturbation.kind}\0{perturbation.options.seed}\0{sample.id}"
    return int.from_bytes(hashlib.sha256(written.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def _refuse_own_labels(sample: Sample) -> None:
    own = [label for label in LABELS if label in sample.labels]
    if own:
        raise DatasetError(
            f"the row has a column '{own[0]}', which perturb sets",
            where=sample.origin,
            hint="rename the column in the file, or leave perturb out",
        )


def _refuse_twins(samples: Samples) -> None:
    twin, times = max(Counter(samples.ids).items(), key=lambda item: item[1], default=("", 1))
    if times > 1:
        where = next(sample.origin for sample in samples if sample.id == twin)
        raise DatasetError(
            f"a variant and another row have one id: '{twin}'",
            where=where,
            hint="ids without '~' never meet a variant's",
        )


def _said(dataset: str, rows: int, names: Sequence[str], fits: Counter[str]) -> Iterator[str]:
    for name in names:
        if fits[name] < rows:
            many = f"{fits[name]} of {rows}" if fits[name] else f"none of {rows}"
            yield f"dataset '{dataset}': perturbation '{name}' fits {many} rows; the others have no such variant"
