"""``evalkit schema``: what editors and scripts need to know about the files."""

from __future__ import annotations

import click

KINDS = ["suite", "report", "profile", "modes"]


@click.command("schema")
@click.argument("what", metavar="|".join(KINDS), type=click.Choice(KINDS))
def command(what: str) -> None:
    """Print the JSON Schema of suites, reports, profiles, or the options of modes.

    An editor that knows the schema completes keys and marks mistakes while you write.

    \b
    evalkit schema suite > suite.schema.json
    evalkit schema report > report.schema.json

    Then, as the first line of a suite:

    \b
    # yaml-language-server: $schema=suite.schema.json
    """
    import json

    if what == "suite":
        from evalkit.suite.schema import json_schema
    elif what == "modes":
        from evalkit.modes.mode import json_schema
    elif what == "profile":
        from evalkit.runner.document import profile_schema as json_schema
    else:
        from evalkit.runner.document import json_schema
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
