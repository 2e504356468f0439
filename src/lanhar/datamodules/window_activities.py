import torch

from lanhar.activities import LabelSpace
from lanhar.datamodules.window_batches import Transform, WindowTexts, as_recorded
from lanhar.datamodules.window_set import LabelledWindows
from lanhar.datasets.locate import Progress, no_progress


class WindowActivities(WindowTexts):
    """Batches of the networks among the baselines: the source's windows and activities, no texts, no target.

    Args:
        train: windows of training subjects.
        validation: windows of held-out source subjects; may be empty.
        space: the label space that turns activities into indices.
        batch_size: windows a step.
        batches_per_epoch: steps an epoch; None draws as many windows as there are.
        seed: fixes the batches.
        describe: the network's fixed part; it is the same in every epoch, so it runs once a view.
        augment: makes a changed copy of windows (B, L, 6).
        copies: changed copies of each training window.
        clean_share: share of the windows of a batch that are shown as recorded, 0 to 1.
        progress: wraps the making of the views.
    """

    def __init__(
        self,
        train: LabelledWindows,
        validation: LabelledWindows,
        space: LabelSpace,
        batch_size: int,
        batches_per_epoch: int | None,
        seed: int,
        *,
        describe: Transform = as_recorded,
        augment: Transform = as_recorded,
        copies: int = 0,
        clean_share: float = 0.0,
        progress: Progress = no_progress,
    ) -> None:
        super().__init__(
            train,
            torch.empty(len(train), 0),
            validation,
            space,
            batch_size,
            batches_per_epoch,
            seed,
            describe=describe,
            augment=augment,
            copies=copies,
            clean_share=clean_share,
            progress=progress,
        )
