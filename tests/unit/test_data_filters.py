"""``where``: what it means, and that it is never run as Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.data.filters import FilterFault, RowFilter
from evalkit.data.rows import Row
from evalkit.errors import DatasetError

ROW: dict[str, Any] = {
    "lang": "en",
    "score": 0.7,
    "n": 3,
    "ok": True,
    "tags": ["a", "b"],
    "Release notes": "beta",
    "no": None,
}


def matches(text: str, typed: bool = True, **values: Any) -> bool:
    return RowFilter(text).matches(Row(values or ROW, 1, typed=typed))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lang == 'en'", True),
        ("lang != 'en'", False),
        ("score >= 0.7 and n < 4", True),
        ("score > 0.7 or n == -3", False),
        ("not (lang == 'de' or n > 5)", True),
        ("lang in ['de', 'en']", True),
        ("lang not in ('de', 'en')", False),
        ("'n' in lang", True),
        ("'b' in tags and 'c' not in tags", True),
        ("0.5 < score < 0.6", False),
        ("0.5 < score <= 0.7 < n", True),
        ("row['Release notes'] == 'beta'", True),
        ("ok", True),
        ("ok == true", True),
        ("ok == 1", False),
        ("ok is True", True),
        ("no == null", True),
        ("no is not None", False),
        ("unknown == null", True),
        ("unknown < 3 or unknown > 3 or unknown in 'abc' or 'x' in unknown", False),
        ("(lang ==\n 'en')", True),
    ],
)
def test_expressions(text: str, expected: bool) -> None:
    assert matches(text) is expected


def test_csv_cells_are_compared_as_what_they_say() -> None:
    assert matches("n > 9 and ok == true and zip == '007'", typed=False, n="10", ok="TRUE", zip="007")
    assert matches("empty == null", typed=False, empty="")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "lang.upper() == 'EN'",
        "(lambda: 1)()",
        "n + 1 == 4",
        "[x for x in tags]",
        "f'{lang}' == 'en'",
        "row[lang] == 1",
        "rows['lang'] == 1",
        "lang if ok else n",
        "(n := 3)",
        "b'x' == lang",
        "1j == n",
        "'a' * 1000000000 == lang",
        "lang = 'en'",
        "lang == ",
        "lang == 'en' and" + " (" * 500,
        "not " * 1500 + "ok",
        "",
    ],
)
def test_anything_else_is_refused_before_it_is_evaluated(text: str) -> None:
    with pytest.raises(DatasetError, match="the filter") as caught:
        RowFilter(text, "suite.yaml:7")
    assert caught.value.where == "suite.yaml:7"


@pytest.mark.parametrize("text", ["lang < 3", "tags > 1", "1 < tags", "1 in n", "'a' < no < tags or n < 'x'"])
def test_values_that_have_no_order_are_a_fault_of_the_row(text: str) -> None:
    with pytest.raises(FilterFault, match=r"ordered|inside"):
        matches(text)


def test_its_columns_are_known_before_any_row_is_read() -> None:
    assert RowFilter("a == 1 and not (b in c or row['d e'] is null)").columns == {"a", "b", "c", "d e"}


def test_a_filter_that_matches_nothing_names_the_values_there_are() -> None:
    condition = RowFilter("lang == 'fr'")
    for lang in ["en", "de", "en", None]:
        condition.matches(Row({"lang": lang}, 1))
    said = str(condition.nothing_matched("a.csv"))
    assert "no row matches the filter: lang == 'fr'" in said
    assert "lang has 'en' (2), 'de' (1), null (1)" in said


def test_many_and_long_values_are_abridged() -> None:
    condition = RowFilter("q == 1")
    for number in range(2_000):
        condition.matches(Row({"q": f"{number:04d}" + "x" * 100}, 1))
    said = str(condition.nothing_matched("a.csv"))
    assert "..." in said
    assert "more" in said
    assert len(said) < 800


@given(a=st.integers(), b=st.integers(), c=st.booleans())
def test_connectives_agree_with_python(a: int, b: int, c: bool) -> None:
    assert matches("(a < b or c) and not a == b", a=a, b=b, c=c) is ((a < b or c) and a != b)
    assert matches("a <= b and b >= a or a > b", a=a, b=b)
