"""GGUF files: made once into a folder that OpenVINO reads, with the weights that the file means.

GenAI reads GGUF files itself, but rounds what it cannot hold: the minima of Q4_1 and Q4_K blocks become 4-bit zero
points, which is another and worse model. So the file is written anew with float16 weights, GenAI builds its graph from
that, and the graph is kept, with its matrices in the float32 that loading makes of them.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from evalkit.errors import MissingExtra, ModelError
from evalkit.models.conversion import convert_once
from evalkit.models.openvino.library import genai, release, said

CONVERSION = "2"
ARCHITECTURES = ("llama", "qwen2", "qwen3")
"""Those that GenAI builds a graph for."""
TOKENIZER_FILES = (
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
GRAPH = "openvino_model.xml"
EXPORT = "export its original: optimum-cli export openvino -m ORG/NAME ./folder, and name openvino:./folder"


def converted_folder(sha256: str, root: Path) -> Path:
    """Another release may build another graph, so it never meets this one's."""
    return root / "openvino" / f"{sha256[:16]}-{CONVERSION}-{release('openvino-genai')}"


def convert(path: Path, sha256: str, plain: Path, root: Path) -> Path:
    """The folder of a GGUF file. ``plain`` has its tokenizer, as transformers has it."""

    def write(workshop: Path, arriving: Path) -> None:
        _build(path, workshop, arriving)
        for name in TOKENIZER_FILES:
            if (plain / name).is_file():
                shutil.copyfile(plain / name, arriving / name)

    return convert_once(path, sha256, converted_folder(sha256, root), "for OpenVINO", write)


def _build(path: Path, workshop: Path, target: Path) -> None:
    made = workshop / "float16.gguf"
    try:
        write_float16(path, made)
        library = genai()
        how = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "enable_save_ov_model": True}
        library.ContinuousBatchingPipeline(str(made), library.SchedulerConfig(), "CPU", how)
        made.unlink()
        widen_matrices(workshop / GRAPH, target / GRAPH)
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(
            f"{path.name} cannot be converted for OpenVINO in {workshop.parent}: {error.strerror or error}",
            hint="free some space (three times the parameters' bytes in float16), or set EVALKIT_CACHE",
        ) from error
    except Exception as error:  # the library raises RuntimeError with its own place in front; people need the file
        raise ModelError(f"OpenVINO cannot read {path.name}: {said(error)}", hint=EXPORT) from error


def widen_matrices(graph: Path, target: Path) -> None:
    """The same graph, with the matrices that it multiplies by in float32.

    Of float16 OpenVINO makes float32 whenever it loads them, in memory of its own, which takes long;
    float32 it uses where it lies in the file. The numbers are the same, and so are the answers. A table that tokens are
    looked up in is left as it is: its rows are rounded to bfloat16 otherwise when they come from float32.
    """
    import numpy as np
    from openvino import Core, Type, opset13, save_model

    model = Core().read_model(str(graph))
    for widening in model.get_ordered_ops():
        if widening.get_type_name() != "Convert":
            continue
        narrow = widening.input_value(0).get_node()
        if narrow.get_type_name() != "Constant" or narrow.get_element_type() != Type.f16:
            continue
        uses = [use for use in widening.output(0).get_target_inputs() if use.get_node().get_type_name() == "MatMul"]
        if uses:
            wide = opset13.constant(narrow.data.astype(np.float32), name=narrow.get_friendly_name())
            for use in uses:
                use.replace_source_output(wide.output(0))
    try:
        save_model(model, str(target), compress_to_fp16=False)
    except RuntimeError as error:  # what a full disk is to it
        raise OSError(said(error)) from error


def write_float16(path: Path, target: Path) -> None:
    """The same model with its matrices in float16 and its vectors in float32."""
    try:
        from gguf import GGUFReader, GGUFValueType, GGUFWriter, dequantize
    except ImportError as error:
        raise MissingExtra("a GGUF model", "openvino") from error
    import numpy as np

    try:
        reader = GGUFReader(str(path))
    except Exception as error:  # the reader indexes into a memory map: damage shows as any kind of error
        raise ModelError(f"{path} is not a usable GGUF file: its content is damaged or cut short") from error
    architecture = str(reader.fields["general.architecture"].contents())
    _refuse_unknown(path, architecture, reader)
    writer = GGUFWriter(str(target), architecture, use_temp_file=True)
    for name, entry in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind, value = entry.types[0], entry.contents()
        if name == "general.file_type":
            value = 1  # mostly float16
        if kind == GGUFValueType.ARRAY:
            writer.add_array(name, value)
        else:
            writer.add_key_value(name, value, kind)
    for tensor in reader.tensors:
        weights = dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, weights.astype(np.float16 if weights.ndim > 1 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _refuse_unknown(path: Path, architecture: str, reader: Any) -> None:
    """What the graph builder does not know, it leaves out without a word: the answers would be another model's."""
    if architecture not in ARCHITECTURES:
        raise ModelError(
            f"{path.name} is of architecture '{architecture}', which OpenVINO GenAI does not build from GGUF files",
            hint=EXPORT,
        )
    scaled = [name for name in reader.fields if ".rope.scaling." in name]
    kind = reader.fields.get(f"{architecture}.rope.scaling.type")
    if kind is not None and str(kind.contents()) == "none":
        scaled = []
    if scaled or any(tensor.name.startswith("rope_freqs") for tensor in reader.tensors):
        raise ModelError(
            f"{path.name} stretches its positions (rope scaling), which OpenVINO GenAI does not read from GGUF files",
            hint=EXPORT,
        )
