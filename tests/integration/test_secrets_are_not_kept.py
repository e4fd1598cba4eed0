"""Artefacts of errored cases hold no secrets: planted ones are looked for in every byte that a run leaves behind."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from evalkit.checks.length import Length
from evalkit.cli.main import run_and_exit
from evalkit.failures import without_secrets

KEY = "k3y-of-the-team-9f27c1"
VARIABLE = "hunter2-but-longer-41"
PASSWORD = "p4ssw0rd-in-an-address"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl"
OPENAI = "sk-" + "abcd1234" * 4
SECRETS = (KEY, VARIABLE, PASSWORD, TOKEN, OPENAI)
SUITE = """
name: small
datasets: {rows: {path: rows.jsonl}}
checks:
  accuracy: {dataset: rows, metrics: [exact_match]}
  length: {dataset: rows}
gates: [accuracy.exact_match >= 0.3]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEAM_KEY", KEY)
    monkeypatch.setenv("INTERNAL_DB_PASSWORD", VARIABLE)
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    return tmp_path


def broken(*_: Any) -> Any:
    """As a careless plugin does it."""
    said = f"cannot reach postgresql://evaluator:{PASSWORD}@db.internal/x with Authorization: Bearer {TOKEN}"
    logging.getLogger("a.plugin").warning("trying with %s and %s", VARIABLE, said)
    try:
        raise ConnectionError(said)  # noqa: TRY301 - as careless plugins do it
    except ConnectionError as error:
        raise ValueError(f"password={VARIABLE}, api_key='{OPENAI}'") from error


def test_nothing_that_a_run_leaves_has_them(
    http_server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Length, "judge", broken)
    monkeypatch.setattr(Length, "judge_all", broken)

    def repeats_headers(request: Any) -> Any:
        number = int(request.body["messages"][-1]["content"].split()[-1])
        said = {"error": {"message": f"you sent {request.headers['authorization']} and token={OPENAI}"}}
        return http_server.status(400, says=said) if number % 2 else None

    http_server.rule = repeats_headers
    command = ["run", "small.yaml", "--model", f"{http_server.reference}&key_env=TEAM_KEY", "--report", "out"]
    with pytest.raises(SystemExit) as stopped:
        run_and_exit([*command, "--events", "events.jsonl"])
    assert stopped.value.code == 3
    for shown in (["--errors", "--cases", "50"], ["--errors", "--json"], ["--case", "r1"]):
        with pytest.raises(SystemExit):
            run_and_exit(["show", *shown])
    printed = capsys.readouterr()
    left = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    left["standard output"], left["standard error"] = printed.out.encode(), printed.err.encode()
    assert any("runs.db" in name for name in left)
    for name, data in left.items():
        for secret in SECRETS:
            assert secret.encode() not in data, f"{secret} in {name}"
    assert "[key]" in printed.out
    assert "[secret]" in printed.out
    assert "ValueError" in printed.out
    assert 'raise ValueError(f"password={VARIABLE}' in printed.out  # the line of code, and not what it said
    assert "WARNING a.plugin: trying with [secret]" in printed.out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://me:secret99@host/x", "see https://[secret]@host/x"),
        ("postgresql+pg8000://u:p@db/x", "postgresql+pg8000://[secret]@db/x"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: [secret]"),
        ("{'Authorization': 'Bearer abc.def-123'}", "{'Authorization': '[secret]'}"),
        ("x-api-key=abcdef123456", "x-api-key=[secret]"),
        ("Cookie: session=abcdef", "Cookie: [secret]"),
        ("api_key=abc123def, next", "api_key=[secret], next"),
        ("AKIAIOSFODNN7EXAMPLE", "[secret]"),
        ("hf_abcdefghijklmnopqrst", "[secret]"),
        ("max_tokens=128, token_count: 4096", "max_tokens=128, token_count: 4096"),
        ("tokens = self.tokens[place]", "tokens = self.tokens[place]"),
        ("http://127.0.0.1:8000/v1?model=m", "http://127.0.0.1:8000/v1?model=m"),
        ("mail me@example.org: no", "mail me@example.org: no"),
        ("", ""),
    ],
)
def test_secrets_are_known_by_their_forms(text: str, expected: str) -> None:
    assert without_secrets(text, {}) == expected


def test_values_of_variables_that_look_secret_are_taken_out_and_harmless_ones_stay() -> None:
    environment = {
        "MY_TOKEN": "opaque words",
        "SSH_AUTH_SOCK": "/run/agent.sock",
        "KEY_ENABLED": "true",
        "HOME": "/home/somebody",
        "DATABASE_URL": "mysql://app:deep-blue@db/x",
    }
    text = "opaque words, /run/agent.sock, true, /home/somebody, deep-blue"
    assert without_secrets(text, environment) == "[secret], /run/agent.sock, true, /home/somebody, [secret]"


@pytest.mark.parametrize("piece", ["x", "x-", "eyJ-", "a://b:", "token", "authorization: ", "key=", "sk-a", "a.b+"])
def test_a_hostile_text_is_cleaned_too(piece: str) -> None:
    """A pattern that runs on would not end while the suite waits for it."""
    text = piece * (30_000 // len(piece))
    assert without_secrets(text, {})
    assert len(without_secrets(text * 100, {})) < 50_000


def test_what_stands_at_a_cut_is_left_out() -> None:
    for place in range(19_990, 20_010):
        text = "." * place + OPENAI + "." * 100_000
        assert OPENAI[:12] not in without_secrets(text, {})
