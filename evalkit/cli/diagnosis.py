"""What ``evalkit doctor`` looks at. Each look returns what it found; none of them can fail the others."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import evalkit
from evalkit.configuration import Configuration, Settings, configure
from evalkit.errors import EvalkitError

DISTRIBUTION = "evalkit-lm"
LEAST_PYTHON = (3, 11)
FOR_TESTS = ("test", "lint", "all")
"""Extras that no evaluation needs."""
SECONDS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    state: str
    """``ok``, ``note`` (works, but know this) or ``problem`` (the default job cannot run)."""
    detail: str
    fix: str = ""


def examine(store: str | None = None, *, online: bool = False) -> list[Finding]:
    configuration, findings = _configuration(store)
    looks: dict[str, Callable[[], Iterable[Finding]]] = {
        "python": _python,
        "evalkit": _core,
        "extras": lambda: _extras(configuration),
        "plugins": _plugins,
        "readability": _readability,
        "device": lambda: _device(configuration),
        "default model": lambda: _model(configuration, online=online),
        "runs database": lambda: _store(configuration),
        "reports": lambda: _reports(configuration),
    }
    if online:
        looks["model hub"] = _hub
    for name, look in looks.items():
        try:
            findings.extend(look())
        except EvalkitError as error:
            findings.append(Finding(name, "problem", _said(error), error.hint))
        except Exception as error:  # noqa: BLE001 - a broken environment breaks in any way, and this is where it shows
            findings.append(
                Finding(
                    name, "problem", f"{type(error).__name__}: {error}", f"reinstall: pip install -U {DISTRIBUTION}"
                )
            )
    return findings


def _said(error: EvalkitError) -> str:
    return f"{error.where}: {error.message}" if error.where else error.message


def _configuration(store: str | None) -> tuple[Configuration, list[Finding]]:
    try:
        found = configure({"store": store})
    except EvalkitError as error:
        return Configuration(Settings()), [Finding("configuration", "problem", _said(error), error.hint)]
    origins = sorted({origin for origin in found.origins.values() if not origin.startswith("--")})
    return found, [Finding("configuration", "ok", ", ".join(origins) or "defaults")]


def _python() -> Iterator[Finding]:
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < LEAST_PYTHON:
        yield Finding("python", "problem", detail, "evalkit needs Python 3.11 or newer")
    else:
        yield Finding("python", "ok", detail)


# --- packages ---------------------------------------------------------------------------------------------------------


def _requirements() -> dict[str, list[str]]:
    """Extra to names of packages; the empty extra is what evalkit always needs."""
    found: dict[str, list[str]] = {}
    for line in requires(DISTRIBUTION) or []:
        package = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"""extra\s*==\s*['"]([^'"]+)""", line)
        if package and package[0] != DISTRIBUTION:
            found.setdefault(extra[1] if extra else "", []).append(package[0])
    return found


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _core() -> Iterator[Finding]:
    try:
        needed = _requirements().get("", [])
    except PackageNotFoundError:
        detail = f"{evalkit.__version__}, not installed as a package: no check, metric or model is registered"
        yield Finding("evalkit", "problem", detail, f"pip install {DISTRIBUTION}, or pip install -e . in a checkout")
        return
    missing = [package for package in needed if not _installed(package)]
    if missing:
        fix = f"pip install {' '.join(missing)}"
        yield Finding("evalkit", "problem", f"{evalkit.__version__}, without {', '.join(missing)}", fix)
    else:
        yield Finding("evalkit", "ok", f"{evalkit.__version__} with {len(needed)} packages")


def _extras(configuration: Configuration) -> Iterator[Finding]:
    """What is not installed is a problem only where the model that is asked by default needs it."""
    from evalkit.models.registry import ENGINES, resolve

    reference, settings = configuration.model_settings(configuration.settings.model)
    scheme = ENGINES.get(settings.engine or "") or resolve(reference).scheme
    try:
        requirements = _requirements()
    except PackageNotFoundError:
        return
    for extra, packages in requirements.items():
        if not extra or extra in FOR_TESTS:
            continue
        versions = {package: _installed(package) for package in packages}
        missing = [package for package, found in versions.items() if not found]
        shown = ", ".join(f"{package} {found}" for package, found in versions.items() if found)
        if not missing:
            yield Finding(f"extra {extra}", "ok", shown)
            continue
        state = "problem" if extra == scheme else "note"
        fix = f"pip install '{DISTRIBUTION}[{extra}]'"
        yield Finding(f"extra {extra}", state, f"not installed: {', '.join(missing)}", fix)


def _plugins() -> Iterator[Finding]:
    from evalkit import plugins

    loaded = 0
    broken = False
    for group in plugins.GROUPS:
        for name in plugins.names(group):
            try:
                plugins.load(group, name)
                loaded += 1
            except EvalkitError as error:
                broken = True
                yield Finding("plugins", "problem", error.message, error.hint)
    if not broken:
        yield Finding("plugins", "ok", f"{loaded} checks, metrics, models, readers, generators and reporters load")


def _readability() -> Iterator[Finding]:
    from evalkit.metrics.readability import measure

    measure("The cat sat on the mat. It was a warm and quiet afternoon.")
    yield Finding("readability", "ok", "works offline")


# --- machine ----------------------------------------------------------------------------------------------------------


def _device(configuration: Configuration) -> Iterator[Finding]:
    from evalkit.models.hf.options import resolve_device

    asked = configuration.settings.device
    device = resolve_device(asked)
    cpus = os.cpu_count() or 1
    detail = f"{device}, {cpus} CPUs" if device == "cpu" else f"{device} beside {cpus} CPUs"
    yield Finding("device", "ok", detail + ("" if asked == "auto" else f" (configured: {asked})"))


def _model(configuration: Configuration, *, online: bool) -> Iterator[Finding]:
    from evalkit.cli.models import cached
    from evalkit.models.catalog import find
    from evalkit.models.fetch import cache_root
    from evalkit.models.registry import resolve

    name, settings = configuration.model_settings(configuration.settings.model)
    entry = find(name.partition("?")[0])
    if entry is None:
        yield Finding("default model", "ok", f"{resolve(name).text}, as configured; not opened")
    elif cached(entry, cache_root(settings.cache_dir)):
        yield Finding("default model", "ok", f"{name} is in the cache")
    else:
        fix = f"fetch it now: evalkit models pull {entry.name}"
        yield Finding("default model", "note", f"{name} is fetched by the first run ({entry.download_mb} MB)", fix)
        if online:
            yield _index(entry.package.project, entry.package.version)


def _index(project: str, wanted: str) -> Finding:
    """By pip itself, so that a company's mirror and certificates apply; nothing is downloaded."""
    import subprocess

    command = [sys.executable, "-m", "pip", "index", "versions", project, "--disable-pip-version-check", "--no-input"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            command, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        reached = done.returncode == 0 and wanted in done.stdout
    except (OSError, subprocess.TimeoutExpired):
        reached = False
    if reached:
        return Finding("package index", "ok", f"has {project} {wanted}, which carries the default model")
    fix = "check the network or pip's index setting; where only the model hub is reached, use smollm2-135m?source=hub"
    return Finding("package index", "problem", f"does not give {project} {wanted}", fix)


def _hub() -> Iterator[Finding]:
    """Needed for hf:ORG/NAME alone, so never a problem of the default job."""
    try:
        from huggingface_hub import constants
    except ImportError:
        return
    import httpx

    try:
        httpx.head(constants.ENDPOINT, timeout=SECONDS, follow_redirects=True)
    except httpx.HTTPError as error:
        fix = "check the network or HF_ENDPOINT; the default model and local folders need no hub"
        yield Finding("model hub", "note", f"cannot be reached ({type(error).__name__})", fix)
    else:
        yield Finding("model hub", "ok", "reached")


# --- where things are kept --------------------------------------------------------------------------------------------


def _store(configuration: Configuration) -> Iterator[Finding]:
    from evalkit.cli.past import find_store
    from evalkit.store.migrations import version_of

    url = configuration.settings.store
    store = find_store(url)
    if store is None:
        _require_writable(Path(url.removeprefix("sqlite:///")).expanduser())
        yield Finding("runs database", "ok", f"{url} is made by the first run")
        return
    with store:
        with store.database.writing() as connection:  # takes the writer's place and changes nothing
            schema = version_of(connection)
        runs = len(store.list_runs())
        many = "1 run" if runs == 1 else f"{runs:,} runs"
        yield Finding("runs database", "ok", f"{store.location}, schema {schema}, {many}, can be written")


def _require_writable(file: Path) -> None:
    from evalkit.errors import StoreError

    existing = next(place for place in file.absolute().parents if place.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise StoreError(f"cannot be made in {existing}", where=str(file), hint="give another path with --store")


def _reports(configuration: Configuration) -> Iterator[Finding]:
    from evalkit.cli.evaluation import require_writable

    folder = Path(configuration.settings.report)
    require_writable(folder)
    yield Finding("reports", "ok", f"{folder}/ can be written")
