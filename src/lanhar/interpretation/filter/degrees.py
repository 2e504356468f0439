"""Classes of words after their adverbs and negations: "not very strong", "follows only loosely"."""

from itertools import pairwise

from lanhar.interpretation.filter.sentences import AHEAD, AMOUNTS, VERBS, Mark, Sentence

_TURNS = frozenset({"quarter_turn", "half_turn", "full_turn"})
_BEYOND = frozenset({"more", "beyond", "over", "exceeds", "exceeding", "above", "less", "under", "below"})
"""Words beside a part of a turn after which it says only that there is one: "well beyond a right angle"."""
_FACTORS = frozenset({"times", "twice", "half", "fold", "double"})
"""Words before "as" after which an amount is relative."""
_ENDS = frozenset({"weak", "minimal", "none", "fast", "slow", "sharp", "smooth"})
"""Classes of which "neither" leaves open what is between: "neither fast nor slow"."""
_POSSESSIVES = frozenset({"its", "their"})
"""Before a description of what has been spoken of."""
_RELATIVE = frozenset({"that", "which", "it", "they", "one"})
_MODAL = frozenset({"could", "can", "would", "might", "may"})
"""What follows these in a clause about something missing is not the case."""
_GRANTING = frozenset({"though", "although", "if", "albeit"})
"""Before "not", a higher degree is denied of what stands before it."""
_WHOLE = frozenset({"regular", "equal", "stable", "exact", "coupled"})
"""Classes of which "not quite" leaves open how much is missing."""
_SAID_OF_NONE = frozenset({"being", "is", "are", "stands", "standing", "exceeds", "exceeding", "clearly"})
"""Before these, "none" is what something is said of: "none being harder than the others"."""
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
        if adverb.has("softeners") and name in _WHOLE and "not" in s.tokens[adverb.start : adverb.end]:
            # "not quite even" may be rather uneven.
            return []
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
        denied += _denials(s, i)
    softened = softened or _softened_after(s, i)
    if name is None or denied > 1:
        return []
    if denied and name in _ENDS and _is_neither(s, mark):
        return []
    if denied and "either" in s.tokens[mark.end :]:
        # "not calm, but not vigorous either"
        return []
    if denied and _is_bounded(s, i):
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


def _denials(s: Sentence, i: int) -> int:
    """Negations that reach a word; "neither" and the "nor" that belongs to it are one."""
    denying = [s.tokens[other.start] for other in s.marks[:i] if _denies(s, other, s.marks[i])]
    return len(denying) - ("nor" in denying[1:] and "neither" in denying)


def _denies(s: Sentence, negator: Mark, mark: Mark) -> bool:
    """Whether a negation reaches a word: "no" reaches the noun after it, and beyond it only as the subject."""
    if not negator.has("negators") or negator.clause != mark.clause or not 0 <= mark.start - negator.end <= _REACH:
        return False
    if negator.has("adjacent"):
        return negator.end == mark.start and mark.roles.word not in ("weak", "minimal", "mild")
    if _is_granted(s, negator, mark):
        return False
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
        "with",
        *("so", "that", "as", "since", "because", "while", "whereas", "although", "though", "where", "when", "which"),
    )


def _is_granted(s: Sentence, negator: Mark, mark: Mark) -> bool:
    """Whether the word describes what is known already: "without leaving its settled orientation"."""
    place = mark.start - 1
    if s.tokens[place] not in _POSSESSIVES or place <= negator.end:
        return False
    return mark.end - mark.start > 1 or any(run.start in (mark.start, mark.end) for run in s.runs)


def _softened_after(s: Sentence, i: int) -> bool:
    """Whether a verb's adverb follows it: "tips slightly"."""
    mark = s.marks[i]
    if mark.roles.word not in VERBS:
        return False
    after = [other for other in s.marks[i + 1 : i + 3] if not other.has("parts")][:1]
    near = bool(after) and after[0].clause == mark.clause and after[0].start - mark.end <= 1
    return (near and after[0].has("softeners")) or _softened_at_end(s, i)


def _softened_at_end(s: Sentence, i: int) -> bool:
    """Whether an adverb ends the clause behind an object: "follows the acceleration only partially"."""
    clause = [other for other in s.marks[i + 1 :] if other.clause == s.marks[i].clause]
    return bool(clause) and clause[-1].has("softeners") and not any(other.roles.word for other in clause[:-1])


def _is_bounded(s: Sentence, i: int) -> bool:
    """Whether only a higher degree is denied of what is granted: "clear though not tight"."""
    before = s.marks[i - 1]
    beside = i > 0 and before.has("negators") and before.end == s.marks[i].start
    return beside and before.start > 0 and s.tokens[before.start - 1] in _GRANTING


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
    if s.tokens[mark.start] == "none" and not _SAID_OF_NONE.isdisjoint(s.tokens[mark.end : mark.end + 1]):
        return False
    defined = mark.roles.word in AMOUNTS and s.tokens[mark.end : mark.end + 1] in (["that"], ["which"])
    if defined and before[-1:] != ["so"]:
        # "little that would count as vigorous", but "so faint that"
        return False
    if len(before) == 2 and before[0] in _FACTORS and before[1] == "as":
        # "three times as large" says nothing of how large.
        return False
    if before[-1:] == ["as"] and s.tokens[mark.end : mark.end + 2] in (["as", "the"], ["as", "before"]):
        # "at least as strong as the moderate vertical movement", but "as hard as a rock"
        return False
    return not _is_unreached(s, mark)


def _is_unreal(s: Sentence, mark: Mark) -> bool:
    """Whether the word tells what something missing would be: "no rate that could match", "no rate to agree with"."""
    denials = [m.end for m in s.marks if m.has("negators") and m.clause <= mark.clause and m.end <= mark.start]
    if not denials:
        return False
    words = s.tokens[denials[-1] : mark.start]
    relative = any(left in _RELATIVE and right in _MODAL for left, right in pairwise(words))
    named = any(denials[-1] < run.end <= mark.start for run in s.runs)
    return relative or (named and words[-1:] == ["to"])


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
    if _is_unreal(s, mark):
        return True
    if "too" not in words and "enough" not in words:
        return False
    start = max(i for i, word in enumerate(words) if word in ("too", "enough"))
    # After "too" stands an adjective.
    return any(word in ("to", "for") for word in words[start + 1 + (words[start] == "too") :])
