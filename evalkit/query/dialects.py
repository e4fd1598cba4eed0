"""How each database takes a stored JSON document apart, so that a view is written once."""

from __future__ import annotations

SILENT_SECONDS = 60
"""As long as a run's lease holds."""


class Sqlite:
    """Functions of ours are registered with the connection."""

    at_home = "main."
    """Before a table's name, for a view of that name lies over it."""
    session: tuple[str, ...] = ()
    """Statements that make what the views need."""

    def text(self, document: str, key: str) -> str:
        return f"json_extract({_without_nul(document)}, '$.{key}')"

    def number(self, document: str, key: str) -> str:
        return f"json_extract({document}, '$.{key}')"

    part = flag = number

    def shown(self, column: str) -> str:
        """A name as it is, which a column may hold as an escaped JSON string."""
        return f"CASE WHEN substr({column}, 1, 1) = '\"' THEN json_extract({column}, '$') ELSE {column} END"

    def each(self, document: str, key: str, alias: str) -> str:
        """A row for each item of a list, or each entry of an object."""
        return f"json_each({document}, '$.{key}') AS {alias}"

    entries = each

    def item(self, alias: str) -> str:
        return f"{alias}.value"

    def is_text(self, alias: str) -> str:
        return f"{alias}.type = 'text'"

    def words(self, column: str, alias: str) -> str:
        """A row for each of a column's words, with its ``key``, from 0."""
        return f"""json_each(CASE {column} WHEN '' THEN '[]' ELSE
            '["' || replace({column}, ' ', '","') || '"]' END) AS {alias}"""

    def at(self, document: str, place: str) -> str:
        """An item of a list; the last, where the list is shorter."""
        return f"json_extract({document}, '$[' || min({place}, json_array_length({document}) - 1) || ']')"

    def contents(self, document: str) -> str:
        """All that the messages of a row say."""
        return f"""(SELECT group_concat(json_extract(said.value, '$[1]'), char(10))
            FROM json_each({_without_nul(document)}, '$.messages') AS said)"""

    def slice(self, document: str) -> str:
        return f"""coalesce((SELECT group_concat(named.key || '=' || named.value, ',')
            FROM json_each({document}, '$.slice') AS named), '')"""

    def silent(self, heartbeat: str) -> str:
        return f"{heartbeat} < CAST(strftime('%s', 'now') AS REAL) - {SILENT_SECONDS}"

    def moment(self, seconds: str) -> str:
        return f"strftime('%Y-%m-%dT%H:%M:%f+00:00', {seconds}, 'unixepoch')"

    def value(self) -> str:
        return "evalkit_value(scores.run_id, scores.check_name, measured.key, measured.value)"

    def dataset(self) -> str:
        return "evalkit_dataset(scores.run_id, scores.check_name)"

    def knowing_checks(self) -> tuple[str, str]:
        """What stands before a SELECT, and what it joins, so that ``value`` and ``dataset`` know a score's check."""
        return "", ""


def _without_nul(document: str) -> str:
    """SQLite ends a text at the first NUL that JSON writes."""
    return f"replace({document}, '\\u0000', '\\ufffd')"


class Postgresql:
    """Functions of ours stand in the session's own schema; nothing of them stays."""

    def __init__(self, schema: str) -> None:
        """``schema``: where the tables are."""
        self.at_home = '"' + schema.replace('"', '""') + '".'

    session = (
        r"""
        CREATE FUNCTION pg_temp.evalkit_json(document text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN document ~ '\\u(0000|[dD][89a-fA-F])' THEN
            regexp_replace(regexp_replace(regexp_replace(document, '\\u0000', '\\ufffd', 'g'),
                '\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])', '\\ufffd', 'g'),
                '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\\ufffd', 'g')::jsonb
        ELSE document::jsonb END $$
        """,
    )
    """Its JSON can hold neither NUL nor lone surrogates."""

    def _json(self, document: str) -> str:
        return document if document.endswith(".value") else f"pg_temp.evalkit_json({document})"

    def text(self, document: str, key: str) -> str:
        path = key.replace("[", ",").replace("]", "").replace(".", ",")
        return f"({self._json(document)} #>> '{{{path}}}')"

    part = text

    def number(self, document: str, key: str) -> str:
        return f"CAST({self.text(document, key)} AS double precision)"

    def flag(self, document: str, key: str) -> str:
        return f"CAST(CAST({self.text(document, key)} AS boolean) AS integer)"

    def shown(self, column: str) -> str:
        return f"CASE WHEN substr({column}, 1, 1) = '\"' THEN {self._json(column)} #>> '{{}}' ELSE {column} END"

    def each(self, document: str, key: str, alias: str) -> str:
        return f"LATERAL jsonb_array_elements({self._json(document)} -> '{key}') AS {alias}(value)"

    def entries(self, document: str, key: str, alias: str) -> str:
        return f"LATERAL jsonb_each({self._json(document)} -> '{key}') AS {alias}(key, value)"

    def item(self, alias: str) -> str:
        return f"({alias}.value #>> '{{}}')"

    def is_text(self, alias: str) -> str:
        return f"jsonb_typeof({alias}.value) = 'string'"

    def words(self, column: str, alias: str) -> str:
        return f"""LATERAL (SELECT split.value, split.place - 1 AS key
            FROM regexp_split_to_table({column}, ' ') WITH ORDINALITY AS split(value, place)
            WHERE split.value <> '') AS {alias}"""

    def at(self, document: str, place: str) -> str:
        last = f"jsonb_array_length({self._json(document)}) - 1"
        return f"({self._json(document)} ->> CAST(least({place}, {last}) AS integer))"

    def contents(self, document: str) -> str:
        return f"""(SELECT string_agg(said.value ->> 1, chr(10) ORDER BY said.place)
            FROM jsonb_array_elements({self._json(document)} -> 'messages')
            WITH ORDINALITY AS said(value, place))"""

    def slice(self, document: str) -> str:
        return f"""coalesce((SELECT string_agg(named.key || '=' || named.value, ',')
            FROM jsonb_each_text({self._json(document)} -> 'slice') AS named(key, value)), '')"""

    def silent(self, heartbeat: str) -> str:
        return f"{heartbeat} < extract(epoch FROM now()) - {SILENT_SECONDS}"

    def moment(self, seconds: str) -> str:
        return f"""to_char(to_timestamp({seconds}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"')"""

    def value(self) -> str:
        first = "CAST(measured.value ->> 0 AS double precision)"
        second = "nullif(CAST(measured.value ->> 1 AS double precision), 0)"
        return f"""CASE (SELECT metric.value ->> 'kind' FROM jsonb_array_elements(of_check.metrics) AS metric(value)
            WHERE metric.value ->> 'name' = measured.key)
            WHEN 'quantile' THEN {first} WHEN 'rate' THEN {first} / {second}
            WHEN 'mean' THEN {first} / {second} WHEN 'ratio' THEN {first} / {second} END"""

    def dataset(self) -> str:
        return (
            "(SELECT known.value FROM jsonb_each_text(of_check.datasets) AS known WHERE known.key = of_check.dataset)"
        )

    def knowing_checks(self) -> tuple[str, str]:
        """Each result is taken apart once, and not once a row."""
        known = f"""WITH of_check AS MATERIALIZED (
            SELECT results.run_id, one.value ->> 'name' AS check_name, one.value ->> 'dataset' AS dataset,
                one.value -> 'metrics' AS metrics, pg_temp.evalkit_json(runs.datasets) AS datasets
            FROM {self.at_home}results JOIN {self.at_home}runs ON runs.id = results.run_id,
            LATERAL jsonb_array_elements(pg_temp.evalkit_json(results.document) -> 'checks') AS one(value)) """
        named = self.shown("scores.check_name")
        return known, f"LEFT JOIN of_check ON of_check.run_id = scores.run_id AND of_check.check_name = {named}"


Dialect = Sqlite | Postgresql
