"""Who is let in: by a name of ours, with the token, from our own pages; and what every answer tells the browser."""

from __future__ import annotations

import html
from base64 import b64encode
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import parse_qsl, urlencode

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evalkit.web.review_door import BEHIND, address, opens, run_behind
from evalkit.web.workbench import Access

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
READING = frozenset({"GET", "HEAD"})
MOST_BODY = 1_000_000
"""Bytes that a request may bring: a note is a text, not a file."""
BODY_SECONDS = 30.0
"""In which it has to be there."""
TOO_MUCH = "That is too much"
TOKEN = "token"  # noqa: S105 - the parameter's name
STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.55 system-ui,sans-serif;max-width:38rem;margin:15vh auto;"
    "padding:0 1.5rem}h1{font:500 2rem/1.2 Charter,Georgia,'Noto Serif',serif}code{font-size:.95em}"
)
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()


class Guard:
    """Around the whole application, so that no page can forget it."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks websocket
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        app = self.app if refusal is None else refusal
        await app(scope, _limited(receive), _with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """What is answered in place of the page; none where the request is let through."""
        if _name(headers.get("host", "")) not in self.access.hosts:
            names = ", ".join(sorted(self.access.hosts))
            return page(421, "This is not the name of this server", f"It answers to {names}. Use the printed link.")
        if scope["method"] not in READING and not _from_ourselves(headers):
            return page(403, "That came from another page", "Only pages of this server may change something here.")
        if int(headers.get("content-length", "0") or 0) > MOST_BODY:
            return page(413, TOO_MUCH, f"A request may bring {MOST_BODY:,} bytes.")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = next((value for name, value in query if name == TOKEN), "")
        if scope["method"] in READING and (cookie := self._cookie_for(given)):
            clean = urlencode([pair for pair in query if pair[0] != TOKEN])
            return _welcome(_path(scope) + (f"?{clean}" if clean else ""), headers, cookie, given)
        if self._is_token(_cookies(headers).get(self.access.cookie, "")):
            return None
        return self._at_the_reviewers_door(scope, headers, given)

    def _at_the_reviewers_door(self, scope: Scope, headers: Headers, given: str) -> Response | None:
        reviews = self._reviews(headers)
        if not reviews:
            return page(
                401,
                "This link does not open here" if given else "A link with a token opens this",
                "Use the whole link that evalkit view printed when it started. Each start makes a new one.",
            )
        scope[BEHIND] = next((run_id for run_id in reviews if opens(run_id, scope["path"])), "")
        return None if scope[BEHIND] else _beside_the_review(reviews[0])

    def _is_token(self, given: str) -> bool:
        return compare_digest(given.encode("utf-8", "surrogateescape"), self.access.token.encode())

    def _cookie_for(self, given: str) -> str:
        """Where a browser keeps this token; nothing for what is none. One of a review has its own name: it takes away
        no other right."""
        if given and self._is_token(given):
            return self.access.cookie
        run_id = run_behind(given, self.access.token)
        return self._review_cookie + sha256(given.encode()).hexdigest()[:16] if run_id else ""

    @property
    def _review_cookie(self) -> str:
        return f"{self.access.cookie}-review-"

    def _reviews(self, headers: Headers) -> list[str]:
        """Runs whose review this browser may see."""
        tokens = (value for name, value in _cookies(headers).items() if name.startswith(self._review_cookie))
        return [run_id for value in tokens if (run_id := run_behind(value, self.access.token))]


def _welcome(path: str, headers: Headers, cookie: str, token: str) -> Response:
    """The token goes from the address into a cookie. From another site (a mail, a chat) a redirect would not bring
    a strict cookie along: a page of our own goes on then."""
    response: Response
    if headers.get("sec-fetch-site", "none") == "cross-site":
        way = html.escape(path)
        going_on = f'<meta http-equiv="refresh" content="0;url={way}">'
        response = page(200, "Opening", "One moment.", head=going_on)
    else:
        response = RedirectResponse(path, status_code=303)
    response.set_cookie(cookie, token, httponly=True, samesite="strict", path="/")
    return response


def _beside_the_review(run_id: str) -> Response:
    sentence = "The link that you were given opens this review and nothing else of the runs database."
    back = f'<p><a href="{html.escape(address(run_id))}">The review</a></p>'
    return page(403, "This is not part of the review", sentence, more=back)


def page(status: int, title: str, sentence: str, *, head: str = "", more: str = "") -> Response:
    """For those who are not let in: nothing of the application, not even its style."""
    content = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{html.escape(title)}</h1><p>{html.escape(sentence)}</p>{more}</main>"
        "</body></html>"
    )
    policy = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'"
    return HTMLResponse(content, status_code=status, headers={"content-security-policy": policy})


def _path(scope: Scope) -> str:
    """Ours, whatever it begins with: ``//elsewhere`` would be another server."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return "/" + raw.decode("latin-1").split("?")[0].lstrip("/\\")


def _name(host: str) -> str:
    """``localhost:8765`` and ``[::1]:8765`` without the port."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        return name.lower() if not port or port.startswith(":") else ""
    return host.partition(":")[0].lower().rstrip(".")


def _from_ourselves(headers: Headers) -> bool:
    """Browsers say where a change comes from. What says nothing is no page of ours."""
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin", "")
    return site == "same-origin" and origin in {f"{scheme}://{headers.get('host', '')}" for scheme in ("http", "https")}


def _cookies(headers: Headers) -> dict[str, str]:
    """The first of each name."""
    found: dict[str, str] = {}
    for line in headers.getlist("cookie"):
        for part in line.split(";"):
            name, _, value = part.strip().partition("=")
            found.setdefault(name, value)
    return found


def _limited(receive: Receive) -> Receive:
    """A body without a length is cut off, too, and one that does not come to its end is not waited for."""
    taken, complete, ends = 0, False, 0.0

    async def limited() -> Message:
        nonlocal taken, complete, ends
        if complete:  # what comes now is that the browser went away
            return await receive()
        ends = ends or anyio.current_time() + BODY_SECONDS
        message: Message | None = None
        with anyio.move_on_at(ends):
            message = await receive()
        if message is None:
            raise HTTPException(408, "That took too long")
        taken += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if taken > MOST_BODY:
            raise HTTPException(413, TOO_MUCH)
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**HEADERS, "content-security-policy": POLICY}.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
