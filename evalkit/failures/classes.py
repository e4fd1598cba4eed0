"""The class of any error: of an exception of whichever library, of a failed request, of a stored score's error.

Libraries are known by the names of their errors, so that none of them is imported to ask.
"""

from __future__ import annotations

import errno
import json
import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from evalkit.errors import EvalkitError, FailureClass
from evalkit.failures.advice import ADVICE, Advice
from evalkit.records import FailureKind

OF_KIND: Mapping[FailureKind, FailureClass] = {
    FailureKind.AUTHENTICATION: FailureClass.CONFIGURATION,
    FailureKind.CONFIGURATION: FailureClass.CONFIGURATION,
    FailureKind.CONTENT: FailureClass.CONTENT,
    FailureKind.INTERNAL: FailureClass.INTERNAL,
    FailureKind.NETWORK: FailureClass.NETWORK,
    FailureKind.OUT_OF_MEMORY: FailureClass.OUT_OF_MEMORY,
    FailureKind.RATE_LIMIT: FailureClass.RATE_LIMIT,
    FailureKind.SERVER: FailureClass.NETWORK,
    FailureKind.TIMEOUT: FailureClass.TIMEOUT,
    FailureKind.TOO_LONG: FailureClass.DATA,
    FailureKind.UNSUPPORTED: FailureClass.CONFIGURATION,
}
NO_ERRORS = {"KeyboardInterrupt", "SystemExit", "GeneratorExit", "CancelledError"}
"""Ends that somebody wanted."""
NOT_OURS = {
    FailureClass.CONFIGURATION,
    FailureClass.IMPORT,
    FailureClass.NETWORK,
    FailureClass.OUT_OF_MEMORY,
    FailureClass.RATE_LIMIT,
    FailureClass.TIMEOUT,
}
LACK_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate", "alloc_failed", "bad_alloc")
_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}
_FULL_SAYS = Advice(
    FailureClass.CONFIGURATION,
    "The disk is full.",
    "Free some space, or keep the runs database and reports elsewhere: --store URL, --report DIR.",
)
_REFUSED_SAYS = Advice(
    FailureClass.CONFIGURATION,
    "A file or folder cannot be read or written with the rights that this user has.",
    "Change its rights, or use another place: --store URL, --report DIR.",
)
_TOO_MANY_SAYS = Advice(
    FailureClass.CONFIGURATION,
    "The process may not open more files.",
    "Raise the limit (ulimit -n), or lower ?concurrency=N.",
)
_LOCKED_SAYS = Advice(
    FailureClass.TIMEOUT,
    "Another program kept the runs database locked for too long.",
    "Wait until it has ended, then give the same command again.",
    transient=True,
)
_TIMEOUTS = {"TimeoutException", "Timeout", "ReadTimeout", "ConnectTimeout", "APITimeoutError", "ReadTimeoutError"}
_NETWORK = {"gaierror", "SSLError", "TransportError", "NetworkError", "ProtocolError", "URLError"}
_NETWORK |= {"APIConnectionError", "ClientConnectionError"}
_MODEL_LOAD = {"SafetensorError", "RepositoryNotFoundError", "RevisionNotFoundError", "GatedRepoError"}
_MODEL_LOAD |= {"EntryNotFoundError", "LocalEntryNotFoundError"}
_LOADING_SAYS = re.compile(
    r"PytorchStreamReader|error\(s\) in loading state_dict|invalid load key|weights_only|size mismatch for |"
    r"does not appear to have a file named|unrecognized configuration class|not a valid (?:gguf|safetensors)",
    re.IGNORECASE,
)
_CANNOT_COMPUTE = re.compile(
    r"not implemented for '|no kernel image is available|not compiled with CUDA", re.IGNORECASE
)
_FILTERED = re.compile(r"content_?filter|content_policy|content management policy|ResponsibleAIPolicy", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|maximum context|max_model_len|prompt is too long|too many (?:input )?tokens",
    re.IGNORECASE,
)
_OF_STATUS: Mapping[int, FailureKind] = {
    401: FailureKind.AUTHENTICATION,
    403: FailureKind.AUTHENTICATION,
    408: FailureKind.TIMEOUT,
    409: FailureKind.NETWORK,
    413: FailureKind.TOO_LONG,
    425: FailureKind.NETWORK,
    429: FailureKind.RATE_LIMIT,
    504: FailureKind.TIMEOUT,
}
_SCORES_ERROR = re.compile(r"([a-z][a-z -]{2,20}): ")
_OF_WORD: Mapping[str, FailureClass] = {
    **{str(kind): kind for kind in FailureClass},
    **{str(kind): of for kind, of in OF_KIND.items()},
}
_KINDS = frozenset(map(str, FailureKind))


def words_of(error: BaseException) -> str:
    """What an error says of itself. A plugin's error may break even when it is asked for that."""
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 - anybody's code
        return f"what it says cannot be read ({type(broken).__name__})"


def is_out_of_memory(error: BaseException) -> bool:
    """By its words where a library raises a plain RuntimeError: torch's allocators and NVIDIA's libraries each have
    their own."""
    said = words_of(error).casefold()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError) and any(words in said for words in LACK_OF_MEMORY))
    )


def kind_of_status(status: int, said: str = "") -> FailureKind | None:
    """What a server means by a status, and what it says beside it; none where the status is no error."""
    if status < 400:
        return None if status < 300 else FailureKind.CONFIGURATION
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    if status >= 500:
        return FailureKind.SERVER
    if status in {400, 422} and _TOO_LONG.search(said):
        return FailureKind.TOO_LONG
    return FailureKind.CONTENT if _FILTERED.search(said) else FailureKind.CONFIGURATION


def class_of(error: BaseException) -> FailureClass | None:
    """None for what is no error: somebody wanted to stop."""
    found = explain(error)
    return found.kind if found is not None else None


def explain(error: BaseException) -> Advice | None:
    """Its class, cause and what to do; where it says nothing, what it was raised from does."""
    if type(error).__name__ in NO_ERRORS:
        return None
    if isinstance(error, EvalkitError):
        return _of_ours(error)
    for one in _chain(error):
        found = _known(one)
        if found is not None:
            return found
    return ADVICE[FailureClass.INTERNAL]


def class_of_plugins_error(error: BaseException) -> FailureClass:
    """Of what a check or metric raised: its own fault, unless it met what the machine or the network did to it."""
    found = class_of(error)
    mine = {FailureClass.OUT_OF_MEMORY, FailureClass.IMPORT, FailureClass.NETWORK, FailureClass.TIMEOUT}
    return found if found is not None and found in {*mine, FailureClass.RATE_LIMIT} else FailureClass.PLUGIN


def class_of_scores_error(said: str) -> FailureClass:
    """A score's error begins with a class, or with the kind of a failed request."""
    begins = _SCORES_ERROR.match(said)
    return _OF_WORD.get(begins[1], FailureClass.INTERNAL) if begins else FailureClass.INTERNAL


def class_of_kind(kind: FailureKind) -> FailureClass:
    return OF_KIND[kind]


def begins_with_class(said: str) -> bool:
    """Whether these are a score's error's words; what is not supported is no error of a score."""
    begins = _SCORES_ERROR.match(said)
    return begins is not None and begins[1] in _OF_WORD and begins[1] != FailureKind.UNSUPPORTED


def begins_with_kind(said: str) -> bool:
    """Whether these are the words of a score whose request failed."""
    begins = _SCORES_ERROR.match(said)
    return begins is not None and begins[1] in _KINDS


def is_transient(kind: FailureKind) -> bool:
    return ADVICE[OF_KIND[kind]].transient


def _of_ours(error: EvalkitError) -> Advice:
    """Its own class, unless it was raised from what the machine, the network or the installation did."""
    known = None if error.__cause__ is None else next(filter(None, map(_known, _chain(error.__cause__))), None)
    advice = known if known is not None and known.kind in NOT_OURS else ADVICE[error.failure]
    return replace(advice, recommendation=error.hint or advice.recommendation)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        original = getattr(one, "orig", None)  # SQLAlchemy keeps the driver's error there
        one = one.__cause__ or (original if isinstance(original, BaseException) else None) or one.__context__


def _known(error: BaseException) -> Advice | None:
    """What an error says by itself; none where it says nothing."""
    if isinstance(error, EvalkitError):
        return _of_ours(error)
    if is_out_of_memory(error):
        return ADVICE[FailureClass.OUT_OF_MEMORY]
    if isinstance(error, ImportError):
        return ADVICE[FailureClass.IMPORT]
    return _of_network(error) or _of_system(error) or _of_files(error)


def _names(error: BaseException) -> set[str]:
    return {one.__name__ for one in type(error).__mro__}


def _of_network(error: BaseException) -> Advice | None:
    status = _status(error)
    kind = kind_of_status(status, words_of(error)) if status is not None else None
    if kind is not None and not _names(error) & _MODEL_LOAD:
        return ADVICE[OF_KIND[kind]]
    if isinstance(error, TimeoutError) or _names(error) & _TIMEOUTS:
        return ADVICE[FailureClass.TIMEOUT]
    if isinstance(error, ConnectionError) or _names(error) & _NETWORK:
        return ADVICE[FailureClass.NETWORK]
    return None


def _status(error: BaseException) -> int | None:
    """Of an HTTP answer that a library raised, wherever it keeps it."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "code", "status"):
            value = getattr(holder, name, None)
            if type(value) is int and 300 <= value < 600:
                return value
    return None


def _of_system(error: BaseException) -> Advice | None:
    said = words_of(error)
    if type(error).__module__ == "sqlite3":
        if "locked" in said or "busy" in said:
            return _LOCKED_SAYS
        return _FULL_SAYS if "is full" in said else None
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return _FULL_SAYS
        if error.errno in _REFUSED:
            return _REFUSED_SAYS
        if error.errno in _TOO_MANY:
            return _TOO_MANY_SAYS
    return None


def _of_files(error: BaseException) -> Advice | None:
    said = words_of(error)
    if isinstance(error, pickle.UnpicklingError) or _names(error) & _MODEL_LOAD or _LOADING_SAYS.search(said):
        return ADVICE[FailureClass.MODEL_LOAD]
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return ADVICE[FailureClass.DATA]
    if isinstance(error, RuntimeError) and _CANNOT_COMPUTE.search(said):
        return ADVICE[FailureClass.CONFIGURATION]
    return None
