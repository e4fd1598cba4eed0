"""Every aim, in the order in which they were set."""

from __future__ import annotations

from benchmarks.check import NAMES
from benchmarks.page.aims import Aim, held_by
from benchmarks.page.judging import (
    CPU,
    PEAK,
    WALL,
    at_the_margin,
    both,
    costs_at_most,
    growth,
    line_at_most,
    metrics_at_least,
    nothing_lost,
    of_the_ideal,
    parts,
    refusals_cost,
    same_answers,
    same_verdicts,
    scoring_faster,
    streamed,
    times_of,
    times_the_best_peer,
    told_as,
)

BENCH = "python -m benchmarks"
EXACT = {"work": "exact match"}
FIVE = {"work": "five checks", "words": 25}
LARGE = (10_000, 100_000)
ONE_BY_ONE, IN_ONE_TASK = ("lm-eval", "inspect-ai"), ("lm-eval in one task", "inspect-ai in one task")
FRAMEWORK, GENERATION = "framework", "generation"
LONG_METRICS = ("rougeL", "rougeLsum", "token_f1", "edit_similarity")

OVERHEAD = (
    Aim(
        "framework",
        "5,000 samples with exact match, whole process: at most 2 CPU s",
        f"{BENCH} overhead",
        costs_at_most("overhead", 5_000, CPU, 2.0, "s"),
    ),
    Aim("", "the same: at most 120 MB", f"{BENCH} overhead", costs_at_most("overhead", 5_000, PEAK, 120, "MB")),
    Aim(
        "",
        "the same: at least 5 times less CPU time than the best peer",
        f"{BENCH} overhead",
        times_the_best_peer("overhead", 5, CPU, 5_000),
    ),
    Aim(
        "",
        "at the margin at least 5,000 samples a CPU second",
        f"{BENCH} framework",
        both(at_the_margin(FRAMEWORK, EXACT, (5_000, 10_000), 5_000), at_the_margin(FRAMEWORK, EXACT, LARGE, 5_000)),
        "Large runs find answers by hashes: a transaction writes to as many pages of the file as it has answers",
    ),
    Aim(
        "",
        "five checks: at most 1.3 times the bare functions",
        f"{BENCH} framework",
        both(
            *(
                parts(
                    FRAMEWORK,
                    {"work": "five checks", "words": words, "samples": samples},
                    (part, "alone"),
                    1.3,
                    what + f", {words} words an answer",
                )
                for samples, words in ((5_000, 25), (2_000, 200))
                for part, what in (("judged", "judging"), (CPU, "the whole run"))
            )
        ),
        "Starting, reading, storing, estimating and reporting cost the same however short an answer is "
        "([judging](#judging))",
    ),
    Aim(
        "",
        "from 10,000 to 100,000 samples at most 10.5 times the CPU time",
        f"{BENCH} framework",
        both(
            growth(FRAMEWORK, EXACT, LARGE, CPU, 10.5),
            told_as("five checks", growth(FRAMEWORK, FIVE, LARGE, CPU, 10.5)),
        ),
        "Judging in two processes, which begins where it saves time by the clock, and storing: answers and judgements "
        "are found by hashes, on more pages of the file the larger it is",
    ),
    Aim(
        "",
        "from 10,000 to 100,000 samples at most 1.3 times the memory",
        f"{BENCH} framework",
        both(
            growth(FRAMEWORK, EXACT, LARGE, PEAK, 1.3),
            told_as("five checks", growth(FRAMEWORK, FIVE, LARGE, PEAK, 1.3)),
        ),
        "Tables of scores: five checks have many columns of numbers",
    ),
    Aim(
        "",
        "a million samples within 600 MB",
        f"{BENCH} framework --million",
        line_at_most(FRAMEWORK, {**EXACT, "samples": 1_000_000}, PEAK, 600, "MB"),
    ),
)
METRICS = (
    Aim(
        "metrics",
        "ROUGE-L, ROUGE-Lsum, token F1, edit similarity: at least 5 times as fast on 1,000 long pairs, equal",
        f"{BENCH} metrics",
        metrics_at_least(LONG_METRICS, 5),
    ),
    Aim(
        "",
        "counts of BLEU and chrF are extracted once",
        "pytest tests/integration/test_statistics_are_extracted_once.py",
        held_by("held by a test that counts"),
    ),
    Aim(
        "",
        "20,000 long answers judged at least 1.7 times as fast on two cores",
        f"{BENCH} scoring",
        scoring_faster(1.7),
        "The work grows by what is carried between the processes",
    ),
    Aim(
        "",
        "judging costs no wall time while a model generates",
        f"{BENCH} scoring",
        streamed(1.05),
        "Starting a process beside the run, and what is left when the last answer has come",
    ),
)
LOCAL = (
    Aim(
        "transformers",
        "at least as fast as lm-eval's `hf` where all answers run to the limit",
        f"{BENCH} generation",
        times_of(GENERATION, "lm-eval", 1.0),
    ),
    Aim(
        "",
        "at least 1.5 times as fast as lm-eval where answers differ in length",
        f"{BENCH} generation-lengths",
        times_of("generation-lengths", "lm-eval", 1.5),
    ),
    Aim(
        "",
        "at least 5 times as fast as lm-eval behind 1,000 shared tokens",
        f"{BENCH} generation-prefix",
        times_of("generation-prefix", "lm-eval", 5),
    ),
    Aim(
        "",
        "within 10% of plain `generate` where nothing can be gained",
        f"{BENCH} generation",
        times_of(GENERATION, "plain generate", 1 / 1.1),
    ),
    Aim(
        "",
        "at least 20 times Inspect's `hf` on a tiny model",
        f"{BENCH} tiny-inspect",
        both(
            times_of("tiny-inspect", "inspect-ai", 20, (CPU, WALL)),
            told_as("tuned", times_of("tiny-inspect", "inspect-ai tuned", 20, (CPU, WALL))),
        ),
        "More than half of evalkit's process is importing torch and transformers, however many prompts there are",
    ),
    Aim(
        "",
        "multiple choice at least 1.5 times as fast as lm-eval",
        f"{BENCH} choice",
        times_of("choice", "lm-eval", 1.5),
    ),
    Aim(
        "",
        "greedy answers are `generate`'s, differences are ties",
        f"{BENCH} generation generation-lengths generation-prefix",
        same_answers((GENERATION, "generation-lengths", "generation-prefix"), "plain generate"),
    ),
)
ENGINES = (
    Aim(
        "OpenVINO",
        "at least 3.5 times lm-eval's tokens a second, from the same GGUF file",
        f"{BENCH} engines",
        both(
            times_of("engines", "lm-eval", 3.5, (CPU, WALL)),
            told_as("lm-eval in bfloat16", times_of("engines", "lm-eval bfloat16", 3.5, (CPU, WALL))),
        ),
        "In bfloat16 lm-eval computes with the same unit of the processor",
    ),
)
ENDPOINTS = (
    Aim(
        "endpoints",
        "1,000 requests of 200 ms: at least 95% of the ideal at the server's capacity",
        f"{BENCH} throughput",
        of_the_ideal(0.95),
        "The rise to as many as the server takes, taking up answers that come together, and the machine "
        "([endpoints](#endpoints))",
    ),
    Aim("", "20% refused with 429 at random: at most 1.3 times the time", f"{BENCH} throughput", refusals_cost(1.3)),
    Aim("", "nothing lost", f"{BENCH} throughput", nothing_lost()),
)
VERDICT = tuple(
    Aim(
        "verdict" if name == "verdict" else "",
        f"at least 15 times sooner than the best peer, gates that {what}; the same verdicts",
        f"{BENCH} {name}",
        both(
            *(times_the_best_peer(name, 15, quantity, 1_000, only=ONE_BY_ONE) for quantity in (WALL, CPU)),
            told_as("all checks in one task", times_the_best_peer(name, 15, WALL, 1_000, only=IN_ONE_TASK)),
            same_verdicts(name),
        ),
        "Of the checks in one task each row is asked once there, too: left are stopping early and the engine",
    )
    for name, what in (("verdict", "pass"), ("verdict-fail", "fail"))
)
START = (
    Aim(
        "start",
        "`--help` at most 0.15 CPU s",
        f"{BENCH} framework",
        line_at_most(FRAMEWORK, {"work": "evalkit --help"}, CPU, 0.15, "s"),
    ),
    Aim(
        "",
        "`import evalkit` at most 0.06 CPU s",
        f"{BENCH} framework",
        line_at_most(FRAMEWORK, {"work": "import evalkit"}, CPU, 0.06, "s"),
    ),
    Aim(
        "",
        "10 mock samples with all reports at most 0.7 CPU s",
        f"{BENCH} framework",
        line_at_most(FRAMEWORK, {**EXACT, "samples": 10}, CPU, 0.7, "s"),
        "Importing other libraries ([where the time goes](#where-the-time-goes))",
    ),
    Aim(
        "",
        "a second run of an unchanged suite never loads torch",
        "pytest tests/e2e/test_default_model_again.py",
        held_by("held by a test; checks of determinism ask anew"),
    ),
    Aim(
        "",
        "SmolLM2 ready within 3 s of wall time once converted",
        f"{BENCH} framework --ready",
        both(
            *(
                line_at_most(FRAMEWORK, {"work": f"SmolLM2 ready, {engine}"}, WALL, 3.0, f"s by {engine}")
                for engine in ("openvino", "transformers")
            )
        ),
        "Importing torch and transformers, or compiling the graph",
    ),
)
KEPT_UP = (
    Aim(
        "profile",
        "`--profile` says where time went, by stage",
        "pytest tests/api/test_cli_profile.py",
        held_by("[where the time goes](#where-the-time-goes)"),
    ),
    Aim(
        "guard",
        "hot paths do at most 15% more work than the baseline",
        "make bench-check",
        held_by(f"{len(NAMES)} paths, counted in instructions ([guard](#regression-guard))"),
    ),
)
MUSTS = (*OVERHEAD, *METRICS, *LOCAL, *ENGINES, *ENDPOINTS, *VERDICT, *START, *KEPT_UP)
