"""What a server makes ahead: the first visit of a page imports no module of evalkit any more, and compiles nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from browse_runs import Said, finished_run

from evalkit.store import open_store

VISIT = """
import asyncio, json, sys
import httpx
from evalkit.report import page
from evalkit.web import pages
from evalkit.web.app import pages as made
from evalkit.web.warming import begin_warming
from evalkit.web.workbench import Access, open_workbench

def known():
    return {name for name in sys.modules if name.startswith("evalkit")}

async def visited(app, path):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
        return (await client.get(path)).status_code

bench = open_workbench(sys.argv[1], Access("a-token-of-the-tests"))
bench.patience = 60.0
app = made(bench)
if sys.argv[2] == "warm":
    begin_warming().join()
before = known()
templates = [len(one.templates().cache) for one in (pages, page)]
statuses = [asyncio.run(visited(app, f"/runs/run{path}")) for path in ("", "/cases", "/case?of=check&case=a")]
compiled = sum(len(one.templates().cache) for one in (pages, page)) - sum(templates)
bench.close()
print(json.dumps([statuses, sorted(known() - before), compiled]))
"""


@pytest.mark.parametrize("warm", [True, False])
def test_a_warm_server_has_all_that_first_visits_need(tmp_path: Path, warm: bool) -> None:
    with open_store(str(tmp_path / "runs.db")) as store:
        finished_run(store, "run", {"check": [Said("a"), Said("b", good=False)]})
    command = [sys.executable, "-c", VISIT, str(tmp_path / "runs.db"), "warm" if warm else "cold"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    statuses, imported, compiled = json.loads(out)
    assert statuses == [200, 200, 200]
    assert (imported == [] and compiled == 0) is warm, (imported, compiled)
