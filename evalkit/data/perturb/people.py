"""Nationality and religion, where a text says them of people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from evalkit.data.perturb.swaps import NO_NOUN, Swap, Term, capital_before, listed, next_word, word_before, words_of

PEOPLE = listed(
    """man men woman women person people boy boys girl girls child children kid kids teenager teenagers adult adults
    gentleman gentlemen lady ladies guy guys couple couples family families mother mothers father fathers parent parents
    wife wives husband husbands son sons daughter daughters brother brothers sister sisters friend friends neighbour
    neighbours neighbor neighbors colleague colleagues coworker coworkers classmate classmates roommate roommates boss
    student students pupil pupils teacher teachers professor professors nurse nurses doctor doctors lawyer lawyers
    engineer engineers worker workers employee employees manager managers driver drivers farmer farmers soldier soldiers
    officer officers artist artists writer writers author authors scientist scientists actor actors singer singers
    player players athlete athletes applicant applicants candidate candidates customer customers client clients patient
    patients tenant tenants immigrant immigrants refugee refugees tourist tourists visitor visitors citizen citizens
    resident residents politician politicians leader leaders community communities grandmother grandfather guest guests
    chef chefs cook cooks baker bakers carpenter carpenters plumber plumbers developer developers programmer
    programmers"""
)
BE = listed("am is are was were be been being become became becomes i'm he's she's they're we're you're i’m he’s she’s")
_ARTICLES = listed("a an one every each another")
_DOES = listed(
    """asks says wants needs thinks believes feels works lives moves applies goes comes tells writes walks"""
)
_PEOPLE_BEHIND = re.compile(
    r"\s+(?:[\w-]{2,20}\s+)?(?:" + "|".join(sorted(PEOPLE, key=len, reverse=True)) + r")\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Person:
    """How one of a group is called: ``a Polish woman``, ``a Polish person``, ``Polish people``."""

    adjective: str
    one: str
    many: str


def of_people(text: str, start: int, end: int) -> str:
    """How an adjective stands there: ``attribute``, ``predicate``, ``noun``; nothing where that is unclear."""
    if _PEOPLE_BEHIND.match(text, end) and next_word(text, end) not in NO_NOUN:
        return "attribute"
    behind = next_word(text, end)
    open_end = (not behind and not re.match(r"\s*['’-]?\w", text[end:])) or behind in NO_NOUN
    before = word_before(text, start)
    if open_end and before in BE:
        return "predicate"
    return "noun" if (open_end or behind in _DOES) and before in _ARTICLES else ""


def person_terms(
    text: str, pattern: re.Pattern[str], people: Mapping[str, Person], words: Mapping[str, tuple[str, str]]
) -> Iterator[Term]:
    """``words`` has by surface form, also in small letters, the group, and ``adjective``, ``one`` or ``many``.

    A term without forms where it is unclear how the word stands: no other group can be put there.
    """
    for found in pattern.finditer(text):
        group, kind = words.get(found[0]) or words[found[0].lower()]
        place = of_people(text, *found.span()) if kind == "adjective" else kind
        kind = {"noun": "one", "attribute": "adjective", "predicate": "adjective"}.get(place, place)
        compound = capital_before(text, found.start()) or re.match(r" [A-Z][a-z]", text[found.end() : found.end() + 3])
        if compound:  # African American, American Indian, Christian Smith
            kind = ""
        forms: dict[str, str | None] = {name: getattr(person, kind) for name, person in people.items()} if kind else {}
        yield Term(*found.span(), forms, group, common=False)


def _surface(people: Mapping[str, Person], also: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for group, person in people.items():
        found[person.adjective] = (group, "adjective")
        if " " not in person.many:
            found[person.many] = (group, "many")
    found = {**found, **also}
    return {word.lower(): meant for word, meant in found.items()} | found


NATIONS: dict[str, tuple[Person, str]] = {
    "american": (Person("American", "American", "Americans"), "the United States"),
    "british": (Person("British", "British person", "British people"), "the United Kingdom"),
    "chinese": (Person("Chinese", "Chinese person", "Chinese people"), "China"),
    "german": (Person("German", "German", "Germans"), "Germany"),
    "indian": (Person("Indian", "Indian", "Indians"), "India"),
    "iranian": (Person("Iranian", "Iranian", "Iranians"), "Iran"),
    "mexican": (Person("Mexican", "Mexican", "Mexicans"), "Mexico"),
    "nigerian": (Person("Nigerian", "Nigerian", "Nigerians"), "Nigeria"),
    "polish": (Person("Polish", "Polish person", "Polish people"), "Poland"),
    "turkish": (Person("Turkish", "Turkish person", "Turkish people"), "Turkey"),
}
COUNTRIES = {country: group for group, (_, country) in NATIONS.items()} | {
    "the USA": "american",
    "the US": "american",
    "America": "american",
    "the UK": "british",
    "Britain": "british",
    "Great Britain": "british",
}
_NATIONAL = {group: person for group, (person, _) in NATIONS.items()}
_NATION_WORDS = _surface(
    _NATIONAL, {"Briton": ("british", "one"), "Britons": ("british", "many"), "Turks": ("turkish", "many")}
)
_NATION = re.compile(r"(?-i:(?!polish\b))" + words_of(*_NATION_WORDS), re.IGNORECASE)
_FROM = re.compile(
    r"\b(?:I|he|she|we|they|you|who|am|is|are|was|were|I['’]m|comes?|came|moved?(?: here)?|immigrated|emigrated|fled|"
    + "|".join(sorted(PEOPLE, key=len, reverse=True))
    + r")\s+(?:from|born in|raised in|grew up in)\s+("
    + "|".join(sorted(COUNTRIES, key=len, reverse=True))
    + r")\b(?!['’-])"
)


class Nationality(Swap):
    """Where people come from: ``a Polish nurse``, ``I am Indian``, ``who comes from Turkey``. Food, languages and trade
    keep theirs."""

    kind = "nationality"
    groups: ClassVar[tuple[str, ...]] = tuple(NATIONS)

    def terms(self, text: str) -> Iterable[Term]:
        for term in person_terms(text, _NATION, _NATIONAL, _NATION_WORDS):
            if term.forms:  # elsewhere the word is of bread, of a language or of a shoe
                yield term
        forms: dict[str, str | None] = {group: country for group, (_, country) in NATIONS.items()}
        for found in _FROM.finditer(text):
            yield Term(*found.span(1), forms, COUNTRIES[found[1]], common=False)


FAITHS = {
    "atheist": Person("atheist", "atheist", "atheists"),
    "buddhist": Person("Buddhist", "Buddhist", "Buddhists"),
    "christian": Person("Christian", "Christian", "Christians"),
    "hindu": Person("Hindu", "Hindu", "Hindus"),
    "jewish": Person("Jewish", "Jewish person", "Jewish people"),
    "muslim": Person("Muslim", "Muslim", "Muslims"),
    "sikh": Person("Sikh", "Sikh", "Sikhs"),
}
_FAITH_WORDS = _surface(
    FAITHS,
    {
        "Jew": ("jewish", "one"),
        "Jews": ("jewish", "many"),
        "Atheist": ("atheist", "adjective"),
        "Atheists": ("atheist", "many"),
    },
)
_FAITH = re.compile(words_of(*_FAITH_WORDS), re.IGNORECASE)
_BELIEFS = {
    "atheist": "atheism",
    "buddhist": "Buddhism",
    "christian": "Christianity",
    "hindu": "Hinduism",
    "jewish": "Judaism",
    "muslim": "Islam",
    "sikh": "Sikhism",
}
_BELIEF_OF = {name: group for group, name in _BELIEFS.items()}
_BELIEF = re.compile(words_of(*_BELIEF_OF))
_PLACES = {
    "buddhist": "temple",
    "christian": "church",
    "hindu": "temple",
    "jewish": "synagogue",
    "muslim": "mosque",
    "sikh": "gurdwara",
}
_PLACE = re.compile(
    r"\b(?:the|a|my|our|your|his|her|their|this|that|local|nearest)\s+(church|synagogue|mosque|gurdwara|temple)(?![\w-])",
    re.IGNORECASE,
)
_TO_CHURCH = re.compile(r"\b(?:to|at|in|from|after|before)\s+(church)(?![\w-])", re.IGNORECASE)
_BOOK = re.compile(words_of("Bible", "Quran", "Qur'an", "Koran", "Torah"))
_BOOK_OF = {"Bible": "christian", "Torah": "jewish"}
_BOOKS = {"christian": "Bible", "jewish": "Torah", "muslim": "Quran"}


class Religion(Swap):
    """What people believe, and the places and books that go with it. Where a group has none (an atheist's church), that
    group has no variant."""

    kind = "religion"
    groups: ClassVar[tuple[str, ...]] = tuple(FAITHS)

    def terms(self, text: str) -> Iterable[Term]:
        yield from person_terms(text, _FAITH, FAITHS, _FAITH_WORDS)
        for found in _BELIEF.finditer(text):
            yield Term(*found.span(), _BELIEFS, _BELIEF_OF[found[0]], common=False)
        for found in _PLACE.finditer(text):
            place = found[1].lower()
            whose = [group for group, name in _PLACES.items() if name == place]
            yield Term(*found.span(1), _PLACES, whose[0] if len(whose) == 1 else "")
        bare = {group: "church" if place == "church" else f"the {place}" for group, place in _PLACES.items()}
        for found in _TO_CHURCH.finditer(text):
            yield Term(*found.span(1), bare, "christian")
        for found in _BOOK.finditer(text):
            yield Term(*found.span(), _BOOKS, _BOOK_OF.get(found[0], "muslim"), common=False)
