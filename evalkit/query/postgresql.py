"""A PostgreSQL server that is only read: views and functions of the session, then a transaction that cannot write.

The question goes to the server as one prepared statement: the server itself refuses several, wherever it sees one end.
Sent as plain text, ``SELECT 1; COMMIT; DELETE ...`` would end that transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import exc

from evalkit.errors import ConfigurationError, EvalkitError, StoreError, did_you_mean
from evalkit.query.dialects import Postgresql
from evalkit.query.statements import first_word
from evalkit.query.views import VIEWS, View
from evalkit.store import Store

CANCELLED, READ_ONLY, NO_TABLE, NO_COLUMN = "57014", "25006", "42P01", "42703"
NO_FUNCTION = "42883"
SEVERAL, WRITING = "multiple commands", "data-modifying"
"""As the server says that it was given several statements, and a WITH that writes."""


class _Asked:
    """What the server answers, read as far as is wanted: the driver's own cursor reads all there is."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._told: Any = None

    def execute(self, question: str) -> None:
        if first_word(question) == "EXPLAIN":
            self._told = self._connection.execute_unnamed(question)
        else:
            self._connection.execute_unnamed(f"DECLARE asked NO SCROLL CURSOR FOR {question}")

    @property
    def description(self) -> list[tuple[str]] | None:
        told = self._told or self._connection.execute_unnamed("FETCH 0 FROM asked")
        return [(column["name"],) for column in told.columns] if told.columns is not None else None

    def fetchmany(self, count: int) -> list[Any]:
        told = self._told or self._connection.execute_unnamed(f"FETCH {count} FROM asked")
        return list(told.rows or ())[:count]

    def fetchall(self) -> list[Any]:
        told = self._told or self._connection.execute_unnamed("FETCH ALL FROM asked")
        return list(told.rows or ())


@contextmanager
def asking(store: Store, question: str, seconds: float) -> Iterator[Any]:
    raw = store.database.engine.raw_connection()
    connection: Any = raw.driver_connection
    driver: Any = store.database.engine.dialect.dbapi
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT current_schema()")
            dialect = Postgresql(cursor.fetchone()[0])
            for statement in (*dialect.session, *(view.statement(dialect) for view in _asked_for(question))):
                cursor.execute(statement)
            connection.commit()
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")
            yield _Asked(connection)
            connection.rollback()
    except (exc.DBAPIError, driver.Error) as error:
        raise _explained(error, seconds) from error
    finally:
        raw.invalidate()  # with it goes what is the session's own


def _asked_for(question: str) -> Iterator[View]:
    """Each costs a moment to make."""
    said = question.lower()
    return (view for view in VIEWS if view.name in said)


def _explained(error: Any, seconds: float) -> EvalkitError:
    told = error.args[0] if error.args else str(error)
    code, said = (told.get("C", ""), told.get("M", "")) if isinstance(told, dict) else ("", str(told))
    if code == CANCELLED:
        return StoreError(f"no answer within {seconds:g} seconds", where="SQL", hint="ask for less, or --timeout N")
    if SEVERAL in said:
        return ConfigurationError("these are several statements", where="SQL", hint="ask one at a time")
    if code == READ_ONLY or WRITING in said:
        return ConfigurationError("this would do more than read", where="SQL", hint="ask with SELECT")
    hint = "evalkit sql --tables lists what can be asked for"
    if code in {NO_TABLE, NO_COLUMN} and (named := re.search(r'"([^"]+)"', said)):
        known = [view.name for view in VIEWS]
        if code == NO_COLUMN:
            known = list(dict.fromkeys(column for view in VIEWS for column, _ in view.columns))
        hint = did_you_mean(named[1], known)
    if code == NO_FUNCTION:
        hint = "PostgreSQL's own functions; metrics are functions of a database that is a SQLite file"
    return ConfigurationError(said, where="SQL", hint=hint)
