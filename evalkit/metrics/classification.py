"""Which of a few labels does an answer give? And accuracy and macro-F1 over many of them, from counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.metrics.kinds import SHARE
from evalkit.metrics.words import fold, is_unspaced
from evalkit.records import Unscored, Vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 2
Labels = Mapping[str, tuple[str, ...]]
"""Each label, and the other words that mean it."""
_DRESS = " \t*_`\"'“”‘’«».,:;!?()[]<>#-"
_NEGATED = re.compile(
    r"(?:\b(?:not|isn't|neither|nor|never|non|nicht|kein\w{0,2}|pas)|n't)\s(?:(?:a|an|the)\s)?[\"'*(]{0,3}$"
)
_SAYS = re.compile(
    r"(?:\b(?:answer|label|class|category|classification|sentiment|verdict|result|prediction|intent|topic|overall"
    r"|conclusion)\b[*_\"']{0,3}(?:\s?[:=]|\s(?:is|would be|should be))"
    r"|\b(?:classif|rate|label|categori|describe)\w*\b[^.!?]{0,30}\bas\b(?:\san?\b)?)[\s*_\"'`(\[]{0,6}$"
)


_INSTEAD = re.compile(r"\b(?:it's|it is|but|rather|instead)\s(?:(?:a|an|is|it's)\s){0,2}[\"'*(]{0,3}$")
"""What comes after this is said in the place of what was denied."""
_ENDS = re.compile(r"[*_\"'`)\]]{0,4}(?:[,.:;!–—]|\s[-–—(]|$)")


@dataclass(frozen=True, slots=True)
class Reader:
    """Finds labels in answers: built once for a set of labels."""

    labels: tuple[str, ...]
    names: Mapping[str, str]
    """Every name, folded, and the label that it means."""
    pattern: re.Pattern[str]

    @staticmethod
    def of(labels: Labels) -> Reader:
        """Raises ``ValueError`` for fewer than two labels, and for a name that means two of them."""
        if len(labels) < 2:
            raise ValueError("labels names fewer than two classes")
        names: dict[str, str] = {}
        for label, others in labels.items():
            for name in (label, *others):
                folded = _bare(name)
                if not folded:
                    raise ValueError(f"label '{label}' has an empty name")
                if names.setdefault(folded, label) != label:
                    raise ValueError(f"'{name}' means both '{names[folded]}' and '{label}'")
        longest = sorted(names, key=len, reverse=True)
        return Reader(tuple(labels), names, re.compile("|".join(map(_as_word, longest))))

    def read(self, text: str) -> str | None:
        """The label that an answer gives, or nothing.

        An answer that is a label and nothing else gives it. Of longer ones: the last label that is announced ("Label:
        spam", "the sentiment is positive"), else the only one that is named and not negated ("not spam"). Case does not
        matter; the longest name wins where they overlap ("very positive"); two different ones are none. A label that
        the answer begins with ("Yes, there is no doubt") is announced by that, so is one that has a line of its own.
        """
        alone = self._alone(text)
        if len(alone) == 1:
            return alone.pop()
        folded = fold(text)
        named: set[str] = set()
        announced: str | None = None
        first: str | None = None
        negated: set[str] = set()
        instead: str | None = None
        for found in self.pattern.finditer(folded):
            label = self.names[found[0]]
            before = folded[max(found.start() - 40, 0) : found.start()]
            if _NEGATED.search(before):
                negated.add(label)
                continue
            named.add(label)
            if negated - {label} and _INSTEAD.search(before):
                instead = label
            if _SAYS.search(before):
                announced = label
            elif not before.strip(_DRESS) and found.start() < 40 and _ENDS.match(folded, found.end()):
                first = label
        if announced is not None or first is not None:
            return announced or first if first in {None, announced} or announced is None else None
        return named.pop() if len(named) == 1 and (not negated or named == {instead}) else None

    def _alone(self, text: str) -> set[str]:
        """The labels that are all of the answer, or of one of its first and last lines."""
        lines = text[:2000].splitlines()[:3] + text[-2000:].splitlines()[-3:] if "\n" in text else [text]
        found = (self.names.get(fold(line).strip(_DRESS)) for line in lines if len(line) < 2000)
        return {label for label in found if label is not None}

    def meant(self, text: str) -> str | None:
        """The label that a reference is, by one of its names."""
        return self.names.get(_bare(text))


def _bare(name: str) -> str:
    folded = fold(name)
    return folded.strip(_DRESS) or folded


def _as_word(name: str) -> str:
    """Whole words only, where the script sets words apart."""
    before = "" if is_unspaced(name[0]) else r"(?<!\w)"
    after = "" if is_unspaced(name[-1]) else r"(?!\w)"
    return f"{before}{re.escape(name)}{after}"


@dataclass(frozen=True, slots=True)
class MacroF1:
    """The unweighted mean of the classes' F1, of the classes that a row has or an answer gave.

    The same as scikit-learn's ``f1_score(..., average="macro", labels=...)`` over the labels that occur. One case's
    statistics are, class by class: right, given, wanted. An answer that is no label was given to no class.
    """

    labels: tuple[str, ...]
    signature: str
    name: str = "macro_f1"
    kind: str = "corpus"
    better: str = "higher"
    unit: str = "share"
    bounds: tuple[float, float] | None = SHARE
    worst: Vector | None = None

    def vector(self, wanted: str, given: str | None) -> Vector:
        counts: list[float] = []
        for label in self.labels:
            counts += [float(label == wanted == given), float(label == given), float(label == wanted)]
        return tuple(counts)

    def value(self, total: Vector) -> float | None:
        """None where there is no row at all."""
        scores = [score for score in class_scores(total) if score is not None]
        return sum(scores) / len(scores) if scores else None

    def values(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """``value`` of every row of summed statistics at once, for resampling."""
        import numpy as np

        right, given, wanted = totals[:, 0::3], totals[:, 1::3], totals[:, 2::3]
        seen = given + wanted
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = np.where(seen > 0, 2 * right / seen, 0.0)
            mean: NDArray[np.float64] = scores.sum(axis=1) / (seen > 0).sum(axis=1)
        return mean


def recorded(name: str, signature: str) -> MacroF1 | None:
    """The metric that wrote statistics under this signature, so that a stored run can be read without its suite: the
    counts say themselves how many classes there were."""
    return MacroF1((), signature, name) if signature.startswith("macro-f1|") else None


def class_scores(total: Sequence[float]) -> list[float | None]:
    """F1 of each class, none of one that no row has and no answer gave."""
    scores: list[float | None] = []
    for at in range(0, len(total), 3):
        right, given, wanted = total[at : at + 3]
        scores.append(2 * right / (given + wanted) if given + wanted else None)
    return scores


def confusion(pairs: Sequence[tuple[str, str | None]], labels: Sequence[str]) -> list[dict[str, str | int]]:
    """Rows are what was wanted, columns what was given, the last of them what was no label."""
    counts = {(wanted, given): 0 for wanted in labels for given in (*labels, None)}
    for pair in pairs:
        counts[pair] += 1
    return [
        {"wanted": wanted, **{given: counts[wanted, given] for given in labels}, "unparsed": counts[wanted, None]}
        for wanted in labels
    ]


NO_LABEL = Unscored("the reference is none of the labels")
