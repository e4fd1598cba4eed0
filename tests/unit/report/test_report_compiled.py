"""Templates are compiled once, and a compiled one is used only where it is what this process would have made."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from evalkit.report import compiled
from evalkit.report.compiled import CompiledTemplates, place

Rendered = Callable[[], str]


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the templates that were compiled."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    seen: list[str] = []
    original = Environment._generate

    def counting(self: Environment, source: object, name: str, *rest: object, **named: object) -> str:
        seen.append(name)
        return original(self, source, name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Environment, "_generate", counting)
    return seen


@pytest.fixture
def rendered(tmp_path: Path) -> Rendered:
    (tmp_path / "page.j2").write_text("one {{ word }}", encoding="utf-8")

    def render() -> str:
        loader = FileSystemLoader(tmp_path)
        environment = Environment(loader=loader, autoescape=True, bytecode_cache=CompiledTemplates())
        return environment.get_template("page.j2").render(word="<b>")

    return render


def kept(folder: Path) -> Path:
    found = place(str(folder / "page.j2"))
    assert found is not None
    return found


def test_a_template_is_compiled_once(rendered: Rendered, compilations: list[str]) -> None:
    assert {rendered() for _ in range(3)} == {"one &lt;b&gt;"}
    assert compilations == ["page.j2"]


def test_a_changed_template_is_compiled_again(tmp_path: Path, rendered: Rendered, compilations: list[str]) -> None:
    rendered()
    (tmp_path / "page.j2").write_text("two {{ word }}", encoding="utf-8")
    assert rendered() == "two &lt;b&gt;"
    assert len(compilations) == 2


def test_another_version_compiles_again(
    rendered: Rendered, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered()
    monkeypatch.setattr(compiled.jinja2, "__version__", "99.0")
    rendered()
    assert len(compilations) == 2


def test_a_file_that_is_cut_or_changed_is_not_run(tmp_path: Path, rendered: Rendered, compilations: list[str]) -> None:
    rendered()
    whole = kept(tmp_path).read_bytes()
    planted = whole[: 2 * compiled.DIGEST] + marshal.dumps(compile("raise SystemExit(9)", "planted", "exec"))
    for damaged in (b"", whole[:40], whole[:-7], whole[:-1] + b"\0\0", planted):
        kept(tmp_path).write_bytes(damaged)
        assert rendered() == "one &lt;b&gt;"
    assert len(compilations) == 6


def test_nothing_is_written_where_python_writes_no_compiled_modules(
    tmp_path: Path, rendered: Rendered, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    rendered(), rendered()
    assert len(compilations) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["page.j2"]


def test_a_folder_that_cannot_be_written_is_no_fault(
    tmp_path: Path, rendered: Rendered, compilations: list[str]
) -> None:
    (tmp_path / "__pycache__").write_text("a file where the folder would be", encoding="utf-8")
    assert [rendered(), rendered()] == ["one &lt;b&gt;"] * 2
    assert len(compilations) == 2


def test_compiled_templates_lie_where_compiled_modules_do(
    tmp_path: Path, rendered: Rendered, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "elsewhere"))
    rendered()
    assert len(compilations) == 1
    assert kept(tmp_path).is_relative_to(tmp_path / "elsewhere")
    assert not (tmp_path / "__pycache__").exists()
    assert [path.name for path in kept(tmp_path).parent.iterdir()] == [kept(tmp_path).name]
