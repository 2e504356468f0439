"""What a text says of a window: a class of words of a topic, or one direction being the larger."""

from dataclasses import dataclass

from lanhar.interpretation.filter.grammar import Sensor


@dataclass(frozen=True)
class Claim:
    """A class of words said of a topic.

    Attributes:
        topic: what it is said of.
        classes: what is said; one of them being true suffices ("moderate to strong").
        clause: the words around it.
        near: whether only the edge of the class is claimed ("almost flat").
        named: what the subject is by itself where the heading reads it as the topic; the claim may be true of that.
        doubts: how many of two things speak for a misreading: a subject that is not beside the word, unknown words.
    """

    topic: str
    classes: tuple[str, ...]
    clause: str
    near: bool = False
    named: str | None = None
    doubts: int = 0


@dataclass(frozen=True)
class Comparison:
    """One direction said to be larger than another.

    Attributes:
        sensor: whose directions.
        larger: directions, one of which being the larger suffices.
        smaller: what it is compared with; None for all others.
        clause: the words around it.
        margin: how much larger at least, 1.2 for "far larger"; 0 where nothing is said of it.
        either: whether no word says which sensor is meant; it is true then if it is true of one.
    """

    sensor: Sensor
    larger: tuple[str, ...]
    smaller: str | None
    clause: str
    margin: float = 0.0
    either: bool = False
