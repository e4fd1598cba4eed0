"""A block of conversations, driven in rounds so that all their requests of a round are asked together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, cast, runtime_checkable

from evalkit.checks.base import AnswerCheck, BaseCheck
from evalkit.errors import PLUGIN_BREAKS
from evalkit.failures import class_of_plugins_error, trace_of, without_secrets, words_of
from evalkit.protocols import Check, Conversation, Metric
from evalkit.records import Answer, Case, Request, Score, Unscored

if TYPE_CHECKING:
    from evalkit.runner.plan import Planned

Ask = Callable[[Sequence[Request]], Sequence[tuple[str, Answer]]]
"""Requests to their keys and answers, in the same order."""
Round = tuple[Answer, ...]
LENGTHS = {"rate": 2, "mean": 2, "ratio": 2, "quantile": 1}
"""Of statistics, by a metric's kind; those of a corpus metric are its own."""
MOST_SHOWN = 500
"""Characters of a plugin's complaint."""


@runtime_checkable
class Arriving(Protocol):
    """Somebody to ask who hands answers on as they come."""

    def arriving(self, requests: Sequence[Request]) -> Iterator[tuple[int, str, Answer]]:
        """Each request's place, its key and its answer; exactly one for every request."""


@dataclass(slots=True)
class Examined:
    planned: Planned
    score: Score = field(default_factory=Score)
    keys: list[str] = field(default_factory=list)
    """Of the answers that the score rests on, in the order they were asked for."""


@dataclass(slots=True)
class Heard:
    """A conversation that has all answers that it may ask for: what is left is its score."""

    examined: Examined
    rounds: tuple[Round, ...]
    conversation: Conversation | None = None
    """Before the last round is sent into it. None: begin it anew, which always gives the same score."""


Judge = Callable[[Heard], None]
"""Sees to it that ``examined`` gets its score, now or later."""
Recall = Callable[[Examined], Score | None]
"""The score of a conversation that has these answers, if it is known."""


def recall_nothing(_: Examined) -> Score | None:
    return None


def judge_here(heard: Heard) -> None:
    check, case = heard.examined.planned.check.check, heard.examined.planned.case
    if heard.conversation is None:
        heard.examined.score = score_of(check, case, heard.rounds)
    else:
        heard.examined.score = _last_word(check, heard.conversation, heard.rounds[-1])


def judge_all_here(together: Sequence[Heard]) -> None:
    """The same of many, quicker: a check judges all its answers at once."""
    by_check: dict[int, list[Heard]] = {}
    for heard in together:
        check = heard.examined.planned.check.check
        if asks_once(check):
            by_check.setdefault(id(check), []).append(heard)
        else:
            judge_here(heard)
    for of_one in by_check.values():
        asked = [(heard.examined.planned.case, heard.rounds) for heard in of_one]
        scores = scores_of(of_one[0].examined.planned.check.check, asked)
        for heard, score in zip(of_one, scores, strict=True):
            heard.examined.score = score


def scores_of(check: Check, asked: Sequence[tuple[Case, Sequence[Round]]]) -> list[Score]:
    """``score_of`` each."""
    scores: list[Score | None] = [None] * len(asked)
    if asks_once(check) and type(check).judged is AnswerCheck.judged:
        answered = [place for place, (_, rounds) in enumerate(asked) if rounds[0][0].failure is None]
        with suppress(*PLUGIN_BREAKS):  # a check is a plugin: whichever case breaks it is found below, one by one
            found = check.judge_all([asked[place][0] for place in answered], [asked[p][1][0][0] for p in answered])
            if len(found) == len(answered):
                for place, score in zip(answered, found, strict=True):
                    scores[place] = _sound(score, check)
    return [score_of(check, *asked[place]) if score is None else score for place, score in enumerate(scores)]


def score_of(check: Check, case: Case, rounds: Sequence[Round]) -> Score:
    """The score of a conversation whose answers are all known."""
    if asks_once(check):
        try:
            return _sound(check.judged(case, rounds[0][0]), check)
        except PLUGIN_BREAKS as error:
            return _broken(error)
    begun = _begun(check, case)
    if isinstance(begun, Score):
        return begun
    found = next_requests(begun, None)
    for answers in rounds[:-1]:
        found = found if isinstance(found, Score) else next_requests(begun, answers)
    return _sound(found, check) if isinstance(found, Score) else _last_word(check, begun, rounds[-1])


@dataclass(slots=True)
class _Open:
    examined: Examined
    place: int
    """In the block."""
    conversation: Conversation | None
    requests: Sequence[Request]
    rounds: tuple[Round, ...] = ()


def examine(
    block: Sequence[Planned], ask: Ask, judge: Judge = judge_here, recall: Recall = recall_nothing
) -> list[Examined]:
    """Every case of the block, in its order, with its score as soon as ``judge`` has given it one, unless ``recall``
    knows it. A check that breaks its protocol errs on that case alone."""
    results = [Examined(planned) for planned in block]
    current: list[_Open] = []
    shared: dict[object, Request] = {}
    for place, examined in enumerate(results):
        check = examined.planned.check.check
        if asks_once(check):
            _open_question(examined, place, check, shared, current)
        else:
            begun = begin(examined.planned)
            if isinstance(begun, Score):
                examined.score = begun
            else:
                _advance(_Open(examined, place, begun, ()), None, current)
    rounds = 0
    while current := [one for one in current if _may_ask(one, rounds)]:
        rounds += 1
        following: list[_Open] = []
        with closing(_answered(current, ask)) as answered:  # so that what came before an interruption is kept at once
            for one, answers in answered:
                one.rounds = (*one.rounds, answers)
                if (known := _recalled(one, recall)) is not None:
                    one.examined.score = known
                elif one.conversation is None or rounds == one.examined.planned.check.check.max_rounds:
                    judge(Heard(one.examined, one.rounds, one.conversation))
                else:
                    _advance(one, answers, following)
        current = sorted(following, key=_place)  # and not as answers happened to come
    return results


def _recalled(one: _Open, recall: Recall) -> Score | None:
    """Not where an answer failed: the next one may not."""
    if any(answer.failure for answers in one.rounds for answer in answers):
        return None
    score = recall(one.examined)
    if score is not None and one.conversation is not None:
        with suppress(*PLUGIN_BREAKS):  # however a plugin takes the end of its conversation, it is over
            one.conversation.close()
    return score


def _place(one: _Open) -> int:
    return one.place


def _answered(current: Sequence[_Open], ask: Ask) -> Generator[tuple[_Open, Round], None, None]:
    """Each conversation with the answers of its round, as soon as it has them all."""
    requests = [request for one in current for request in one.examined.planned.renewed(one.requests)]
    somebody: object = ask
    if not isinstance(somebody, Arriving):
        answers = iter(ask(requests))
        for one in current:
            received = [next(answers) for _ in one.requests]
            one.examined.keys.extend(key for key, _ in received)
            yield one, tuple(answer for _, answer in received)
        return
    asker = [(one, place) for one in current for place in range(len(one.requests))]
    open_ones: dict[int, list[tuple[str, Answer] | None]] = {}
    for one in current:
        if not one.requests:
            yield one, ()
    with ExitStack() as stack:
        arriving = somebody.arriving(requests)
        if isinstance(arriving, Generator):
            stack.enter_context(closing(arriving))
        for number, key, answer in arriving:
            one, place = asker[number]
            if len(one.requests) == 1:
                one.examined.keys.append(key)
                yield one, (answer,)
                continue
            known = open_ones.setdefault(id(one), [None] * len(one.requests))
            known[place] = (key, answer)
            received = [each for each in known if each is not None]
            if len(received) == len(known):
                one.examined.keys.extend(key for key, _ in received)
                yield one, tuple(answer for _, answer in received)


def asks_once(check: object) -> TypeGuard[AnswerCheck]:
    """It asks one question and judges the answer: ``judged`` is all of its conversation."""
    return isinstance(check, AnswerCheck) and type(check).examine is AnswerCheck.examine


def _open_question(
    examined: Examined, place: int, check: AnswerCheck, shared: dict[object, Request], current: list[_Open]
) -> None:
    """Checks that ask the same of a sample share the request: its key is made once, and looked for once."""
    sample = examined.planned.case.sample
    own_words = type(check).ask is not BaseCheck.ask
    same = (id(sample), check.decoding)
    known = None if own_words else shared.get(same)
    request: Any = known  # a plugin may ask with anything
    if known is None:
        try:
            request = check.ask(sample)
        except PLUGIN_BREAKS as error:
            examined.score = _broken(error)
            return
        if not isinstance(request, Request):
            examined.score = _unlike("yields", request, "a Request")
            return
        if not own_words:
            shared[same] = request
    current.append(_Open(examined, place, None, (request,)))


def begin(planned: Planned) -> Conversation | Score:
    """A case's conversation, before its first request; the score of a check that cannot even begin it."""
    return _begun(planned.check.check, planned.case)


def _begun(check: Check, case: Case) -> Conversation | Score:
    try:
        conversation: Any = check.examine(case)  # a plugin may return anything
    except PLUGIN_BREAKS as error:
        return _broken(error)
    if not isinstance(conversation, Generator):
        return Score(error=f"plugin: examine returns {type(conversation).__name__}, not a generator")
    return cast("Conversation", conversation)


def next_requests(conversation: Conversation, answers: Sequence[Answer] | None) -> tuple[Request, ...] | Score:
    """Send answers into a conversation (none begins it); it asks again, or ends with its score."""
    try:
        asked = next(conversation) if answers is None else conversation.send(list(answers))
    except StopIteration as end:
        return end.value if isinstance(end.value, Score) else _unlike("returns", end.value, "a Score")
    except PLUGIN_BREAKS as error:
        return _broken(error)
    try:
        requests = tuple(asked)
    except TypeError:
        return _unlike("yields", asked, "a sequence of requests")
    strange = next((request for request in requests if not isinstance(request, Request)), None)
    return requests if strange is None else _unlike("yields", strange, "a Request")


def _last_word(check: Check, conversation: Conversation, answers: Round) -> Score:
    """What a conversation says to its last answers: it may not ask again."""
    found = next_requests(conversation, answers)
    if isinstance(found, Score):
        return _sound(found, check)
    return _ended(check, conversation)


def _ended(check: Check, conversation: Conversation | None) -> Score:
    if conversation is not None:
        with suppress(*PLUGIN_BREAKS):  # however a plugin takes the end of its conversation, it is over
            conversation.close()
    return Score(error=f"plugin: asked more than its {check.max_rounds} rounds")


def _may_ask(one: _Open, rounds: int) -> bool:
    check = one.examined.planned.check.check
    if rounds < check.max_rounds:
        return True
    one.examined.score = _ended(check, one.conversation)
    return False


def _advance(one: _Open, answers: Round | None, following: list[_Open]) -> None:
    assert one.conversation is not None
    found = next_requests(one.conversation, answers)
    if isinstance(found, Score):
        one.examined.score = _sound(found, one.examined.planned.check.check)
    else:
        following.append(_Open(one.examined, one.place, one.conversation, found, one.rounds))


def _sound(score: Any, check: Check) -> Score:
    """The score, unless its statistics are none: one NaN would make every number of the run NaN."""
    if not isinstance(score, Score):
        return _unlike("returns", score, "a Score")
    results: Mapping[str, Any] = score.results
    known = 0
    for metric in check.metrics:
        result = results.get(metric.name)
        if result is not None:
            known += 1
            fault = "" if type(result) is Unscored else _fault(result, metric)
            if fault:
                return Score(error=f"plugin: {fault}", evidence=score.evidence)
    if known == len(results):
        return score
    metrics = {metric.name: metric for metric in check.metrics}
    for name, result in results.items():
        if name not in metrics:
            return Score(error=f"plugin: scores '{name}', which is no metric of this check", evidence=score.evidence)
        if result is None:
            return Score(error=f"plugin: {_fault(result, metrics[name])}", evidence=score.evidence)
    return score


def _fault(result: object, metric: Metric) -> str:
    if isinstance(result, Unscored):
        return ""
    kind = metric.kind
    if not isinstance(result, tuple) or len(result) != LENGTHS.get(kind, len(result)):
        return f"the statistics of {metric.name} are not those of a {kind}: {result!r}"[:MOST_SHOWN]
    try:
        finite = all(map(isfinite, result))
    except (TypeError, OverflowError):
        return f"the statistics of {metric.name} are no numbers: {result!r}"[:MOST_SHOWN]
    return "" if finite else f"{metric.name} is not a finite number"


def _broken(error: BaseException) -> Score:
    said = without_secrets(f"{class_of_plugins_error(error)}: {type(error).__name__}: {words_of(error)}")
    return Score(error=said[:MOST_SHOWN], trace=trace_of(error))


def _unlike(does: str, thing: object, wanted: str) -> Score:
    return Score(error=f"plugin: examine {does} {type(thing).__name__}, not {wanted}")
