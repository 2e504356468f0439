"""The rule that an answer has the form of an interpretation: all there, in English, and the model's own words."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import ClassVar, Protocol

from lanhar.interpretation.filter.verdict import Answer, Reason
from lanhar.interpretation.schema import Interpretation
from lanhar.signals.table import Heading


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


LANGUAGES = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "no", "fi", "tr", "ru", "uk", "zh", "ja", "ko", "ar"),
    *("hi", "cs", "ro", "hu", "id", "vi", "el"),
)
"""Languages that an answer is told apart from; English first."""
ECHO_WORDS = 12
"""A run of the prompt's words that is no chance."""

_REFUSAL = re.compile(
    r"\b(?:i['’]?m|i am) (?:sorry|unable|not able)\b"
    r"|\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi (?:cannot|can['’]?t|can not|could not|won['’]?t|will not) "
    r"(?:\w+ )?(?:help|assist|provide|comply|fulfil|interpret|analy[sz]|determine|generate|answer|do)"
    r"|\bi (?:must|have to) (?:decline|refuse)|\bi apologi[sz]e\b",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"[\"']error[\"']\s*:|\b(?:internal server error|bad gateway|service unavailable|gateway time-?out"
    r"|too many requests|rate limit(?:ed| exceeded| reached)|quota exceeded|invalid api key|context length exceeded"
    r"|traceback \(most recent)"
    r"|<!doctype|<html",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"<[a-z][a-z _/-]{1,30}>|\{\{?\s*[a-z_][a-z_ .]*\s*\}?\}|\bX+\.X+\b|\b(?:TBD|TODO|lorem ipsum)\b"
    r"|\[(?:value|number|unit|conclusion|feature|insert[^\]]{0,40})\]|^\s*(?:\.\.\.|…)\s*$|^(?:string|n/?a|null)$",
    re.IGNORECASE,
)
# What no sentence ends with.
_CUT_WORD = re.compile(
    r"(?:\b(?:the|an?|of|and|with|to|or|which|than|from|is|are|was|by|its|their|as|while|but|about|approximately|near"
    r"|around|between)|[,(\[{:/=~≈<-])\s*$",
    re.IGNORECASE,
)
_NOT_OF_WORDS = frozenset("0123456789_/°[]²³")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


_LAST_LATIN = 0x24F
_GREEK = "μσΔωθφ"
# Words of English alone that descriptions of movement are full of, terse ones too.
_LITTLE_WORDS = frozenset(
    [
        *("the", "of", "and", "with", "are", "from", "this", "that", "which", "by", "both", "than", "its"),
        *("but", "not", "about", "between", "while", "below", "above", "only", "hardly", "barely", "mostly"),
        *("mainly", "clearly", "weak", "strong", "steady", "smooth", "slight", "slightly", "movement", "turning"),
        *("low", "high", "very"),
    ]
)


@dataclass(frozen=True)
class FormRule:
    """An answer is complete, of a sensible length, in English, and neither refusal, error, echo nor loop.

    Codes: `unparsable`, `refusal`, `truncated`, `error_text`, `too_short`, `too_long`, `empty_section`, `no_numbers`,
    `language`, `prompt_echo`, `repetition`.

    Attributes:
        min_words: words that the whole must have.
        max_words: words that it may have.
        english: whether it must be in English.
    """

    min_words: int = 20
    max_words: int = 900
    english: bool = True
    name: ClassVar[str] = "form"
    version: ClassVar[str] = "1"

    def check(self, answer: Answer, features: Mapping[str, float]) -> Sequence[Reason]:  # noqa: ARG002
        """Reasons against the answer; see `Rule.check`."""
        if answer.interpretation is None:
            return [Reason(self.name, code, detail) for code, detail in _unparsable(answer)]
        conclusions = {heading: section.conclusion for heading, section in answer.interpretation.sections.items()}
        found = [
            *_incomplete(answer, conclusions),
            *self._length(answer.interpretation),
            *_parroted(answer.prompt, conclusions),
            *_repeated(answer.interpretation, conclusions),
            *(_foreign(conclusions) if self.english else ()),
        ]
        return [Reason(self.name, code, detail) for code, detail in found]

    def _length(self, interpretation: Interpretation) -> Iterator[tuple[str, str]]:
        sections = interpretation.sections.values()
        words = sum(len(section.conclusion.split()) + 3 * len(section.evidence) for section in sections)
        if words < self.min_words:
            yield "too_short", f"the whole has {words} words; write {self.min_words} or more"
        if words > self.max_words:
            yield "too_long", f"the whole has {words} words; write {self.max_words} or fewer"


def _unparsable(answer: Answer) -> Iterator[tuple[str, str]]:
    """The nearest reason why an answer could not be taken apart, and what the parser says of it."""
    start = answer.raw[:500]
    if answer.finish_reason == "length":
        yield "truncated", "the answer was cut off at the limit of tokens; write less under each heading"
    if answer.finish_reason == "content_filter" or _REFUSAL.search(start):
        yield "refusal", f"the answer refuses: '{_short(answer.raw)}'; describe the measurements under the headings"
    elif _ERROR.search(start):
        yield "error_text", f"an error came instead of an answer: '{_short(answer.raw)}'"
    yield "unparsable", f"no interpretation can be read: {answer.problem or 'nothing is known of why'}"


def _incomplete(answer: Answer, conclusions: Mapping[Heading, str]) -> Iterator[tuple[str, str]]:
    if answer.finish_reason == "length":
        yield "truncated", "the answer was cut off at the limit of tokens; write less under each heading"
    if answer.finish_reason == "content_filter":
        yield "refusal", "the provider's content filter ended the answer"
    assert answer.interpretation is not None
    for heading, section in answer.interpretation.sections.items():
        conclusion = section.conclusion
        if not any(map(str.isalnum, conclusion)):
            yield "empty_section", f"{heading}: nothing is said; write a sentence"
        elif _CUT_WORD.search(conclusion[-24:]) or _left_open(conclusion):
            yield "truncated", f"{heading}: ends with '…{conclusion.strip()[-30:]}'; finish the sentence"
        if refused := _REFUSAL.search(conclusion):
            yield "refusal", f"{heading}: '{refused[0]}' is no description; describe the measurements"
    if _stops_short(list(conclusions.values())):
        yield "truncated", f"the last section ends with '…{answer.raw.strip()[-30:]}'; finish the sentence"
    numbers = any(section.evidence for section in answer.interpretation.sections.values())
    if not numbers and not any(character.isdigit() for text in conclusions.values() for character in text):
        yield "no_numbers", "not one number is given; support each conclusion with measured numbers"


def _left_open(conclusion: str) -> bool:
    return conclusion.rfind("(") > conclusion.rfind(")") or conclusion.rfind("[") > conclusion.rfind("]")


def _stops_short(conclusions: Sequence[str]) -> bool:
    """Whether the last section alone ends without a full stop, in a word of long prose."""
    *others, last = (conclusion.rstrip() for conclusion in conclusions)
    return all(text.endswith((".", "!", "?")) for text in others) and last[-1:].isalpha() and len(last.split()) >= 12


def _parroted(prompt: str, conclusions: Mapping[Heading, str]) -> Iterator[tuple[str, str]]:
    flat = " ".join(prompt.lower().split())
    for heading, conclusion in conclusions.items():
        if held := _PLACEHOLDER.search(conclusion):
            yield "prompt_echo", f"{heading}: '{held[0]}' is a placeholder; write what was measured"
        elif run := _run_of(flat, conclusion.lower().split()):
            yield "prompt_echo", f"{heading}: '{_short(run)}' repeats the prompt; use your own words"


def _run_of(prompt: str, words: Sequence[str]) -> str:
    """A run of `ECHO_WORDS` words that stands in the prompt, "" without one; numbers and names do not count."""
    if not prompt:
        return ""
    half = ECHO_WORDS // 2
    for start in range(0, len(words) - half + 1, half):
        # Every run of twelve holds one of these stretches of six.
        if " ".join(words[start : start + half]) not in prompt:
            continue
        for first in range(max(0, start - half), min(start, len(words) - ECHO_WORDS) + 1):
            run = words[first : first + ECHO_WORDS]
            spoken = [word for word in run if word.strip(".,;:()").isalpha()]
            if len(spoken) >= ECHO_WORDS - 2 and (text := " ".join(run)) in prompt:
                return text
    return ""


def _repeated(interpretation: Interpretation, conclusions: Mapping[Heading, str]) -> Iterator[tuple[str, str]]:
    spoken: Counter[str] = Counter()
    for conclusion in conclusions.values():
        sentences = [" ".join(sentence.split()) for sentence in _SENTENCE.split(conclusion.lower())]
        spoken.update(dict.fromkeys(sentences, 1))
        loop = _most_frequent(sentences, 3) if len(sentences) > 2 else ""
        if len(loop.split()) >= 3 or _loops(conclusion.lower().split()):
            yield "repetition", f"'{_short(loop or conclusion)}' goes round in circles; say each thing once"
    for sentence, count in spoken.items():
        words = len(sentence.split())
        if (count >= 2 and words >= 10) or (count >= 3 and words >= 6):
            yield "repetition", f"'{_short(sentence)}' stands under {count} headings; say under each what belongs there"
    for heading, section in interpretation.sections.items():
        if again := _most_frequent([evidence.feature for evidence in section.evidence], 3):
            yield "repetition", f"{heading}: {again} is listed three times or more; list it once"


def _most_frequent(items: Sequence[str], times: int) -> str:
    """The item that occurs most often, "" where none occurs so many times."""
    if len(items) - len(set(items)) < times - 1:
        return ""
    item, count = Counter(items).most_common(1)[0]
    return item if count >= times else ""


def _loops(words: Sequence[str]) -> bool:
    """Whether the same five words come round four times."""
    if len(words) < 20 or len(set(words)) > 0.6 * len(words):
        return False
    runs = Counter(zip(*(words[i:] for i in range(5)), strict=False))
    return max(runs.values()) >= 4


def _foreign(conclusions: Mapping[Heading, str]) -> Iterator[tuple[str, str]]:
    """The language of a text without its numbers, units and names, where it is long enough to tell."""
    whole = " ".join(conclusions.values())
    if _is_plainly_english(whole[:300]) and _is_plainly_english(whole[-300:]):
        return
    letters = [character for character in whole if character.isalpha()]
    other = [letter for letter in letters if ord(letter) > _LAST_LATIN and letter not in _GREEK]
    if len(other) > 0.15 * len(letters):
        yield "language", f"written in another script: '{_short(whole)}'; write in English"
        return
    text = " ".join(word for word in whole.split() if _NOT_OF_WORDS.isdisjoint(word))
    # The end is looked at too: some answers change the language on their way.
    for part in (text[:200], text[-200:]) if len(text) > 300 else (text,):
        if len(part) < 60:
            return
        language, share, english = _language(part)
        if language != "en" and share > 0.8 and english < 0.05:
            yield "language", f"written in '{language}': '{_short(part)}'; write in English"
            return


def _is_plainly_english(text: str) -> bool:
    """Whether little words that English alone has are frequent, which spares the model of languages."""
    words = text.lower().split()
    return sum(word in _LITTLE_WORDS for word in words) > 0.12 * len(words)


def _language(text: str) -> tuple[str, float, float]:
    """The likeliest language, its probability, and that of English."""
    ranked = _identifier().rank(text)
    return ranked[0][0], ranked[0][1], dict(ranked)["en"]


@cache
def _identifier() -> _Identifier:
    langid = import_module("py3langid.langid")
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    known: _Identifier = identifier
    return known


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:79]}…"
