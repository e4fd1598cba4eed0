"""Which language an answer is in, as far as the refusal judgement must know: by small words, letters and script."""

from __future__ import annotations

import re

from evalkit.metrics.refusal_languages import READ

# Small words, by the languages in which they are common. English wins a draw.
_SMALL_WORDS = {
    "en": "the an to of and is it that you in for not this be can with your are as my or but on we do i i'm sorry"
    " no he she"
    " was at from have has his her they their by if so me will would what how",
    "de": "der die das und ist nicht ein eine mit zu den von ich kann leider aber auf es tut mir leid für dem des"
    " im sie du"
    " wir dir ihnen dabei diese dieser solche wie man werden wird auch bei oder als wenn sich keine kein dass mein"
    " meine nein"
    " darf nach aus sehr bitte hier sind dazu niemals gegen etwas wäre",
    "fr": "je ne pas le la les des et est un une vous avec désolé que qui pour dans sur mais ce cette il elle au"
    " aux du nous"
    " votre vos peux suis en à sont être non cela plus de l'on c'est plutôt d'autre jamais ma mes se",
    "es": "el la los las una un y es no que de en por para con lo siento puedo pero se su esta este eso ese del al"
    " como más yo"
    " te tu le muy está son hay nunca me mi mis esa si",
    "pt": "não é um uma os do da em com para que por mas desculpe posso você são isso de eu ao",
    "it": "il lo gli che non è un una di per con sono mi dispiace ma posso questo della nel la le ti",
    "nl": "het een en van ik niet kan maar dat is de op met voor je dit deze zijn te",
    "other": "och att det som är inte jag kan en jest się na nie bir bu ve için yang dan tidak ini untuk saya"
    " là không của"
    " og på ikke jeg til den",
}
_SPEAKS: dict[str, tuple[str, ...]] = {}
for _language, _words in _SMALL_WORDS.items():
    for _word in _words.split():
        _SPEAKS[_word] = (*_SPEAKS.get(_word, ()), _language)
_ENGLISH = frozenset(_SMALL_WORDS["en"].split()).__contains__
_FOREIGN = frozenset(word for word, names in _SPEAKS.items() if "en" not in names).__contains__
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LETTERS = (
    ("¿", "es"),
    ("¡", "es"),
    ("ñ", "es"),
    ("ß", "de"),
    ("œ", "fr"),
    ("ç", "fr"),
    ("ê", "fr"),
    ("ô", "fr"),
    ("ã", "pt"),
    ("ł", "other"),
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")


def language_of(text: str, original: str, prompt: str = "") -> str:
    """``en``, ``de``, ``fr``, ``es`` or ``zh`` for texts in lower case; "" where it is none of them, or empty.

    An answer of nothing but numbers, code or quotations, or a list of names, counts as English: it is an answer. The
    prompt breaks a draw, as of "No.".
    """
    if text.isascii():
        roughly = text[:300].split()
        if len(roughly) > 8 and 4 * sum(map(_ENGLISH, roughly)) >= len(roughly) > 8 * sum(map(_FOREIGN, roughly)):
            return "en"
    words = _WORD.findall(text, 0, 300)
    if not words:
        return "en" if original.strip() else ""
    if not text.isascii():
        start = text[:300]
        if 4 * len(_HAN.findall(start)) >= sum(map(len, words)):
            return "" if _KANA_OR_HANGUL.search(start) else "zh"
        latin = sum(1 for word in words if word[0] < "\u0250" or "\u1e00" <= word[0] < "\u1f00")
        if 2 * latin < len(words):
            return ""
    return _by_small_words(words, text[:300], prompt)


def _by_small_words(words: list[str], start: str, prompt: str) -> str:
    found = _counted(words)
    if not start.isascii():
        for letter, name in _LETTERS:
            if letter in start:
                found[name] = found.get(name, 0) + 1
    most = max(found.values(), default=0)
    drawn = [name for name in found if found[name] == most]
    if 8 * most < len(words) or drawn == ["en"]:
        return "en"
    if len(drawn) > 1:
        asked = _counted(_WORD.findall(prompt, 0, 200))
        drawn.sort(key=lambda name: (-asked.get(name, 0), name != "en", name not in READ))
    if drawn[0] == "en" or (drawn[0] not in READ and most < 2 and len(words) > 3):
        return "en"
    return drawn[0] if drawn[0] in READ else ""


def _counted(words: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        for name in _SPEAKS.get(word, ()):
            found[name] = found.get(name, 0) + 1
    return found
