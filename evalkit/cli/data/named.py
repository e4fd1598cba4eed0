"""What the commands about data may be given: a file, or a dataset of a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalkit.data.loading import Reading

SUITES = (".yaml", ".yml")


def is_suite(text: str) -> bool:
    return _parts(text)[0].endswith(SUITES)


def _parts(text: str) -> tuple[str, str]:
    suite, _, name = text.rpartition(":")
    return (suite, name) if suite.endswith(SUITES) else (text, "")


def readings(text: str, contract: str, *, trust_code: bool) -> list[Reading]:
    """Of ``FILE``, ``SUITE.yaml:DATASET``, or ``SUITE.yaml`` with all its datasets."""
    from evalkit.data.contracts import Interpreter, contract_named
    from evalkit.data.loading import Reading, reading_of
    from evalkit.data.scanning import Scan, asked_by
    from evalkit.data.sources import file_source

    suite, name = _parts(text)
    if not is_suite(text):
        return [Reading(Scan(file_source(text), Interpreter(contract_named(contract))), asked_by)]
    from evalkit.errors import SuiteError, did_you_mean
    from evalkit.suite.find import find_suite
    from evalkit.suite.load import load_suite

    loaded = load_suite(find_suite(suite), trust_code=trust_code)
    if name and name not in loaded.datasets:
        hint = did_you_mean(name, loaded.datasets, "its datasets")
        raise SuiteError(f"there is no dataset '{name}'", where=suite, hint=hint)
    chosen = [loaded.datasets[name]] if name else loaded.datasets.values()
    return [reading_of(spec, loaded.path.parent) for spec in chosen]
