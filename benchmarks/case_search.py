"""What a page of a run's cases costs in `evalkit view`, by search, filter and order.

python benchmarks/case_search.py [--cases 1000000] [--folder FOLDER]

Makes the index of a run that never was (words drawn as words are in texts: few very often, most hardly ever), and asks
it for the first page, pages deep inside and back, in CPU milliseconds. Reading the fifty texts of a page from the runs
database is not part of it: those are look-ups by key, and cost the same in any run.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evalkit.records import Counts, Message, Outcome, Score
from evalkit.results import CheckSummary, Exchange, MetricInfo, Result, Run, Usage
from evalkit.store import StoredScore
from evalkit.testing import Timings
from evalkit.web.browse import filling
from evalkit.web.browse.file import IndexFile
from evalkit.web.browse.query import page
from evalkit.web.browse.question import Range, Wanted

WORDS = 60_000
DRAWN = 4_000_000
ROUNDS = 5
METRICS = (
    MetricInfo("words", "mean", "lower", "words"),
    MetricInfo("refused", "rate", bounds=(0.0, 1.0)),
    MetricInfo("noise", "mean"),
)
QUESTIONS = {
    "every case": Wanted(),
    "a word in every case": Wanted(text="every"),
    "a word in no case": Wanted(text="unheardof"),
    "a frequent word": Wanted(text="the"),
    "two frequent words": Wanted(text="the sorry"),
    "a phrase": Wanted(text='"sorry but i cannot"'),
    "without a frequent word": Wanted(text="-the"),
    "a beginning in every case": Wanted(text="ever*"),
    "errored": Wanted(status="errored"),
    "a label": Wanted(check="check", labels=(("category", "b"),)),
    "two labels that no case has": Wanted(check="check", labels=(("category", "b"), ("rare", "yes"))),
    "a metric between": Wanted(check="check", ranges=(Range("noise", -0.1, 0.1),)),
    "by a metric": Wanted(check="check", sort="noise"),
    "by a share": Wanted(check="check", sort="refused", descending=True),
    "a word in every case, by a metric": Wanted(check="check", text="every", sort="noise"),
    "a word of long answers, shortest first": Wanted(check="check", text="longish", sort="words"),
    "a beginning in a third, by a metric": Wanted(check="check", text="sorr*", sort="noise"),
    "a label, between, by a metric": Wanted(
        check="check", labels=(("category", "c"),), ranges=(Range("noise", -0.1, 2.0),), sort="words"
    ),
}


class Imagined:
    """As much of a store as filling an index asks for."""

    def __init__(self, cases: int) -> None:
        self.cases = cases
        draw = random.Random(0)
        self.words = ["".join(draw.choices("etaoinshrdlucmfwyp", k=draw.randint(2, 9))) for _ in range(WORDS)]
        self.words[:3] = ["the", "of", "sorry"]
        ranks = 1 / np.arange(1, WORDS + 1) ** 1.05
        self.drawn = np.random.default_rng(0).choice(WORDS, size=DRAWN, p=ranks / ranks.sum())

    def score(self, number: int) -> StoredScore:
        draw = random.Random(number)
        values = {
            "words": (float(max(3, int(draw.gauss(40, 18)))), 1.0),
            "refused": (float(draw.random() < 0.3), 1.0),
            "noise": (draw.gauss(0, 1), 1.0),
        }
        score = Score(values) if draw.random() > 0.002 else Score(error="it broke")
        return StoredScore("check", str(number), "", (str(number),), number, ("key",), score)

    def iter_scores(self, _: str, __: str) -> Iterator[StoredScore]:
        return (self.score(number) for number in range(self.cases))

    def get_scores(self, _: str, __: str, names: Iterable[str]) -> list[StoredScore]:
        return [self.score(int(name)) for name in names]

    def exchanges(self, _: object, __: str, scores: Iterable[StoredScore], **___: bool) -> dict[str, list[Exchange]]:
        return {score.case: [self._exchange(score)] for score in scores}

    def _exchange(self, score: StoredScore) -> Exchange:
        measured: dict[str, Any] = dict(score.score.results)
        length = int(measured["words"][0]) if measured else 5
        place = score.position * 37 % (DRAWN - 200)
        said = [self.words[at] for at in self.drawn[place : place + length]] + ["every"]
        if measured and measured["refused"][0]:
            said = ["sorry", "but", "i", "cannot", *said]
        if length >= 75:
            said.append("longish")
        asked = " ".join(self.words[at] for at in self.drawn[place + 77 : place + 92])
        labels = {"category": "abcdefgh"[score.position % 8], "rare": "yes" if score.position % 5000 == 0 else "no"}
        return Exchange(score.case, (Message("user", asked),), " ".join(said), labels=labels)


def fill(file: IndexFile, imagined: Imagined) -> None:
    run = Run("imagined", "suite", "model", "finished", "", datasets={"data": "fingerprint"})
    check = CheckSummary("check", "accuracy", "data", Counts(imagined.cases, imagined.cases, 0, 0), METRICS)
    filling.exchanges_of = imagined.exchanges
    filling.Fill(file, imagined, Result(run, Outcome("", 0, ""), (), (check,), (), Usage())).run()


def measured(file: IndexFile, wanted: Wanted, cases: int) -> list[float]:
    """CPU seconds of the first page, and of pages after and before places deep inside."""
    starts: list[dict[str, int]] = [{}] * ROUNDS
    starts += [{way: int(cases * share)} for share in (0.1, 0.5, 0.9) for way in ("after", "before")]
    spent = []
    for start in starts:
        with file.reading(60) as connection:
            begun = time.process_time()
            page(connection, wanted, **start)
            spent.append(time.process_time() - begun)
    return spent


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the index is made and kept; else it is thrown away")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as temporary:
        path = (given.folder or Path(temporary)) / f"cases-{given.cases}.db"
        file = IndexFile(path, "imagined", "")
        begun = time.process_time()
        fill(file, Imagined(given.cases))
        size = sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*"))
        print(f"{given.cases:,} cases: index of {size / 1e6:,.0f} MB in {time.process_time() - begun:.0f} CPU s")
        everything = []
        for name, wanted in QUESTIONS.items():
            spent = measured(file, wanted, given.cases)
            everything += spent
            print(f"{name:42} {Timings(tuple(spent))}", flush=True)
        print(f"{'all':42} {Timings(tuple(everything))}")


if __name__ == "__main__":
    main()
