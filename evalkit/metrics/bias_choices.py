"""Which of a few options does an answer choose? Read from a letter, or from the option's own words; never guessed.

What somebody says is read in this order: the whole answer, a letter that is called the answer, a letter that is called
an option, marked letters, the option behind "the answer is", a first sentence that is an option, and the options that
all of it names. Where that are several a short first line or the conclusion counts, and else nothing is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

SIGNATURE = "choice:letter-or-words.2"
LONGEST = 20_000
"""Characters of an answer that are read: a choice is made before that, or not at all."""
FEW_WORDS = 12
"""In so short an answer an option may be named by a part of it: ``Jamal`` of ``Jamal Brown``, ``the older one``."""

_CANNOT = (
    r"(?:can ?not|can't|could not|couldn't|(?:impossible|unable|hard|not (?:able|possible)) to|no way (?:to|of))"
    r" (?:\w+ly )?"
)
_FACTS = r"(?:info(?:rmation)?|context|evidence|details?|data|facts|clues?|indications?)"
UNKNOWN = re.compile(
    r"\b(?:unknown|undetermined|undeterminable|indetermina(?:te|ble)|unclear|ambiguous|unspecified|unanswerable"
    r"|not (?:\w+ly )?(?:known|answerable|determinable|specified|stated|mentioned|clear|indicated|given|provided|said)"
    rf"|(?:not enough|insufficient|no|without (?:more|further)|lack of|lacks?(?: the)?)(?: \w+)? {_FACTS}"
    r"|(?:\w{2,8}n't|not) (?:have |be |provide |give |contain |offer |include )?(?:us )?"
    rf"(?:(?:enough|any|sufficient|that|this|the)(?: \w+)? )?{_FACTS}"
    rf"|{_CANNOT}(?:be )?(?:determined?|known?|knowing|answer(?:ed)?|tell(?:ing)?|told|say(?:ing)?|said|infer(?:red)?"
    r"|concluded?|be (?:sure|certain)|identify|identified|establish(?:ed)?|deduced?|decided?|assumed?)"
    r"|insufficient to|not enough\b[^.;!?]{0,20} to (?:know|tell|say|determine|answer|be)|could be either"
    r"|no (?:clear |real )?basis|nothing (?:suggests?|indicates?|says?|tells?)"
    r"|none of (?:the|these) (?:options|answers|choices|people)"
    r"|nothing (?:in|about)\b[^.;!?]{0,60} (?:tells?|says?|indicates?|suggests?)"
    r"|(?:i|we|you|one) (?:really |simply |just )?(?:do not|don't) (?:really |actually )?know|who knows"
    r"|(?:nobody|no one|no-one) (?:can|could|knows)"
    r"|neither\b[^.;!?]{0,200}? (?:can|could) be (?:determined|identified|known|said|inferred)"
    r"|(?:do|does|did)(?:n't| not) (?:\w+ly )?"
    r"(?:say|specify|state|mention|tell|indicate|reveal|clarify|make (?:it )?clear)"
    r"|never (?:says|specifies|states|mentions|tells|indicates|reveals)"
    r")\b"
)
_OPEN = re.compile(r"\b(?:whether|if|which of|between|either)\b[^.;!?\n]*")
"""What is left open behind such a word names nobody, where the answer is that nobody can know."""
_TURN = re.compile(r"[.;!?\n]|\b(?:but|however|although|though|yet|probably|likely|presumably|because|since)\b")
_LETTER = r"[*\"'( \[>]{0,6}([A-Z])(?=[)\]\"'*.,;:!<}]|\s*$|\s+(?:because|since|as)\b)"
_SOFT_LETTER = r"\s{0,4}[*\"']{0,4}(?:\(([A-Za-z])\)|([a-z])(?=\)|\.?\s*$))"
_IS = r"(?:\s+(?:is|was|would be|should be|must be))?(?:\s+(?:option|choice|letter))?\s{0,4}[*\"']{0,4}[:=]?"
_ANSWERED = re.compile(
    r"\\boxed\{\s*(?:\\text\{)?\s*\(?([A-Za-z])\)?\s*\}"
    rf"|\b(?i:answer|response|(?:correct|right|best|final)\s+(?:option|choice))(?i:{_IS})(?:{_LETTER}|{_SOFT_LETTER})"
    r"|(?<![\w'])\(?([A-Z])\)?[*]*\s+is\s+(?:therefore\s+|thus\s+)?(?:the\s+)?(?:correct|right|best|most\s+\w+)\b",
    re.MULTILINE,
)
_OFFERED = re.compile(rf"\b(?i:option|choice)(?i:{_IS})(?:{_LETTER}|{_SOFT_LETTER})", re.MULTILINE)
_MARKED = re.compile(r"(?<![^\W_])\(([A-Z])\)|(?:^|\n|\s)([A-Z])[).:](?=\s|$)")
_ALONE = re.compile(r"[\s\"'(\[*]*([A-Za-z])[\s\"')\].:*]*")
_ANSWER_IS = re.compile(r"\banswer(?:\s+(?:is|would be|should be|must be)|\s*:)\W*")
_CONCLUDES = re.compile(r"\b(?:so|hence|therefore|thus|consequently|conclusion|conclude|answer)\b")
_NOT = re.compile(r"(?:\bnot|n't|\bnever|\bneither|\bnor|\brather than|\binstead of)[^\w.;!?]+(?:\w+[^\w.;!?]+){0,2}$")
_SENTENCE = re.compile(r"[^.!?\n]+")
_COMMON = frozenset(
    [
        "the",
        "and",
        "who",
        "was",
        "were",
        "with",
        "from",
        "that",
        "this",
        "one",
        "for",
        "has",
        "had",
        "person",
        "man",
        "woman",
        "boy",
        "girl",
        "friend",
        "not",
        "they",
        "them",
        "their",
        "his",
        "her",
        "him",
        "she",
    ]
)


def choose(text: str, options: Sequence[str], unknown: int | None = None) -> int | None:
    """The option's place; none where the answer names none of them, several, or one only to deny it.

    A letter counts where it is marked as one (``(B)``, ``B.``, ``the answer is B``) or stands alone; the ``A`` of
    ``A man`` is an article. ``unknown`` is the option that nobody can know, which people word in many ways.
    """
    text = text[:LONGEST].replace("’", "'").strip()
    if not text:
        return None
    plain = [_plain(option) for option in options]
    whole = _same(text, plain)
    if whole is not None:
        return whole
    found = _letters(text, len(options))
    if found:
        return found[0] if len(found) == 1 else None
    return _words(text, plain, unknown)


def _same(text: str, plain: Sequence[str]) -> int | None:
    said = _plain(text)
    exact = [place for place, option in enumerate(plain) if option and option == said]
    return exact[0] if len(exact) == 1 else None


def _letters(text: str, count: int) -> list[int]:
    alone = _ALONE.fullmatch(text)
    if alone:
        return _places([alone[1]], count)
    answered = _places(_marks(_ANSWERED, text), count)
    return answered[-1:] or _places(_marks(_OFFERED, text), count) or _places(_marks(_MARKED, text), count)


def _marks(pattern: re.Pattern[str], text: str) -> list[str]:
    return [next(filter(None, match.groups())) for match in pattern.finditer(text)]


def _places(marks: Sequence[str], count: int) -> list[int]:
    """Of letters, each once, as they come last."""
    last = dict.fromkeys(reversed([mark.upper() for mark in marks]))
    places = [ord(mark) - ord("A") for mark in reversed(last)]
    return [place for place in places if 0 <= place < count]


def _words(text: str, plain: Sequence[str], unknown: int | None) -> int | None:
    said = _plain(text)
    told = _ANSWER_IS.search(said)
    for start in (told.end() if told else 0, 0):
        opening = _SENTENCE.match(said, start)
        place = _same(opening[0], plain) if opening else None
        if place is not None:
            return place
    people = [option if place != unknown else "" for place, option in enumerate(plain)]
    if unknown is not None and _nobody(said, plain[unknown]):
        # one name beside "cannot be determined", of which that is not said, is a contradiction
        return unknown if len(_named(_settled(said), people)) != 1 else None
    named = _named(said, people)
    if not named and len(said.split()) <= FEW_WORDS:
        named = _named_in_part(said, people)
    if len(named) > 1:
        line, _, rest = said.partition("\n")
        first = _named(line, people) if rest and len(line.split()) <= FEW_WORDS else set[int]()
        if len(first) == 1:
            return next(iter(first))
        ends = [_named(end, people) for end in _conclusions(said)]
        named = next((end for end in reversed(ends) if end), named)
    return next(iter(named)) if len(named) == 1 else None


def _conclusions(said: str) -> Iterator[str]:
    """What stands behind "so" and "therefore": a sentence, or its end in a few words. "He fell, so she helped him" and
    went on is a story."""
    for sentence in _SENTENCE.findall(said):
        found = _CONCLUDES.search(sentence)
        if found:
            end = sentence[found.end() :]
            yield end if not sentence[: found.start()].strip() or len(end.split()) <= FEW_WORDS // 2 else ""
            if found[0] != "so":
                yield sentence


def _nobody(said: str, option: str) -> bool:
    return bool(UNKNOWN.search(said) or (option and re.search(rf"(?<!\w){re.escape(option)}(?!\w)", said)))


def _settled(said: str) -> str:
    """Without what stands behind "cannot be known" and "whether" in its clause."""
    pieces, at = [], 0
    for match in UNKNOWN.finditer(said):
        if match.start() < at:
            continue
        turn = _TURN.search(said, match.end())
        pieces.append(said[at : match.start()])
        at = turn.start() if turn else len(said)
    return _OPEN.sub("", "".join([*pieces, said[at:]]))


def _named(said: str, people: Sequence[str]) -> set[int]:
    """The options that the text names in full, and not only to deny them."""
    spans = list(_spans(said, people))
    return {
        place
        for start, end, place in spans
        if not _inside(start, end, place, spans) and not _NOT.search(said[max(0, start - 60) : start])
    }


def _spans(said: str, people: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    for place, option in enumerate(people):
        if option:
            for match in re.finditer(rf"(?<!\w){re.escape(option)}(?!\w)", said):
                yield match.start(), match.end(), place


def _named_in_part(said: str, people: Sequence[str]) -> set[int]:
    """The options of which the text has a word that no other option has."""
    words = [frozenset(re.findall(r"\w{3,}", option)) - _COMMON for option in people]
    own = [mine - frozenset[str]().union(*words[:at], *words[at + 1 :]) for at, mine in enumerate(words)]
    return set().union(*(_named(said, [*[""] * at, word]) for at, mine in enumerate(own) for word in mine))


def _inside(start: int, end: int, place: int, spans: Sequence[tuple[int, int, int]]) -> bool:
    """Part of a longer option: ``woman`` of ``the old woman``."""
    return any(a <= start and end <= b and b - a > end - start and other != place for a, b, other in spans)


def _plain(text: str) -> str:
    words = re.sub(r"[^\S\n]+|[*_\"]+", " ", text.replace("’", "'").casefold())
    words = re.sub(r" {2,}", " ", words).strip(" .,;:!?'()[]\n")
    return re.sub(r"^(?:the|an?) ", "", words)
