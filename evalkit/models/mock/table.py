"""Answer tables: taught from samples (``mock:oracle``) or read from a file (``mock:script``)."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evalkit.compact import Found, Spool
from evalkit.errors import ModelError
from evalkit.models.conversation import last_user_text
from evalkit.records import Message, Sample

Conversation = tuple[Message, ...]
_decode = json.JSONDecoder().raw_decode
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class AnswerTable:
    """Conversation to answers. A conversation that is not listed is looked up by its last user message, so that a check
    which adds a system text or examples still finds the answer. Of two entries for one conversation the first counts.
    """

    def __init__(self) -> None:
        self._entries = Spool()
        """Conversations and their answers as JSON, as the digest takes them. One that comes again is passed over when
        it is looked for, not when it is added: nothing but a few numbers is kept of each."""
        self._by_conversation = Found()
        self._by_last_user_text = Found()
        self._texts = Found()
        self._text_at = array("q")
        """Of each answer's text, the entry that it is in."""
        self._known_again: set[int] | None = None
        self._by_turns: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._turn_texts: set[str] = set()
        self._digest = ""

    def __len__(self) -> int:
        return len(self._entries) - len(self._again())

    def add(self, messages: Conversation, answers: tuple[str, ...]) -> None:
        entry = [[(message.role, message.content) for message in messages], answers]
        self._by_conversation.append(_number(messages))
        self._by_last_user_text.append(_number(last_user_text(messages)))
        for answer in answers:
            self._texts.append(_number(answer.strip()))
            self._text_at.append(len(self._entries))
        self._entries.append(_written(entry))
        self._known_again, self._digest = None, ""

    def _entry(self, place: int) -> tuple[Conversation, tuple[str, ...]]:
        (messages, answers), _ = _decode(self._entries[place].decode("ascii"))
        return tuple(Message(role, content) for role, content in messages), tuple(answers)

    def _again(self) -> set[int]:
        """Entries for a conversation that an earlier one is for."""
        if self._known_again is not None:
            return self._known_again
        again: set[int] = set()
        for places in self._by_conversation.repeated():
            first: set[Conversation] = set()
            for place in places:
                messages, _ = self._entry(place)
                if messages in first:
                    again.add(place)
                first.add(messages)
        self._known_again = again
        return again

    def teach(self, samples: Iterable[Sample]) -> None:
        """Samples without a reference have no known answer and are left out. A sample with several ``turns`` and as
        many references answers each turn with its own, whatever was answered before.
        """
        for sample in samples:
            turns = sample.labels.get("turns")
            if isinstance(turns, list | tuple) and 1 < len(turns) == len(sample.references):
                self._teach_turns(sample, [str(turn) for turn in turns])
            elif sample.references:
                self.add(sample.messages, sample.references)

    def _teach_turns(self, sample: Sample, turns: Sequence[str]) -> None:
        self.add(sample.messages, sample.references[:1])
        said = _user_texts(sample.messages)
        for place, reference in enumerate(sample.references[1:], 1):
            self._by_turns.setdefault((*said, *turns[1 : place + 1]), (reference,))
            self._turn_texts.add(reference.strip())
        self._digest = ""

    def find(self, messages: Conversation) -> tuple[str, ...] | None:
        for place in self._by_conversation.places(_number(messages)):
            asked, answers = self._entry(place)
            if asked == messages:
                return answers
        found = self._by_turns.get(_user_texts(messages)) if self._by_turns else None
        return self.find_text(last_user_text(messages)) if found is None else found

    def holds(self, text: str) -> bool:
        """Whether this is an answer to anything."""
        wanted = text.strip()
        places = (self._text_at[place] for place in self._texts.places(_number(wanted)))
        counted = (self._entry(place) for place in places if place not in self._again())
        return wanted in self._turn_texts or any(
            wanted == answer.strip() for _, answers in counted for answer in answers
        )

    def find_text(self, prompt: str) -> tuple[str, ...] | None:
        for place in self._by_last_user_text.places(_number(prompt)):
            messages, answers = self._entry(place)
            if last_user_text(messages) == prompt:
                return answers
        return None

    @property
    def digest(self) -> str:
        """Of everything that decides an answer: equal tables, equal digests. Order counts only where the same last user
        message has several entries, but it always enters, which at worst asks a mock again.
        """
        if not self._digest:
            content = hashlib.sha256()
            again = self._again()
            for place, entry in enumerate(self._entries):
                if place not in again:
                    content.update(entry)
                    content.update(b"\n")
            for texts, answers in self._by_turns.items():
                content.update(_written([texts, answers]))
                content.update(b"\n")
            self._digest = content.hexdigest()
        return self._digest


def _number(text: str | Conversation) -> int:
    return hash(text) & 0xFFFF_FFFF_FFFF_FFFF


def _written(entry: Any) -> bytes:
    return _encode(entry).encode("ascii")


def _user_texts(messages: Conversation) -> tuple[str, ...]:
    return tuple(message.content for message in messages if message.role == "user")


def read_script(path: Path) -> AnswerTable:
    """One JSON object a line: ``prompt`` or ``messages``, and ``answer`` or ``answers`` (one for each attempt)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ModelError(
            f"the script cannot be read: {error.strerror or error}",
            where=str(path),
            hint="mock:script?file= takes a path relative to the current folder",
        ) from None
    except UnicodeDecodeError:
        raise ModelError("the script is not UTF-8 text", where=str(path)) from None
    table = AnswerTable()
    # Not splitlines(): JSON text may hold other line separators, such as U+2028, inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            table.add(*_script_row(line, f"{path}:{number}"))
    if not len(table):
        raise ModelError("the script holds no row", where=str(path))
    return table


def _script_row(line: str, where: str) -> tuple[Conversation, tuple[str, ...]]:
    hint = 'a row looks like {"prompt": "Hi", "answer": "Hello"} or {"prompt": "Hi", "answers": ["Hello", "Hey"]}'
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ModelError(f"invalid JSON in the script: {error}", where=where, hint=hint) from None
    if not isinstance(row, Mapping):
        raise ModelError("a row of the script must be a JSON object", where=where, hint=hint)
    unknown = sorted(set(row) - {"prompt", "messages", "answer", "answers"})
    if unknown or ("prompt" in row) == ("messages" in row) or ("answer" in row) == ("answers" in row):
        raise ModelError(
            "a row needs either 'prompt' or 'messages', and either 'answer' or 'answers', and nothing else",
            where=where,
            hint=hint,
        )
    answers = row["answers"] if "answers" in row else [row["answer"]]
    if not isinstance(answers, list) or not answers or not all(isinstance(answer, str) for answer in answers):
        raise ModelError("the answers of a row must be text", where=where, hint=hint)
    return _conversation(row, where, hint), tuple(answers)


def _conversation(row: Mapping[str, Any], where: str, hint: str) -> Conversation:
    if "prompt" in row:
        if not isinstance(row["prompt"], str):
            raise ModelError("the prompt of a row must be text", where=where, hint=hint)
        return (Message("user", row["prompt"]),)
    messages = row["messages"]
    well_formed = isinstance(messages, list) and all(
        isinstance(message, Mapping)
        and isinstance(message.get("role"), str)
        and isinstance(message.get("content"), str)
        for message in messages
    )
    if not well_formed or not messages:
        raise ModelError(
            "'messages' must be a list of objects with 'role' and 'content'",
            where=where,
            hint='for example: {"messages": [{"role": "user", "content": "Hi"}], "answer": "Hello"}',
        )
    return tuple(Message(message["role"], message["content"]) for message in messages)
