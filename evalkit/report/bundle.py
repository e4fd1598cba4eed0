"""The scripts that draw Vega-Lite, taken once from the package that brings them and then kept in evalkit's cache.

Asking the package takes more than a second, reading a file none. The file is named by the package's version, begins
with its own hash and size, and appears whole or not at all; what is not as it was written is made again.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from evalkit.report.notices import with_notices

PACKAGE = "vl-convert-python"
EXTRA = "evalkit-lm[report]"
END_OF_SCRIPT = ("</script", "<!--", "<script")
"""What a script inside a page may not say, in whatever case."""


@cache
def scripts() -> str | None:
    """With their licences. None where the extra is missing, or brings something that cannot stand inside a page."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        kept = _place(version(PACKAGE))
    except PackageNotFoundError:
        return None
    found = read(kept) or _made(kept)
    return with_notices(found) if found else None


def _place(version: str) -> Path:
    from evalkit.models.fetch import cache_root

    plain = "".join(sign if sign.isalnum() or sign == "." else "-" for sign in version)
    return cache_root().parent / "scripts" / f"vega-{plain}.js"


def read(path: Path) -> str | None:
    """What was kept, where it is as it was written."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return body.decode("utf-8") if head == _head(body) else None


def keep(path: Path, text: str) -> None:
    """A cache that cannot be written costs time, not correctness."""
    body = text.encode("utf-8")
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(_head(body) + b"\n" + body)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _head(body: bytes) -> bytes:
    return f"// sha256 {hashlib.sha256(body).hexdigest()}, {len(body)} bytes".encode()


def _made(path: Path) -> str | None:
    text = _asked()
    if text is None or not fits_into_a_page(text):
        return None
    keep(path, text)
    return text


def _asked() -> str | None:
    try:
        import vl_convert
    except ImportError:  # installed for another Python, or without its library
        return None
    bundled: Any = vl_convert.javascript_bundle  # what it is asked for may be left out, whatever its types say
    return str(bundled())


def fits_into_a_page(text: str) -> bool:
    lowered = text.lower()
    return not any(end in lowered for end in END_OF_SCRIPT)
