"""Earlier turns + question -> a question that stands alone, in the conversation's own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.questions import telling_words

SHORT_QUESTION = 2  # telling words; so few lean on what was said before
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


def standalone_question(question: str, history: Sequence[Turn]) -> str:
    """The question as it is, or after the previous one where it leans on it.

    A first question is never changed.
    """
    if not history or not _leans(question):
        return question
    return f"{history[-1].question} {question}"


def _leans(question: str) -> bool:
    return bool(_REFERS_BACK.search(question)) or len(telling_words(question)) <= SHORT_QUESTION
