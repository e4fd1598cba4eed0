"""How often attempts and conditions agree: counted by hand from answers that stand here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from evalkit.checks.determinism import Determinism, DeterminismOptions
from evalkit.checks.forensic import REFERENCE, Forensic, ForensicOptions
from evalkit.diagnoses import Agreement
from evalkit.records import Answer, Decoding, Score
from evalkit.results import Run
from evalkit.runner.agreements import MOST_CASES, MOST_NAMES, agreements
from evalkit.store import StoredScore

RUN = Run("run", "s", "m", "finished", "")


@dataclass
class Held:
    """A store that knows only scores and answers, and how many answers were read."""

    cases: Sequence[Mapping[str, str | None]]
    """Of each case, answers by name; none where there is no answer."""
    evidence: bool = False
    read: int = 0
    texts: dict[str, Answer] = field(default_factory=dict)

    def iter_scores(self, run_id: str, check: str) -> Iterator[StoredScore]:
        assert (run_id, check) == ("run", "c")
        for place, answers in enumerate(self.cases):
            keys = [f"{place}/{at}" for at in range(len(answers))]
            said = zip(keys, answers.values(), strict=True)
            self.texts.update({key: Answer(text) for key, text in said if text is not None})
            evidence: dict[str, Any] = {"answers": list(answers)} if self.evidence else {}
            yield StoredScore("c", f"r{place}", "", (f"r{place}",), place, tuple(keys), Score({}, evidence))

    def get_answers(self, keys: Iterable[str], *_: Any, **__: Any) -> dict[str, Answer]:
        wanted = set(keys)
        self.read += len(wanted)
        return {key: self.texts[key] for key in wanted if key in self.texts}


def found(store: Held, check: Any) -> tuple[Agreement, ...]:
    return agreements(store, RUN, [SimpleNamespace(check=check, name="c")])  # type: ignore[arg-type, list-item]


def attempts(*texts: str | None) -> dict[str, str | None]:
    return {f"attempt {number}": text for number, text in enumerate(texts, 1)}


STEADY = Determinism("c", Decoding(), DeterminismOptions(repeats=3))


def test_shares_of_the_cases_that_both_attempts_answered() -> None:
    store = Held([attempts("a", "a", "a"), attempts("a", "b", "a"), attempts("a", "a", None), attempts("x", "x", "y")])
    (one,) = found(store, STEADY)
    assert one.names == ("attempt 1", "attempt 2", "attempt 3")
    assert one.cases == 4
    assert one.same == ((1.0, 3 / 4, 2 / 3), (3 / 4, 1.0, 1 / 3), (2 / 3, 1 / 3, 1.0))


def test_nothing_is_said_where_nothing_was_answered_twice() -> None:
    assert found(Held([attempts("a", None, None)]), STEADY) == ()
    assert found(Held([]), STEADY) == ()
    assert found(Held([attempts("a", "a")]), SimpleNamespace(kind="accuracy")) == ()


def test_of_many_attempts_and_cases_the_first_stand_for_all() -> None:
    store = Held([attempts(*"a" * (MOST_NAMES + 4))] * (MOST_CASES + 50))
    (one,) = found(store, STEADY)
    assert len(one.names) == MOST_NAMES
    assert one.cases == MOST_CASES
    assert store.read == MOST_CASES * MOST_NAMES


def test_conditions_by_the_names_of_their_answers_without_draws_and_mistakes_on_purpose() -> None:
    forensic = Forensic("c", Decoding(), ForensicOptions(conditions=("repeat", "batch", "threads", "seed")))
    case = {
        REFERENCE: "a",
        "repeat": "a",
        "batch": "b",
        "threads, not supported": None,
        "a sample": "z",
        "seed": "z",
        f"{REFERENCE} in float32": "a",
        "on purpose: pads are attended to (mask)": "q",
    }
    (one,) = found(Held([case, {**case, "batch": "a"}], evidence=True), forensic)
    assert one.names == (REFERENCE, "repeat", "batch")
    assert one.same == ((1.0, 1.0, 0.5), (1.0, 1.0, 0.5), (0.5, 0.5, 1.0))


def test_a_case_that_names_no_answers_is_passed_over() -> None:
    forensic = Forensic("c", Decoding(), ForensicOptions(conditions=("repeat",)))
    assert found(Held([{REFERENCE: "a", "repeat": "a"}], evidence=False), forensic) == ()
