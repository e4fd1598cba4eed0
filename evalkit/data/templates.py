"""Prompts from rows: Jinja2 in a sandbox that has been emptied further.

A template comes with a suite, and suites are shared; it may format a row, and nothing else. There are no includes, no
``range``, no random filters, no repetition by ``*``, only named string methods, and an output limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
import jinja2.meta
import jinja2.sandbox

from evalkit.errors import DatasetError, did_you_mean

LONGEST_PROMPT = 1_000_000
MOST_PIECES = 200_000
_FILTER_NAMES = (
    "abs capitalize count d default dictsort first float int items join last length list lower map max min reject "
    "rejectattr replace reverse round select selectattr sort string striptags sum title tojson trim truncate unique "
    "upper wordcount"
)
FILTERS = frozenset(_FILTER_NAMES.split())
_TEXT_METHOD_NAMES = (
    "capitalize casefold count endswith find isdigit join lower lstrip removeprefix removesuffix replace rfind rstrip "
    "split splitlines startswith strip title upper"
)
TEXT_METHODS = frozenset(_TEXT_METHOD_NAMES.split())
ROW = "row"
"""Every column by its name, for names that are no identifiers: ``{{ row["Best answer"] }}``."""


class PromptFault(Exception):
    """This row gives no prompt."""


class _Absent(jinja2.StrictUndefined):
    """A column without a value: false in a condition, an error where it is printed."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]  # the base always raises, even in a condition
        return False


class _Environment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if not numbers or (operator == "**" and (abs(left) > 1e6 or abs(right) > 64)):
            raise PromptFault(f"'{operator}' works on small numbers only")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr not in TEXT_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """The base class allows ``str.format`` with attributes guarded; a width of a billion it does not guard."""


def _environment() -> _Environment:
    # prompts are plain text for a model; escaping them as HTML would change what is asked
    environment = _Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals = {}
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    return environment


class PromptTemplate:
    def __init__(self, text: str, where: str = "") -> None:
        environment = _environment()
        try:
            tree = environment.parse(text)
            self.columns = frozenset(jinja2.meta.find_undeclared_variables(tree)) - {ROW}
            outside = list(jinja2.meta.find_referenced_templates(tree))
            self._template = environment.from_string(text)
        except jinja2.TemplateError as error:
            line = f"line {error.lineno}: " if isinstance(error, jinja2.TemplateSyntaxError) else ""
            raise DatasetError(
                f"the prompt template is wrong: {line}{error.message}",
                where=where,
                hint=_filter_hint(str(error.message)),
            ) from error
        except RecursionError as error:
            raise DatasetError("the prompt template is nested too deep", where=where) from error
        if outside:
            raise DatasetError("a prompt template may not include or import another", where=where)

    def render(self, values: Mapping[str, Any]) -> str:
        """``values`` by column. A column that the template prints and the row lacks, or has as null, is a fault."""
        variables: dict[str, Any] = {name: values.get(name) for name in self.columns}
        for name, value in variables.items():
            if value is None:
                state = "is null" if name in values else "is missing"
                variables[name] = _Absent(f"'{name}' {state} in this row")
        variables[ROW] = values
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._template.generate(variables):
                pieces.append(piece)
                size += len(piece)
                if size > LONGEST_PROMPT or len(pieces) > MOST_PIECES:
                    raise PromptFault(f"is longer than {LONGEST_PROMPT:,} characters")  # noqa: TRY301
        except PromptFault:
            raise
        except jinja2.TemplateError as error:
            raise PromptFault(f"cannot be rendered: {error.message}") from error
        except Exception as error:  # a template is a program of the suite's author: whatever it does, the row is named
            raise PromptFault(f"cannot be rendered: {type(error).__name__}: {error}") from error
        return "".join(pieces)


def _filter_hint(message: str) -> str:
    if message.startswith("No filter named"):
        return did_you_mean(message.split("'")[1], sorted(FILTERS), "filters there are")
    return "see https://jinja.palletsprojects.com/templates for the syntax"
