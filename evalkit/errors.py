"""Errors that people meet: what happened, where, what to do next, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    OK = 0
    NOT_GOOD_ENOUGH = 1
    WRONG_INPUT = 2
    NOT_MEASURED = 3
    UNSURE = 4
    NOTHING_EVALUATED = 5
    INTERRUPTED = 130


PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.WRONG_INPUT,
    ExitCode.NOTHING_EVALUATED,
    ExitCode.NOT_MEASURED,
    ExitCode.NOT_GOOD_ENOUGH,
    ExitCode.UNSURE,
    ExitCode.OK,
)
"""When several apply, or several models were run, the first of these wins."""


class FailureClass(StrEnum):
    """What kind of thing went wrong. ``evalkit.failures`` finds the class of any error, and says what to do."""

    CONFIGURATION = "configuration"
    IMPORT = "import"
    DATA = "data"
    MODEL_LOAD = "model load"
    OUT_OF_MEMORY = "out of memory"
    RATE_LIMIT = "rate limit"
    TIMEOUT = "time-out"
    CONTENT = "content"
    NETWORK = "network"
    PLUGIN = "plugin"
    INTERNAL = "internal"


PLUGIN_BREAKS = (Exception, SystemExit)
"""What a plugin may raise: it must neither lose a run, nor end it as if all were well."""


class EvalkitError(Exception):
    """Shown as ``error: WHERE: MESSAGE`` with the hint indented below it; a traceback only with ``--debug``."""

    exit_code: ExitCode = ExitCode.WRONG_INPUT
    failure: FailureClass = FailureClass.CONFIGURATION

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n{self.hint}" if self.hint else head


class ConfigurationError(EvalkitError):
    """A setting is impossible; ``where`` says which file, variable or option it came from."""


class SuiteError(EvalkitError):
    """The suite file is wrong; ``where`` is ``file:line``."""


class DatasetError(EvalkitError):
    """A dataset cannot be read, breaks its contract, or is empty after filtering."""

    failure = FailureClass.DATA


class ModelError(EvalkitError):
    """The model reference, its weights, its access or its environment is wrong."""

    failure = FailureClass.MODEL_LOAD

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", failure: FailureClass = FailureClass.MODEL_LOAD
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.failure = failure


class MissingExtra(EvalkitError):
    """An optional dependency is not installed."""

    failure = FailureClass.IMPORT

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the optional extra '{extra}', which is not installed",
            hint=f"install it with: pip install 'evalkit-lm[{extra}]'",
        )


class StoreError(EvalkitError):
    """The runs database cannot be opened, read or written."""


class NotComparable(StoreError):
    """Runs that measured different things."""


class RunNotFound(StoreError):
    """No run, or more than one, has that name."""


class ReportError(EvalkitError):
    """A report cannot be written where it was asked for."""


class ReviewError(EvalkitError):
    """A review names what its run does not have, or says what it cannot say."""


class PluginError(EvalkitError):
    """A plugin cannot be imported or does not do what its protocol says; the message names it."""

    failure = FailureClass.PLUGIN


class ProcessEnded(PluginError):
    """Code that is not evalkit's wanted to end the whole process: nothing was measured, whatever code it named."""

    exit_code = ExitCode.NOT_MEASURED

    def __init__(self, code: object) -> None:
        super().__init__(
            f"something ended the program by sys.exit({code!r})"[:200],
            hint="most likely a plugin did; 'evalkit doctor' lists them",
        )


class BackendBroken(PluginError):
    """A plugin's backend raised, or broke its protocol, in the middle of a run."""

    exit_code = ExitCode.NOT_MEASURED


class ModeBroken(PluginError):
    """A plugin's mode raised, or gave what its protocol does not say, while it ran a suite."""

    exit_code = ExitCode.NOT_MEASURED


class Interrupted(EvalkitError):
    exit_code = ExitCode.INTERRUPTED


class ServerSilent(Interrupted):
    """A server stopped answering in the middle of a run, which can be resumed."""

    exit_code = ExitCode.NOT_MEASURED
    failure = FailureClass.NETWORK


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name that a person probably meant, or nothing: ``rougel`` means ``rougeL``."""
    from difflib import get_close_matches

    by_fold = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), list(by_fold), n=1, cutoff=0.6)
    return by_fold[close[0]] if close else ""


def did_you_mean(word: str, known: Iterable[str], introduction: str = "known") -> str:
    """One hint line: the nearest name where there is one, and every valid name."""
    names = list(known)
    close = nearest(word, names)
    listing = f"{introduction}: {', '.join(names)}"
    return f"did you mean '{close}'? {listing}" if close else listing
