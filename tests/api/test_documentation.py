"""The documentation is true: its commands end as they say, its code runs, its links lead somewhere, its tables hold.

A page is a session. Its blocks are taken in order, in one empty folder: a block whose first line is a comment with a
file name is written to that file, ``sh`` blocks are run where no real model and no network is needed, Python is run.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from evalkit import plugins
from evalkit.cli.main import COMMANDS
from evalkit.configuration import Settings
from evalkit.errors import PRECEDENCE, ExitCode
from evalkit.models.mock.degraded import DEGRADATIONS
from evalkit.models.reference import ModelSettings
from evalkit.suite.schema import json_schema

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "reports" / "README.md"))
SESSIONS = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/configuration.md",
    "docs/failures.md",
    "docs/python.md",
    "docs/suites.md",
]
ASKS_NO_MODEL = {"list", "show", "report", "compare", "models", "data", "init", "doctor", "schema", "delete"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"#\s*exit code (\d+)")
FILE_NAME = re.compile(r"#\s*([\w./-]+\.(?:yaml|py|toml))\s*$")


@dataclass(frozen=True)
class Block:
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block is, by its first line."""
        found = FILE_NAME.match(self.text.partition("\n")[0])
        return found[1] if found else ""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> Iterator[Block]:
    for match in FENCE.finditer(read(name)):
        yield Block(match[1], match[2])


def can_run(line: str) -> bool:
    """Commands that ask mocks, or nobody."""
    words = shlex.split(line, comments=True)
    words = [word for word in words if not re.match(r"[A-Z_]+=", word)]
    if len(words) < 2 or words[0] != "evalkit":
        return False
    asks = words[1] in {"run", "plan"}
    models = [words[place + 1] for place, word in enumerate(words) if word == "--model"]
    if asks:
        return bool(models) and all(model.startswith(("mock:", "parrot:")) for model in models)
    return words[1] in ASKS_NO_MODEL and "pull" not in words


class Session:
    """A reader who follows a page, command by command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = ""
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("EVALKIT_")}
        self.environment |= {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "NO_COLOR": "1", "COLUMNS": "120"}

    def follow(self, block: Block) -> int:
        """How much of the block was run."""
        if block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        if not block.language and block.text.startswith("error:"):
            assert block.text == self.said, "the page shows another message than the command before it"
        if block.language == "python":
            return self._python(block)
        if block.language == "sh":
            return sum(self._command(line) for line in block.text.splitlines() if line.strip())
        return 0

    def _python(self, block: Block) -> int:
        if block.file and not block.file.startswith("test_"):
            return 0  # a module, imported when a command needs it
        if "import pytest" in block.text:
            (self.folder / "test_page.py").write_text(block.text, encoding="utf-8")
            arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--evalkit-model", "mock:echo", "test_page.py"]
        else:
            arguments = ["-c", block.text]
        self._run([sys.executable, *arguments], block.text, expected=0)
        return 1

    def _command(self, line: str) -> int:
        if line.strip() == "pip install -e .":
            self._install()
            return 0
        if not can_run(line):
            return 0
        said = EXIT.search(line)
        words = shlex.split(line, comments=True)
        given = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
        rest = [word for word in words if not re.match(r"[A-Z_]+=", word)]
        target = None
        if ">" in rest:
            target = self.folder / rest[rest.index(">") + 1]
            rest = rest[: rest.index(">")]
        out = self._run(
            [sys.executable, "-m", "evalkit", *rest[1:]], line, expected=int(said[1]) if said else 0, extra=given
        )
        if target:
            target.write_text(out, encoding="utf-8")
        return 1

    def _run(self, command: list[str], shown: str, *, expected: int, extra: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | (extra or {}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == expected, f"{shown}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert "Traceback" not in done.stderr
        self.said = done.stderr
        return done.stdout

    def _install(self) -> None:
        """What an installer would record of the project in this folder; it is on the path already."""
        project = tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        recorded = self.folder / f"{project['name']}-{project['version']}.dist-info"
        recorded.mkdir()
        head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (recorded / "METADATA").write_text(head, encoding="utf-8")
        lines = []
        for group, points in project["entry-points"].items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
        (recorded / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("page", SESSIONS)
def test_what_a_page_shows_runs_and_ends_as_it_says(page: str, tmp_path: Path) -> None:
    session = Session(tmp_path)
    assert sum(session.follow(block) for block in blocks(page)), f"{page} shows nothing that can be run"


def test_the_readme_shows_whole_files_that_a_reader_can_use() -> None:
    """Were a file name to get lost, the commands after it would fail; were a command to, nothing would."""
    files = {block.file for block in blocks("README.md") if block.file}
    assert files == {"evals/support.yaml", "shouting.py", "pyproject.toml", "evals/calm.yaml", "test_model.py"}
    commands = [line for block in blocks("README.md") if block.language == "sh" for line in block.text.splitlines()]
    assert sum(can_run(line) for line in commands) >= 12


def test_the_check_of_the_readme_is_twenty_lines() -> None:
    check = next(block for block in blocks("README.md") if block.file == "shouting.py")
    assert len([line for line in check.text.splitlines() if line.strip() and not line.startswith("#")]) <= 20


def test_hooks_for_other_projects_pass_on_a_fresh_one(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.follow(Block("sh", "evalkit init"))
    hooks = YAML(typ="safe").load(read(".pre-commit-hooks.yaml"))
    assert {hook["id"] for hook in hooks} == {"evalkit-data", "evalkit-suite"}
    for hook in hooks:
        files = [] if hook.get("pass_filenames") is False else ["evals/questions.jsonl"]
        assert all(re.search(hook["files"], name) for name in files)
        command = shlex.join([*shlex.split(hook["entry"]), *hook.get("args", []), *files])
        assert session.follow(Block("sh", command)) == 1


def test_our_own_hooks_can_be_read() -> None:
    (repository,) = YAML(typ="safe").load(read(".pre-commit-config.yaml"))["repos"]
    assert all({"id", "name", "entry", "language"} <= set(hook) for hook in repository["hooks"])


# --- links ------------------------------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """As code hosts make them of headings."""
    found = set()
    for heading in re.findall(r"^#{1,6} (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_files_that_the_pages_name_are_there() -> None:
    named = {name for page in PAGES for name in re.findall(r"`((?:tests|evalkit|suites)/[\w./-]+)`", read(str(page)))}
    assert named
    assert not [name for name in sorted(named) if not (ROOT / name).exists() and "bundled" not in name]


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        for link in re.findall(r"\]\(([^)#\s:]+)", page.read_text(encoding="utf-8")):
            waiting.append((page.parent / link).resolve())
    assert not [str(page.relative_to(ROOT)) for page in PAGES if page.resolve() not in reached]


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["README.md", "docs/design.md"])
def test_exit_codes_are_those_of_the_code(page: str) -> None:
    _, _, after = read(page).partition("| code | meaning |")
    rows = re.findall(r"^\| (\d+) \| (\S.*) \|$", after.partition("\n\n")[0], re.MULTILINE)
    assert [int(code) for code, _ in rows] == [int(code) for code in ExitCode]
    assert f"the first of {', '.join(str(int(code)) for code in PRECEDENCE)} wins" in " ".join(read(page).split())


def test_the_design_gives_the_order_of_imports_that_is_asserted() -> None:
    layers = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]["layers"]
    _, _, after = read("docs/design.md").partition("Imports go down only, in this order: ")
    shown = after.partition(". ")[0].split("←")
    assert [set(re.findall(r"`(\w+)`", step)) for step in shown] == [
        {name.strip() for name in layer.split("|")} for layer in reversed(layers)
    ]


def properties(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


def test_suites_explains_every_key() -> None:
    text = read("docs/suites.md")
    keys = sorted(set(properties(json_schema())))
    assert not [key for key in keys if f"`{key}`" not in text and f".{key}`" not in text]


def test_suites_explains_every_option_of_every_check_with_its_default() -> None:
    text = read("docs/suites.md")
    known = {point: plugins.load("evalkit.checks", point) for point in plugins.names("evalkit.checks")}
    ours = {name: check for name, check in known.items() if check.__module__.startswith("evalkit.")}
    for name, check in ours.items():
        assert f"(checks/{name}.md)" in text
        for option, field in check.Options.model_fields.items():
            row = re.search(rf"^\|[^|]*\| `{option}` \| ([^|]+) \|", text, re.MULTILINE)
            assert row, f"{name}.{option}"
            default = row[1].strip().strip("`")
            if isinstance(field.default, bool | int | float):
                assert json.loads(default) == field.default


def test_suites_gives_the_defaults_of_the_code() -> None:
    schema = json_schema()
    text = read("docs/suites.md")
    sections = {"Generation": "## Generation", "DatasetConfig": "## Datasets"}
    for name, heading in sections.items():
        section = text.partition(heading)[2]
        for key, said in schema["$defs"][name]["properties"].items():
            default = said.get("default")
            if isinstance(default, bool | int | float):
                row = re.search(rf"^\| `{key}` \| ([^|]+) \|", section, re.MULTILINE)
                assert row, key
                assert float(row[1].strip("` ")) == default


def test_configuration_explains_every_setting_with_its_default() -> None:
    text = read("docs/configuration.md")
    for name, field in Settings.model_fields.items():
        row = re.search(rf"^\| `{name}` \| ([^|]+) \|", text, re.MULTILINE)
        assert row, name
        if isinstance(field.default, str | bool | float):
            assert row[1].strip("` ") == (
                json.dumps(field.default)
                if isinstance(field.default, bool)
                else f"{field.default:g}"
                if isinstance(field.default, float)
                else str(field.default)
            )
    for name in ModelSettings.__dataclass_fields__:
        assert f"`{name}`" in text


@pytest.mark.parametrize("page", ["endpoints.md", "sensitivity.md"])
def test_the_pages_name_every_kind_of_damage(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [kind for kind in DEGRADATIONS if f"`{kind}`" not in text] == []


def test_the_changes_count_the_kinds_of_damage() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"`mock:degraded` knows {len(DEGRADATIONS)} kinds of damage" in changes


def test_the_changes_name_every_command_check_and_suite() -> None:
    text = read("CHANGELOG.md")
    suites = [path.stem for path in (ROOT / "suites").glob("*.yaml")]
    assert not [name for name in (*COMMANDS, *suites) if f"`{name}`" not in text]
    checks = [path.stem for path in (ROOT / "docs" / "checks").glob("*.md") if path.stem != "README"]
    assert not [name for name in checks if name not in text]


# --- what must not stand in public ------------------------------------------------------------------------------------

MACHINES = re.compile(r"/(?:home|root|tmp|work|Users|var/folders)/[\w.]|[\w.:-]+/simple\b")


def public_files() -> list[Path]:
    names = (".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "Makefile", "constraints.txt")
    named = [ROOT / name for name in names]
    reports = [path for path in (ROOT / "reports" / "example").rglob("*") if path.is_file()]
    return [path for path in (*PAGES, *named, *reports) if path.exists()]


@pytest.mark.parametrize("path", public_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_names_a_machine_or_a_package_index(path: Path) -> None:
    assert not MACHINES.findall(path.read_text(encoding="utf-8"))


# --- the example run and the pictures ---------------------------------------------------------------------------------


def test_the_example_report_is_whole_and_of_the_default_model() -> None:
    folder = ROOT / "reports" / "example"
    logs = {"bias-log.jsonl", "bias-review.html", "safety-log.jsonl"}
    expected = {"report.html", "report.md", "report.json", "junit.xml", "reviews.jsonl", *logs}
    assert {path.name for path in folder.iterdir()} == expected
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["run"]["suite"] == "quickstart"
    assert report["run"]["model"] == Settings().model
    assert report["run"]["partial"] is False


def test_the_example_report_says_what_its_reviews_say() -> None:
    folder = ROOT / "reports" / "example"
    (told,) = json.loads((folder / "report.json").read_text(encoding="utf-8"))["reviews"]
    lines = [json.loads(line) for line in (folder / "reviews.jsonl").read_text(encoding="utf-8").splitlines()]
    assert told["labels"] == Counter(line["label"] for line in lines)
    assert told["reviewed"] == told["items"] == len(lines)


def test_pictures_are_small_enough_to_load() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.png"))
    assert len(pictures) >= 2
    for picture in pictures:
        data = picture.read_bytes()
        assert data.startswith(b"\x89PNG\r\n")
        assert len(data) < 300_000, picture.name
