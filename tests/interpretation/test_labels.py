import re
from collections.abc import Callable
from importlib.resources import files

import pytest
import yaml

from lanhar.activities import REGISTRY
from lanhar.errors import LanharError
from lanhar.interpretation.interpretation import sections
from lanhar.interpretation.labels import describe, label_interpretations, load_label_texts, parse_label_texts
from lanhar.interpretation.rules import RulesInterpreter
from lanhar.signals.table import BY_NAME, HEADINGS

FOLDER = files("lanhar.interpretation") / "label_texts"
WALK = (FOLDER / "walk.yaml").read_text(encoding="utf-8")


def test_every_activity_has_its_file_and_no_file_is_left_over() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {f"{name}.yaml" for name in REGISTRY}


@pytest.mark.parametrize("activity", REGISTRY)
def test_texts_of_an_activity(
    activity: str, count_tokens: Callable[[list[str]], list[int]], activity_words: re.Pattern[str]
) -> None:
    texts = load_label_texts(activity)
    main = ("walk", "stairs_up", "stairs_down", "sit", "stand", "still")
    assert len(texts.interpretations) >= (8 if activity in main else 6)
    assert len(texts.name_phrases) >= 3 and texts.sources
    assert max(count_tokens(list(texts.interpretations))) <= 128
    assert not [text for text in texts.interpretations if activity_words.search(text)]
    assert list(texts.interpretations) == label_interpretations(activity)


# A merge and the transitions are named by whole sentences, not by one of their words.
@pytest.mark.parametrize("activity", [name for name in REGISTRY if name != "still" and "_to_" not in name])
def test_name_phrases_name_the_activity(activity: str) -> None:
    words = REGISTRY[activity].words
    assert any(word in phrase.lower() for phrase in load_label_texts(activity).name_phrases for word in words)


def test_no_two_texts_are_equal() -> None:
    texts = [text for activity in REGISTRY for text in label_interpretations(activity)]
    assert len(set(texts)) == len(texts)


def test_label_texts_and_sensor_texts_share_their_vocabulary() -> None:
    scales = RulesInterpreter().scales.scales.values()
    spoken: dict[str, set[str]] = {heading: set() for heading in HEADINGS}
    for scale in scales:
        spoken[str(BY_NAME[scale.feature].heading)] |= {*scale.words, *scale.when.values()}
    for activity in REGISTRY:
        for text in label_interpretations(activity):
            for heading, body in sections(text).items():
                met = [word for word in spoken[heading] if re.search(rf"\b{word}\b", body)]
                assert met, (activity, heading, body)


def test_units_are_those_of_the_feature_table() -> None:
    units = {feature.unit for feature in BY_NAME.values()}
    for activity in REGISTRY:
        for text in label_interpretations(activity):
            assert set(re.findall(r"(?<=\d )(?:m|rad|deg)/s\S?|(?<=\d )[kM]?Hz|°", text)) <= units | {"m/s²"}


def changed(**change: object) -> str:
    return yaml.safe_dump(yaml.safe_load(WALK) | change, allow_unicode=True)


FIRST = yaml.safe_load(WALK)["interpretations"][0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(sources=[]), "mine.yaml: sources missing or empty"),
        (changed(interpretations=[]), "interpretations missing or empty"),
        ("- a list", "activity, version"),
        (changed(interpretations=[FIRST, FIRST]), "interpretation 2 repeats"),
        (changed(interpretations=[FIRST | {"Shape": " "}]), "'Shape' holds ' '"),
        (changed(interpretations=[FIRST | {"Shape": True}]), "'Shape' holds True"),
        (changed(interpretations=[FIRST | {"Form": "round"}]), "exactly the headings"),
        (changed(interpretations=[dict(list(FIRST.items())[1:])]), "exactly the headings"),
    ],
)
def test_a_malformed_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(LanharError, match=message):
        parse_label_texts(text, "mine.yaml")


def test_headings_are_rendered_in_order_whatever_their_order_in_the_file() -> None:
    turned = dict(reversed(FIRST.items()))
    (text,) = parse_label_texts(changed(interpretations=[turned]), "mine.yaml").interpretations
    assert text == label_interpretations("walk")[0]
    assert list(sections(text)) == list(HEADINGS)


def test_unknown_activity_is_refused() -> None:
    with pytest.raises(LanharError, match="did you mean walk"):
        label_interpretations("wlak")


def test_an_activity_of_ones_own_is_a_name_and_a_description() -> None:
    (text,) = describe(" rowing\non a machine ", "slow tempo 0.4-0.6 Hz, horizontal\n")
    assert text == "rowing on a machine\nslow tempo 0.4-0.6 Hz, horizontal"
    for name, description in (("", "slow"), ("rowing", " ")):
        with pytest.raises(LanharError, match="write a name and a sentence"):
            describe(name, description)
