"""Keys, tokens and passwords: by the form that their issuer gave them, or by being assigned and looking random."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Iterator

Span = tuple[int, int]

_BEFORE, _AFTER = r"(?<![A-Za-z0-9_/+-])", r"(?![A-Za-z0-9_-])"
_FORMS: tuple[tuple[str, str], ...] = (
    ("aws", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    ("github", r"gh[pousr]_[A-Za-z0-9]{36,251}"),
    ("github", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    ("gitlab", r"gl(?:pat|ptt|dt|rt)-[A-Za-z0-9_-]{20,64}"),
    ("slack", r"xox[abeoprs]-(?:[A-Za-z0-9]{1,64}-){1,5}[A-Za-z0-9]{6,64}"),
    ("slack", r"xoxe(?:\.xox[bp])?-\d-[A-Za-z0-9]{120,200}"),
    ("slack", r"xapp-\d-[A-Z0-9]{8,16}-\d{8,16}-[A-Za-z0-9]{32,64}"),
    ("google", r"AIza[A-Za-z0-9_-]{35}"),
    ("google", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    ("google", r"ya29\.[A-Za-z0-9_-]{30,512}"),
    ("stripe", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}"),
    ("stripe", r"whsec_[A-Za-z0-9]{32,64}"),
    ("anthropic", r"sk-ant-[A-Za-z0-9_-]{32,256}"),
    ("openai", r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{32,256}"),
    ("openai", r"sk-[A-Za-z0-9]{32,64}"),
    ("openrouter", r"sk-or-v1-[a-f0-9]{64}"),
    ("groq", r"gsk_[A-Za-z0-9]{52}"),
    ("x.ai", r"xai-[A-Za-z0-9]{80}"),
    ("replicate", r"r8_[A-Za-z0-9]{37}"),
    ("pypi", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,512}"),
    ("hugging face", r"hf_[A-Za-z0-9]{34,40}"),
    ("npm", r"npm_[A-Za-z0-9]{36}"),
    ("sendgrid", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("digital ocean", r"do[opr]_v1_[a-f0-9]{64}"),
    ("telegram", r"\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    ("twilio", r"SK[a-f0-9]{32}"),
)
_KEY = re.compile(_BEFORE + "(?:" + "|".join(f"(?:{form})" for _, form in _FORMS) + ")" + _AFTER)
_ISSUERS = [(name, re.compile(form)) for name, form in _FORMS]
_WEBHOOK = re.compile(r"hooks\.slack\.com/services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/[A-Za-z0-9]{20,32}")
_JWT = re.compile(_BEFORE + r"eyJ[A-Za-z0-9_-]{10,2048}\.eyJ[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{16,2048}" + _AFTER)
_PEM = re.compile(
    r"-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED|PGP) )?PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^\S\n]{0,8}(?:\\n|\n)[^\n:]{0,40}:[^\n]{0,120}){0,4}\s{0,8}(?:\\n)?(?P<body>[A-Za-z0-9+/=\s\\]{40,8192})"
)
_ASSIGNED = re.compile(
    r"(?<![A-Za-z])(?:[A-Za-z0-9]{1,24}[_.-]){0,4}"
    r"(?P<name>api[_ -]?key|access[_ -]?key|secret[_ -]?key|client[_ -]?secret|auth[_ -]?token|access[_ -]?token"
    r"|account[_ -]?key|private[_ -]?key|secret|token|password|passwd|passphrase|(?<=[_.-])pass|pwd|bearer)"
    r"(?:[_.-][A-Za-z0-9]{1,24}){0,3}"
    r"[\"'`*]{0,3}(?: (?:is|was))?[ \t]{0,4}(?:=>|:=|==?|:|(?<=is)|(?<=was)|(?<=earer))[ \t]{0,4}[\"'`*]{0,3}"
    r"(?P<value>[^\s\"'`<>,;(){}\[\]]{8,256})",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,15}://[^\s:/@]{0,64}:(?P<value>[^\s:/@]{4,64})@(?=[\w\[])")
_PLACEHOLDER = re.compile(
    r"x{4,}|\*{3,}|\.{3}|…|•|example|your|changeme|change_me|placeholder|dummy|sample|redacted|insert|replace|"
    r"os\.environ|getenv|process\.env|\$\{|^\$\w+$|(?-i:\$[A-Z_]{2,})|%\(|\{\{|secret_?here|goes_?here|<|>|abc123|password|passwd|"
    r"0123456789|123456789|abcdefgh|foobar|hunter2|test_?key|my_?(?:secret|token|key)",
    re.IGNORECASE,
)


def keys(text: str) -> Iterator[tuple[str, int, int]]:
    """Issuer (or ``private key``, ``jwt``, ``login``, ``secret``) and where it stands."""
    for match in _KEY.finditer(text):
        if not _is_placeholder(match[0]) and len(set(match[0])) >= 10:
            yield next(name for name, form in _ISSUERS if form.fullmatch(match[0])), *match.span()
    for match in _WEBHOOK.finditer(text):
        if not _is_placeholder(match[0].rpartition("/")[2]):
            yield "slack", *match.span()
    for match in _JWT.finditer(text):
        if _has_jwt_header(match[0]):
            yield "jwt", *match.span()
    for match in _PEM.finditer(text):
        if len(re.sub(r"\s", "", match["body"])) >= 40:
            yield "private key", *match.span()
    for match in _LOGIN.finditer(text):
        if not _is_placeholder(match["value"]) and match["value"].lower() not in {"pass", "pwd", "secret"}:
            yield "login", *match.span("value")
    yield from _assigned(text)


def entropy(value: str) -> float:
    """Shannon's, in bits a character, of the characters' own frequencies; 0 for an empty text."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values()) if size else 0.0


def _assigned(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _ASSIGNED.finditer(text):
        start = match.start("value")
        value = match["value"].rstrip(".!?:*")
        called = match["name"].lower()
        if not _is_placeholder(value) and (_looks_random(value) or (called[0] == "p" and _is_strong_password(value))):
            yield "secret", start, start + len(value)


def _looks_random(value: str) -> bool:
    """Long, letters and digits mixed, and hardly a character twice as often as it should: no word, path or number."""
    mixed = any(mark.isdigit() for mark in value) and any(mark.isalpha() for mark in value)
    if len(value) < 16 or not mixed or re.match(r"https?:|/|\.\.?/", value):
        return False
    hexadecimal = re.fullmatch(r"[0-9a-fA-F-]+", value) is not None
    return entropy(value) >= (3.0 if hexadecimal else 3.5)


def _is_strong_password(value: str) -> bool:
    """Three of: lower case, upper case, digit, mark; at least eight characters; no path, call or attribute."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda mark: not mark.isalnum())
    used = sum(any(kind(mark) for mark in value) for kind in kinds)
    return used >= 3 and any(mark.isdigit() for mark in value) and len(set(value)) >= 6 and "/" not in value


def _is_placeholder(value: str) -> bool:
    return _PLACEHOLDER.search(value) is not None


def _has_jwt_header(token: str) -> bool:
    head = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, binascii.Error):
        return False
    return isinstance(header, dict) and "alg" in header
