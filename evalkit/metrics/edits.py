"""Translation edit rate's counts, equal to sacreBLEU's and about ten times as fast.

Tercom's search tries hundreds of shifted versions of an answer, each by its edit distance to the reference. Here a row
of the distance table is two numbers with a bit a cell (Myers 1999, Hyyrö 2003), and the rows of what stands before a
shift are kept. sacreBLEU searches a beam around the table's diagonal; where an answer might leave it, sacreBLEU itself
is asked, so that the two never differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# sacreBLEU's own limits
SHIFT_SIZE = 10
SHIFT_DISTANCE = 50
CANDIDATES = 1000
BEAM = 25

Row = tuple[int, int, int]
"""Where the distance rises and falls along the reference, a bit a word; and the distance to the whole reference."""


class _OutsideTheBeam(Exception):
    """The exact distance may differ from the one inside the beam."""


def ter_counts(hypothesis: list[str], references: Sequence[list[str]]) -> tuple[float, float]:
    """The fewest edits to any reference, and the references' mean length."""
    found = [translation_edits(hypothesis, reference) for reference in references]
    return float(min(edits for edits, _ in found)), sum(length for _, length in found) / len(references)


def translation_edits(hypothesis: Sequence[str], reference: Sequence[str]) -> tuple[int, int]:
    """The fewest edits that Tercom's search finds, and the reference's length in words."""
    if not reference:
        return len(hypothesis), 0
    try:
        return _searched(list(hypothesis), list(reference)), len(reference)
    except _OutsideTheBeam:
        from sacrebleu.metrics.lib_ter import translation_edit_rate

        edits, length = translation_edit_rate(list(hypothesis), list(reference))
        return int(edits), int(length)


def _searched(words: list[str], reference: list[str]) -> int:
    table = _Table(reference, len(words))
    shifts, tried = 0, 0
    while True:
        gain, shifted, tried = _best_shift(words, reference, table, tried)
        if tried >= CANDIDATES or gain <= 0:
            return shifts + table.distance(words)
        shifts, words = shifts + 1, shifted


class _Table:
    """Edit distances to one reference, of answers of one length."""

    def __init__(self, reference: list[str], length: int) -> None:
        self.size = len(reference)
        self.full = (1 << self.size) - 1
        self.last = 1 << (self.size - 1)
        self.at: dict[str, int] = {}
        for position, word in enumerate(reference):
            self.at[word] = self.at.get(word, 0) | 1 << position
        # A way through a cell outside the beam costs at least this; a table narrower than the beam has no such cell.
        within = self.size < BEAM
        self.certain = self.size + length + 1 if within else 2 * (BEAM - 1) - abs(self.size - length)

    def checked(self, distance: int) -> int:
        if distance >= self.certain:
            raise _OutsideTheBeam
        return distance

    def rows(self, words: Sequence[str]) -> list[Row]:
        """The first row, before any word, and one after each."""
        row: Row = (self.full, 0, self.size)
        found = [row]
        for word in words:
            row = self.after(row, (word,))
            found.append(row)
        return found

    def after(self, row: Row, words: Sequence[str]) -> Row:
        rising, falling, distance = row
        full, last, known = self.full, self.last, self.at.get
        for word in words:
            equal = known(word, 0)
            along = (((equal & rising) + rising) ^ rising) | equal
            up = falling | (full & ~(along | rising))
            down = rising & along
            if up & last:
                distance += 1
            elif down & last:
                distance -= 1
            up = (up << 1) | 1
            vertical = equal | falling
            falling = up & vertical & full
            rising = ((down << 1) | ~(vertical | up)) & full
        return rising, falling, distance

    def distance(self, words: Sequence[str]) -> int:
        return self.checked(self.after((self.full, 0, self.size), words)[2])

    def trace(self, rows: list[Row], words: list[str]) -> str:
        """The edits from last to first, replacing before deleting before inserting where they cost the same."""
        word, column = len(words), self.size
        here = rows[word][2]
        path = []
        while word or column:
            if word == 0 or column == 0:
                path.append(("i" if word == 0 else "d") * (word + column))
                break
            bit = 1 << (column - 1)
            left = here - _slope(rows[word], bit)
            above_left = left - self._across(rows, word, column - 1)
            same = bool(self.at.get(words[word - 1], 0) & bit)
            if above_left + (not same) == here:
                path.append(" " if same else "s")
                word, column, here = word - 1, column - 1, above_left
            elif above_left + _slope(rows[word - 1], bit) + 1 == here:
                path.append("d")
                word, here = word - 1, here - 1
            else:
                path.append("i")
                column, here = column - 1, here - 1
        return "".join(path)

    @staticmethod
    def _across(rows: list[Row], word: int, column: int) -> int:
        """How much the distance to the first ``column`` words of the reference rises with this word."""
        below = (1 << column) - 1
        (rising, falling, _), (rose, fell, _) = rows[word], rows[word - 1]
        now = (rising & below).bit_count() - (falling & below).bit_count()
        before = (rose & below).bit_count() - (fell & below).bit_count()
        return 1 + now - before


def _slope(row: Row, bit: int) -> int:
    return 1 if row[0] & bit else -1 if row[1] & bit else 0


def _aligned(backwards: str) -> tuple[dict[int, int], list[int], list[int]]:
    """Where each word of the reference went, and which words of reference and answer were edited."""
    align: dict[int, int] = {}
    of_reference: list[int] = []
    of_answer: list[int] = []
    answer = reference = -1
    for edit in reversed(backwards):
        if edit != "i":
            answer += 1
            of_answer.append(edit != " ")
        if edit != "d":
            reference += 1
            align[reference] = answer
            of_reference.append(edit != " ")
    return align, of_reference, of_answer


def _best_shift(words: list[str], reference: list[str], table: _Table, tried: int) -> tuple[int, list[str], int]:
    """How many edits the best shift saves, what it makes of the answer, and how many have been tried so far."""
    rows = table.rows(words)
    before = table.checked(rows[-1][2])
    if before == 0:
        return 0, words, tried  # nothing was edited, so there is nothing to shift
    align, reference_edited, answer_edited = _aligned(table.trace(rows, words))
    best: tuple[int, int, int, int, list[str]] | None = None
    known: dict[tuple[int, int, int], tuple[int, list[str]]] = {}
    for start, at, length in _matching(words, reference):
        if not any(answer_edited[start : start + length]) or not any(reference_edited[at : at + length]):
            continue
        if start <= align[at] < start + length:
            continue
        previous = -1
        for offset in range(at - 1, at + length):
            if offset == -1:
                target = 0
            elif offset in align:
                target = align[offset] + 1
            else:
                break
            if target == previous:
                continue
            previous = target
            if (start, length, target) not in known:
                first, changed, rest = _shifted(words, start, length, target)
                cost = table.checked(table.after(table.after(rows[first], changed), words[rest:])[2])
                known[start, length, target] = cost, [*words[:first], *changed, *words[rest:]]
            cost, shifted = known[start, length, target]
            tried += 1
            candidate = (before - cost, length, -start, -target, shifted)
            if best is None or candidate > best:
                best = candidate
        if tried >= CANDIDATES:
            break
    return (0, words, tried) if best is None else (best[0], best[4], tried)


def _shifted(words: list[str], start: int, length: int, target: int) -> tuple[int, list[str], int]:
    """What ``length`` words moved from ``start`` to ``target`` change: from where, into what, and up to where."""
    end = start + length
    if target < start:
        return target, words[start:end] + words[target:start], end
    last = target if target > end else length + target
    return start, words[end:last] + words[start:end], max(last, end)


def _matching(words: list[str], reference: list[str]) -> Iterator[tuple[int, int, int]]:
    """Runs of words that answer and reference share: where in either, and how long; every length of each."""
    places: dict[str, list[int]] = {}
    for position, word in enumerate(reference):
        places.setdefault(word, []).append(position)
    for start, word in enumerate(words):
        for at in places.get(word, ()):
            if abs(at - start) > SHIFT_DISTANCE:
                continue
            length = 0
            while words[start + length] == reference[at + length] and length < SHIFT_SIZE:
                length += 1
                yield start, at, length
                if start + length == len(words) or at + length == len(reference):
                    break
