"""Activities in a recording, by a bundle: `python -m lanhar.predict bundle=runs/<name>/<key>/bundle input=walk.csv`."""

import math
import re
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from omegaconf import DictConfig

from lanhar.cli import run_command
from lanhar.errors import LanharError

if TYPE_CHECKING:
    from lanhar.edge.runtime import Prediction


def predict(cfg: DictConfig) -> None:
    """Write the timeline of a recording as CSV while it is read, and a picture at the end.

    Args:
        cfg: the composed config `predict`.

    Raises:
        LanharError: the bundle or the input cannot be read.
    """
    from lanhar.edge.runtime import Recogniser, load
    from lanhar.edge.tables import read_samples, write_header, write_predictions
    from lanhar.edge.timeline import plot_timeline

    for key in ("bundle", "input"):
        if cfg[key] is None:
            raise LanharError(f"no {key} is named; write bundle=<folder of a bundle> input=<CSV file, or - for stdin>")
    encoder = load(cfg.bundle, cfg.precision)
    recogniser = Recogniser(encoder, cfg.hop_s, float(cfg.smoothing))
    if cfg.labels:
        from lanhar.edge.labels import LabelEncoder

        words = LabelEncoder(cfg.bundle)
        for name, text in cfg.labels.items():
            recogniser.add_label(str(name), words.embed(str(text)))
    stem = "stdin" if cfg.input == "-" else Path(cfg.input).stem
    out = Path(cfg.out or f"{stem}_timeline.csv")
    predictions: list[Prediction] = []
    with ExitStack() as files:
        source = sys.stdin if cfg.input == "-" else files.enter_context(_open(Path(cfg.input)))
        to = sys.stdout if cfg.out == "-" else files.enter_context(_created(out))
        write_header(to)
        for time_s, samples in read_samples(source, "standard input" if cfg.input == "-" else str(cfg.input)):
            found = recogniser.push(time_s, samples)
            write_predictions(to, found)
            to.flush()
            predictions += found
        last = recogniser.finish()
        write_predictions(to, last)
        predictions += last
    timed = [prediction for prediction in predictions if math.isfinite(prediction.time_s)]
    if not timed:
        seconds = encoder.bundle.preprocessing.window_s
        why = predictions[0].reason if predictions else "record longer"
        raise LanharError(f"{cfg.input} holds no window of {seconds:g} s; {why}")
    _report(predictions, recogniser.ignored)
    if cfg.out != "-" and cfg.picture:
        labels = encoder.bundle.labels
        titles = {name: name for name in recogniser.names} | dict(zip(labels.names, labels.titles, strict=True))
        picture = plot_timeline(timed, titles, f"{stem} · {cfg.bundle}", out.with_suffix(".png"))
        _say(f"Timeline: {out}, {picture}")


def _open(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise LanharError(f"{path} cannot be read: {error.strerror}; write input=<CSV file>, or input=-") from error


def _created(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8", newline="")


def _report(predictions: "list[Prediction]", ignored: int) -> None:
    # The same reason with other numbers is one.
    reasons = [re.sub(r"\d[\d.]*", "…", prediction.reason) for prediction in predictions]
    counts = Counter(p.activity or f"unknown ({why})" for p, why in zip(predictions, reasons, strict=True))
    named = ", ".join(f"{name} {count}" for name, count in counts.most_common(8))
    _say(f"{len(predictions)} windows: {named}")
    if ignored:
        _say(f"{ignored} samples came too late or without a time, and were left out")


def _say(text: str) -> None:
    """To standard error: standard output may be the timeline."""
    print(text, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    run_command(predict, "predict")
