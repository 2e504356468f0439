"""PyTorch modules as ONNX graphs, and their trained weights as 8-bit integers."""

import importlib.util
import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from lanhar.errors import LanharError

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 17
"""Known to onnxruntime from 1.13 on, on phones and in browsers too."""
NEEDED = ("onnx", "onnxruntime")
LARGE = 512
"""Weights of fewer values gain nothing from 8 bits."""


def check_packages() -> None:
    """Say what an export lacks, before any work.

    Raises:
        LanharError: a package of the extra `export` is not installed.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise LanharError(f"an export needs {' and '.join(missing)}; run: pip install 'lanhar[export]'")


def write_graph(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    names: Sequence[str],
    path: Path,
    dynamic: dict[str, dict[int, str]] | None = None,
    outputs: Sequence[str] = ("embedding",),
) -> None:
    """Trace a module in eval mode into an ONNX file without leftovers of the tracing.

    Args:
        module: gives one tensor, or several.
        inputs: example tensors.
        names: of the inputs.
        path: the file to write.
        dynamic: input → axis → name, for axes of any length.
        outputs: their names.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        traced = Path(folder) / "traced.onnx"
        warnings.simplefilter("ignore")
        fast = torch.backends.mha.get_fastpath_enabled()
        # The fused path of nn.TransformerEncoder cannot be traced.
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            # The exporter behind `dynamo=True` is a thousand times less exact on logarithms of small powers.
            torch.onnx.export(
                module.eval(),
                inputs,
                traced,
                dynamo=False,
                opset_version=OPSET,
                input_names=list(names),
                output_names=list(outputs),
                dynamic_axes=dynamic,
            )
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
        _simplify(traced, path)


def _simplify(traced: Path, path: Path) -> None:
    """Fold constants and merge what is computed twice; operators stay standard ones, so that any machine runs them."""
    import onnx
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    ort.InferenceSession(traced, options, providers=["CPUExecutionProvider"])
    model = onnx.load(path)
    for number, node in enumerate(model.graph.node):
        node.name, node.doc_string = f"n{number}", ""
    _shrink(model)
    onnx.save(model, path)


def _shrink(model: "ModelProto") -> None:
    """Store matrices of whole numbers from -127 to 127 as bytes; sessions turn them back once, when they open."""
    from onnx import TensorProto, helper, numpy_helper

    for stored in model.graph.initializer:
        values = numpy_helper.to_array(stored)
        whole = values.ndim == 2 and values.size >= LARGE and values.dtype == np.float32
        if not whole or np.abs(values).max() > 127 or (values != values.round()).any():
            continue
        name, stored_as = stored.name, f"{stored.name}_int8"
        stored.CopyFrom(numpy_helper.from_array(values.astype(np.int8), stored_as))
        model.graph.node.insert(0, helper.make_node("Cast", [stored_as], [name], name=name, to=TensorProto.FLOAT))


def quantise(path: Path, trained: nn.Module, to: Path) -> None:
    """Store a graph's trained matrices as 8-bit integers; what is fixed (Fourier matrices, alignment) stays exact.

    Activations are quantised as they come. Weights use 7 of the 8 bits, one scale a column: on processors whose 8-bit
    products saturate at 16 bits, full ranges ruin a trained network.

    Args:
        path: the graph in floating point.
        trained: the module whose parameters are the trained ones.
        to: the file to write.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    nodes = _nodes_with(onnx.load(path), _matrices(trained))
    # Its advice to prepare the graph does not fit graphs that are.
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(
            path, to, nodes_to_quantize=nodes, weight_type=QuantType.QUInt8, per_channel=True, reduce_range=True
        )
    finally:
        logging.disable(logging.NOTSET)


def _matrices(trained: nn.Module) -> set[bytes]:
    """Parameters with two axes as bytes, as they are and transposed, since exporters transpose some."""
    arrays = [p.detach().numpy() for p in trained.parameters() if p.ndim == 2 and p.numel() >= LARGE]
    return {np.ascontiguousarray(view).tobytes() for array in arrays for view in (array, array.T)}


def _nodes_with(model: "ModelProto", matrices: set[bytes]) -> list[str]:
    import onnx.numpy_helper

    stored = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    large = {name: array for name, array in stored.items() if array.ndim == 2 and array.size >= LARGE}
    weights = {name for name, array in large.items() if np.ascontiguousarray(array).tobytes() in matrices}
    # onnxruntime turns a Gemm into a MatMul and an Add before it quantises.
    names = [node.name for node in model.graph.node if weights & set(node.input)]
    return [*names, *(f"{name}_MatMul" for name in names)]
