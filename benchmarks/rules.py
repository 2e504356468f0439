"""Texts a second of the `rules` interpreter, on one core.

python benchmarks/rules.py [windows]
"""

import sys
import time

import numpy as np

from lanhar.interpretation.rules import RulesInterpreter
from lanhar.signals.table import FEATURES


def main(count: int = 20_000) -> None:
    columns = [feature.name for feature in FEATURES]
    features = np.random.default_rng(0).gamma(1.0, 3.0, size=(count, len(columns))).astype(np.float32)
    for detail in ("compact", "full"):
        interpreter = RulesInterpreter(detail)
        began = time.perf_counter()
        texts = interpreter.interpret(features, columns)
        seconds = time.perf_counter() - began
        print(f"{detail}: {len(texts)} texts in {seconds:.2f} s, {count / seconds:.0f} a second")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
