"""``evalkit models``: what has a short name, who would answer, and fetching before it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import json_option

if TYPE_CHECKING:
    from evalkit.models.catalog import CatalogEntry
    from evalkit.records import ModelInfo


@click.group("models")
def command() -> None:
    """List, describe and fetch models.

    \b
    evalkit models list
    evalkit models info hf:./my-finetune
    evalkit models pull smollm2-135m
    """


@command.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """List the models that have a short name, and how else to name one.

    \b
    evalkit models list
    evalkit models list --json
    """
    from evalkit.cli.screen import cell, columns, console, print_json
    from evalkit.models.catalog import CATALOG, DEFAULT_MODEL

    entries = [_entry(entry) for entry in CATALOG.values()]
    if as_json:
        print_json(entries)
        return
    screen = console()
    table = columns("name", "model", "licence", "download", "state", whole=("name", "model", "licence", "download"))
    for entry in entries:
        name = f"{entry['name']} (default)" if entry["name"] == DEFAULT_MODEL else entry["name"]
        state = "cached" if entry["cached"] else "not fetched"
        table.add_row(
            cell(name, "bold"),
            cell(entry["title"]),
            cell(entry["licence"]),
            cell(f"{entry['download_mb']} MB"),
            cell(state, "green" if entry["cached"] else "yellow"),
        )
    screen.print(table)
    screen.print()
    others = columns("other models", "", whole=("other models",))
    for reference, what in OTHERS:
        others.add_row(cell(reference), cell(what))
    screen.print(others)


OTHERS = (
    ("hf:ORG/NAME@REV", "a model of the model hub"),
    ("hf:./folder, ./model.gguf", "local weights; adapter=, dtype=, device= after a question mark"),
    ("openvino:NAME, openvino:./folder", "the same by OpenVINO, fast on a CPU; or --engine openvino"),
    ("openai:NAME", "a hosted model; its key comes from the environment"),
    ("http://HOST/v1?model=NAME", "any OpenAI-compatible server"),
    ("mock:oracle, mock:echo, ...", "no model at all, to try a suite and to see its gates fail"),
)


def _entry(entry: CatalogEntry) -> dict[str, Any]:
    from evalkit.models.fetch import cache_root

    return {
        "name": entry.name,
        "title": entry.title,
        "description": entry.description,
        "licence": entry.licence,
        "parameters": entry.parameters,
        "context_length": entry.context_length,
        "download_mb": entry.download_mb,
        "cached": cached(entry, cache_root()),
    }


def cached(entry: CatalogEntry, root: Path) -> bool:
    """Fetched and verified, or already converted: what is not complete has another name."""
    from evalkit.models.conversion import is_complete
    from evalkit.models.hf.loading.gguf import converted_folder

    file = root / "files" / entry.package.sha256[:16] / Path(entry.package.member).name
    fetched = file.is_file() and file.stat().st_size == entry.package.size
    return fetched or is_complete(converted_folder(entry.package.sha256, root))


@command.command("info")
@click.argument("reference", metavar="REF")
@json_option
def info_of(reference: str, as_json: bool) -> None:
    """Say who would answer, without loading weights.

    The fingerprint is what stored answers hang on: two models never share one.

    \b
    evalkit models info smollm2-135m
    evalkit models info "hf:./base?adapter=./lora&dtype=bfloat16"
    evalkit models info http://localhost:8000/v1?model=mine
    """
    from evalkit.cli.screen import console, facts, print_json
    from evalkit.configuration import configure
    from evalkit.models.registry import describe

    name, settings = configure().model_settings(reference)
    info = describe(name, settings)
    if as_json:
        print_json(_info(info))
    else:
        console().print(facts(_facts(info)))


def _info(info: ModelInfo) -> dict[str, Any]:
    return {
        "reference": info.reference,
        "backend": info.backend,
        "fingerprint": info.fingerprint,
        "revision": info.revision,
        "verifiable": info.verifiable,
        "context_length": info.context_length,
        "capabilities": sorted(info.capabilities),
        "conditions": sorted(info.conditions),
        "details": dict(info.details),
    }


def _facts(info: ModelInfo) -> list[tuple[str, object]]:
    details = [(name, _readable(value)) for name, value in info.details.items()]
    identity = "verified: answers may serve later runs" if info.verifiable else "not verifiable: every run asks anew"
    return [
        ("model", info.reference),
        ("backend", info.backend),
        *details,
        ("context", f"{info.context_length:,} tokens" if info.context_length else "not known"),
        ("identity", identity),
        ("fingerprint", info.fingerprint),
        ("revision", info.revision),
        ("can", ", ".join(sorted(info.capabilities))),
        ("conditions", ", ".join(sorted(info.conditions)) or "none"),
    ]


def _readable(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@command.command("pull")
@click.argument("name", metavar="NAME")
def pull(name: str) -> None:
    """Fetch a model's weights, verify them, and make them ready to load.

    Run it where there is a network; afterwards evaluations need none.

    \b
    evalkit models pull smollm2-135m
    evalkit models pull hf:ORG/NAME@REV
    """
    from evalkit.configuration import configure
    from evalkit.errors import ModelError
    from evalkit.models import open_backend
    from evalkit.report.hostile import one_line

    reference, settings = configure().model_settings(name)
    backend = open_backend(reference, settings)
    try:
        load = getattr(backend, "load", None)
        if not callable(load):
            raise ModelError(f"{name} has no weights to fetch", hint="pull is for catalog names and hf: models")
        load()
        info = backend.info
    finally:
        backend.close()
    click.echo(f"{one_line(info.reference)} is ready: {info.fingerprint}")
