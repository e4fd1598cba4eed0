"""The floor: an asyncio loop and JSON lines, nothing else. python floor.py ROWS RESULTS"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


async def answer(row: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(0)
    text = row["references"][0]
    return {"id": row["id"], "prompt": row["prompt"], "answer": text, "right": text.strip() in row["references"]}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


async def main(source: Path, target: Path) -> None:
    done = await asyncio.gather(*(answer(row) for row in rows(source)))
    with target.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in done)
    print(sum(row["right"] for row in done) / len(done))


asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
