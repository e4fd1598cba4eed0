"""Exercises about words: facts, meanings, spelling and kinds of things."""

from __future__ import annotations

from evalkit.data.make.exercise import Exercise, Family, digits

_CAPITALS = (
    "France/Paris Germany/Berlin Spain/Madrid Italy/Rome Portugal/Lisbon Austria/Vienna Poland/Warsaw Greece/Athens "
    "Sweden/Stockholm Norway/Oslo Denmark/Copenhagen Finland/Helsinki Ireland/Dublin Hungary/Budapest "
    "Romania/Bucharest "
    "Bulgaria/Sofia Croatia/Zagreb Iceland/Reykjavik Belgium/Brussels Estonia/Tallinn Latvia/Riga Lithuania/Vilnius "
    "Japan/Tokyo China/Beijing Thailand/Bangkok Vietnam/Hanoi Nepal/Kathmandu Egypt/Cairo Morocco/Rabat Kenya/Nairobi "
    "Ghana/Accra Senegal/Dakar Ethiopia/Addis-Ababa Tunisia/Tunis Uganda/Kampala Canada/Ottawa Mexico/Mexico-City "
    "Cuba/Havana Peru/Lima Chile/Santiago Argentina/Buenos-Aires Uruguay/Montevideo Colombia/Bogotá Ecuador/Quito "
    "Australia/Canberra Mongolia/Ulaanbaatar Jordan/Amman Iraq/Baghdad Iran/Tehran Turkey/Ankara"
)
CAPITALS = tuple(tuple(part.replace("-", " ") for part in pair.split("/")) for pair in _CAPITALS.split())
_OPPOSITES = (
    "hot/cold big/small early/late full/empty heavy/light open/closed fast/slow high/low young/old happy/sad wet/dry "
    "hard/soft strong/weak rich/poor loud/quiet clean/dirty near/far deep/shallow wide/narrow bright/dark sweet/sour "
    "easy/difficult cheap/expensive safe/dangerous simple/complicated smooth/rough sharp/blunt thick/thin true/false "
    "ancient/modern brave/cowardly generous/mean polite/rude patient/impatient tight/loose visible/invisible "
    "push/pull buy/sell arrive/leave remember/forget begin/end win/lose raise/lower accept/refuse build/destroy"
)
OPPOSITES = tuple(tuple(pair.split("/")) for pair in _OPPOSITES.split())
OPPOSITE_FORMS = (
    ("What is the opposite of '{a}'?", "The opposite of '{a}' is '{b}'."),
    ("Name a word that means the opposite of '{a}'.", "'{b}' means the opposite of '{a}'."),
    ("Give me the antonym of '{a}'.", "The antonym of '{a}' is '{b}'."),
)
_KINDS = {
    "fruit": "apple banana cherry grape lemon mango orange peach pear plum",
    "vegetable": "cabbage carrot cauliflower leek lettuce onion parsnip potato spinach turnip",
    "mammal": "badger camel dolphin elephant fox giraffe horse otter rabbit whale",
    "bird": "crow eagle goose heron owl parrot penguin robin sparrow swan",
    "tool": "chisel drill file hammer pliers rasp saw screwdriver spanner wrench",
    "musical instrument": "bassoon cello clarinet drum flute guitar harp piano trumpet violin",
    "piece of furniture": "armchair bed bench bookcase chair cupboard desk sofa table wardrobe",
    "vehicle": "bicycle bus car ferry lorry motorcycle taxi tractor train tram",
    "item of clothing": "blouse coat dress glove hat jacket scarf shirt skirt sock",
    "metal": "aluminium copper gold iron lead nickel silver tin titanium zinc",
}
KINDS = {kind: tuple(words.split()) for kind, words in _KINDS.items()}
KIND_NAMES = tuple(KINDS)
LANGUAGES = ("French", "German", "Spanish")
_TRANSLATIONS = (
    "house/maison/Haus/casa water/eau/Wasser/agua bread/pain/Brot/pan milk/lait/Milch/leche dog/chien/Hund/perro "
    "cat/chat/Katze/gato horse/cheval/Pferd/caballo tree/arbre/Baum/árbol flower/fleur/Blume/flor "
    "street/rue/Straße/calle city/ville/Stadt/ciudad school/école/Schule/escuela book/livre/Buch/libro "
    "table/table/Tisch/mesa window/fenêtre/Fenster/ventana door/porte/Tür/puerta night/nuit/Nacht/noche "
    "day/jour/Tag/día sun/soleil/Sonne/sol moon/lune/Mond/luna star/étoile/Stern/estrella rain/pluie/Regen/lluvia "
    "snow/neige/Schnee/nieve winter/hiver/Winter/invierno summer/été/Sommer/verano hand/main/Hand/mano "
    "head/tête/Kopf/cabeza heart/cœur/Herz/corazón brother/frère/Bruder/hermano sister/sœur/Schwester/hermana "
    "mother/mère/Mutter/madre father/père/Vater/padre friend/ami/Freund/amigo red/rouge/rot/rojo blue/bleu/blau/azul "
    "green/vert/grün/verde white/blanc/weiß/blanco black/noir/schwarz/negro seven/sept/sieben/siete ten/dix/zehn/diez"
)
TRANSLATIONS = tuple(tuple(entry.split("/")) for entry in _TRANSLATIONS.split())
TRANSLATION_FORMS = (
    ("How do you say '{word}' in {language}?", "In {language}, '{word}' is '{theirs}'."),
    ("Translate the English word '{word}' into {language}.", "{theirs}"),
)
SPELLED = tuple(word for words in KINDS.values() for word in words)
_PAST = (
    "bake/baked break/broke bring/brought build/built buy/bought carry/carried choose/chose clean/cleaned cook/cooked "
    "draw/drew drop/dropped fetch/fetched find/found forget/forgot hide/hid hold/held keep/kept lose/lost "
    "make/made order/ordered paint/painted repair/repaired sell/sold send/sent show/showed steal/stole "
    "take/took throw/threw wash/washed wrap/wrapped"
)
PAST = tuple(tuple(pair.split("/")) for pair in _PAST.split())
OBJECTS = ("cake", "chair", "letter", "basket", "picture", "lamp", "coat", "boat", "present", "kite")
PEOPLE = ("They", "We", "You", "The neighbours", "My parents", "The children", "Our friends", "The two cooks")


def _capital(number: int) -> Exercise:
    form, place = digits(number, 3, len(CAPITALS))
    country, capital = CAPITALS[place]
    other = CAPITALS[(place + 1) % len(CAPITALS)]
    answer, worse = f"The capital of {country} is {capital}.", f"The capital of {country} is {other[1]}."
    if form == 2:
        return Exercise(
            f"{capital} is the capital of which country?",
            f"{capital} is the capital of {country}.",
            f"{capital} is the capital of {other[0]}.",
        )
    task = f"What is the capital of {country}?" if form else f"Name the capital city of {country}."
    return Exercise(task, answer, worse)


def _opposite(number: int) -> Exercise:
    form, turned, place = digits(number, len(OPPOSITE_FORMS), 2, len(OPPOSITES))
    pair = OPPOSITES[place]
    a, b = (pair[1], pair[0]) if turned else (pair[0], pair[1])
    task, answer = OPPOSITE_FORMS[form]
    return Exercise(task.format(a=a), answer.format(a=a, b=b), f"The opposite of '{a}' is 'not very {a}'.")


def _translate(number: int) -> Exercise:
    form, language, place = digits(number, len(TRANSLATION_FORMS), 3, len(TRANSLATIONS))
    entry, wrong = TRANSLATIONS[place], TRANSLATIONS[(place + 7) % len(TRANSLATIONS)]
    task, answer = TRANSLATION_FORMS[form]
    word, name = entry[0], LANGUAGES[language]
    return Exercise(
        task.format(word=word, language=name),
        answer.format(word=word, language=name, theirs=entry[language + 1]),
        answer.format(word=word, language=name, theirs=wrong[language + 1]),
    )


def _which_is(number: int) -> Exercise:
    kind, other, right, wrong, third, place = digits(number, 10, 9, 10, 10, 10, 3)
    name = KIND_NAMES[kind]
    stranger = KIND_NAMES[(kind + 1 + other) % 10]
    further = KIND_NAMES[(kind + 1 + (other + 4) % 9) % 10]
    answer, mistake = KINDS[name][right], KINDS[stranger][wrong]
    choices = [mistake, KINDS[further][third]]
    choices.insert(place, answer)
    article = "an" if name[0] in "aeiou" else "a"
    return Exercise(
        f"Which of these is {article} {name}?",
        f"{answer.capitalize()} is {article} {name}; the other two are not.",
        f"{mistake.capitalize()} is {article} {name}; the other two are not.",
        ", ".join(choices),
    )


def _spell(number: int) -> Exercise:
    what, place = digits(number, 4, len(SPELLED))
    word = SPELLED[place]
    vowels = sum(letter in "aeiou" for letter in word)
    forms = (
        ("How many letters does this word have?", f"It has {len(word)} letters.", f"It has {len(word) + 2} letters."),
        ("Write this word backwards.", word[::-1], word),
        ("Write this word in capital letters.", word.upper(), word),
        ("Count the letters a, e, i, o and u in this word.", f"There are {vowels}.", f"There are {vowels + 1}."),
    )
    task, answer, worse = forms[what]
    return Exercise(task, answer, worse, word)


def _alphabet(number: int) -> Exercise:
    first, step, jump = digits(number, len(SPELLED), 40, 40)
    words = [SPELLED[first], SPELLED[(first + 1 + step) % 100], SPELLED[(first + 42 + jump) % 100]]
    ordered = sorted(words)
    return Exercise(
        "Put these words into alphabetical order.", ", ".join(ordered), ", ".join(reversed(ordered)), ", ".join(words)
    )


def _past(number: int) -> Exercise:
    who, verb, thing = digits(number, len(PEOPLE), len(PAST), len(OBJECTS))
    now, then = PAST[verb]
    person, name = PEOPLE[who], OBJECTS[thing]
    return Exercise(
        "Rewrite this sentence in the past tense.",
        f"{person} {then} the {name}.",
        f"{person} will {now} the {name}.",
        f"{person} {now} the {name}.",
    )


FAMILIES = (
    Family("capital", 3 * len(CAPITALS), _capital),
    Family("opposite", len(OPPOSITE_FORMS) * 2 * len(OPPOSITES), _opposite),
    Family("translate", len(TRANSLATION_FORMS) * 3 * len(TRANSLATIONS), _translate),
    Family("which is", 10 * 9 * 10 * 10 * 10 * 3, _which_is),
    Family("spell", 4 * len(SPELLED), _spell),
    Family("alphabet", len(SPELLED) * 40 * 40, _alphabet),
    Family("past", len(PEOPLE) * len(PAST) * len(OBJECTS), _past),
)
