"""The encoder for ExecuTorch and LiteRT, where their packages are installed."""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import ExportedProgram

from lanhar.edge.parity import LEAST_SAME, MOST_DIFFERENCE, MOST_DISTANCE_DIFFERENCE

Window = NDArray[np.float32]
Run = Callable[[Window], Sequence[Window]]
"""One raw window in, the outputs out."""
TopK = Callable[[Tensor, int], tuple[Tensor, Tensor]]
"""The largest k of the last axis, and where they are."""


@dataclass(frozen=True)
class Format:
    """A file format of the encoder.

    Attributes:
        file: its name in a bundle.
        package: what a person installs.
        module: what is imported.
        write: the model and an example window to a file.
        open: a file to what runs it.
    """

    file: str
    package: str
    module: str
    write: Callable[[nn.Module, Tensor, Path], None]
    open: Callable[[Path], Run]


def write_other_formats(model: nn.Module, windows: Window, folder: Path) -> list[str]:
    """Write `encoder.pte` and `encoder.tflite` where that is possible; one line for each says what became of it.

    Args:
        model: one raw window (L, 6) → an embedding and, where it measures one, a distance.
        windows: (N, L, 6) real ones; a file that differs from the model for more than 1 % of them is not kept.
        folder: where the files go.
    """
    return [_written(form, model, windows, folder / form.file) for form in FORMATS]


def _written(form: Format, model: nn.Module, windows: Window, path: Path) -> str:
    if importlib.util.find_spec(form.module) is None:
        return f"{path.name} is not written: it needs {form.package}; run: pip install {form.package}"
    try:
        form.write(model, torch.from_numpy(windows[0]), path)
        differences = _differences(form.open(path), model, windows)
    except Exception as error:  # whatever its converters and its runtime raise
        path.unlink(missing_ok=True)
        reason = " ".join(str(error).split())[:120]
        return f"{path.name} is not written: {form.package} cannot run this encoder ({reason})"
    allowed = np.array([MOST_DIFFERENCE, MOST_DISTANCE_DIFFERENCE])[: differences.shape[1]]
    same = np.all(differences <= allowed, axis=1)
    said = (
        f"it gives what the trained encoder gives (within {MOST_DIFFERENCE:g}) for {same.sum():,} of {len(windows):,} "
        f"real windows and is {differences[:, 0].max():.1g} off at most"
    )
    if not same.mean() >= LEAST_SAME:
        path.unlink()
        return f"{path.name} is not written: {said}"
    return f"{path.name} is written: {said}"


@torch.no_grad()
def _differences(run: Run, model: nn.Module, windows: Window) -> NDArray[np.float64]:
    """The largest difference (N, 1 or 2) of each output for each window."""
    rows = []
    for window in windows:
        expected = model(torch.from_numpy(window))
        outputs = [output.numpy() for output in (expected if isinstance(expected, tuple) else (expected,))]
        rows.append([np.abs(a - b).max() for a, b in zip(run(window), outputs, strict=True)])
    return np.array(rows, dtype=np.float64)


def _exported(model: nn.Module, example: Tensor, topk: TopK, everywhere: bool) -> ExportedProgram:
    """A model that brings values in order by one operator, which the runtime has a kernel for.

    Args:
        model: what is exported.
        example: its input.
        topk: the operator.
        everywhere: instead of `torch.topk` too, not only of sorting.
    """

    def largest(x: Tensor, k: int, dim: int = -1, most: bool = True, _: bool = True) -> tuple[Tensor, Tensor]:
        values, places = topk((x if most else -x).movedim(dim, -1), k)
        return (values if most else -values).movedim(-1, dim), places.movedim(-1, dim)

    def ordered(x: Tensor, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
        return largest(x, x.shape[dim], dim, descending)

    table = {torch.ops.aten.sort.default: ordered} | ({torch.ops.aten.topk.default: largest} if everywhere else {})
    exported: ExportedProgram = torch.export.export(model, (example,)).run_decompositions(table)
    return exported


def _write_executorch(model: nn.Module, example: Tensor, path: Path) -> None:
    from executorch.exir import to_edge_transform_and_lower

    exported = _exported(model, example, torch.topk, everywhere=False)
    path.write_bytes(to_edge_transform_and_lower(exported).to_executorch().buffer)


def _open_executorch(path: Path) -> Run:
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(path).load_method("forward")
    return lambda window: [output.numpy() for output in method.execute([torch.from_numpy(window)])]


def _write_litert(model: nn.Module, example: Tensor, path: Path) -> None:
    import litert_torch

    # Its own lowering of sort and of topk gives an operator that its runtime does not have.
    exported = _exported(model, example, _litert_topk, everywhere=True)
    litert_torch.convert(exported.module(), (example,)).export(str(path))


def _litert_topk(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    values, places = torch.ops.tfl.topk_v2(x, k)
    return values, places.long()


def _open_litert(path: Path) -> Run:
    # It comes with litert-torch.
    interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    (taken,) = interpreter.get_input_details()
    # The file lists outputs in an order of its own; their names end in the model's.
    given = sorted(interpreter.get_output_details(), key=lambda output: output["name"])

    def run(window: Window) -> list[Window]:
        interpreter.set_tensor(taken["index"], window)
        interpreter.invoke()
        return [interpreter.get_tensor(output["index"]) for output in given]

    return run


FORMATS = (
    Format("encoder.pte", "executorch", "executorch", _write_executorch, _open_executorch),
    Format("encoder.tflite", "litert-torch", "litert_torch", _write_litert, _open_litert),
)
