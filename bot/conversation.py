"""Earlier turns + question -> a question that stands alone, in the conversation's own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.questions import telling_words

TURNS = 4  # the latest ones, which a question may lean on
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
    """What may be meant, likeliest first: the question alone, or after the ones it leans on.

    A first question is only ever meant as it stands. Of a long history the last TURNS count.
    """
    if not history:
        return [question]
    before = standalone_questions(history[-1].question, history[-TURNS:-1])[0]
    joined = f"{before} {question}"
    words = len(telling_words(question))
    if words == 0:
        return [joined]
    if _REFERS_BACK.search(question):
        return [joined, question] if words <= SHORT_QUESTION else [question, joined]
    return [question, joined] if words <= SHORT_QUESTION else [question]
