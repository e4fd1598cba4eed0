"""The protocols that a contributor meets: Metric, Check, Backend and Session."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from evalkit.errors import FailureClass
from evalkit.records import Answer, Case, Condition, Message, ModelInfo, Request, Sample, Score, Unscored, Vector

KINDS = ("rate", "mean", "ratio", "corpus", "quantile")


class Metric(Protocol):
    """A number over cases, made from the sum of their sufficient statistics.

    ``kind`` chooses interval, paired test and stopping rule. Vectors are, by kind:

    * ``rate``: (successes, trials) of one case, usually (0 or 1, 1);
    * ``mean``: (value, 1);
    * ``ratio``: (numerator, denominator);
    * ``corpus``: whatever ``value`` understands, such as BLEU's n-gram counts;
    * ``quantile``: (value,); these are not summed, the estimate is the quantile ``quantile`` of the values.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def better(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def bounds(self) -> tuple[float, float] | None: ...
    @property
    def signature(self) -> str: ...
    @property
    def worst(self) -> Vector | None:
        """What an errored case counts as; none where there is no worst (then it counts against coverage)."""

    def value(self, total: Vector) -> float | None:
        """From summed statistics; none for an empty denominator."""


class AnswerMetric(Metric, Protocol):
    """A metric that judges answers on its own, such as the text metrics of the accuracy check."""

    def statistics(self, case: Case, answers: Sequence[Answer]) -> Vector | Unscored: ...


Conversation = Generator[Sequence[Request], Sequence[Answer], Score]


class Check(Protocol):
    """A small conversation about each case, pure and replayable from stored answers.

    ``examine`` yields a round of requests, is sent their answers in the same order, and in the end returns a score.
    A failed request arrives as an answer with ``failure`` set.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def metrics(self) -> Sequence[Metric]: ...
    @property
    def max_rounds(self) -> int: ...
    def cases(self, samples: Iterable[Sample]) -> Iterable[Case]: ...
    def examine(self, case: Case) -> Conversation: ...


class Session(Protocol):
    """A backend under one condition."""

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        """Each answer as soon as it is done, with the position of its request. Exactly one for every request.

        What is wrong with one request comes back as an answer with ``failure``; what is wrong for all of them
        (no access, no such model) raises ``ModelError``.
        """

    def close(self) -> None: ...


@runtime_checkable
class Drainable(Protocol):
    """A session that can be asked to begin nothing more."""

    def drain(self) -> None:
        """What is under way is still answered, and the requests after it are not: ``ask`` ends early."""


@runtime_checkable
class Waiting(Protocol):
    """A session that waits for a server, and lets its caller do something else meanwhile."""

    meanwhile: Callable[[], None]
    """Called some times a second while no answer comes, by the thread that asks."""


class Backend(Protocol):
    """A model that owns its batching."""

    @property
    def info(self) -> ModelInfo: ...
    def session(self, condition: Condition) -> Session: ...
    def close(self) -> None: ...


@runtime_checkable
class CountsTokens(Protocol):
    """A backend that can say, before asking, how long a prompt is."""

    def count_tokens(self, messages: Sequence[Message]) -> int: ...


@runtime_checkable
class Paced(Protocol):
    """A backend that finds out how many requests its server takes, and says where it stands."""

    @property
    def traffic(self) -> str:
        """A few words, empty before the first request."""


@dataclass(frozen=True, slots=True)
class Told:
    """What happened to a model as a whole, rather than to one of its requests."""

    failure: FailureClass
    said: str
    """One sentence."""


@runtime_checkable
class Troubled(Protocol):
    """A backend that tells what happened to it on the way, though the run went on."""

    @property
    def troubles(self) -> Sequence[Told]:
        """All until now, in order; none is taken away again."""


@runtime_checkable
class Loadable(Protocol):
    """A backend with weights in this process."""

    @property
    def loaded(self) -> bool: ...
    def load(self) -> None: ...


@runtime_checkable
class Taught(Protocol):
    """A mock that answers from references: the runner hands it the table."""

    def teach(self, samples: Iterable[Sample]) -> None: ...
