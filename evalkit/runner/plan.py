"""What will be asked, in which order, before anything is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalkit.compact import Found
from evalkit.data import Dataset, load
from evalkit.data.contracts import PROMPT_ALIASES, REFERENCE_ALIASES
from evalkit.data.order import Order, permutation
from evalkit.data.perturb.expand import LABELS
from evalkit.data.rowstore import Samples, ids_of
from evalkit.errors import PLUGIN_BREAKS, DatasetError, EvalkitError, PluginError, SuiteError, did_you_mean
from evalkit.gates.columns import label_text
from evalkit.records import Case, Request, Sample
from evalkit.runner.eachrow import CasesOfRows, case_of, is_case_of_each_row
from evalkit.suite.load import Suite, SuiteCheck, refuse_judge_alone

BLOCK = 64
"""Clusters asked, scored and stored together. A run that is killed asks at most one block again."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the command line leaves out of a suite."""

    only: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def partial(self) -> bool:
        return bool(self.only) or self.limit is not None


@dataclass(frozen=True, slots=True)
class Planned:
    """One case of one check, and where it stands in the order of its dataset."""

    check: SuiteCheck
    case: Case
    position: int
    renewal: int = 0
    """Of the check's requests."""

    def renewed(self, requests: Sequence[Request]) -> Sequence[Request]:
        """As they are asked after the check's answers were invalidated."""
        return [replace(request, renewal=self.renewal) for request in requests] if self.renewal else requests


@dataclass(frozen=True, slots=True)
class Plan:
    suite: Suite
    scope: Scope
    checks: tuple[SuiteCheck, ...]
    datasets: Mapping[str, Dataset]
    order: Mapping[str, Order]
    """Clusters of every dataset, in the order that is the same for every model and check."""
    cases: Mapping[str, Sequence[Case]]
    """By check, in the order of its dataset. Where a row is a case, cases are made when they are looked at."""
    renewals: Mapping[str, int] = field(default_factory=dict)
    """Of checks whose answers were invalidated."""

    @property
    def count(self) -> int:
        return sum(map(len, self.cases.values()))

    def blocks(self) -> Iterator[list[Planned]]:
        """Cases that are asked together: all checks on the same rows, so that equal requests meet."""
        for name, order in self.order.items():
            readers = [check for check in self.checks if check.dataset == name]
            own = [check for check in readers if not self._is_streamed(check)]
            place = _places(order) if own else {}
            renewals = self.renewals
            held = {
                check.name: _Held(check, self.cases[check.name], place, renewals.get(check.name, 0)) for check in own
            }
            for end in range(BLOCK, len(order) + BLOCK, BLOCK):
                rows = range(order.begins[end - BLOCK], order.end(min(end, len(order)) - 1))
                each = [case_of(one) for one in order.rows[rows.start : rows.stop]] if len(own) < len(readers) else []
                planned: list[Planned] = []
                for check in readers:
                    if check.name in held:
                        planned += held[check.name].until(end)
                    else:
                        mine = rows[: max(0, len(self.cases[check.name]) - rows.start)]
                        renewal = renewals.get(check.name, 0)
                        planned += [Planned(check, case, at, renewal) for case, at in zip(each, mine, strict=False)]
                if planned:
                    yield planned

    def _is_streamed(self, check: SuiteCheck) -> bool:
        return isinstance(self.cases[check.name], CasesOfRows)

    def samples(self, name: str, *, by_id: bool = False) -> Iterator[Sample]:
        """What is asked of a dataset: its rows, in their order or sorted by id, and those that a check made of them."""
        order = self.order[name]
        yield from order.by_id if by_id else order.rows
        held = [check for check in self.checks if check.dataset == name and not self._is_streamed(check)]
        known = set(order.ids()) if held else set()
        made = {
            sample.id: sample
            for check in held
            for case in self.cases[check.name]
            for sample in case.samples
            if sample.id not in known
        }
        yield from made.values()

    def sliced_by(self) -> list[str]:
        """The labels by which anything of this plan is reported or decided."""
        gates = [label for gate in self.suite.gates for label in (*gate.slice, gate.by) if label]
        return list(dict.fromkeys([*self.suite.slices, *gates]))

    def warnings(self) -> list[str]:
        found = [warning for dataset in self.datasets.values() for warning in dataset.warnings]
        for check in self.checks:
            warn = getattr(check.check, "warnings", None)  # of BaseCheck; the protocol does not ask for it
            rows = self.order[check.dataset].rows
            found += [f"{check.name}: {warning}" for warning in (warn(rows) if warn else ())]
        return found


def make_plan(suite: Suite, scope: Scope = Scope()) -> Plan:
    checks = chosen_checks(suite, scope.only)
    if scope.only:  # what stands beside a judge's opinion in the suite may have been left out
        names = {check.name for check in checks}
        refuse_judge_alone([gate for gate in suite.gates if gate.check in names], checks, suite.judge, part=True)
    wanted = {check.dataset for check in checks}
    datasets = {name: load(spec, suite.path.parent) for name, spec in suite.datasets.items() if name in wanted}
    _verify_columns(checks, datasets)
    _verify_slices(suite, checks, datasets)
    order = {name: permutation(dataset.samples, dataset.fingerprint) for name, dataset in datasets.items()}
    return with_order(Plan(suite, scope, checks, datasets, order, {}), order)


def with_order(plan: Plan, order: Mapping[str, Order]) -> Plan:
    """The plan over these rows. Under a limit every check has its first cases, and rows that none of them needs go."""
    limit = plan.scope.limit
    cases = {check.name: _cases(check, order[check.dataset], limit) for check in plan.checks}
    if limit is not None:
        used: dict[str, set[str]] = {name: set() for name in order}
        first = dict.fromkeys(order, 0)
        """Of each dataset, how many of its first rows are cases by themselves."""
        for check in plan.checks:
            mine = cases[check.name]
            if isinstance(mine, CasesOfRows):
                first[check.dataset] = max(first[check.dataset], len(mine))
            else:
                used[check.dataset].update(sample.id for case in mine for sample in case.samples)
        order = {
            name: rows.kept(at < first[name] or one in used[name] for at, one in enumerate(rows.ids()))
            for name, rows in order.items()
        }
        for check in plan.checks:
            mine = cases[check.name]
            if isinstance(mine, CasesOfRows):
                cases[check.name] = CasesOfRows(order[check.dataset], len(mine))
    return replace(plan, order=order, cases=cases)


class _Held:
    """The cases of a check that makes its own, handed out in order."""

    def __init__(self, check: SuiteCheck, cases: Sequence[Case], place: Mapping[str, int], renewal: int) -> None:
        self._check, self._cases, self._renewal = check, cases, renewal
        self._places = _case_places(cases, place)
        self._at = 0

    def until(self, end: int) -> list[Planned]:
        """Those that stand before this place."""
        begin = self._at
        while self._at < len(self._cases) and self._places[self._at] < end:
            self._at += 1
        return [Planned(self._check, self._cases[at], at, self._renewal) for at in range(begin, self._at)]


def _places(order: Order) -> dict[str, int]:
    return dict(zip(order.ids(), order.clusters(), strict=True))


def _case_places(cases: Sequence[Case], place: Mapping[str, int]) -> list[int]:
    """A case stands where its first row does; a cluster that the check made of several rows' clusters stays together,
    where its first case is, for what is not independent must not be torn between two blocks."""
    own = [place.get(case.sample.id, 0) for case in cases]
    first: dict[str, int] = {}
    for case, at in zip(cases, own, strict=True):
        if case.cluster:
            first[case.cluster] = min(at, first.get(case.cluster, at))
    return [first.get(case.cluster, at) for case, at in zip(cases, own, strict=True)]


def _cases(check: SuiteCheck, order: Order, limit: int | None) -> Sequence[Case]:
    """The cases of a check, in the order of their places; those of a limit."""
    if is_case_of_each_row(check.check) and len(order.places):
        if (twice := _repeated(order)) is not None:
            raise PluginError(f"check '{check.name}' made two cases with the id '{twice}'", where=check.origin)
        return CasesOfRows(order, len(order.places) if limit is None else min(limit, len(order.places)))
    try:
        cases = list(check.check.cases(order.rows))
        names = Counter(case.id for case in cases)
        without = next((case.id for case in cases if not case.samples), None)
    except EvalkitError:
        raise
    except PLUGIN_BREAKS as error:  # a check is a plugin: the person must learn which it was
        what = f"check '{check.name}' ({check.check.kind}) cannot make its cases: {type(error).__name__}: {error}"
        raise PluginError(what, where=check.origin) from error
    if not cases:
        raise DatasetError(
            f"check '{check.name}' finds no case in dataset '{check.dataset}'",
            where=check.origin,
            hint=f"its rows lack what makes a case of this check: docs/checks/{check.check.kind}.md says what that is",
        )
    if without is not None:
        raise PluginError(f"check '{check.name}' made a case without samples: '{without}'", where=check.origin)
    if len(names) < len(cases):
        twice = names.most_common(1)[0][0]
        raise PluginError(f"check '{check.name}' made two cases with the id '{twice}'", where=check.origin)
    places = _case_places(cases, _places(order))
    return [cases[at] for at in sorted(range(len(cases)), key=places.__getitem__)][:limit]


def _repeated(order: Order) -> str | None:
    """An id that two rows have."""
    names, found = ids_of(order.samples), Found()
    for name in names:
        found.append(hash(name) & 0xFFFF_FFFF_FFFF_FFFF)
    for places in found.repeated():
        name, times = Counter(names[at] for at in places).most_common(1)[0]
        if times > 1:
            return name
    return None


def chosen_checks(suite: Suite, only: Sequence[str]) -> tuple[SuiteCheck, ...]:
    names = [check.name for check in suite.checks]
    for name in only:
        if name not in names:
            raise SuiteError(
                f"--only names a check that suite '{suite.name}' does not have: '{name}'",
                hint=did_you_mean(name, names, "its checks"),
            )
    return tuple(check for check in suite.checks if not only or check.name in only)


def _columns(samples: Iterable[Sample]) -> list[str]:
    if isinstance(samples, Samples):
        return list(samples.columns)
    found: dict[str, None] = {}
    for sample in samples:
        if sample.references:
            found["references"] = None
        found.update(dict.fromkeys(sample.labels))
    return list(found)


def _verify_columns(checks: Sequence[SuiteCheck], datasets: Mapping[str, Dataset]) -> None:
    columns = {name: _columns(datasets[name].samples) for name in {check.dataset for check in checks if check.required}}
    for check in checks:
        for column in check.required:
            if column not in columns[check.dataset]:
                hint = did_you_mean(column, columns[check.dataset], "it has")
                if column in (*PROMPT_ALIASES, *REFERENCE_ALIASES):
                    hint = f"a column '{column}' is read as the prompt or the references unless it is mapped; {hint}"
                if column in LABELS:
                    hint = f"'perturb' under the dataset makes it; {hint}"
                raise SuiteError(
                    f"check '{check.name}' needs the column '{column}', which dataset '{check.dataset}' does not have",
                    where=check.origin,
                    hint=f"{hint}; or map one: columns: {{{column}: NAME}}",
                )


def _verify_slices(suite: Suite, checks: Sequence[SuiteCheck], datasets: Mapping[str, Dataset]) -> None:
    """A gate on a label or value that no row has would never be decided."""
    by_name = {check.name: check for check in checks}
    for gate in suite.gates:
        if gate.check not in by_name or not (gate.slice or gate.by):
            continue
        dataset = datasets[by_name[gate.check].dataset]
        for label in (*gate.slice, *((gate.by,) if gate.by else ())):
            values = _label_values(dataset.samples, label)
            if not values:
                labels = sorted({name for sample in dataset.samples for name in sample.labels})
                known = did_you_mean(label, labels, "its labels")
                raise SuiteError(
                    f"gate '{gate.text}' slices by '{label}', a column that dataset '{dataset.name}' does not have",
                    where=gate.origin,
                    hint=known if labels else "none of its columns can be sliced by: add one, or drop the gate",
                )
            value = gate.slice.get(label)
            if value is not None and value not in values:
                hint = did_you_mean(value, sorted(values)[:40], f"its values of {label}")
                raise SuiteError(f"gate '{gate.text}': no row has {label}={value}", where=gate.origin, hint=hint)


def _label_values(samples: Iterable[Sample], label: str) -> set[str]:
    return {text for sample in samples if (text := label_text(sample.labels, label)) is not None}


def with_messages(sample: Sample, content: str) -> Sample:
    """The sample with another last message."""
    last = replace(sample.messages[-1], content=content)
    return replace(sample, messages=(*sample.messages[:-1], last))
