"""What the commands about data share."""

from __future__ import annotations

import click

CONTRACTS = ("evalkit", "chat", "instruction", "preference")
contract_option = click.option(
    "--contract",
    type=click.Choice(CONTRACTS),
    default="evalkit",
    show_default=True,
    help="Which columns a row has: evalkit: prompt and references; chat: input, output; "
    "instruction: instruction, input, output; preference: prompt, chosen, rejected.",
)
force_option = click.option("--force", is_flag=True, help="Overwrite what is there.")


def many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
