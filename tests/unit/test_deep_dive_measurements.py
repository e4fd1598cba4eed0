"""What a deep dive measures beside a run, on models whose time and memory are made up, so that what must come out is
known."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from evalkit.modes.deep_dive.budget import Budget
from evalkit.modes.deep_dive.growth import BLOCK, Growth, growth_by_100, measure_growth
from evalkit.modes.deep_dive.rates import measure_rates
from evalkit.modes.deep_dive.resources import MOST, Look, Sampler, cpu_over_time, is_whole, rate_over_time
from evalkit.modes.deep_dive.stages import Blocks, percentiles
from evalkit.modes.deep_dive.volume import alike_in_length, measure_scaling
from evalkit.profiles import Profile, Stage
from evalkit.records import Answer, Condition, FailureKind, Generate, Message, ModelInfo, Request

TOKENS = 10


class Clock:
    """Time that goes by only when a model works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Model:
    """``took(rows, batch)``: seconds; tells its answers at the end, as a batch does."""

    def __init__(
        self,
        clock: Clock,
        took: Callable[[int, int | None], float],
        conditions: frozenset[str] = frozenset({"batch_size"}),
        fails: Callable[[Condition, int], bool] = lambda *_: False,
    ) -> None:
        self.clock, self.took, self.fails = clock, took, fails
        self.info = ModelInfo("fake", "fake", "f", "1", verifiable=False, conditions=conditions)
        self.asked: list[Condition] = []

    def session(self, condition: Condition) -> _Session:
        return _Session(self, condition)

    def close(self) -> None:
        pass


class _Session:
    def __init__(self, model: Model, condition: Condition) -> None:
        self.model, self.condition = model, condition

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        setting = self.condition.batch_size or self.condition.concurrency
        took = self.model.took(len(requests), setting)
        for position in range(len(requests)):
            self.model.asked.append(self.condition)
            self.model.clock.now += took / len(requests)
            if self.model.fails(self.condition, position):
                yield position, Answer.failed(FailureKind.NETWORK, "broken")
            else:
                yield position, Answer("text", output_tokens=TOKENS)

    def close(self) -> None:
        pass


def requests(many: int) -> list[Request]:
    return [Request(Generate((Message("user", f"prompt {number}"),))) for number in range(many)]


def in_batches(rows: int, batch: int | None) -> float:
    """A second a batch, whatever is in it; as in the run: two rows at once."""
    return float(-(-rows // (batch or 2)))


def test_rates_are_those_of_each_batch_size() -> None:
    clock = Clock()
    found = measure_rates(Model(clock, in_batches), requests(16), (1, 4, 16), 3, Budget(1e6, clock=clock))
    assert found.by == "batch size"
    rates = {rate.name: found.spread(rate) for rate in found.rates}
    expected = {"as in the run": 20.0, "1": 10.0, "4": 40.0, "16": 160.0}
    assert {name: spread[1] for name, spread in rates.items() if spread} == pytest.approx(expected)
    assert {rate.name: len(rate.times) for rate in found.rates} == {"as in the run": 6, "1": 3, "4": 3, "16": 6}
    assert found.best is not None
    assert found.best.setting == 16
    assert found.quicker is found.best, "so it was measured as often again"


def test_on_a_busy_machine_no_setting_looks_quicker_by_luck() -> None:
    noise, lucky = np.random.default_rng(0), 0
    for _ in range(200):
        clock = Clock()

        def busy(rows: int, _: int | None) -> float:
            return rows * float(np.exp(noise.normal(0, 0.3)))

        found = measure_rates(Model(clock, busy), requests(4), (1, 2, 3, 4), 3, Budget(1e6, clock=clock))
        lucky += found.quicker is not None
    assert lucky <= 200 * 0.02, "of three repeats alone it would be one in ten"


def test_a_machine_that_becomes_slower_is_no_settings_fault() -> None:
    clock = Clock()

    def slower(rows: int, batch: int | None) -> float:
        return rows * (1 + clock.now / 100)

    found = measure_rates(Model(clock, slower), requests(4), (1, 2, 4), 4, Budget(1e6, clock=clock))
    medians = [spread[1] for rate in found.rates if (spread := found.spread(rate))]
    assert max(medians) / min(medians) < 1.15


def test_a_server_is_asked_by_concurrency_and_others_only_as_in_the_run() -> None:
    clock = Clock()
    model = Model(clock, in_batches, frozenset({"concurrency"}))
    found = measure_rates(model, requests(8), (1, 8), 1, Budget(1e6, clock=clock))
    assert found.by == "concurrency"
    assert {condition.concurrency for condition in model.asked} == {None, 1, 8}
    plain = measure_rates(Model(clock, in_batches, frozenset()), requests(8), (1, 8), 1, Budget(1e6, clock=clock))
    assert (plain.by, [rate.name for rate in plain.rates]) == ("", ["as in the run"])


def test_what_had_no_time_is_told() -> None:
    clock = Clock()
    budget = Budget(20.0, clock=clock)
    found = measure_rates(Model(clock, in_batches), requests(8), (1, 8), 2, budget)
    done = {rate.name: len(rate.times) for rate in found.rates}
    assert done["8"] >= 2, "the quickest comes first"
    assert done["1"] < 2
    assert any(one.startswith("batch size 1: time for") for one in budget.untimed)
    assert clock.now <= 20.0 + 1.0, "no more than the answer that was under way"


def test_a_limit_of_requests_holds() -> None:
    clock = Clock()
    model = Model(clock, in_batches)
    budget = Budget(1e6, 20, clock)
    measure_rates(model, requests(8), (1, 2, 4), 3, budget)
    assert len(model.asked) <= 20
    assert budget.untimed


def test_batches_larger_than_there_are_prompts_are_not_measured() -> None:
    clock = Clock()
    budget = Budget(1e6, clock=clock)
    found = measure_rates(Model(clock, in_batches), requests(3), (2, 16), 1, budget)
    assert [rate.name for rate in found.rates] == ["as in the run", "2"]
    assert budget.untimed == ["batch size 16: the plan has 3 different prompts"]


def test_a_setting_that_fails_is_told_and_the_others_are_measured() -> None:
    clock = Clock()
    model = Model(clock, in_batches, fails=lambda condition, _: condition.batch_size == 4)
    budget = Budget(1e6, clock=clock)
    found = measure_rates(model, requests(4), (1, 4), 2, budget)
    assert {rate.name: len(rate.times) for rate in found.rates} == {"as in the run": 2, "1": 2, "4": 0}
    assert budget.untimed == ["batch size 4: network: broken"]


def test_one_failure_in_ten_leaves_the_time_of_the_others() -> None:
    clock = Clock()
    model = Model(clock, in_batches, fails=lambda _, position: position == 9)
    found = measure_rates(model, requests(10), (), 2, Budget(1e6, clock=clock))
    assert found.own is not None
    assert found.own.times[0].output_tokens == 9 * TOKENS


@pytest.mark.parametrize(
    ("took", "state"),
    [
        (lambda rows, _: rows * 0.1, "held"),
        (lambda rows, _: rows**1.4 * 0.1, "held"),  # 4 ** 0.4 is 1.74
        (lambda rows, _: rows**1.6 * 0.1, "broken"),  # 4 ** 0.6 is 2.30
        (lambda rows, _: rows * 1e-5, "measured"),
    ],
)
def test_scaling_is_held_up_to_twice_the_ratio_of_volumes(took: Callable[[int, int | None], float], state: str) -> None:
    clock = Clock()
    found = measure_scaling(Model(clock, took), requests(64), 16, 2, Budget(1e6, clock=clock))
    assert [step.rows for step in found.steps] == [16, 32, 64]
    assert found.state == state


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_server_that_is_slow_now_and_then_breaks_no_scaling(repeats: int) -> None:
    """3 requests in 100 take 20 times as long, and all are asked at once."""
    noise, broken = np.random.default_rng(0), 0
    for _ in range(200):
        clock = Clock()

        def at_once(rows: int, _: int | None) -> float:
            return 1.0 if (noise.random(rows) < 0.03).any() else 0.05

        found = measure_scaling(Model(clock, at_once), requests(64), 16, repeats, Budget(1e6, clock=clock))
        broken += found.state == "broken"
        assert (found.worst or 0) <= found.times(found.steps[-1]) / 2, "twice the rows take no more than four times"
    assert broken <= 200 * 0.08


def test_volumes_have_prompts_of_like_length() -> None:
    """As the suite mixes them: its short check is soon over, and what is left is long."""
    lengths = [10] * 20 + [2000] * 44
    asked = [Request(Generate((Message("user", f"{at} " + "x" * of),))) for at, of in enumerate(lengths)]
    means = {}
    for times, some in alike_in_length(asked).items():
        means[times] = np.mean([len(one.ask.messages[0].content) for one in some])  # type: ignore[union-attr]
        assert len(some) == 16 * times
        assert some == [one for one in asked if one in some], "in the order of the suite"
    assert max(means.values()) / min(means.values()) < 1.1


def test_scaling_takes_a_fourth_of_few_prompts_and_none_of_three() -> None:
    clock = Clock()
    model = Model(clock, in_batches)
    assert [s.rows for s in measure_scaling(model, requests(9), 16, 1, Budget(1e6, clock=clock)).steps] == [2, 4, 8]
    assert "3 different prompts" in measure_scaling(model, requests(3), 16, 1, Budget(1e6, clock=clock)).why_not


def test_a_planted_leak_is_noticed_and_steady_memory_is_not() -> None:
    clock, noise = Clock(), np.random.default_rng(1)
    model = Model(clock, in_batches)

    def grown(by_request: float) -> Growth:
        held = [500.0]

        def memory() -> float:
            held[0] += by_request * BLOCK + float(noise.normal(0, 0.2))
            return held[0]

        return measure_growth(model, requests(3), 100, Budget(1e6, clock=clock), memory=memory)

    leaking, steady = grown(0.5), grown(0.0)
    assert leaking.grows
    assert leaking.mean_by_100 == pytest.approx(50, abs=5)
    assert not steady.grows
    assert leaking.requests == 100


def test_the_interval_of_growth_covers_what_is_added_by_memory_that_wanders() -> None:
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(1000):
        memory = np.cumsum(random.normal(0.3, 1.0, 17))
        interval = growth_by_100(memory.tolist(), 5)
        assert interval is not None
        covered += interval.low <= 0.3 * 20 <= interval.high
    assert 0.93 <= covered / 1000 <= 0.97


def test_little_memory_is_no_claim() -> None:
    assert growth_by_100([1.0, 2.0, 3.0], 5) is None
    assert not Growth(10, (1.0, 100.0, 200.0)).grows


def test_looks_are_bounded_and_rates_are_those_between_them() -> None:
    now = [0.0]

    def look(_: float) -> Look:
        now[0] += 1.0
        return Look(now[0], 2 * now[0], 100.0, None, 3 * now[0], None, None, None)

    sampler = Sampler(look, spacing=60.0)
    for _ in range(10 * MOST):
        sampler.note()
    assert len(sampler.looks) <= MOST
    assert {round(cores or 0, 6) for _, cores in cpu_over_time(sampler.looks)} == {2.0}
    assert {round(rate or 0, 6) for _, rate in rate_over_time(sampler.looks, "read_mb")} == {3.0}
    assert not rate_over_time(sampler.looks, "sent_mb")


def test_phases_tell_what_went_on_in_them() -> None:
    sampler = Sampler(spacing=0.01)
    sampler.start()
    with sampler.phase("work"):
        block = bytearray(40_000_000)
        block[::4096] = b"x" * len(block[::4096])
        ended = time.process_time() + 0.05
        while time.process_time() < ended:
            pass
    sampler.stop()
    (phase,) = sampler.phases
    assert phase.name == "work"
    assert phase.cpu_share is not None
    assert phase.cpu_share * phase.seconds >= 0.05
    assert phase.most_mb is not None
    assert phase.most_mb >= 40
    before = len(sampler.looks)
    time.sleep(0.05)
    assert len(sampler.looks) == before, "its thread has ended"


def test_without_psutil_memory_and_processor_are_looked_at_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert not is_whole()
    look = Sampler().note()
    assert look.cpu_seconds > 0
    assert look.memory_mb is None or look.memory_mb > 10
    assert (look.read_mb, look.sent_mb) == (None, None)


def test_a_peak_outlasts_the_looks_that_are_left_out() -> None:
    seen = [0]

    def look(_: float) -> Look:
        seen[0] += 1
        return Look(float(seen[0]), 0.0, 900.0 if seen[0] == 7 else 100.0)

    sampler = Sampler(look, spacing=60.0)
    with sampler.phase("long"):
        for _ in range(5 * MOST):
            sampler.note()
    assert sampler.phases[0].most_mb == 900


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system counts as it should")
def test_the_peak_is_this_processs_and_not_that_of_who_started_it() -> None:
    block = bytearray(b"x") * 400_000_000
    code = "from evalkit.modes.deep_dive.resources import peak_mb; print(peak_mb())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 10 < float(done.stdout) < 300, len(block)


def test_looks_that_follow_at_once_are_no_rate_of_their_own() -> None:
    looks = [Look(at, cpu, None) for at, cpu in ((0.0, 0.0), (1.0, 1.0), (1.001, 1.1), (2.0, 2.0))]
    assert cpu_over_time(looks) == [(1.0, pytest.approx(1.0)), (2.0, pytest.approx(1.0))]


def profiled(**seconds: float) -> Profile:
    return Profile(sum(seconds.values()), None, tuple(Stage(name, took, None) for name, took in seconds.items()))


def test_a_block_has_what_was_booked_since_the_last_one() -> None:
    blocks = Blocks()
    blocks.begin(profiled(start=5.0))
    blocks.note(profiled(start=5.0, ask=1.0))
    blocks.note(profiled(start=5.0, ask=1.5, score=0.25))
    assert blocks.seconds == {"start": [0.0, 0.0], "ask": [1.0, 0.5], "score": [0.0, 0.25]}


def test_percentiles_are_numpys() -> None:
    found = percentiles([float(n) for n in range(1, 101)])
    assert found == {"p50": 50.5, "p90": pytest.approx(90.1), "p95": 95.05, "p99": pytest.approx(99.01), "most": 100.0}
