"""Faults are planted in the very code that runs a model, and the forensic check names them.

The model is a real one, small and random; nothing is canned. A healthy engine comes first: what the check says of a
broken one is worth nothing where it says it of any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.checks.divergence import FAULTS, IDENTICAL, LEAK, ORDER, SEED, STRUCTURAL, TIE
from evalkit.checks.forensic import ForensicOptions
from evalkit.models.registry import open_backend
from evalkit.records import Decoding, Score
from evalkit.runner.investigate import investigate

pytest.importorskip("torch", reason="local models need the extra 'hf'")

import planted_faults

FAST = ("repeat", "history", "order", "batch", "neighbours", "place", "padding", "kv_cache", "attention", "seed")
PADDED = ("repeat", "history", "batch", "neighbours", "padding", "attention")


def asked(folder: Path, prompts: Sequence[str], *, model: str = "hf:{}", **options: Any) -> list[Score]:
    backend = open_backend(model.format(folder))
    try:
        chosen = ForensicOptions(**{"conditions": FAST, **options})
        scores = [one.score for one in investigate(backend, prompts, chosen, Decoding(max_tokens=8))]
    finally:
        backend.close()
    assert not [score.error for score in scores if score.error]
    return scores


def classes(scores: Sequence[Score]) -> Counter[tuple[str, str]]:
    """How often each condition was said to be of each class, of those that changed something."""
    rows = [row for score in scores for row in score.evidence.get("differences", ())]
    return Counter((row["condition"], row["class"]) for row in rows)


def faults(scores: Sequence[Score]) -> set[str]:
    return {kind for _, kind in classes(scores) if kind in FAULTS}


def causes(scores: Sequence[Score]) -> set[str]:
    rows = [row for score in scores for row in score.evidence.get("differences", ())]
    return {row["cause"] for row in rows if row["class"] == STRUCTURAL}


@pytest.fixture
def prompts() -> list[str]:
    return ["What is the capital of France?", "Hi", "Name three colours, and then tell me about the rain."]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_healthy_engine_has_no_fault(kind: str, request: pytest.FixtureRequest, prompts: list[str]) -> None:
    scores = asked(request.getfixturevalue(kind), prompts)
    assert not classes(scores)
    for score in scores:
        assert score.results["sound"] == score.results["identical"] == (1.0, 1.0)
        assert 0 < score.evidence["noise floor"] < 1e-3


def test_right_padding_is_a_structural_error_and_named(
    llama: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.right_padding(monkeypatch)
    scores = asked(llama, prompts, conditions=PADDED)
    assert faults(scores) == {STRUCTURAL}
    assert classes(scores)["padding", STRUCTURAL] == len(prompts)
    assert causes(scores) == {"pads behind the prompt (right padding)"}
    assert all(score.results["same_repeat"] == (1.0, 1.0) for score in scores)


def test_positions_that_count_the_pads_are_a_structural_error_and_named(
    gpt2: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.counted_positions(monkeypatch)
    scores = asked(gpt2, prompts, conditions=PADDED)
    assert faults(scores) == {STRUCTURAL}
    assert classes(scores)["padding", STRUCTURAL] == len(prompts)
    assert causes(scores) == {"positions count the pads"}


def test_positions_that_count_the_pads_in_the_answer_only_are_named_where_positions_are_relative(
    llama: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.late_positions(monkeypatch)
    scores = asked(llama, prompts, conditions=PADDED)
    assert faults(scores) == {STRUCTURAL}
    assert classes(scores)["padding", STRUCTURAL] >= len(prompts) - 1
    assert "positions of the answer count the pads" in causes(scores)


def test_pads_that_are_attended_to_are_a_structural_error_and_named(
    llama: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.attended_pads(monkeypatch)
    scores = asked(llama, prompts, conditions=PADDED)
    assert faults(scores) == {STRUCTURAL}
    assert "pads are attended to (mask)" in causes(scores)


def test_unseeded_sampling_is_a_seed_that_is_not_honoured(
    llama: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.unseeded_sampling(monkeypatch)
    scores = asked(llama, prompts, conditions=("repeat", "history", "padding", "attention", "seed"))
    assert faults(scores) == {SEED}
    assert classes(scores)["seed", SEED] >= len(prompts) - 1
    assert all(score.results["identical"] != (1.0, 1.0) for score in scores if score.evidence.get("differences"))


def test_drawing_where_greedy_was_asked_is_no_leak_but_a_draw(
    llama: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.greedy_draws(monkeypatch)
    found = classes(asked(llama, prompts, conditions=("repeat", "history", "padding", "attention")))
    assert sum(count for (_, kind), count in found.items() if kind == SEED) > 0.7 * found.total()


def test_a_cache_that_outlives_its_request_is_a_state_leak(
    llama: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.leaking_cache(monkeypatch)
    scores = asked(llama, prompts)
    assert faults(scores) == {LEAK}
    assert classes(scores)["history", LEAK] >= len(prompts) - 1


def test_an_answer_that_depends_on_the_place_in_the_batch_is_order_dependence(
    llama: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.last_row_mixed(monkeypatch)
    scores = asked(llama, prompts, conditions=("repeat", "history", "batch", "neighbours", "place", "attention"))
    assert faults(scores) == {ORDER}
    assert classes(scores)["place", ORDER] >= len(prompts) - 1


def test_an_answer_that_depends_on_the_place_in_the_queue_is_order_dependence(
    llama: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.late_in_the_queue(monkeypatch)
    scores = asked(llama, prompts, conditions=("repeat", "history", "order", "batch", "padding", "attention"))
    assert faults(scores) == {ORDER}
    assert {name for name, _ in classes(scores)} == {"order"}


def test_ties_of_bfloat16_are_benign(llama_maker: Callable[..., Path], tmp_path: Path, prompts: list[str]) -> None:
    """In bfloat16 the two best logits are often the same number or its neighbour, and any change of the batch picks
    the other one. Which of several models it does depends on the processor."""
    conditions = ("repeat", "batch", "neighbours", "padding", "kv_cache", "attention")
    found: Counter[tuple[str, str]] = Counter()
    for size, spread in ((64, 0.1), (32, 0.1), (64, 0.01)):
        (folder := tmp_path / f"{size} {spread}").mkdir()
        made = llama_maker(folder, initializer_range=spread, hidden_size=size)
        found += classes(asked(made, prompts, conditions=conditions, dtype="bfloat16"))
    assert found.total() > 0
    assert {kind for _, kind in found} == {TIE}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_rounding_of_an_engine_in_lower_precision_is_no_fault(dtype: str, llama: Path, prompts: list[str]) -> None:
    """Another kernel moves bfloat16 numbers by half a nat and more: float32 tells that it is rounding."""
    scores = asked(llama, prompts, conditions=("repeat", "batch", "padding", "kv_cache", "attention"), dtype=dtype)
    assert not faults(scores)


def test_a_structural_error_is_named_in_bfloat16_too(
    gpt2: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.counted_positions(monkeypatch)
    scores = asked(gpt2, prompts, conditions=("repeat", "batch", "padding", "attention"), dtype="bfloat16")
    assert classes(scores)["padding", STRUCTURAL] == len(prompts)
    assert causes(scores) == {"positions count the pads"}


def test_the_attention_that_is_in_use_already_is_no_change(llama: Path, prompts: list[str]) -> None:
    (score,) = asked(llama, prompts[:1], model="hf:{}?attention=eager", conditions=("repeat", "attention"))
    assert "nothing would change" in score.results["same_attention"].reason  # type: ignore[union-attr]


def test_lower_precision_is_never_called_a_fault(llama: Path, prompts: list[str]) -> None:
    scores = asked(llama, prompts, conditions=("attention", "kv_cache", "bfloat16", "float16"))
    assert not faults(scores)
    assert {name for name, _ in classes(scores)} <= {"bfloat16", "float16"}


def test_what_an_engine_cannot_set_is_unscored_and_the_rest_is_measured(t5: Path, prompts: list[str]) -> None:
    (score,) = asked(t5, prompts[:1], conditions=("repeat", "padding", "concurrency"))
    assert score.results["same_repeat"] == (1.0, 1.0)
    assert "not supported" in score.results["same_padding"].reason  # type: ignore[union-attr]
    assert score.evidence["not supported"] == ["padding", "concurrency"]
    assert score.evidence["identical under"] == ["repeat"]
    assert IDENTICAL not in {kind for _, kind in classes([score])}
