"""The boundary between a model and its checks: every answer, as it comes."""

from __future__ import annotations

from collections import Counter
from math import isfinite

from evalkit.modes.pipeline import rules
from evalkit.modes.pipeline.ledger import Ledger
from evalkit.modes.pipeline.texts import NAMES, Frequent, TextProfile, damage, shown
from evalkit.records import Answer, Generate, Request
from evalkit.runner.ask import NO_ANSWER
from evalkit.runner.sound import NOT_AN_ANSWER

FINISHES = frozenset({"stop", "length", "filtered", "error"})
MOST_FAILED = 0.02
MOST_CUT = 0.1
MOST_EMPTY = 0.05
MOST_ALIKE = 0.2
FEWEST = 10
"""Of fewer answers no share is worth a look."""
WORDS_OF_A_SENTENCE = 4
"""Shorter texts, such as the letter of a choice, answer many prompts for good reason."""


class AnswerProfile:
    """Of the answers of one role."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.heard = 0
        self.failed: Counter[str] = Counter()
        """By kind."""
        self.cut = 0
        self.filtered = 0
        self.texts = TextProfile()
        self.frequent = Frequent()

    @property
    def written(self) -> int:
        """Answers that are texts, and came."""
        return self.texts.lengths.count


class AnswerBoundary:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.profiles: dict[str, AnswerProfile] = {}

    def answered(self, request: Request, answer: Answer) -> None:
        profile = self.profiles.get(request.role)
        if profile is None:
            profile = self.profiles[request.role] = AnswerProfile(request.role)
        profile.heard += 1
        self._look_at_the_end(request, answer)
        if answer.failure is not None:
            profile.failed[answer.failure.kind.value] += 1
        elif not isinstance(request.ask, Generate):
            if answer.logprobs is None or not all(map(isfinite, answer.logprobs)):
                self._ledger.note(rules.ANSWERS_ARE_TEXT, f"{_to(request)}: a likelihood without finite numbers")
        else:
            self._look_at_text(request, request.ask, answer, profile)

    def answered_again(self, request: Request, answer: Answer) -> None:
        self._ledger.note(rules.ANSWERED_ONCE, f"{_to(request)}: the backend answered again: {shown(answer.text)}")

    def ended(self, incidents: int) -> None:
        """The shares, once all is answered; and ``incidents`` of before the run was resumed, for what has an answer is
        not asked again."""
        if incidents and self._ledger.breach(rules.ANSWERED_ONCE) is None:
            what = "requests were answered with two texts before the run was resumed; --fresh asks anew"
            self._ledger.note(rules.ANSWERED_ONCE, f"{incidents:,} {what}", incidents)
        for profile in self.profiles.values():
            if profile.heard < FEWEST:
                continue
            text, times = profile.frequent.most()
            alike = times if len(text.split()) >= WORDS_OF_A_SENTENCE else 0
            failed = profile.failed.total()
            self._note_share(rules.FEW_FAILED, profile.heard, failed, MOST_FAILED, "failed")
            self._note_share(rules.FEW_CUT, profile.written, profile.cut, MOST_CUT, "are cut at max_tokens")
            self._note_share(rules.FEW_EMPTY, profile.written, profile.texts.empty, MOST_EMPTY, "are empty")
            self._note_share(rules.FEW_ALIKE, profile.written, alike, MOST_ALIKE, f"are one text: {shown(text)}")

    def _note_share(self, rule: rules.Rule, of: int, some: int, most: float, what: str) -> None:
        if of and some / of > most:
            said = f"{some:,} of {of:,} answers ({some / of:.1%}, more than {most:.0%}) {what}"
            self._ledger.note(rule, said, some)

    def _look_at_text(self, request: Request, ask: Generate, answer: Answer, profile: AnswerProfile) -> None:
        text = answer.text
        profile.cut += answer.finish == "length"
        profile.filtered += answer.finish == "filtered"
        profile.texts.add(text)
        profile.frequent.add(text)
        self._look_at_tokens(request, ask, answer)
        self._look_for_damage(request, text)

    def _look_at_the_end(self, request: Request, answer: Answer) -> None:
        failure = answer.failure
        if answer.finish not in FINISHES:
            self._ledger.note(rules.FINISH_IS_KNOWN, f"{_to(request)}: finish is '{shown(answer.finish)}'")
        elif (answer.finish == "error") != (failure is not None):
            what = (
                "finish is 'error' without a failure" if failure is None else f"failed, but finish is {answer.finish}"
            )
            self._ledger.note(rules.FINISH_IS_KNOWN, f"{_to(request)}: {what}")
        if failure is not None and failure.message == NO_ANSWER:
            self._ledger.note(rules.ANSWERED_AT_ALL, f"{_to(request)}: the backend gave no answer")
        elif failure is not None and failure.message.startswith(NOT_AN_ANSWER):
            what = shown(failure.message[len(NOT_AN_ANSWER) :])
            self._ledger.note(rules.ANSWERS_ARE_TEXT, f"{_to(request)}: {what}")

    def _look_at_tokens(self, request: Request, ask: Generate, answer: Answer) -> None:
        written, read = answer.output_tokens, answer.prompt_tokens
        if written is not None:
            if written < 0 or (written == 0 and answer.text):
                what = f"{written} output tokens for {len(answer.text):,} characters"
                self._ledger.note(rules.TOKENS_ARE_PLAUSIBLE, f"{_to(request)}: {what}")
            elif written > ask.decoding.max_tokens:
                what = f"{written:,} output tokens, where max_tokens is {ask.decoding.max_tokens:,}"
                self._ledger.note(rules.WITHIN_LENGTH, f"{_to(request)}: {what}")
        if read is not None and (read < 0 or (read == 0 and any(message.content for message in ask.messages))):
            self._ledger.note(
                rules.TOKENS_ARE_PLAUSIBLE, f"{_to(request)}: {read} prompt tokens for a prompt with text"
            )

    def _look_for_damage(self, request: Request, text: str) -> None:
        kind = damage(text)
        if kind:
            rule = rules.ANSWERS_READ if kind in ("replacement", "misread") else rules.ANSWERS_DECODE
            self._ledger.note(rule, f"{_to(request)}: {NAMES[kind]}: {shown(text)}")


def _to(request: Request) -> str:
    """Which request, as a person knows it: by the beginning of what was asked last."""
    if isinstance(request.ask, Generate):
        asked = request.ask.messages[-1].content if request.ask.messages else ""
    else:
        asked = request.ask.continuation
    return f"{request.role}, '{shown(asked)}'"
