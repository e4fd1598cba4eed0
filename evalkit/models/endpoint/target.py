"""From a model reference and settings to a target: what is asked, where, and how patiently."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

from evalkit.errors import ModelError, did_you_mean
from evalkit.models.endpoint.template import BodyTemplate, ResponsePath
from evalkit.models.options import Options
from evalkit.models.reference import ModelSettings, Reference

PUBLIC_API = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
BASE_VARIABLE = "OPENAI_BASE_URL"
APIS = ("chat", "completion")
OPTIONS = (
    "model",
    "api",
    "key_env",
    "key_header",
    "timeout",
    "retries",
    "backoff",
    "patience",
    "concurrency",
    "context",
    "max_tokens_as",
    "unlisted",
)


_NAME_OF_A_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Target:
    reference: str
    address: str
    """Without trailing slash, query or credentials. For ``custom`` the whole address, otherwise the base."""
    api: str
    """``chat``, ``completion`` or ``custom``."""
    model: str
    key_env: str = ""
    """Name of the environment variable. The key itself is read when the first request is sent, and never kept here."""
    key_required: bool = False
    key_header: str = ""
    """Empty: ``Authorization: Bearer``."""
    timeout: float = 60.0
    retries: int = 4
    backoff: float = 0.5
    """Seconds before the first retry; doubled for each further one."""
    patience: float = 120.0
    """Seconds for which a request that is refused with 429 is asked again."""
    concurrency: int = 0
    """The most requests at once; 0 where nobody said, and the server's answers decide."""
    context_length: int | None = None
    max_tokens_as: str = "max_tokens"
    unlisted: bool = False
    """The server may serve the model although it does not list it."""
    template: BodyTemplate | None = None
    path: ResponsePath | None = None

    @property
    def post_url(self) -> str:
        suffix = {"chat": "/chat/completions", "completion": "/completions", "custom": ""}[self.api]
        return self.address + suffix

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    @property
    def server(self) -> str:
        """What is the same for all that talk to one server, whether they name its usual port or not."""
        parts = urlsplit(self.address)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        return f"{parts.scheme}://{parts.hostname}:{port}"

    @property
    def loopback(self) -> bool:
        name = urlsplit(self.address).hostname or ""
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def make_target(reference: Reference, settings: ModelSettings) -> Target:
    """Reads no network and no key; the base address of ``openai:`` may come from the environment."""
    unknown = [option for option in reference.options if option not in OPTIONS]
    if unknown:
        # Reference.allow would show the whole reference, and what people put here by mistake are keys.
        raise ModelError(
            f"unknown option '{unknown[0]}' in the model reference",
            where=_without_query(reference.text),
            hint=did_you_mean(unknown[0], OPTIONS, "options of endpoints"),
        )
    options = Options(reference)
    if reference.scheme == "openai":
        return _openai_target(options, settings)
    return _http_target(options, settings)


def _openai_target(options: Options, settings: ModelSettings) -> Target:
    model = options.reference.target
    if not model:
        raise ModelError("the reference names no model", where=options.reference.text, hint="for example: openai:NAME")
    if "model" in options.reference.options:
        raise ModelError(
            "the model is named twice", where=options.reference.text, hint="openai:NAME already names it: drop model="
        )
    given = os.environ.get(BASE_VARIABLE, "").strip()
    address = _address(given or PUBLIC_API, where=BASE_VARIABLE if given else options.reference.text)
    key_env = options.text("key_env", settings.api_key_env)
    return _target(
        options,
        settings,
        address=address,
        api=_api(options, settings),
        model=model,
        key_env=key_env or KEY_VARIABLE,
        key_required=bool(key_env) or address == PUBLIC_API,
    )


def _http_target(options: Options, settings: ModelSettings) -> Target:
    reference = options.reference
    address = _address(reference.target, where=_without_query(reference.text))
    model = options.text("model", "")
    if settings.body is None and not model:
        raise ModelError(
            "the address alone does not say how to ask",
            where=reference.text,
            hint=f"an OpenAI-compatible server: {address}?model=NAME; any other: configure 'body' and 'response'",
        )
    api = "custom" if settings.body is not None else _api(options, settings)
    # People paste the full address of the method; the base is what is meant.
    for suffix, meant in (("/chat/completions", "chat"), ("/completions", "completion")):
        if api != "custom" and address.endswith(suffix):
            address, api = address.removesuffix(suffix), meant
            break
    key_env = options.text("key_env", settings.api_key_env)
    return _target(
        options, settings, address=address, api=api, model=model, key_env=key_env, key_required=bool(key_env)
    )


def _target(
    options: Options,
    settings: ModelSettings,
    *,
    address: str,
    api: str,
    model: str,
    key_env: str,
    key_required: bool,
) -> Target:
    if key_env and not _NAME_OF_A_VARIABLE.fullmatch(key_env):
        # it may be the key itself, so it is not repeated
        raise ModelError(
            "key_env is not the name of an environment variable",
            where=address,
            hint="put the key into a variable, and write that variable's name: key_env=MY_KEY",
        )
    timeout = options.amount("timeout", settings.timeout)
    concurrency = options.count("concurrency", settings.concurrency or 0)
    for name, value in (("timeout", timeout), ("concurrency", concurrency)):
        if value <= 0 and (name in options.reference.options or name == "timeout"):
            raise ModelError(f"'{name}' must be above 0", where=options.reference.text)
    custom = api == "custom"
    return Target(
        reference=options.reference.text,
        address=address,
        api=api,
        model=model,
        key_env=key_env,
        key_required=key_required,
        key_header=_header(options),
        timeout=timeout,
        retries=options.count("retries", settings.retries),
        backoff=options.amount("backoff", 0.5),
        patience=options.amount("patience", 120.0),
        concurrency=concurrency,
        context_length=options.count("context", settings.context_length or 0) or None,
        max_tokens_as=options.text("max_tokens_as", "max_tokens"),
        unlisted=options.text("unlisted", "0") not in {"", "0", "no", "false"},
        template=BodyTemplate(settings.body) if custom else None,
        path=ResponsePath(settings.response) if custom else None,
    )


def _api(options: Options, settings: ModelSettings) -> str:
    api = options.text("api", settings.api)
    if api not in APIS:
        raise ModelError(
            f"unknown api '{api}'", where=options.reference.text, hint=did_you_mean(api, APIS, "known apis")
        )
    return api


def _header(options: Options) -> str:
    name = options.text("key_header", "")
    if name and not name.replace("-", "").isalnum():
        raise options.wrong("key_header", "the name of an HTTP header, such as api-key")
    return name


def _address(text: str, *, where: str) -> str:
    """Checked and normalised. No message repeats an address before it is known to hold no password."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ModelError(
            "the address cannot be read", where=_named(where), hint="http://HOST:PORT/v1?model=NAME"
        ) from None
    if parts.username is not None or parts.password is not None:
        raise ModelError(
            "the address holds a user name or a password",
            hint="take it out and name the environment variable that holds the key: key_env=NAME",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(c.isspace() for c in text):
        raise ModelError("that is no http address", where=_named(where), hint="http://HOST:PORT/v1?model=NAME")
    if parts.query or parts.fragment:
        raise ModelError("the address must have no '?' or '#' part", where=_named(where))
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    clean = SplitResult(parts.scheme, host + (f":{port}" if port else ""), parts.path.rstrip("/"), "", "")
    return urlunsplit(clean)


def _without_query(text: str) -> str:
    return _named(text.partition("?")[0])


def _named(where: str) -> str:
    """The place of an error, unless a password might be in it."""
    return "the model reference" if "@" in where else where
