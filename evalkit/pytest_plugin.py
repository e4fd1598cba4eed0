"""pytest: fixtures ``model_manager`` and ``evaluate``, and the marker ``@pytest.mark.evalkit(suite=..., model=...)``.

Everything heavy is imported inside the fixtures: pytest loads this plugin in every project that has evalkit installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evalkit.api import RunResult
    from evalkit.models.manager import ModelManager

MARKER = (
    "evalkit(suite, model=None, baseline='', limit=None, only=()): evaluate a model with a suite before the test, "
    "which fails when the suite does not pass; the result is the fixture evalkit_result"
)

POSITIONAL = ("suite", "model")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("evalkit")
    group.addoption(
        "--evalkit-model", metavar="REF", help="Model for evalkit's fixtures and for markers that name none."
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def model_manager(request: pytest.FixtureRequest) -> Iterator[ModelManager]:
    """The model under test, not loaded until it is asked: ``--evalkit-model``, else the configured one."""
    from dataclasses import asdict

    from evalkit.configuration import configure
    from evalkit.models.manager import ModelManager

    configuration = configure({"model": request.config.getoption("--evalkit-model")})
    reference, settings = configuration.model_settings(configuration.settings.model)
    with ModelManager(reference, **asdict(settings)) as manager:
        yield manager


@pytest.fixture
def evaluate(request: pytest.FixtureRequest) -> Callable[..., RunResult]:
    """``evaluate(suite, model=..., check=True, ...)``: as ``evalkit.evaluate``; fails the test when a gate fails."""

    def run(suite: Any, *, check: bool = True, **options: Any) -> RunResult:
        import evalkit
        from evalkit.errors import EvalkitError

        options["model"] = options.get("model") or request.config.getoption("--evalkit-model")
        try:
            result = evalkit.evaluate(suite, **options)
        except EvalkitError as error:
            if not check:
                raise
            pytest.fail(f"evalkit: {error}", pytrace=False)
        if check and not result.passed:
            pytest.fail(explain(result), pytrace=False)
        return result

    return run


@pytest.fixture
def evalkit_result(request: pytest.FixtureRequest, evaluate: Callable[..., RunResult]) -> RunResult:
    """The result of the test's ``evalkit`` marker."""
    marker = request.node.get_closest_marker("evalkit")
    if marker is None:
        pytest.fail("the fixture evalkit_result needs @pytest.mark.evalkit(suite=...)", pytrace=False)
    if len(marker.args) > len(POSITIONAL):
        pytest.fail(
            f"@pytest.mark.evalkit takes {' and '.join(POSITIONAL)} by position, the rest by name", pytrace=False
        )
    options = {**dict(zip(POSITIONAL, marker.args, strict=False)), **marker.kwargs}
    suite = options.pop("suite", None)
    if suite is None:
        pytest.fail("@pytest.mark.evalkit needs a suite: a path or a bundled name", pytrace=False)
    return evaluate(suite, **options)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marked test runs its suite whether or not it asks for the result."""
    for item in items:
        names = getattr(item, "fixturenames", None)  # tests that are no functions have none, and no marker either
        if names is not None and item.get_closest_marker("evalkit") and "evalkit_result" not in names:
            names.append("evalkit_result")


def explain(result: RunResult) -> str:
    """Gate, value, interval, and the worst cases of the checks that failed."""
    from evalkit.report import view
    from evalkit.report.hostile import shown

    failed = [gate for gate in view.gates(result.result) if gate.counts_as != "pass"]
    lines = [str(result), ""]
    for gate in failed:
        lines.append(f"{gate.status}: {gate.gate}")
        lines.append(f"      value {gate.value}, 95% interval {gate.interval}, {gate.counts}")
        lines.append(f"      {gate.reason}")
    checks = {gate.check for gate in failed}
    for finding in (finding for finding in result.findings if finding.check in checks):
        worth = finding.note or finding.value
        lines.append(f"worst {finding.check}[{finding.case}] {finding.metric}: {worth}")
        for exchange in finding.exchanges[:2]:
            lines.append(f"      asked    {shown(exchange.messages[-1].content, 200)}")
            lines.append(f"      answered {shown(exchange.answer, 200)}")
    return "\n".join(lines)
