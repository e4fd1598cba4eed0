"""Before the first request: is anybody there, may we ask, and is the model known? One cheap GET."""

from __future__ import annotations

import json
from typing import Any

from evalkit.errors import ModelError, did_you_mean
from evalkit.models.endpoint.failures import Reply, Trouble, trouble_of, web_page
from evalkit.models.endpoint.target import Target
from evalkit.models.endpoint.transport import Transport
from evalkit.records import FailureKind


async def probe(target: Target, transport: Transport) -> None:
    """Raises ``ModelError`` for what would make every request fail. Whatever may pass (a time-out, 429, 5xx) is left to
    the requests and their retries; a server that does not list its models (404, 405) is as good as one that does.
    """
    url = target.address if target.api == "custom" else f"{target.address}/models"
    try:
        reply = await transport.send("GET", url)
    except Trouble as trouble:
        if trouble.kind is FailureKind.NETWORK and (
            trouble.for_all or not trouble.message.startswith("the connection")
        ):
            raise ModelError(
                trouble.message, where=target.host, hint=trouble.hint or _unreachable_hint(target)
            ) from None
        return
    trouble_met = trouble_of(reply, key_hint=transport.key_hint, url=url)
    if target.api != "custom" and trouble_met is None and reply.looks_like_a_page:
        trouble_met = web_page(url)
    moved = 300 <= reply.status < 400 and target.api != "custom"
    if trouble_met is not None and (moved or trouble_met.kind in {FailureKind.AUTHENTICATION, FailureKind.CONTENT}):
        raise ModelError(transport.scrub(trouble_met.message), where=target.host, hint=trouble_met.hint)
    if trouble_met is None and target.api != "custom":
        _check_listing(target, reply)


def _unreachable_hint(target: Target) -> str:
    return f"is the server running, and is the address right? asked at {target.address}"


def _check_listing(target: Target, reply: Reply) -> None:
    names = _listed(reply)
    if not names or target.unlisted or target.model in names or f"{target.model}:latest" in names:
        return
    shown = names if len(names) <= 20 else [*names[:20], "..."]
    raise ModelError(
        f"the server does not list a model '{target.model}'",
        where=target.host,
        hint=f"{_nearest_first(target.model, names, shown)}\nif it serves the name all the same, add unlisted=1",
    )


def _nearest_first(model: str, names: list[str], shown: list[str]) -> str:
    close = did_you_mean(model, names).partition("? ")[0] + "? " if "did you mean" in did_you_mean(model, names) else ""
    return f"{close}it lists: {', '.join(shown)}"


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
