"""A dataset that is a query: DuckDB reads files below the suite's folder, and gives rows.

What a suite says is not trusted. A query may read; it may not write, attach, set, load or fetch: the tree that DuckDB
parses it into is looked through first (``query_tree``), and DuckDB is told once more, by settings that are then locked.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from evalkit.data.query_tree import Tree
from evalkit.data.rows import Row
from evalkit.data.spec import QuerySpec
from evalkit.data.values import plain
from evalkit.errors import DatasetError, MissingExtra

BATCH = 1_000
MEMORY = "2GB"
"""More than this is kept on disk while the query runs."""
TYPES = {"text": "VARCHAR", "number": "DOUBLE", "count": "BIGINT", "flag": "BOOLEAN"}


@dataclass(frozen=True, slots=True)
class QuerySource:
    dataset: str
    query: QuerySpec

    @property
    def name(self) -> str:
        return f"{self.dataset} after the query"

    def rows(self) -> Iterator[Row]:
        where = self.query.origin
        with _connected(self.query) as connection, _failures_named(where), ThreadPoolExecutor(1) as beside:
            statement, types = _prepared(connection, self.query)
            _waited_for(beside.submit(connection.execute, statement), connection)
            names = _names([column[0] for column in connection.description], where)
            number = 0
            while batch := _waited_for(beside.submit(connection.fetchmany, BATCH), connection):
                for values in batch:
                    number += 1
                    pairs = zip(names, values, types, strict=True)
                    yield Row({name: _read(value, kind) for name, value, kind in pairs}, number)


def _waited_for(future: Future[Any], connection: Any) -> Any:
    """DuckDB itself goes on to the end of a query when somebody presses Ctrl-C."""
    try:
        return future.result()
    except KeyboardInterrupt:
        connection.interrupt()
        raise


@contextmanager
def _connected(query: QuerySpec) -> Iterator[Any]:
    """A database in memory that reads files of these folders only, and whose settings are locked."""
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtra("a dataset that is a query", "sql") from error
    with tempfile.TemporaryDirectory(prefix="evalkit-query-") as spill:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": spill,
            "memory_limit": MEMORY,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,
        }
        connection = duckdb.connect(":memory:", config=settings)
        try:
            connection.execute("SET allowed_directories = ?", [[*map(str, folders_of(query))]])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield connection
        finally:
            connection.close()


def folders_of(query: QuerySpec) -> list[Path]:
    return [Path(folder).resolve() for folder in (query.folder, *query.reads)]


def _prepared(connection: Any, query: QuerySpec) -> tuple[str, list[str]]:
    """The query with its files' whole names and its functions made known, and the types of its columns."""
    (told,) = connection.execute("SELECT json_serialize_sql(?)", [query.sql]).fetchone()
    tree = Tree(json.loads(told), folders_of(query), query.origin)
    _register(connection, query, tree.functions())
    (statement,) = connection.execute("SELECT json_deserialize_sql(?)", [json.dumps(tree.rewritten())]).fetchone()
    described = connection.execute(f"DESCRIBE {statement}").fetchall()
    types = [str(column[1]) for column in described]
    # Python has such times with a library of their own only
    zoned = [column[0] for column, kind in zip(described, types, strict=True) if kind == "TIMESTAMP WITH TIME ZONE"]
    if zoned:
        written = (f"CAST({_quoted(name)} AS VARCHAR) AS {_quoted(name)}" for name in zoned)
        statement = f"SELECT * REPLACE ({', '.join(written)}) FROM ({statement})"  # noqa: S608 - names are quoted
    return statement, types


def _register(connection: Any, query: QuerySpec, called: Sequence[str]) -> None:
    """Functions that the query calls and DuckDB does not have itself."""
    offered = {name.casefold(): (name, function) for name, function in query.functions().items()}
    for name in called:
        if name not in offered:
            continue
        of_duckdb = connection.execute("SELECT 1 FROM duckdb_functions() WHERE lower(function_name) = ?", [name])
        if of_duckdb.fetchone() is not None:
            continue
        written, (call, arguments, result) = offered[name]
        types = [TYPES[argument] for argument in arguments]
        connection.create_function(written, call, types, TYPES[result], null_handling="special")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _names(names: list[str], where: str) -> list[str]:
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        what = f"the query gives the column '{repeated}' twice"
        raise DatasetError(what, where=where, hint="give one of them another name: AS name")
    return names


def _read(value: Any, kind: str) -> Any:
    """As a file of JSON lines would have it."""
    if value is None:
        return None
    if kind == "JSON" and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and not _has_places(value) else float(value)
    return value if isinstance(value, str | bool | int | float) else plain(value)


def _has_places(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent < 0


@contextmanager
def _failures_named(where: str) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        lines = [line for line in str(error).strip().splitlines() if line.strip()]
        said = lines[0] if lines else type(error).__name__
        hints = [line for line in lines[1:] if line.startswith(("Did you mean", "Candidate bindings"))]
        if "Function with name" in said:
            hints = ["beside DuckDB's own there are metrics: rougeL(answer, reference), words(text), ..."]
        raise DatasetError(f"the query cannot be run: {said[:400]}", where=where, hint="; ".join(hints)) from error
