"""Every error has a class: real exceptions of the libraries that raise them, and statuses as servers send them."""

from __future__ import annotations

import asyncio
import errno
import json
import pickle
import re
import socket
import sqlite3
import ssl
import struct
import urllib.error
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import click
import httpx
import pytest

from evalkit.cli.main import COMMANDS, commands
from evalkit.errors import (
    ConfigurationError,
    DatasetError,
    EvalkitError,
    FailureClass,
    MissingExtra,
    ModelError,
    PluginError,
    SuiteError,
)
from evalkit.failures import (
    ADVICE,
    advice_on,
    class_of,
    class_of_plugins_error,
    class_of_scores_error,
    explain,
    is_out_of_memory,
    kind_of_status,
)
from evalkit.failures.classes import OF_KIND
from evalkit.models.endpoint.failures import Reply, trouble_of
from evalkit.records import FailureKind


def raised(act: Callable[[], Any]) -> BaseException:
    try:
        act()
    except BaseException as error:  # noqa: BLE001 - any error at all is what is looked at
        return error
    raise AssertionError("nothing was raised")


# --- raised by the libraries themselves -------------------------------------------------------------------------------


def torch_allocates_too_much() -> None:
    import torch

    torch.empty(1 << 60, dtype=torch.uint8)


def torch_loads_half_an_archive(folder: Path) -> None:
    import torch

    (folder / "model.bin").write_bytes(b"PK\x03\x04 no archive")
    torch.load(folder / "model.bin", weights_only=True)


def torch_loads_a_pickle_of_something_else(folder: Path) -> None:
    import torch

    (folder / "other.bin").write_bytes(pickle.dumps(Path))
    torch.load(folder / "other.bin", weights_only=True)


def torch_loads_other_shapes() -> None:
    import torch

    torch.nn.Linear(2, 2).load_state_dict(torch.nn.Linear(3, 2).state_dict())


def safetensors_has_a_broken_header(folder: Path) -> None:
    from safetensors.torch import load_file

    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    load_file(folder / "model.safetensors")


def a_locked_database(folder: Path) -> None:
    with sqlite3.connect(folder / "a.db") as one:
        one.execute("CREATE TABLE t (x)")
        one.execute("BEGIN EXCLUSIVE")
        sqlite3.connect(folder / "a.db", timeout=0).execute("INSERT INTO t VALUES (1)")


def a_locked_database_through_sqlalchemy(folder: Path) -> None:
    from sqlalchemy import create_engine, text

    with sqlite3.connect(folder / "b.db") as one:
        one.execute("CREATE TABLE t (x)")
        one.execute("BEGIN EXCLUSIVE")
        with create_engine(f"sqlite:///{folder / 'b.db'}", connect_args={"timeout": 0}).connect() as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))


def nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    httpx.get(f"http://127.0.0.1:{port}", trust_env=False)


def an_answer_that_says(status: int) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    httpx.Client(transport=transport).get("http://host/").raise_for_status()


def a_server_that_hangs() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        httpx.get(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05, trust_env=False)


def an_archive_that_is_cut_off() -> None:
    pickle.loads(b"\x80\x04\x95")


REAL: dict[str, tuple[Callable[..., Any], FailureClass]] = {
    "torch, on a CPU": (torch_allocates_too_much, FailureClass.OUT_OF_MEMORY),
    "torch, half an archive": (torch_loads_half_an_archive, FailureClass.MODEL_LOAD),
    "torch, a pickle": (torch_loads_a_pickle_of_something_else, FailureClass.MODEL_LOAD),
    "torch, other shapes": (torch_loads_other_shapes, FailureClass.MODEL_LOAD),
    "safetensors": (safetensors_has_a_broken_header, FailureClass.MODEL_LOAD),
    "pickle": (an_archive_that_is_cut_off, FailureClass.MODEL_LOAD),
    "a package that is missing": (lambda: __import__("no_such_package_at_all"), FailureClass.IMPORT),
    "a name that is missing": (lambda: exec("from json import nothing"), FailureClass.IMPORT),
    "sqlite": (a_locked_database, FailureClass.TIMEOUT),
    "sqlalchemy": (a_locked_database_through_sqlalchemy, FailureClass.TIMEOUT),
    "nothing listens": (nothing_listens, FailureClass.NETWORK),
    "a hanging server": (a_server_that_hangs, FailureClass.TIMEOUT),
    "429": (lambda: an_answer_that_says(429), FailureClass.RATE_LIMIT),
    "401": (lambda: an_answer_that_says(401), FailureClass.CONFIGURATION),
    "502": (lambda: an_answer_that_says(502), FailureClass.NETWORK),
    "504": (lambda: an_answer_that_says(504), FailureClass.TIMEOUT),
    "no JSON": (lambda: json.loads("{"), FailureClass.DATA),
    "no UTF-8": (b"\xff".decode, FailureClass.DATA),
    "division": (lambda: 1 / 0, FailureClass.INTERNAL),
    "a long list": (lambda: [0] * (1 << 60), FailureClass.OUT_OF_MEMORY),
    "a full disk": (lambda: Path("/dev/full").write_text("x", encoding="utf-8"), FailureClass.CONFIGURATION),
}


@pytest.mark.parametrize("name", REAL)
def test_what_libraries_raise_has_a_class(name: str, tmp_path: Path) -> None:
    act, kind = REAL[name]
    if name == "a full disk" and not Path("/dev/full").exists():
        pytest.skip("this system has no disk that is always full")
    code = getattr(act, "__code__", None)
    error = raised(lambda: act(tmp_path) if code is not None and code.co_argcount else act())
    assert class_of(error) is kind, repr(error)


MADE: list[tuple[BaseException, FailureClass]] = [
    (MemoryError(), FailureClass.OUT_OF_MEMORY),
    (OSError(errno.ENOMEM, "Cannot allocate memory"), FailureClass.OUT_OF_MEMORY),
    (OSError(errno.EROFS, "Read-only file system"), FailureClass.CONFIGURATION),
    (OSError(errno.EMFILE, "Too many open files"), FailureClass.CONFIGURATION),
    (ConnectionResetError(errno.ECONNRESET, "reset"), FailureClass.NETWORK),
    (socket.gaierror(-2, "Name or service not known"), FailureClass.NETWORK),
    (ssl.SSLCertVerificationError("self-signed"), FailureClass.NETWORK),
    (TimeoutError(), FailureClass.TIMEOUT),
    (urllib.error.HTTPError("http://h", 429, "slow down", Message(), None), FailureClass.RATE_LIMIT),
    (urllib.error.URLError(OSError("gone")), FailureClass.NETWORK),
    (sqlite3.OperationalError("database or disk is full"), FailureClass.CONFIGURATION),
    (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `c`"), FailureClass.OUT_OF_MEMORY),
    (RuntimeError("\"addmm_impl_cpu_\" not implemented for 'Half'"), FailureClass.CONFIGURATION),
    (ConfigurationError("x"), FailureClass.CONFIGURATION),
    (SuiteError("x"), FailureClass.CONFIGURATION),
    (DatasetError("x"), FailureClass.DATA),
    (ModelError("x"), FailureClass.MODEL_LOAD),
    (ModelError("x", failure=FailureClass.NETWORK), FailureClass.NETWORK),
    (MissingExtra("x", "y"), FailureClass.IMPORT),
    (PluginError("x"), FailureClass.PLUGIN),
]


@pytest.mark.parametrize(("error", "kind"), MADE, ids=lambda one: repr(one)[:40])
def test_what_cannot_be_provoked_here_has_a_class(error: BaseException, kind: FailureClass) -> None:
    assert class_of(error) is kind


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(1), asyncio.CancelledError()], ids=repr)
def test_an_end_that_somebody_wanted_is_no_error(end: BaseException) -> None:
    assert class_of(end) is None


def test_where_an_error_says_nothing_what_it_was_raised_from_does() -> None:
    def act() -> None:
        try:
            torch_allocates_too_much()
        except RuntimeError as error:
            raise ValueError("the layer failed") from error

    assert class_of(raised(act)) is FailureClass.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (torch_allocates_too_much, FailureClass.OUT_OF_MEMORY),
        (lambda: __import__("no_such_package_at_all"), FailureClass.IMPORT),
        (lambda: json.loads("{"), FailureClass.MODEL_LOAD),
    ],
)
def test_an_error_of_ours_that_the_machine_caused_has_the_class_of_its_cause(
    cause: Callable[[], Any], kind: FailureClass
) -> None:
    def act() -> None:
        try:
            cause()
        except Exception as error:
            raise ModelError("the weights cannot be loaded") from error

    assert class_of(raised(act)) is kind


def test_of_an_error_of_ours_the_hint_is_what_to_do() -> None:
    found = explain(DatasetError("row 3 has no prompt", hint="add the column 'prompt'"))
    assert found is not None
    assert found.recommendation == "add the column 'prompt'"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)"),
        type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate 20.00 MiB"),
    ],
    ids=lambda error: str(error)[:20],
)
def test_a_lack_of_memory_is_known_by_the_words_of_whoever_met_it(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("mat1 and mat2 shapes"), IndexError()])
def test_other_errors_are_no_lack_of_memory(error: Exception) -> None:
    assert not is_out_of_memory(error)


# --- what servers say -------------------------------------------------------------------------------------------------

OPENAI_FILTER = {"error": {"message": "Your request was rejected.", "code": "content_policy_violation"}}
AZURE_FILTER = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}},
    }
}
AZURE_INNER_ONLY = {"error": {"message": "Filtered.", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}
TOO_LONG = {"error": {"message": "This model's maximum context length is 8192 tokens.", "code": "context_length"}}


@pytest.mark.parametrize(
    ("status", "says", "kind"),
    [
        (400, OPENAI_FILTER, FailureClass.CONTENT),
        (400, AZURE_FILTER, FailureClass.CONTENT),
        (400, AZURE_INNER_ONLY, FailureClass.CONTENT),
        (400, TOO_LONG, FailureClass.DATA),
        (400, {"error": {"message": "temperature must be below 2"}}, FailureClass.CONFIGURATION),
        (401, {}, FailureClass.CONFIGURATION),
        (429, {"error": {"message": "slow down"}}, FailureClass.RATE_LIMIT),
        (500, {}, FailureClass.NETWORK),
        (529, {"error": {"type": "overloaded_error"}}, FailureClass.NETWORK),
        (504, {}, FailureClass.TIMEOUT),
    ],
)
def test_what_a_server_says_has_a_class_and_is_tried_again_where_that_may_help(
    status: int, says: dict[str, Any], kind: FailureClass
) -> None:
    reply = Reply(status, "application/json", "", "", json.dumps(says).encode())
    trouble = trouble_of(reply, key_hint="", url="http://h/v1")
    assert trouble is not None
    assert OF_KIND[trouble.kind] is kind
    assert trouble.retry is ADVICE[kind].transient


def test_every_kind_of_failed_request_has_a_class_and_every_class_its_advice() -> None:
    assert set(OF_KIND) == set(FailureKind)
    assert set(ADVICE) == set(FailureClass)
    assert kind_of_status(200) is None


# --- errors of scores -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("rate limit: HTTP 429: slow down (5 tries)", FailureClass.RATE_LIMIT),
        ("server error: HTTP 500", FailureClass.NETWORK),
        ("prompt too long: 9 tokens", FailureClass.DATA),
        ("plugin: ValueError: model load: no", FailureClass.PLUGIN),
        ("time-out: no answer within 3 s", FailureClass.TIMEOUT),
        ("something: else", FailureClass.INTERNAL),
        ("", FailureClass.INTERNAL),
    ],
)
def test_a_scores_error_begins_with_its_class(said: str, kind: FailureClass) -> None:
    assert class_of_scores_error(said) is kind


def test_what_a_plugin_raises_is_its_own_unless_the_machine_did_it() -> None:
    assert class_of_plugins_error(KeyError("x")) is FailureClass.PLUGIN
    assert class_of_plugins_error(json.JSONDecodeError("x", "y", 0)) is FailureClass.PLUGIN
    assert class_of_plugins_error(MemoryError()) is FailureClass.OUT_OF_MEMORY
    assert class_of_plugins_error(ModuleNotFoundError("x")) is FailureClass.IMPORT
    assert class_of_plugins_error(EvalkitError("x")) is FailureClass.PLUGIN


def test_advice_names_commands_that_there_are() -> None:
    known = {name: command for name in COMMANDS if (command := commands.get_command(click.Context(commands), name))}
    told = [
        words
        for one in ADVICE.values()
        for words in re.findall(r"['(]evalkit ([a-z]+)(?: ([a-z]+)\b)?", one.recommendation)
    ]
    assert told
    for name, inner in told:
        assert name in known
        if inner:
            group = known[name]
            assert isinstance(group, click.Group)
            assert inner in group.list_commands(click.Context(group))


@pytest.mark.parametrize(
    ("kind", "says", "words"),
    [
        (FailureClass.RATE_LIMIT, ["rate limit: HTTP 429: insufficient_quota"] * 2, "Raise the quota"),
        (FailureClass.RATE_LIMIT, ["rate limit: HTTP 429: insufficient_quota", "rate limit: slow"], "concurrency"),
        (FailureClass.DATA, ["prompt too long: 9 tokens do not fit"], "longer context"),
        (FailureClass.NETWORK, ["server error: HTTP 500"], "the server's log"),
        (FailureClass.NETWORK, ["network: the connection broke"], "the way to it"),
        (FailureClass.NETWORK, [], "the way to it"),
    ],
)
def test_where_all_errors_say_the_same_the_advice_is_nearer(kind: FailureClass, says: list[str], words: str) -> None:
    advice = advice_on(kind, says)
    assert words in advice.recommendation
    assert advice.kind is kind
