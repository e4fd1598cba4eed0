"""A row and its variants, as ``perturb`` of a dataset makes them: the rows that share the label ``variant_of``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from evalkit.checks.base import rows_have, torn
from evalkit.records import Sample


def families(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """By the row that they are variants of, the row itself first."""
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        origin = sample.labels.get("variant_of")
        found.setdefault(sample.id if origin in (None, "") else str(origin), []).append(sample)
    for name, members in found.items():
        members.sort(key=lambda member: member.id != name)
    return found


def wording(sample: Sample) -> str:
    """The perturbation, with what tells several of its variants apart; ``none``: the row as it stands."""
    origin = str(sample.labels.get("variant_of") or sample.id)
    said = str(sample.labels.get("perturbation") or ("none" if sample.id == origin else "unnamed"))
    behind = sample.id.removeprefix(f"{origin}~")
    return behind if behind != sample.id and behind.startswith(said) else said


def warnings_of(found: Mapping[str, Sequence[Sample]]) -> Iterator[str]:
    alone = [name for name, members in found.items() if len(members) == 1]
    if alone:
        yield f"{rows_have(len(alone), len(found))} no variant, asked as it stands: such as '{alone[0]}'"
    apart = torn(found)
    if apart:
        yield f"{len(apart)} rows and their variants are spread over several clusters, such as '{apart[0]}'"
