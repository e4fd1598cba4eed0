"""A model reference taken apart."""

from __future__ import annotations

import pytest

from evalkit.errors import ModelError
from evalkit.models.reference import parse_reference


def test_scheme_target_and_options() -> None:
    found = parse_reference("hf:ORG/NAME@abc?dtype=float32&adapter=./a%20b")
    assert (found.scheme, found.target) == ("hf", "ORG/NAME@abc")
    assert found.options == {"dtype": "float32", "adapter": "./a b"}


def test_web_addresses_keep_their_scheme() -> None:
    assert parse_reference("https://host:8443/v1?model=m").target == "https://host:8443/v1"


@pytest.mark.parametrize("text", ["", "  ", "noscheme", "mock:echo?broken", "mock:echo?a=1&b"])
def test_what_is_no_reference_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ModelError) as refused:
        parse_reference(text)
    assert refused.value.hint


def test_unknown_options_name_the_nearest() -> None:
    with pytest.raises(ModelError) as refused:
        parse_reference("mock:flaky?rat=3").allow(["ms", "rate"])
    assert "did you mean 'rate'" in refused.value.hint
    with pytest.raises(ModelError, match="unknown option") as refused:
        parse_reference("mock:echo?x=1").allow([])
    assert refused.value.hint == "it takes no options"
