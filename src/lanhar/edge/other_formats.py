"""The encoder for ExecuTorch and LiteRT, where their packages are installed."""

import importlib.util
from pathlib import Path

import torch
from torch import Tensor, nn


def write_other_formats(model: nn.Module, example: Tensor, folder: Path) -> list[str]:
    """Write `encoder.pte` and `encoder.tflite` where that is possible; one line for each says what became of it."""
    return [_executorch(model, example, folder / "encoder.pte"), _litert(model, example, folder / "encoder.tflite")]


def _executorch(model: nn.Module, example: Tensor, path: Path) -> str:
    if importlib.util.find_spec("executorch") is None:
        return f"{path.name} is not written: the package executorch is not installed"
    from executorch.exir import to_edge_transform_and_lower
    from executorch.runtime import Runtime

    try:
        exported = torch.export.export(model, (example,)).run_decompositions({torch.ops.aten.sort.default: _sorted})
        path.write_bytes(to_edge_transform_and_lower(exported).to_executorch().buffer)
        found = Runtime.get().load_program(path).load_method("forward").execute([example])
        expected = model(example)
        pairs = zip(found, expected if isinstance(expected, tuple) else [expected], strict=True)
        for own, trained in pairs:
            torch.testing.assert_close(own, trained, atol=1e-4, rtol=1e-5)
    except Exception as error:  # whatever its converters and its runtime raise
        path.unlink(missing_ok=True)
        return f"{path.name} is not written: executorch cannot run this encoder ({' '.join(str(error).split())[:120]})"
    return f"{path.name} is written"


def _sorted(x: Tensor, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
    """A sort by the operator that ExecuTorch's kernels have."""
    return torch.topk(x, x.shape[dim], dim, descending)


def _litert(model: nn.Module, example: Tensor, path: Path) -> str:
    if importlib.util.find_spec("litert_torch") is None:
        return f"{path.name} is not written: the package litert-torch is not installed"
    import litert_torch

    litert_torch.convert(model, (example,)).export(str(path))
    return f"{path.name} is written"
