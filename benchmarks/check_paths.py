# ruff: noqa: PLC0415 - each path imports what it needs, and only that
"""The hot paths that ``benchmarks/check.py`` counts, each a function that does a fixed piece of work.

python -m benchmarks.check_paths FOLDER COUNT PATH ...
python -m benchmarks.check_paths -- evalkit ARGUMENT ...

Each path is made ready and run once, so that what it imports and keeps is there, and then run again while its work is
counted: by callgrind, which counts what happens inside ``ffi_call``, or by the interpreter, as bytecode instructions.
The second form counts the bytecode instructions of a whole command, imports and all.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

Work = Callable[[], object]
DATABASE = "runs.db"
SUITE = "exact-match-1000.yaml"
REPORTED = "five-checks-60.yaml"
WORDS = (
    *("river", "stone", "city", "market", "answer", "model", "number", "garden", "winter", "letter", "water", "The"),
    *("a", "of", "and", "in", "was", "with", "people", "between", "however", "because", "understanding", "little"),
    *("government", "important", "different", "children", "often,", "years.", "said:", "it's", "42", "3.5"),
)


def texts(count: int, words: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=words)) + "." for _ in range(count)]


def plan(folder: Path) -> Work:
    """Datasets are read anew each time."""
    from evalkit.runner.plan import make_plan
    from evalkit.suite.load import load_suite

    suite = load_suite(folder / SUITE)
    return lambda: sum(len(block) for block in make_plan(suite).blocks())


def requests(count: int) -> list[Any]:
    from evalkit.records import Generate, Message, Request

    return [Request(Generate((Message("user", text),))) for text in texts(count, 25, 1)]


def request_keys(_: Path) -> Work:
    from evalkit.store import Identity, request_key

    asked, identity = requests(500), Identity("fingerprint", "revision", 0)
    return lambda: [request_key(request, identity) for request in asked]


def stored_answers(folder: Path) -> Work:
    from evalkit.records import Answer
    from evalkit.store import open_store

    store = open_store(str(folder / DATABASE))
    run = store.list_runs(limit=1)[0].id
    turns = itertools.count()
    asked = requests(200)

    def work() -> None:
        turn = next(turns)
        keyed = [(f"{turn:04}-{place:060}", request, Answer("four words of it")) for place, request in enumerate(asked)]
        store.put_answers(run, keyed)
        assert len(store.get_answers([key for key, _, _ in keyed], {}, run_id=run)) == len(asked)

    return work


def metric(name: str, pairs: int, words: int = 120) -> Callable[[Path], Work]:
    def ready(_: Path) -> Work:
        from evalkit import plugins
        from evalkit.records import Answer, Case, Sample

        def ready_for(seed: int) -> list[tuple[Case, Answer]]:
            wanted, given = texts(pairs, words, seed), texts(pairs, words, seed + 1)
            cases = [Case(str(number), (Sample(str(number), (), (text,)),)) for number, text in enumerate(wanted)]
            return list(zip(cases, map(Answer, given), strict=True))

        measured = plugins.load("evalkit.metrics", name)
        turns = iter([ready_for(2), ready_for(4)])  # the second time others: some metrics remember what they counted

        def work() -> None:
            for case, answer in next(turns):
                measured.statistics(case, (answer,))

        return work

    return ready


def refusals(_: Path) -> Work:
    from evalkit.metrics.refusal import classify

    answers = [f"I am sorry, but I cannot help with that. {text}" for text in texts(10, 60, 4)] + texts(10, 80, 5)
    return lambda: [classify(answer) for answer in answers]


def readability(_: Path) -> Work:
    from evalkit.metrics import prose
    from evalkit.metrics.readability import measure_prose

    answers = texts(20, 120, 6)
    return lambda: [measure_prose(prose.parts(answer).prose) for answer in answers]


def bootstrap_interval(_: Path) -> Work:
    import numpy as np

    from evalkit.metrics.corpus import bleu
    from evalkit.stats.bootstrap import Resampling, bootstrap

    words = np.random.default_rng(7).integers(6, 30, 1_000)
    matched = [np.floor(words * share) for share in (0.6, 0.4, 0.3, 0.2)]
    rows = np.column_stack([words, words + 1, *matched, words, words - 1, words - 2, words - 3]).astype(float)
    seeds = itertools.count()  # draws of a seed are kept: each time others
    return lambda: bootstrap(bleu, rows, None, Resampling(300, seed=next(seeds)))


def betting_interval(_: Path) -> Work:
    import numpy as np

    from evalkit.stats.betting import mean_interval

    values = np.random.default_rng(8).random(400)
    return lambda: mean_interval(values)


def examined_block(folder: Path) -> Work:
    from evalkit.records import Answer, Generate
    from evalkit.runner.examine import examine
    from evalkit.runner.plan import make_plan
    from evalkit.suite.load import load_suite

    block = list(itertools.chain.from_iterable(itertools.islice(make_plan(load_suite(folder / SUITE)).blocks(), 4)))

    def ask(asked: Sequence[Any]) -> list[tuple[str, Answer]]:
        return [("k" * 64, Answer("it" if isinstance(request.ask, Generate) else "")) for request in asked]

    return lambda: examine(block, ask)


def report(folder: Path) -> Work:
    from evalkit.report import html
    from evalkit.runner.document import from_json
    from evalkit.store import open_store

    with open_store(str(folder / DATABASE)) as store:
        result = from_json(store.get_result(store.list_runs(limit=1)[0].id))
    return lambda: html.render(result)


PATHS: dict[str, Callable[[Path], Work]] = {
    "plan of a thousand rows": plan,
    "request keys": request_keys,
    "answers stored and read": stored_answers,
    "exact match": metric("exact_match", 200),
    "ROUGE-L": metric("rougeL", 20),
    "ROUGE-Lsum": metric("rougeLsum", 5),
    "BLEU": metric("bleu", 10),
    "chrF": metric("chrf", 10),
    "token F1": metric("token_f1", 20),
    "edit similarity": metric("edit_similarity", 20),
    "refusal": refusals,
    "readability": readability,
    "bootstrap interval": bootstrap_interval,
    "betting interval": betting_interval,
    "block of exact match": examined_block,
    "page of a report": report,
}


def count_instructions(work: Work) -> None:
    """Callgrind writes down what it counted whenever ``ffi_call`` ends."""

    def run() -> None:
        work()

    call = ctypes.PYFUNCTYPE(None)(run)
    gc.collect()
    gc.disable()
    call()
    gc.enable()


def count_opcodes(work: Work) -> int:
    """Bytecode instructions of the interpreter: what libraries do in C is not among them."""
    counted = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal counted
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            counted += 1
        return trace

    gc.collect()
    gc.disable()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
        gc.enable()
    return counted


def count_command(arguments: Sequence[str]) -> int:
    def work() -> None:
        from evalkit.cli.main import run_and_exit

        try:
            run_and_exit(list(arguments))
        except SystemExit as stopped:
            if stopped.code:
                raise

    return count_opcodes(work)


def main(folder: Path, count: str, names: Sequence[str]) -> None:
    counted: dict[str, int] = {}
    for name in names:
        work = PATHS[name](folder)
        work()
        if count == "instructions":
            count_instructions(work)
        elif count == "opcodes":
            counted[name] = count_opcodes(work)
    if count == "opcodes":
        print(json.dumps(counted))


if __name__ == "__main__" and sys.argv[1] == "--":
    print(json.dumps(count_command(sys.argv[3:])))
elif __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
