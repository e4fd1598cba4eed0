"""``evalkit data``: look at dataset files, split and convert them, and make rows to try things with."""

from __future__ import annotations

import click

from evalkit.cli.data import convert, make, perturb, split, stats, validate


@click.group("data")
def command() -> None:
    """Validate, describe, split, convert, perturb and make datasets.

    \b
    evalkit data validate questions.jsonl
    evalkit data stats train.csv.gz --contract instruction
    evalkit data split questions.jsonl --part dev=0.2 --part test=0.8
    evalkit data convert questions.parquet questions.jsonl
    evalkit data perturb questions.jsonl --with typos -o noisy.jsonl
    evalkit data make chat --n 1000 --seed 7 -o chat.jsonl
    """


for one in (validate.command, stats.command, split.command, convert.command, perturb.command, make.command):
    command.add_command(one)
