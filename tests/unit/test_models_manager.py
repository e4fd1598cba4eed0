"""ModelManager: nothing is loaded at construction, and what is impossible is refused there."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from evalkit.errors import ConfigurationError, EvalkitError, ModelError
from evalkit.models import ModelManager
from evalkit.records import Decoding, Message


def test_construction_imports_no_heavy_library() -> None:
    program = (
        "import sys; from evalkit.models import ModelManager; manager = ModelManager('smollm2-135m', max_tokens=64); "
        "assert not manager.loaded; "
        "sys.exit(sum(name in sys.modules for name in ('torch', 'transformers', 'datasets', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_default_is_the_embedded_model() -> None:
    manager = ModelManager()
    assert manager.info.reference == "smollm2-135m"
    assert repr(manager) == "ModelManager('smollm2-135m', not loaded)"


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("", {}),
        ("  ", {}),
        ("no-such-model", {}),
        ("mock:echo", {"max_tokens": 0}),
        ("mock:echo", {"max_tokens": 2.5}),
        ("mock:echo", {"max_tokens": True}),
        ("mock:echo", {"temperature": -0.1}),
        ("mock:echo", {"temperature": 2.1}),
        ("mock:echo", {"temperature": "hot"}),
        ("mock:echo", {"temperature": float("nan")}),
        ("mock:echo", {"top_p": 1.5}),
        ("mock:echo", {"top_p": -1}),
        ("mock:echo", {"seed": "x"}),
        ("mock:echo", {"tempratur": 1}),
        ("smollm2-135m", {"device": "quantum"}),
        ("smollm2-135m", {"dtype": "float7"}),
        ("smollm2-135m", {"batch_size": 0}),
    ],
)
def test_impossible_settings_are_refused_at_construction(model: str, options: dict[str, Any]) -> None:
    with pytest.raises(EvalkitError) as refused:
        ModelManager(model, **options)
    assert isinstance(refused.value, ConfigurationError | ModelError)
    assert refused.value.exit_code == 2


def test_a_misspelt_option_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError) as refused:
        ModelManager("mock:echo", max_token=5)
    assert "did you mean 'max_tokens'" in refused.value.hint


@pytest.mark.parametrize("prompt", ["", "  \n", [], [Message("user", " ")]])
def test_an_empty_prompt_is_refused(prompt: Any) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        ModelManager("mock:echo").generate(prompt)


@pytest.mark.parametrize("prompt", [[{"role": "user"}], [{"role": "robot", "content": "x"}], [3], [Message("user", 3)]])
def test_what_is_no_message_is_refused(prompt: Any) -> None:
    with pytest.raises(ConfigurationError):
        ModelManager("mock:echo").generate(prompt)


def test_one_bad_prompt_of_a_batch_is_found_before_anything_is_asked() -> None:
    manager = ModelManager("mock:echo")
    with pytest.raises(ConfigurationError):
        manager.generate_batch(["fine", ""])
    assert not manager.loaded


def test_a_mock_answers_through_the_manager() -> None:
    with ModelManager("mock:echo") as manager:
        assert manager.loaded
        assert manager.generate("Hello there").text == "Hello there"
        answers = manager.generate_batch(["one", [{"role": "user", "content": "two"}]])
        assert [answer.text for answer in answers] == ["one", "two"]
    assert not manager.loaded


def test_decoding_of_a_call_wins_over_the_managers() -> None:
    manager = ModelManager("mock:echo", max_tokens=7, stop="x")
    assert manager.decoding == Decoding(max_tokens=7, stop=("x",))
    with pytest.raises(ConfigurationError):
        manager.generate("Hi", max_tokens=-1)
    with pytest.raises(ConfigurationError, match="unknown decoding option"):
        manager.generate("Hi", device="cpu")


def test_a_model_without_weights_takes_no_adapter() -> None:
    with pytest.raises(ModelError, match="no adapters"):
        ModelManager("mock:echo").apply_adapter("anything")


def test_the_rooms_lazy_names_are_there_and_others_are_not() -> None:
    from evalkit import models

    assert models.open_backend("mock:echo").info.backend == "mock"
    assert models.ModelSettings().device == "auto"
    with pytest.raises(AttributeError):
        _ = models.nothing


@pytest.mark.parametrize("none", [None, [], ()])
def test_no_stop_texts_are_none(none: Any) -> None:
    assert ModelManager("mock:echo", stop="x").generate("a x b", stop=none).text == "a x b"


@pytest.mark.parametrize("stop", [3, ["a", 3], {"a": 1}])
def test_stop_texts_are_texts(stop: Any) -> None:
    with pytest.raises(ConfigurationError, match="stop must be"):
        ModelManager("mock:echo", stop=stop)
