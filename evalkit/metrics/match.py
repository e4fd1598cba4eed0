"""Is the answer the expected one? Exactly, after normalisation, somewhere inside, by words, by edits."""

from __future__ import annotations

from collections import Counter

from evalkit.metrics.kinds import PairMetric
from evalkit.metrics.words import normalize


def is_exact(answer: str, reference: str) -> bool:
    """Only white space around the texts is forgiven."""
    return answer.strip() == reference.strip()


def is_normalized(answer: str, reference: str) -> bool:
    """``The Eiffel Tower.`` matches ``eiffel tower``; ``Eiffel`` does not."""
    return normalize(answer) == normalize(reference)


def is_contained(answer: str, reference: str) -> bool:
    """The reference stands in the answer as whole words: ``cat`` is in ``A cat!``, not in ``concatenate``.

    An empty reference is contained in an empty answer only.
    """
    wanted = normalize(reference)
    text = normalize(answer)
    return f" {wanted} " in f" {text} " if wanted else not text


def token_overlap(answer: str, reference: str) -> float:
    """F1 of the normalised words, as the SQuAD evaluation defines it; two texts without words are equal or not."""
    said, wanted = normalize(answer).split(), normalize(reference).split()
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2.0 * common / (len(said) + len(wanted))


def edit_distance(left: str, right: str) -> int:
    """Levenshtein distance in characters; memory grows with the texts, not with their product."""
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(left, right))


def similarity(answer: str, reference: str) -> float:
    """1 - edits / length of the longer text; two empty texts are alike."""
    longest = max(len(answer), len(reference))
    return 1.0 - edit_distance(answer, reference) / longest if longest else 1.0


_NORMALISATION = "norm:squad-unicode.1"

exact_match = PairMetric("exact_match", kind="rate", compare=is_exact, definition="strip")
normalized_match = PairMetric("normalized_match", kind="rate", compare=is_normalized, definition=_NORMALISATION)
contains = PairMetric("contains", kind="rate", compare=is_contained, definition=_NORMALISATION)
token_f1 = PairMetric("token_f1", compare=token_overlap, definition=_NORMALISATION)
edit_similarity = PairMetric("edit_similarity", compare=similarity, definition="levenshtein/longer")
