"""The pytest plugin: fixtures, marker, and failures that say which gate failed and why."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


def test_the_marker_runs_a_suite_and_gives_its_result(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.evalkit(suite="smoke", model="mock:oracle")
        def test_model(evalkit_result):
            assert evalkit_result.passed

        @pytest.mark.evalkit("smoke", model="mock:oracle", limit=3)
        def test_without_asking_for_the_result():
            pass
        """
    )
    pytester.runpytest("--strict-markers").assert_outcomes(passed=2)


def test_a_failure_shows_gate_value_interval_and_worst_cases(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.evalkit(suite="smoke", model="mock:echo")
        def test_model():
            raise AssertionError("not reached")
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*not good enough*",
            "*fail: accuracy.exact_match >= 0.9*",
            "*value 0, 95% interval 0*",
            "*worst accuracy*",
            "*answered*",
        ]
    )


def test_fixtures_evaluate_and_ask(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_evaluate(evaluate):
            assert not evaluate("smoke", check=False).passed

        def test_manager(model_manager):
            assert model_manager.generate("Hello").text == "Hello"
        """
    )
    pytester.runpytest("--evalkit-model", "mock:echo").assert_outcomes(passed=2)


def test_a_marker_without_a_suite_is_explained(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.evalkit(model="mock:echo")
        def test_model():
            pass
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs a suite*"])
