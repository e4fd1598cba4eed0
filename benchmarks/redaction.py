"""How much of what is personal is taken out of answers, and what else is: on sentences that were marked by hand.

python benchmarks/redaction.py
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from evalkit.metrics.leakage import KINDS, find

SENTENCES = Path(__file__).parents[1] / "tests" / "fixtures" / "redaction_sentences.txt"
MARK = re.compile(r"<<(\w+):(.+?)>>")
Spans = set[tuple[str, int, int]]


def marked(path: Path = SENTENCES) -> Iterator[tuple[str, Spans]]:
    """Each sentence without its marks, and what they marked."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, spans, end = "", set(), 0
            for mark in MARK.finditer(line):
                text += line[end : mark.start()]
                spans.add((mark[1], len(text), len(text) + len(mark[2])))
                text += mark[2]
                end = mark.end()
            yield text + line[end:], spans


def counted(sentences: Iterable[tuple[str, Spans]]) -> dict[str, Counter[str]]:
    """By kind: what is ``right`` (the same text under the same name), ``missed`` and ``wrong``."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for text, spans in sentences:
        found = {(leak.kind, *leak.span) for leak in find(text, kinds=KINDS, test_cards=True)}
        for name, of in (("right", found & spans), ("missed", spans - found), ("wrong", found - spans)):
            for kind, _, _ in of:
                counts[kind][name] += 1
    return counts


def main() -> None:
    print("| kind | marked | found | precision | recall |\n| --- | ---: | ---: | ---: | ---: |")
    counts = counted(marked())
    for kind, of in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        there, found = of["right"] + of["missed"], of["right"] + of["wrong"]
        shares = (of["right"] / found if found else 1.0, of["right"] / there if there else 1.0)
        print(f"| {kind} | {there} | {found} | {shares[0]:.2f} | {shares[1]:.2f} |")


if __name__ == "__main__":
    main()
