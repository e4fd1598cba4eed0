"""Opening local models: identity without torch, and a short error for everything that can be wrong with a folder."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from evalkit.errors import ModelError
from evalkit.models.hf.backend import HfBackend
from evalkit.models.hf.loading.sources import GgufSource
from evalkit.models.reference import ModelSettings
from evalkit.models.registry import open_backend
from evalkit.records import Answer, Condition, Message, Request

Ask = Callable[..., list[Answer]]
Question = Callable[..., Request]


def copy_of(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target


def loads(model: str) -> None:
    backend = open_backend(model)
    assert isinstance(backend, HfBackend)
    backend.load()
    backend.close()


def test_identity_and_context_are_known_without_importing_torch(llama: Path) -> None:
    program = (
        "import sys; from evalkit.models.registry import open_backend; "
        f"info = open_backend('hf:{llama}').info; assert info.context_length == 256, info; "
        "assert info.verifiable and info.fingerprint.startswith('sha256:'); "
        "sys.exit(sum(name in sys.modules for name in ('torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_fingerprint_follows_content_and_not_the_place(llama: Path, tmp_path: Path) -> None:
    here, there = open_backend(f"hf:{llama}").info, open_backend(f"hf:{copy_of(llama, tmp_path / 'b')}").info
    assert here.fingerprint == there.fingerprint
    assert here.fingerprint != open_backend(f"hf:{llama}?dtype=bf16").info.fingerprint
    tokenizer = tmp_path / "b" / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text().replace("}", " }", 1))
    assert open_backend(f"hf:{tmp_path / 'b'}").info.fingerprint != here.fingerprint


def test_other_weights_are_another_model(llama: Path, tmp_path: Path, llama_maker: Callable[..., Path]) -> None:
    other = llama_maker(tmp_path / "other", seed=99)
    assert open_backend(f"hf:{other}").info.fingerprint != open_backend(f"hf:{llama}").info.fingerprint


def test_a_folder_without_weights_is_refused(llama: Path, tmp_path: Path) -> None:
    folder = copy_of(llama, tmp_path / "m")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="no weights"):
        _ = open_backend(f"hf:{folder}").info


def test_a_folder_without_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        _ = open_backend(f"hf:{tmp_path}").info


def test_a_missing_folder_is_refused_when_it_is_opened() -> None:
    for text in ("hf:./nowhere", "./nowhere", "hf:", "nowhere/at/all/"):
        with pytest.raises(ModelError):
            open_backend(text)


def test_damaged_weights_and_configuration_are_refused(llama: Path, tmp_path: Path) -> None:
    folder = copy_of(llama, tmp_path / "weights")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        loads(f"hf:{folder}")
    folder = copy_of(llama, tmp_path / "config")
    (folder / "config.json").write_text("{not json")
    with pytest.raises(ModelError, match="JSON"):
        loads(f"hf:{folder}")
    (folder / "config.json").write_text('{"model_type": "unheard-of"}')
    with pytest.raises(ModelError, match="cannot be loaded"):
        loads(f"hf:{folder}")


def test_a_model_without_tokenizer_is_refused(llama: Path, tmp_path: Path) -> None:
    folder = copy_of(llama, tmp_path / "m")
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
        loads(f"hf:{folder}")


def test_pickled_weights_need_permission_and_warn(llama: Path, tmp_path: Path, ask: Ask, question: Question) -> None:
    folder = copy_of(llama, tmp_path / "m")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickled") as refused:
        _ = open_backend(f"hf:{folder}").info
    assert "allow_pickle=1" in refused.value.hint
    with pytest.warns(UserWarning, match="pickled"):
        allowed = ask(f"hf:{folder}?allow_pickle=1", [question("Hi")])
    assert allowed[0].text == ask(f"hf:{llama}", [question("Hi")])[0].text


def test_a_model_that_brings_its_own_code_needs_permission(llama: Path, tmp_path: Path) -> None:
    folder = copy_of(llama, tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "private", "auto_map": {"AutoModelForCausalLM": "code.Model", "AutoConfig": "code.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(ModelError, match="own Python code") as refused:
        loads(f"hf:{folder}")
    assert "trust_remote_code=1" in refused.value.hint
    assert not (tmp_path / "ran").exists()


def test_cuda_where_there_is_none_is_refused(llama: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ModelError, match="no CUDA device"):
        loads(f"hf:{llama}?device=cuda")
    with pytest.raises(ModelError, match="no CUDA device"):
        _ = loads(f"hf:{llama}?device=cuda:3")


def test_a_corrupted_gguf_file_is_refused(tmp_path: Path) -> None:
    words = tmp_path / "words.gguf"
    words.write_text("this is no model")
    with pytest.raises(ModelError, match="GGUF"):
        _ = open_backend(f"hf:{words}").info
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + (200).to_bytes(8, "little") * 2 + b"\0" * 40)
    with pytest.raises(ModelError, match="GGUF"):
        _ = open_backend(str(cut)).info


def test_an_adapter_changes_the_answers_and_the_fingerprint(
    llama: Path, adapter: Path, ask: Ask, question: Question, prompts: list[str]
) -> None:
    plain = ask(f"hf:{llama}", [question(p) for p in prompts])
    adapted = ask(f"hf:{llama}?adapter={adapter}", [question(p) for p in prompts])
    by_setting = ask(f"hf:{llama}", [question(p) for p in prompts], settings=ModelSettings(adapter=str(adapter)))
    assert [a.text for a in adapted] != [a.text for a in plain]
    assert [a.text for a in adapted] == [a.text for a in by_setting]
    assert (
        open_backend(f"hf:{llama}?adapter={adapter}").info.fingerprint != open_backend(f"hf:{llama}").info.fingerprint
    )


def test_an_adapter_of_another_model_or_none_at_all_is_refused(
    adapter: Path, llama: Path, tmp_path: Path, llama_maker: Callable[..., Path]
) -> None:
    with pytest.raises(ModelError, match="not an adapter"):
        _ = open_backend(f"hf:{llama}?adapter={tmp_path}").info
    with pytest.raises(ModelError, match="adapter") as refused:
        _ = open_backend(f"hf:{adapter}").info
    assert "?adapter=" in refused.value.hint
    wider = llama_maker(tmp_path / "wider", hidden_size=64)
    with pytest.raises(ModelError, match="does not fit"):
        loads(f"hf:{wider}?adapter={adapter}")


def test_loading_is_silent_and_leaves_logging_as_it_was(llama: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = transformers.utils.logging.get_verbosity()
    hub = logging.getLogger("huggingface_hub").level
    loads(f"hf:{llama}")
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")
    assert transformers.utils.logging.get_verbosity() == before
    assert logging.getLogger("huggingface_hub").level == hub


def test_count_tokens_counts_what_is_asked_and_needs_no_weights(llama: Path, ask: Ask, question: Question) -> None:
    backend = open_backend(f"hf:{llama}")
    assert isinstance(backend, HfBackend)
    counted = backend.count_tokens([Message("user", "Who wrote Hamlet?")])
    assert not backend.loaded
    assert counted == ask(f"hf:{llama}", [question("Who wrote Hamlet?")])[0].prompt_tokens


def test_options_of_the_reference_win_over_settings(llama: Path) -> None:
    info = open_backend(f"hf:{llama}?dtype=float32&context_length=100", ModelSettings(dtype="bfloat16")).info
    assert info.details["dtype"] == "float32"
    assert info.context_length == 100


def test_a_shorter_context_by_setting_is_kept_to(llama: Path, ask: Ask, question: Question) -> None:
    answer = ask(f"hf:{llama}?context_length=12", [question("Who wrote Hamlet, and what is the capital?")])[0]
    assert answer.failure is not None


def test_a_hub_that_cannot_be_reached_is_a_short_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def refuse(*_: Any, **__: Any) -> Any:
        raise ConnectionError("https://user:secret@example.invalid/ cannot be reached")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="cannot be reached") as refused:
        _ = open_backend("hf:ORG/NAME").info
    assert "secret" not in str(refused.value)


def test_a_branch_seen_before_is_used_while_the_hub_is_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def refuse(*_: Any, **__: Any) -> Any:
        raise ConnectionError

    commit = "a" * 40
    refs = tmp_path / "models--ORG--NAME" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text(commit)
    config = tmp_path / "config.json"
    config.write_text('{"n_positions": 77}')
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_, **__: str(config))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    by_branch = open_backend("hf:ORG/NAME").info
    by_commit = open_backend(f"hf:ORG/NAME@{commit}").info
    assert by_branch.fingerprint == by_commit.fingerprint
    assert by_branch.context_length == 77


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("GatedRepoError", "gated"),
        ("RepositoryNotFoundError", "no model"),
        ("RevisionNotFoundError", "no revision"),
        ("EntryNotFoundError", r"no config\.json"),
    ],
)
def test_what_the_hub_refuses_is_said_by_its_reason(error: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    kind = type(error, (Exception,), {})

    def refuse(*_: Any, **__: Any) -> Any:
        raise kind

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)
    with pytest.raises(ModelError, match=said):
        _ = open_backend("hf:ORG/NAME").info


def test_a_hub_model_is_fetched_once_and_then_loaded_from_the_cache(
    llama: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask, question: Question
) -> None:
    import huggingface_hub

    calls: list[bool] = []

    def snapshot(name: str, *, local_files_only: bool = False, **_: Any) -> str:
        calls.append(local_files_only)
        return str(llama)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_, **__: str(llama / "config.json"))
    model = f"hf:ORG/NAME@{'b' * 40}"
    first = ask(model, [question("Hi")])
    assert calls == [False]
    second = ask(model, [question("Hi")], Condition())
    assert calls == [False, True]
    assert first[0].text == second[0].text == ask(f"hf:{llama}", [question("Hi")])[0].text


def test_what_may_write_another_text_is_another_revision(llama: Path) -> None:
    """A cut by ``context_length`` must never be found again as the answer of a run without it."""
    ways = ["", "?context_length=100", "?context_length=101", "?attention=eager"]
    revisions = [open_backend(f"hf:{llama}{way}").info.revision for way in ways]
    assert len(set(revisions)) == len(ways)
    assert open_backend(f"hf:{llama}", ModelSettings(context_length=100)).info.revision == revisions[1]
    assert open_backend(f"hf:{llama}?batch_size=3").info.revision == revisions[0]


def test_a_gguf_file_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    for name, content in (("a", b"GGUF one"), ("b", b"GGUF one"), ("c", b"GGUF two")):
        (tmp_path / f"{name}.gguf").write_bytes(content)
    first, same, other = (GgufSource(tmp_path / f"{name}.gguf", tmp_path / "cache").identity() for name in "abc")
    assert first == same != other
