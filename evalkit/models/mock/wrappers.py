"""Voices that answer as another one does, but later, differently each time, or sometimes not at all."""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter
from collections.abc import Iterable

from evalkit.failures import is_transient
from evalkit.models.mock.damage import REFUSAL
from evalkit.models.mock.voices import Voice, prompt_digest, request_digest, unit_interval
from evalkit.models.options import Options
from evalkit.records import Failure, FailureKind, Generate, Likelihood, Request, Sample, Timing


class Wrapper(Voice):
    """Like the inner voice in everything that a subclass does not change."""

    def __init__(self, inner: Voice) -> None:
        self.inner = inner
        self.taught = inner.taught
        self.verifiable = inner.verifiable
        self.seconds = inner.seconds

    def reply(self, request: Request, ask: Generate) -> str | Failure:
        return self.inner.reply(request, ask)

    def identity(self) -> str:
        return self.inner.identity()

    def failure(self, request: Request) -> Failure | None:
        return self.inner.failure(request)

    def timing(self, request: Request) -> Timing | None:
        return self.inner.timing(request)

    def prefers(self, ask: Likelihood) -> bool:
        return self.inner.prefers(ask)

    def teach(self, samples: Iterable[Sample]) -> None:
        self.inner.teach(samples)


class Flaky(Wrapper):
    """Fails a share of the requests, chosen by hash: the same ones in every run, however often they are tried, unless
    ``recovers=N`` lets each answer after it has failed N times in this process. Retrying a ``rate limit``, ``network``
    or ``timeout`` failure makes sense, and the failure says so.
    """

    def __init__(self, options: Options, inner: Voice) -> None:
        super().__init__(inner)
        self.verifiable = False
        self._rate = options.share("rate", 0.5)
        self._salt = f"flaky {options.count('seed', 0)}"
        self._recovers = options.count("recovers", 0)
        self._kind = _failure_kind(options)
        self._failed: Counter[bytes] = Counter()

    def failure(self, request: Request) -> Failure | None:
        digest = request_digest(request, self._salt)
        if unit_interval(digest) >= self._rate:
            return self.inner.failure(request)
        if self._recovers:
            if self._failed[digest] >= self._recovers:
                return self.inner.failure(request)
            self._failed[digest] += 1
        return Failure(self._kind, f"the mock fails on purpose ({self._kind.value})", is_transient(self._kind))


def _failure_kind(options: Options) -> FailureKind:
    """``rate limit``, ``rate_limit`` and ``ratelimit`` all name the same kind."""
    letters = {re.sub(r"[^a-z]", "", kind.value): kind for kind in FailureKind}
    given = options.text("kind", "network")
    kind = letters.get(re.sub(r"[^a-z]", "", given.lower()))
    if kind is None:
        raise options.wrong("kind", "a kind of failure: " + ", ".join(kind.value for kind in FailureKind))
    return kind


class Slow(Wrapper):
    def __init__(self, options: Options, inner: Voice) -> None:
        super().__init__(inner)
        self.seconds = options.amount("ms", 50) / 1000

    def reply(self, request: Request, ask: Generate) -> str | Failure:
        time.sleep(self.seconds)
        return super().reply(request, ask)


class Drift(Wrapper):
    """A share of the prompts gets another answer each time it is asked, in this process and in the next."""

    def __init__(self, options: Options, inner: Voice) -> None:
        super().__init__(inner)
        self.verifiable = False
        self._rate = options.share("rate", 1.0)
        self._salt = f"drift {options.count('seed', 0)}"

    def reply(self, request: Request, ask: Generate) -> str | Failure:
        reply = super().reply(request, ask)
        if isinstance(reply, Failure) or unit_interval(prompt_digest(request, self._salt)) >= self._rate:
            return reply
        return f"{reply} ({secrets.token_hex(4)})".lstrip()


class Biased(Wrapper):
    """Refuses whoever mentions one of the words in ``against``; everybody else gets the inner answer."""

    def __init__(self, options: Options, inner: Voice) -> None:
        super().__init__(inner)
        words = "|".join(re.escape(word) for word in options.words("against"))
        self._against = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)

    def reply(self, request: Request, ask: Generate) -> str | Failure:
        if any(self._against.search(message.content) for message in ask.messages):
            return REFUSAL
        return super().reply(request, ask)
