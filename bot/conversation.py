"""Earlier turns + question -> a question that stands alone, in the conversation's own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.questions import telling_words

SHORT_QUESTION = 2  # telling words; so few may lean on what was said before
_REFERS_BACK = re.compile(
    r"^(?:and|but|so|or|then|what about|how about)\b"
    r"|\b(?:he|she|they|him|her|them|his|hers|theirs?|its?|those|these|the (?:other|second|first|"
    r"former|latter|same)(?: one)?|(?:that|this)(?! the| a| an| there))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Turn:
    """A question that was asked earlier, and its answer."""

    question: str
    answer: str


def standalone_questions(question: str, history: Sequence[Turn]) -> list[str]:
    """What may be meant, likeliest first: the question alone, or after the one before it.

    A first question, and one with words enough of its own, is only ever meant as it stands.
    """
    if not history:
        return [question]
    joined = f"{history[-1].question} {question}"
    words = len(telling_words(question))
    if words == 0 or _REFERS_BACK.search(question):
        return [joined]
    return [question, joined] if words <= SHORT_QUESTION else [question]
