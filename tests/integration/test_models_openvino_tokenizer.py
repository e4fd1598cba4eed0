"""The tokenizer that the OpenVINO engine reads by itself writes the same texts and tokens as transformers' own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="the reference is of the extra 'hf'")
pytest.importorskip("torch", reason="the reference is of the extra 'hf'")

import transformers
from tiny_models import TEMPLATE, make_gpt2, make_llama

from evalkit.errors import ModelError
from evalkit.models.hf.prompts import TemplateError, encode, render
from evalkit.models.openvino.tokenizer import ChatTokenizer
from evalkit.records import Message

SYSTEM, USER, OTHER = (
    Message("system", "Be brief. "),
    Message("user", "Hi,\n there <|im_end|> 0 12"),
    Message("user", "é 🎈"),
)
ANSWER, BEGUN = Message("assistant", "Hello"), Message("assistant", "The answer is  ")
CONVERSATIONS = [
    [USER],
    [SYSTEM, USER],
    [USER, ANSWER, OTHER],
    [SYSTEM, USER, ANSWER, OTHER],
    [USER, BEGUN],
    [USER, ANSWER],
    [OTHER],
]
TEMPLATES = {
    "plain": None,
    "chat": TEMPLATE,
    "special tokens, trimmed": "{{ bos_token }}{% for message in messages %}{{ message.role|upper }}: "
    "{{ message.content|trim }}{{ eos_token }}{% endfor %}{{ 'A:' if add_generation_prompt }}",
    "no system": "{% if messages[0].role == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
    "{% for message in messages %}[{{ message.content }}]{% endfor %}",
    "a date": "{% if tools is none %}{{ strftime_now('%d %B %Y') }}{% endif %}\n"
    "{% for message in messages %}{{ message.content }}|{% endfor %}",
    "loops and lists": "{%- set found = namespace(first=true) -%}{%- for message in messages -%}"
    "{%- if message.role == 'system' -%}{%- continue -%}{%- endif -%}{{ found.first }}{{ messages|tojson }}"
    "{%- set found.first = false -%}{{ message.content }}"
    "{%- if loop.index > 3 -%}{%- break -%}{%- endif -%}{%- endfor -%}",
    "marked for training": "{% for message in messages %}{% generation %}{{ message.content }}"
    "{% endgeneration %};{% endfor %}",
    "thinking": "{% for message in messages %}{{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<think>\n{% endif %}",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("llama"))


def both(folder: Path) -> tuple[Any, ChatTokenizer]:
    return transformers.AutoTokenizer.from_pretrained(str(folder)), ChatTokenizer(folder)


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
@pytest.mark.parametrize("messages", CONVERSATIONS, ids=lambda messages: "-".join(message.role for message in messages))
def test_conversations_become_the_same_tokens(
    folder: Path, tmp_path: Path, template: str, messages: list[Message]
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors", "*.jinja"))
    text = TEMPLATES[template]
    if text is not None:
        (tmp_path / "chat_template.jinja").write_text(text, encoding="utf-8")
    theirs, ours = both(tmp_path)
    try:
        expected = render(theirs, messages)
    except TemplateError:
        with pytest.raises(TemplateError):
            render(ours, messages)
        return
    assert render(ours, messages) == expected
    assert encode(ours, messages) == encode(theirs, messages)


@pytest.mark.parametrize(
    "text", ["", " ", "Hi", " Hi  there\n\n", "0 12 345", "é 🎈 漢字", "<|im_end|>x</s>", "\u0000\r\n"]
)
def test_texts_become_the_same_tokens_and_back(folder: Path, text: str) -> None:
    theirs, ours = both(folder)
    for special in (True, False):
        expected = theirs(text, add_special_tokens=special)["input_ids"]
        assert ours(text, add_special_tokens=special)["input_ids"] == expected
    assert ours.decode(expected) == theirs.decode(
        expected, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    assert ours.convert_ids_to_tokens(expected) == theirs.convert_ids_to_tokens(expected)
    assert ours.eos_token_id == theirs.eos_token_id


def test_a_model_without_a_template_gets_plain_text(tmp_path: Path) -> None:
    theirs, ours = both(make_gpt2(tmp_path))
    assert ours.chat_template is None
    for messages in CONVERSATIONS:
        assert encode(ours, messages) == encode(theirs, messages)


def test_a_template_in_the_configuration_is_found_by_its_name(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "tokenizer.json", tmp_path)
    templates = [{"name": "tools", "template": "no"}, {"name": "default", "template": "{{ messages[0].content }}!"}]
    config = {"chat_template": templates, "eos_token": {"content": "<|im_end|>", "lstrip": False}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    ours = ChatTokenizer(tmp_path)
    assert render(ours, [Message("user", "Hi")]) == ("Hi!", False)
    assert ours.convert_ids_to_tokens([ours.eos_token_id or 0]) == ["<|im_end|>"]


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"version": "1.0", "model": {"type": "no such"}}'])
def test_a_damaged_tokenizer_is_one_sentence(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        ChatTokenizer(tmp_path)


def test_a_template_cannot_leave_the_sandbox(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "tokenizer.json", tmp_path)
    (tmp_path / "chat_template.jinja").write_text(
        "{{ messages.__class__.__mro__[1].__subclasses__() }}", encoding="utf-8"
    )
    with pytest.raises(TemplateError):
        render(ChatTokenizer(tmp_path), [Message("user", "Hi")])
