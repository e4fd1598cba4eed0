"""Prompts that a model cannot hold: refused before anything is asked, or cut and counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from evalkit.errors import DatasetError, SuiteError
from evalkit.records import Message, ModelInfo
from evalkit.runner.context import fit_context
from evalkit.runner.plan import Plan, Scope, make_plan
from evalkit.suite.load import load_suite

WHOLE = Scope()


class Words:
    """Counts words as tokens, and how often it was asked to."""

    def __init__(self, context: int | None) -> None:
        self.info = ModelInfo("toy", "toy", "f", "1", verifiable=True, context_length=context)
        self.counted = 0

    def count_tokens(self, messages: Sequence[Message]) -> int:
        self.counted += 1
        return sum(len(message.content.split()) for message in messages)


def plan(folder: Path, prompts: Sequence[str], generation: str, head: str = "", scope: Scope = WHOLE) -> Plan:
    rows = [json.dumps({"id": f"r{i}", "prompt": prompt}) for i, prompt in enumerate(prompts)]
    (folder / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    text = (
        f"name: s\ndatasets: {{rows: {{path: rows.jsonl{head}}}}}\ngeneration: {generation}\nchecks: {{length: {{}}}}\n"
    )
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return make_plan(load_suite(folder / "s.yaml"), scope)


LONG = " ".join(f"w{i}" for i in range(300))


def test_long_prompts_are_refused_with_their_rows(tmp_path: Path) -> None:
    made = plan(tmp_path, ["short", LONG, LONG + " x"], "{max_tokens: 10}")
    with pytest.raises(DatasetError, match=r"context of 200 tokens less the 10 of max_tokens") as caught:
        fit_context(made, Words(200))  # type: ignore[arg-type]
    assert "r1 (300)" in caught.value.message
    assert "r2 (301)" in caught.value.message
    assert "truncate: left" in caught.value.hint
    assert "s.yaml:4" in caught.value.where


def test_truncation_keeps_the_end_and_is_counted(tmp_path: Path) -> None:
    made = plan(tmp_path, ["short", LONG], "{max_tokens: 10, truncate: left}")
    cut, warnings = fit_context(made, Words(200))  # type: ignore[arg-type]
    texts = {p.case.id: p.case.sample.messages[-1].content for block in cut.blocks() for p in block}
    assert texts["r0"] == "short"
    assert LONG.endswith(texts["r1"])
    assert len(texts["r1"].split()) == 190
    assert warnings == ["rows: 1 prompts were cut on the left to fit the model's 200 tokens"]


def test_what_a_limit_leaves_out_may_be_too_long(tmp_path: Path) -> None:
    prompts = ["short"] * 20 + [LONG]
    whole = plan(tmp_path, prompts, "{max_tokens: 10}")
    place = next(p.position for block in whole.blocks() for p in block if p.case.id == "r20")
    limited = plan(tmp_path, prompts, "{max_tokens: 10}", scope=Scope(limit=place)) if place else whole
    assert place == 0 or fit_context(limited, Words(200))[1] == []  # type: ignore[arg-type]


def test_short_prompts_need_no_tokenizer(tmp_path: Path) -> None:
    backend = Words(2000)
    assert fit_context(plan(tmp_path, ["short"] * 50, "{max_tokens: 10}"), backend)[1] == []  # type: ignore[arg-type]
    assert backend.counted == 0


def test_a_model_that_does_not_tell_its_context_is_believed(tmp_path: Path) -> None:
    made = plan(tmp_path, [LONG], "{max_tokens: 10}")
    assert fit_context(made, Words(None)) == (made, [])  # type: ignore[arg-type]


def test_more_tokens_than_the_context_holds_are_impossible(tmp_path: Path) -> None:
    for generation in ("{max_tokens: 200}", "{max_tokens: 200, truncate: left}"):
        with pytest.raises(SuiteError, match="asks for 200 tokens of a model whose context holds 200"):
            fit_context(plan(tmp_path, ["short"], generation), Words(200))  # type: ignore[arg-type]


def test_what_no_cut_makes_fit_is_refused(tmp_path: Path) -> None:
    made = plan(tmp_path, ["x"], "{max_tokens: 10, truncate: left}", f', prompt: {{system: "{LONG}"}}')
    with pytest.raises(DatasetError, match="row r0 does not fit the model even with its last message cut away"):
        fit_context(made, Words(200))  # type: ignore[arg-type]
