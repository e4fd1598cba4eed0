"""Writes what the benchmarks have measured into docs/performance.md, and the pictures beside it.

python -m benchmarks.page [--results FOLDER] [--page FILE] [--check]

Only what stands between `<!-- benchmark: NAME -->` and `<!-- end -->` is written; the same results make the same bytes.
`--check` writes nothing, and exits with 1 where the page or a picture is not what the results make.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.page.kept import read
from benchmarks.page.sections import PICTURES, page, pictures
from benchmarks.results import RESULTS

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def files(results: Path, target: Path) -> dict[Path, str]:
    """What is to stand in each file."""
    found = read(results)
    drawn = {target.parent / PICTURES / name: text for name, text in pictures(found).items()}
    return {target: page(target.read_text(encoding="utf-8"), found), **drawn}


def left_over(wanted: dict[Path, str], target: Path) -> list[Path]:
    """Pictures of results that are there no more."""
    return sorted(set((target.parent / PICTURES).glob("benchmark-*.svg")) - wanted.keys())


def write_page(results: Path = RESULTS, target: Path = PAGE) -> list[Path]:
    """The files that were changed."""
    wanted = files(results, target)
    changed = stale(wanted)
    for path in changed:
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    for path in left_over(wanted, target):
        path.unlink()
    return changed


def stale(wanted: dict[Path, str]) -> list[Path]:
    return [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS, help="where NAME.json are")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page with marked places")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where something would change")
    chosen = parser.parse_args(words)
    if not chosen.page.is_file():
        parser.error(f"there is no page {chosen.page}")
    if not chosen.check:
        print("\n".join(f"written: {path}" for path in write_page(chosen.results, chosen.page)) or "nothing to change")
        return 0
    wanted = files(chosen.results, chosen.page)
    wrong = [*stale(wanted), *left_over(wanted, chosen.page)]
    print("\n".join(f"not what the results make: {path}" for path in wrong) or "as the results are")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
