"""Phrases found in a list of words, the longest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
Phrase = tuple[str, ...]
_MOST_REMEMBERED = 50_000


class Starting(NamedTuple, Generic[T]):
    """Phrases that begin with one token, the longest first: by their second word where that is a plain one."""

    alone: T | None
    by_second: Mapping[str, Sequence[tuple[Phrase, T]]]
    open_second: Sequence[tuple[Phrase, T]]


@dataclass(frozen=True)
class Lexicon(Generic[T]):
    """Phrases and what they mean; a word of a phrase that ends in `*` stands for all that begin so.

    Attributes:
        phrases: first word → the phrases that begin with it.
    """

    phrases: Mapping[str, Sequence[tuple[Phrase, T]]]
    _starting: dict[str, Starting[T] | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, entries: Mapping[Phrase, T]) -> "Lexicon[T]":
        """Build one from phrase → meaning."""
        phrases: dict[str, list[tuple[Phrase, T]]] = {}
        for phrase, meaning in entries.items():
            phrases.setdefault(phrase[0], []).append((phrase, meaning))
        return cls(phrases)

    def find(self, tokens: Sequence[str]) -> Iterator[tuple[int, int, T]]:
        """Start, length and meaning of the longest phrase that begins at each token; they may overlap."""
        known, count = self._starting, len(tokens)
        for place, token in enumerate(tokens):
            starting = known[token] if token in known else self._remember(token)
            if starting is None:
                continue
            alone, by_second, open_second = starting
            if place + 1 < count and (by_second or open_second):
                for phrase, meaning in (*by_second.get(tokens[place + 1], ()), *open_second):
                    end = place + len(phrase)
                    if end <= count and all(map(_fits, phrase[1:], tokens[place + 1 : end])):
                        yield place, len(phrase), meaning
                        break
                else:
                    if alone is not None:
                        yield place, 1, alone
            elif alone is not None:
                yield place, 1, alone

    def _remember(self, token: str) -> Starting[T] | None:
        keys = [token, *(f"{token[:size]}*" for size in range(len(token), 1, -1))]
        found = sorted((row for key in keys for row in self.phrases.get(key, ())), key=lambda row: -len(row[0]))
        by_second: dict[str, list[tuple[Phrase, T]]] = {}
        for row in found:
            if len(row[0]) > 1 and row[0][1][-1] != "*":
                by_second.setdefault(row[0][1], []).append(row)
        alone = next((meaning for phrase, meaning in found if len(phrase) == 1), None)
        open_second = [row for row in found if len(row[0]) > 1 and row[0][1][-1] == "*"]
        starting = Starting(alone, by_second, open_second) if found else None
        if len(self._starting) < _MOST_REMEMBERED:
            self._starting[token] = starting
        return starting


def _fits(pattern: str, token: str) -> bool:
    return pattern == token or (pattern[-1] == "*" and token.startswith(pattern[:-1]))
