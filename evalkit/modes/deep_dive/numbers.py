"""What the rules are asked with, out of what was measured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec

from evalkit.diagnoses import SliceDiagnosis
from evalkit.errors import FailureClass
from evalkit.gates.measurements import CheckTable
from evalkit.modes.deep_dive.figures import Figures
from evalkit.modes.deep_dive.growth import NOTICED_MB
from evalkit.modes.deep_dive.rules import FEW_CASES, GAP, Numbers
from evalkit.modes.deep_dive.slices import ANSWER
from evalkit.modes.deep_dive.stages import percentiles, share_of
from evalkit.modes.deep_dive.volume import MOST_RATIO

STARTING = ("start", "open the model", "load the model")


def numbers_of(figures: Figures) -> Numbers:
    result, answers = figures.concluded.result, figures.patterns.once
    errors = {group.failure: group.measurements for group in result.errors}
    of_speed = _of_speed(figures) if figures.is_timed and not figures.is_mock else Numbers()
    worst, doubt = doubtful(figures.worst.tests, figures.concluded.tables)
    return replace(
        of_speed,
        command=result.reproduce,
        answers=answers.answers,
        cut=answers.cut,
        empty=answers.empty,
        measurements=result.usage.cases,
        rate_limited=errors.get(FailureClass.RATE_LIMIT, 0),
        timed_out=errors.get(FailureClass.TIMEOUT, 0),
        out_of_memory=errors.get(FailureClass.OUT_OF_MEMORY, 0),
        slice_name=_name(worst) if worst else "",
        slice_cases=worst.cases if worst else 0,
        slice_gap=_gap(worst) if worst else None,
        slice_p=worst.p_value if worst else None,
        slice_false=doubt if worst else None,
    )


def _of_speed(figures: Figures) -> Numbers:
    """Of a mock they are figures of what is around it: no advice follows."""
    rates, profile, latencies = figures.rates, figures.profile, figures.latencies
    own = rates.spread(rates.own) if rates.own else None
    best = rates.spread(rates.best) if rates.best else None
    took = percentiles(latencies.all) if len(latencies.all) else {}
    work = next((one for one in profile.models if one.role == "subject"), None) if profile else None
    growth = figures.growth.by_100
    run = next(iter(figures.phases), None)
    is_here = figures.growth.memory and _device(figures) == "cpu"
    return Numbers(
        seconds=profile.seconds if profile else 0.0,
        by=rates.by,
        setting=rates.best.setting if rates.best else None,
        own_rate=own[1] if own else None,
        own_most=own[2] if own else None,
        best_rate=best[1] if best else None,
        best_least=best[0] if best else None,
        unit=rates.unit,
        repeats=min(len(one.times) for one in (rates.own, rates.best) if one) if rates.own or rates.best else 0,
        padding=work.padding if work else None,
        decode_share=share_of(profile, "decode"),
        startup_share=sum(share_of(profile, name) or 0.0 for name in STARTING) if profile else None,
        scoring_share=share_of(profile, "score"),
        asking_share=share_of(profile, "ask the model"),
        cores_used=run.cpu_share if run and is_here else None,
        cores=_cores(),
        openvino_waits=_openvino_waits(figures),
        reused=latencies.reused,
        p50=took.get("p50"),
        p99=took.get("p99"),
        timed=len(latencies.all),
        growth=figures.growth.mean_by_100,
        growth_low=growth.low if growth else None,
        growth_allowed=NOTICED_MB,
        scaling=figures.scaling.worst,
        scaling_surely=figures.scaling.surely,
        scaling_allowed=MOST_RATIO,
    )


def _device(figures: Figures) -> str:
    model = figures.concluded.result.model
    return str(model.details.get("device", "")).partition(":")[0] if model else ""


def _cores() -> int:
    """That this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _openvino_waits(figures: Figures) -> bool:
    model = figures.concluded.result.model
    on_processor = model is not None and model.backend == "hf" and _device(figures) == "cpu"
    return on_processor and find_spec("openvino_genai") is not None


def doubtful(tests: Sequence[SliceDiagnosis], tables: Mapping[str, CheckTable]) -> tuple[SliceDiagnosis | None, float]:
    """The slice that seems worst without being a finding, by a share or another value from 0 to 1, and the share of
    false findings that would make it one. Of the length of answers no rows can be added."""
    from scipy.stats import false_discovery_control

    shares = false_discovery_control([one.p_value for one in tests]) if tests else ()
    open_ones = [
        (one, float(share))
        for one, share in zip(tests, shares, strict=True)
        if not one.flagged
        and _gap(one) >= GAP
        and ANSWER not in one.slice
        and one.cases < FEW_CASES
        and tables[one.check].columns[one.metric].metric.bounds == (0.0, 1.0)
    ]
    return min(open_ones, key=lambda found: found[0].p_value, default=(None, 1.0))


def _gap(one: SliceDiagnosis) -> float:
    return 0.0 if one.value is None or one.rest is None else abs(one.value - one.rest)


def _name(one: SliceDiagnosis) -> str:
    inner = ", ".join(f"{label} = {value}" for label, value in one.slice.items())
    return f"those of {one.check} with {inner}"
