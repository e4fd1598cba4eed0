"""Logarithms of factorials, to the last digit those of ``scipy.special.gammaln``.

Loading scipy.special takes a fifth of a second: a tenth of what judging five thousand short answers takes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT = tuple(math.log(math.factorial(n)) for n in range(12))
FAR = 1000
"""From here three terms of Stirling's series are all that counts."""
NEAR_TERMS = (
    8.11614167470508450300e-4,
    -5.95061904284301438324e-4,
    7.93650340457716943945e-4,
    -2.77777777730099687205e-3,
    8.33333333333331927722e-2,
)
"""Of cephes' ``lgam``, which scipy computes by."""
FAR_TERMS = (7.9365079365079365079365e-4, -2.7777777777777777777778e-3, 0.0833333333333333333333)
HALF_LOG_TWO_PI = 0.91893853320467274178


def log_factorials(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Of whole numbers from 0 on, one by one."""
    x = np.asarray(numbers, dtype=np.float64) + 1
    logs = np.fromiter(map(math.log, x.tolist()), np.float64, len(x))  # numpy's own differ in the last digit
    inverse = 1 / (x * x)
    near, far = (_polynomial(terms, inverse) for terms in (NEAR_TERMS, FAR_TERMS))
    found: NDArray[np.float64] = (x - 0.5) * logs - x + HALF_LOG_TWO_PI + np.where(x >= FAR, far, near) / x
    few = x <= len(EXACT)
    found[few] = np.asarray(EXACT)[x[few].astype(np.intp) - 1]
    return found


def _polynomial(terms: tuple[float, ...], x: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.full_like(x, terms[0])
    for term in terms[1:]:
        total = total * x + term
    return total
