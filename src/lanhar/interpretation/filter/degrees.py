"""Classes of words after their adverbs and negations: "not very strong", "follows only loosely"."""

from lanhar.interpretation.filter.sentences import AHEAD, AMOUNTS, VERBS, Mark, Sentence

_TURNS = frozenset({"quarter_turn", "half_turn", "full_turn"})
_BEYOND = frozenset({"more", "beyond", "over", "exceeds", "exceeding", "above", "less", "under", "below"})
"""Words beside a part of a turn after which it says only that there is one: "well beyond a right angle"."""
_FACTORS = frozenset({"times", "twice", "half", "fold", "double"})
"""Words before "as" after which an amount is relative."""
_ENDS = frozenset({"weak", "minimal", "none", "fast", "slow", "sharp", "smooth"})
"""Classes of which "neither" leaves open what is between: "neither fast nor slow"."""
_REACH = 7
"""Words from a negation to what it denies."""


def classes_of(s: Sentence, i: int) -> list[str]:
    """The word's class after its adverbs and negations; none where these leave no claim."""
    changes = s.grammar.changes
    mark = s.marks[i]
    name: str | None = mark.roles.word
    if name in _TURNS and not _BEYOND.isdisjoint(s.tokens[max(0, mark.start - AHEAD) : mark.end]):
        return ["turned"]
    denied = 0
    softened = False
    j = i - 1
    while j >= 0 and s.marks[j].clause == mark.clause and s.marks[j].end == s.marks[j + 1].start:
        adverb = s.marks[j]
        graded = AMOUNTS.get(adverb.roles.word or "") if s.grades(adverb) else None
        if adverb.has("softeners") or graded == "softened":
            softened = True
        elif adverb.has("raisers") or graded == "raised":
            name = changes["raised"].get(name, name) if name else None
        elif graded == "denied":
            denied += 1
        elif not adverb.has("negators"):
            break
        j -= 1
    trailing = s.marks[s.trailing[i]] if i in s.trailing else None
    effect = AMOUNTS.get(trailing.roles.word or "") if trailing else None
    denied += effect == "denied"
    softened = softened or effect == "softened"
    if trailing and trailing.roles.word in ("strong", "extreme") and name:
        name = changes["raised"].get(name, name)
    if "negators" in s.roles:
        denied += sum(_denies(s, other, mark) for other in s.marks[:i])
    softened = softened or _softened_after(s, i)
    if name is None or denied > 1:
        return []
    if denied and name in _ENDS and _is_neither(s, mark):
        return []
    if denied and "either" in s.tokens[mark.end :]:
        # "not calm, but not vigorous either"
        return []
    if denied and name in ("weak", "minimal", "mild", "soft") and i and s.marks[i - 1].has("nearly"):
        # "barely faint" is the lower edge of faint.
        return ["minimal", "weak"]
    if denied:
        name = changes["denied"].get(name)
        if name == "weak" and mark.roles.word == "present" and i and s.marks[i - 1].has("nearly"):
            name = "minimal"
        return [name, "mild"] if name in ("weak", "calm") else [name] if name else []
    if softened and name == "unequal":
        # What differs slightly is neither equal nor unequal.
        return []
    if softened:
        milder = changes["softened"].get(name)
        return [name, milder] if milder else [name]
    return [name]


def trails(s: Sentence, i: int) -> bool:
    """Whether the word grades a verb before it: "follows only loosely"."""
    mark = s.marks[i]
    if i in s.trailing.values():
        return True
    before = s.marks[i - 1] if i else mark
    if mark.has("softeners") and before.end == mark.start and before.roles.word in VERBS:
        # "the impacts vary slightly" says nothing of how hard they are.
        return True
    swallowed = s.grades(mark) or (mark.roles.word == "exact" and s.denials(mark))
    return bool(swallowed) and any(
        is_word(s, other) and other.clause == mark.clause and 0 <= mark.start - other.end <= AHEAD
        for other in s.marks[:i]
    )


def _denies(s: Sentence, negator: Mark, mark: Mark) -> bool:
    """Whether a negation reaches a word: "no" reaches the noun after it, and beyond it only as the subject."""
    if not negator.has("negators") or negator.clause != mark.clause or not 0 <= mark.start - negator.end <= _REACH:
        return False
    if negator.has("adjacent"):
        return negator.end == mark.start and mark.roles.word not in ("weak", "minimal", "mild")
    if not negator.has("absences") or negator.has("direct"):
        return True
    noun = next((run for run in s.runs if run.clause == mark.clause and run.start >= negator.end), None)
    if noun is None or mark.start < noun.end:
        return True
    first = s.tokens[negator.start - 1] if negator.start else ""
    return s.tokens[negator.start] in ("no", "neither", "nothing") and first in (
        "",
        ",",
        ";",
        "and",
        "but",
        *("so", "that", "as", "since", "because", "while", "whereas", "although", "though", "where", "when", "which"),
    )


def _softened_after(s: Sentence, i: int) -> bool:
    """Whether a verb's adverb follows it: "tips slightly"."""
    mark = s.marks[i]
    after = [other for other in s.marks[i + 1 : i + 3] if not other.has("parts")][:1]
    near = bool(after) and after[0].clause == mark.clause and after[0].start - mark.end <= 1
    return near and mark.roles.word in VERBS and after[0].has("softeners")


def _is_neither(s: Sentence, mark: Mark) -> bool:
    """Whether both ends are denied, which leaves open what is between or below."""
    return any(token in ("neither", "nor") for token in s.tokens[: mark.start])


def is_word(s: Sentence, mark: Mark) -> bool:
    """Whether a phrase claims something; "still" does so only at the end of a clause."""
    if mark.roles.word is None or mark.has("neutral"):
        return False
    if mark.has("final") and not _is_final(s, mark):
        return False
    before = s.tokens[max(0, mark.start - 2) : mark.start]
    defined = mark.roles.word in AMOUNTS and s.tokens[mark.end : mark.end + 1] in (["that"], ["which"])
    if defined and before[-1:] != ["so"]:
        # "little that would count as vigorous", but "so faint that"
        return False
    if len(before) == 2 and before[0] in _FACTORS and before[1] == "as":
        # "three times as large" says nothing of how large.
        return False
    return not _is_unreached(s, mark)


def _is_final(s: Sentence, mark: Mark) -> bool:
    """Whether "still" is what something is, not "all the same" or "as before"."""
    words = s.grammar.function_words
    ends = mark.end == len(s.tokens) or s.tokens[mark.end] in words["ends"]
    before = s.tokens[mark.start - 1] if mark.start else ""
    return ends and (before in words["copulas"] or before in words["raisers"] or before in words["before_final"])


def _is_unreached(s: Sentence, mark: Mark) -> bool:
    """Whether something falls short of the word, or is left open: "too weak to be regular", "whether it is"."""
    # The mark's own first word may be the "to" of "too small to speak of".
    words = s.tokens[: mark.start + 1]
    if "whether" in words:
        return True
    if "nothing" in words and words[words.index("nothing") + 1 :][:1] in (["to"], ["for"]):
        # "nothing for the acceleration to be in step with"
        return True
    if "too" not in words and "enough" not in words:
        return False
    start = max(i for i, word in enumerate(words) if word in ("too", "enough"))
    # After "too" stands an adjective.
    return any(word in ("to", "for") for word in words[start + 1 + (words[start] == "too") :])
