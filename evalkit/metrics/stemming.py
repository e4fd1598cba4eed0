"""Word stems and function words of a few languages, so that ``cars`` is ``car`` and ``the`` is nothing.

Stems are Snowball's (Porter2 in English), with a short list of irregular English forms that no suffix rule can know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

from evalkit.metrics.words import UNSPACED, fold

SIGNATURE = "stem:snowball.2"
LANGUAGES = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
}
LONGEST_WORD = 60
"""In characters. What is longer is no word that has a stem (and a stemmer would take its time over it)."""

_IRREGULAR = {
    form: base
    for base, forms in {
        "man": "men",
        "woman": "women",
        "child": "children",
        "foot": "feet",
        "tooth": "teeth",
        "mouse": "mice",
        "goose": "geese",
        "person": "people",
        "leaf": "leaves",
        "life": "lives",
        "knife": "knives",
        "wife": "wives",
        "wolf": "wolves",
        "half": "halves",
        "gas": "gases",
        "go": "went gone",
        "run": "ran",
        "see": "saw seen",
        "eat": "ate eaten",
        "take": "took taken",
        "give": "gave given",
        "make": "made",
        "write": "wrote written",
        "speak": "spoke spoken",
        "break": "broke broken",
        "choose": "chose chosen",
        "grow": "grew grown",
        "know": "knew known",
        "begin": "began begun",
        "buy": "bought",
        "bring": "brought",
        "think": "thought",
        "teach": "taught",
        "catch": "caught",
        "build": "built",
        "send": "sent",
        "spend": "spent",
        "sell": "sold",
        "tell": "told",
        "hold": "held",
        "keep": "kept",
        "sleep": "slept",
        "lose": "lost",
        "win": "won",
        "swim": "swam swum",
        "sing": "sang sung",
        "drink": "drank drunk",
        "drive": "drove driven",
        "fly": "flew flown",
        "freeze": "froze frozen",
        "fall": "fell fallen",
        "good": "better best",
        "bad": "worse worst",
    }.items()
    for form in forms.split()
}

_FUNCTION_WORDS = {
    "en": """a about above after again against all also am an and any are aren as at be because been before
    being below between both but by can cannot could couldn d did didn do does doesn doing don down during each
    either else etc ever every few for from further get got had hadn has hasn have haven having he her here hers
    herself him himself his how however i if in into is isn it its itself just let ll m may me might mine more
    most much must mustn my myself neither no nor not now of off on once one only onto or other ought our ours
    ourselves out over own per quite rather re s same shall shan she should shouldn since so some such t than
    that the their theirs them themselves then there these they this those though through thus to too under
    until up upon us ve very via was wasn we well were weren what whatever when where whether which while who
    whom whose why will with within without won would wouldn yes yet you your yours yourself yourselves""",
    "de": """ab aber alle allem allen aller alles als also am an ander andere anderen anderer auch auf aus bei
    beim bin bis bist da damit dann das dass dein deine dem den denn der des dessen dich die dies diese diesem
    diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch euer für gegen
    hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins
    ist ja jede jedem jeden jeder jedes jene kann kein keine keinem keinen keiner können könnte man manche mehr
    mein meine mich mir mit muss nach nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen
    seiner seit sich sie sind so solche soll sollen sollte sondern sonst über um und uns unser unter vom von vor
    war waren warum was weil welche welcher wenn wer werden wie wieder will wir wird wo wollen worden wurde
    wurden zu zum zur zwar zwischen""",
    "es": """a al algo algunas algunos ante antes aquel aquella como con contra cual cuando de del desde donde
    durante e el él ella ellas ellos en entre era eran eres es esa esas ese eso esos esta está están estas este
    esto estos fue fueron ha han hasta hay he la las le les lo los más me mi mis mucho muy nada ni no nos
    nosotros o os otra otras otro otros para pero poco por porque que qué quien se ser si sí sido sin sobre son
    su sus también tanto te tiene tienen todo todos tu tus un una uno unos y ya yo""",
    "fr": """à ai ainsi alors au aucun aussi autre aux avant avec avoir car ce ceci cela ces cet cette ceux
    chaque ci comme comment d dans de des deux donc dont du elle elles en encore entre est et étaient était été
    être eu eux fait faut il ils j je l la le les leur leurs lui m ma mais me même mes moi mon n ne ni nos notre
    nous on ont ou où par pas peu peut plus pour pourquoi qu quand que quel quelle quelles quels qui s sa sans
    se ses si son sont sous sur t ta te tes toi ton tous tout toute toutes très tu un une vos votre vous y""",
}
_ASIAN_FUNCTION = frozenset("的了是在和与及也都就而但不我你他她它们这那有个上下中为以于之其吗呢吧啊のはがをにでとも")
_TOKEN = re.compile(f"[{UNSPACED}]|(?:(?![{UNSPACED}])[^\\W_])+(?:(?:['’](?=[^\\W\\d_]{{3}}))[^\\W_]+)?")


@cache
def _stemmer(language: str) -> Callable[[str], str] | None:
    name = LANGUAGES.get(language)
    if name is None:
        return None
    from nltk.stem.snowball import SnowballStemmer

    found: Callable[[str], str] = SnowballStemmer(name).stem
    return found


@lru_cache(maxsize=50_000)
def stem(word: str, language: str = "en") -> str:
    """Of a folded word. Of a language without a stemmer, and of a very long word, the word itself."""
    if len(word) < 3 or len(word) > LONGEST_WORD or not word.isalpha():
        return word
    if language == "en":
        word = _IRREGULAR.get(word, word)
    found = _stemmer(language)
    return str(found(word)) if found else word


def stems(word: str, language: str = "en") -> tuple[str, ...]:
    """Of an irregular form that may be a regular one as well both: *leaves* are of a *leaf*, or somebody *leaves*."""
    first = stem(word, language)
    found = _stemmer(language) if language == "en" and word in _IRREGULAR else None
    return (first, str(found(word))) if found else (first,)


def tokens(text: str) -> list[str]:
    """Words of a text in lower case and without punctuation; single characters in scripts without spaces.

    An apostrophe keeps a longer rest with its word (``rock'n'roll`` falls apart, ``o'clock`` does not); ``don't`` gives
    ``don`` and ``t``, which are function words.
    """
    return _TOKEN.findall(fold(text))


def function_words(language: str) -> frozenset[str]:
    """Words that say nothing of what a text is about; none are known of most languages."""
    return _function_words(language)


@cache
def _function_words(language: str) -> frozenset[str]:
    return frozenset(_FUNCTION_WORDS.get(language, "").split())


def guess_language(words: list[str]) -> str:
    """Of English, German, French and Spanish the one whose function words are most frequent; English if none is.

    Meant for choosing a stemmer, not for telling a person: a text of a few words, or of another language, is English.
    """
    sample = words[:400]
    counts = {code: sum(word in function_words(code) for word in sample) for code in _FUNCTION_WORDS}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] > counts["en"] else "en"


def content(text: str, language: str = "") -> list[str]:
    """Stems of the words that a text is about, in order: no function words, no single letters; pairs of neighbours in
    scripts without spaces. ``language`` is guessed where it is not given.
    """
    words = tokens(text)
    language = language or guess_language(words)
    drop = function_words(language)
    found: list[str] = []
    before = ""
    for word in words:
        if len(word) == 1 and ord(word) > 0x0DFF:
            if before and word not in _ASIAN_FUNCTION and before not in _ASIAN_FUNCTION:
                found.append(before + word)
            before = word
            continue
        before = ""
        if word not in drop and (len(word) > 1 or word.isdigit()):
            found.append(stem(word, language))
    return found
