"""The command line. One small file per command; a command imports its stage when it runs."""

from __future__ import annotations

COLLECT_AFTER = 200_000
"""Objects made, and not freed, before Python looks for cycles among them; its own default is 700."""
COLLECT_WHILE_SERVING = 2_000
SOONEST = "4"
"""As OpenBLAS, numpy's library of matrices, counts how long its idle threads wait awake for work: least of all."""


def main() -> None:
    """Entry point of the ``evalkit`` script."""
    import gc
    import os

    # its threads begin with such a wait, on every processor there is: a tenth of a short run, for no matrix at all
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", SOONEST)
    # importing makes objects that stay: looking through them again and again was an eighth of a short run
    gc.set_threshold(COLLECT_AFTER)
    try:
        from evalkit.cli.main import run_and_exit

        run_and_exit()
    finally:
        # Python looks for cycles among all that was imported once more before it ends, and the memory goes anyway:
        # an eighth of a short run, too. Files, stores and processes are closed by those who opened them.
        gc.freeze()


def keep_what_is_imported() -> None:
    """From now on cycles are looked for among newer objects only, if the process is evalkit's own."""
    import gc

    if gc.get_threshold()[0] == COLLECT_AFTER:
        gc.freeze()


def collect_often() -> None:
    """As a server wants it: what hundreds of pages left is else collected at once, and one page waits for it."""
    import gc

    keep_what_is_imported()
    if gc.get_threshold()[0] == COLLECT_AFTER:
        gc.set_threshold(COLLECT_WHILE_SERVING)
