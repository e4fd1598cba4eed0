"""What went wrong, so that people can read it: the class of an error, its cause, what to do, and whether it is tried
again. Every error is classified here and nowhere else."""

from evalkit.errors import FailureClass
from evalkit.failures.advice import ADVICE, Advice, advice_on
from evalkit.failures.classes import (
    begins_with_class,
    begins_with_kind,
    class_of,
    class_of_kind,
    class_of_plugins_error,
    class_of_scores_error,
    explain,
    is_out_of_memory,
    is_transient,
    kind_of_status,
    words_of,
)
from evalkit.failures.secrets import without_secrets
from evalkit.failures.traces import fit_to_keep, log_tail, trace_of

__all__ = [
    "ADVICE",
    "Advice",
    "FailureClass",
    "advice_on",
    "begins_with_class",
    "begins_with_kind",
    "class_of",
    "class_of_kind",
    "class_of_plugins_error",
    "class_of_scores_error",
    "explain",
    "fit_to_keep",
    "is_out_of_memory",
    "is_transient",
    "kind_of_status",
    "log_tail",
    "trace_of",
    "without_secrets",
    "words_of",
]
