"""Where two answers to one request part, by how much their numbers had moved before, and what that makes of it.

Pure: ``judge_traces`` takes answers, wherever they come from, and ``trace`` makes one of tokens and logits. All
thresholds come from the answers themselves: the *noise floor* is the largest drift that conditions without any meaning
of their own (threads, cache, attention kernel, copies in the batch) cause in this very prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite, isnan, log

from evalkit.records import Answer

IDENTICAL, TIE, DRIFT = "identical", "benign tie", "numerical drift"
STRUCTURAL, SEED, LEAK, ORDER = "structural error", "seed not honoured", "state leak", "order dependence"
SERVER, UNEXPLAINED = "server changed", "unexplained"
FAULTS = (STRUCTURAL, SEED, LEAK, ORDER)

EPSILON = {"float32": 2.0**-23, "bfloat16": 2.0**-7, "float16": 2.0**-10}
"""Distance from 1 to the next number of a dtype."""
AT_RISK = 2.0
"""A token whose margin is under so many noise floors can be flipped by noise: it moves both logits."""
SPREAD = 32.0
"""How much larger than the measured floor the rounding of one more condition may be: five bits. The floor is the
largest of a few dozen numbers under a few conditions, and another kernel may add in an order that rounds worse."""
HARMLESS = ("repeat", "batch", "threads", "kv_cache", "attention")
"""Conditions that give a sum another order and mean nothing else: what they move is the noise."""
SAME = 4.0
"""Numbers that differ by no more than so many noise floors come of one computation, rounded another way."""
ALIKE = 1e-3
"""So do numbers that differ by no more than this, whatever was measured: another computation seldom comes so near."""
LOGITS = 8.0
"""How large some logit of a language model is at least, though log-probabilities and margins may all be smaller."""
UNKNOWN = 1000.0
"""No log-probability is so large: servers write -9999 for one that they do not know."""
UNLIKE = 1e6
"""Stands for the distance between a number and none (NaN), or infinity."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Of an answer to the reference's."""

    same_text: bool
    at: int | None = None
    """The first token that differs (from 0); none where no token does, or where tokens are not known."""
    drift: float | None = None
    """The largest change of a log-probability or margin over the tokens before; none without such tokens or numbers."""
    margins: tuple[float | None, float | None] = (None, None)
    """At that token, of the reference and of the other answer; none where an answer had ended."""
    logprobs: tuple[float | None, float | None] = (None, None)

    @property
    def swing(self) -> float:
        """By how much the lead of one token over the other has moved, at least: both were ahead by their margin."""
        return sum(abs(margin) for margin in self.margins if margin is not None)

    @property
    def size(self) -> float | None:
        """The largest movement that was seen; none where nothing could be seen."""
        seen = [self.drift] if self.drift is not None else []
        if self.at is not None and self.margins != (None, None):
            seen.append(self.swing)
        return max(seen, default=None)


def difference(reference: Answer, other: Answer) -> Difference:
    same_text = reference.text == other.text
    first, second = reference.tokens, other.tokens
    if first is None or second is None:
        shared = _shared_length(reference, other) if same_text else 0
        return Difference(same_text, drift=_drift(reference, other, shared))
    shared = next(
        (at for at, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]),
        min(len(first), len(second)),
    )
    drift = _drift(reference, other, shared)
    if shared == len(first) == len(second):
        return Difference(same_text, drift=drift)
    return Difference(
        same_text,
        shared,
        drift,
        (_value(reference.margins, shared), _value(other.margins, shared)),
        (_value(reference.logprobs, shared), _value(other.logprobs, shared)),
    )


def _shared_length(reference: Answer, other: Answer) -> int:
    lengths = [len(answer.logprobs or ()) for answer in (reference, other)]
    return lengths[0] if lengths[0] == lengths[1] else 0


def _drift(reference: Answer, other: Answer, tokens: int) -> float | None:
    changes = [
        _distance(left, right)
        for mine, theirs in ((reference.logprobs, other.logprobs), (reference.margins, other.margins))
        if mine is not None and theirs is not None
        for left, right in zip(mine[:tokens], theirs[:tokens], strict=False)
    ]
    return max(changes, default=None)


def _distance(left: float, right: float) -> float:
    if left == right or (isnan(left) and isnan(right)):
        return 0.0
    return abs(left - right) if isfinite(left) and isfinite(right) else UNLIKE


def _value(values: Sequence[float] | None, at: int) -> float | None:
    if values is None or at >= len(values) or isnan(values[at]):
        return None
    return max(-UNLIKE, min(UNLIKE, values[at]))


@dataclass(frozen=True, slots=True)
class Noise:
    """What rounding does to the numbers of one prompt."""

    floor: float
    limit: float
    """What moves more than this is not rounding."""
    measured: bool = True
    """False: nothing harmless moved anything, and the floor is the last place of the numbers themselves."""
    place: float = 0.0
    """The last place of the numbers."""


def measure_noise(reference: Answer, harmless: Iterable[Difference], dtype: str, given: float | None = None) -> Noise:
    """The floor of a prompt, from what harmless conditions did to it.

    Two kinds of drift are no rounding, whatever caused them, and do not raise the floor: what takes more than half of
    the digits, and what is far beyond all others. An engine whose cache is broken would otherwise hide behind its own
    noise. Where nothing is measured, all that leaves half of the digits may be rounding: sums of thousands of numbers
    are off by a hundred last places.
    """
    epsilon = EPSILON[dtype]
    numbers = [abs(value) for value in (*(reference.logprobs or ()), *(reference.margins or ()))]
    scale = max([1.0, *(value for value in numbers if value < UNKNOWN)])
    place, credible = scale * epsilon, max(scale, LOGITS) * epsilon**0.5
    if given is not None:
        return Noise(given, max(AT_RISK * given, min(SPREAD * given, credible)), place=place)
    drifts = sorted(one.drift for one in harmless if one.drift is not None and 0 < one.drift <= credible)
    while len(drifts) > 1 and drifts[-1] > SPREAD * max(drifts[-2], place):
        drifts.pop()
    floor = max([place, *drifts])
    limit = max(AT_RISK * floor, min(SPREAD * floor, credible) if drifts else credible)
    return Noise(floor, limit, measured=bool(drifts), place=place)


def at_risk(answer: Answer, noise: Noise, coarser: float = 1.0) -> list[int]:
    """The tokens that noise can flip; ``coarser``: that of a dtype which computes so many times less exactly."""
    least = AT_RISK * max(noise.floor, noise.place * coarser)
    return [at for at, margin in enumerate(answer.margins or ()) if margin < least]


def beyond_rounding(one: Difference, noise: Noise, coarser: float = 1.0) -> bool:
    """Numbers moved more than rounding moves them, whether or not a token changed. ``coarser``: how many times less
    exact the condition computes than the reference."""
    return one.size is not None and one.size > noise.limit * coarser


def rounding(one: Difference, noise: Noise, coarser: float = 1.0) -> str:
    """The class of a difference that rounding explains."""
    if one.at is None:
        return IDENTICAL
    known = [margin for margin in one.margins if margin is not None]
    return TIE if known and min(known) <= AT_RISK * max(noise.floor, noise.place * coarser) else DRIFT


def drawn_anew(one: Difference, noise: Noise) -> bool:
    """The model saw the same probabilities and another token was taken: no arithmetic went wrong, a draw did.

    Where one answer had ended there is no margin to compare, and it is not said.
    """
    same = min(noise.limit, max(SAME * noise.floor, ALIKE))
    if one.at is None or (one.drift is not None and one.drift > same):
        return False
    mine, theirs = one.margins
    if mine is None or theirs is None or abs(mine - theirs) > same:
        return False
    taken = [value for value in one.logprobs if value is not None]
    return len(taken) < 2 or abs(taken[0] - taken[1]) > same or min(mine, theirs) > same


def classify(found: Mapping[str, Difference], noise: Noise | None, coarser: Mapping[str, float]) -> dict[str, str]:
    """A class for each condition, from all of them together: what already differs when nothing but the past was changed
    explains what differs under any other condition. ``noise`` is none where the engine gives no numbers; ``coarser``:
    how many times less exact the conditions of another dtype compute, which are never a fault."""
    if noise is None:
        return {name: _without_numbers(name, one) for name, one in found.items()}
    beyond = {name for name, one in found.items() if beyond_rounding(one, noise, coarser.get(name, 1.0))}
    beyond -= set(coarser)
    leak = any(name in beyond and _moved(found[name], noise) for name in PAST)
    draws = {name for name, one in found.items() if drawn_anew(one, noise)}
    if not draws.intersection(PAST) and any(name in found for name in PAST):
        draws &= {"seed"}  # what draws does so when nothing is changed, too
    classes = {}
    for name, one in found.items():
        if one.size is None and not one.same_text:
            classes[name] = _without_numbers(name, one)
        elif name in beyond:
            classes[name] = LEAK if leak else SEED if name in draws else _fault(name, beyond)
        elif name == "seed" and one.at is not None:  # two draws of one seed: also the least movement changes none
            classes[name] = LEAK if leak and name not in draws else SEED
        else:
            classes[name] = rounding(one, noise, coarser.get(name, 1.0))
    return classes


PAST = ("repeat", "history", "process")
"""Conditions under which the same computation runs after something else has run."""


def _fault(name: str, beyond: set[str]) -> str:
    if name in PAST:
        return LEAK
    if name == "seed":
        return SEED
    if name == "order" or (name == "place" and "neighbours" not in beyond):
        return ORDER
    return STRUCTURAL


def _moved(one: Difference, noise: Noise) -> bool:
    """The model's probabilities themselves are others, which no draw can do."""
    if one.drift is not None and one.drift > noise.limit:
        return True
    mine, theirs = one.margins
    return mine is not None and theirs is not None and not drawn_anew(one, noise)


def _without_numbers(name: str, one: Difference) -> str:
    if one.same_text:
        return IDENTICAL
    return SEED if name == "seed" else UNEXPLAINED


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of the answers to one prompt, by condition."""

    differences: Mapping[str, Difference]
    classes: Mapping[str, str]
    noise: Noise | None
    """None where the engine gives no numbers."""
    coarser: Mapping[str, float]
    """How many times less exact the conditions of another dtype compute."""


def judge_traces(
    reference: Answer,
    answers: Mapping[str, Answer],
    *,
    dtype: str = "float32",
    drawn: Answer | None = None,
    noise: float | None = None,
) -> Judgement:
    """What each changed condition did to an answer, and the name of it.

    ``answers`` are keyed by the conditions of the check ``forensic``, which tell what a difference beyond rounding is:
    one of ``repeat`` is a state leak, one of ``order`` order dependence; any other name counts as a structural error.
    Of an answer, ``text``, ``tokens``, ``logprobs`` and ``margins`` are read (``trace`` makes one of logits). ``seed``
    is compared with ``drawn``, the first sample of that seed, where it is given. ``dtype`` is what the reference was
    computed in, and ``noise`` a known floor.

    The floor is measured on the harmless conditions among the answers. Where none of them moves anything it is the last
    place of the numbers, and only what takes more than half of the digits is a fault: give one, or ``noise``, to see
    smaller ones.
    """
    differences = {
        name: difference(drawn if name == "seed" and drawn is not None else reference, answer)
        for name, answer in answers.items()
    }
    found = None
    if reference.margins or reference.logprobs:
        harmless = [differences[name] for name in HARMLESS if name in differences]
        found = measure_noise(reference, harmless, dtype, noise)
    coarser = {name: max(1.0, EPSILON[name] / EPSILON[dtype]) for name in differences if name in EPSILON}
    return Judgement(differences, classify(differences, found, coarser), found, coarser)


def trace(token_ids: Sequence[int], logits: Sequence[Sequence[float]], text: str | None = None) -> Answer:
    """An answer for ``judge_traces``, of the tokens that were taken and the logits that each was taken from.

    Without ``text`` the tokens are the text. ValueError where there are not as many logits as tokens.
    """
    if len(token_ids) != len(logits):
        raise ValueError(f"{len(token_ids)} tokens were not taken from {len(logits)} rows of logits")
    margins, logprobs = [], []
    for token, row in zip(token_ids, logits, strict=True):
        best, second = sorted(row, reverse=True)[:2] if len(row) > 1 else (row[0], row[0])
        margins.append(best - second)
        logprobs.append(row[token] - best - log(sum(exp(value - best) for value in row)))
    names = tuple(map(str, token_ids))
    said = " ".join(names) if text is None else text
    return Answer(said, tokens=names, margins=tuple(margins), logprobs=tuple(logprobs))
