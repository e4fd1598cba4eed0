"""Which rules were kept at which boundary; a strict one ends the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from evalkit.errors import EvalkitError, ExitCode
from evalkit.modes.pipeline.rules import DATASET, PLAN, RULES, Rule

MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 160
BEFORE_ASKING = frozenset({DATASET, PLAN})
KEPT, NOTICED, BROKEN = "held", "noticed", "broken"


class ContractBroken(EvalkitError):
    """What passes a boundary is not what it has to be."""

    def __init__(self, message: str, *, where: str = "", hint: str = "", before_asking: bool) -> None:
        super().__init__(message, where=where, hint=hint)
        self.exit_code = ExitCode.WRONG_INPUT if before_asking else ExitCode.NOT_MEASURED


@dataclass(slots=True)
class Breach:
    rule: Rule
    times: int = 0
    """Rows, answers or cases."""
    noted: int = 0
    """Of which each is an example, though not all are kept."""
    examples: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        return BROKEN if self.rule.contract else NOTICED

    def __str__(self) -> str:
        more = f", and {self.noted - len(self.examples):,} more" if self.noted > len(self.examples) else ""
        return f"{self.rule.title}: {'; '.join(self.examples)}{more}"


class Ledger:
    def __init__(self, *, strict: bool, where: str, thorough: bool) -> None:
        self._strict = strict
        self._where = where
        self._rules = [rule for rule in RULES if thorough or not rule.each]
        self._breaches: dict[Rule, Breach] = {}
        self._unraised: list[Breach] = []

    def note(self, rule: Rule, example: str, times: int = 1) -> None:
        breach = self._breaches.get(rule)
        if breach is None:
            breach = self._breaches[rule] = Breach(rule)
            if rule.contract:
                self._unraised.append(breach)
        breach.times += times
        breach.noted += 1
        if len(breach.examples) < MOST_EXAMPLES:
            breach.examples.append(example[:LONGEST_EXAMPLE])

    def require(self) -> None:
        """Where contracts are strict and one is broken, the run ends here."""
        if not self._strict or not self._unraised:
            return
        before = all(breach.rule.boundary in BEFORE_ASKING for breach in self._unraised)
        listed = "\n".join(f"- {breach}" for breach in self._unraised)
        hint = "mend it, or go on in spite of it: --mode pipeline --mode-option contracts=lenient"
        if not before:
            hint += "; what was answered is kept, and the same command goes on from it"
        raise ContractBroken(f"a contract is broken:\n{listed}", where=self._where, hint=hint, before_asking=before)

    def leave_out(self, *rules: Rule) -> None:
        """They could not be looked at, so nothing is said of them."""
        self._rules = [rule for rule in self._rules if rule not in rules]

    @property
    def breaches(self) -> list[Breach]:
        """In the order of the rules."""
        return [self._breaches[rule] for rule in self._rules if rule in self._breaches]

    def rules(self) -> Iterable[Rule]:
        return self._rules

    def breach(self, rule: Rule) -> Breach | None:
        return self._breaches.get(rule)

    def state(self, boundary: str = "") -> str:
        """The worst of a boundary, or of all."""
        states = {breach.state for breach in self.breaches if boundary in ("", breach.rule.boundary)}
        return BROKEN if BROKEN in states else NOTICED if NOTICED in states else KEPT
