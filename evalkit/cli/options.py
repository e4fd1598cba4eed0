"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from evalkit.configuration import Configuration
    from evalkit.store import Store

Command = Callable[..., Any]

model_option = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="REF",
    help="smollm2-135m, hf:ORG/NAME, ./folder, http://HOST/v1?model=NAME, mock:oracle, ... Repeat to compare.",
)
store_option = click.option("--store", metavar="URL", help="Runs database: path or URL.  [default: .evalkit/runs.db]")
revision_option = click.option(
    "--revision",
    type=click.IntRange(min=0),
    metavar="N",
    help="The outcome as revision N has it; 0 as the run ended.  [default: the newest]",
)
trust_option = click.option(
    "--trust-code", is_flag=True, default=None, help="Let functions run that the suite names in transform."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


redact_option = click.option(
    "--redact",
    multiple=True,
    metavar="KIND",
    help="Take email, phone, iban, card, ip, ssn or key out of answers before they are kept (repeatable).",
)


def scope_options(command: Command) -> Command:
    for option in (
        click.option("--seed", type=click.IntRange(min=0), help="Seed of sampled generation, in place of the suite's."),
        click.option(
            "--only", multiple=True, metavar="CHECK", help="Run this check alone (repeatable). Marks the run partial."
        ),
        click.option("--limit", type=int, help="At most N cases of every check. Marks the run partial."),
    ):
        command = option(command)
    return command


def engine_options(command: Command) -> Command:
    for option in (
        click.option("--batch-size", type=int, help="Prompts generated at once by a local model."),
        click.option("--dtype", help="float32, bfloat16 or float16.  [default: what suits the device]"),
        click.option(
            "--engine",
            type=click.Choice(["transformers", "openvino"]),
            metavar="NAME",
            help="What runs a local model: transformers, or openvino, the fast one on a CPU.",
        ),
        click.option("--device", help="auto, cpu, cuda, cuda:1 or mps.  [default: auto]"),
    ):
        command = option(command)
    return command


def trusts_code(options: Mapping[str, Any]) -> bool:
    """By the option, or else as it is configured."""
    from evalkit.configuration import configure

    return configure({"trust_code": options["trust_code"]}).settings.trust_code


def open_configured_store(configuration: Configuration) -> Store:
    from evalkit.store import open_store

    return open_store(configuration.settings.store)
