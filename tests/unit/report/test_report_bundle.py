"""Scripts of others: asked for once, kept whole or not at all, and never trusted because of where they lie."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from evalkit.report import bundle
from evalkit.report.notices import notices, with_notices

DRAWS = "window.vegaEmbed = () => {};  // ünï"
TRACES = [
    ("Octal literals are not allowed in strict mode", "Esprima", "BSD 2-Clause"),
    ("1.653654562683102", "Apache Commons Math", "Apache 2.0"),
    ('"loess"', "science.js", "BSD 3-Clause"),
    ("rSquared", "d3-regression", "BSD 3-Clause"),
    ("archimedean", "d3-cloud", "BSD 3-Clause"),
    ("isocontour", "d3-contour", "BSD 3-Clause"),
    ("mollweide", "d3-geo", "ISC"),
    ("1f77b4", "ColorBrewer", "Apache 2.0"),
    ("11102230246251565", "Delaunator", "ISC"),
    ("#3366CC", "Vega Themes", "BSD 3-Clause"),
    ("Invalid Version", "semver", "ISC"),
    ("OPERATION_PATH_INVALID", "fast-json-patch", "MIT"),
]
"""Parts of minified scripts are known by what they say, and by numbers that they alone have."""
REAL = bundle.scripts
"""Before the fixture of this folder takes it away."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """How often the package was asked, in a cache of its own."""
    times: list[str] = []

    def ask() -> str:
        times.append("asked")
        return DRAWS

    REAL.cache_clear()
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path))
    monkeypatch.setattr(metadata, "version", lambda name: "1.2.3/..")
    monkeypatch.setattr(bundle, "_asked", ask)
    return times


def kept(folder: Path) -> Path:
    (path,) = folder.glob("scripts/*")
    return path


def test_the_package_is_asked_once_and_then_a_file_is_read(asked: list[str], tmp_path: Path) -> None:
    assert REAL() == with_notices(DRAWS)
    assert kept(tmp_path).name == "vega-1.2.3-...js"
    for _ in range(3):
        REAL.cache_clear()
        assert REAL() == with_notices(DRAWS)
    assert asked == ["asked"]


def test_licences_travel_with_the_scripts_and_end_neither_comment_nor_element(asked: list[str]) -> None:
    text = REAL()
    assert text is not None
    notices, _, script = text.partition("*/\n")
    assert script == DRAWS
    assert bundle.fits_into_a_page(text)
    for holder in ("Vega.", "Vega-Lite.", "Vega-Embed.", "D3."):
        assert f"\n{holder} Copyright " in notices
    for words in ("Redistributions in binary form must reproduce", "AS IS", "this permission notice", "Apache License"):
        assert words in notices


@pytest.fixture(scope="module")
def script() -> str:
    """What the installed package brings."""
    text = bundle._asked()
    if text is None:
        pytest.skip("pictures need vl-convert-python: pip install 'evalkit-lm[report]'")
    return text


@pytest.mark.parametrize(("trace", "holder", "licence"), TRACES)
def test_whoever_wrote_a_part_is_named_with_their_licence(script: str, trace: str, holder: str, licence: str) -> None:
    assert trace in script, "no longer among the scripts: its notice can go"
    until_next = rf"(?ms)^{re.escape(holder)}\. (Copyright .*?)\n(?=\n|[^\n]+\. Copyright )"
    entry = re.search(until_next, notices())
    assert entry is not None
    assert licence in entry[1]


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-3], lambda b: b.replace(b"Embed", b"Evil!"), lambda b: b"", lambda b: b"\xff"]
)
def test_what_is_not_as_it_was_written_is_made_again(asked: list[str], tmp_path: Path, damage) -> None:
    REAL()
    path = kept(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    REAL.cache_clear()
    assert REAL() == with_notices(DRAWS)
    assert path.read_bytes() == whole
    assert asked == ["asked", "asked"]


def test_a_cache_that_cannot_be_written_costs_time_only(asked: list[str], tmp_path: Path) -> None:
    (tmp_path / "scripts").write_text("a file where the folder should be")
    assert REAL() == with_notices(DRAWS)
    assert [path.name for path in tmp_path.iterdir()] == ["scripts"]


@pytest.mark.parametrize("text", ["a</script>", "a</SCRIPT >", "<!-- a", "'<script>'"])
def test_a_script_that_could_end_its_element_is_not_taken(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(bundle, "_asked", lambda: text)
    assert REAL() is None
    assert not list(tmp_path.glob("scripts/*"))


def test_without_the_package_there_are_none(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert REAL() is None
    assert asked == []
