"""Before the first request: is anybody there, may we ask, and is the model known? One cheap GET."""

from __future__ import annotations

import json
from typing import Any

from evalkit.errors import FailureClass, ModelError, nearest
from evalkit.failures import class_of_kind
from evalkit.models.endpoint.failures import Reply, Trouble, trouble_of, web_page
from evalkit.models.endpoint.target import Target
from evalkit.models.endpoint.transport import Transport
from evalkit.records import FailureKind


async def probe(target: Target, transport: Transport) -> float:
    """Seconds until the answer, 0 where there was none. Raises ``ModelError`` for what would make every request fail.
    Whatever may pass (a time-out, 429, 5xx) is left to the requests and their retries; a server that does not list its
    models (404, 405) is as good as one that does.
    """
    url = target.address if target.api == "custom" else f"{target.address}/models"
    try:
        reply = await transport.send("GET", url)
    except Trouble as trouble:
        if trouble.unreachable:
            hint, failure = trouble.hint or _unreachable_hint(target), class_of_kind(trouble.kind)
            raise ModelError(trouble.message, hint=hint, failure=failure) from None
        return 0.0
    met = trouble_of(reply, key_hint=transport.key_hint, url=url)
    custom = target.api == "custom"  # there, a GET says nothing about a POST, except who may ask
    if met is None and reply.looks_like_a_page and not custom:
        met = web_page(url)
    moved = 300 <= reply.status < 400 and not custom
    if met is not None and (moved or met.kind in {FailureKind.AUTHENTICATION, FailureKind.CONTENT}):
        said, failure = transport.scrub(met.message), class_of_kind(met.kind)
        raise ModelError(said, where=target.host, hint=met.hint, failure=failure)
    if met is None and not custom:
        _check_listing(target, reply)
    return reply.seconds


def _unreachable_hint(target: Target) -> str:
    return f"is the server running, and is the address right? asked at {target.address}"


def _check_listing(target: Target, reply: Reply) -> None:
    names = _listed(reply)
    if not names or target.unlisted or target.model in names or f"{target.model}:latest" in names:
        return
    close = nearest(target.model, names)
    listing = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    meant = f"did you mean '{close}'? " if close else ""
    raise ModelError(
        f"the server does not list a model '{target.model}'",
        where=target.host,
        hint=f"{meant}it lists: {listing}; if it serves the name all the same, add unlisted=1",
        failure=FailureClass.CONFIGURATION,
    )


def _listed(reply: Reply) -> list[str]:
    """Names of a listing, however incomplete; none where the answer is of another shape."""
    try:
        data: Any = json.loads(reply.data)
    except (ValueError, RecursionError):
        return []
    entries = data.get("data") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        return []
    names = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return ["".join(c for c in name if c.isprintable())[:120] for name in names if isinstance(name, str)]
