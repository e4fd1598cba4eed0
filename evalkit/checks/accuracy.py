"""Accuracy: is the answer what the references say?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from evalkit import plugins
from evalkit.checks.base import AnswerCheck, Options, one, rows_have
from evalkit.checks.extract import ExtractionRule
from evalkit.errors import did_you_mean
from evalkit.metrics.kinds import EVALUATE, rate
from evalkit.protocols import AnswerMetric, Metric
from evalkit.records import Answer, Case, Sample, Score, Unscored, Vector

if TYPE_CHECKING:
    from evalkit.metrics.extraction import Extractor

DEFAULT_METRICS = ("exact_match", "token_f1", "sentence_bleu", "bleu", "rougeL")
UNPARSED = "unparsed"
BY_LANGUAGE = "auto"
EMBEDDING = "embedding_similarity"
_GROUP = "evalkit.metrics"
_CUT = 0.1
"""Beyond this share of words that ROUGE's tokeniser drops or cuts, its number speaks of another text."""


class EvaluateMetric(Options):
    """A metric of the package ``evaluate``, with what it is to be told."""

    evaluate: str
    """Path of a script (``./mine.py``), or the name of a module that was fetched before."""
    name: str = ""
    """What it is called in gates; by default as the script or module is."""
    key: str = ""
    """Which number of those that it gives."""
    arguments: Mapping[str, Any] = Field(default_factory=dict)
    """For its ``compute``."""
    better: Literal["higher", "lower"] = "higher"


class AccuracyOptions(Options):
    metrics: tuple[str | EvaluateMetric, ...] = Field(DEFAULT_METRICS, min_length=1)
    """Names of text metrics, in the order in which they are shown; ``evaluate:...`` for one of that package."""
    tokenize: str = "13a"
    """How ``bleu`` and ``sentence_bleu`` find words: ``zh`` for Chinese, ``char`` for any script without spaces,
    ``auto`` by each row's language."""
    rouge_tokenizer: Literal["ascii", "unicode"] = "ascii"
    """``ascii`` is rouge_score's; ``unicode`` sees words of every script."""
    extract: ExtractionRule | None = None
    """How the answer is taken out of what was said; nothing: all of it is the answer."""


class Accuracy(AnswerCheck):
    """Compares each answer with the references of its row, by any of the text metrics."""

    kind = "accuracy"
    Options: ClassVar[type[Options]] = AccuracyOptions
    required = ("references",)

    def measures(self) -> Iterable[Metric]:
        rule = self.options.extract
        self._extract = None if rule is None else _extractor(rule)
        self._compared = tuple(self._text_metrics())
        if self._extract is None:
            yield from self._compared
            return
        for metric in self._compared:
            yield _Signed(metric, self._extract.signature)  # it passes all else on
        yield rate(UNPARSED, better="lower", unit="share", signature=f"unparsed|{self._extract.signature}")

    def _text_metrics(self) -> Iterable[AnswerMetric]:
        for wanted in _known_and_different(self.options.metrics):
            yield _imported(wanted) if isinstance(wanted, EvaluateMetric) else _with_options(wanted, self.options)

    def judge(self, case: Case, answer: Answer) -> Score:
        if self._extract is None:
            return Score(self._compare(case, answer), self._evidence(case.sample, answer.text))
        if not case.sample.references:
            return self.unscored("no reference")
        letters, texts = _offered(case.labels)
        found = self._extract(answer.text, letters, texts)
        wanted = self._wanted(case.sample, letters, texts)
        if isinstance(wanted, Unscored):
            return self.unscored(wanted.reason)
        bare = replace(case, samples=(replace(case.sample, references=wanted), *case.samples[1:]))
        results: dict[str, Vector | Unscored]
        if found is None:
            results = {metric.name: _wrong(metric, bare) for metric in self._compared}
        else:
            results = dict(self._compare(bare, replace(answer, text=found)))
        results[UNPARSED] = one(found is None)
        shown = {"extracted": found, **_span(answer.text, found)}
        if found is not None:
            shown |= self._evidence(bare.sample, found)
        return Score(results, {**shown, "wanted": list(wanted)} if wanted != case.sample.references else shown)

    def judge_all(self, cases: Sequence[Case], answers: Sequence[Answer]) -> Sequence[Score]:
        """N-grams are counted together."""
        if self._extract is not None or type(self).judge is not Accuracy.judge:
            return super().judge_all(cases, answers)
        rows = [place for place, case in enumerate(cases) if case.sample.references]
        texts = tuple(answers[place].text for place in rows)
        references = tuple(cases[place].sample.references for place in rows)
        together: dict[str, dict[int, Vector]] = {}
        for metric in self._compared:
            of_rows = getattr(metric, "statistics_of_rows", None)
            found = of_rows(texts, references) if callable(of_rows) else None
            together[metric.name] = {} if found is None else dict(zip(rows, found, strict=True))
        return [
            Score(
                {
                    metric.name: together[metric.name].get(place) or self._statistics(metric, case, answer)
                    for metric in self._compared
                },
                self._evidence(case.sample, answer.text),
            )
            for place, (case, answer) in enumerate(zip(cases, answers, strict=True))
        ]

    def _wanted(self, sample: Sample, letters: str, texts: Sequence[str]) -> tuple[str, ...] | Unscored:
        """The references as the rule reads answers, or as they are. Of a row's choices: the letter that is meant."""
        assert self._extract is not None
        of_choices = self._extract.rule == "choice" and bool(texts)
        wanted: dict[str, None] = {}
        for text in sample.references:
            found = _letter_of(text, letters, texts) if of_choices else None
            if isinstance(found, Unscored):
                return found
            found = found or self._extract(text, letters)
            if found is None and of_choices:
                return Unscored("a reference is none of the choices")
            wanted[found or text] = None
        return tuple(wanted)

    def _compare(self, case: Case, answer: Answer) -> Mapping[str, Vector | Unscored]:
        return {metric.name: self._statistics(metric, case, answer) for metric in self._compared}

    def _statistics(self, metric: AnswerMetric, case: Case, answer: Answer) -> Vector | Unscored:
        found = metric.statistics(case, (answer,))
        return found if isinstance(found, Unscored) else tuple(map(float, found))

    @property
    def judges_anywhere(self) -> bool:  # type: ignore[override]
        """Not with a model of embeddings, or with code of the package evaluate, which may load anything."""
        return EMBEDDING not in self.options.metrics and not self._has_imported

    def rests_on(self) -> Iterable[str] | None:
        """A module of the package evaluate may load anything; the model of embeddings stands in its signature."""
        return None if self._has_imported else ()

    @property
    def _has_imported(self) -> bool:
        return not all(isinstance(name, str) and ":" not in name for name in self.options.metrics)

    @property
    def text_metrics(self) -> Sequence[AnswerMetric]:
        return self._compared

    def counts_as(self, case: Case) -> Mapping[str, Vector | Unscored]:
        """A corpus metric has no worst that fits every row: a failed answer counts as an empty one."""
        counted: dict[str, Vector | Unscored] = {}
        for metric in self._compared:
            if not case.sample.references:
                counted[metric.name] = Unscored("no reference")
            elif metric.worst is None:
                counted[metric.name] = _wrong(metric, case)
        if self._extract is not None and not case.sample.references:
            counted[UNPARSED] = Unscored("no reference")
        return counted

    def _evidence(self, sample: Sample, text: str) -> dict[str, Any]:
        from evalkit.metrics.kinds import PairMetric

        evidence: dict[str, Any] = {}
        if "numeric" in self.options.metrics:
            from evalkit.metrics.extraction import number

            evidence["number"] = _short(number(text))
        compared = [metric for metric in self._compared if isinstance(metric, PairMetric)]
        if len(sample.references) > 1 and compared:
            graded = next((metric for metric in compared if metric.kind == "mean"), compared[0])
            evidence["best_reference"] = max(sample.references, key=lambda wanted: graded.compare(text, wanted))
        return evidence

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        yield from self._rouge_warnings(samples)
        for metric in self._compared:
            if not getattr(metric, "adds_up", True):
                yield (
                    f"{metric.name}: the mean of single rows is shown, which is not what this metric says of all rows "
                    "together"
                )
        bleu = sorted({metric.name for metric in self._compared} & {"bleu", "sentence_bleu"})
        if bleu and self.options.tokenize in {"13a", "intl", "none"}:
            unspaced = sum(1 for sample in samples if any(map(_is_unspaced, sample.references)))
            if unspaced:
                yield (
                    f"{', '.join(bleu)}: {rows_have(unspaced, len(samples))} references without spaces between "
                    f"words, which the tokeniser {self.options.tokenize} takes for one long word: say tokenize: char, "
                    "or auto to choose by each row's language"
                )

    def _rouge_warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        rows = len(samples)
        rouge = sorted(name for name in self.options.metrics if isinstance(name, str) and name.startswith("rouge"))
        if not rouge or self.options.rouge_tokenizer == "unicode":
            return
        from evalkit.metrics.rouge import is_seen, share_of_words_cut

        unseen = sum(1 for sample in samples if sample.references and not any(map(is_seen, sample.references)))
        if unseen:
            yield (
                f"{', '.join(rouge)}: {rows_have(unseen, rows)} no reference in ASCII letters, the "
                "only ones that ROUGE's tokeniser sees; they are unscored. chrf reads every script, and so does "
                "rouge_tokenizer: unicode"
            )
        cut = sum(
            any(is_seen(text) and share_of_words_cut(text) > _CUT for text in sample.references) for sample in samples
        )
        if cut:
            yield (
                f"{', '.join(rouge)}: {rows_have(cut, rows)} references of whose words ROUGE's tokeniser drops or "
                f"cuts more than {_CUT:.0%} at letters beyond ASCII (Müller becomes m and ller): say rouge_tokenizer: "
                "unicode"
            )


def _extractor(rule: str | Mapping[str, str]) -> Extractor:
    from evalkit.metrics.extraction import extractor  # its patterns are for suites that have a rule

    return extractor(rule)


class _Signed:
    """A metric over extracted answers: the same in everything but its signature."""

    def __init__(self, metric: AnswerMetric, extraction: str) -> None:
        self._metric = metric
        self._extraction = extraction

    @property
    def signature(self) -> str:
        return f"{self._metric.signature}|{self._extraction}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_metric":  # copying asks before there is anything to pass on to
            raise AttributeError(name)
        return getattr(self._metric, name)


def _with_options(name: str, options: AccuracyOptions) -> AnswerMetric:
    """A metric by its name, made with the options that concern it."""
    if name in {"bleu", "sentence_bleu"}:
        from evalkit.metrics import corpus, languages

        if options.tokenize == BY_LANGUAGE:
            return languages.bleu_by_language() if name == "bleu" else languages.sentence_bleu_by_language()
        return (corpus.make_bleu if name == "bleu" else corpus.make_sentence_bleu)(options.tokenize)
    if name == EMBEDDING:
        from evalkit.checks.embedding import embedding_similarity

        return embedding_similarity()
    metric: AnswerMetric = plugins.load(_GROUP, name)
    if options.rouge_tokenizer != "ascii":
        from evalkit.metrics.rouge import Rouge, with_tokenizer

        return with_tokenizer(metric, options.rouge_tokenizer) if isinstance(metric, Rouge) else metric
    return metric


def _wrong(metric: AnswerMetric, case: Case) -> Vector | Unscored:
    """What an answer without content counts as: the worst there is, or what an empty text is worth."""
    if metric.worst is not None:
        return metric.worst
    worst_for = getattr(metric, "worst_for", None)
    return (worst_for(case) if worst_for else None) or Unscored("no answer")


def _offered(labels: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    """Letters and texts of the choices that the row has: a fifth of four is no answer. Figures where they are numbered.

    Choices under names that are neither letters nor figures, and more than have a name of one character, go by letters.
    """
    from evalkit.metrics.choice import read_choices

    choices = None if labels.get("choices") is None else read_choices(labels["choices"])
    if choices is None or isinstance(choices, Unscored):
        return "", ()
    named = "".join(choices.letters)
    usual = len(named) == len(choices.texts) and named.isascii() and (named.isdigit() or named.isalpha())
    return (named.upper() if usual else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices.texts)]), choices.texts


def _letter_of(reference: str, letters: str, texts: Sequence[str]) -> str | Unscored | None:
    """Of the choice that a reference is: its text, its letter or its number counted from 0."""
    from evalkit.metrics.choice import Choices, right_one

    right = right_one(Choices(tuple(texts), tuple(letters)), (reference,))
    if isinstance(right, int):
        return letters[right]
    return Unscored("a reference may be a text, a letter or a number") if "may be" in right.reason else None


def _span(text: str, found: str | None) -> dict[str, Any]:
    """Where it stands, where it stands there as it was read: the last place."""
    at = text.rfind(found) if found else -1
    return {"span": [at, at + len(found)]} if found and at >= 0 else {}


def _short(number: str | None) -> str | None:
    """The number that was compared, short enough to be read."""
    return number[:60] if number is not None else None


def _known_and_different(metrics: Sequence[str | EvaluateMetric]) -> Sequence[str | EvaluateMetric]:
    known = [*plugins.names(_GROUP), EMBEDDING]
    found: list[str | EvaluateMetric] = []
    for name in metrics:
        if isinstance(name, str) and name.startswith(EVALUATE):
            found.append(EvaluateMetric(evaluate=name.removeprefix(EVALUATE)))
            continue
        if isinstance(name, str) and name not in known:
            raise ValueError(f"unknown metric '{name}'; {did_you_mean(name, known, 'known metrics')}")
        found.append(name)
    names = [metric for metric in found if isinstance(metric, str)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"metric named twice: {', '.join(twice)}")
    return found


def _imported(wanted: EvaluateMetric) -> AnswerMetric:
    from evalkit.metrics.evaluate_imported import load

    return load(wanted.evaluate, name=wanted.name, key=wanted.key, arguments=wanted.arguments, better=wanted.better)


def _is_unspaced(text: str) -> bool:
    """Most of its letters belong to a script that is written without spaces between words."""
    from evalkit.metrics.words import is_unspaced

    if text.isascii():
        return False
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(map(is_unspaced, letters)) > len(letters)
