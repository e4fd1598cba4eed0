"""What a run does with a model that cannot be used, or not for this: a short error, exit code 2, and no score."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="local models need the extra 'hf'")
pytest.importorskip("transformers", reason="local models need the extra 'hf'")

from safetensors.torch import load_file, save_file  # noqa: E402
from tiny_models import make_llama  # noqa: E402

from evalkit.cli.main import run_and_exit  # noqa: E402

SUITE = """
name: small
datasets: {rows: {path: rows.jsonl}}
generation: {max_tokens: 4}
checks:
  accuracy: {metrics: [exact_match]}
gates: [accuracy.exact_match >= 0]
"""
Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(3)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Path("small.yaml").write_text(SUITE, encoding="utf-8")
    return tmp_path


def run(model: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stopped:
        run_and_exit(["run", "small.yaml", "--model", model, "--report", "out"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return int(stopped.value.code or 0), captured.err


def _weights(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "model.safetensors"
        save_file(change(load_file(path)), path, metadata={"format": "pt"})

    return damage


def _config(**changes: Any) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")

    return damage


def _file(name: str, content: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(content) and None


def _pickled_code(folder: Path) -> None:
    class Runs:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return Path.touch, (Path(folder.parent / "ran"),)

    (folder / "model.safetensors").unlink()
    torch.save({"weights": Runs()}, folder / "pytorch_model.bin")


def _missing_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "a.safetensors")
    index = {"metadata": {}, "weight_map": {"lm_head.weight": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


DAMAGES: dict[str, tuple[Damage, str]] = {
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
    "weights cut short": (
        lambda folder: _file("model.safetensors", (folder / "model.safetensors").read_bytes()[:-500])(folder),
        "cannot be loaded",
    ),
    "empty weights": (_file("model.safetensors", b""), "cannot be loaded"),
    "a weight is missing": (
        _weights(lambda found: {name: value for name, value in found.items() if "0.mlp.up_proj" not in name}),
        "1 missing (model.layers.0.mlp.up_proj.weight)",
    ),
    "weights of another size": (
        _weights(lambda found: {n: v[:5].clone() if "mlp.up_proj" in n else v for n, v in found.items()}),
        "2 of another shape (model.layers.0.mlp.up_proj.weight, model.layers.1",
    ),
    "weights of another architecture": (_config(model_type="gpt_neox", architectures=["GPTNeoX"]), "missing ("),
    "an architecture that nobody knows": (_config(model_type="frobnicator"), "of type 'frobnicator', which"),
    "a shard is missing": (_missing_shard, "cannot be loaded"),
    "no configuration": (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    "a configuration that is no JSON": (_file("config.json", b"{"), "cannot be read as JSON"),
    "a tokenizer that is no JSON": (_file("tokenizer.json", b"{"), "the tokenizer in"),
    "pickled code": (_pickled_code, "pickled weights only"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_an_unusable_model_is_a_short_error_and_never_a_score(
    what: str, sound: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, says = DAMAGES[what]
    shutil.copytree(sound, work / "model")
    damage(work / "model")
    code, said = run("./model", capsys)
    assert code == 2
    assert says in said
    assert max(map(len, said.splitlines())) < 400
    assert not Path("out/report.json").exists()


def test_the_same_model_undamaged_is_asked(sound: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(sound), capsys) == (0, "")


def test_pickled_code_does_not_run_even_where_pickled_weights_may_be_read(
    sound: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(sound, work / "model")
    _pickled_code(work / "model")
    with pytest.warns(UserWarning, match="pickled"):
        code, said = run("./model?allow_pickle=1", capsys)
    assert code == 2
    assert "holds more than weights" in said
    assert not (work / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a model", b"GGUF" + bytes(range(256)) * 8])
def test_a_file_that_is_no_gguf_leaves_nothing_in_the_cache(
    content: bytes, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("model.gguf").write_bytes(content)
    code, said = run("./model.gguf", capsys)
    assert code == 2
    assert "not a usable GGUF file" in said
    assert not list(work.glob("cache/**/*.safetensors"))


def test_weights_that_answer_nothing_usable_are_not_measured(
    sound: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(sound, work / "model")
    _weights(lambda found: {name: value * float("nan") for name, value in found.items()})(work / "model")
    assert run("./model", capsys)[0] == 3


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ raise_exception('never') }}", "never"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{% for message in messages %}{{ message.content ", "end of template"),
    ],
)
def test_a_chat_template_that_cannot_be_used_is_never_a_score(
    template: str, says: str, sound: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(sound, work / "model")
    Path("model/chat_template.jinja").write_text(template, encoding="utf-8")
    code, said = run("./model", capsys)
    written = Path("out/report.json")
    assert code in {2, 3}
    assert says in said + (written.read_text(encoding="utf-8") if written.exists() else "")


@pytest.mark.parametrize("model", ["./model", "mock:oracle?context=256"])
def test_an_over_long_prompt_is_named_before_anything_is_asked(
    model: str, sound: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(sound, work / "model")
    row = {"id": "the-row", "prompt": "word " * 2000, "references": ["x"]}
    Path("rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    code, said = run(model, capsys)
    assert code == 2
    assert "context of 256 tokens" in said
    assert "the-row" in said
    assert "truncate: left" in said


@pytest.mark.parametrize("model", ["./model", "mock:oracle?context=256"])
def test_more_tokens_than_the_context_holds_are_refused(
    model: str, sound: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(sound, work / "model")
    Path("small.yaml").write_text(SUITE.replace("max_tokens: 4", "max_tokens: 1000000"), encoding="utf-8")
    code, said = run(model, capsys)
    assert code == 2
    assert "1,000,000" in said
    assert "lower max_tokens" in said


@pytest.mark.parametrize("address", ["http://", "https://", "http:///v1?model=x", "http://[::1/v1?model=x"])
def test_an_address_without_a_host_is_no_model_folder(
    address: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(address, capsys)
    assert code == 2
    assert "address" in said
    assert "http://HOST" in said
