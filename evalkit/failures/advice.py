"""Of each class of error: its cause in one sentence, what to do, and whether trying again may help."""

from __future__ import annotations

from collections.abc import Mapping
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
            "Look at the reference and the files; 'evalkit models describe REF' says what was found.",
        ),
        Advice(
            FailureClass.OUT_OF_MEMORY,
            "The memory did not suffice, not even for one request alone.",
            "Use a smaller --dtype or device with more memory, shorter prompts, or a smaller max_tokens.",
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


def advice_on(kind: FailureClass) -> Advice:
    return ADVICE[kind]
