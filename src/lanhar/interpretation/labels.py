"""Label interpretations: what an activity's windows should look like, as domain text from data files."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from lanhar.activities import REGISTRY
from lanhar.activities import activity as registered
from lanhar.errors import LanharError
from lanhar.interpretation.interpretation import render
from lanhar.signals.table import HEADINGS


@dataclass(frozen=True)
class LabelTexts:
    """The texts of one activity.

    Attributes:
        activity: canonical name.
        version: version of the texts.
        sources: literature that the expectations come from.
        name_phrases: short phrases that name the activity.
        interpretations: rendered texts under the seven headings; their bodies do not name the activity.
    """

    activity: str
    version: str
    sources: tuple[str, ...]
    name_phrases: tuple[str, ...]
    interpretations: tuple[str, ...]


def load_label_texts(activity: str) -> LabelTexts:
    """Read the texts of a registry activity.

    Raises:
        LanharError: the registry has no such activity, or its file is malformed.
    """
    name = registered(activity).name
    file = files("lanhar.interpretation") / "label_texts" / f"{name}.yaml"
    texts = parse_label_texts(file.read_text(encoding="utf-8"), file.name)
    if texts.activity != name:
        raise LanharError(f"{file.name}: activity is '{texts.activity}'; write '{name}'")
    return texts


def label_interpretations(activity: str) -> list[str]:
    """Texts of a registry activity, each under the seven headings and of at most 128 word pieces.

    Raises:
        LanharError: the registry has no such activity.
    """
    return list(load_label_texts(activity).interpretations)


def registered_name(name: str) -> str | None:
    """Activity of the registry that is called `name`, or of which it is a word; None for an activity of one's own.

    Raises:
        LanharError: the word means more than one of them.
    """
    words = " ".join(name.lower().replace("_", " ").split())
    if words.replace(" ", "_") in REGISTRY:
        return words.replace(" ", "_")
    found = [row.name for row in REGISTRY.values() if words in (row.title.lower(), *row.words)]
    if len(found) > 1:
        raise LanharError(f"'{name}' may be {' or '.join(found)}; write one of these")
    return found[0] if found else None


def describe(name: str, description: str) -> list[str]:
    """Label texts of an activity of one's own: its name and a description in free words.

    Args:
        name: what it is, such as `rowing on a machine`.
        description: how its windows should look, best under the seven headings and in the words of
            docs/interpretations.md.

    Returns:
        One text, to be embedded like those of `label_interpretations`.

    Raises:
        LanharError: either is empty.
    """
    if not name.strip() or not description.strip():
        raise LanharError(f"activity '{name.strip()}': write a name and a sentence or more on how it moves")
    return [f"{' '.join(name.split())}\n{description.strip()}"]


def parse_label_texts(text: str, where: str) -> LabelTexts:
    """Read and check the content of a file of label texts.

    Args:
        text: YAML with `activity`, `version`, `sources`, `name_phrases` and `interpretations`, a list of
            mappings from the seven headings to text.
        where: file name for error messages.

    Returns:
        The texts.

    Raises:
        LanharError: a field is missing or empty, a heading is missing or unknown, or a text occurs twice.
    """
    content: Any = yaml.safe_load(text)
    fields = ("activity", "version", "sources", "name_phrases", "interpretations")
    missing = [field for field in fields if not isinstance(content, dict) or not content.get(field)]
    if missing:
        raise LanharError(f"{where}: {', '.join(missing)} missing or empty; write all of {', '.join(fields)}")
    rendered: list[str] = []
    for place, sections in enumerate(content["interpretations"], 1):
        one = _render(sections, f"{where}: interpretation {place}")
        if one in rendered:
            raise LanharError(f"{where}: interpretation {place} repeats an earlier one; reword it")
        rendered.append(one)
    return LabelTexts(
        str(content["activity"]),
        str(content["version"]),
        tuple(content["sources"]),
        tuple(content["name_phrases"]),
        tuple(rendered),
    )


def _render(sections: Any, where: str) -> str:
    if not isinstance(sections, dict) or set(sections) != set(HEADINGS):
        raise LanharError(f"{where} must have exactly the headings {', '.join(HEADINGS)}")
    for heading, body in sections.items():
        if not isinstance(body, str) or not body.strip():
            raise LanharError(f"{where}: '{heading}' holds {body!r}; write text there")
    return render(sections)
