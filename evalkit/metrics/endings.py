"""Did a text come to its end, or does it stop in the middle?"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from evalkit.metrics import stemming
from evalkit.metrics.spans import units
from evalkit.metrics.words import is_unspaced

SHORT = 8
"""Words of an answer or a line that needs no stop: a name, a title, a signature."""
VERSE = 12
"""Words of a line that is one of several without stops: a verse, an address, a table in plain text."""
SENTENCE = 25
"""Words of an answer that is one sentence without its stop, as terse ones are: whole unless its last word denies it."""
PAIR = 4
"""Words of each of two lines that are entries rather than text: ``name: Anna``."""
READ = 20_000
"""Characters from the end that tell how a text ends."""

_CLOSERS = "\"'”’»)]}*_`~>）】」』》〉\u200d\ufe0f"
_ENDS = frozenset(".!?…。！？．।؟۔։።။។")
_BREAKS = frozenset(",;:-–—(，、；：（/&+=")
_MARKER = r"(?:[-*+•·‣◦▪–]|\(?\d{1,3}[.):]|\(?[a-zA-Z][.)]|#{1,6}|>|\|)"
_BLOCK = re.compile(rf"\s*{_MARKER}(?:\s|$)")
_NUMBER_ALONE = re.compile(r"\(?\d{1,3}[.):]\**$")
_RULE = re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,}|={3,})\s*$")
_CODE = re.compile(r"[{};=]|</|->|\(\)|^(?: {4}|\t)")
_INDENTED = re.compile(r"(?: {2,}|\t)\S")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s]{3,}$|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+$", re.IGNORECASE)
_ASIDE = re.compile(
    r"(?:[.!?…][\"'”’)]*|^)\s*"
    r"(?:\*[^*\s][^*]{0,80}\*|_[^_\s][^_]{0,80}_|\([^()]{1,80}\)|\[[^\[\]]{1,80}\]|(?:#[^\W_]\w*\s*)+[\"”]?)$"
)
"""``*bows*``, ``(laughs)``, ``[Your name]`` and hashtags stand behind the last sentence."""
_SIGNED = re.compile(r"[.!?…\"”’]\s{1,3}[-–—~]{1,2}\s?[^\W\d_a-z][^!?\n]{1,60}$")
"""Who said it, behind what was said."""
_TAGS = re.compile(r"(?:</[A-Za-z][A-Za-z0-9]{0,20}>)++$")
_LAST_WORD = re.compile(r"(?:^|[\s(\"“'‘*_])([^\W\d_]+)$")
_STOP_WITHIN = re.compile(r"(?<!\w\.)[!?…](?=[\s\"'”’)\]*_])|[。！？．।؟۔։።။។]|(\w*)\.(?=[\s\"'”’)\]*_])")
_ABBREVIATED_WORDS = "dr mr mrs ms prof st mt vs etc al jr sr inc ltd no fig approx bzw ca"
_ABBREVIATED = frozenset(_ABBREVIATED_WORDS.split())
_QUOTING = frozenset('"”»`*」』')
_STOPLESS = ("THAI", "LAO", "TIBETAN")
"""Scripts whose sentences end in a space."""

_DANGLING_WORDS = {
    "en": """a an the of to in for with and or but nor from by at as who whose where while because if than into onto
        is are was were be been being has have had will would can could should may might must its their his my your
        our not also i he she they we including such very every between during toward towards through""",
    "de": """der die das den dem des ein eine einen einem einer eines und oder aber von vom zu zum zur mit für auf aus
        bei dass weil ist sind wird werden im am sehr nicht durch als wenn""",
    "fr": """le la les un une des du de d et ou mais à au aux avec pour dans sur par que qui est sont en très ne se""",
    "es": """el los las la un una unos unas de del y o pero con para en por que se su sus es son al muy no""",
}
_DANGLING = {code: frozenset(words.split()) for code, words in _DANGLING_WORDS.items()}
"""Words that need another one after them. The same letters may be a noun elsewhere: *die*, *son*, *des*."""
_POINTING_WORDS = "that this these those which her"
_POINTING = frozenset(_POINTING_WORDS.split())
_BEFORE_POINTING_WORDS = """of to in for with from by at on about like than after before do did does know all is was be
    like love see saw tell told help gave give"""
_BEFORE_POINTING = frozenset(_BEFORE_POINTING_WORDS.split())
"""Behind these a pointing word needs no other after it: ``I can help with that``."""
_STRANDED_WORDS = "of to in for with by at as from than"
_STRANDED = frozenset(_STRANDED_WORDS.split())
_ASKING_WORDS = "what which who whom where how that nothing someone everyone something anything"
_ASKING = frozenset(_ASKING_WORDS.split())
"""Behind one of these a preposition may end a sentence: ``what friends are for``."""


@dataclass(frozen=True, slots=True)
class Ending:
    cut: bool
    reason: str
    """``length``, ``open code``, ``open bracket``, ``open quote``, ``dangling word``, ``dangling sign``, ``bare
    marker``, ``heading``, ``table``, ``no stop``, or why it is taken to be whole."""


def ending(text: str, finish: str = "stop") -> Ending:
    """Whether a text stops in the middle. ``finish`` is the engine's own word for why it stopped: ``length`` decides.

    Whole are: text that ends with a stop of any script (also before quotes, brackets or emphasis), an emoji, a sign, a
    link; lists, tables and code that is closed; verse; one sentence of up to 25 words without any stop (terse
    answers have none), and a short last line such as a signature. An empty text is not cut.
    """
    if finish == "length":
        return Ending(True, "length")
    stripped = text.rstrip()
    lines = [line for line in stripped[-READ:].split("\n") if line.strip() and not _RULE.match(line)]
    if not lines:
        return Ending(False, "empty")
    last = _TAGS.sub("", lines[-1].strip()) or lines[-1].strip()
    steps = (_by_its_last_sign, _by_what_is_open, _by_its_last_word, _without_stop, _by_its_lines)
    return next((found for step in steps if (found := step(stripped, lines, last))), None) or Ending(True, "no stop")


def _by_its_last_sign(text: str, lines: list[str], last: str) -> Ending | None:
    bare = last.rstrip(_CLOSERS).rstrip()
    if len(lines) > 1 and _NUMBER_ALONE.match(last) and any(map(_BLOCK.match, lines[:-1])):
        return Ending(True, "bare marker")
    if last in {"```", "~~~"}:
        return Ending(False, "closed code")
    return Ending(False, "stop") if {bare[-1:], last[-1:]} & _ENDS else None


def _by_what_is_open(text: str, lines: list[str], last: str) -> Ending | None:
    if sum(line.lstrip().startswith(("```", "~~~")) for line in text.split("\n")) % 2 == 1:
        return Ending(True, "open code")
    if text[:1] in {"{", "["} and _open_structure(text[:READ]):
        return Ending(True, "open bracket")
    if _ADDRESS.search(last[-500:].rstrip(_CLOSERS)):
        return Ending(False, "address")
    return Ending(True, "dangling sign") if last.rstrip("*_`")[-1:] in _BREAKS else None


def _by_its_last_word(text: str, lines: list[str], last: str) -> Ending | None:
    """A word counts as it is written: ``vitamin A`` and ``the US`` end well, and so does ``la la la``."""
    found = _LAST_WORD.search(last[-80:])
    if found is None or len(text[:1000].split()) < 3:
        return None
    word, words = found[1], stemming.tokens(last[-400:])
    if words[-2:-1] == [word]:
        return None
    language = stemming.guess_language(stemming.tokens(text[-2000:]))
    if language == "en" and word in _STRANDED and not _has_stop(last) and _ASKING.intersection(words[-12:-1]):
        return None
    if word in _DANGLING[language]:
        return Ending(True, "dangling word")
    if language == "en" and word in _POINTING and words[-2:-1] and words[-2] not in _BEFORE_POINTING:
        return Ending(True, "dangling word")
    return None


def _open_structure(text: str) -> bool:
    """JSON that is not closed."""
    bare = re.sub(r'"(?:[^"\\\n]|\\.)*+"?', "", text)
    return bare.count("{") + bare.count("[") > bare.count("}") + bare.count("]")


def _without_stop(text: str, lines: list[str], last: str) -> Ending | None:
    """What needs no stop."""
    final = last.rstrip(_CLOSERS).rstrip()[-1:] or last[-1:]
    if not _in_word(final) or _ASIDE.search(last[-200:]) or _SIGNED.search(last[-200:]):
        return Ending(last.startswith("|") and _fewer_cells(lines, last), "sign")
    if _BLOCK.match(last):
        return _in_a_block(last, lines[-9:-1])
    if _is_code(lines, last) or (last.count(" | ") > 1 and any(line.count(" | ") > 1 for line in lines[-9:-1])):
        return Ending(False, "code")
    if unicodedata.name(final, "").startswith(_STOPLESS):
        return Ending(False, "a script without stops")
    return None


def _by_its_lines(text: str, lines: list[str], last: str) -> Ending | None:
    """Words in the end: whole as a quotation, a verse, a short line, one sentence."""
    before = lines[-9:-1]
    if opened := _left_open(last):
        return Ending(True, opened)
    if last[-1:] in _QUOTING and last[:-1].rstrip("*`")[-1:] not in _BREAKS:
        return Ending(False, "quoted")
    if _is_verse(before[-4:], last):
        return Ending(False, "lines without stops")
    words = _count(last)
    if words > (SHORT if before else SENTENCE) or _has_stop(last):
        return None
    introduced = not before or before[-1].rstrip()[-1:] in {":", "："}
    if not introduced and last.lstrip("([<{*_\"'“«")[:1].islower():
        return None
    return Ending(False, "short" if words <= SHORT else "one sentence")


def _is_verse(near: list[str], last: str) -> bool:
    """One of several lines without stops. Running text that is broken into lines goes on in lower case."""
    words, beside = _count(last), [_count(line) for line in near]
    if not near or words > VERSE or 2 * sum(map(_unstopped, near)) < len(near):
        return False
    if len(near) == 1 and max(words, *beside) > PAIR:
        return False
    if last[:1].islower() and sum(beside) > 6 * len(beside):
        return False
    return not _has_stop(last) or all(_unstopped(line) and _count(line) <= VERSE for line in near)


def _is_code(lines: list[str], last: str) -> bool:
    if _CODE.search(lines[-1]) and len(_CODE.findall(last[-500:])) >= 2:
        return True
    opener = lines[-2].rstrip()[-1:] if len(lines) > 1 else ""
    deeper = _INDENTED.match(lines[-1]) is not None
    return deeper and (opener in {"{", "("} or (opener == ":" and lines[-2].rstrip()[-2:-1] in {")", "]", '"', "'"}))


def _left_open(last: str) -> str:
    tail = last[-2000:]
    if len(re.findall(r"(?<![:;=])\(", tail)) > tail.count(")"):
        return "open bracket"
    quoted = re.sub(r"(?<=\d)[\"”]", "", tail)  # inches
    if quoted.count('"') % 2 == 1 or quoted.count("“") > quoted.count("”"):
        return "" if quoted.endswith(('"', "”")) else "open quote"
    return ""


def _in_a_block(last: str, before: list[str]) -> Ending:
    """An item is whole without a stop where the other items have none, and where it is not much shorter than they."""
    others = [line for line in before if _BLOCK.match(line)]
    stopped = [line for line in others if not _unstopped(line)]
    if last.startswith("|"):
        return Ending(not last.endswith("|"), "table")
    if last.startswith("#"):
        named = re.search(r"[^\W\d_]{2}", last) is not None  # ``#### 18`` is an answer
        return Ending(named and any(not line.lstrip().startswith("#") for line in before), "heading")
    inner = [line for line in others if _has_stop(_BLOCK.sub("", line, count=1))]
    begins_anew = _has_stop(_BLOCK.sub("", last, count=1)) and 2 * len(inner) <= len(others)
    if others and (2 * len(stopped) > len(others) or begins_anew):
        return Ending(True, "no stop")
    return Ending(False, "list")


def _fewer_cells(lines: list[str], last: str) -> bool:
    head = next((line for line in reversed(lines[:-1]) if line.lstrip().startswith("|")), last)
    return last.count("|") < head.strip().count("|")


def _unstopped(line: str) -> bool:
    bare = line.strip().rstrip(_CLOSERS).rstrip()
    return bare[-1:] not in _ENDS and bare[-1:] != ":"


def _has_stop(line: str) -> bool:
    """A sentence ends before the end: the point of a number, an address, an initial or an abbreviation is none."""
    for found in _STOP_WITHIN.finditer(line[-2000:].rstrip()):
        if found.end() >= len(line.rstrip()):
            return False
        word = found[1]
        if word is None or not (len(word) < 2 or word.lower() in _ABBREVIATED):
            return True
    return False


def _count(line: str) -> int:
    """Words; of a script without spaces two characters are about one."""
    found = units(line[-2000:])
    alone = sum(len(word) == 1 and is_unspaced(word) for word in found)
    return len(found) - alone // 2


def _in_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character or " ").startswith("M")
