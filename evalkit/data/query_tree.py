"""What a query may hold, told from the tree that DuckDB parses it into: reading, of data files, below some folders.

A list of what may be there, not of what may not: in DuckDB a ``SELECT`` can write (``WITH x AS (COPY ... TO ...)``) and
run text as SQL (``query('...')``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from evalkit.errors import DatasetError, did_you_mean

NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
TABLES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT"})
READERS = (
    "read_csv",
    "read_csv_auto",
    "read_json",
    "read_json_auto",
    "read_json_objects",
    "read_ndjson",
    "read_ndjson_auto",
    "read_ndjson_objects",
    "read_parquet",
    "parquet_scan",
    "read_text",
    "glob",
)
OTHER_FUNCTIONS = ("range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree")
SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
PACKED = (".gz", ".zst")
_PATTERN = "*?["


class Tree:
    """Raises ``DatasetError`` for a query that could do more than read."""

    def __init__(self, parsed: dict[str, Any], folders: Sequence[Path], where: str) -> None:
        """``folders``: the first is what relative names start from."""
        self._folders = folders
        self._where = where
        if parsed.get("error"):
            raise self._no_query(str(parsed.get("error_message", "")))
        if len(parsed["statements"]) != 1:
            raise self._wrong(f"the query is {len(parsed['statements'])} statements, and must be one SELECT")
        self._parsed = parsed
        self._named = {str(entry["key"]) for entry in self._maps() if "key" in entry}
        """What the query itself names: WITH name AS (...)."""
        self._look_through()

    def rewritten(self) -> dict[str, Any]:
        """With the whole names of its files: DuckDB would take them from the working directory."""
        for place in self._dicts():
            if place.get("type") == "BASE_TABLE" and self._is_file(place):
                whole = self._whole(place["table_name"])
                place["table_name"] = whole
                place["qualified_name"] = {"path": [whole]}
            elif place.get("type") == "TABLE_FUNCTION" and place["function"]["function_name"].lower() in READERS:
                self._with_whole_arguments(place["function"]["arguments"])
        return self._parsed

    def functions(self) -> list[str]:
        """The names of all that it calls, in small letters."""
        return sorted({str(place["function_name"]).lower() for place in self._dicts() if "function_name" in place})

    def _dicts(self) -> Iterator[dict[str, Any]]:
        waiting: list[Any] = [self._parsed["statements"]]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                yield one
                waiting.extend(one.values())
            elif isinstance(one, list):
                waiting.extend(one)

    def _maps(self) -> Iterator[dict[str, Any]]:
        for place in self._dicts():
            found = place.get("cte_map")
            yield from found.get("map", ()) if isinstance(found, dict) else ()

    def _look_through(self) -> None:
        for place in self._dicts():
            kind = place.get("type")
            if not isinstance(kind, str) or "class" in place:  # expressions have a class: they only compute
                continue
            if kind.endswith("_NODE") and kind not in NODES:
                verb = kind.removesuffix("_NODE").removesuffix("_QUERY").lower()
                raise self._wrong(f"the query would {verb}: it may only read")
            if "alias" in place and "sample" in place and kind not in TABLES:
                raise self._wrong(f"the query reads what datasets may not ({kind.lower()})")
            if kind == "TABLE_FUNCTION":
                self._look_at_function(str(place["function"]["function_name"]).lower())
            elif kind == "BASE_TABLE":
                self._look_at_table(place)

    def _look_at_function(self, name: str) -> None:
        known = (*READERS, *OTHER_FUNCTIONS)
        if name not in known:
            hint = did_you_mean(name, known, "it may call")
            raise DatasetError(f"the query reads from {name}(), which it may not", where=self._where, hint=hint)

    def _look_at_table(self, place: dict[str, Any]) -> None:
        name = str(place["table_name"])
        if len(place.get("qualified_name", {}).get("path", [name])) > 1 or name in self._named:
            return
        if self._is_file(place):
            return
        ends = ", ".join(SUFFIXES)
        hint = f"a file is written in quotes and ends in {ends}: FROM 'rows/*.parquet'; others: read_csv('...')"
        raise self._wrong(f"the query reads '{name}', which is no file of data and nothing that it names itself", hint)

    def _is_file(self, place: dict[str, Any]) -> bool:
        name = str(place["table_name"])
        if len(place.get("qualified_name", {}).get("path", [name])) > 1 or name in self._named:
            return False
        plain = name.lower()
        for packed in PACKED:
            plain = plain.removesuffix(packed)
        return plain.endswith(SUFFIXES)

    def _with_whole_arguments(self, arguments: list[dict[str, Any]]) -> None:
        """Of a reader: its first argument is a name, or a list of names."""
        first = arguments[0]["expression"] if arguments else {}
        is_list = first.get("function_name") == "list_value"
        names = [one["expression"] for one in first["arguments"]] if is_list else [first]
        for name in names:
            literal = name.get("literal", {})
            if name.get("class") != "CONSTANT" or literal.get("kind") != "STRING":
                raise self._wrong("the query makes up the name of a file", "write it as it is: read_csv('rows.csv')")
            literal["text"] = self._whole(str(literal["text"]))

    def _whole(self, name: str) -> str:
        if "://" in name:
            raise self._wrong(f"the query reads '{name}', and may read files of this machine only")
        whole = self._folders[0] / Path(name).expanduser()
        fixed = Path(*_until(whole.parts, lambda part: any(mark in part for mark in _PATTERN)))
        if ".." in whole.parts[len(fixed.parts) :]:
            raise self._wrong(f"the query reads '{name}': '..' cannot stand behind a pattern")
        resolved = fixed.resolve()
        if not any(resolved.is_relative_to(folder) for folder in self._folders):
            listed = " and ".join(map(str, self._folders))
            hint = "name its folder: query: {sql: ..., reads: [FOLDER]}"
            raise self._wrong(f"the query reads '{name}', which is not below {listed}", hint)
        return str(resolved.joinpath(*whole.parts[len(fixed.parts) :]))

    def _no_query(self, message: str) -> DatasetError:
        if message.startswith("Only SELECT"):
            return self._wrong("the query is not a SELECT, and may only read")
        return self._wrong(f"the query cannot be read: {message}")

    def _wrong(self, message: str, hint: str = "a dataset's query is one SELECT over files") -> DatasetError:
        return DatasetError(message, where=self._where, hint=hint)


def _until(parts: Sequence[str], ends: Callable[[str], bool]) -> Iterator[str]:
    for part in parts:
        if ends(part):
            return
        yield part
