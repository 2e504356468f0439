"""A finished run, back from its folder: no dataset is opened and nothing is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor, nn
from torch.nn import functional as F

from lanhar.activities import LabelSpace
from lanhar.datamodules.batches import token_batches
from lanhar.errors import LanharError
from lanhar.files import read_json
from lanhar.keys import code_digest
from lanhar.models.label_bank import LabelBank, build_label_bank
from lanhar.modules.sensor_mapping import SensorMapping
from lanhar.modules.text_alignment import embed_tokens
from lanhar.pretrained import load_text_encoder, text_encoder_identity
from lanhar.progress import console
from lanhar.stages.align import EMBED_BATCH, TrainedAlignment
from lanhar.stages.fit import DONE, LAST
from lanhar.stages.mapping import TrainedMapping
from lanhar.stages.settings import plain
from lanhar.stages.texts import label_texts

FILES = ("config.yaml", "stages.json", "versions.json", "metrics.json")


@dataclass(frozen=True)
class LoadedRun:
    """What a finished run trained.

    Attributes:
        folder: the run folder.
        cfg: the config it ran with.
        report: the content of its metrics.json.
        space: the label space that was trained on.
        tested: the part of it that the run tested.
        alignment: stage 1; text encoder and tokeniser are frozen and in eval mode, its bank is as stage 1 left it.
        mapping: stage 2, in eval mode.
        bank: the label bank as the test used it, in the order of `space`.
    """

    folder: Path
    cfg: DictConfig
    report: dict[str, Any]
    space: LabelSpace
    tested: LabelSpace
    alignment: TrainedAlignment
    mapping: TrainedMapping
    bank: LabelBank

    def embed_labels(self, names: Sequence[str], texts: Sequence[Sequence[str]]) -> LabelBank:
        """A label bank of any activities, made as the run's own was made and without training.

        Args:
            names: C activities.
            texts: label interpretations of each, one or more.
        """
        flat = [text for group in texts for text in group]
        embedded = embed_tokens(self.alignment.text_encoder, token_batches(self.alignment.tokenise(flat), EMBED_BATCH))
        bank = build_label_bank(names, texts, embedded)
        return LabelBank(bank.names, bank.interpretations, _as_tested(self.mapping.module, bank.embeddings))


def load_run(folder: Path) -> LoadedRun:
    """Read a run folder and the trained stages that it names.

    Args:
        folder: `runs/<name>/<key>`, with the stages at `runs/stages`.

    Raises:
        LanharError: it is no folder of a finished run, the run trained no sensor encoder, or a stage is gone or does
            not fit this version of the code.
    """
    folder = Path(folder)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise LanharError(
            f"'{folder}' is no folder of a finished run: it has no {', '.join(missing)}; write run=runs/<name>/<key>, "
            "as the command that trained it printed at its end"
        )
    trained = read_json(folder / "stages.json")
    if "mapping" not in trained:
        raise LanharError(f"the run '{folder}' trained baselines only; train again with method=lanhar")
    stages = {name: _stage(folder, place) for name, place in trained.items()}
    _compare_code(folder)
    cfg = OmegaConf.load(folder / "config.yaml")
    assert isinstance(cfg, DictConfig)
    try:
        return _loaded(folder, cfg, stages)
    except (OmegaConfBaseException, KeyError) as error:
        what = str(error).splitlines()[0]
        raise LanharError(f"the config of the run '{folder}' is of another version ({what}); train it again") from error


def _loaded(folder: Path, cfg: DictConfig, stages: Mapping[str, Path]) -> LoadedRun:
    report = read_json(folder / "metrics.json")
    run = report["run"]
    space = LabelSpace(tuple(run["trained_activities"]), {k: tuple(v) for k, v in run["merges"].items()})
    module = _sensor_mapping(cfg, space, _weights(stages["mapping"]), folder)
    if cfg.text_encoder.trainable_layers == 0:
        _compare_language_model(stages["alignment"], cfg, folder)
    encoder, tokenise = load_text_encoder(**plain(cfg.text_encoder))
    weights = _weights(stages["alignment"])
    prefix = "text_encoder."
    _fill(encoder, {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}, folder)
    texts = label_texts(cfg, space).per_activity
    own = LabelBank(space.activities, texts, module.label_embeddings)
    return LoadedRun(
        folder,
        cfg,
        report,
        space,
        space.restricted(run["label_space"]),
        TrainedAlignment(stages["alignment"].name, stages["alignment"], encoder, tokenise, own),
        TrainedMapping(stages["mapping"].name, stages["mapping"], module),
        LabelBank(space.activities, texts, _as_tested(module, own.embeddings)),
    )


@torch.no_grad()
def _as_tested(module: SensorMapping, embeddings: Tensor) -> Tensor:
    """Label embeddings (C, D) as the test compares with them: behind stage 2's projection where it has one."""
    return F.normalize(module.text_projection(embeddings), dim=-1)


def _stage(folder: Path, place: str) -> Path:
    stage = folder.resolve().parents[1] / place
    gone = [name for name in (DONE, LAST) if not (stage / name).is_file()]
    if gone:
        raise LanharError(
            f"the run '{folder}' needs the trained stage '{stage}', which has no {' and no '.join(gone)}; bring it "
            "back, or train the run again"
        )
    return stage


def _compare_language_model(stage: Path, cfg: DictConfig, folder: Path) -> None:
    """A language model that no layer was trained of is read from its own place again, and has to be the same."""
    trained = read_json(stage / DONE)["identity"]["text_encoder"]["name"]
    found = text_encoder_identity(cfg.text_encoder.name)
    if trained != found:
        raise LanharError(
            f"the run '{folder}' was trained with the text encoder '{trained}', and '{cfg.text_encoder.name}' is now "
            f"'{found}'; bring the old one back, or train again"
        )


def _compare_code(folder: Path) -> None:
    code = read_json(folder / "versions.json").get("code")
    if code != code_digest():
        console.print(
            f"Note: the run was trained by other code ({code}) than this ({code_digest()}); its numbers may move.",
            soft_wrap=True,
        )


def _weights(stage: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = torch.load(stage / LAST, map_location="cpu", weights_only=True)["state_dict"]
    return weights


def _sensor_mapping(cfg: DictConfig, space: LabelSpace, weights: dict[str, Tensor], folder: Path) -> SensorMapping:
    embeddings = weights["label_embeddings"]
    encoder = instantiate(cfg.sensor_encoder, embedding_dim=embeddings.shape[1], window_length=int(cfg.windows.length))
    bank = torch.zeros(len(space), embeddings.shape[1])
    module = SensorMapping(encoder, bank, plain(cfg.mapping.loss), text_projection=bool(cfg.mapping.text_projection))
    _fill(module, weights, folder)
    return module


def _fill(module: nn.Module, weights: dict[str, Tensor], folder: Path) -> None:
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        what = " ".join(str(error).split())[:200]
        raise LanharError(
            f"weights of the run '{folder}' do not fit this version of the code ({what}); train it again"
        ) from error
    module.requires_grad_(False).eval()
