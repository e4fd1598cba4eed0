"""What was seen at the boundaries, as a section: a flow with counts, the contracts, and profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from evalkit.modes.pipeline import rules
from evalkit.modes.pipeline.drift import TEXTS, compared, profile_of_run
from evalkit.modes.pipeline.flow import flow_of
from evalkit.modes.pipeline.ledger import BROKEN, KEPT, NOTICED, Breach, Ledger
from evalkit.modes.pipeline.of_data import MOST_CATEGORIES
from evalkit.modes.pipeline.texts import ROW
from evalkit.runner.attending import Concluded
from evalkit.sections import Cell, FlowPicture, Section, SectionTable

if TYPE_CHECKING:
    from evalkit.modes.pipeline.watch import Counted, Watched

ID, TITLE = "pipeline", "From the dataset to the verdicts"
MOST_ROWS = 1000


def section(concluded: Concluded, watched: Counted) -> Section:
    profiles = watched.profiles(concluded)  # first: a profile unlike the baseline's is worth a look
    flow = flow_of(concluded, watched)
    ledger = watched.ledger
    sentence = flow.sentence
    if ledger.state() == BROKEN:
        broken = [breach for breach in ledger.breaches if breach.state == BROKEN]
        sentence = f"{_counted(len(broken))} broken, first at {_place(broken[0])}: {broken[0]}. {sentence}"
    elif ledger.breaches:
        seen = ledger.breaches
        more = f", the first of {len(seen)}" if len(seen) > 1 else ""
        sentence = f"Worth a look{more}, at {_place(seen[0])}: {seen[0]}. {sentence}"
    tables = (_contracts(ledger), *profiles)
    picture = FlowPicture("What passes each boundary, and what is lost there", flow.stops, flow.sentence)
    return Section(ID, TITLE, sentence, ledger.state(), tables, (picture,))


def _counted(some: int) -> str:
    return "One contract is" if some == 1 else f"{some} contracts are"


def _place(breach: Breach) -> str:
    return f"the boundary '{breach.rule.boundary}'"


def _contracts(ledger: Ledger) -> SectionTable:
    """What was found comes first, then by boundary."""
    rows: list[tuple[Cell, ...]] = []
    for rule in ledger.rules():
        breach = ledger.breach(rule)
        state, times, seen = (breach.state, breach.times, "; ".join(breach.examples)) if breach else (KEPT, 0, "")
        rows.append((rule.title, state, times, "yes" if rule.contract else "no", rule.demand, seen))
    rows.sort(key=lambda row: (KEPT, NOTICED, BROKEN).index(str(row[1])), reverse=True)
    columns = ("boundary, rule", "state", "times", "contract", "what is demanded", "seen")
    return SectionTable("Contracts", columns, tuple(rows), note="What is no contract is worth a look, and ends no run.")


def profiles(concluded: Concluded, watched: Watched) -> Iterator[SectionTable]:
    texts = _texts(watched)
    before = profile_of_run(concluded.store, concluded.against, ID) if concluded.against else None
    if before is None:
        watched.ledger.leave_out(rules.ROWS_AS_BEFORE, rules.ANSWERS_AS_BEFORE)
    if concluded.against:
        if before is None:
            said = f"Run {concluded.against} was not looked at so: made with --mode pipeline, it can be compared."
            texts = replace(texts, note=f"{texts.note} {said}")
        else:
            now = {str(row[0]): row[1:] for row in texts.rows}
            yield compared(before, now, concluded.against, watched.ledger)
    yield texts
    yield _columns(watched)
    yield from _categories(concluded, watched)


def _texts(watched: Watched) -> SectionTable:
    rows: list[tuple[Cell, ...]] = []
    for profile in watched.data.values():
        rows.append((f"prompts of {profile.name}", *profile.prompts.row()))
        if profile.references.lengths.count:
            rows.append((f"references of {profile.name}", *profile.references.row()))
    for role, answers in watched.answers.profiles.items():
        rows.append((f"answers of the {role}", *answers.texts.row()))
    note = "Lengths in characters; their quantiles are right to within two in a hundred."
    return SectionTable(TEXTS, ("texts of", *ROW), tuple(rows), note=note)


def _columns(watched: Watched) -> SectionTable:
    rows: list[tuple[Cell, ...]] = []
    for profile in watched.data.values():
        for name, column in profile.columns.items():
            kinds = ", ".join(kind for kind, _ in column.kinds.most_common())
            rows.append((profile.name, name, profile.rows, column.missing, kinds))
    shown = tuple(rows[:MOST_ROWS])
    titles = ("dataset", "column", "rows", "missing", "types")
    return SectionTable("Columns of the datasets", titles, shown, beyond=len(rows) - len(shown))


def _categories(concluded: Concluded, watched: Watched) -> Iterator[SectionTable]:
    """How many rows of each category there were, and how many of its cases ended how."""
    ended = watched.scores.categories
    rows: list[tuple[Cell, ...]] = []
    too_many = set()
    for check, label in dict.fromkeys((check, label) for check, label, _ in ended):
        profile = watched.data[watched.datasets[check]]
        of_rows = profile.categories.get(label, Counter())
        values = [value for one, other, value in ended if (one, other) == (check, label)]
        if max(len(of_rows), watched.scores.values_of(check, label)) > MOST_CATEGORIES:
            too_many.add(label)
            continue
        if concluded.plan.scope.limit is None and not concluded.tables[check].stopped_early:
            values += [value for value in of_rows if value not in values]  # no case of theirs was made
        for value in values:
            counts = ended.get((check, label, value), Counter())
            fates = (counts["scored"], counts["unscored"], counts["errored"])
            rows.append((check, f"{label}={value}", of_rows[value], counts.total(), *fates))
    if rows or too_many:
        rows.sort(key=_lost_share, reverse=True)
        titles = ("check", "category", "rows", "cases", "scored", "unscored", "errored")
        shown = tuple(rows[:MOST_ROWS])
        note = "Those that lose most come first."
        if too_many:
            note += f" More than {MOST_CATEGORIES} values, and not counted: {', '.join(sorted(too_many))}."
        yield SectionTable("Categories from rows to scores", titles, shown, note=note, beyond=len(rows) - len(shown))


def _lost_share(row: tuple[Cell, ...]) -> float:
    return 1 - int(row[4] or 0) / int(row[3] or 1)
