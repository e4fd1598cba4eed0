"""The cases of a comparison that went otherwise: chosen, searched, a page at a time, with what differs word by word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from starlette.datastructures import QueryParams

from evalkit.report import comparison_words as words
from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.results import Exchange, Run
from evalkit.runner.compare import CaseChange, CaseChanges, Pairing
from evalkit.runner.compare_cases import with_answers
from evalkit.runner.compare_sides import Side
from evalkit.web.browse.desk import Desk
from evalkit.web.browse.exactly import has_no_word
from evalkit.web.browse.file import CHECK_SHIFT, Outdated, TooLong, checks_of
from evalkit.web.browse.question import Wanted, question_of
from evalkit.web.browse.walking import rows_of
from evalkit.web.choosing import LONGEST, address, case_parameter
from evalkit.web.marking import Pieces, differences

PAGE = 25
MOST = 6000
"""Characters of one answer; the case's own page has the rest."""
MOST_SEARCHED = 25_000
"""Cases with the words that are sought, of which those that changed are taken."""
SHOWN = {"regressed": "Regressed", "fixed": "Fixed", "moved": "Moved", "changed": "All that changed"}
SECONDS = 0.15
"""For the index of a run that nobody has searched yet: what is in it by then is found, and the page says so."""


FILLING = "The index of this run is being made"


class Asked(NamedTuple):
    """Which cases, as the address says it."""

    of: str = ""
    """Letter of the candidate."""
    show: str = "changed"
    check: str = ""
    text: str = ""
    page: int = 1

    def parameters(self) -> list[tuple[str, str]]:
        said = [("of", self.of), ("show", self.show if self.show != "changed" else ""), ("check", self.check)]
        said += [("q", self.text), ("page", str(self.page) if self.page > 1 else "")]
        return [(name, value) for name, value in said if value]


@dataclass(frozen=True, slots=True)
class AnswerPair:
    prompt: tuple[tuple[str, str], ...]
    before: Pieces
    after: Pieces
    same: bool
    notes: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ChangeView:
    case: str
    check: str
    direction: str
    """``regressed``, ``fixed``, or ``lower`` or ``higher`` without either."""
    told: str
    links: tuple[str, str]
    teaser: str
    pairs: tuple[AnswerPair, ...]


@dataclass(frozen=True, slots=True)
class CasesView:
    asked: Asked
    counts: tuple[tuple[str, str, int], ...]
    """Name, words and how many, of all that changed."""
    checks: tuple[tuple[str, str], ...]
    """As a list to choose from takes them."""
    found: int
    first: int
    """Number of the first that is shown."""
    pages: int
    rows: tuple[ChangeView, ...]
    notes: tuple[str, ...]


def asked_of(given: QueryParams, letters: Sequence[str]) -> Asked:
    """Whatever the address says: what means nothing is left out."""
    page = given.get("page", "")
    return Asked(
        of=given["of"] if given.get("of") in letters else letters[0],
        show=given["show"] if given.get("show") in SHOWN else "changed",
        check=given.get("check", ""),
        text=given.get("q", "").strip()[:LONGEST],
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 8 else 1,
    )


def cases_view(desk: Desk, pairing: Pairing, asked: Asked) -> CasesView:
    sides = {"regressed": pairing.regressed, "fixed": pairing.improved, "moved": pairing.moved}
    every = pairing.regressed + pairing.improved + pairing.moved
    wanted = sides.get(asked.show, every)
    if asked.check:
        wanted = wanted.of_check(asked.check)
    # as the store has them: by when they finished there, indexes and results are known
    baseline, candidate = (desk.finished_run(run.id) for run in (pairing.baseline, pairing.candidate))
    found, notes = _searched(desk, candidate, wanted, asked)
    pages = max(1, math.ceil(len(found) / PAGE))
    page = min(asked.page, pages)
    first = (page - 1) * PAGE
    theirs, ours = (Side(desk.result(run), {}, desk.bench.store) for run in (baseline, candidate))
    units = words.units(pairing)
    rows = with_answers(theirs, ours, found[first : first + PAGE])
    return CasesView(
        asked=asked._replace(page=page),
        counts=tuple((name, told, len(sides.get(name, every))) for name, told in SHOWN.items()),
        checks=tuple((name, name) for name in every.checks()),
        found=len(found),
        first=first + 1,
        pages=pages,
        rows=tuple(_change(pairing, change, units) for change in rows),
        notes=notes,
    )


# --- searching --------------------------------------------------------------------------------------------------------


def _searched(desk: Desk, run: Run, changes: CaseChanges, asked: Asked) -> tuple[CaseChanges, tuple[str, ...]]:
    """By the candidate's index: its answers, the prompts with their references, and the ids of cases."""
    if not asked.text or not changes:
        return changes, ()
    if has_no_word(asked.text):
        return CaseChanges(), ("Nothing in this search is a word: it finds no case here.",)
    is_new = not desk.indexer.file_of(run).path.is_file()
    file = desk.indexer.want(run)
    if is_new:
        desk.indexer.wait(SECONDS)
    notes: list[str] = []
    try:
        with file.reading() as connection:
            checks = checks_of(connection)
            question, ignored = question_of(connection, Wanted(text=asked.text, check=asked.check), checks)
            notes += ignored
            every = rows_of(connection, question, None, backward=False, few=None) if question else iter(())
            rows = np.fromiter(islice(every, MOST_SEARCHED + 1), dtype=np.int64)
    except TooLong:
        return CaseChanges(), ("That search takes too long: use more or longer words.",)
    except Outdated:
        desk.indexer.again(run)
        return CaseChanges(), (FILLING,)
    if len(rows) > MOST_SEARCHED:
        notes.append(f"More than {MOST_SEARCHED:,} cases have these words: only the first are looked through.")
        rows = rows[:MOST_SEARCHED]
    progress = desk.indexer.progress(run, desk.result(run))
    if not progress.searchable:
        notes.append(f"{FILLING}: {progress.indexed:,} of {progress.cases:,} cases can be searched so far.")
    # the index has a check's cases in the order of its stored scores, as the comparison's tables have
    places = {check.name: rows[rows >> CHECK_SHIFT == check.number] - check.rows[0] for check in checks}
    return changes.at(places), tuple(notes)


# --- one case ---------------------------------------------------------------------------------------------------------


def _change(pairing: Pairing, change: CaseChange, units: dict[tuple[str, str], str]) -> ChangeView:
    where = [("of", change.check), case_parameter(change.case)]
    pairs = words.pairs(change)[: words.MOST_EXCHANGES]
    first = (pairs[0][0] or pairs[0][1]) if pairs else None
    return ChangeView(
        case=one_line(shorten_end(change.case, 100)),
        check=one_line(change.check),
        direction="fixed" if change.direction == "improved" else change.direction,
        told=words.change_in_words(change, units.get((change.check, change.metric), "")),
        links=(address(pairing.baseline.id, "case", where), address(pairing.candidate.id, "case", where)),
        teaser=one_line(shorten_end(first.messages[-1].content, 160)) if first and first.messages else "",
        pairs=tuple(_pair(before, after) for before, after in pairs),
    )


def _pair(before: Exchange | None, after: Exchange | None) -> AnswerPair:
    asked = after or before
    was, now = differences(before.answer if before else "", after.answer if after else "", MOST)
    return AnswerPair(
        prompt=tuple((one_line(m.role), shown(m.content, MOST)) for m in asked.messages) if asked else (),
        before=was,
        after=now,
        same=bool(before and after and before.answer == after.answer),
        notes=(_note(before), _note(after)),
    )


def _note(exchange: Exchange | None) -> str:
    if exchange is None:
        return "not asked, or its answers are elsewhere"
    if exchange.error:
        return shown(exchange.error, 500)
    return "" if exchange.answer else "empty"
