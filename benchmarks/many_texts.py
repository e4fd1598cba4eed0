"""What metric functions cost over many texts: CPU time for a text, and memory that does not grow with their number.

    python benchmarks/many_texts.py [--texts 1000000] [--words 40] [FUNCTION ...]

Each function reads its texts from a generator, in a process of its own; every text has words that no other has. Memory
is the process's peak after a tenth of the texts and after all: caches fill in the first tenth, and nothing may add up.
A million texts take some functions an hour; the default is 100,000.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from evalkit import metrics
from evalkit.metrics import (
    coherence,
    extraction,
    insults,
    keywords,
    language,
    leakage,
    length,
    prose,
    readability,
    refusal,
    repetition,
    sentiment,
)

TEXTS = 100_000
LINE = 40
SENTENCES = (
    "The river brings cold water from the hills, and people in town drink it; they cannot say who owns it. "
    "Write to the office about 12 euros, or call in winter. I am sorry that it rained"
)
WORDS = SENTENCES.split()
SCORED = (
    *("exact_match", "contains", "token_f1", "numeric", "edit_similarity", "sentence_bleu", "bleu", "chrf", "ter"),
    *("rouge1", "rougeL", "rougeLsum"),
)
READ: Mapping[str, Callable[[str], Any]] = {
    "refusal.classify": refusal.classify,
    "leakage.find": leakage.find,
    "insults.find": insults.find,
    "readability.measure": readability.measure,
    "prose.parts": prose.parts,
    "language.detect": language.detect,
    "length.words": length.words,
    "length.sentences": length.sentences,
    "repetition.measure": repetition.measure,
    "sentiment.measure": sentiment.measure,
    "keywords.cover": lambda text: keywords.cover(text, ["river", "cold water"]),
    "coherence.relevance": lambda text: coherence.relevance(text, "Where does the water of the town come from?"),
    "extraction: number": extraction.extractor("number"),
    "extraction: choice": extraction.extractor("choice"),
}
NAMES = (*READ, *SCORED)


def texts(count: int, length: int) -> Iterator[str]:
    """Forty words a line, every eighth of them seen once and never again."""
    for number in range(count):
        words = [WORDS[(number * 13 + place * (1 + number % 7)) % len(WORDS)] for place in range(length)]
        words[::8] = [f"w{number}x{place}" for place in range(len(words[::8]))]
        yield "\n".join(" ".join(words[start : start + LINE]) for start in range(0, length, LINE)) + "."


def peak_megabytes() -> float:
    status = Path("/proc/self/status")
    if status.is_file():  # elsewhere the peak is at least that of the process which started this one
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(name: str, count: int, length: int) -> None:
    if name in READ:
        for text in texts(count, length):
            READ[name](text)
    else:
        metrics.score(name, texts(count, length), ([text.replace("cold", "warm")] for text in texts(count, length)))


def measure(name: str, count: int, length: int) -> None:
    """Prints one line; in a process of its own, because a process's peak never falls."""
    run(name, count // 10, length)
    early, start = peak_megabytes(), time.process_time()
    run(name, count, length)
    took = (time.process_time() - start) / count
    print(f"{name:<22} {took * 1e6:>10.0f} {early:>10.0f} {peak_megabytes():>10.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help=f"any of: {', '.join(NAMES)}")
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--words", type=int, default=LINE, help="of a text")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if unknown := set(asked.functions) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if min(asked.texts // 10, asked.words) < 1:
        parser.error("--texts must be at least 10, and --words at least 1")
    if asked.here:
        for name in asked.functions:
            measure(name, asked.texts, asked.words)
        return
    print(f"{'function':<22} {'us a text':>10} {'MB, tenth':>10} {'MB, all':>10}", flush=True)
    for name in asked.functions or NAMES:
        sizes = ["--texts", str(asked.texts), "--words", str(asked.words)]
        subprocess.run([sys.executable, __file__, "--here", *sizes, name], check=True)


if __name__ == "__main__":
    main()
