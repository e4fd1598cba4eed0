"""Who comes into the batch, and when."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.models.hf.answers import Ready
from evalkit.models.hf.stream.kept import KeptBeginnings
from evalkit.models.hf.stream.places import Places
from evalkit.models.hf.stream.stream import Stream
from evalkit.models.hf.stream.threads import one_thread
from evalkit.models.hf.work import Work
from evalkit.models.hf.writing.decode import Job


def waiting(*lengths: int) -> Any:
    """A batch of none, before which prompts of these lengths wait, each for one token of answer."""
    work = Work()
    config = SimpleNamespace(get_text_config=lambda decoder: SimpleNamespace(hidden_size=576))
    engine: Any = SimpleNamespace(device="cpu", model=SimpleNamespace(config=config))
    made: Any = Stream(engine, KeptBeginnings(0, work), Places(None, 100), work)
    for position, length in enumerate(lengths):
        prompt = (*range(length - 1), 1000 + position)
        made._waiting.append(Ready(position, length, frozenset(), job=Job(prompt, 1)))
        made._shared[prompt] = 0
    return made


SLOTS: Any = SimpleNamespace(bytes_a_token=1, before=0)


def lengths_of(items: list[Ready]) -> list[int]:
    return [item.length for item in items]


def test_as_many_come_in_as_memory_holds_at_the_length_of_the_longest_of_them() -> None:
    assert lengths_of(waiting(*[24] * 9)._next_ones(SLOTS)) == [24] * 4
    assert lengths_of(waiting(9, 9, 49, 49)._next_ones(SLOTS)) == [9, 9]
    assert lengths_of(waiting(9, 49, 9, 9)._next_ones(SLOTS)) == [9, 49]


def test_one_comes_in_even_where_memory_holds_none() -> None:
    assert lengths_of(waiting(500, 9)._next_ones(SLOTS)) == [500]


def test_a_long_one_waits_until_those_before_it_have_left() -> None:
    made = waiting(49, 9)
    made._rows = [SimpleNamespace(item=SimpleNamespace(length=9), job=SimpleNamespace(max_tokens=1))] * 3
    assert made._next_ones(SLOTS) == []
    made._rows = made._rows[:1]
    assert lengths_of(made._next_ones(SLOTS)) == [49]


def test_few_wait_for_each_other_while_the_batch_is_nearly_full() -> None:
    made = waiting(*[2] * 9)
    row = SimpleNamespace(item=SimpleNamespace(length=2), job=SimpleNamespace(max_tokens=1))
    made._rows = [row] * 30
    assert made._next_ones(SLOTS) == []
    made._rows = [row] * 28
    assert lengths_of(made._next_ones(SLOTS)) == [2] * 4


@pytest.mark.parametrize(("alone", "threads"), [(True, [1, 3]), (False, [3, 3])])
def test_a_small_model_computes_in_one_thread_and_the_number_that_was_set_comes_back(
    alone: bool, threads: list[int]
) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with one_thread(alone):
            seen = [torch.get_num_threads()]
        assert [*seen, torch.get_num_threads()] == threads
    finally:
        torch.set_num_threads(before)
