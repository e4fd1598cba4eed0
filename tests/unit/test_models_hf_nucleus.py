"""What may be drawn under ``top_p``: found among the likeliest tokens, exactly as by sorting them all."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="local models need the extra 'hf'")

from evalkit.models.hf.writing.decode import LIKELY, most_likely  # noqa: E402


def by_sorting(probabilities: Any, top_p: float) -> Any:
    ordered, order = probabilities.sort(descending=True, stable=True)
    total, kept = 0.0, []
    for value, place in zip(ordered.tolist(), order.tolist(), strict=True):
        if kept and total >= top_p:
            break
        kept.append(place)
        total += value
    expected = torch.zeros_like(probabilities)
    expected[kept] = probabilities[kept]
    return expected


@pytest.mark.parametrize("size", [5, LIKELY, 3 * LIKELY])
@pytest.mark.parametrize("spread", [0.01, 1.0, 8.0])
@pytest.mark.parametrize("top_p", [0.0, 1e-6, 0.3, 0.9, 0.9999])
def test_the_likeliest_are_those_that_sorting_all_finds(size: int, spread: float, top_p: float) -> None:
    made = torch.Generator().manual_seed(size)
    probabilities = torch.softmax(spread * torch.randn(size, generator=made, dtype=torch.float64), dim=-1)
    assert torch.equal(most_likely(probabilities, top_p) > 0, by_sorting(probabilities, top_p) > 0)


@pytest.mark.parametrize("top_p", [0.05, 0.4, 0.6, 0.95])
def test_of_equal_ones_the_earlier_come_first(top_p: float) -> None:
    made = torch.Generator().manual_seed(1)
    coarse = torch.randint(0, 4, (3 * LIKELY,), generator=made).double()  # powers of two: every sum is exact
    coarse[::2] += 10
    probabilities = torch.exp2(coarse) / 2**30
    probabilities = probabilities / 2 ** int(torch.log2(probabilities.sum()))
    share = top_p * float(probabilities.sum())
    found = most_likely(probabilities, share)
    assert torch.equal(found, by_sorting(probabilities, share))
    assert 0 < int((found > 0).sum()) < len(found)
