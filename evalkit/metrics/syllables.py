"""How many syllables an English word has, as said in America: by rules of spelling and a short list of exceptions.

Written for this because pyphen, the usual choice offline, is made for hyphens: it never parts a single letter, so that
``about``, ``many`` and ``over`` have one syllable, and a text seems a whole grade easier than it is. The pronouncing
dictionary that textstat downloads has another licence, and nothing on a word that is not in it.
"""

from __future__ import annotations

import re

SIGNATURE = "syllables:evalkit.1"
_LETTERS = re.compile(r"[^a-z']+")
_ENDING = re.compile(r"'(?:s|d|m|ll|re|ve)?$")
_VOWELS = re.compile(r"[aeiouy]+")
_LONGEST_SPELT_OUT = 4

# An e, or its whole group, that is not heard.
_SILENT = re.compile(
    r"""
    (?<=[^aeiouy])(?<![^aeiouyrlw]l)(?<![^aeiouyr]r)e$
    | (?<=[^aeiouyszxcgjh])(?<![^aeiouyrlw]l)(?<![^aeiouyr]r)es$ | (?<=[^cs]h)es$
    | (?<=[^aeiouytd])(?<![^aeiouyrlw]l)(?<![^aeiouyr]r)ed$
    | (?<=q)ue(?:s|d)?$ | (?<=[^r]g)ue(?:s|d)?$
    | (?<=[aeiouy][^aeiouy])e(?=(?:ly|ful|fully|less|lessly|ness|ty|some|times?|where|things?|works?|hood|ward|wise
        |lines?|styles?|land|landic|fore|m[ae]n|books?|holds?|li(?:ness|er|est|hood)|tables?|spread|craft|ways?|stock
        |s(?:person|m[ae]n|wom[ae]n))$)
    | (?<=[aeiouy][^aeiouyl])e(?=ments?$) | (?<=[aeiouy][^aeiouy]{2})(?<!l)e(?=(?:ly|ful|fully|less|ness|some|where)$)
    """,
    re.VERBOSE,
)
# Two vowels side by side that are heard apart, and consonants that make a syllable of their own.
_APART = re.compile(
    r"""
    (?<![tscgx])(?<!sh)(?<!\w[ln])i(?=o(?!ur)) | (?<=[ln])i(?=o[^nur]) | (?<=n)i(?=ous)
    | (?<![tscgxl])i(?=a) | (?<=l)i(?=a(?![nr]|s?$)) | (?<=[^l]l)i(?=an[tc]) | (?<=[tc])i(?=at)
    | (?<![qg])u(?=a(?!r[dn]|de|sive|ge|ble)|ou) | (?<=[lr])u(?=en) | u(?=ity|ing) | i(?=u) | a(?=o)
    | e(?=o(?!n|p|u|rge)) | (?<=cr)e(?=at(?!u)) | (?<=\br)e(?=act) | (?<=r)e(?=ali) | (?<=id|ar)e(?=a)
    | (?<=th)e(?=at(?:re|er|ri)) | (?<=rop|kor|bbe|ran)e(?=an) | (?<=s)e(?=um) | (?<=\bc)o(?=oper|ord|inci|exi)
    | y(?=ing|ee) | [aeo](?=ing) | (?<=[aeou])y(?=[aio]|er)
    | (?<=\w\w)i(?=e(?:rs?|st)$) | i(?=et(?!h)) | (?<![ctl])i(?=en[tc]) | (?<=\bcl|\bsc)i(?=en)
    | o(?=e[mt]) | (?<=is|as|ys|th)m(?=s?$)
    """,
    re.VERBOSE,
)
_NOT = re.compile(r"(?<=[dtsk])n't$|(?<=have)n't$")
_EXCEPTIONS = {
    word: syllables
    for syllables, words in {
        1: """aren't can't don't eye eyed eyes nd pier piers priest priests rd sh st th tier tiers weren't won't
            year's""",
        2: """ai business colleague colleagues eu evening evenings every giant giants hundred id maybe metre metres mrs
            naked ok people people's shakespeare soldier soldiers someone something sometimes therefore uk wednesday""",
        3: """anyone atm businesses businessman businessmen businesswoman ceo dna entire everyday everyone everything
            everywhere hiv loneliness nuclear parliament usa valuable vegetable vegetables vienna""",
        4: "california entirely everybody interesting",
    }.items()
    for word in words.split()
}


def count(word: str) -> int:
    """Of one word, whatever its case: at least 1. A short word without vowels is spelt out: ``TV`` has two.

    Figures count as one syllable, however they are read.
    """
    bare = _LETTERS.sub("", word.lower())
    if bare in _EXCEPTIONS:
        return _EXCEPTIONS[bare]
    spoken = len(_NOT.findall(bare))
    bare = _ENDING.sub("", bare.removesuffix("n't")).replace("'", "")
    if bare in _EXCEPTIONS:
        return _EXCEPTIONS[bare] + spoken
    groups = len(_VOWELS.findall(bare))
    if not groups:
        letters = len(bare) + 2 * bare.count("w")
        return letters if 0 < len(bare) <= _LONGEST_SPELT_OUT and word.isalpha() else 1
    return max(1, groups - len(_SILENT.findall(bare)) + len(_APART.findall(bare)) + spoken)
