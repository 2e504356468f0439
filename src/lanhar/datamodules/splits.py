from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError


def split_subjects(
    subjects: Sequence[str] | NDArray[np.str_], fraction: float, seed: int
) -> tuple[list[str], list[str]]:
    """Split subjects, never windows, into training and validation.

    Args:
        subjects: a name per window, repeated.
        fraction: share of the subjects held out, 0 to below 1; above 0 at least one is held out.
        seed: fixes the draw.

    Returns:
        Training subjects and validation subjects, each sorted, without overlap.

    Raises:
        LanharError: too few subjects to hold one out.
    """
    names = sorted(set(map(str, subjects)))
    if not 0 <= fraction < 1:
        raise LanharError(f"split.validation_fraction is {fraction}; write a share from 0 to below 1")
    held = 0 if fraction == 0 else max(1, round(fraction * len(names)))
    if held >= len(names):
        raise LanharError(
            f"the source has {len(names)} subject(s), too few to hold {held} out for validation; "
            "write split.validation_fraction=0 or add a source"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    validation = sorted(names[i] for i in order[:held])
    return [name for name in names if name not in validation], validation
