"""``evalkit init``: everything a project needs to begin with."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

FILES = {
    "suite.yaml": "evals/suite.yaml",
    "questions.jsonl": "evals/questions.jsonl",
    "workflow.yml": ".github/workflows/evalkit.yml",
}
"""Starter file to the place where it is written."""
HOOKS = ".pre-commit-config.yaml"


@click.command("init")
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--force", is_flag=True, help="Overwrite files of an earlier init.")
def command(folder: Path, force: bool) -> None:
    """Write a starter suite, dataset, CI workflow and pre-commit hook.

    Into DIR, or here. Nothing is overwritten without --force, and pre-commit hooks that are there are never touched.

    \b
    evalkit init
    evalkit run evals/suite.yaml --model mock:oracle
    """
    from evalkit.errors import ConfigurationError

    present = [name for name in FILES.values() if (folder / name).exists()]
    if present and not force:
        raise ConfigurationError(
            f"{', '.join(present)} {'is' if len(present) == 1 else 'are'} already there, and nothing was written",
            where=str(folder),
            hint="add --force to overwrite, or name another folder: evalkit init DIR",
        )
    for source, name in FILES.items():
        _write(folder / name, _starter(source))
        click.echo(f"wrote  {folder / name}")
    _hooks(folder)
    _next(folder)


def _starter(name: str) -> str:
    return (Path(__file__).parent / "starter" / name).read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    from evalkit.errors import ConfigurationError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigurationError(
            f"cannot be written: {error.strerror}", where=str(path), hint="choose another folder: evalkit init DIR"
        ) from error


def _hooks(folder: Path) -> None:
    """A project's own hooks are worth more than ours: then what to add is only shown."""
    path, snippet = folder / HOOKS, _starter("pre-commit.yaml")
    if not path.exists():
        _write(path, snippet)
        click.echo(f"wrote  {path}")
    elif "evalkit-suite" in path.read_text(encoding="utf-8", errors="replace"):
        click.echo(f"kept   {path}, which has evalkit's hooks already")
    else:
        click.echo(f"kept   {path}; to add evalkit's hooks, put this under its repos:")
        click.echo("\n".join(f"       {line}" for line in snippet.splitlines()[1:]))


def _next(folder: Path) -> None:
    """The commands that show it working, then the one that matters."""
    here = folder.resolve() == Path.cwd()
    if not here:
        click.echo(f"\nnext   cd {shlex.quote(os.fspath(folder))}")
    head = "\nnext   " if here else "       "
    click.echo(f"{head}evalkit run evals/suite.yaml --model mock:oracle   must pass: answers from the references")
    click.echo("       evalkit run evals/suite.yaml --model mock:echo     must fail: repeats the question")
    click.echo("       evalkit run evals/suite.yaml                       the default model, smollm2-135m")
    click.echo("       and add .evalkit/ and reports/ to .gitignore")
