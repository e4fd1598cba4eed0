"""Which of the lettered choices does an answer settle on? One letter or nothing: nothing is guessed between two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from evalkit.metrics.words import normalize

LETTERS = "ABCDEFGHIJ"

_DRESS = r"(?:[*_`$\"'“‘«{<]|<[a-z]{1,10}>|\\[\[(]|\\boxed\{|\\text(?:bf)?\{|\\mathbf\{){0,6}"
_NOUN = r"(?:option|choice|answer|letter|alternative|opción|opzione|opção|réponse|buchstabe|lettre|letra|lettera)"
_ARTICLE = r"(?:the|la|le|el|die|der|das|il|l[’'])"
_ANNOUNCED = (
    r"(?:(?<![A-Za-z])(?:answer(?:['’]s)?|ans|antwort|lösung|réponse|respuesta|solución|risposta|resposta)s?(?![A-Za-z])|(?<![A-Za-z])ans\."
    r"|\bответ|答案|选项|选择|故选|应选|选|正解|解答|答え|정답)"
)
_OFFERED = (
    r"(?<![A-Za-z])(?:option|choice|solution|opción|opção|opzione|guess|pick|letter|conclusion|selection|verdict|assistant|correct|richtig|correcto)s?"
    r"(?![A-Za-z])"
)
_IS = r"(?:is|are|would be|should be|must be|has to be|will be|ist|lautet|est|es|è|é|sería|serait)"
_FILLER = (
    r"(?:,\s[^,.:\n]{1,40},\s)?(?:(?:most likely|therefore|thus|indeed|[a-z]{3,12}ly|option|choice|letter|answer"
    r"|opción|opzione|opção|alternative|the|la|le|el|die|der|il|o|a)\s+){0,3}"
)
_ANOTHER = re.compile(
    r"[)\]*_`\"'”’.:]{0,4}(?:\s?,?\s?\b(?:or|and|und|oder|et|ou|y|o|e)\s|\s?[/&;]|,(?!\s?[*(\[]{0,3}[A-Z]"
    r"[*)\]]{0,3}\s(?:is|was|does|would|can|isn)))"
    r"\s?(?:(?:maybe|perhaps|possibly|also|even|option|choice|answer)\s){0,2}[*(\[]{0,3}(?!I\s[a-z])(?P<also>[A-Z1-9])(?![\w'’])"
)
_ANOTHER_BEHIND_ITS_TEXT = re.compile(
    r"[)\]*.:]{0,3}\s[^.,;:\n()\[\]*]{1,40}?,?\s(?:and|or|&)\s[(*\[]{1,3}(?P<also>[A-Z1-9])[)\]*.:]"
)
_LISTED = re.compile(r"[A-Z1-9][)\]*]{0,3},?\s(?:or|and)\s[*(\[]{0,3}$")
"""It ends a list of letters that something is said of all together."""
_OF_OTHERS = re.compile(r"\b(?:incorrect|wrong|other|false)\s$", re.IGNORECASE)
_ASKED = re.compile(r"[)\]*_\"'”’.]{0,4}\?\s*\S")
"""A question, and something said after it."""
_COMPUTED = re.compile(r"\s?[+=×^<>≤≥]\s?\w")
_OPTION_BEHIND = re.compile(r"(?<![0-9A-Za-z])[(\[]?(?P<letter>[A-Z1-9])[)\].:]\s")
_GOES_ON = re.compile(r"\s+[a-zà-ÿ]")
_REASON = re.compile(
    r"\s+(?:because|since|as|and|or|but|for|due|in|which|based|considering|given|if|not|rather|instead|is|on|here|however)\b"
)
_NEGATED = re.compile(
    r"(?:\b(?:not|isn't|isn’t|never|neither|nor|cannot be|can't be|rule out|eliminate|except|nicht|pas|no es|non è)"
    r"|n't)\s{0,2}(?:(?:option|choice|answer|letter)\s)?[*_\"'(]{0,3}$",
    re.IGNORECASE,
)
_IS_WRONG = r"[).:*]{0,3}\s(?:is|was)\s(?:also\s)?(?:in|not|wrong|false)"
_ENDS_CLAUSE = r"[)\]*_`\"'”’}$]{0,5}(?:\s*$|\s*[.!,;:\n]|\s+(?:it is|because|since|as)\b)"


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Every way of naming a choice, for one kind of name: letters, or figures where a row's choices are numbered."""

    settled: tuple[re.Pattern[str], ...]
    """The answer is said outright; what is said last counts."""
    concluded: tuple[re.Pattern[str], ...]
    """What is left, or follows: weaker, and asked only where nothing was said outright."""
    begins: re.Pattern[str]
    emphatic: re.Pattern[str]
    alone: re.Pattern[str]


def _settled(letter: str) -> tuple[re.Pattern[str], ...]:
    """ "The answer is B", "I would go with B", "B is correct"."""
    is_that = (
        rf"(?:[*_`]{{0,3}}(?:[:：=]|\s?(?:[-–—=]{{0,2}}>|→|-|–|—)\s)[*_`]{{0,3}}"
        rf"|(?<!\w){_IS}\b(?:\s?:)?|应为|应该是|应选|选项?|是|为|為|は|는|은|(?<=r)['’]s\b)"
    )
    after = r"[*_`>\]\"']{0,3}\s{0,3}(?:(?:choice|option|letter|correct[ea]?|corretta|correta)\s?)?"
    about = r"(?:to|for|here|in)\s[^.\n:]{0,80}?"
    says = (
        rf"(?:{_ANNOUNCED}{after}(?:{is_that}|{about}{is_that})?|{_OFFERED}{after}(?:{about})?{is_that})"
        rf"\s{{0,3}}{_FILLER}{letter}"
    )
    chooses = (
        r"(?:\b(?:I|I'd|I’d|I'll|I’ll|we)\s(?:would\s|will\s|'d\s)?(?:have to\s|must\s)?"
        r"(?:choose|pick|select|say|guess|answer|go with|go for)|\bgoing with|\bit must be|\bit has to be)\s+"
        rf"(?:(?:{_ARTICLE})\s)?(?:{_NOUN}\s+)?{letter}"
    )
    is_right = (
        rf"(?<![\w'’]){letter}[).,*_`\"'”’]{{0,4}}\s(?:is|(?:seems|appears|looks)(?:\sto\sbe)?|ist|est|es|è|é)\s"
        r"(?:the\s|la\s|die\s)?(?:only\s|most\s)?(?:correct|right|best|answer|likely|plausible|richtig|correct[ea]?|bonne|correcta|corretta|correta)\b"
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in (says, chooses, is_right))


def _concluded(letter: str, big: str) -> tuple[re.Pattern[str], ...]:
    """ "It's B", "A is wrong, so B", "only B fits", "the best one is B", "B it is", "-> B"."""
    weakly_chooses = (
        r"\b(?:choose|chose|pick|select|say|guess|go with|it is|it['’]?s|that['’]?s|lean(?:ing)? towards?"
        r"|(?:must|has to|would|should) be)\s+"
        rf"(?:(?:probably|likely|definitely|most likely)\s)?(?:{_NOUN}\s+)?{letter}"
    )
    follows = (
        r"\b(?i:so|thus|hence|therefore|but|leav(?:es|ing)(?:\s(?:us|me|you|only))?(?:\swith)?|left with|left is"
        r"|remains|probably|definitely|certainly|likely|perhaps|maybe|rather|instead)\b[,:]?\s+"
        rf"(?:(?:{_NOUN})\s+)?{big}(?={_ENDS_CLAUSE})"
    )
    only = rf"\b(?i:only)\s+(?:(?:{_NOUN})\s+)?{big}\s(?:is|satisf|match|fit|remain|work|can|has|makes|meets)"
    superlative = (
        r"\b(?i:best|correct|right|most|appropriate|accurate|suitable|true)\b[^.\n]{0,100}\b(?:is|be)\s"
        rf"(?:(?:{_NOUN})\s+)?{big}(?={_ENDS_CLAUSE})"
    )
    left = rf"(?<![\w'’]){big}\s(?:it\sis\b|remains\b|is\sleft\b)"
    arrow = rf"(?:→|⇒|=>)\s?{big}(?={_ENDS_CLAUSE})"
    return (
        re.compile(weakly_chooses, re.IGNORECASE),
        *(re.compile(pattern) for pattern in (follows, only, superlative, left, arrow)),
    )


@cache
def _patterns(any_case: str, capital: str) -> _Patterns:
    marked = rf"(?<![0-9A-Za-z])[(\[（【]\s?(?P<marked>{any_case})\s?[)\]）】]"
    letter = rf"{_DRESS}(?:{marked}|(?<![0-9A-Za-zÀ-ɏ])(?P<bare>{any_case})(?![0-9A-Za-zÀ-ɏ]|['’]\w))"
    big = rf"{_DRESS}(?:{marked}|(?<![0-9A-Za-zÀ-ɏ])(?P<bare>{capital})(?![0-9A-Za-zÀ-ɏ]|['’]\w))"
    return _Patterns(
        _settled(letter),
        _concluded(letter, big),
        re.compile(
            rf"^[ \t>#-]{{0,4}}{_DRESS}(?:{marked}|(?P<bare>{capital}(?=[).:,*_\]]|\s[-–—]\s|[ \t]*$)"
            rf"|{any_case}(?=[).:]\s|\s[-–—]\s)))(?!{_IS_WRONG})",
            re.MULTILINE,
        ),
        re.compile(
            rf"(?:{marked}|(?:\*\*|\b[Oo]ption\s|\b[Cc]hoice\s)(?P<bare>{capital})(?![0-9A-Za-zÀ-ɏ]))"
            rf"(?!{_IS_WRONG})"
        ),
        re.compile(
            rf"^[^\w([（【*_`$\"'“‘«\\{{<]{{0,6}}(?:Q?\d{{1,3}}[.):]\s{{0,3}})?(?i:option\s|choice\s|letter\s)?{_DRESS}"
            rf"(?:[(\[（【]\s?)?(?P<letter>{any_case})(?:\s?[)\]）】])?"
            r"(?:[.:,;?!)*_`$\"'”’»}>|\\\s]|</[a-z]{1,10}>){0,8}\]?$"
        ),
    )


def choice(text: str, letters: str = LETTERS, texts: Sequence[str] = ()) -> str | None:
    """The letter that the answer settles on, as a capital; nothing where it names none of them, or several at once.

    In this order: a text that is a letter and nothing else; the last sentence that says which ("The answer is (B)",
    "Answer: d", "I would go with C", "B is correct"); what is concluded ("A is wrong, so B", "that leaves D"); a last
    line that is a letter; the letter that one line begins with ("B. Paris"); a letter in brackets or in bold. The
    article in "A dog" and the pronoun in "I think" are no choices, and neither is what is negated ("not B").

    ``texts``: what the choices say, in the order of their letters; where no letter is named, an answer or a last line
    that is one of them word for word ("Paris", "The answer is Paris.") means its letter. ``letters`` may be figures,
    where the choices of a row are numbered.
    """
    numbered = letters.isdigit()
    ways = _patterns("[1-9]", "[1-9]") if numbered else _patterns("[A-Za-z]", "[A-Z]")
    alone = ways.alone.match(text) if len(text) < 200 else None
    if alone:
        return _known(alone["letter"], letters)
    for said in (_matches(ways.settled, text, letters), _matches(ways.concluded, text, letters)):
        if said:
            return _single(said[-1], text, letters)
    if (only := _only_right(text, letters)) is not None:
        return only
    last = ways.alone.match(_last_line(text))
    if last and not ways.alone.match(_last_line(text[: text.rstrip().rfind("\n") + 1])):
        return _known(last["letter"], letters)
    return _leading(ways, text, letters) or _by_text(text, letters, texts)


def _matches(patterns: Iterable[re.Pattern[str]], text: str, letters: str) -> list[re.Match[str]]:
    """By where their letters stand."""
    found = [match for pattern in patterns for match in pattern.finditer(text) if _is_choice(match, text, letters)]
    return sorted(found, key=_place)


_GONE_THROUGH = 4000
"""Characters at the end in which choices are gone through one by one."""
_VERDICT = re.compile(
    r"(?<![0-9A-Za-z])[*_(\[]{0,3}(?P<letter>[A-Z1-9])[)\].:*_]{1,4}\s?(?:[^\n;.]{1,80}?\s?[-–—:(]\s?)??[-–—*_(]{0,3}\s?"
    r"(?:(?P<wrong>(?i:incorrect|wrong|not correct)\b|✗|❌)|(?:(?i:correct|right)\b|✓|✅))"
)


def _only_right(text: str, letters: str) -> str | None:
    """Of choices that are gone through one by one ("A) Incorrect. B) Correct."), the only one that is called right."""
    verdicts = [found for found in _VERDICT.finditer(text[-_GONE_THROUGH:]) if found["letter"] in letters]
    right = {found["letter"] for found in verdicts if not found["wrong"]}
    wrong = {found["letter"] for found in verdicts if found["wrong"]}
    return right.pop() if len(right) == 1 and wrong and not right & wrong else None


def _leading(ways: _Patterns, text: str, letters: str) -> str | None:
    """A letter that a line begins with, or that is set apart by brackets or bold."""
    begun = [match for match in ways.begins.finditer(text) if _of(match, letters)]
    if begun and not text[: begun[0].start()].strip():
        if len({_of(match, letters) for match in begun}) > 1:
            return None
        end = _place(begun[0]) + 1
        line = text[end : end + 400].split("\n", 1)[0]
        others = {other["letter"] for other in _OPTION_BEHIND.finditer(line)} & set(letters)
        return None if others - {_of(begun[0], letters)} else _single(begun[0], text, letters)
    marked = [
        match
        for match in ways.emphatic.finditer(text)
        if _of(match, letters) and not _negated(match, text) and not _ASKED.match(text, match.end())
    ]
    named = {_of(match, letters) for match in (*begun, *marked)}
    return named.pop() if len(named) == 1 else None


_SAID = re.compile(r"(?:answer|choice|option)(?:\s(?:is|would be)|\s?[*_]{0,2}[:=])[*_\s]*(.{1,400})$", re.IGNORECASE)


def _by_text(text: str, letters: str, texts: Sequence[str]) -> str | None:
    """The choice that the answer, its last line or what it calls the answer repeats word for word."""
    if not texts or len(texts) > len(letters):
        return None
    line = _last_line(text)
    said = _SAID.search(line)
    for candidate in (text if len(text) < 2000 else "", line, said[1] if said else ""):
        wanted = normalize(candidate)
        meant = [letter for letter, one in zip(letters, texts, strict=False) if wanted and normalize(one) == wanted]
        if meant:
            return meant[0] if len(meant) == 1 else None
    return None


def _last_line(text: str) -> str:
    """The last one with a letter or digit on it, where that is no more than 400 characters."""
    stripped = text[-4000:].rstrip()
    for line in reversed(stripped.splitlines()[-4:]):
        if any(map(str.isalnum, line[:400])):
            return line.strip() if len(line) <= 400 else ""
    return ""


def _of(match: re.Match[str], letters: str) -> str | None:
    return _known(match["marked"] or match["bare"] or "", letters)


def _known(letter: str, letters: str) -> str | None:
    return letter.upper() if letter and letter.upper() in letters else None


def _place(match: re.Match[str]) -> int:
    return match.start("marked") if match["marked"] else match.start("bare")


def _is_choice(match: re.Match[str], text: str, letters: str) -> bool:
    if _of(match, letters) is None or _negated(match, text):
        return False
    bare = match["bare"]
    if _ASKED.match(text, match.end()) or _OF_OTHERS.search(text[max(match.start() - 12, 0) : match.start()]):
        return False
    if _LISTED.search(text[max(_place(match) - 12, 0) : _place(match)]):
        return False
    if not bare or bare.isdigit():
        return True
    after = text[match.end("bare") : match.end("bare") + 40]
    if _COMPUTED.match(after) or bare == "i":
        return False
    # "is a dog", "is A dog" and "answer is I think" go on with a word; "is A because" gives its reason
    return not (bare in "AI" or bare.islower()) or not _GOES_ON.match(after) or bool(_REASON.match(after))


def _negated(match: re.Match[str], text: str) -> bool:
    at = _place(match)
    return bool(_NEGATED.search(text[max(at - 32, 0) : at]))


def _single(match: re.Match[str], text: str, letters: str) -> str | None:
    """Nothing for "A or B", "both A and C" and "(B) twelve and (C) fourteen"."""
    end = match.end("marked") if match["marked"] else match.end("bare")
    first = _of(match, letters)
    for another in (_ANOTHER, _ANOTHER_BEHIND_ITS_TEXT):
        also = another.match(text, end)
        if also and also["also"] in letters and also["also"] != first:
            return None
    return first
