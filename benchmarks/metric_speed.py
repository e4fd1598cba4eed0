"""What text metrics cost on long answers beside the packages whose numbers they give, and whether these are equal.

    python benchmarks/metric_speed.py [DATA] [--pairs 1000] [--repetitions 3] [--metrics METRIC ...] [--results FOLDER]

In one process, the reference and evalkit take turns, and who begins changes from repetition to repetition. A ratio is
the reference's CPU time by evalkit's within one repetition; the table has the median and, in brackets, the smallest and
the largest. References that take seconds for a pair see the first pairs only, and so does evalkit beside them.

DATA is the folder that holds ``onestopenglish`` (default: EVALKIT_TEST_DATA, or ../shared/data): its articles, written
for readers of three levels, are compared with each other, 300 to 600 words of each, in lines. Where it is absent, texts
are made of 2,000 words as frequent as in English, and answers by changing the reference. Ends with 1 where a number
differs by more than a billionth.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import string
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.options import positive
from benchmarks.results import command_of, head, interruptible, keep
from evalkit.metrics import corpus, match, rouge, words

Pairs = Sequence[tuple[str, str]]
Scores = list[float]
TOLERANCE = 1e-9
SHORTEST, LONGEST = 300, 600
LEVELS = (("Elementary", "Intermediate"), ("Elementary", "Advanced"), ("Intermediate", "Advanced"))


@dataclass(frozen=True, slots=True)
class Comparison:
    reference: str
    by_reference: Callable[[Pairs], Scores]
    here: Callable[[Pairs], Scores]
    at_most: int = sys.maxsize
    """Pairs that the reference gets through in reasonable time."""
    ascii_only: bool = False
    """The reference's definition does not reach further; of the texts, other characters are left out."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A row of the table, every repetition of it."""

    metric: str
    reference: str
    pairs: int
    rounds: tuple[dict[str, float], ...]
    furthest: float

    @property
    def equal(self) -> bool:
        return self.furthest <= TOLERANCE

    def shown(self) -> str:
        ratios, costs = ([one[name] for one in self.rounds] for name in ("times", "microseconds"))
        spread = f"{statistics.median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})"
        within = f"within {self.furthest:.0e}" if self.equal else f"DIFFER: {self.furthest}"
        cost = statistics.median(costs)
        equal = "equal" if self.furthest == 0 else within
        return f"{self.metric:<16} {self.reference:<19} {self.pairs:>6} {cost:>10.0f}  {spread:<26} {equal}"


# --- texts ------------------------------------------------------------------------------------------------------------


def published(data: Path, rng: random.Random) -> Iterator[tuple[str, str]]:
    texts: dict[tuple[str, str], str] = {}
    for line in (data / "onestopenglish" / "onestopenglish.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        texts[row["text_id"], row["level"]] = row["text"]
    articles = sorted({article for article, _ in texts})
    for start in (0, 150, 300):
        for article in articles:
            for said, wanted in LEVELS:
                both = [part(texts.get((article, level), ""), start, rng) for level in (said, wanted)]
                if all(both):
                    yield both[0], both[1]


def part(text: str, start: int, rng: random.Random) -> str:
    """From a word on, 300 to 600 of them; nothing where there are fewer. Line ends stay."""
    words = list(re.finditer(r"\S+", text))[start : start + rng.randint(SHORTEST, LONGEST)]
    return text[words[0].start() : words[-1].end()] if len(words) >= SHORTEST else ""


def made(rng: random.Random) -> Iterator[tuple[str, str]]:
    vocabulary = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 10))) for _ in range(2000)]
    frequencies = [1 / (rank + 1) for rank in range(2000)]
    while True:
        wanted = rng.choices(vocabulary, frequencies, k=rng.randint(SHORTEST, LONGEST))
        said = [rng.choice(vocabulary) if rng.random() < 0.3 else word for word in wanted if rng.random() > 0.1]
        yield in_lines(said, rng), in_lines(wanted, rng)


def in_lines(words: Sequence[str], rng: random.Random) -> str:
    return "".join(word + (".\n" if rng.random() < 0.05 else " ") for word in words)


def in_ascii(text: str) -> str:
    return text.encode("ascii", "ignore").decode()


# --- the references ---------------------------------------------------------------------------------------------------


def by_rouge_score(variant: str, stemmed: bool) -> Callable[[Pairs], Scores]:
    scorer = RougeScorer([variant], use_stemmer=stemmed)
    return lambda pairs: [scorer.score(wanted, said)[variant].fmeasure for said, wanted in pairs]


def by_sacrebleu(kind: type) -> Callable[[Pairs], Scores]:
    def score(pairs: Pairs) -> Scores:
        scorer = kind()  # a new one, so that its tokeniser remembers nothing
        forget(scorer)
        return [scorer.corpus_score([said for said, _ in pairs], [[wanted for _, wanted in pairs]]).score / 100]

    return score


def forget(scorer: Any) -> None:
    tokenizer = getattr(scorer, "tokenizer", None)
    for memory in (tokenizer, getattr(tokenizer, "_post_tokenizer", None)):
        clear = getattr(type(memory).__call__, "cache_clear", None)
        if clear:
            clear()


def squad_words(text: str) -> list[str]:
    """The published evaluation of SQuAD 1.1."""
    lowered = "".join(character for character in text.lower() if character not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", lowered).split()


def squad_f1(pairs: Pairs) -> Scores:
    found = []
    for answer, reference in pairs:
        said, wanted = squad_words(answer), squad_words(reference)
        same = sum((Counter(said) & Counter(wanted)).values())
        precision, recall = same / len(said), same / len(wanted)
        found.append(2 * precision * recall / (precision + recall) if same else 0.0)
    return found


def table_similarity(pairs: Pairs) -> Scores:
    """The textbook's table, cell by cell."""
    found = []
    for left, right in pairs:
        row = list(range(len(right) + 1))
        for i, one in enumerate(left, 1):
            following = [i]
            for j, other in enumerate(right, 1):
                following.append(min(row[j] + 1, following[-1] + 1, row[j - 1] + (one != other)))
            row = following
        found.append(1 - row[-1] / max(len(left), len(right)))
    return found


# --- evalkit ----------------------------------------------------------------------------------------------------------


def row_by_row(metric: Any) -> Callable[[Pairs], Scores]:
    def score(pairs: Pairs) -> Scores:
        for memory in (rouge._stem, rouge._tokens, words.normalize):
            memory.cache_clear()  # every repetition starts as a new process would
        return [metric.text_statistics(said, [wanted])[0] for said, wanted in pairs]

    return score


def of_the_corpus(metric: Any) -> Callable[[Pairs], Scores]:
    def score(pairs: Pairs) -> Scores:
        forget(metric.scorer)
        (counts,) = metric.statistics_of_all([[said for said, _ in pairs]], [[wanted] for _, wanted in pairs])
        return [metric.value(tuple(counts.sum(axis=0).tolist()))]

    return score


def comparisons() -> dict[str, Comparison]:
    found = {
        variant + suffix: Comparison(
            "rouge-score", by_rouge_score(variant, bool(suffix)), row_by_row(getattr(rouge, variant + suffix))
        )
        for variant in ("rouge1", "rouge2", "rougeL", "rougeLsum")
        for suffix in ("", "_stem")
    }
    found["token_f1"] = Comparison("SQuAD's evaluation", squad_f1, row_by_row(match.token_f1), ascii_only=True)
    found["edit_similarity"] = Comparison("table in Python", table_similarity, row_by_row(match.edit_similarity), 5)
    found["bleu"] = Comparison("sacreBLEU", by_sacrebleu(BLEU), of_the_corpus(corpus.bleu))
    found["chrf"] = Comparison("sacreBLEU", by_sacrebleu(CHRF), of_the_corpus(corpus.chrf))
    found["ter"] = Comparison("sacreBLEU", by_sacrebleu(TER), of_the_corpus(corpus.ter), 2)
    return found


# --- measuring --------------------------------------------------------------------------------------------------------


def timed(score: Callable[[Pairs], Scores], pairs: Pairs) -> tuple[float, Scores]:
    start = time.process_time()
    scores = score(pairs)
    return time.process_time() - start, scores


def compare(name: str, comparison: Comparison, pairs: Pairs, repetitions: int) -> Compared:
    pairs = pairs[: comparison.at_most]
    if comparison.ascii_only:
        pairs = [(in_ascii(said), in_ascii(wanted)) for said, wanted in pairs]
    sides = (comparison.by_reference, comparison.here)
    for side in sides:  # imports and tables are not what is measured
        side(pairs[:1])
    rounds, furthest = [], 0.0
    for repetition in range(repetitions):
        order = (0, 1) if repetition % 2 == 0 else (1, 0)
        taken = {side: timed(sides[side], pairs) for side in order}
        times, cost = taken[0][0] / taken[1][0], taken[1][0] / len(pairs) * 1e6
        rounds.append({"round": repetition + 1, "times": round(times, 4), "microseconds": round(cost, 2)})
        furthest = max(furthest, *(abs(a - b) for a, b in zip(taken[0][1], taken[1][1], strict=True)))
    return Compared(name, comparison.reference, len(pairs), tuple(rounds), furthest)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, help="the folder that holds onestopenglish")
    parser.add_argument("--pairs", type=positive, default=1000, help="at most so many (1000)")
    parser.add_argument("--repetitions", type=positive, default=3, help="how often everything is measured (3)")
    parser.add_argument("--metrics", nargs="+", metavar="METRIC", help="some of the metrics only")
    parser.add_argument("--results", type=Path, help="where metrics.json is written; else it is not")
    asked = parser.parse_args()
    known = comparisons()
    if unknown := set(asked.metrics or ()) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    data = asked.data or Path(os.environ.get("EVALKIT_TEST_DATA", "../shared/data"))
    there = (data / "onestopenglish").is_dir()
    if asked.data and not there:  # made texts are another work than the one that was asked for
        parser.error(f"there is no folder onestopenglish in {asked.data}")
    rng = random.Random(20)
    source = published(data, rng) if there else made(rng)
    pairs = [pair for pair, _ in zip(source, range(asked.pairs), strict=False)]
    length = statistics.mean(len(text.split()) for pair in pairs for text in pair)
    lines = statistics.mean(text.strip().count("\n") + 1 for pair in pairs for text in pair)
    texts = (
        f"{len(pairs)} pairs, {'published' if there else 'made'}; {length:.0f} words and {lines:.0f} lines in the mean"
    )
    print(texts)
    print(f"{'metric':<16} {'reference':<19} {'pairs':>6} {'us a pair':>10}  {'times as fast':<26} values")
    compared = []
    with interruptible() as interruption:
        for name in asked.metrics or known:
            compared.append(compare(name, known[name], pairs, asked.repetitions))
            print(compared[-1].shown(), flush=True)
    if asked.results and compared:
        words_given = [word for word in sys.argv[1:] if word != str(asked.data)]  # where the data lie is this machine's
        document = head(
            "metrics",
            "Text metrics on long answers beside the packages whose numbers they give",
            command_of("metrics", words_given),
        )
        told = [asdict(one) for one in compared]
        measured = {"texts": texts, "interrupted": interruption.came, "lines": told}
        print(f"written: {keep({**document, **measured}, asked.results)}")
    return interruption.exit_code or int(not all(one.equal for one in compared))


if __name__ == "__main__":
    sys.exit(main())
