"""One string names a model: which backend it means, and what is said where it means none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evalkit.errors import ModelError
from evalkit.models.catalog import CATALOG, CATALOG_TARGET, expand
from evalkit.models.registry import describe, open_backend, resolve


def test_a_catalog_name_keeps_its_name_and_options() -> None:
    found = resolve("SmolLM2-135M?dtype=bf16")
    assert (found.text, found.scheme) == ("smollm2-135m?dtype=bf16", "hf")
    assert found.target == f"{CATALOG_TARGET}smollm2-135m"
    assert found.options == {"dtype": "bf16"}
    assert expand("something-else") is None


def test_a_scheme_means_its_backend() -> None:
    assert resolve("mock:echo").scheme == "mock"
    assert resolve("hf:ORG/NAME@main?device=cpu").target == "ORG/NAME@main"
    assert resolve("http://localhost:8000/v1?model=m").target == "http://localhost:8000/v1"


def test_paths_are_local_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.gguf").write_bytes(b"GGUF")
    monkeypatch.chdir(tmp_path)
    for text in (
        "./folder",
        "folder",
        "folder/",
        str(tmp_path / "folder"),
        "file.gguf",
        "./missing",
        "folder?dtype=bf16",
    ):
        found = resolve(text)
        assert found.scheme == "hf"
        assert found.text == text
        assert found.target == text.partition("?")[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("smolm2-135m", "did you mean 'smollm2-135m'"),
        ("gpt5", "hf:ORG/NAME"),
        ("mok:echo", "did you mean 'mock'"),
        ("", "smollm2-135m"),
        ("   ", "smollm2-135m"),
        ("x" * 5000, "hf:ORG/NAME"),
    ],
)
def test_an_unknown_model_is_an_error_with_the_nearest_name(text: str, hint: str) -> None:
    with pytest.raises(ModelError) as refused:
        open_backend(text)
    assert hint in refused.value.hint
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("dytpe=float32", "did you mean 'dtype'"),
        ("dtype=float99", "float99"),
        ("device=gpu", "cuda"),
        ("device=cpu:1", "cuda"),
        ("batch_size=0", "batch_size"),
        ("batch_size=many", "batch_size"),
        ("trust_remote_code=perhaps", "1 or 0"),
        ("attention=none", "sdpa"),
        ("source=moon", "package"),
        ("a", "options"),
    ],
)
def test_impossible_options_are_refused_when_the_model_is_opened(option: str, said: str) -> None:
    with pytest.raises(ModelError) as refused:
        open_backend(f"smollm2-135m?{option}")
    assert said in str(refused.value)


def test_only_catalog_models_have_a_choice_of_source(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="source"):
        open_backend(f"hf:{tmp_path}?source=hub")


def test_the_default_model_is_described_without_fetching_or_importing_anything_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; from evalkit.models.registry import describe; info = describe('smollm2-135m'); "
        "assert info.context_length == 8192 and info.details['licence'] == 'Apache-2.0'; "
        "sys.exit(sum(name in sys.modules for name in ('torch', 'transformers', 'numpy', 'huggingface_hub')))"
    )
    environment = {"EVALKIT_CACHE": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    assert subprocess.run([sys.executable, "-c", program], check=False, env=environment).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_default_models_identity_is_pinned_and_follows_its_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    info = describe("smollm2-135m")
    assert info.verifiable
    assert describe("smollm2-135m?dtype=float32").fingerprint == info.fingerprint
    assert describe("smollm2-135m?dtype=bfloat16").fingerprint != info.fingerprint


def test_every_catalog_entry_is_complete() -> None:
    for name, entry in CATALOG.items():
        assert entry.name == name == name.casefold()
        assert len(entry.package.sha256) == len(entry.package.wheel_sha256) == 64
        assert len(entry.hub.revision) == 40
        assert entry.licence
        assert entry.download_mb > 0
