"""A model's own tokenizer and chat template, read without transformers: its import alone takes seconds.

It does what transformers does with the same files, and no more than a prompt and an answer need; tests hold the two to
the same text and tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from evalkit.errors import MissingExtra, ModelError
from evalkit.models.hf.loading.sources import read_json

NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
CUT_HERE = "CONTINUE_FINAL_MESSAGE_TAG "
"""What transformers puts there, for a template may show it. Its blank tells whether the template trims messages."""


class ChatTokenizer:
    """The part of a transformers tokenizer that ``models/hf/prompts.py`` and answers use."""

    def __init__(self, folder: Path) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtra("an OpenVINO model", "openvino") from error
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise ModelError(
                f"{folder} has no tokenizer.json", hint="save the model's fast tokenizer there with save_pretrained"
            )
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises bare Exception for whatever it cannot read
            raise ModelError(f"{file} cannot be read: {' '.join(str(error).split())[:200]}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        config = {**read_json(folder / "special_tokens_map.json"), **read_json(folder / "tokenizer_config.json")}
        self._named = {name: _content(config[name]) for name in NAMED if config.get(name)}
        self._tokenizer.add_special_tokens(sorted(set(self._named.values())))
        self.chat_template = _template(folder, config)
        self._compiled: dict[str, Any] = {}

    @property
    def eos_token_id(self) -> int | None:
        found = self._tokenizer.token_to_id(self._named.get("eos_token", ""))
        return None if found is None else int(found)

    def __call__(self, text: str, *, add_special_tokens: bool = True, verbose: bool = False) -> dict[str, list[int]]:
        """As transformers' tokenizers are called; they take ``verbose``, which means nothing here."""
        return {"input_ids": self._tokenizer.encode(text, add_special_tokens=add_special_tokens).ids}

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))

    def convert_ids_to_tokens(self, tokens: Sequence[int]) -> list[str]:
        return [str(self._tokenizer.id_to_token(token)) for token in tokens]

    def apply_chat_template(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        tokenize: bool = False,
        add_generation_prompt: bool = False,
        continue_final_message: bool = False,
        chat_template: str | None = None,
    ) -> str:
        """The text of a conversation. A continued final message is cut right behind its own text."""
        if tokenize:
            raise NotImplementedError("a rendered conversation is tokenised by calling the tokenizer")
        text = chat_template or self.chat_template or ""
        chat = [dict(message) for message in messages]
        if continue_final_message:
            chat[-1]["content"] += CUT_HERE
        if text not in self._compiled:
            self._compiled[text] = _environment().from_string(text)
        how = {"tools": None, "documents": None, "add_generation_prompt": add_generation_prompt}
        rendered = str(self._compiled[text].render(messages=chat, **how, **self._named))
        return _cut(rendered, messages[-1]["content"]) if continue_final_message else rendered


def _cut(rendered: str, final: str) -> str:
    mark = CUT_HERE.strip()
    if final.strip() not in rendered or mark not in rendered:
        raise ValueError("the final message, which is to be continued, does not appear in the rendered conversation")
    place = rendered.rindex(mark)
    kept = rendered[:place]
    return kept if rendered[place : place + len(CUT_HERE)] == CUT_HERE else kept.rstrip()


def _content(entry: Any) -> str:
    """A special token is written as its text or as a table with its text."""
    return str(entry.get("content", "")) if isinstance(entry, Mapping) else str(entry)


def _template(folder: Path, config: Mapping[str, Any]) -> str | None:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    found = config.get("chat_template")
    if isinstance(found, list):  # several by name: the one called default is what transformers takes
        named = {str(entry.get("name")): entry.get("template") for entry in found if isinstance(entry, Mapping)}
        found = named.get("default")
    return str(found) if found else None


def _environment() -> Any:
    """The sandbox that transformers renders chat templates in: they are somebody's program."""
    import jinja2
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """``{% generation %}`` marks the assistant's text for training; here it is the text alone."""

        tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return jinja2.nodes.Scope(body).set_lineno(line)

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    def tojson(
        value: Any,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda how: datetime.now().strftime(how)  # noqa: DTZ005 - as transformers does
    return environment
