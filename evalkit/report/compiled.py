"""The page's templates, compiled once: kept where Python keeps compiled modules, and trusted as those are."""

from __future__ import annotations

import hashlib
import marshal
import secrets
import sys
from contextlib import suppress
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

import evalkit

if TYPE_CHECKING:
    from jinja2 import Environment

DIGEST = hashlib.sha256().digest_size


class CompiledTemplates(BytecodeCache):
    """In ``__pycache__`` beside the templates, or under ``PYTHONPYCACHEPREFIX``.

    Whoever may write there may write evalkit's own compiled modules. A folder that cannot be written, and
    ``PYTHONDONTWRITEBYTECODE``, mean that templates are compiled by each process. Jinja's own cache of files would
    read a pickle from a temporary folder.
    """

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        """Its key is the file; its checksum is of all that the compiled template depends on."""
        known = [jinja2.__version__, evalkit.__version__, filename, environment.autoescape, environment.trim_blocks]
        known += [environment.lstrip_blocks, environment.undefined.__name__, source]
        checksum = hashlib.sha256(MAGIC_NUMBER + repr(known).encode("utf-8", "backslashreplace"))
        bucket = Bucket(environment, filename or "", checksum.hexdigest())
        self.load_bytecode(bucket)
        return bucket

    def load_bytecode(self, bucket: Bucket) -> None:
        """Nothing, where the file is of another version, or is not as it was written."""
        path = place(bucket.key)
        if path is None:
            return
        try:
            stored = path.read_bytes()
        except OSError:
            return
        head, payload = stored[: 2 * DIGEST], stored[2 * DIGEST :]
        if head == _head(bucket, payload):
            bucket.code = marshal.loads(payload)  # noqa: S302 - as Python reads its own compiled modules

    def dump_bytecode(self, bucket: Bucket) -> None:
        path = place(bucket.key)
        if path is None or sys.dont_write_bytecode:
            return
        payload = marshal.dumps(bucket.code)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with suppress(OSError):  # as Python does where it cannot keep a compiled module
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(_head(bucket, payload) + payload)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


def _head(bucket: Bucket, payload: bytes) -> bytes:
    """Of what it was made, and what was made."""
    return bytes.fromhex(bucket.checksum) + hashlib.sha256(payload).digest()


def place(template: str) -> Path | None:
    """Where a template's compiled form is kept; nowhere for a template without a file."""
    if not template:
        return None
    try:
        return Path(cache_from_source(template))
    except NotImplementedError:  # a Python that keeps no compiled modules
        return None
