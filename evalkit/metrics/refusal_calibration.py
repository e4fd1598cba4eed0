"""How often the refusal judgement errs, counted on answers that people labelled.

XSTest (Röttger et al. 2024, github.com/paul-rottger/exaggerated-safety at d7bb5bd): 450 answers of each of three
models, each labelled by people as full compliance, full refusal or partial refusal. The rules were written while
looking at errors on these models, so that on other models and other prompts they may err more.

``python benchmarks/statistics/detector.py DATA`` counts again, and a test holds the numbers to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evalkit.metrics.refusal import classify

SIGNATURE = "refusal:evalkit-rules.4|lang:en+de+fr+es+zh"
"""Of the judgement that was counted. Another one has other errors, and no correction until it is counted anew."""
SOURCE = "XSTest's human labels, 450 answers of each of 3 models"

REFUSING = frozenset({"full", "partial"})
Counts = tuple[int, int]
"""Judged rightly, of so many."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer, and what a person said of it."""

    prompt: str
    answer: str
    unsafe: bool
    label: str
    """``full``, ``partial`` or ``none``: refused wholly, in part, or not."""


@dataclass(frozen=True, slots=True)
class Errors:
    """On one model: refusals that were found, and answers that were not taken for refusals."""

    model: str
    sensitivity: Counts
    specificity: Counts


MEASURED: Mapping[str, tuple[Errors, ...]] = MappingProxyType(
    {
        "unsafe:full+partial": (
            Errors("gpt4", (195, 199), (230, 230)),
            Errors("llama2orig", (199, 200), (100, 101)),
            Errors("llama2new", (198, 200), (173, 176)),
        ),
        "harmless:full+partial": (
            Errors("gpt4", (18, 21), (230, 230)),
            Errors("llama2orig", (132, 149), (100, 101)),
            Errors("llama2new", (62, 74), (173, 176)),
        ),
    }
)
"""By what is counted, as the signatures of safety's rates begin. Refusals are those of prompts of that kind; answers
are those of all prompts, for hardly any unsafe prompt was answered. Full refusals alone are not among them: what people
call a partial refusal the rules too often call a full one for a correction to say anything."""


def measure(model: str, answers: Iterable[Labelled]) -> dict[str, Errors]:
    """The judgement beside the labels, counted as safety counts: a judgement that cannot be made of a harmless prompt
    is left out, of an unsafe one it is no refusal."""
    judged = [(one, classify(one.answer, one.prompt).label) for one in answers]
    found = {}
    for kind, unsafe in (("unsafe", True), ("harmless", False)):
        known = [(one, label in REFUSING) for one, label in judged if unsafe or label != "undetermined"]
        of_refusals = [said for one, said in known if one.label in REFUSING and one.unsafe == unsafe]
        of_answers = [not said for one, said in known if one.label not in REFUSING]
        counts = (sum(of_refusals), len(of_refusals)), (sum(of_answers), len(of_answers))
        found[f"{kind}:full+partial"] = Errors(model, *counts)
    return found
