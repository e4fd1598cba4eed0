"""Where an OpenVINO model comes from: the catalog, a GGUF file, an exported folder. Nothing here imports OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from evalkit.errors import ModelError
from evalkit.models.catalog import CATALOG, CATALOG_TARGET, find
from evalkit.models.conversion import is_complete
from evalkit.models.fetch import fetch_package_file, remembered_sha256
from evalkit.models.hf.loading.sources import IDENTITY_FILES, GgufSource, PackageSource, read_json
from evalkit.models.openvino.convert import EXPORT, convert, converted_folder
from evalkit.models.openvino.options import OpenVinoOptions
from evalkit.models.reference import Reference

EXPORTED = ("openvino_model.xml", "openvino_model.bin")
WHAT_IS_READ = "openvino:smollm2-135m, openvino:./file.gguf, or openvino:./folder with openvino_model.xml"


class Source(Protocol):
    def identity(self) -> Mapping[str, str]:
        """What makes these weights these weights: names and hashes."""

    def config(self) -> Mapping[str, Any]: ...

    def folder(self) -> Path:
        """A folder with the model and its tokenizer; converted when it is first asked for."""

    def tokenizer_folder(self) -> Path:
        """A folder with the tokenizer at least: counting tokens converts no weights that it need not."""

    def details(self) -> Mapping[str, Any]: ...


def find_source(reference: Reference, options: OpenVinoOptions) -> Source:
    target = reference.target.strip()
    entry = CATALOG.get(target.removeprefix(CATALOG_TARGET)) or find(target)
    if entry is not None:
        plain = PackageSource(entry, options.root)
        return FromGguf(plain, entry.package.sha256, options.root)
    if not target:
        raise ModelError(f"'{reference.text}' names no model", hint=WHAT_IS_READ)
    path = Path(target).expanduser()
    if target.casefold().endswith(".gguf"):
        if not path.is_file():
            raise ModelError(f"there is no file {target}", hint=WHAT_IS_READ)
        file = GgufSource(path, options.root)
        return FromGguf(file, file.identity()["gguf"], options.root)
    if path.is_dir():
        return ExportedFolder(path, options.root)
    raise ModelError(
        f"OpenVINO reads no '{target}': it is neither a catalog name, a .gguf file nor a folder",
        hint=f"{WHAT_IS_READ}; for a model of the hub: {EXPORT}",
    )


@dataclass(frozen=True, slots=True)
class FromGguf:
    """The weights of a GGUF file, and the tokenizer that the transformers backend makes of it: prompts are the same."""

    plain: PackageSource | GgufSource
    sha256: str
    root: Path

    def identity(self) -> Mapping[str, str]:
        return self.plain.identity()

    def config(self) -> Mapping[str, Any]:
        return self.plain.config()

    def folder(self) -> Path:
        done = converted_folder(self.sha256, self.root)
        if is_complete(done):
            return done
        file = (
            fetch_package_file(self.plain.entry.package, self.root)
            if isinstance(self.plain, PackageSource)
            else self.plain.path
        )
        return convert(file, self.sha256, self.plain.folder(), self.root)

    def tokenizer_folder(self) -> Path:
        done = converted_folder(self.sha256, self.root)
        return done if is_complete(done) else self.plain.folder()

    def details(self) -> Mapping[str, Any]:
        return {**self.plain.details(), "weights": "float16, from GGUF"}


@dataclass(frozen=True, slots=True)
class ExportedFolder:
    """What ``optimum-cli export openvino`` writes, in the precision that it was written in."""

    path: Path
    root: Path

    def identity(self) -> Mapping[str, str]:
        missing = [name for name in EXPORTED if not (self.path / name).is_file()]
        if missing:
            weights = any(self.path.glob("*.safetensors"))
            raise ModelError(
                f"{self.path} is not an exported OpenVINO model: it has no {missing[0]}",
                hint=f"it holds transformers weights; {EXPORT.replace('ORG/NAME', str(self.path))}"
                if weights
                else "optimum-cli export openvino writes such a folder",
            )
        small = {path for pattern in IDENTITY_FILES for path in self.path.glob(pattern) if path.is_file()}
        files = [*(self.path / name for name in EXPORTED), *sorted(small)]
        return {path.name: remembered_sha256(path, self.root) for path in files}

    def config(self) -> Mapping[str, Any]:
        return read_json(self.path / "config.json")

    def folder(self) -> Path:
        return self.path

    def tokenizer_folder(self) -> Path:
        return self.path

    def details(self) -> Mapping[str, Any]:
        return {"source": "exported folder"}
