"""models list, info and pull: names, identities, and nothing loaded to know them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.models.catalog import CATALOG

Evalkit = Callable[..., Any]


@pytest.fixture
def cache(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALKIT_CACHE", str(workdir / "cache"))
    return workdir / "cache" / "models"


def test_the_catalog_is_listed_with_licence_and_size(evalkit: Evalkit, cache: Path) -> None:
    entries = json.loads(evalkit("models", "list", "--json").out)
    assert [entry["name"] for entry in entries] == list(CATALOG)
    assert all(entry["licence"] and entry["download_mb"] and not entry["cached"] for entry in entries)
    out = evalkit("models", "list").out
    for text in ("smollm2-135m", "Apache-2.0", "98 MB", "not fetched", "mock:oracle"):
        assert text in out
    assert not cache.exists()


def test_a_converted_model_counts_as_cached_and_half_a_file_does_not(evalkit: Evalkit, cache: Path) -> None:
    from evalkit.models.conversion import COMPLETE
    from evalkit.models.hf.loading.gguf import converted_folder

    package = CATALOG["smollm2-135m"].package
    fetched = cache / "files" / package.sha256[:16] / Path(package.member).name
    fetched.parent.mkdir(parents=True)
    fetched.write_bytes(b"the beginning")
    assert not json.loads(evalkit("models", "list", "--json").out)[0]["cached"]
    folder = converted_folder(package.sha256, cache)
    folder.mkdir(parents=True)
    (folder / COMPLETE).write_text("{}")
    assert json.loads(evalkit("models", "list", "--json").out)[0]["cached"]


def test_info_says_who_would_answer_and_fetches_nothing(evalkit: Evalkit, cache: Path) -> None:
    info = json.loads(evalkit("models", "info", "smollm2-135m", "--json").out)
    assert info["verifiable"]
    assert info["fingerprint"].startswith("sha256:")
    assert info["context_length"] == 8192
    out = evalkit("models", "info", "smollm2-135m").out
    for text in ("SmolLM2-135M-Instruct", "Apache-2.0", "8,192 tokens", info["fingerprint"]):
        assert text in out
    assert not (cache / "files").exists()


def test_another_dtype_is_another_model(evalkit: Evalkit, cache: Path) -> None:
    prints = {
        json.loads(evalkit("models", "info", f"smollm2-135m?dtype={dtype}", "--json").out)["fingerprint"]
        for dtype in ("float32", "bfloat16")
    }
    assert len(prints) == 2


def test_info_of_an_endpoint_shows_no_key(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    called = evalkit("models", "info", "http://127.0.0.1:9/v1?model=mine")
    assert called.code == 0
    assert "not verifiable" in called.out
    assert "very-secret" not in called.out + called.err


def test_a_model_named_in_the_configuration_is_described(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "evalkit.toml").write_text('[models.ours]\nref = "mock:refuser"\n', encoding="utf-8")
    assert json.loads(evalkit("models", "info", "ours", "--json").out)["reference"] == "mock:refuser"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smollm2-135n", "did you mean 'smollm2-135m'?"),
        ("mokc:echo", "mock"),
        ("", "empty"),
        ("hf:./nowhere", "nowhere"),
    ],
)
def test_an_unknown_model_is_wrong_input_with_the_nearest_name(evalkit: Evalkit, name: str, said: str) -> None:
    called = evalkit("models", "info", name)
    assert called.code == 2
    assert said in called.err


def test_a_mock_has_nothing_to_pull(evalkit: Evalkit) -> None:
    called = evalkit("models", "pull", "mock:echo")
    assert called.code == 2
    assert "no weights" in called.err


def test_pull_loads_once_and_lets_go(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    from evalkit.models.mock.backend import MockBackend

    done: list[str] = []
    monkeypatch.setattr(MockBackend, "load", lambda _: done.append("load"), raising=False)
    monkeypatch.setattr(MockBackend, "close", lambda _: done.append("close"))
    called = evalkit("models", "pull", "mock:echo")
    assert called.code == 0
    assert "mock:echo is ready: mock:" in called.out
    assert done == ["load", "close"]
