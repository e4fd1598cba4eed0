"""The command line. One small file per command; a command imports its stage when it runs."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``evalkit`` script."""
    from evalkit.cli.main import run_and_exit

    run_and_exit()
