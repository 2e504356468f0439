import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from lanhar.errors import LanharError
from lanhar.interpretation.word_scales import read_word_scales
from lanhar.signals.table import BY_NAME

GOOD = (files("lanhar.interpretation") / "data" / "rule_words.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": [1.0, 1.0], "words": ["a", "b", "c"]}, "must rise"),
        ({"edges": [1.0, 2.0], "words": ["a", "b"]}, "need 3 words, found 2"),
        ({"source": " "}, "without a source"),
        ({"when": {"moonlight": "pale"}}, "unknown condition moonlight"),
    ],
)
def test_a_broken_scale_is_refused(change: dict[str, object], message: str) -> None:
    content = yaml.safe_load(GOOD)
    content["scales"]["impact_median"] |= change
    with pytest.raises(LanharError, match=message):
        read_word_scales(yaml.safe_dump(content))


def test_a_scale_of_no_prompt_feature_is_refused() -> None:
    content = yaml.safe_load(GOOD)
    content["scales"]["acc_vertical_entropy"] = content["scales"]["impact_median"]
    with pytest.raises(LanharError, match=r"acc_vertical_entropy.*no such prompt feature"):
        read_word_scales(yaml.safe_dump(content))


def test_every_threshold_names_a_source() -> None:
    scales = read_word_scales(GOOD)
    for rule in (*scales.scales.values(), *scales.conditions.values()):
        assert re.search(r"[a-z]{4}", rule.source)


def test_the_page_on_interpretations_shows_the_thresholds_in_use() -> None:
    page = (Path(__file__).parents[2] / "docs" / "interpretations.md").read_text(encoding="utf-8")
    for scale in read_word_scales(GOOD).scales.values():
        edges = ", ".join(f"{edge:g}" for edge in scale.edges)
        unit = BY_NAME[scale.feature].unit
        assert f"| `{scale.feature}` | {unit} | {edges} | {', '.join(scale.words)} |" in page
