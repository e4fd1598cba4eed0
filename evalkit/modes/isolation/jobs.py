"""How many scenarios are tried at a time."""

import os

MOST_JOBS = 8


def usual_jobs() -> int:
    return max(1, min(MOST_JOBS, os.cpu_count() or 1))
