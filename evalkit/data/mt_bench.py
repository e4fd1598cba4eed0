"""Pairs of conversations that people compared, in the form of MT-Bench's and Chatbot Arena's judgements.

Columns ``model_a``, ``model_b``, ``winner``, ``conversation_a``, ``conversation_b`` (messages with role and content)
and, where there are several turns, ``turn``: which of them was judged. ``question_id`` and ``judge`` are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evalkit.data.columnar import read_parquet
from evalkit.data.readers import read_csv, read_json, read_jsonl, read_tsv
from evalkit.data.rows import Row
from evalkit.data.values import from_cell

_READERS = {".json": read_json, ".csv": read_csv, ".tsv": read_tsv, ".parquet": read_parquet}
SIDES = ("a", "b")
KEPT = ("question_id", "model_a", "model_b", "judge", "turn", "language")


def read_mt_bench(path: str | Path) -> Iterator[Row]:
    """Rows with ``answer_a``, ``answer_b`` and ``human`` (the winner, as the file calls it). The judgements of one
    question are one cluster. Of several turns the texts hold all up to the one that was judged."""
    file = Path(path)
    read = next((reader for suffix, reader in _READERS.items() if suffix in file.suffixes), read_jsonl)
    names: Counter[str] = Counter()
    for row in read(file):
        if row.fault:
            yield row
            continue
        asked_and_said = {side: _turns(row.values, side) for side in SIDES}
        fault = next((found for found in asked_and_said.values() if isinstance(found, str)), "")
        winner = row.values.get("winner")
        if fault or winner in (None, ""):
            yield Row({}, row.line, fault or "is empty", "" if fault else "winner")
            continue
        (asked, first), (_, second) = (found for found in asked_and_said.values() if not isinstance(found, str))
        values: dict[str, Any] = {"prompt": asked, "answer_a": first, "answer_b": second, "human": winner}
        values |= {name: row.values[name] for name in KEPT if row.values.get(name) not in (None, "")}
        name = "-".join(str(values[part]) for part in KEPT[:5] if part in values) or f"row-{row.line}"
        names[name] += 1
        values["id"] = name if names[name] == 1 else f"{name}-{names[name]}"
        values["cluster"] = str(values.get("question_id", asked))
        yield Row(values, row.line)


def _turns(values: Mapping[str, Any], side: str) -> tuple[str, str] | str:
    """What was asked and what was answered, or what is wrong with the conversation."""
    name = f"conversation_{side}"
    messages = _messages(values.get(name))
    asked = [text for role, text in messages if role == "user"]
    said = [text for role, text in messages if role == "assistant"]
    turn = str(values.get("turn") or len(said)).removesuffix(".0")
    if not turn.isdecimal() or not 1 <= int(turn) <= min(len(asked), len(said)):
        return f"{name} is no list of messages with a question and an answer for turn {turn[:20]}"
    return _together(asked[: int(turn)]), _together(said[: int(turn)])


def _messages(said: Any) -> Sequence[tuple[str, str]]:
    found = from_cell(said) if isinstance(said, str) else said
    if not isinstance(found, list | tuple):
        return ()
    return [
        (str(message.get("role")), str(message["content"]))
        for message in found
        if isinstance(message, Mapping) and message.get("content") is not None
    ]


def _together(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else "\n\n".join(f"Turn {at}: {text}" for at, text in enumerate(texts, 1))
