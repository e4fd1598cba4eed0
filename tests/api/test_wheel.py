"""What people install: everything that evalkit reads at run time, nothing that it does not, and it works elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytest.importorskip("hatchling", reason="building a wheel needs the package 'hatchling'")
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what a wheel is made of: a build may leave traces beside its sources."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for folder in ("evalkit", "suites", "datasets"):
        shutil.copytree(ROOT / folder, source / folder, ignore=IGNORED)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    build = "import os, sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(built)], cwd=source, check=True, capture_output=True)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As an installer lays it out; pure Python needs no more than that."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("EVALKIT_", "COVERAGE_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=where,
        env=own | {"PYTHONPATH": str(installed), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("folder", ["suites", "datasets"])
def test_every_suite_and_dataset_is_in_it(folder: str, names: set[str]) -> None:
    wanted = {path.name for path in (ROOT / folder).iterdir() if path.suffix in {".yaml", ".jsonl", ".md"}}
    assert wanted
    assert {f"evalkit/bundled/{folder}/{name}" for name in wanted} <= names


def test_every_file_of_the_package_is_in_it(names: set[str]) -> None:
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "evalkit").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    }
    assert "evalkit/py.typed" in sources
    assert "evalkit/report/templates/report.css" in sources
    assert "evalkit/cli/starter/suite.yaml" in sources
    assert "evalkit/metrics/hf/rougeL/rougeL.py" in sources
    assert sources <= names


def test_nothing_else_is_in_it(names: set[str]) -> None:
    outside = {name for name in names if not name.startswith("evalkit/") and ".dist-info/" not in name}
    assert not outside
    files = {name.rpartition("/")[2] for name in names}
    assert not {name for name in files if name.startswith(("test_", "conftest", ".")) or name.endswith(".pyc")}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_bundled_suites_run_far_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "-m", "evalkit", "run", "smoke", "--model", "mock:oracle", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.glob("reports/*/report.html"))
    failed = run(installed, tmp_path, "-m", "evalkit", "run", "smoke", "--model", "mock:echo", "--quiet")
    assert failed.returncode == 1


def test_what_is_imported_is_the_wheel_and_nothing_heavy(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys, evalkit; print(evalkit.__file__); from evalkit.suite.find import bundled_suites; "
        "print(*bundled_suites().values(), sep='\\n'); print(sorted({'torch', 'transformers', 'datasets', 'evaluate'} "
        "& set(sys.modules)))"
    )
    said = run(installed, tmp_path, "-c", code).stdout.splitlines()
    assert all(line.startswith(str(installed)) for line in said[:-1])
    assert len(said) > 6
    assert said[-1] == "[]"


def test_the_starter_passes_and_fails_as_it_should(installed: Path, tmp_path: Path) -> None:
    assert run(installed, tmp_path, "-m", "evalkit", "init").returncode == 0
    started = ("-m", "evalkit", "run", "evals/suite.yaml", "--quiet", "--model")
    assert run(installed, tmp_path, *started, "mock:oracle").returncode == 0
    assert run(installed, tmp_path, *started, "mock:echo").returncode == 1
