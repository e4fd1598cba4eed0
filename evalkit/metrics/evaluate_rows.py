"""How a module of the package ``evaluate`` adds its rows up, found out by a trial.

evalkit scores row by row, so that a number has an interval and a run can be resumed. Many modules are the plain mean of
their rows; error rates weigh each row by the length of its reference; translation scores add counts up. A form is
taken only where it gives what the module itself says of several sets of rows, to nine digits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from evalkit.metrics.kinds import TextMetric
from evalkit.records import Vector

TEXTS = (
    ("the cat sat on the mat", "the cat sat on the mat"),
    ("a dog ran", "the dog ran off to the old tree"),
    ("It's 3.5 km, isn't it?", "It is 3.5 km, isn't it? Yes!"),
    ("Über den Wolken muss die Freiheit grenzenlos sein", "über den Wolken ist die Freiheit wohl grenzenlos"),
    ("one two three four five six seven", "one two three five six seven"),
    ("yes", "No."),
    ("an answer that goes on and on without an end in sight", "an answer"),
    ("Paris  is the capital of France.", "The capital of France is Paris"),
)
"""Answers and references: other lengths, marks, capitals, letters beyond ASCII, order of words, double spaces."""
NUMBERS = (("3", "3"), ("1", "0"), ("0", "1"), ("2", "2"), ("5", "4"), ("1", "1"), ("4", "1"), ("0", "0"))
_SETS = ((0, 1, 2, 3, 4, 5, 6, 7), (1, 2, 3), (0, 4, 6), (5, 7), (3, 6, 1, 2))
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Form:
    """What a row's statistics are, and what their sums are worth."""

    name: str
    weigh: Callable[[str, Sequence[str]], float] | None = None
    """Of a mean of rows that do not count alike: how much a row counts."""
    counts: TextMetric | None = None
    """The metric whose counts the module adds up."""
    scale: float = 1.0
    exact: bool = True
    """It is what the module says of all rows together."""

    @property
    def kind(self) -> str:
        return "corpus" if self.counts else "ratio" if self.weigh else "mean"

    def vector(self, value: float, answer: str, references: Sequence[str]) -> Vector:
        """``value``: what the module says of the row alone."""
        weight = self.weigh(answer, references) if self.weigh else 1.0
        return (value * weight, weight)

    def value(self, total: Vector) -> float | None:
        if self.counts is None:
            return total[0] / total[1] if total[1] else None
        value = self.counts.value(total)
        return None if value is None else value * self.scale


def _mean_length(length: Callable[[str], int]) -> Callable[[str, Sequence[str]], float]:
    return lambda answer, references: sum(map(length, references)) / len(references)


def _words(text: str) -> int:
    return len(text.split())


MEAN = Form("mean")
OF_SINGLE_ROWS = Form("mean of single rows, not of the corpus", exact=False)
_WEIGHTS: Mapping[str, Callable[[str, Sequence[str]], float]] = {
    "words of the reference": _mean_length(_words),
    "characters of the reference": _mean_length(len),
    "words of the answer": lambda answer, references: float(_words(answer)),
    "characters of the answer": lambda answer, references: float(len(answer)),
}


def _of_sacrebleu(arguments: Mapping[str, Any]) -> list[tuple[str, TextMetric]]:
    """By the arguments that ``evaluate``'s own wrappers of sacreBLEU take."""
    from evalkit.metrics.corpus import make_bleu, make_chrf

    lowercase = bool(arguments.get("lowercase", False))
    found: list[tuple[str, TextMetric]] = []
    with suppress(ValueError):  # of a tokeniser that is not here
        found.append(("bleu's counts", make_bleu(str(arguments.get("tokenize", "13a")), lowercase=lowercase)))
    if arguments.get("char_order", 6) == 6 and arguments.get("beta", 2) == 2:
        order = arguments.get("word_order", 0)
        found.append(("chrf's counts", make_chrf(word_order=int(order), lowercase=lowercase)))
    return found


def form_of(
    score: Callable[[Sequence[str], Sequence[Sequence[str]]], float],
    pairs: Sequence[tuple[str, str]],
    arguments: Mapping[str, Any],
    several: bool = False,
) -> Form:
    """The form that agrees with the module; ``OF_SINGLE_ROWS`` where none does.

    ``score`` says what the module says of answers and their references, a list a row; ``several``: of two a row.
    """
    answers, single = [said for said, _ in pairs], [wanted for _, wanted in pairs]
    references = list(zip(single, single[1:] + single[:1], strict=True)) if several else [(text,) for text in single]
    alone = [score([said], [wanted]) for said, wanted in zip(answers, references, strict=True)]
    together = [score([answers[at] for at in rows], [references[at] for at in rows]) for rows in _SETS]

    def agrees(form: Form, vectors: Sequence[Vector]) -> bool:
        for rows, wanted in zip(_SETS, together, strict=True):
            found = form.value(tuple(math.fsum(column) for column in zip(*(vectors[at] for at in rows), strict=True)))
            if found is None or not math.isclose(found, wanted, rel_tol=_NEAR, abs_tol=1e-12):
                return False
        return True

    rows = list(zip(alone, answers, references, strict=True))
    for form in (MEAN, *(Form(f"weighed by the {name}", weigh) for name, weigh in _WEIGHTS.items())):
        if agrees(form, [form.vector(*row) for row in rows]):
            return form
    for name, metric in _of_sacrebleu(arguments):
        counted = [metric.text_statistics(said, wanted) for _, said, wanted in rows]
        vectors = [vector for vector in counted if isinstance(vector, tuple)]
        for scale in (1.0, 100.0):
            form = Form(f"{name} x {scale:g}", counts=metric, scale=scale)
            if len(vectors) == len(rows) and agrees(form, vectors):
                return form
    return OF_SINGLE_ROWS


_RECORDED = re.compile(r"^evaluate\|.*\|rows:(?P<family>bleu|chrf)'s counts x (?P<scale>100|1)\|")


def recorded_form(signature: str) -> Form | None:
    """Of a stored run's metric that added counts up, so that it can be read without its suite and its module."""
    from evalkit.metrics.corpus import make_bleu, make_chrf

    said = _RECORDED.match(signature)
    if said is None:
        return None
    words = re.search(r"\|nw:(\d)", signature)
    makers: Mapping[str, Callable[[], TextMetric]] = {
        "bleu": make_bleu,
        "chrf": lambda: make_chrf(word_order=int(words[1]) if words else 0),
    }
    return Form("", counts=makers[said["family"]](), scale=float(said["scale"]))
