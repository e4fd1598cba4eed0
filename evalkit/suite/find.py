"""A suite by path, or by the name of one that ships with evalkit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from evalkit.errors import SuiteError, did_you_mean

SUFFIXES = (".yaml", ".yml")


@cache
def bundled(folder: str) -> Path:
    """``suites`` or ``datasets``: inside the installed wheel, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "bundled" / folder
    return installed if installed.is_dir() else package.parent / folder


def shown_path(path: Path) -> str:
    """How messages and reports name a suite file: from here where it lies below, and never by where evalkit lies."""
    for root, prefix in ((Path.cwd(), Path()), (bundled("suites"), Path("suites"))):
        if path.is_absolute() and path.is_relative_to(root):
            return str(prefix / path.relative_to(root))
    return str(path)


def bundled_suites() -> dict[str, Path]:
    return {path.stem: path for path in sorted(bundled("suites").glob("*.yaml"))}


def find_suite(text: str) -> Path:
    """A path that exists wins over a bundled name."""
    if not text.strip():
        raise SuiteError("the suite name is empty", hint=f"bundled suites: {', '.join(bundled_suites())}")
    path = Path(text).expanduser()
    if path.is_file():
        return path
    known = bundled_suites()
    if text in known:
        return known[text]
    if path.is_dir():
        raise SuiteError(f"'{text}' is a folder, not a suite file", hint="name the .yaml file inside it")
    if path.suffix in SUFFIXES or len(path.parts) > 1:
        raise SuiteError(f"there is no suite file '{text}'", hint=did_you_mean(path.stem, known, "bundled suites"))
    raise SuiteError(
        f"there is no suite '{text}'", hint=did_you_mean(text, known, "bundled suites (or give a path to a .yaml file)")
    )
