"""What is said when Hugging Face datasets is not there, and how hub names are read. No file is opened here."""

from __future__ import annotations

import datetime as dt
import decimal
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from evalkit.data import read_rows
from evalkit.data.columnar import plain
from evalkit.errors import DatasetError, MissingExtra


def fake(monkeypatch: pytest.MonkeyPatch, splits: list[str], probe: BaseException | None = None) -> list[Any]:
    """Stands in for the two libraries; returns the calls they get."""
    calls: list[Any] = []

    class Table:
        num_rows = 1

        def slice(self, *_: int) -> Table:
            return self

        def to_pylist(self) -> list[dict[str, Any]]:
            return [{"q": "x"}]

    class Found:
        def with_format(self, _: str) -> Found:
            return self

        def iter(self, batch_size: int) -> list[Table]:
            return [Table()]

    def load_dataset(*args: Any, **options: Any) -> Found:
        calls.append((args, options))
        return Found()

    class Api:
        def dataset_info(self, *_: Any, **__: Any) -> None:
            if probe:
                raise probe

    class OfflineModeIsEnabled(ConnectionError): ...

    datasets: Any = types.ModuleType("datasets")
    datasets.load_dataset = load_dataset
    datasets.get_dataset_split_names = lambda *_, **__: splits
    hub: Any = types.ModuleType("huggingface_hub")
    hub.HfApi = Api
    errors: Any = types.ModuleType("huggingface_hub.errors")
    errors.OfflineModeIsEnabled = OfflineModeIsEnabled
    for name, module in (("datasets", datasets), ("huggingface_hub", hub), ("huggingface_hub.errors", errors)):
        monkeypatch.setitem(sys.modules, name, module)
    return calls


@pytest.mark.parametrize("path", ["a.parquet", "a.arrow", "hub:org/name", "folder"])
@pytest.mark.parametrize("there", [None, types.ModuleType("datasets")])
def test_a_missing_extra_or_a_mere_folder_of_that_name_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, there: types.ModuleType | None
) -> None:
    # None makes the import fail; an empty module is what a folder named datasets/ is imported as
    monkeypatch.setitem(sys.modules, "datasets", there)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(MissingExtra, match="extra 'hf'") as caught:
        list(read_rows(path if path.startswith("hub:") else tmp_path / path))
    assert "pip install 'evalkit-lm[hf]'" in caught.value.hint


def test_a_hub_name_gives_revision_split_and_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fake(monkeypatch, [])
    rows = list(read_rows("hub:org/na.me@v1.0?split=test&config=main"))
    assert [dict(row.values) for row in rows] == [{"q": "x"}]
    assert calls == [(("org/na.me", "main"), {"split": "test", "revision": "v1.0"})]


def test_the_only_split_is_taken_and_several_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fake(monkeypatch, ["train"])
    list(read_rows("hub:org/name"))
    assert calls[0][1]["split"] == "train"
    fake(monkeypatch, ["train", "test"])
    with pytest.raises(DatasetError, match="several splits: train, test") as caught:
        list(read_rows("hub:org/name?config=main"))
    assert "hub:org/name?config=main&split=test" in caught.value.hint


class GatedRepoError(Exception): ...


class RepositoryNotFoundError(Exception): ...


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionError("long story\nwith many lines"), "the hub cannot be reached (ConnectionError)"),
        (GatedRepoError(), "not for everybody"),
        (RepositoryNotFoundError("401 Client Error"), "not for everybody"),
        (RepositoryNotFoundError("404"), "is not on the hub"),
        (ValueError("Config name is missing.\nPick one"), "cannot be loaded: Config name is missing."),
    ],
)
def test_hub_failures_are_one_line_with_a_hint(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    fake(monkeypatch, [], error)
    with pytest.raises(DatasetError) as caught:
        list(read_rows("hub:org/name?split=test"))
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert caught.value.where == "hub:org/name?split=test"


def test_the_offline_switch_of_the_library_uses_what_was_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, [])
    offline = sys.modules["huggingface_hub.errors"].OfflineModeIsEnabled()
    fake(monkeypatch, [], offline)
    sys.modules["huggingface_hub.errors"].OfflineModeIsEnabled = type(offline)  # type: ignore[attr-defined]
    assert len(list(read_rows("hub:org/name?split=test"))) == 1


@pytest.mark.parametrize("path", ["hub:", "hub:a/b/c", "hub:a b", "hub:?split=x"])
def test_a_malformed_hub_name_shows_the_form(path: str) -> None:
    with pytest.raises(DatasetError, match="is no hub dataset") as caught:
        list(read_rows(path))
    assert "hub:ORG/NAME" in caught.value.hint


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(DatasetError, match="unknown option 'splits'") as caught:
        list(read_rows("hub:a/b?splits=test"))
    assert "did you mean 'split'?" in caught.value.hint


def test_values_become_what_json_has() -> None:
    moment = dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.UTC)
    values = {"t": moment, "d": decimal.Decimal("1.50"), "n": [1, None, (2.5, True)], "s": {1: dt.date(2024, 1, 2)}}
    assert plain(values) == {
        "t": "2024-01-02T03:04:00+00:00",
        "d": "1.50",
        "n": [1, None, [2.5, True]],
        "s": {"1": "2024-01-02"},
    }
    assert plain(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
