"""GGUF files: looked at cheaply, and converted once to safetensors so that later loads take a second."""

from __future__ import annotations

import contextlib
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from evalkit.errors import MissingExtra, ModelError
from evalkit.models.conversion import convert_once, is_complete

CONVERSION = "1"
"""Part of a converted folder's name: a better conversion never meets the files of an older one."""


def _corrupted(path: Path, why: str) -> ModelError:
    return ModelError(f"{path} is not a usable GGUF file: {why}", hint="fetch the file again and check its hash")


def check_magic(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(4)
    if head != b"GGUF":
        raise _corrupted(path, "it does not begin with the letters GGUF")


def _open(path: Path) -> Any:
    check_magic(path)
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise MissingExtra("a GGUF model", "hf") from error
    try:
        return GGUFReader(str(path))
    except Exception as error:  # the reader indexes into a memory map: damage shows as any kind of error
        raise _corrupted(path, "its content is damaged or cut short") from error


def context_length(path: Path) -> int | None:
    """From the header; reading it also finds a file that is damaged or cut short, before anything was asked."""
    reader = _open(path)
    for name, entry in reader.fields.items():
        if name.endswith(".context_length"):
            return int(entry.contents())
    return None


def _text(reader: Any, name: str) -> str:
    entry = reader.fields.get(name)
    return str(entry.contents()) if entry is not None else ""


def converted_folder(sha256: str, root: Path) -> Path:
    return root / "converted" / f"{sha256[:16]}-{CONVERSION}"


def convert(path: Path, sha256: str, root: Path) -> Path:
    """The converted folder of a GGUF file, which is looked at before anything is said of converting it."""
    target = converted_folder(sha256, root)
    if is_complete(target):
        return target
    pre_tokenizer = _text(_open(path), "tokenizer.ggml.pre")

    def write(_: Path, arriving: Path) -> None:
        _write_converted(path, arriving, pre_tokenizer)

    return convert_once(path, sha256, target, "to safetensors", write)


def _write_converted(path: Path, target: Path, pre_tokenizer: str) -> None:
    from evalkit.models.hf.loading.engine import quiet, refuse_incomplete, torch_and_transformers

    torch, transformers = torch_and_transformers()
    where, name = str(path.parent), path.name
    with quiet(), redirect_stderr(StringIO()):  # the reader of GGUF files draws its bar whatever it is told
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(where, gguf_file=name)
            model, found = transformers.AutoModelForCausalLM.from_pretrained(
                where, gguf_file=name, dtype=torch.float32, output_loading_info=True
            )
        except Exception as error:  # transformers raises whatever it trips over; the person needs to know which file
            raise _corrupted(path, f"transformers cannot read it ({type(error).__name__})") from error
        refuse_incomplete(path, found)
        _split_digits(tokenizer, pre_tokenizer)
        _forget_quantisation(model)
        try:
            model.save_pretrained(str(target))
            tokenizer.save_pretrained(str(target))
        except Exception as error:  # a full disk is an OSError to one library and an error of its own to another
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelError(
                f"{path.name} cannot be converted in {target.parent.parent}: {said}",
                hint="free some space (540 MB for the default model), or set EVALKIT_CACHE to another folder",
            ) from error


def _split_digits(tokenizer: Any, pre_tokenizer: str) -> None:
    """SmolLM's tokenizer takes every digit by itself; transformers builds a plain GPT-2 one from the GGUF file."""
    if pre_tokenizer != "smollm":
        return
    from tokenizers import pre_tokenizers

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )


def _forget_quantisation(model: Any) -> None:
    """The weights are plain float32 now; marked as quantised, they could be neither saved nor loaded again."""
    model.hf_quantizer = None
    for owner, name in ((model, "is_quantized"), (model, "quantization_method"), (model.config, "quantization_config")):
        with contextlib.suppress(AttributeError):
            delattr(owner, name)
