"""What each condition changes on a real model, and whether at-risk tokens foretell where answers part.

    OMP_NUM_THREADS=1 python benchmarks/forensic_conditions.py --model smollm2-135m --prompts 8 --tokens 48

Prompts are asked four at a time, each four said as soon as they are judged; none are begun after ``--minutes``. Then a
Markdown table of the forensic check, and the prediction: the noise of a condition is taken from all other prompts, as
the largest or the median of their drifts before a first difference, and the tokens whose margin *in the one reference
run* is under twice that noise are at risk. They must hold the token at which the answer parts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from evalkit.checks.divergence import AT_RISK, Difference, difference
from evalkit.checks.forensic import CHANGES, DEFAULT, REPEATED, ForensicOptions
from evalkit.models import open_backend
from evalkit.records import Answer, Condition, Decoding, Generate
from evalkit.runner.investigate import Investigated, investigate

PROMPTS = Path(__file__).parents[1] / "datasets" / "instructions.jsonl"
TOGETHER = 4
"""Prompts of one round: enough that the order can be reversed."""


@dataclass(frozen=True, slots=True)
class Parted:
    """One prompt under one condition."""

    margins: Sequence[float]
    """Of the reference."""
    unlike: Difference

    @property
    def before(self) -> Sequence[float]:
        """The margins of all tokens that both answers could decide on alike, and of the one where they did not."""
        return self.margins if self.unlike.at is None else self.margins[: self.unlike.at + 1]


def read_prompts(count: int) -> list[str]:
    rows = PROMPTS.read_text(encoding="utf-8").splitlines()
    return [json.loads(row)["instruction"] for row in rows[:: max(1, len(rows) // count)][:count]]


def ask_all(
    model: str, prompts: Sequence[str], options: ForensicOptions, tokens: int, minutes: float
) -> list[Investigated]:
    backend, began = open_backend(model), time.monotonic()
    done: list[Investigated] = []
    try:
        for start in range(0, len(prompts), TOGETHER):
            if time.monotonic() - began > 60 * minutes:
                print(f"{minutes:g} minutes are over: {len(done)} of {len(prompts)} prompts were asked\n", flush=True)
                break
            found = investigate(backend, prompts[start : start + TOGETHER], options, Decoding(max_tokens=tokens))
            for one in found:
                unlike = [f"{row['condition']}: {row['class']}" for row in one.score.evidence.get("differences", ())]
                said = one.score.error or ", ".join(unlike) or "identical"
                print(f"{(time.monotonic() - began) / 60:5.1f} min  {str(one.prompt)[:60]:60}  {said}", flush=True)
            done += [one for one in found if not one.score.error]
    finally:
        backend.close()
    return done


def table(found: Sequence[Investigated], conditions: Sequence[str]) -> None:
    print("\n| condition | same text | largest drift | first differences |\n| --- | --- | --- | --- |")
    for name in conditions:
        scored = [same for one in found if isinstance(same := one.score.results[f"same_{name}"], tuple)]
        if not scored:
            print(f"| `{name}` | not supported | | |")
            continue
        drifts = [drift for one in found if (drift := one.score.evidence["largest drift"].get(name)) is not None]
        rows = [row for one in found for row in one.score.evidence.get("differences", ()) if row["condition"] == name]
        said = [f"{row['class']} at {row.get('token', '-')} (margin {row.get('margin', '-')})" for row in rows]
        count = f"{sum(same[0] for same in scored):.0f} of {len(scored)}"
        print(f"| `{name}` | {count} | {max(drifts, default=0):.2g} | {'; '.join(said)} |")


def answer_of(one: Investigated, condition: Condition, attempt: int = 0) -> Answer | None:
    for request, answer in one.asked:
        greedy = isinstance(request.ask, Generate) and request.ask.decoding.greedy
        if greedy and request.condition == condition and request.attempt == attempt and answer.failure is None:
            return answer
    return None


def parted_by(found: Sequence[Investigated], name: str, dtype: str) -> list[Parted]:
    reference = {"batch_size": 1, "threads": 1, "dtype": dtype}
    parted = []
    for one in found:
        mine = answer_of(one, Condition(**reference))
        other = answer_of(one, Condition(**{**reference, **CHANGES[name]}), attempt=REPEATED if name == "repeat" else 0)
        if mine is not None and other is not None:
            parted.append(Parted(mine.margins or (), difference(mine, other)))
    return parted


def foretold(parted: Sequence[Parted], noise_of: Callable[[Sequence[float]], float]) -> Mapping[str, int]:
    """Each prompt by the noise of all the others."""
    counts = dict.fromkeys(("tokens", "risky", "decided", "decided risky", "parted", "parted at risk"), 0)
    for own in parted:
        noise = noise_of([one.unlike.drift or 0.0 for one in parted if one is not own] or [0.0])
        at = own.unlike.at
        counts["tokens"] += len(own.margins)
        counts["risky"] += sum(margin < AT_RISK * noise for margin in own.margins)
        counts["decided"] += len(own.before)
        counts["decided risky"] += sum(margin < AT_RISK * noise for margin in own.before)
        if at is not None and at < len(own.margins):
            counts["parted"] += 1
            counts["parted at risk"] += own.margins[at] < AT_RISK * noise
    return counts


def predict(found: Sequence[Investigated], conditions: Sequence[str], dtype: str) -> None:
    print("\n| condition | noise of the others | tokens at risk | parted at a token at risk | at risk, up to there |")
    print("| --- | --- | --- | --- | --- |")
    for name in conditions:
        parted = parted_by(found, name, dtype) if name != "seed" else []
        for word, noise_of in (("largest", max), ("median", median)):
            n = foretold(parted, noise_of)
            if n["parted"]:
                noise = noise_of([one.unlike.drift or 0.0 for one in parted])
                share = f"{n['risky']} of {n['tokens']} ({n['risky'] / n['tokens']:.1%})"
                hit = f"{n['parted at risk']} of {n['parted']}"
                print(f"| `{name}` | {word}, {noise:.2g} | {share} | {hit} | {n['decided risky']} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--dtype", default="float32", help="of the reference")
    parser.add_argument("--conditions", nargs="+", default=list(DEFAULT), choices=list(CHANGES), metavar="CONDITION")
    parser.add_argument("--minutes", type=float, default=30, help="no prompts are begun after so many")
    given = parser.parse_args()
    options = ForensicOptions(conditions=given.conditions, dtype=given.dtype)
    found = ask_all(given.model, read_prompts(given.prompts), options, given.tokens, given.minutes)
    if not found:
        raise SystemExit("no prompt was answered")
    table(found, given.conditions)
    floors = [one.score.evidence["noise floor"] for one in found]
    risky = [one.score.results["at_risk"] for one in found]
    print(f"\nnoise floor {min(floors):.2g} to {max(floors):.2g}; at risk {sum(r[0] for r in risky):.0f} tokens")  # type: ignore[misc, index]
    predict(found, given.conditions, given.dtype)


if __name__ == "__main__":
    main()
