"""A voice that is as bad as one likes, in any of the ways in which models are bad.

Every way is a share from 0 to 1, and with the same seed a larger share spoils at least what a smaller one spoils: that
is what makes ``evalkit sensitivity`` possible, which asks how bad a model must be until a gate notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random

from evalkit.models.mock.damage import DAMAGE, REFUSAL, RUDENESS, shorter
from evalkit.models.mock.elsewhere import OtherAnswers
from evalkit.models.mock.groups import Groups
from evalkit.models.mock.memory import FORGOT, given_away, is_later_turn
from evalkit.models.mock.rewordings import CONFUSED, Rewordings
from evalkit.models.mock.stereotyped import Stereotyped
from evalkit.models.mock.voices import NOMINAL_SECONDS, Voice, prompt_digest, prose, unit_interval
from evalkit.models.mock.wrappers import Wrapper
from evalkit.models.options import Options
from evalkit.records import Failure, FailureKind, Generate, Likelihood, Request, Sample, Timing

STALL_SECONDS = 3600.0
LEAK_MB = 1000.0
MOST_ENDLESS_WORDS = 20_000
PRAISE = "Capable, competent, intelligent and skilled; kind, warm, gentle and caring."

_TO_A_GROUP: Mapping[str, Callable[[str], str]] = {
    "refuse_group": lambda _: REFUSAL,
    "shorten_group": lambda text: shorter(text, 1.0, Random(0)),
    "scorn_group": lambda _: f"{RUDENESS} lazy, stupid, useless, hopeless, worthless.",
    "praise_group": lambda _: PRAISE,
}

DEGRADATIONS: Mapping[str, str] = {
    "wrong_number": "of the numbers are wrong",
    "drop": "of the words are left out",
    "swap": "of the words change places with their neighbour",
    "truncate": "of every answer is cut off its end",
    "shorter": "of the answers are two words long",
    "empty": "of the answers are empty",
    "repeat": "of the answers end in a loop",
    "longer": "of the answers begin with a long-winded, hard sentence",
    "endless": "of the answers go on until max_tokens",
    "rude": "of the answers begin with an insult",
    "slur": "of the answers begin with a slur",
    "leaky": "of the answers begin with the system message and a card number",
    "forgetful": "of the later turns of a conversation know nothing of the earlier ones",
    "gibberish": "of the answers are random letters",
    "foreign": "of the answers are in another language",
    "elsewhere": "of the prompts get the answer to another one",
    "refuse": "of the prompts are refused",
    "comply": "of the prompts are complied with, whatever they ask",
    "unsteady": "of the prompts get another answer each time",
    "fail": "of the prompts end in an error",
    "stall": "of the answers take an hour",
    "leak": "of the answers cost a gigabyte of memory",
    "misjudge": "of the contexts no longer prefer the reference, in likelihoods",
    "refuse_group": "of the prompts about one group are refused",
    "shorten_group": "of the answers about one group are two words long",
    "scorn_group": "of the answers about one group are insults",
    "praise_group": "of the answers about one group are nothing but praise",
    "confused": "of the rewordings of rows are not understood",
    "stereotype": "of the stereotypes are followed: in answers, and in which sentence is probable",
    "overcorrect": "of the stereotypes are turned around, in which sentence is probable",
}
"""By option of ``mock:degraded``: what the share is a share of, and what becomes of it."""


class Degraded(Wrapper):
    """The inner answer, spoilt as the options say. A greedy request is spoilt the same way at every attempt, save by
    ``unsteady``, whose answers depend on the attempt: the same ones in every run.
    """

    def __init__(self, options: Options, inner: Voice) -> None:
        super().__init__(inner)
        shares = {name: options.share(name, 0.0) for name in DEGRADATIONS}
        self._shares = {name: share for name, share in shares.items() if share}
        self._texts = {name: self._shares[name] for name in DAMAGE if name in self._shares}
        self._of_group = {name: self._shares[name] for name in _TO_A_GROUP if name in self._shares}
        self._seed = options.count("seed", 0)
        self._groups = Groups(options.words("group") if "group" in options.reference.options else ())
        self._others = OtherAnswers() if "elsewhere" in self._shares else None
        self._reworded = Rewordings() if "confused" in self._shares else None
        self._stereotyped = Stereotyped() if {"stereotype", "overcorrect"} & self._shares.keys() else None

    def reply(self, request: Request, ask: Generate) -> str | Failure:
        reply = super().reply(request, ask)
        if isinstance(reply, Failure):
            return reply
        if self._stereotyped and (biased := self._stereotyped.answer(ask.messages)) is not None:
            reply = biased if self._spoils(request, "stereotype") else reply
        if self._others and self._spoils(request, "elsewhere"):
            reply = self._others.in_place_of(reply, self._random(request, "elsewhere"))
        for name, share in self._texts.items():
            reply = DAMAGE[name](reply, share, self._random(request, name))
        if self._spoils(request, "leaky"):
            reply = f"{given_away(ask.messages)} {reply}".rstrip()
        reply = self._not_understood(request, ask) or reply
        if self._of_group and self._groups.treated_worse(ask.messages):
            for name in self._of_group:
                if self._spoils(request, name):
                    reply = _TO_A_GROUP[name](reply)
        if self._spoils(request, "endless"):
            reply = f"{reply} {prose(min(ask.decoding.max_tokens + 1, MOST_ENDLESS_WORDS))}".lstrip()
        if request.attempt and self._spoils(request, "unsteady"):
            reply = f"Take {request.attempt + 1}: {reply}".rstrip()  # in front: max_tokens may cut what is behind
        return reply

    def _not_understood(self, request: Request, ask: Generate) -> str:
        """What is said to a question that makes no sense to it; nothing where it does."""
        if self._reworded and ask.messages in self._reworded and self._spoils(request, "confused"):
            return CONFUSED
        return FORGOT if is_later_turn(ask.messages) and self._spoils(request, "forgetful") else ""

    def failure(self, request: Request) -> Failure | None:
        if self._spoils(request, "fail"):
            return Failure(FailureKind.INTERNAL, "the mock fails on purpose")
        return super().failure(request)

    def timing(self, request: Request) -> Timing | None:
        stalls, leaks = self._spoils(request, "stall"), self._spoils(request, "leak")
        if not stalls and not leaks:
            return super().timing(request)
        return Timing(STALL_SECONDS if stalls else NOMINAL_SECONDS, memory_growth_mb=LEAK_MB if leaks else 0.0)

    def prefers(self, ask: Likelihood) -> bool:
        if self._stereotyped:
            if (side := self._stereotyped.side(ask.continuation)) is not None:
                row, stereotype = side
                pair = Request(Likelihood(row, ""))  # by row: both sentences share their fate
                if self._spoils(pair, "stereotype") or self._spoils(pair, "overcorrect"):
                    return stereotype is self._spoils(pair, "stereotype")
            elif not isinstance(ask.context, str):
                biased = self._stereotyped.answer(ask.context)
                if biased is not None and self._spoils(Request(Generate(ask.context)), "stereotype"):
                    return ask.continuation.strip() == biased.strip()
        return super().prefers(ask) and not self._spoils(Request(ask), "misjudge")

    def identity(self) -> str:
        inner = super().identity()
        inner = f"{inner} {self._groups.digest}" if self._of_group else inner
        inner = f"{inner} {self._others.digest}" if self._others else inner
        inner = f"{inner} {self._reworded.digest}" if self._reworded else inner
        return f"{inner} {self._stereotyped.digest}" if self._stereotyped else inner

    def teach(self, samples: Iterable[Sample]) -> None:
        known = samples if isinstance(samples, Sequence) else list(samples)
        super().teach(known)
        if self._of_group:
            self._groups.teach(known)
        if self._others:
            self._others.teach(known)
        if self._reworded:
            self._reworded.teach(known)
        if self._stereotyped:
            self._stereotyped.teach(known)

    def _spoils(self, request: Request, name: str) -> bool:
        share = self._shares.get(name)
        if share is None:
            return False
        return unit_interval(prompt_digest(request, f"{name} {self._seed}")) < share

    def _random(self, request: Request, name: str) -> Random:
        return Random(int.from_bytes(prompt_digest(request, f"{name} {self._seed}"), "big"))
