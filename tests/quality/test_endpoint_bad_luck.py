"""A server that refuses a fifth of all requests at random: what two hundred runs in simulated time cost at worst."""

from __future__ import annotations

import statistics

import pytest
from endpoint_pace_simulation import Server, simulate

RUNS = 200


@pytest.mark.parametrize(("capacity", "jitter"), [(32, 0.0), (32, 0.3), (64, 0.0), (64, 0.3)])
def test_the_worst_of_two_hundred_runs_costs_less_than_a_quarter(capacity: int, jitter: float) -> None:
    """Beside the same server without refusals; answers of one length, or up to 30% longer and shorter."""
    usual = statistics.median(
        simulate(Server(capacity, queues=True, jitter=jitter), seed=seed).seconds for seed in range(9)
    )
    refusing = Server(capacity, queues=True, jitter=jitter, refuses=0.2)
    costs = [simulate(refusing, seed=seed).seconds / usual for seed in range(RUNS)]
    assert statistics.median(costs) <= 1.03
    assert max(costs) <= 1.25
