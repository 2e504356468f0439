import pytest
import torch

from lanhar.datamodules.batches import WindowBatch
from lanhar.models.networks.cnn import Cnn
from lanhar.modules.classification import Classification

torch.set_num_threads(1)


def build(**options):
    torch.manual_seed(0)
    network = Cnn(3, 60, filters=(8,), dropout=0.0)
    settings = {"lr": 1e-2, "weight_decay": 0.0, "warmup": 0.1, "label_smoothing": 0.0} | options
    module = Classification(network, "cnn", **settings)
    module.log = lambda *_, **__: None
    return module, WindowBatch(
        torch.randn(6, 30, 5), torch.empty(6, 0), torch.tensor([0, 1, 2, 0, 1, 2]), torch.zeros(6, dtype=torch.bool)
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_loss_is_the_cross_entropy_with_smoothed_labels(smoothing):
    module, batch = build(label_smoothing=smoothing)
    logs = module.network.classify(batch.inputs).log_softmax(dim=1)
    wanted = torch.full((6, 3), smoothing / 3)
    wanted[torch.arange(6), batch.labels] += 1 - smoothing
    torch.testing.assert_close(module.training_step(batch, 0), -(wanted * logs).sum(dim=1).mean())


def test_a_few_steps_overfit_a_batch():
    module, batch = build()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        module.training_step(batch, 0).backward()
        optimizer.step()
    assert module.eval().network.classify(batch.inputs).argmax(dim=1).tolist() == batch.labels.tolist()
