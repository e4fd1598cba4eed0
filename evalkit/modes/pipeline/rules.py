"""What is demanded of what passes each boundary of a run, and what is worth a look."""

from __future__ import annotations

from dataclasses import dataclass

DATASET, PLAN, ANSWERS, SCORES, ESTIMATES, VERDICTS = "dataset", "plan", "answers", "scores", "estimates", "verdicts"
BOUNDARIES = (DATASET, PLAN, ANSWERS, SCORES, ESTIMATES, VERDICTS)


@dataclass(frozen=True, slots=True)
class Rule:
    boundary: str
    name: str
    demand: str
    """What is so where the rule is kept."""
    contract: bool = True
    """Where it is not kept, something is wrong. Otherwise it is worth a look, and ends no run."""
    each: bool = False
    """It is looked at row by row, which costs time: only where a mode was named."""

    @property
    def title(self) -> str:
        return f"{self.boundary}, {self.name}"


ROWS_ARE_THERE = Rule(DATASET, "volume", "a dataset has as many rows as the suite wants at least")
ROWS_ADD_UP = Rule(DATASET, "rows add up", "every row of the file is asked, or left out for a reason")
FEW_BAD_ROWS = Rule(DATASET, "bad rows", "few rows are bad, and left out", contract=False)
ROWS_HAVE_IDS = Rule(DATASET, "ids", "every row has an id, and no two have the same", each=True)
ROWS_ASK = Rule(DATASET, "prompts", "every row asks something, in text, of roles that there are", each=True)
COLUMNS_ARE_THERE = Rule(DATASET, "columns", "a column that a check needs has a value in some row", each=True)
COLUMNS_HAVE_TYPES = Rule(DATASET, "types", "the values of a column are of one type", contract=False, each=True)
ROWS_DECODE = Rule(DATASET, "encoding", "no text has lone surrogates, NUL or replacement characters", each=True)
ROWS_READ = Rule(DATASET, "damaged text", "no text was read as another encoding than UTF-8", contract=False, each=True)
ROWS_DIFFER = Rule(DATASET, "duplicates", "no two rows ask the same", contract=False, each=True)
ROWS_AS_BEFORE = Rule(DATASET, "drift", "they are as many and as long as in the baseline", contract=False, each=True)

CHECKS_HAVE_CASES = Rule(PLAN, "cases", "every check has cases")
CASES_ADD_UP = Rule(PLAN, "cases add up", "checks have as many cases as the plan says")
CASES_HAVE_ROWS = Rule(PLAN, "rows of cases", "every case is made of rows that are asked", each=True)
ROWS_ARE_USED = Rule(PLAN, "unused rows", "every row is in a case of some check", contract=False, each=True)

ANSWERED_ONCE = Rule(ANSWERS, "answered once", "a request is answered once", each=True)
ANSWERED_AT_ALL = Rule(ANSWERS, "answered at all", "no request is passed over in silence", each=True)
FINISH_IS_KNOWN = Rule(ANSWERS, "finish", "an answer says how it ended, in a word that there is", each=True)
TOKENS_ARE_PLAUSIBLE = Rule(ANSWERS, "tokens", "tokens are counted as the text says: none for no text only", each=True)
ANSWERS_ARE_TEXT = Rule(ANSWERS, "type", "an answer is text; a likelihood has finite numbers", each=True)
ANSWERS_DECODE = Rule(ANSWERS, "encoding", "no answer has lone surrogates or NUL", each=True)
ANSWERS_READ = Rule(ANSWERS, "damaged text", "no answer lost characters to another encoding", contract=False, each=True)
WITHIN_LENGTH = Rule(ANSWERS, "length", "no answer is longer than max_tokens", contract=False, each=True)
FEW_FAILED = Rule(ANSWERS, "failed", "few requests fail", contract=False, each=True)
FEW_CUT = Rule(ANSWERS, "cut", "few answers are cut at max_tokens", contract=False, each=True)
FEW_EMPTY = Rule(ANSWERS, "empty", "few answers are empty", contract=False, each=True)
FEW_ALIKE = Rule(ANSWERS, "alike", "no one text answers many prompts", contract=False, each=True)
ANSWERS_AS_BEFORE = Rule(ANSWERS, "drift", "they are as many and as long as in the baseline", contract=False, each=True)

CASES_END_ONCE = Rule(SCORES, "ended once", "every case of the plan ends once: scored, unscored or errored")
SCORES_ARE_SOUND = Rule(SCORES, "sound", "a check gives scores of its metrics, in finite numbers")
SCORES_ARE_WITHIN = Rule(SCORES, "bounds", "the value of a case is within its metric's bounds", each=True)
FEW_UNSCORED = Rule(SCORES, "unscored", "few cases are unscored or errored", contract=False)

VALUES_ARE_WITHIN = Rule(ESTIMATES, "bounds", "a value is finite, and within its metric's bounds")
VALUES_IN_INTERVALS = Rule(ESTIMATES, "interval", "a value is inside its interval", contract=False)
COUNTS_ADD_UP = Rule(ESTIMATES, "counts", "an estimate counts the cases that its check has")
GATED_HAVE_VALUES = Rule(ESTIMATES, "values", "every metric that a gate speaks of has a value", contract=False)

GATES_ARE_DECIDED = Rule(VERDICTS, "decided once", "every gate is decided, and decided once")
VERDICTS_FIT = Rule(VERDICTS, "consistent", "what passes meets its target by its estimate, and what fails misses it")
OUTCOME_FITS = Rule(VERDICTS, "outcome", "the exit code is no better than the verdicts")

RULES = tuple(rule for rule in list(globals().values()) if isinstance(rule, Rule))
