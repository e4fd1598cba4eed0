"""Extension points: what cannot be loaded is named, with the package it came from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from evalkit import plugins
from evalkit.errors import ConfigurationError, PluginError

Install = Callable[[str, str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with one entry point on the path, as a package manager does."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(package: str, name: str, value: str) -> None:
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        (folder / "entry_points.txt").write_text(f"[evalkit.checks]\n{name} = {value}\n", encoding="utf-8")
        plugins._found.cache_clear()

    yield put
    plugins._found.cache_clear()


def test_an_installed_plugin_is_found_by_name(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("theirs")
    module.Check = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "theirs", module)
    install("their-package", "theirs", "theirs:Check")
    assert "theirs" in plugins.names("evalkit.checks")
    assert plugins.load("evalkit.checks", "theirs") is object


@pytest.mark.parametrize("value", ["no_such_module:Check", "json:NoSuchName", "json.decoder:JSONDecoder.nothing"])
def test_a_plugin_that_cannot_be_imported_names_itself(install: Install, value: str) -> None:
    install("their-package", "theirs", value)
    with pytest.raises(PluginError, match=r"check 'theirs' from their-package .* cannot be loaded") as caught:
        plugins.load("evalkit.checks", "theirs", where="suite.yaml:3")
    assert caught.value.where == "suite.yaml:3"
    assert "their-package" in caught.value.hint


def test_two_packages_of_one_name_are_not_chosen_between(install: Install) -> None:
    install("their-package", "length", "theirs:Length")
    with pytest.raises(PluginError, match=r"check 'length' comes from .*their-package") as caught:
        plugins.load("evalkit.checks", "length")
    assert "evalkit" in caught.value.message


def test_an_unknown_name_gets_the_nearest(install: Install) -> None:
    with pytest.raises(PluginError, match="unknown check 'acuracy'") as caught:
        plugins.load("evalkit.checks", "acuracy")
    assert "did you mean 'accuracy'?" in caught.value.hint


def test_our_own_errors_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: EntryPoint) -> None:
        raise ConfigurationError("not on this machine")

    monkeypatch.setattr(EntryPoint, "load", refuse)
    with pytest.raises(ConfigurationError, match="not on this machine"):
        plugins.load("evalkit.checks", "length")


@pytest.mark.parametrize("group", plugins.GROUPS)
def test_every_built_in_comes_in_by_the_same_door(group: str) -> None:
    for name in plugins.names(group):
        if group == "evalkit.backends" and name == "hf":
            continue  # imports torch
        assert plugins.load(group, name) is not None
