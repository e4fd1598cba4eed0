"""Loading without a look at what could be thrown away: while it lasts, and no longer."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from evalkit.models.uncollected import without_collection


@pytest.fixture(autouse=True)
def collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was_on else gc.disable)()


def test_nothing_is_collected_until_it_is_done() -> None:
    with without_collection():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collection_is_back_after_an_error() -> None:
    with pytest.raises(ImportError), without_collection():
        raise ImportError
    assert gc.isenabled()


def test_one_inside_another_ends_with_the_outer_one() -> None:
    with without_collection():
        with without_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_whoever_switched_it_off_keeps_it_off() -> None:
    gc.disable()
    with without_collection():
        pass
    assert not gc.isenabled()


def test_a_decorated_function_can_be_called_again() -> None:
    @without_collection()
    def collects() -> bool:
        return gc.isenabled()

    assert (collects(), collects(), gc.isenabled()) == (False, False, True)
