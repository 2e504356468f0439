import math
from typing import Any

import torch


def warmup_cosine(optimizer: torch.optim.Optimizer, total_steps: int, warmup: float) -> dict[str, Any]:
    """An optimizer with a linear warm-up and a cosine decay to zero, in Lightning's form.

    Args:
        optimizer: its groups' rates are the peaks.
        total_steps: steps of the whole training.
        warmup: share of them that warms up, 0 to 1.
    """
    rising = max(1, round(warmup * total_steps))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rising) / max(1, total_steps - rising))))

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
