"""A suite file as plain data that remembers where every key was written, through ``extends`` too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.errors import SuiteError, did_you_mean
from evalkit.suite.find import bundled_suites, shown_path

KeyPath = tuple[str | int, ...]
MOST_NODES = 100_000
MADE_OF = {"suite": "name, datasets, checks and gates", "scenario": "name, about and kind"}
TOO_DEEP = "an alias contains itself, or nesting is too deep"


@dataclass(slots=True)
class Source:
    path: Path
    data: dict[str, Any]
    lines: dict[KeyPath, str] = field(default_factory=dict)
    """Key path to ``file:line``."""

    def where(self, keys: KeyPath) -> str:
        """The closest place known: an invented key has no line, its parent has."""
        for length in range(len(keys), -1, -1):
            if keys[:length] in self.lines:
                return self.lines[keys[:length]]
        return shown_path(self.path)


def read_source(path: Path, *, seen: tuple[Path, ...] = (), what: str = "suite") -> Source:
    """Read a suite and, first, what it extends: files relative to it, or bundled suites by name. ``what`` it is.

    Mappings merge key by key; anything else is replaced.
    """
    resolved = path.resolve()
    if resolved in seen:
        chain = " -> ".join(p.name for p in (*seen, resolved))
        raise SuiteError(f"suites extend each other in a circle: {chain}", where=shown_path(path))
    source = _parse(path, what)
    _anchor_paths(source)
    parents = source.data.pop("extends", None)
    if parents is None:
        return source
    names = [parents] if isinstance(parents, str) else parents
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SuiteError("'extends' is a suite file or a list of them", where=source.where(("extends",)))
    merged = Source(path, {}, {})
    for name in names:
        parent = (path.parent / name).resolve()
        if not parent.is_file():
            known = bundled_suites()
            if name not in known:
                hint = did_you_mean(name, known, "bundled suites (or give a file, relative to this one)")
                where = source.where(("extends",))
                raise SuiteError(f"extends '{name}', which is not there", where=where, hint=hint)
            parent = known[name]
        _merge(merged, read_source(parent, seen=(*seen, resolved)))
    _merge(merged, source)
    return merged


def _parse(path: Path, what: str) -> Source:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        said = f"is not written in UTF-8 (byte {error.start + 1})"
        raise SuiteError(said, where=shown_path(path), hint="save the file as UTF-8 text") from error
    except OSError as error:
        said = f"cannot be read: {error.strerror or error}"
        raise SuiteError(said, where=shown_path(path), hint=f"a {what} is a .yaml file that you may read") from error
    yaml = YAML(typ="rt")
    try:
        tree = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = (error.problem or error.context or "cannot be parsed").split("\n")[0]
        raise SuiteError(
            f"not valid YAML: {what}",
            where=f"{shown_path(path)}:{line}",
            hint="check the indentation and quotes around that line",
        ) from error
    except RecursionError as error:
        raise SuiteError(TOO_DEEP, where=shown_path(path)) from error
    except (YAMLError, ValueError) as error:
        raise SuiteError(f"not valid YAML: {str(error).splitlines()[0]}", where=shown_path(path)) from error
    if not isinstance(tree, Mapping):
        raise SuiteError(f"a {what} is a mapping with {MADE_OF[what]}", where=f"{shown_path(path)}:1")
    file = shown_path(path)
    reader = _Reader(file)
    try:
        data = reader.plain(tree)
    except RecursionError as error:
        raise SuiteError(TOO_DEEP, where=file) from error
    return Source(path, data, reader.lines)


class _Reader:
    """Ordinary containers and scalars out of ruamel's, noting lines on the way."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._nodes = 0
        self.lines: dict[KeyPath, str] = {(): f"{file}:1"}

    def plain(self, node: Any, keys: KeyPath = ()) -> Any:
        self._nodes += 1
        if self._nodes > MOST_NODES:  # aliases of aliases grow without end: a few lines can name a billion nodes
            raise SuiteError(f"a suite of more than {MOST_NODES:,} values; are its aliases nested?", where=self._file)
        tag = getattr(getattr(node, "tag", None), "value", None)
        if tag:
            where = self.lines.get(keys, self._file)
            raise SuiteError(f"the YAML tag '{tag}' means nothing here", where=where, hint="write the plain value")
        if isinstance(node, Mapping):
            for key in node:
                self.lines[(*keys, str(key))] = _line(node, key, self._file)
            return {str(key): self.plain(value, (*keys, str(key))) for key, value in node.items()}
        if isinstance(node, list):
            if (places := getattr(node, "lc", None)) is not None:
                for index in range(len(node)):
                    self.lines[(*keys, index)] = f"{self._file}:{places.item(index)[0] + 1}"
            return [self.plain(value, (*keys, index)) for index, value in enumerate(node)]
        if isinstance(node, bool) or node is None:
            return node
        for kind in (int, float, str):
            if isinstance(node, kind):
                return kind(node)
        return str(node)


def _line(node: Any, key: Any, file: str) -> str:
    try:
        return f"{file}:{node.lc.key(key)[0] + 1}"
    except (AttributeError, KeyError, TypeError):  # came in by a YAML merge (<<), which keeps no lines
        return file


def _anchor_paths(source: Source) -> None:
    """Paths are relative to the file that wrote them; after this they are absolute."""
    _anchor_needs(source)
    _anchor_scenarios(source)
    datasets = source.data.get("datasets")
    if not isinstance(datasets, dict):
        return
    for config in datasets.values():
        if not isinstance(config, dict):
            continue
        prompt = config.get("prompt")
        few_shot = prompt.get("few_shot") if isinstance(prompt, dict) else None
        folder = source.path.parent
        for holder in (config, few_shot):
            if isinstance(holder, dict) and isinstance(holder.get("path"), str):
                holder["path"] = _anchored(holder["path"], folder)
        if isinstance(config.get("transform"), str):
            config["transform"] = _anchored(config["transform"], folder)
        if isinstance(config.get("query"), str):
            config["query"] = {"sql": config["query"]}
        if isinstance(config.get("query"), dict):
            _anchor_query(config["query"], folder)


def _anchor_scenarios(source: Source) -> None:
    modes = source.data.get("modes")
    isolation = modes.get("isolation") if isinstance(modes, dict) else None
    further = isolation.get("scenarios") if isinstance(isolation, dict) else None
    if isinstance(further, list):
        further[:] = [str(source.path.parent / one) if isinstance(one, str) else one for one in further]


def _anchor_needs(source: Source) -> None:
    """Of suites that are there; other names may be bundled ones."""
    needs, folder = source.data.get("needs"), source.path.parent
    if not isinstance(needs, list):
        return
    for place, need in enumerate(needs):
        name = need.get("suite") if isinstance(need, dict) else need
        if not isinstance(name, str) or not name or not Path(_anchored(name, folder)).is_file():
            continue
        if isinstance(need, dict):
            need["suite"] = _anchored(name, folder)
        else:
            needs[place] = _anchored(name, folder)


def _anchor_query(query: dict[str, Any], folder: Path) -> None:
    if "folder" in query or "sql" in query:
        query["folder"] = _anchored(str(query.get("folder") or "."), folder)
    if isinstance(query.get("reads"), list):
        query["reads"] = [_anchored(one, folder) if isinstance(one, str) else one for one in query["reads"]]


def _anchored(text: str, folder: Path) -> str:
    if text.startswith("hub:") or not text:
        return text
    path = folder / Path(text).expanduser()
    return str(path.resolve())


def _merge(into: Source, other: Source) -> None:
    def merge(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        for key, value in theirs.items():
            if isinstance(value, dict) and isinstance(ours.get(key), dict):
                merge(ours[key], value)
            else:
                ours[key] = value

    merge(into.data, other.data)
    into.lines.update(other.lines)
