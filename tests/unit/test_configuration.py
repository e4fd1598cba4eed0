"""Settings: which place wins, and errors that name key and place without repeating secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.configuration import Settings, configure
from evalkit.errors import ConfigurationError


def write(folder: Path, text: str, name: str = "evalkit.toml") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def refused(folder: Path, environ: dict[str, str] | None = None, **options: object) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        configure(options, folder=folder, environ=environ or {}).model_settings("mine")
    return caught.value


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert configure(folder=tmp_path, environ={}).settings == Settings()


def test_file_then_variable_then_option(tmp_path: Path) -> None:
    write(tmp_path, "model = 'from-file'\nstore = 'file.db'\nlimit = 5\n")
    environ = {"EVALKIT_MODEL": "from-variable", "EVALKIT_STORE": "variable.db"}
    found = configure({"model": "from-option", "store": None}, folder=tmp_path, environ=environ)
    assert (found.settings.model, found.settings.store, found.settings.limit) == ("from-option", "variable.db", 5)
    assert found.origins["model"] == "--model"
    assert found.origins["store"] == "EVALKIT_STORE"
    assert found.origins["limit"].endswith("evalkit.toml")


def test_the_nearest_file_wins_and_parents_are_searched(tmp_path: Path) -> None:
    write(tmp_path, "[tool.evalkit]\nmodel = 'outer'\n", "pyproject.toml")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert configure(folder=inner, environ={}).settings.model == "outer"
    write(tmp_path / "a", "[project]\nname = 'x'\n", "pyproject.toml")  # without our table: not ours
    assert configure(folder=inner, environ={}).settings.model == "outer"
    write(tmp_path / "a", "model = 'inner'\n")
    assert configure(folder=inner, environ={}).settings.model == "inner"


def test_a_broken_pyproject_is_somebody_elses_and_a_broken_evalkit_toml_ours(tmp_path: Path) -> None:
    write(tmp_path, "[tool.evalkit\n", "pyproject.toml")
    assert configure(folder=tmp_path, environ={}).settings == Settings()
    write(tmp_path, "model = \n")
    assert "cannot be read" in refused(tmp_path).message


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, "\ufeffmodel = 'm'\n")
    assert configure(folder=tmp_path, environ={}).settings.model == "m"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("EVALKIT_MODEL", "", "model is ''"),
        ("EVALKIT_DEVICE", "toaster", "device is 'toaster'"),
        ("EVALKIT_LIMIT", "-3", "limit is '-3'"),
        ("EVALKIT_LIMIT", "", "limit is ''"),
        ("EVALKIT_TIMEOUT", "inf", "timeout is 'inf'"),
        ("EVALKIT_MODLE", "x", "unknown key 'modle'"),
        ("EVALKIT_MODELS", "x", "models cannot be set by a variable"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, value: str, says: str) -> None:
    error = refused(tmp_path, {variable: value})
    assert says in error.message
    assert error.where == variable


@pytest.mark.parametrize("variable", ["EVALKIT_TEST_DATA", "EVALKIT_CACHE", "EVALKIT_API_KEY", "EVALKIT_CI_IMAGE"])
def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path, variable: str) -> None:
    assert configure(folder=tmp_path, environ={variable: "whatever"}).settings == Settings()


def test_a_key_may_be_in_a_variable_that_looks_like_a_setting(tmp_path: Path) -> None:
    write(tmp_path, "[models.mine]\nref = 'http://h/v1?model=m'\napi_key_env = 'EVALKIT_STORE_KEY'\n")
    reference, settings = configure(folder=tmp_path, environ={"EVALKIT_STORE_KEY": "s3cret"}).model_settings("mine")
    assert (reference, settings.api_key_env) == ("http://h/v1?model=m", "EVALKIT_STORE_KEY")


def test_a_named_model_has_its_own_settings(tmp_path: Path) -> None:
    write(
        tmp_path,
        "timeout = 5\ndevice = 'cpu'\n[models.mine]\nref = 'http://h/invocations'\ntimeout = 9\n"
        "response = 'predictions.0'\n[models.mine.body]\ninputs = ['{{ prompt }}']\n",
    )
    configuration = configure(folder=tmp_path, environ={})
    reference, settings = configuration.model_settings("mine")
    assert reference == "http://h/invocations"
    assert (settings.timeout, settings.device) == (9.0, "cpu")
    assert (settings.body, settings.response) == ({"inputs": ["{{ prompt }}"]}, "predictions.0")
    other, plain = configuration.model_settings("mock:echo")
    assert (other, plain.timeout, plain.body) == ("mock:echo", 5.0, None)


def test_variables_and_options_outrank_a_named_models_table(tmp_path: Path) -> None:
    write(tmp_path, "[models.mine]\nref = 'hf:./m'\ndevice = 'cuda'\ndtype = 'float16'\nbatch_size = 4\n")
    configuration = configure({"device": "cpu"}, folder=tmp_path, environ={"EVALKIT_DTYPE": "float32"})
    settings = configuration.model_settings("mine")[1]
    assert (settings.device, settings.dtype, settings.batch_size) == ("cpu", "float32", 4)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[models.mine]\ntimeout = 3\n", "model 'mine' has no ref"),
        ("[models.mine]\nref = ''\n", "model 'mine' has no ref"),
        ("[models.mine]\nref = 'm'\ntimeout = 'soon'\n", "timeout is 'soon'"),
        ("[models.mine]\nref = 'm'\nconcurrency = 0\n", "concurrency is 0"),
        ("[models.mine]\nref = 'm'\ndevice = 'toaster'\n", "device is 'toaster'"),
        ("[models.mine]\nref = 'm'\nadapter = 3\n", "adapter is 3"),
        ("[models.mine]\nref = 'm'\ncontext_length = 0\n", "context_length is 0"),
        ("[models.mine]\nref = 'm'\nrespons = 'x'\n", "unknown key 'respons' of model 'mine'"),
    ],
)
def test_a_wrong_table_is_explained_with_its_place(tmp_path: Path, table: str, says: str) -> None:
    write(tmp_path, table)
    error = refused(tmp_path)
    assert says in error.message
    assert error.where.endswith("evalkit.toml [models.mine]")


@pytest.mark.parametrize(
    "text", ["models = 's3cret'\n", "[models]\nmine = 's3cret'\n", "[models.mine]\nkey='s3cret'\n"]
)
def test_what_people_put_into_the_wrong_place_is_not_repeated(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert "s3cret" not in str(refused(tmp_path))
