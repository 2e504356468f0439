"""What a bundle says of itself, as plain values for its JSON files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lanhar
from lanhar.activities import REGISTRY
from lanhar.datasets import get_dataset
from lanhar.edge.bundle import BUNDLE_VERSION, file_digest, short_floats
from lanhar.edge.parity import Outputs, Parity
from lanhar.edge.runtime import softmax
from lanhar.edge.samples import FILTER_PERIODS, GAP_PERIODS, KAISER_BETA, PASS_BAND, SHORTEST_GAP_S
from lanhar.evaluation.metrics import Metrics
from lanhar.models.label_bank import LabelBank
from lanhar.stages.loading import LoadedRun

RATES_HZ = (20.0, 500.0)
"""What a device may deliver: below, the movement's harmonics are lost; above, memory."""
VECTORS_FROM = "motionsense"
"""The dataset of the built-in sample whose terms let windows travel with a bundle."""


def preprocessing(length: int, rate_hz: float, hop_s: float) -> dict[str, Any]:
    """All that happens to samples before the graph, and what it takes."""
    return {
        "rate_hz": rate_hz,
        "window_samples": length,
        "window_s": length / rate_hz,
        "hop_s": hop_s,
        "channels": ["acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"],
        "units": {"acc": "m/s²", "gyro": "rad/s"},
        "gravity": "included in the acceleration",
        "sign": "Android's: a device face-up at rest reads +9.81 on acc_z; iOS reads the opposite on all three axes",
        "frame": "the device's own",
        "in_the_graph": ["turning the window upright by its mean acceleration", "measuring and scaling"],
        "input": {"name": "window", "shape": [length, 6], "type": "float32"},
        "output": {"name": "embedding", "type": "float32", "length": 1},
        "distance_output": "distance, one float32, where manifest.json names a distance in `unknown`",
        "accepted_rates_hz": list(RATES_HZ),
        "gaps": {"sampling_periods": GAP_PERIODS, "but_at_least_s": SHORTEST_GAP_S},
        "resampling": {
            "first": "straight lines between neighbours, on a uniform clock at the measured rate in whole Hz",
            "then": "only where that is not rate_hz: a low-pass of windowed sinc, every output's weights summing to 1",
            "cutoff_share_of_lower_nyquist": PASS_BAND,
            "reach_in_periods_of_lower_rate": FILTER_PERIODS,
            "window": {"name": "kaiser", "beta": KAISER_BETA},
        },
    }


def label_bank(bank: LabelBank) -> dict[str, Any]:
    """Names, titles, interpretations and embeddings."""
    embeddings = bank.embeddings.numpy()
    return {
        "dimensions": embeddings.shape[1],
        "labels": [
            {
                "name": name,
                "title": REGISTRY[name].title if name in REGISTRY else name,
                "interpretations": list(texts),
                "embedding": short_floats(embedding),
            }
            for name, texts, embedding in zip(bank.names, bank.interpretations, embeddings, strict=True)
        ],
    }


def test_vectors(
    windows: NDArray[np.float32],
    truths: NDArray[np.str_],
    outputs: Mapping[str, Outputs],
    bank: LabelBank,
    temperature: float,
) -> dict[str, Any]:
    """Raw windows in, embeddings and scores out, for porters to compare number by number.

    Args:
        windows: (N, L, 6) raw.
        truths: (N,) what was really done.
        outputs: precision → what its graph gives.
        bank: the label bank.
        temperature: of the confidences.
    """
    rows = []
    for index, (window, truth) in enumerate(zip(windows, truths, strict=True)):
        row: dict[str, Any] = {"performed": str(truth), "window": short_floats(window)}
        for precision, (embedded, distances) in outputs.items():
            cosines = bank.embeddings.numpy() @ embedded[index]
            row[precision] = {
                "embedding": short_floats(embedded[index]),
                "cosines": short_floats(cosines),
                "confidences": [round(float(share), 6) for share in softmax(cosines / temperature)],
                "activity": bank.names[int(cosines.argmax())],
            }
            if distances is not None:
                row[precision]["distance"] = float(distances[index])
        rows.append(row)
    return {
        "recordings": f"{get_dataset(VECTORS_FROM).title}, {get_dataset(VECTORS_FROM).source}",
        "terms": get_dataset(VECTORS_FROM).licence,
        "labels": list(bank.names),
        "tolerance": {
            "fp32": "1e-4 of every number",
            "int8": "the same activity, a cosine of 0.99 to the embedding",
            "distance": "0.01",
        },
        "vectors": rows,
    }


@dataclass(frozen=True)
class Tested:
    """What the graphs of a bundle do on the target.

    Attributes:
        int8: the test of the run by the 8-bit graph, an answer for every window.
        unknown_share: windows of that test for which a device says unknown, 0 to 1; None where it never does.
        parity: with the trained encoder.
    """

    int8: Metrics
    unknown_share: float | None
    parity: Parity


def manifest(
    run: LoadedRun, tested: Tested, confidence: dict[str, Any], threshold: float | None, folder: Path
) -> dict[str, Any]:
    """Where the bundle comes from, what it reaches and which files it has."""
    int8 = tested.int8
    report = run.report["run"]
    shown = ("accuracy", "weighted_f1", "macro_f1")
    trained = run.report["methods"][run.cfg.method.name]
    encoder = run.mapping.module.sensor_encoder
    names = ("experiment", "key", "protocol", "source", "target", "label_space", "trained_activities", "merges")
    more = ("seed", "window_seconds", "interpreter", "text_encoder", "n_train_windows", "synthetic")
    return {
        "bundle_version": BUNDLE_VERSION,
        "versions": {"lanhar": lanhar.__version__} | {name: version(name) for name in ("torch", "onnx", "onnxruntime")},
        "run": {name: report[name] for name in (*names, *more) if name in report},
        "encoder": {"kind": type(encoder).__name__, "parameters": sum(p.numel() for p in encoder.parameters())},
        **confidence,
        "unknown_threshold": threshold,
        "metrics": {
            "tested_on": report["target"],
            "protocol": report["protocol"],
            "windows": int8.n_windows,
            "subjects": int8.n_subjects,
            "before_quantisation": {name: trained[name] for name in shown},
            "after_quantisation": {name: getattr(int8, name) for name in shown},
            "unknown_share": tested.unknown_share,
        },
        "parity": asdict(tested.parity),
        "licences": {
            "lanhar": "Apache-2.0",
            "weights": "trained on the data below; their terms may bind what is made of them",
            "data": {name: get_dataset(name).licence for name in report["data_keys"]["source"]},
            "test_vectors": get_dataset(VECTORS_FROM).licence,
        },
        "files": {path.name: file_digest(path) for path in sorted(folder.iterdir())},
    }


def readme(run: LoadedRun, hop_s: float) -> str:
    """The README for whoever ports the bundle to another language."""
    report = run.report["run"]
    text = (files("lanhar.edge") / "data" / "bundle_readme.md").read_text(encoding="utf-8")
    return text.format(
        experiment=report["experiment"],
        protocol=report["protocol"],
        labels=", ".join(f"`{name}`" for name in run.bank.names),
        length=run.cfg.windows.length,
        rate=f"{run.cfg.windows.rate_hz:g}",
        seconds=f"{report['window_seconds']:g}",
        hop=f"{hop_s:g}",
        dim=run.bank.embeddings.shape[1],
    )
