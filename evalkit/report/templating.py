"""Templates that escape what is put into them and show what would act or hide: for the report and the workbench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalkit.report import hostile

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(package: str) -> Environment:
    """Of the templates that lie in a package of ours."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from evalkit.report.compiled import CompiledTemplates

    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=CompiledTemplates(),
    )


def _seen(value: Any) -> Any:
    """Whatever a template writes goes through here, so that no text can be forgotten."""
    return hostile.visible(value) if type(value) is str else value
