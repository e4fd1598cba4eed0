"""The boundaries before anything is asked: rows of datasets, and the plan that is made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalkit.compact import Found
from evalkit.data import Dataset
from evalkit.data.order import Order
from evalkit.data.rowstore import ids_of
from evalkit.data.spec import DatasetSpec
from evalkit.gates.columns import label_text
from evalkit.modes.pipeline import rules
from evalkit.modes.pipeline.ledger import Ledger
from evalkit.modes.pipeline.texts import NAMES, TextProfile, damage, shown
from evalkit.records import Sample
from evalkit.runner.eachrow import is_case_of_each_row
from evalkit.runner.plan import Plan
from evalkit.suite.load import SuiteCheck

ROLES = frozenset({"system", "user", "assistant", "tool"})
MOST_BAD = 0.02
FEWEST = 10
"""Of fewer rows no share is worth a look."""
MOST_CATEGORIES = 40
"""A label with more values than this is no category."""


@dataclass(slots=True)
class Column:
    """A label of rows."""

    missing: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class DataProfile:
    """Of a dataset's rows, as they are asked."""

    name: str
    file_rows: int
    rows: int = 0
    skipped: int = 0
    left_out: int = 0
    """Rows that the suite leaves out by a filter, a sample or a limit."""
    examples: int = 0
    """Rows that became worked examples."""
    is_perturbed: bool = False
    """Rows are followed by variants that the suite makes of them."""
    prompts: TextProfile = field(default_factory=TextProfile)
    references: TextProfile = field(default_factory=TextProfile)
    columns: dict[str, Column] = field(default_factory=dict)
    categories: dict[str, Counter[str]] = field(default_factory=dict)
    """By label, how many rows have each value."""


def profile_of(dataset: Dataset, spec: DatasetSpec) -> DataProfile:
    """What is known of it without looking at a row."""
    examples = len(dataset.exemplars) if spec.prompt.few_shot.n and not spec.prompt.few_shot.path else 0
    rows = len(dataset.samples)
    found = DataProfile(dataset.name, dataset.rows, rows, dataset.skipped, examples=examples)
    found.is_perturbed = bool(spec.perturb)
    if not spec.perturb:
        found.left_out = max(0, dataset.rows - dataset.skipped - examples - rows)
    return found


def check_counts(dataset: Dataset, spec: DatasetSpec, profile: DataProfile, ledger: Ledger) -> None:
    if profile.rows < max(1, spec.min_rows):
        wanted = max(1, spec.min_rows)
        ledger.note(rules.ROWS_ARE_THERE, f"dataset '{dataset.name}' has {profile.rows:,} rows of at least {wanted:,}")
    if profile.file_rows >= FEWEST and profile.skipped / profile.file_rows > MOST_BAD:
        share = f"{profile.skipped:,} of {profile.file_rows:,} rows ({profile.skipped / profile.file_rows:.1%}"
        what = f"dataset '{dataset.name}': {share}, more than {MOST_BAD:.0%}) are bad, and left out"
        ledger.note(rules.FEW_BAD_ROWS, what, profile.skipped)
    has_reason = bool(spec.where or spec.sample or spec.limit or profile.examples)
    if profile.left_out and not has_reason:
        ledger.note(
            rules.ROWS_ADD_UP,
            f"dataset '{dataset.name}': {profile.left_out:,} of {profile.file_rows:,} rows went without a reason",
            profile.left_out,
        )
    if not spec.perturb and profile.rows + profile.skipped + profile.examples > profile.file_rows:
        ledger.note(rules.ROWS_ADD_UP, f"dataset '{dataset.name}' has more rows than its file's {profile.file_rows:,}")


def look_at_rows(dataset: Dataset, profile: DataProfile, labels: Sequence[str], ledger: Ledger) -> None:
    """One pass over all rows, of which none is kept."""
    for sample in dataset.samples:
        _look_at(sample, profile, labels, ledger)
    for rule, one, what in _damages(dataset, profile):
        ledger.note(rule, one, what)
    twice = _repeated_ids(dataset.samples)
    for name in twice:
        ledger.note(rules.ROWS_HAVE_IDS, f"dataset '{dataset.name}' has more than one row '{shown(name)}'")


def _damages(dataset: Dataset, profile: DataProfile) -> Iterator[tuple[rules.Rule, str, int]]:
    repeated = profile.prompts.repeated
    if repeated:
        yield rules.ROWS_DIFFER, f"dataset '{dataset.name}': {repeated:,} rows ask what an earlier one asks", repeated
    for name, column in profile.columns.items():
        others = column.kinds.total() - max(column.kinds.values(), default=0)
        if others:
            kinds = ", ".join(f"{times:,} {kind}" for kind, times in column.kinds.most_common())
            yield rules.COLUMNS_HAVE_TYPES, f"dataset '{dataset.name}', column '{name}': {kinds}", others


def _look_at(sample: Sample, profile: DataProfile, labels: Sequence[str], ledger: Ledger) -> None:
    where = sample.origin or f"dataset '{profile.name}', row '{shown(sample.id)}'"
    if not sample.id:
        ledger.note(rules.ROWS_HAVE_IDS, f"{where}: no id")
    if not sample.messages:
        ledger.note(rules.ROWS_ASK, f"{where}: nothing is asked")
    texts = []
    for message in sample.messages:
        if not isinstance(message.content, str) or message.role not in ROLES:
            ledger.note(rules.ROWS_ASK, f"{where}: a message of {message.role!r} in {type(message.content).__name__}")
        else:
            texts.append(message.content)
    asked = "\n".join(texts)
    if texts and not asked.strip():
        ledger.note(rules.ROWS_ASK, f"{where}: only blanks are asked")
    profile.prompts.add(asked)
    for reference in sample.references:
        if isinstance(reference, str):
            profile.references.add(reference)
    _look_at_labels(sample.labels, profile)
    for label in labels:
        value = label_text(sample.labels, label)
        if value is not None:
            _count(profile.categories.setdefault(label, Counter()), value)
    _look_for_damage(where, asked, sample, ledger)


def _count(values: Counter[str], value: str) -> None:
    if value in values or len(values) <= MOST_CATEGORIES:  # one more than that says that it is none
        values[value] += 1


def _look_at_labels(labels: Mapping[str, Any], profile: DataProfile) -> None:
    columns = profile.columns
    for name in labels:
        if name not in columns:
            columns[name] = Column(missing=profile.prompts.lengths.count - 1)
    for name, column in columns.items():
        value = labels.get(name)
        if value is None or value == "":
            column.missing += 1
        else:
            column.kinds["number" if type(value) in (int, float) else type(value).__name__] += 1


def _look_for_damage(where: str, asked: str, sample: Sample, ledger: Ledger) -> None:
    places = [("the prompt", asked), *(("a reference", text) for text in sample.references)]
    places += [(f"column '{name}'", value) for name, value in sample.labels.items()]
    for place, text in places:
        kind = damage(text) if isinstance(text, str) else ""
        if kind:
            rule = rules.ROWS_READ if kind == "misread" else rules.ROWS_DECODE
            ledger.note(rule, f"{where}: {place} has {NAMES[kind]}: {shown(text)}")


def _repeated_ids(samples: Sequence[Sample]) -> list[str]:
    names, found = ids_of(samples), Found()
    for name in names:
        found.append(hash(name) & 0xFFFF_FFFF_FFFF_FFFF)
    return [names[places[0]] for places in found.repeated() if len({names[at] for at in places}) < len(places)]


# --- the plan ---------------------------------------------------------------------------------------------------------


def check_plan(plan: Plan, ledger: Ledger) -> None:
    for check in plan.checks:
        cases = len(plan.cases.get(check.name, ()))
        if not cases:
            ledger.note(rules.CHECKS_HAVE_CASES, f"check '{check.name}' has no case")
        whole = len(plan.order[check.dataset].places) if check.dataset in plan.order else 0
        if cases != whole and is_case_of_each_row(check.check) and plan.scope.limit is None:
            what = f"check '{check.name}' has {cases:,} cases of {whole:,} rows"
            ledger.note(rules.CASES_ADD_UP, what, abs(whole - cases))
    total = sum(len(plan.cases.get(check.name, ())) for check in plan.checks)
    if total != plan.count:
        ledger.note(rules.CASES_ADD_UP, f"the plan says {plan.count:,} cases, its checks have {total:,}")


def check_columns(plan: Plan, profiles: Mapping[str, DataProfile], ledger: Ledger) -> None:
    """Of rows that were looked at."""
    for check in plan.checks:
        profile = profiles[check.dataset]
        for name in check.required:
            column = profile.columns.get(name)
            has = profile.references.lengths.count if name == "references" else column and column.kinds.total()
            if not has:
                what = f"check '{check.name}' needs column '{name}', and no row of '{check.dataset}' has a value there"
                ledger.note(rules.COLUMNS_ARE_THERE, what)


def check_cases(plan: Plan, ledger: Ledger) -> dict[str, int]:
    """Of cases that checks make themselves, the rows; by dataset, how many rows are in no case of any check."""
    unused = {}
    for name, order in plan.order.items():
        readers = [check for check in plan.checks if check.dataset == name]
        if any(is_case_of_each_row(check.check) for check in readers) and plan.scope.limit is None:
            unused[name] = 0
            _look_at_cases([check for check in readers if not is_case_of_each_row(check.check)], order, plan, ledger)
            continue
        used = _look_at_cases(readers, order, plan, ledger)
        unused[name] = sum(one not in used for one in order.ids())
        if unused[name]:
            what = f"dataset '{name}': no check makes a case of {unused[name]:,} rows"
            ledger.note(rules.ROWS_ARE_USED, what, unused[name])
    return unused


def _look_at_cases(checks: Sequence[SuiteCheck], order: Order, plan: Plan, ledger: Ledger) -> set[str]:
    used: set[str] = set()
    asked = set(order.ids()) if checks else used
    for check in checks:
        for case in plan.cases[check.name]:
            if not case.samples or not all(sample.messages for sample in case.samples):
                ledger.note(rules.CASES_HAVE_ROWS, f"check '{check.name}', case '{shown(case.id)}' asks nothing")
            strange = [sample.id for sample in case.samples if sample.id not in asked]
            if strange:
                where = f"check '{check.name}', case '{shown(case.id)}'"
                ledger.note(rules.CASES_HAVE_ROWS, f"{where} has row '{shown(strange[0])}', which is not asked")
            used.update(sample.id for sample in case.samples)
    return used
