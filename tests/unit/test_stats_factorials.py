"""Logarithms of factorials beside scipy's and Python's whole numbers."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from evalkit.stats.factorials import log_factorials


def test_they_are_scipys_to_the_last_digit() -> None:
    numbers = np.concatenate([np.arange(20_000), np.arange(999_990, 1_000_010), [2**31, 2**40]])
    np.testing.assert_array_max_ulp(log_factorials(numbers), gammaln(numbers + 1.0), maxulp=1)


def test_they_are_the_logarithms_of_what_python_multiplies() -> None:
    wanted = [math.log(math.factorial(n)) for n in range(150)]
    np.testing.assert_allclose(log_factorials(np.arange(150)), wanted, rtol=4e-16, atol=0)


def test_of_no_numbers_there_are_none() -> None:
    assert log_factorials(np.zeros(0)).shape == (0,)
