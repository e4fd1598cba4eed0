"""Turn a model folder into a model in memory, quietly, with errors that people can act on."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.errors import MissingExtra, ModelError
from evalkit.failures import is_out_of_memory
from evalkit.models.hf.loading.sources import read_json, weight_files
from evalkit.models.hf.options import HfOptions
from evalkit.models.hf.own_settings import OBEYED, refuse_others
from evalkit.models.uncollected import without_collection

OWN_SETTINGS = "without that setting in generation_config.json it can be asked, and is another model"
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "seq_length", "max_seq_len")


@dataclass(slots=True)
class Engine:
    """A model and its tokenizer, ready to be asked."""

    model: Any
    tokenizer: Any
    device: str
    seq2seq: bool
    end_tokens: frozenset[int]
    pad_token: int
    context_length: int | None
    forward: frozenset[str]
    """Names of the arguments that the model's forward takes."""
    special: Mapping[str, int] = field(default_factory=dict)
    """Tokens that are no text, by their names: a decoded answer does not show them."""


def torch_and_transformers() -> tuple[Any, Any]:
    try:
        with without_collection():
            import torch
            import transformers
    except ImportError as error:
        raise MissingExtra("a local model", "hf") from error
    return torch, transformers


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no advice of the libraries while they load: what matters is raised as an error."""
    _, transformers = torch_and_transformers()
    log = transformers.utils.logging
    before, bar = log.get_verbosity(), log.is_progress_bar_enabled()
    others = [logging.getLogger(name) for name in ("huggingface_hub", "peft", "torch", "gguf")]
    levels = [logger.level for logger in others]
    log.set_verbosity(logging.CRITICAL)
    log.disable_progress_bar()
    for logger in others:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(before)
        if bar:
            log.enable_progress_bar()
        for logger, level in zip(others, levels, strict=True):
            logger.setLevel(level)


def context_of(config: Any) -> int | None:
    """The longest prompt and answer together, where the configuration says so; T5-style models do not."""
    inner = config.get("text_config") or config
    for key in CONTEXT_KEYS:
        value = inner.get(key)
        if isinstance(value, int) and value > 0:
            return value
    return None


@without_collection()
def load_engine(folder: Path, options: HfOptions, device: str, dtype: str) -> Engine:
    torch, transformers = torch_and_transformers()
    _check_device(torch, device)
    config = read_json(folder / "config.json")
    _check_remote_code(folder, config, options)
    _check_weights(folder, options)
    common: dict[str, Any] = {"trust_remote_code": options.trust_remote_code, "local_files_only": True}
    seq2seq = bool(config.get("is_encoder_decoder"))
    auto = transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM
    extra = {"attn_implementation": options.attention} if options.attention else {}
    where = str(folder)
    _check_architecture(folder, config, options)
    refuse_others(read_json(folder / "generation_config.json"), OBEYED, folder, hint=OWN_SETTINGS)
    tokenizer = load_tokenizer(folder, options)
    with quiet(), reading(folder):
        model, found = auto.from_pretrained(
            where,
            dtype=getattr(torch, dtype),
            use_safetensors=not options.allow_pickle or None,
            ignore_mismatched_sizes=True,  # refused below, where the weights can be named
            output_loading_info=True,
            **extra,
            **common,
        )
        refuse_incomplete(folder, found)
        if options.adapter is not None:
            model = _with_adapter(model, options.adapter, options.allow_pickle)
        model = model.to(device).eval()
    return _engine(model, tokenizer, device, seq2seq, options)


def _engine(model: Any, tokenizer: Any, device: str, seq2seq: bool, options: HfOptions) -> Engine:
    import inspect

    limits = [n for n in (context_of(model.config.to_dict()), options.context_length) if n]
    ends = _end_tokens(model, tokenizer)
    return Engine(
        model=model,
        tokenizer=tokenizer,
        device=device,
        seq2seq=seq2seq,
        end_tokens=ends,
        pad_token=_pad_token(model, tokenizer, ends),
        context_length=min(limits) if limits else None,
        forward=frozenset(inspect.signature(model.forward).parameters),
        special=_special_tokens(tokenizer),
    )


def _pad_token(model: Any, tokenizer: Any, ends: frozenset[int]) -> int:
    """GPT-2-style models name none, and others one that they have no embedding for (``[PAD]``, added later, or -1). Any
    token will do, since padding is masked out."""
    known = getattr(model.config.get_text_config(decoder=True), "vocab_size", None) or 1
    named = (tokenizer.pad_token_id, getattr(model.config, "pad_token_id", None), *sorted(ends))
    return next((token for token in named if isinstance(token, int) and 0 <= token < known), 0)


def _special_tokens(tokenizer: Any) -> dict[str, int]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    special = {token.content: number for number, token in added.items() if token.special}
    return dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True)) | special


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    generation = getattr(model, "generation_config", None)
    own = getattr(model.config, "eos_token_id", None)
    for found in (getattr(generation, "eos_token_id", None), own, tokenizer.eos_token_id):
        if found is not None:
            return frozenset(found if isinstance(found, list | tuple) else [found])
    return frozenset()


MODEL_FOLDER = "a model folder holds config.json, *.safetensors and a tokenizer that transformers knows"
TOKENIZER = "a tokenizer is tokenizer.json with tokenizer_config.json, or what its save_pretrained wrote"


@contextmanager
def reading(folder: Path, what: str = "model", hint: str = MODEL_FOLDER) -> Iterator[None]:
    """Loading errors of any library, as one short message about this folder."""
    try:
        yield
    except (ModelError, MissingExtra):
        raise
    except (
        Exception
    ) as error:  # loaders raise OSError, ValueError, SafetensorError, KeyError, ...: all mean "cannot load"
        kind = type(error).__name__
        if is_out_of_memory(error):
            raise ModelError(
                f"{folder.name} does not fit into memory", hint="take a smaller model, or dtype=bfloat16"
            ) from error
        if kind == "UnpicklingError":  # torch's own words are advice to read the file whatever it does
            raise ModelError(
                f"the {what} in {folder} cannot be loaded: its pickled file is damaged, or holds more than weights",
                hint="such a file can run code when it is read, and is not read; save the weights as safetensors",
            ) from error
        raise ModelError(f"the {what} in {folder} cannot be loaded: {kind}{_in_short(error)}", hint=hint) from error


def _in_short(error: Exception) -> str:
    """The first sentence of a library's message, without addresses."""
    said = " ".join(str(error).split())
    said = re.sub(r"\S+://\S+", "<address>", re.split(r"(?<=[a-z`])[.!] ", said, maxsplit=1)[0])
    return f": {said[:197]}..." if len(said) > 200 else f": {said}" if said else ""


def refuse_incomplete(folder: Path, found: Mapping[str, Any]) -> None:
    """transformers fills what a checkpoint lacks with random numbers and goes on: that is no longer the model.

    Tied weights, and those that a model's class says it can do without, are not among the missing ones.
    """
    missing = sorted(found.get("missing_keys") or ())
    other = sorted(str(entry[0]) for entry in found.get("mismatched_keys") or ())
    if not missing and not other:
        return
    names = [*missing, *other]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    counts = ((len(missing), "missing"), (len(other), "of another shape"))
    said = ", ".join(f"{count} {how}" for count, how in counts if count)
    raise ModelError(
        f"the weights in {folder} are not what its configuration asks for: {said} ({shown})",
        hint="weights and config.json are of different models, or some files of the checkpoint are missing",
    )


def _check_device(torch: Any, device: str) -> None:
    if device.startswith("cuda"):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = int(device.partition(":")[2] or 0)
        if index >= count:
            there = f"{count} CUDA device(s)" if count else "no CUDA device"
            raise ModelError(f"device {device} was asked for, but torch finds {there}", hint="use device=cpu")
    if device == "mps" and not torch.backends.mps.is_available():
        raise ModelError("device mps was asked for, but this machine has none", hint="use device=cpu")


def _check_remote_code(folder: Path, config: dict[str, Any], options: HfOptions) -> None:
    if config.get("auto_map") and not options.trust_remote_code:
        known = config.get("model_type") in _known_model_types()
        if not known:
            raise ModelError(
                f"the model in {folder} brings its own Python code",
                hint="read that code, then add ?trust_remote_code=1 if you trust it",
            )
    if options.trust_remote_code and config.get("auto_map"):
        warnings.warn(f"running Python code that comes with the model in {folder}", stacklevel=2)


def _check_architecture(folder: Path, config: dict[str, Any], options: HfOptions) -> None:
    kind = config.get("model_type")
    if kind and kind not in _known_model_types() and not (config.get("auto_map") and options.trust_remote_code):
        import transformers

        raise ModelError(
            f"the model in {folder} cannot be loaded: it is of type '{kind}', "
            f"which transformers {transformers.__version__} does not know",
            hint="a newer transformers may know it, and model_type in config.json may be misspelt",
        )


def _known_model_types() -> Any:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    return CONFIG_MAPPING


def _check_weights(folder: Path, options: HfOptions) -> None:
    first = weight_files(folder, options.allow_pickle)[0]
    if first.suffix != ".safetensors":
        warnings.warn(f"reading pickled weights: {first}", stacklevel=2)


def _with_adapter(model: Any, adapter: Path, allow_pickle: bool) -> Any:
    """The model with a LoRA adapter merged into its weights, so that it is asked like any other."""
    try:
        from peft import PeftModel
    except ImportError as error:
        raise MissingExtra("an adapter", "hf") from error
    weight_files(adapter, allow_pickle)
    try:
        return PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    except Exception as error:  # peft raises whatever does not fit; the person needs to know which adapter
        said = (str(error).splitlines() or [""])[0][:200]
        raise ModelError(
            f"the adapter {adapter} does not fit the model: {type(error).__name__}: {said}",
            hint="an adapter fits only the base model that it was trained on",
        ) from error


@without_collection()
def load_tokenizer(folder: Path, options: HfOptions) -> Any:
    _, transformers = torch_and_transformers()
    with quiet(), reading(folder, "tokenizer", TOKENIZER):
        return transformers.AutoTokenizer.from_pretrained(
            str(folder), trust_remote_code=options.trust_remote_code, local_files_only=True
        )
