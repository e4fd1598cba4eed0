"""Of each class of error: its cause in one sentence, what to do, and whether trying again may help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evalkit.errors import FailureClass


@dataclass(frozen=True, slots=True)
class Advice:
    kind: FailureClass
    cause: str
    """One sentence."""
    recommendation: str
    transient: bool = False
    """It may pass by itself: it is tried again, with waits that grow."""


ADVICE: Mapping[FailureClass, Advice] = {
    one.kind: one
    for one in (
        Advice(
            FailureClass.CONFIGURATION,
            "A setting, an option or a key does not fit what it is for.",
            "Change the setting that the message names; 'evalkit doctor' looks at the installation.",
        ),
        Advice(
            FailureClass.IMPORT,
            "A Python package is missing or cannot be imported.",
            "Install the package that the message names into the environment that runs evalkit.",
        ),
        Advice(
            FailureClass.DATA,
            "The data cannot be read, or breaks what its check needs.",
            "Repair the rows that the message names; 'evalkit data validate FILE' lists them.",
        ),
        Advice(
            FailureClass.MODEL_LOAD,
            "The model's files or its description cannot be loaded.",
            "Look at the reference and the files; 'evalkit models info REF' says who would answer.",
        ),
        Advice(
            FailureClass.OUT_OF_MEMORY,
            "The memory did not suffice, not even for one case alone.",
            "Use a device with more memory; a model needs less with a smaller --dtype, shorter prompts or a smaller "
            "max_tokens.",
            transient=True,
        ),
        Advice(
            FailureClass.RATE_LIMIT,
            "The server takes fewer requests than it was sent, or a quota is used up.",
            "Lower ?concurrency=N, raise ?patience=SECONDS, or look at the quota; the same command asks again.",
            transient=True,
        ),
        Advice(
            FailureClass.TIMEOUT,
            "No answer came in the time that was given.",
            "Raise ?timeout=SECONDS, lower ?concurrency=N or max_tokens; the same command asks again.",
            transient=True,
        ),
        Advice(
            FailureClass.CONTENT,
            "The provider refused the content, or what it answered is no answer.",
            "Read the cases: a provider's filter is part of what is measured, a wrong address is not.",
        ),
        Advice(
            FailureClass.NETWORK,
            "The server could not be reached, broke the connection, or failed by itself.",
            "Look at the server and the way to it; the same command asks again what is missing.",
            transient=True,
        ),
        Advice(
            FailureClass.PLUGIN,
            "A check, metric, backend or reader raised an error or broke its protocol.",
            "Read the traceback (evalkit show RUN --errors) and repair the plugin; stored answers are judged anew.",
        ),
        Advice(
            FailureClass.INTERNAL,
            "The model's code or evalkit itself failed in a way that nobody foresaw.",
            "Read the traceback (evalkit show RUN --errors); a defect of evalkit is worth a report.",
        ),
    )
}


_NEARER: tuple[tuple[re.Pattern[str], Advice], ...] = (
    (
        re.compile(r"insufficient_quota|quota|billing", re.IGNORECASE),
        Advice(
            FailureClass.RATE_LIMIT,
            "The quota of the key is used up.",
            "Raise the quota, or wait until it is renewed; the same command asks again what is missing.",
            transient=True,
        ),
    ),
    (
        re.compile(r"prompt too long"),
        Advice(
            FailureClass.DATA,
            "Prompts do not fit the context of the model.",
            "Shorten them ('evalkit show RUN --errors' lists them), or use a model with a longer context.",
        ),
    ),
    (
        re.compile(r"server error"),
        Advice(
            FailureClass.NETWORK,
            "The server was reached, and failed by itself.",
            "Look into the server's log; the same command asks again what is missing.",
            transient=True,
        ),
    ),
)
"""Of errors that say more of themselves than their class does."""


def advice_on(kind: FailureClass, says: Iterable[str] = ()) -> Advice:
    """``says``: what errors of the class say of themselves. Where all mean the same, the advice is nearer."""
    said = list(says)
    for words, advice in _NEARER:
        if said and advice.kind is kind and all(words.search(one) for one in said):
            return advice
    return ADVICE[kind]
