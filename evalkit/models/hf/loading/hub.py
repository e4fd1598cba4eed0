"""Models on the model hub, by name and revision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.errors import MissingExtra, ModelError
from evalkit.models.fetch import make_folder, tell
from evalkit.models.hf.loading.sources import read_json
from evalkit.models.hf.options import HfOptions

FILES = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "*.py")
PICKLED = ("*.bin",)


@dataclass(slots=True)
class HubSource:
    """``ORG/NAME`` at a revision.

    A full commit hash is its own identity; a branch is looked up, and where the hub cannot be reached, what the local
    hub cache last saw of it is used. What was fetched completely is not asked for again.
    """

    name: str
    revision: str
    options: HfOptions
    _commit: str = field(default="", init=False)

    def identity(self) -> Mapping[str, str]:
        return {"hub": self.name.casefold(), "commit": self._resolved()}

    def _resolved(self) -> str:
        if not self._commit:
            full = re.fullmatch(r"[0-9a-f]{40}", self.revision)
            self._commit = self.revision if full else self._look_up()
        return self._commit

    def _look_up(self) -> str:
        hub = _hub()
        try:
            found = hub.HfApi().model_info(self.name, revision=self.revision, timeout=15).sha
        except Exception as error:  # sorted into what a person can do about it
            cached = self._cached_commit()
            if cached and not _is_refusal(error):
                return cached
            raise self._explain(error) from error
        return str(found)

    def _cached_commit(self) -> str:
        root = Path(_hub().constants.HF_HUB_CACHE) / f"models--{self.name.replace('/', '--')}"
        try:
            return (root / "refs" / self.revision).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""

    def config(self) -> Mapping[str, Any]:
        hub = _hub()
        try:
            path = hub.hf_hub_download(self.name, "config.json", revision=self._resolved())
        except Exception as error:  # sorted into what a person can do about it
            raise self._explain(error) from error
        return read_json(Path(path))

    def folder(self) -> Path:
        from evalkit.models.hf.loading.engine import quiet

        hub = _hub()
        commit = self._resolved()
        patterns = [*FILES, *(PICKLED if self.options.allow_pickle else ())]
        kinds = "all" if self.options.allow_pickle else "safe"
        complete = self.options.root / "hub" / f"{self.name.replace('/', '--')}@{commit}.{kinds}"
        try:
            with quiet():
                if complete.is_file():
                    with suppress(hub.errors.LocalEntryNotFoundError):  # the hub's cache was emptied: fetch again
                        return Path(hub.snapshot_download(self.name, revision=commit, local_files_only=True))
                tell(f"fetching {self.name} from the model hub ...")
                found = hub.snapshot_download(self.name, revision=commit, allow_patterns=patterns)
        except Exception as error:  # sorted into what a person can do about it
            raise self._explain(error) from error
        make_folder(complete.parent)
        complete.touch()
        return Path(found)

    def details(self) -> Mapping[str, Any]:
        return {"source": f"model hub {self.name}@{self._resolved()[:12]}"}

    def _explain(self, error: Exception) -> ModelError:
        """Never the library's own text: it may hold addresses and headers."""
        kind = type(error).__name__
        if kind == "GatedRepoError":
            return ModelError(
                f"access to {self.name} is gated", hint="accept its terms on the model hub and set HF_TOKEN"
            )
        if kind in {"RepositoryNotFoundError", "HFValidationError"}:
            return ModelError(
                f"the model hub has no model {self.name}, or it is private",
                hint="check the name; for a private model set HF_TOKEN",
            )
        if kind == "RevisionNotFoundError":
            return ModelError(f"{self.name} has no revision '{self.revision}'")
        if kind == "EntryNotFoundError":
            return ModelError(f"{self.name} has no config.json: it is not a transformers model")
        return ModelError(
            f"{self.name} cannot be fetched: the model hub cannot be reached ({kind})",
            hint="check the network or HF_ENDPOINT; a downloaded folder is hf:./folder, and smollm2-135m needs no hub",
        )


def _is_refusal(error: Exception) -> bool:
    return type(error).__name__ in {"GatedRepoError", "RepositoryNotFoundError", "RevisionNotFoundError"}


def _hub() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError as error:
        raise MissingExtra("the model hub", "hf") from error
    return huggingface_hub
