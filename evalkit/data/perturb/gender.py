"""Gender: pronouns, kinship, titles and first names, and the verbs that follow ``they``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from evalkit.data.perturb.name_lists import FIRST_NAMES, MORE_NAMES, TRADITIONS, UNLISTED
from evalkit.data.perturb.swaps import NO_NOUN, Swap, Term, famous, listed, next_word, word_before, words_of

MALE, FEMALE, NEUTRAL = "male", "female", "neutral"
Forms = dict[str, str | None]

NOUNS: tuple[tuple[str, str, str | None], ...] = (
    ("man", "woman", "person"),
    ("men", "women", "people"),
    ("boy", "girl", "child"),
    ("boys", "girls", "children"),
    ("gentleman", "lady", "person"),
    ("gentlemen", "ladies", "people"),
    ("father", "mother", "parent"),
    ("fathers", "mothers", "parents"),
    ("dad", "mum", "parent"),
    ("husband", "wife", "spouse"),
    ("husbands", "wives", "spouses"),
    ("boyfriend", "girlfriend", "partner"),
    ("son", "daughter", "child"),
    ("sons", "daughters", "children"),
    ("brother", "sister", "sibling"),
    ("brothers", "sisters", "siblings"),
    ("grandfather", "grandmother", "grandparent"),
    ("grandpa", "grandma", None),
    ("grandson", "granddaughter", "grandchild"),
    ("stepfather", "stepmother", "stepparent"),
    ("stepson", "stepdaughter", "stepchild"),
    ("uncle", "aunt", None),
    ("uncles", "aunts", None),
    ("nephew", "niece", None),
    ("nephews", "nieces", None),
    ("widower", "widow", None),
    ("actor", "actress", "actor"),
    ("waiter", "waitress", "server"),
    ("policeman", "policewoman", "police officer"),
    ("fireman", "firewoman", "firefighter"),
    ("businessman", "businesswoman", "businessperson"),
    ("salesman", "saleswoman", "salesperson"),
    ("chairman", "chairwoman", "chairperson"),
    ("spokesman", "spokeswoman", "spokesperson"),
    ("schoolboy", "schoolgirl", "schoolchild"),
    ("male", "female", None),
    ("sir", "madam", None),
)
ALSO_FEMALE = {"mom": "dad"}
NEUTRAL_ALREADY = {"actor"}
"""Said of anybody: they neither name a group nor change."""
_LETS = listed("let lets make makes made help helps helped see sees saw hear hears heard watch watched have had")
_BASE_VERBS = listed(
    """go come feel know do be get have find leave understand learn make take see say think stay sleep eat walk run
    write read speak talk become keep give tell try start stop choose decide drive pass solve prepare improve succeed"""
)
_MAY_BE_NOUNS = listed("laugh cry smile work wait pay play dance move change feel drink dream rest sound look seem")
_MAKES = listed("let lets letting make makes made making help helps helped helping")
_ONLY_VERBS = listed(
    "sing laugh cry scream shout fall arrive enter die suffer bleed swim drown apologize apologise cook"
)
_GIVES = listed(
    """give gives gave given giving send sends sent sending buy buys bought buying offer offers offered offering show
    shows showed shown showing teach teaches taught teaching bring brings brought bringing lend lends lent lending hand
    hands handed handing owe owes owed promise promises promised wish wishes wished grant grants granted"""
)
_GIVEN = listed(
    """feedback advice money cash support information directions instructions flowers roses chocolates candy credit tips
    guidance permission access encouragement reassurance compliments presents gifts options examples suggestions
    assistance comfort attention trouble hope respect food water tea coffee books lessons messages emails texts letters
    pictures photos evidence proof thanks condolences luck happiness success strength courage"""
)
_SAYS = listed("ask asks asked asking tell tells told telling")
_SAID = listed("questions jokes stories lies news things")
_TIMES = listed("week month year night time summer winter spring autumn fall weekend monday tuesday wednesday thursday "
                "friday saturday sunday january february march april may june july august september october november "
                "december")  # fmt: skip
_BRINGS_BACK = listed("call calls called take took bring brought give gave get got want pay paid write send sent")

_PRONOUN = re.compile(
    r"(?<![\w’'-])(?:he|she)(?:['’](?:s|d|ll))?(?![\w’'-])|(?<![\w’'-])(?:him|her|his|hers|himself|herself)(?![\w-])",
    re.IGNORECASE,
)
_PAIRS: list[tuple[str, str, str | None]] = [
    *FIRST_NAMES,
    *MORE_NAMES,
    *((man, woman, None) for women, men in TRADITIONS.values() for man, woman in zip(men, women, strict=True)),
]
_NAMES = {name: pair for pair in _PAIRS for name in pair[:2]}
_NAME = re.compile(words_of(*_NAMES))
_UNLISTED = re.compile(
    r"(?<![\w’'-])("
    + "|".join(sorted(UNLISTED))
    + r")(?=['’]s\b| (?:said|says|was|is|has|had|asked|asks|told|wanted|wants|went|goes|felt|feels|did|does|got|and)\b)"
)
_NOUN = re.compile(
    words_of(*(form for male, female, _ in NOUNS for form in (male, female)), *ALSO_FEMALE), re.IGNORECASE
)
_TITLE = re.compile(r"(?<![\w-])(?:Mrs|Mr|Ms|Miss)(?=\.?\s+[A-Z])")  # capitals only: 20 ms is no woman
_CONTRACTED = re.compile(r"['’]s(?=\s+(?:he|she)(?![\w’'-]))", re.IGNORECASE)
_BE = {"is": "are", "was": "were", "has": "have", "does": "do", "isn't": "aren't", "wasn't": "weren't"}
_BE |= {"hasn't": "haven't", "doesn't": "don't"}
_BE |= {word.replace("'", "’"): plural.replace("'", "’") for word, plural in _BE.items() if "'" in word}
_ASKS = re.compile(r"(?<![\w’'-])(" + "|".join(_BE) + r")(\s+)(?:he|she)(?![\w’'-])", re.IGNORECASE)
_VERB = re.compile(
    r"(\s+)((?:(?:\w{2,20}ly|also|always|never|often|still|just|only|now|then|sometimes)\s+)?)([\w’']{2,30})(?![\w-])"
)
_BETWEEN = listed("and or who that first soon seldom rarely once too hardly")
_NO_VERB = listed("as this his its us yes always perhaps thus across besides sometimes")
_SECOND_VERB = re.compile(
    r"\b(?:and|or|but|then|,)\s+(?:\w{2,20}ly\s+|also\s+|never\s+|always\s+)?(\w{3,30}s|is|was|has)\b", re.IGNORECASE
)


class Gender(Swap):
    """``he``, ``she`` and singular ``they``. Texts that name both men and women are left alone."""

    kind = "gender"
    groups: ClassVar[tuple[str, ...]] = (FEMALE, MALE, NEUTRAL)

    def terms(self, text: str) -> Iterable[Term]:
        yield from _nouns(text)
        yield from _pronouns(text)
        for found in _TITLE.finditer(text):
            group = MALE if found[0] == "Mr" else FEMALE
            yield Term(*found.span(), {MALE: "Mr", FEMALE: "Ms", NEUTRAL: "Mx"}, group, common=False)
        yield from _names(text)


def _names(text: str) -> Iterator[Term]:
    for name in _UNLISTED.finditer(text):
        yield Term(*name.span(1), {})
    found = list(_NAME.finditer(text))
    meant = {_NAMES[name[0]][2] for name in found}
    clash = len(meant) < len({name[0] for name in found})  # two people would become one
    for name in found:
        male, female, neutral = _NAMES[name[0]]
        group = MALE if name[0] == male else FEMALE
        forms: Forms = {MALE: male, FEMALE: female, NEUTRAL: None if clash else neutral}
        yield Term(*name.span(), {} if famous(text, *name.span()) else forms, group, common=False)


def _nouns(text: str) -> Iterator[Term]:
    rows: dict[str, tuple[str, str, str | None]] = {}
    for row in NOUNS:
        rows.setdefault(row[0], row)
        rows.setdefault(row[1], row)
    for found in _NOUN.finditer(text):
        word = found[0].lower()
        if word in NEUTRAL_ALREADY:
            continue
        row = rows[ALSO_FEMALE.get(word, word)]
        group = MALE if word == row[0] else FEMALE
        forms: Forms = {MALE: row[0], FEMALE: word if word in ALSO_FEMALE else row[1], NEUTRAL: row[2]}
        somebody = found[0][0].isupper() and re.match(r" [A-Z][a-z]", text[found.end() : found.end() + 3])
        yield Term(*found.span(), {} if somebody else forms, group)  # Mother Teresa, Uncle Sam


def _pronouns(text: str) -> Iterator[Term]:
    for found in _CONTRACTED.finditer(text):
        yield Term(*found.span(), {MALE: found[0], FEMALE: found[0], NEUTRAL: None})  # "what's she doing"
    asking = {found.end() for found in _ASKS.finditer(text)}
    for found in _ASKS.finditer(text):
        verb = found[1].lower()
        yield Term(found.start(1), found.end(1), {MALE: verb, FEMALE: verb, NEUTRAL: _BE[verb]})
    for found in _PRONOUN.finditer(text):
        word = found[0].lower().replace("’", "'")
        group = FEMALE if word.startswith(("she", "her")) else MALE
        stem = word.partition("'")[0]
        tail = found[0][len(stem) :]
        if stem in ("he", "she"):
            yield Term(*found.span(), _subject(text, found.end(), tail), group)
            if not tail and found.end() not in asking:
                yield from _verb(text, found.end())
        else:
            yield Term(*found.span(), _other(word, text, found.start(), found.end()), group)


def _subject(text: str, at: int, tail: str) -> Forms:
    """``she``, ``she'll``, ``she'd``, and ``she's``, which is ``she is`` or ``she has``."""
    forms: Forms = {MALE: f"he{tail}", FEMALE: f"she{tail}", NEUTRAL: f"they{tail}"}
    if tail[1:].lower() == "s":
        behind = next_word(text, at)
        mark = tail[0]
        if behind in {"been", "got", "had"}:
            forms[NEUTRAL] = f"they{mark}ve"
        elif behind.endswith(("ed", "en")) or not behind:
            forms[NEUTRAL] = None  # "she's called": is or has, nobody knows
        else:
            forms[NEUTRAL] = f"they{mark}re"
    return forms


def _other(word: str, text: str, start: int, end: int) -> Forms:
    possesses = _possesses(text, start, end)
    if word in ("himself", "herself"):
        return {MALE: "himself", FEMALE: "herself", NEUTRAL: "themselves"}
    if word == "hers" or (word == "his" and not possesses):
        return {MALE: "his", FEMALE: "hers", NEUTRAL: "theirs"}
    if word == "her" and possesses is None:
        return {MALE: None, FEMALE: "her", NEUTRAL: None}
    if word == "his" or (word == "her" and possesses):
        return {MALE: "his", FEMALE: "her", NEUTRAL: "their"}
    return {MALE: "him", FEMALE: "her", NEUTRAL: "them"}


def _possesses(text: str, start: int, end: int) -> bool | None:
    """Does ``her`` or ``his`` stand before what somebody has? None where nobody can tell (``brought her shoes``)."""
    behind = next_word(text, end)
    if not behind or behind in NO_NOUN:
        return False
    if text[start:end].lower() == "his":
        return True
    before = word_before(text, start)
    if _acts(before, behind) or (behind == "back" and before in _BRINGS_BACK):
        return False
    if behind in {"last", "next"} and before.endswith("ed") and next_word(text, end + len(behind) + 1) in _TIMES:
        return False
    return _given(behind, text[end : end + 200]) if before in _GIVES else True


def _given(behind: str, rest: str) -> bool | None:
    """``gave her car`` is her car, or it would be *a* car; ``gave her advice`` and ``gave her keys`` may be either."""
    clause = re.split(r"[.!?;:,\n]", rest, maxsplit=1)[0].lower()
    if re.search(r"\s(?:to|back|away|up|in|out|over)\b", clause):
        return True
    if behind in _GIVEN:
        return False
    return None if behind.endswith("s") and not behind.endswith(("ss", "'s", "’s")) else True


def _acts(before: str, behind: str) -> bool:
    """``let her go``, ``made her smile``, ``heard her sing``, ``asked her questions``."""
    if before in _SAYS and behind in _SAID:
        return True
    return (before in _LETS and behind in (_BASE_VERBS | _ONLY_VERBS)) or (before in _MAKES and behind in _MAY_BE_NOUNS)


def _verb(text: str, at: int) -> Iterator[Term]:
    """The verb behind ``he`` or ``she``, and what becomes of it behind ``they``."""
    found = _VERB.match(text, at)
    if found is None:
        if text[at : at + 1] in {",", "(", "-", "–", "—"}:  # "she, too, works": the verb is too far for rules
            yield Term(at, at + 1, {MALE: text[at], FEMALE: text[at], NEUTRAL: None})
        return
    verb = found[3].lower()
    plural: str | None = _BE.get(verb) or _plural(verb)
    if verb in _BETWEEN:
        yield Term(found.start(3), found.end(3), {MALE: verb, FEMALE: verb, NEUTRAL: None})
        return
    if plural is None:
        return
    sentence = re.split(r"[.!?\n]", text[found.end() : found.end() + 400], maxsplit=1)[0]
    if _SECOND_VERB.search(sentence):
        plural = None  # "she works and sings": which other words are verbs of hers, nobody can tell by rules
    yield Term(found.start(3), found.end(3), {MALE: verb, FEMALE: verb, NEUTRAL: plural})


def _plural(verb: str) -> str | None:
    """``goes`` → ``go``, ``tries`` → ``try``; nothing for what is no verb of the third person."""
    if len(verb) < 4 or not verb.endswith("s") or verb.endswith(("ss", "us")) or verb in _NO_VERB or not verb.isalpha():
        return None
    if verb.endswith("ies"):
        return verb[:-1] if len(verb) == 4 else verb[:-3] + "y"
    if verb.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")):
        return verb[:-2]
    return verb[:-1]
