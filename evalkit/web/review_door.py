"""A reviewer's own door: a token that opens the review of one run, and nothing else of the runs database."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hmac import compare_digest, new
from urllib.parse import quote

from starlette.requests import Request

BEHIND = "evalkit.review_of"
"""Where a request carries the run whose review alone it may see."""
PAGES = ("", "/item", "/say", "/name")
STATIC, ICON = "/static", "/favicon.ico"


def token_for(run_id: str, token: str) -> str:
    """Made of the server's own token, which nobody can make of it: there is no list of them to keep."""
    sign = new(token.encode(), b"review of " + _bytes(run_id), "sha256").digest()
    return f"{_written(_bytes(run_id))}.{_written(sign)}"


def run_behind(given: str, token: str) -> str:
    """The run whose review it opens; nothing of what is no such token."""
    try:
        run_id = urlsafe_b64decode(f"{given.partition('.')[0]}==").decode("utf-8", "surrogatepass")
    except ValueError:
        return ""
    return run_id if compare_digest(given.encode("utf-8", "replace"), token_for(run_id, token).encode()) else ""


def address(run_id: str) -> str:
    return f"/runs/{quote(run_id, safe='', errors='surrogatepass')}/review"


def opens(run_id: str, path: str) -> bool:
    """``path`` as it is routed: unquoted."""
    return path in {ICON, *(f"/runs/{run_id}/review{page}" for page in PAGES)} or path.rpartition("/")[0] == STATIC


def review_of(request: Request) -> str:
    """The run whose review alone this reader may see; nothing for who may see everything."""
    return str(request.scope.get(BEHIND, ""))


def link(request: Request, run_id: str, token: str) -> str:
    """For others, by the name under which this reader reaches the server."""
    return f"{request.url.scheme}://{request.url.netloc}{address(run_id)}?token={token_for(run_id, token)}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _written(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
