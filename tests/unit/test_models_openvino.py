"""Which engine runs a model, what the OpenVINO backend knows before anything is loaded, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from evalkit.configuration import configure, judge_settings
from evalkit.errors import ConfigurationError, MissingExtra, ModelError
from evalkit.models.openvino import processor
from evalkit.models.openvino.engine import cache_gigabytes
from evalkit.models.openvino.library import said
from evalkit.models.openvino.options import resolve_dtype, why_not_bfloat16
from evalkit.models.reference import ModelSettings
from evalkit.models.registry import describe, open_backend, resolve, run_by

OPENVINO = ModelSettings(engine="openvino", dtype="float32")


def refused(reference: str, settings: ModelSettings) -> ModelError:
    with pytest.raises(ModelError) as caught:
        _ = open_backend(reference, settings).info
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize("reference", ["smollm2-135m", "SmolLM2-135M", "openvino:smollm2-135m"])
def test_the_default_model_can_be_run_by_openvino(reference: str) -> None:
    info = describe(reference, OPENVINO)
    assert (info.backend, info.reference) == ("openvino", "openvino:smollm2-135m")
    assert info.capabilities == {"generate", "logprobs"}
    assert info.verifiable
    assert (info.details["dtype"], info.details["engine"]) == ("float32", "openvino")


def test_no_answer_stands_in_for_another_engine_or_precision() -> None:
    infos = [
        describe("smollm2-135m", ModelSettings(engine="transformers", dtype="float32")),
        describe("smollm2-135m", OPENVINO),
        describe("openvino:smollm2-135m?dtype=bfloat16"),
        describe("openvino:smollm2-135m?dtype=float32"),
    ]
    assert len({info.fingerprint for info in infos}) == 3
    assert infos[1].fingerprint == infos[3].fingerprint
    assert len({info.revision for info in infos[:3]}) == 3
    assert "openvino-genai-" in infos[1].revision


def test_a_context_limit_is_part_of_the_revision() -> None:
    limited = describe("openvino:smollm2-135m?context_length=100", OPENVINO)
    assert limited.context_length == 100
    assert limited.revision != describe("openvino:smollm2-135m", OPENVINO).revision


@pytest.mark.parametrize("reference", ["mock:echo", "http://localhost:1/v1?model=m", "openai:gpt"])
def test_a_model_without_engines_says_so(reference: str) -> None:
    assert "no choice of engine" in refused(reference, OPENVINO).message


@pytest.mark.parametrize(
    ("reference", "settings", "says"),
    [
        ("openvino:smollm2-135m", ModelSettings(engine="transformers"), "names its engine itself"),
        ("smollm2-135m", ModelSettings(engine="onnx"), "unknown engine 'onnx'"),
        ("openvino:", ModelSettings(), "names no model"),
        ("openvino:nowhere.gguf", ModelSettings(), "there is no file nowhere.gguf"),
        ("hf:ORG/NAME", OPENVINO, "OpenVINO reads no 'ORG/NAME'"),
        ("smollm2-135m?source=hub", OPENVINO, "unknown option 'source'"),
        ("smollm2-135m?attention=eager", OPENVINO, "unknown option 'attention'"),
        ("smollm2-135m", ModelSettings(engine="openvino", device="cuda"), "runs on the CPU"),
        ("smollm2-135m", ModelSettings(engine="openvino", dtype="float16"), "cannot compute in dtype 'float16'"),
        ("smollm2-135m", ModelSettings(engine="openvino", adapter="./lora"), "takes no adapter"),
        ("openvino:smollm2-135m?threads=0", ModelSettings(), "threads"),
        ("openvino:smollm2-135m?batch_size=5000", ModelSettings(), "at most 1024"),
    ],
)
def test_what_openvino_cannot_run_is_refused_before_anything_is_loaded(
    reference: str, settings: ModelSettings, says: str
) -> None:
    assert says in refused(reference, settings).message


def test_the_same_model_by_name_and_by_engine() -> None:
    reference = run_by(resolve("smollm2-135m?dtype=float32"), "openvino")
    assert (reference.scheme, reference.text) == ("openvino", "openvino:smollm2-135m?dtype=float32")
    assert run_by(reference, "openvino") is reference
    assert run_by(resolve("hf:./folder"), "openvino").text == "openvino:./folder"


def test_a_folder_that_was_not_exported_is_told_how_to(tmp_path: Path) -> None:
    assert "openvino_model.xml" in refused(f"openvino:{tmp_path}", ModelSettings()).message
    (tmp_path / "model.safetensors").touch()
    error = refused(f"openvino:{tmp_path}", ModelSettings())
    assert "optimum-cli export openvino" in (error.hint or "")


def test_an_exported_folder_is_known_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "exported"
    folder.mkdir()
    for name in ("openvino_model.xml", "openvino_model.bin", "tokenizer.json"):
        (folder / name).write_text(name)
    (folder / "config.json").write_text('{"text_config": {"max_position_embeddings": 512}}')
    first = describe(f"openvino:{folder}", OPENVINO)
    assert first.context_length == 512
    (folder / "tokenizer.json").write_text("another")
    assert describe(f"openvino:{folder}", OPENVINO).fingerprint != first.fingerprint


def test_without_the_extra_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino_genai", None)
    with pytest.raises(MissingExtra, match="'openvino'") as caught:
        open_backend("openvino:smollm2-135m").load()  # type: ignore[attr-defined]
    assert "pip install 'evalkit-lm[openvino]'" in (caught.value.hint or "")


def test_the_librarys_sentence_is_kept_and_its_sources_are_not() -> None:
    error = RuntimeError(
        "Exception from /build/x/plugin.cpp:54:\n"
        "Check 'a == b' failed at /build/y/executor.cpp:12:\n"
        "expect bf16, got f32\n"
    )
    assert said(error) == "expect bf16, got f32"
    assert said(RuntimeError("")) == "RuntimeError"


# --- the processor ----------------------------------------------------------------------------------------------------

CPU = "processor\t: {number}\nphysical id\t: 0\ncore id\t\t: {core}\nflags\t\t: fpu {flags}\n"


def machine(monkeypatch: pytest.MonkeyPatch, folder: Path, cores: list[int], flags: str, quota: str = "max") -> None:
    told = [CPU.format(number=number, core=core, flags=flags) for number, core in enumerate(cores)]
    for name, text in (("CPUINFO", "\n".join(told)), ("QUOTA", f"{quota} 100000\n")):
        (folder / name).write_text(text, encoding="ascii")
        monkeypatch.setattr(processor, name, folder / name)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(processor.os, "sched_getaffinity", lambda _: set(range(len(cores))), raising=False)


@pytest.mark.parametrize(
    ("of", "dtype"),
    [
        (([0, 1], "avx512_bf16", "max"), "bfloat16"),
        (([0, 1], "avx2 amx_bf16", "200000"), "bfloat16"),
        (([0, 1], "avx512f", "max"), "float32"),
        (([0], "avx512_bf16", "max"), "float32"),
        (([0, 0], "avx512_bf16", "max"), "float32"),  # two threads of one core
        (([0, 1], "avx512_bf16", "150000"), "float32"),
    ],
)
def test_bfloat16_is_taken_where_openvino_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, of: tuple[list[int], str, str], dtype: str
) -> None:
    machine(monkeypatch, tmp_path, *of)
    assert resolve_dtype("auto", None) == dtype
    assert bool(why_not_bfloat16(None)) == (dtype == "float32")


def test_one_thread_is_one_core_and_an_asked_dtype_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, [0, 1], "avx512_bf16")
    monkeypatch.setitem(sys.modules, "openvino_genai", ModuleType("openvino_genai"))
    assert resolve_dtype("auto", 1) == "float32"
    assert resolve_dtype("bfloat16", 1) == "bfloat16"
    backend = open_backend("openvino:smollm2-135m?dtype=bfloat16&threads=1")
    with pytest.raises(ModelError, match="two processor cores") as caught:
        backend.load()  # type: ignore[attr-defined]
    assert "float32" in (caught.value.hint or "")


@pytest.mark.parametrize(("free", "cache"), [(None, 1), (0, 1), (2**29, 1), (23 * 2**30, 2), (500 * 2**30, 4)])
def test_the_cache_is_a_bounded_part_of_free_memory(
    monkeypatch: pytest.MonkeyPatch, free: int | None, cache: int
) -> None:
    monkeypatch.setattr("evalkit.models.openvino.engine.free_bytes", lambda _: free)
    assert cache_gigabytes() == cache


def test_a_containers_limit_bounds_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.models.hf.memory._available", lambda: 64 * 2**30)
    monkeypatch.setattr("evalkit.models.hf.memory._group_left", lambda: 16 * 2**30)
    assert cache_gigabytes() == 2


# --- configuration ----------------------------------------------------------------------------------------------------


def test_a_projects_engine_is_for_its_local_models(tmp_path: Path) -> None:
    (tmp_path / "evalkit.toml").write_text(
        "engine = 'openvino'\n[models.served]\nref = 'http://localhost:1/v1?model=m'\n"
    )
    found = configure(folder=tmp_path, environ={})
    assert found.model_settings("smollm2-135m")[1].engine == "openvino"
    assert found.model_settings("mock:echo")[1].engine is None
    assert found.model_settings("served")[1].engine is None


def test_an_engine_asked_for_by_option_is_not_dropped_but_for_the_judge(tmp_path: Path) -> None:
    found = configure({"engine": "openvino"}, folder=tmp_path, environ={})
    assert found.model_settings("mock:echo")[1].engine == "openvino"
    assert judge_settings(found, "mock:echo")[1].engine is None
    assert judge_settings(found, "smollm2-135m")[1].engine == "openvino"


def test_a_named_model_has_its_own_engine(tmp_path: Path) -> None:
    (tmp_path / "evalkit.toml").write_text("[models.fast]\nref = 'smollm2-135m'\nengine = 'openvino'\n")
    found = configure(folder=tmp_path, environ={})
    assert found.model_settings("fast")[1].engine == "openvino"
    assert found.model_settings("smollm2-135m")[1].engine is None


def test_an_unknown_engine_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="engine is 'onnx'") as caught:
        configure(folder=tmp_path, environ={"EVALKIT_ENGINE": "onnx"})
    assert "EVALKIT_ENGINE" in str(caught.value)
    assert "openvino" in (caught.value.hint or "")
