"""The registry of activities and the label space, the only place that turns names into indices."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lanhar.errors import LanharError


@dataclass(frozen=True)
class Activity:
    """One activity of the registry.

    Attributes:
        name: canonical name, used in code, config and results.
        title: what a person reads in tables and figures.
        words: every word or phrase that names the activity in English; texts about windows must hold none.
    """

    name: str
    title: str
    words: tuple[str, ...]


def _registry() -> dict[str, Activity]:
    rows = [
        Activity("walk", "walking", ("walk", "walks", "walking", "walked", "stroll", "strolling")),
        Activity("nordic_walk", "Nordic walking", ("nordic walking", "nordic walk", "pole walking")),
        Activity("jog", "jogging", ("jog", "jogs", "jogging", "run", "runs", "running", "sprint", "sprinting")),
        Activity(
            "stairs_up",
            "climbing stairs",
            ("stairs up", "upstairs", "stair climbing", "ascending stairs", "climbing stairs", "stair ascent"),
        ),
        Activity(
            "stairs_down",
            "descending stairs",
            ("stairs down", "downstairs", "stair descending", "descending stairs", "stair descent"),
        ),
        Activity("sit", "sitting", ("sit", "sits", "sitting", "seated", "sat")),
        Activity("stand", "standing", ("stand", "stands", "standing", "stood")),
        Activity("still", "staying still", ("staying still", "being still", "sit or stand")),
        Activity("lie", "lying down", ("lie down", "lying", "lying down", "sleep", "sleeping", "laying")),
        Activity("jump", "jumping", ("jump", "jumps", "jumping", "hop", "hopping")),
        Activity("rope_skip", "skipping rope", ("rope skipping", "skipping rope", "rope jumping", "jump rope")),
        Activity("bike", "cycling", ("bike", "biking", "cycle", "cycling", "bicycle", "pedalling", "pedaling")),
        Activity("elevator_up", "riding an elevator up", ("elevator up", "lift up", "elevator")),
        Activity("elevator_down", "riding an elevator down", ("elevator down", "lift down", "elevator")),
        Activity("sit_to_stand", "standing up from a seat", ("standing up", "sit to stand", "getting up")),
        Activity("stand_to_sit", "sitting down", ("sitting down", "stand to sit")),
        Activity("sit_to_lie", "lying down from a seat", ("sit to lie",)),
        Activity("lie_to_sit", "sitting up from lying", ("sitting up", "lie to sit")),
        Activity("stand_to_lie", "lying down from standing", ("stand to lie",)),
        Activity("lie_to_stand", "standing up from lying", ("lie to stand",)),
        Activity("iron", "ironing", ("iron", "ironing", "ironed")),
        Activity("vacuum", "vacuum cleaning", ("vacuum", "vacuuming", "vacuum cleaning", "hoovering")),
        Activity("watch_tv", "watching television", ("watching tv", "watching television", "watch tv")),
        Activity("computer_work", "working at a computer", ("computer work", "typing", "desk work")),
        Activity("drive", "driving a car", ("drive", "driving", "car driving")),
        Activity("fold_laundry", "folding laundry", ("folding laundry", "laundry folding", "fold laundry")),
        Activity("clean_house", "cleaning the house", ("house cleaning", "cleaning", "dusting", "tidying")),
        Activity("play_soccer", "playing soccer", ("soccer", "football", "playing soccer")),
    ]
    return {row.name: row for row in rows}


REGISTRY: Mapping[str, Activity] = _registry()


def activity(name: str) -> Activity:
    """Look an activity up by its canonical name.

    Raises:
        LanharError: the registry has no such name; the message suggests the nearest ones.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    near = difflib.get_close_matches(name, REGISTRY, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the registry has {', '.join(REGISTRY)}"
    raise LanharError(f"unknown activity '{name}': {hint}")


@dataclass(frozen=True)
class LabelSpace:
    """The ordered activities of a run, and which registry activities are merged into them.

    Attributes:
        activities: C names in the one order that prototypes, logits, confusion matrix and reports share.
        merges: label-space activity → the registry activities that it stands for.
    """

    activities: tuple[str, ...]
    merges: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.activities:
            activity(name)
        for merged, parts in self.merges.items():
            if merged not in self.activities:
                raise LanharError(
                    f"label space merges {list(parts)} into '{merged}', which is not among its "
                    f"activities {list(self.activities)}; add it there or drop the merge"
                )
            for part in parts:
                activity(part)
        names = [part for name in self.activities for part in self.members(name)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise LanharError(f"label space holds {', '.join(twice)} more than once; each activity may have one place")
        if len(self.activities) < 2:
            raise LanharError(f"label space {list(self.activities)} needs two activities or more")

    def __len__(self) -> int:
        return len(self.activities)

    def members(self, name: str) -> tuple[str, ...]:
        """Registry activities that count as `name` (itself and those merged into it)."""
        merged = tuple(self.merges.get(name, ()))
        return merged if name in merged else (name, *merged)

    def index(self, name: str) -> int | None:
        """Index 0..C-1 of a registry activity, or None where it is not part of this label space."""
        for position, label in enumerate(self.activities):
            if name in self.members(label):
                return position
        return None

    def indices(self, names: Iterable[str]) -> list[int]:
        """Indices of many registry activities; -1 where one is not part of this label space."""
        known = {part: i for i, label in enumerate(self.activities) for part in self.members(label)}
        return [known.get(name, -1) for name in names]

    def restricted(self, names: Iterable[str]) -> "LabelSpace":
        """The label space of some of these activities, in this one's order.

        Raises:
            LanharError: fewer than two of them are part of it.
        """
        kept = tuple(name for name in self.activities if name in set(names))
        return LabelSpace(kept, {name: parts for name, parts in self.merges.items() if name in kept})

    def positions(self, part: "LabelSpace") -> list[int]:
        """Where the activities of a restricted label space stand in this one."""
        return [self.activities.index(name) for name in part.activities]

    @property
    def titles(self) -> list[str]:
        """Human-readable names in order."""
        return [activity(name).title for name in self.activities]
