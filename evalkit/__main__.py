"""``python -m evalkit`` and the ``evalkit`` script: a process that is evalkit's alone, and ends when evalkit does."""

from __future__ import annotations

import atexit
import os
import sys

from evalkit.cli import main


def run_as_program() -> None:
    """``main``, without the time that Python takes to free object by object what goes with the process anyway.

    That was a twentieth of a short run. Threads are waited for and all else that is done at exit is done before, since
    what was registered first is done last. Python ends as it always does where somebody was there before evalkit (a
    debugger, a measurement of coverage), wants to look at what is left, or gets no number as the exit code.
    """
    codes: list[int] = []
    if not (_already_registered() or sys.flags.inspect or sys.flags.dev_mode):
        atexit.register(_leave, codes)
    try:
        main()
    except SystemExit as stopped:
        if isinstance(stopped.code, int):
            codes.append(stopped.code)
        raise


def _already_registered() -> bool:
    """Whether something is done at exit already; where this Python does not tell, it may be."""
    counted = getattr(atexit, "_ncallbacks", None)
    return counted is None or counted() > 0


def _leave(codes: list[int]) -> None:
    if not codes:
        return
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):  # Python finds it, too, and has an exit code for it
        return
    os._exit(codes[-1] & 0xFF)


if __name__ == "__main__":
    run_as_program()
