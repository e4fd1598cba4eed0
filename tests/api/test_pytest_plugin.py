"""The pytest plugin: fixtures, marker, and failures that say which gate failed and why."""

from __future__ import annotations

import pytest

import evalkit
from evalkit.models.manager import ModelManager
from evalkit.pytest_plugin import explain

pytest_plugins = ["pytester"]


@pytest.fixture(scope="module", autouse=True)
def _all_is_imported() -> None:
    """What an inner pytest imports first, it forgets again: later tests would meet two classes of one name."""
    assert "not good enough" in explain(evalkit.evaluate("smoke", model="mock:echo", store=":memory:"))
    with ModelManager("mock:echo") as manager:
        manager.generate("Hello")


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


def test_suite_and_model_by_position(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.evalkit("smoke", "mock:oracle")
        def test_model(evalkit_result):
            assert evalkit_result.result.run.model == "mock:oracle"

        @pytest.mark.evalkit("smoke", "mock:oracle", 3)
        def test_too_many():
            pass
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*takes suite and model by position*"])


def test_wrong_input_is_a_sentence_and_no_traceback(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.evalkit("smoke", model="mock:eco")
        def test_model():
            pass
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*unknown mock 'eco'*", "*did you mean 'echo'?*"])
    assert "Traceback" not in result.stdout.str()


def test_tests_that_are_no_functions_are_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        '''
        import unittest

        def documented():
            """
            >>> 1 + 1
            2
            """

        class TestOld(unittest.TestCase):
            def test_it(self):
                pass
        '''
    )
    pytester.runpytest("--doctest-modules").assert_outcomes(passed=2)


def test_named_models_are_known_to_the_manager(pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", evalkit="[models.mine]\nref = 'mock:echo'\n")
    pytester.makepyfile(
        """
        def test_manager(model_manager):
            assert model_manager.generate("Hello").text == "Hello"
        """
    )
    pytester.runpytest("--evalkit-model", "mine").assert_outcomes(passed=1)
