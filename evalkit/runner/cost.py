"""What a run would ask and cost, and whether its gates have the cases they need. Nothing is asked to know it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE
from evalkit.protocols import Backend, CountsTokens
from evalkit.records import Generate, Message, ModelInfo, Request, Score
from evalkit.results import Run
from evalkit.runner.examine import begin, next_requests
from evalkit.runner.plan import Plan, Planned
from evalkit.runner.provable import provability
from evalkit.runner.resume import resumable, run_options
from evalkit.runner.waiting import Awaited, awaited
from evalkit.store import Identity, Store, request_key

CHARACTERS_PER_TOKEN = 4
"""Of English under the usual tokenizers; a rule of thumb, and labelled as one."""
EARLIER_RUNS = 50
"""How far back to look for a run of the same model that tells its speed."""
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
NOT_YET = "planned"
"""Stands for the id of a run that does not exist yet: equal requests must meet, stored ones of other runs must not."""


@dataclass(frozen=True, slots=True)
class CheckCost:
    name: str
    kind: str
    dataset: str
    cases: int
    requests: int
    """Of the first round, exactly."""
    later_rounds: int
    """At most so many more rounds, each of which depends on the answers before it."""


@dataclass(frozen=True, slots=True)
class GateNeed:
    gate: str
    cases: int
    """That the gate has at most, in its smallest slice; clusters of them, where some are not independent."""
    needs: int | None
    """The fewest cases whose best result would prove it; none where that depends on what is measured."""
    possible: bool | None
    """Whether the best possible result would prove it; none where that cannot be known before."""
    note: str
    """What decides, where no number of cases does."""


@dataclass(frozen=True, slots=True)
class Speed:
    tokens_per_second: float
    seconds_per_request: float
    run: str
    """The run that told."""


@dataclass(frozen=True, slots=True)
class JudgeCost:
    """What another model is asked. Known verdicts are not asked for again; how many those are is not looked up, since
    who judges is not opened here.
    """

    model: str
    requests: int
    """If each verdict can be read at first; a row without a text, or with two equal ones, has none."""
    most: int
    """If none can, and each is asked for again."""


@dataclass(frozen=True, slots=True)
class Cost:
    checks: tuple[CheckCost, ...]
    gates: tuple[GateNeed, ...]
    wanted: int
    """Requests to the model that the checks want in their first round; those to a judge are counted apart."""
    distinct: int
    """After equal ones were merged."""
    stored: int
    """Of the distinct ones, answered before."""
    prompt_tokens: int
    """Of the requests that are left to ask."""
    counted: bool
    """By the model's own tokenizer, rather than estimated from characters."""
    most_output_tokens: int
    speed: Speed | None
    resumes: str
    """The interrupted run that the same command would go on with."""
    weights_mb: float | None
    judge: JudgeCost | None = None
    """None where no check asks one."""

    @property
    def asked(self) -> int:
        return self.distinct - self.stored

    @property
    def seconds(self) -> float | None:
        """As many tokens an answer as the model wrote before."""
        return self.speed.seconds_per_request * self.asked if self.speed else None

    @property
    def most_seconds(self) -> float | None:
        """If every answer ran into max_tokens."""
        return self.most_output_tokens / self.speed.tokens_per_second if self.speed else None


def cost_of(plan: Plan, backend: Backend, store: Store | None, *, seed: int | None = None) -> Cost:
    """``store`` is none where no run was made yet."""
    info = backend.info
    resumes = _resumable(plan, info, store, seed) if store is not None else ""
    identity = _identity(plan, info, resumes)
    renewals = store.renewals(plan.suite.name) if store is not None else {}
    requests, checks = _first_round(replace(plan, renewals=renewals))
    requests = [request for request in requests if request.role == "subject"]
    unique = {request_key(request, identity): request for request in requests}
    wants = {key: request.wants for key, request in unique.items() if request.wants}
    answered = set(store.get_answers(unique, wants, run_id=resumes)) if store is not None else set()
    left = [request for key, request in unique.items() if key not in answered]
    counter = backend if isinstance(backend, CountsTokens) and info.backend != "hf" else None
    return Cost(
        checks=tuple(checks),
        gates=tuple(_gates(plan)),
        wanted=len(requests),
        distinct=len(unique),
        stored=len(answered),
        prompt_tokens=sum(_prompt_tokens(request, counter) for request in left),
        counted=counter is not None,
        most_output_tokens=sum(r.ask.decoding.max_tokens for r in left if isinstance(r.ask, Generate)),
        speed=_speed(info, store) if store is not None else None,
        resumes=resumes,
        weights_mb=_weights_mb(info),
        judge=_judge(plan, checks),
    )


def _judge(plan: Plan, checks: Sequence[CheckCost]) -> JudgeCost | None:
    cases = {check.name: check.cases for check in checks}
    asking = [check for check in plan.checks if getattr(check.check, "asks_judge", False)]
    # a plugin that asks a judge need not say how often: then once a case
    requests = sum(cases[check.name] * getattr(check.check, "questions", 1) for check in asking)
    return JudgeCost(plan.suite.judge, requests, 2 * requests) if asking else None


def _identity(plan: Plan, info: ModelInfo, resumes: str) -> Identity:
    """As the runner makes it."""
    run, bound, redaction = resumes or NOT_YET, not info.verifiable, plan.suite.redaction.identity
    return Identity(info.fingerprint, info.revision, run=run, bound_to_run=bound, redaction=redaction)


def _first_round(plan: Plan) -> tuple[list[Request], list[CheckCost]]:
    """Every conversation is begun, its first questions noted, and ended there."""
    requests: list[Request] = []
    cases = dict.fromkeys((check.name for check in plan.checks), 0)
    asked = dict(cases)
    for block in plan.blocks():
        for planned in block:
            first = planned.renewed(_begun(planned))
            requests += first
            cases[planned.check.name] += 1
            asked[planned.check.name] += len(first)
    costs = [
        CheckCost(
            name=check.name,
            kind=check.check.kind,
            dataset=check.dataset,
            cases=cases[check.name],
            requests=asked[check.name],
            later_rounds=check.check.max_rounds - 1,
        )
        for check in plan.checks
    ]
    return requests, costs


def _begun(planned: Planned) -> Sequence[Request]:
    """What breaks here will be an errored case of the run; the plan takes it as unasked."""
    conversation = begin(planned)
    if isinstance(conversation, Score):
        return ()
    found = next_requests(conversation, None)
    with suppress(Exception):  # however a plugin takes the end of its conversation, it is over
        conversation.close()
    return () if isinstance(found, Score) else found


def _prompt_tokens(request: Request, counter: CountsTokens | None) -> int:
    ask = request.ask
    if isinstance(ask, Generate):
        messages: Sequence[Message] = ask.messages
    else:
        messages = (Message("user", ask.context),) if isinstance(ask.context, str) else ask.context
    if counter is not None:
        return counter.count_tokens(messages)
    return -(-sum(len(message.content) for message in messages) // CHARACTERS_PER_TOKEN)


def _resumable(plan: Plan, info: ModelInfo, store: Store, seed: int | None) -> str:
    earlier = resumable(store, plan, info, run_options(plan.scope, 0, seed))
    return earlier.id if earlier is not None else ""


def _speed(info: ModelInfo, store: Store) -> Speed | None:
    """Of the run of this model that wrote most: in a short one, loading the model is most of the time."""
    mine = [run for run in store.list_runs(limit=EARLIER_RUNS) if run.model_fingerprint == info.fingerprint]
    usages = [(_usage(store, run), run.id) for run in mine if run.state == "finished"]
    told = [(usage, run) for usage, run in usages if usage["asked"] and usage["output_tokens"] and usage["seconds"]]
    if not told:
        return None
    usage, run = max(told, key=lambda entry: entry[0]["output_tokens"])
    return Speed(usage["output_tokens"] / usage["seconds"], usage["seconds"] / usage["asked"], run)


def _usage(store: Store, run: Run) -> Mapping[str, float]:
    """The one part of a result that is needed, without reading its findings into records."""
    usage: Mapping[str, float] = json.loads(store.get_result(run.id))["usage"]
    return usage


def _weights_mb(info: ModelInfo) -> float | None:
    """In memory: from the number of parameters, else from the size of the files. None where weights are elsewhere."""
    size = BYTES.get(str(info.details.get("dtype")))
    parameters = info.details.get("parameters")
    if isinstance(parameters, int) and size:
        return parameters * size / 1e6
    folder = Path(info.reference.removeprefix("hf:").partition("?")[0]).expanduser()
    if info.backend == "hf" and folder.is_dir():
        return sum(file.stat().st_size for file in folder.glob("*.safetensors")) / 1e6 or None
    return None


# --- gates ------------------------------------------------------------------------------------------------------------


def _gates(plan: Plan) -> list[GateNeed]:
    """Those that the suite wrote; coverage is decided by counting."""
    checks = {check.name for check in plan.checks}
    measured = [_need(plan, gate) for gate in plan.suite.gates if gate.check in checks and not gate.automatic]
    return [*measured, *map(_review_need, awaited(plan))]


def _need(plan: Plan, gate: Gate) -> GateNeed:
    cases, found = provability(plan, gate, stop_early=plan.suite.stop_early)
    if found is None:
        return GateNeed(gate.text, cases, None, None, _decided_by(gate))
    note = "" if found.fewest else "no number of cases can prove it"
    return GateNeed(gate.text, cases, found.fewest, found.possible, note)


def _review_need(one: Awaited) -> GateNeed:
    fewest, possible = (one.best.fewest, one.best.possible) if one.best else (None, None)
    return GateNeed(one.gate.text, one.items, fewest, possible, "" if possible is False else "waits for people")


def _decided_by(gate: Gate) -> str:
    if gate.against_baseline:
        return "depends on the baseline"
    if gate.universal:
        return "every case must hold"
    if gate.about == "dataset" or gate.metric == COVERAGE:
        return "these cases alone"
    return "depends on the spread"
