"""Prompt templates format a row, and can do nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.data.templates import LONGEST_PROMPT, PromptFault, PromptTemplate
from evalkit.errors import DatasetError


def render(text: str, **values: Any) -> str:
    return PromptTemplate(text).render(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Q: {{ question }}", "Q: <b>1 & 2</b>"),
        ("{{ question | upper | trim }}", "<B>1 & 2</B>"),
        ("{% for c in choices %}{{ loop.index }}) {{ c }}\n{% endfor %}", "1) x\n2) y\n"),
        ("{{ choices | join(', ') }}", "x, y"),
        ("{{ row['Best answer'] }}", "B"),
        ("{% if hint %}{{ hint }}{% else %}none{% endif %}", "none"),
        ("{% if gone %}{{ gone }}{% else %}none{% endif %}", "none"),
        ("{{ hint | default('no hint') }}", "no hint"),
        ("{{ question.replace('<b>', '').removesuffix('</b>') }}", "1 & 2"),
        ("{{ n * 2 + n % 2 }}", "7"),
        ("{{ 'a' ~ n }}", "a3"),
        ("{{ meta.key }}", "v"),
    ],
)
def test_rendering(text: str, expected: str) -> None:
    row = {
        "question": "<b>1 & 2</b>",
        "choices": ["x", "y"],
        "Best answer": "B",
        "hint": None,
        "n": 3,
        "meta": {"key": "v"},
    }
    assert render(text, **row) == expected


def test_a_null_or_missing_column_that_is_printed_is_named() -> None:
    with pytest.raises(PromptFault, match="'hint' is null in this row"):
        render("{{ hint }}", hint=None)
    with pytest.raises(PromptFault, match="'hint' is missing in this row"):
        render("{{ hint }}")


def test_its_columns_are_known_before_any_row_is_read() -> None:
    text = "{% set x = a %}{% for c in b %}{{ c }}{{ x }}{% endfor %}{{ row['d'] }}"
    assert PromptTemplate(text).columns == {"a", "b"}


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ q.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ range(1000000000) }}",
        "{{ lipsum() }}",
        "{{ cycler('a') }}",
        "{{ q * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 9 ** 999999999 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ q.center(1000000000) }}",
        "{{ '{:>1000000000}'.format(q) }}",
        "{{ q.zfill(1000000000) }}",
        "{% for i in q.splitlines.__self__ %}{% endfor %}{{ q.encode() }}",
        "{{ items.append(1) }}",
        "{{ q.missing_attribute }}",
        "{{ 1 / 0 }}",
    ],
)
def test_a_template_that_reaches_further_is_a_fault_of_the_prompt(attack: str) -> None:
    with pytest.raises(PromptFault):
        render(attack, q="x", items=[1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ q", "line 1"),
        ("\n{% if q %}", "line 2"),
        ("{% include 'other' %}", "may not include"),
        ("{% import 'other' as other %}", "may not include"),
        ("{{ q | random }}", "No filter named 'random'"),
        ("{{ q | center(1000000000) }}", "No filter named 'center'"),
        ("{{ q | nosuch }}", "No filter named 'nosuch'"),
        ("{{ " + "(" * 5_000 + "q" + ")" * 5_000 + " }}", "nested too deep"),
    ],
)
def test_a_template_that_cannot_be_compiled_is_an_error_of_the_suite(text: str, said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        PromptTemplate(text, "suite.yaml:9")
    assert said in caught.value.message
    assert caught.value.where == "suite.yaml:9"


def test_an_unknown_filter_names_the_nearest() -> None:
    with pytest.raises(DatasetError) as caught:
        PromptTemplate("{{ q | uper }}")
    assert "did you mean 'upper'?" in caught.value.hint


def test_a_prompt_without_end_is_cut_off() -> None:
    with pytest.raises(PromptFault, match="longer than"):
        render("{% for a in l %}{% for b in l %}{{ q }}{% endfor %}{% endfor %}", l=[0] * 1_500, q="x" * 1_000)
    assert len(render("{{ q }}", q="x" * LONGEST_PROMPT)) == LONGEST_PROMPT
