"""The default model run by OpenVINO for real, beside the transformers engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from default_model import ENTRY, QUESTIONS

pytest.importorskip("openvino_genai", reason="the engine needs the extra 'openvino'")
pytest.importorskip("torch", reason="the reference is of the extra 'hf'")

from evalkit.errors import ModelError
from evalkit.models.catalog import DEFAULT_MODEL
from evalkit.models.fetch import cache_root
from evalkit.models.openvino.backend import OpenVinoBackend
from evalkit.models.openvino.convert import convert, converted_folder
from evalkit.models.reference import ModelSettings
from evalkit.models.registry import open_backend
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, Decoding, Generate, Message, Request

TIE = 0.1
"""Logits. Weights are rounded to float16 here and not there: what is nearer than this can come out either way."""


@pytest.fixture(scope="module")
def backend(weights: Path) -> Iterator[OpenVinoBackend]:
    assert weights.is_file()
    opened = open_backend(DEFAULT_MODEL, ModelSettings(engine="openvino", dtype="float32"))
    assert isinstance(opened, OpenVinoBackend)
    opened.load()
    yield opened
    opened.close()


def asking(text: str, wants: Sequence[str] = (), **decoding: Any) -> Request:
    decoding.setdefault("max_tokens", 16)
    return Request(Generate((Message("user", text),), Decoding(**decoding)), wants=frozenset(wants))


def answers(backend: Any, requests: Sequence[Request], condition: Condition = DEFAULT_CONDITION) -> list[Answer]:
    session = backend.session(condition)
    told = dict(session.ask(requests))
    session.close()
    assert not [answer.failure for answer in told.values() if answer.failure]
    return [told[position] for position in range(len(requests))]


def test_greedy_answers_are_those_of_transformers_but_for_ties(backend: OpenVinoBackend) -> None:
    theirs = open_backend(DEFAULT_MODEL, ModelSettings(engine="transformers", dtype="float32", device="cpu"))
    requests = [asking(question, wants=("tokens", "margins", "logprobs")) for question in QUESTIONS]
    expected = answers(theirs, requests)
    theirs.close()
    for ours, other in zip(answers(backend, requests), expected, strict=True):
        assert ours.prompt_tokens == other.prompt_tokens
        mine, others, margins = ours.tokens or (), other.tokens or (), other.margins or ()
        place = next((at for at, (a, b) in enumerate(zip(mine, others, strict=False)) if a != b), None)
        if place is not None:
            assert margins[place] < TIE
            continue
        assert (ours.text, ours.finish, ours.output_tokens) == (other.text, other.finish, other.output_tokens)
        assert ours.logprobs == pytest.approx(other.logprobs, abs=0.05)


def test_the_graph_holds_the_files_own_weights(weights: Path, backend: OpenVinoBackend) -> None:
    """GenAI itself would round the minima of the file's blocks to 4 bits: errors of a tenth of the largest weights."""
    import numpy as np
    from gguf import GGUFReader, dequantize
    from openvino import Core

    tensors = {tensor.name: tensor for tensor in GGUFReader(str(weights)).tensors}
    graph = Core().read_model(str(converted_folder(ENTRY.package.sha256, cache_root()) / "openvino_model.xml"))
    constants = {op.get_friendly_name(): op for op in graph.get_ops() if op.get_type_name() == "Constant"}
    for ours, theirs in (
        ("model.layers[3].mlp.down_proj.weight", "blk.3.ffn_down.weight"),
        ("model.layers[29].self_attn.v_proj.weight", "blk.29.attn_v.weight"),
        ("model.embed_tokens.weight", "token_embd.weight"),
    ):
        expected = dequantize(tensors[theirs].data, tensors[theirs].tensor_type)
        np.testing.assert_array_equal(np.array(constants[ours].data), expected.astype(np.float16))


def test_a_request_is_answered_alike_twice_and_in_any_order(backend: OpenVinoBackend) -> None:
    requests = [asking(question) for question in QUESTIONS]
    first = [answer.text for answer in answers(backend, requests)]
    assert [answer.text for answer in answers(backend, requests)] == first
    assert [answer.text for answer in answers(backend, requests, Condition(order="reversed"))] == first


def test_prompts_that_begin_alike_are_answered_as_without_reading_that_first(
    backend: OpenVinoBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several lengths, so that they part inside a block of the cache and at its edge."""
    examples = "".join(f"What is {n} plus {n + 1}? It is {2 * n + 1}.\n" for n in range(10))
    requests = [asking(f"{examples}What is {n} plus {n}?{' Tell me' * (n % 3)}", max_tokens=12) for n in range(8)]
    shared, computed = backend.work.shared_tokens, backend.work.computed_tokens
    found = [answer.text for answer in answers(backend, requests)]
    assert backend.work.shared_tokens - shared >= 8 * 128
    assert backend.work.computed_tokens - computed < 8 * 128
    backend.close()
    with monkeypatch.context() as patched:
        patched.setattr("evalkit.models.openvino.session.known_before", lambda prompts: {})
        assert [answer.text for answer in answers(backend, requests)] == found


def test_answers_begun_differently_are_each_what_they_are_alone(backend: OpenVinoBackend) -> None:
    """GenAI lets prompts that go on from another share its last block, and each writes over the others."""
    question = Message("user", "Name a colour.")
    begun = (
        "A colour that I like is",
        "The best colour of all is",
        "My favourite one,",
        "Once upon a time, there",
        "No",
    )
    requests = [
        Request(Generate((question, Message("assistant", text)), Decoding(max_tokens=12)))
        for text in (*begun, begun[0])
    ]
    backend.close()
    alone = [answer.text for answer in answers(backend, requests, Condition(batch_size=1))]
    backend.close()
    for _ in range(2):
        answers(backend, [asking("Name a colour.", max_tokens=1)])
        assert [answer.text for answer in answers(backend, requests)] == alone


def test_an_exported_folder_is_the_same_model_under_another_fingerprint(backend: OpenVinoBackend) -> None:
    folder = converted_folder(ENTRY.package.sha256, cache_root())
    exported = open_backend(f"openvino:{folder}", ModelSettings(dtype="float32"))
    requests = [asking(question) for question in QUESTIONS]
    expected = [(answer.text, answer.finish, answer.prompt_tokens) for answer in answers(backend, requests)]
    found = [(answer.text, answer.finish, answer.prompt_tokens) for answer in answers(exported, requests)]
    assert found == expected
    assert exported.info.fingerprint != backend.info.fingerprint
    assert exported.info.context_length == backend.info.context_length == 8192
    exported.close()


def test_sampled_answers_hang_on_their_seed_and_not_on_their_company(backend: OpenVinoBackend) -> None:
    sampled = [asking(question, temperature=0.8, max_tokens=12) for question in QUESTIONS]
    together = [answer.text for answer in answers(backend, sampled)]
    assert [answer.text for answer in answers(backend, list(reversed(sampled)))][::-1] == together
    assert answers(backend, [sampled[0]])[0].text == together[0]
    reseeded = [asking(question, temperature=0.8, max_tokens=12, seed=1) for question in QUESTIONS]
    assert [answer.text for answer in answers(backend, reseeded)] != together


def test_a_stop_string_and_the_limit_end_an_answer(backend: OpenVinoBackend) -> None:
    question = "What is the capital of France?"
    whole, stopped, cut = answers(
        backend, [asking(question), asking(question, stop=("Paris",)), asking(question, max_tokens=3)]
    )
    assert "Paris" in whole.text
    assert whole.finish == "stop"
    assert (stopped.text, stopped.finish) == (whole.text[: whole.text.index("Paris")], "stop")
    assert (cut.finish, cut.output_tokens) == ("length", 3)


def test_leaving_early_lets_the_pipeline_go_on(backend: OpenVinoBackend) -> None:
    session = backend.session(DEFAULT_CONDITION)
    told = session.ask([asking(QUESTIONS[0], max_tokens=4), *(asking(text, max_tokens=200) for text in QUESTIONS)])
    next(iter(told))
    told.close()  # type: ignore[attr-defined]
    assert not backend._engine().pipeline.has_non_finished_requests()
    assert "Paris" in answers(backend, [asking(QUESTIONS[0])])[0].text


def test_a_prompt_that_is_too_long_fails_alone(backend: OpenVinoBackend) -> None:
    session = backend.session(DEFAULT_CONDITION)
    told = dict(session.ask([asking("word " * 9000), asking("Name a colour.", max_tokens=2)]))
    assert told[0].failure is not None
    assert "do not fit" in told[0].failure.message
    assert told[1].failure is None


def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(b"GGUF\x03\x00\x00\x00" + bytes(40))
    for reference in (f"openvino:{tmp_path / 'cut.gguf'}",):
        with pytest.raises(ModelError, match=r"cut\.gguf"):
            open_backend(reference).load()  # type: ignore[attr-defined]
    folder = tmp_path / "exported"
    folder.mkdir()
    for name in ("openvino_model.xml", "openvino_model.bin"):
        (folder / name).write_text("no model")
    (folder / "tokenizer.json").write_bytes(
        (converted_folder(ENTRY.package.sha256, cache_root()) / "tokenizer.json").read_bytes()
    )
    with pytest.raises(ModelError, match="OpenVINO cannot load the model"):
        open_backend(f"openvino:{folder}", ModelSettings(dtype="float32")).load()  # type: ignore[attr-defined]


def test_an_unknown_architecture_is_refused_before_the_graph_leaves_parts_out(tmp_path: Path) -> None:
    import numpy as np
    from gguf import GGUFWriter

    for name, architecture, key in (("new.gguf", "mamba", None), ("long.gguf", "llama", "llama.rope.scaling.type")):
        writer = GGUFWriter(str(tmp_path / name), architecture)
        if key is not None:
            writer.add_string(key, "yarn")
        writer.add_tensor("token_embd.weight", np.zeros((4, 32), dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        with pytest.raises(ModelError, match=r"mamba|rope scaling") as caught:
            convert(tmp_path / name, name, tmp_path, tmp_path / "cache")
        assert "optimum-cli export openvino" in (caught.value.hint or "")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_dir() and path.name != "openvino"]


def test_neither_torch_nor_transformers_is_loaded_once_the_file_is_converted(backend: OpenVinoBackend) -> None:
    assert backend.loaded
    script = (
        "import json, sys; from evalkit.models import ModelManager, ModelSettings; "
        "manager = ModelManager('smollm2-135m', engine='openvino', max_tokens=8); "
        "answer = manager.generate('What is the capital of France?'); "
        "heavy = [name for name in ('torch', 'transformers', 'gguf', 'safetensors') if name in sys.modules]; "
        "print(json.dumps([answer.text, heavy]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    text, heavy = json.loads(done.stdout.splitlines()[-1])
    assert "Paris" in text
    assert heavy == []


def parts_of(name: str, stages: Sequence[dict[str, Any]]) -> set[str]:
    """Names of the parts of a stage, wherever it stands."""
    found: set[str] = set()
    for stage in stages:
        inner = stage.get("stages", [])
        found |= {part["name"] for part in inner} if stage["name"] == name else parts_of(name, inner)
    return found


def test_the_command_line_runs_a_suite_with_it(weights: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evalkit", "run", "smoke", "--model", DEFAULT_MODEL, "--engine", "openvino"]
    command += ["--limit", "3", "--store", str(tmp_path / "runs.db"), "--report", str(tmp_path / "report"), "--json"]
    command.append("--profile")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert told["run"]["model"] == "openvino:smollm2-135m"
    assert "--engine openvino" in told["reproduce"]
    profile = json.loads((tmp_path / "report" / "profile.json").read_text(encoding="utf-8"))
    assert {"tokenise", "prefill", "decode"} <= parts_of("ask the model", profile["stages"])
    (model,) = profile["models"]
    assert model["counters"]["prompts"] == model["answers"] > 0
    assert model["rows"] > 0
    assert weights.is_file()
