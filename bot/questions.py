"""A question: whether it can be asked, and which of its words tell what it is about."""

import math
import re
from collections.abc import Callable, Collection

from bot.errors import QuestionInvalid
from ingest.keywords import split_words, words_at

LONGEST_QUESTION = 2_000  # characters
ASKING_WEIGHT = 0.7  # of a word that says how something is asked; a rare word has 2 and more
# Words that say how something is asked, not what about; stemmed like everything else.
ASKING_WORDS = """
    essay essays author authors writer text passage paper piece article document bot
    say says said tell tells told talk talks mention mentions call calls called name names describe
    argue argues argued claim claims think thinks thought mean means meant explain explains want
    wants give gives gave make makes made done do does did get gets got happen happens happened
    come comes came one ones put puts use used case kind sort thing things way people please exactly
    actually really much many long big far often ever still could would should might also according
    account view opinion reason reasons answer question compare compares compared contrast
    differ difference different
"""


_GREETING = re.compile(
    r"(?:(?:hi|hiya|hello|hey|yo|good (?:morning|day|afternoon|evening|night|bot)|welcome|test|ping"
    r"|thanks?|thx|ty|cheers|bye|goodbye|ok|okay|cool|nice|great|awesome|lol|wow"
    r"|hallo|moin|servus|danke|tschüss|guten (?:morgen|tag|abend)|gute nacht)\b"
    r"(?:[ ,]+(?:there|bot|all|everyone|folks|again|you|so much|very much|a lot|dir|schön|sehr)\b)*"
    r"[\W_]*)+",
    re.IGNORECASE,
)


def check_question(question: str) -> str:
    """The question without the space around it. Raises QuestionInvalid."""
    question = question.strip()
    if not question.isprintable() and any("\ud800" <= char <= "\udfff" for char in question):
        raise QuestionInvalid("The question is not valid text; write it in UTF-8.")
    if not question:
        raise QuestionInvalid("The question is empty; ask it in a few words.")
    if len(question) > LONGEST_QUESTION:
        raise QuestionInvalid(
            f"The question has {len(question):,} characters; ask it in at most "
            f"{LONGEST_QUESTION:,}."
        )
    return question


def is_greeting(text: str) -> bool:
    """Whether it only greets, thanks or takes leave, in English or German, and asks nothing."""
    return bool(_GREETING.fullmatch(text.strip()))


def telling_words(question: str) -> list[str]:
    """The stemmed words that say what a question is about, each once."""
    return [word for word in dict.fromkeys(split_words([question])[0]) if word not in _ASKING]


def weighed_words(
    question: str, rarity: Callable[[str], float], asking: Collection[str] = ()
) -> list[tuple[int, int, float]]:
    """Each word of a question: its place, and how much it tells: the rarer the more.

    Stems of `asking` tell as little as words that say how something is asked.
    """
    little = {"", *_ASKING, *asking}
    return [
        (start, end, ASKING_WEIGHT if stem in little else math.sqrt(rarity(stem)))
        for start, end, stem in words_at(question)
    ]


_ASKING = frozenset(split_words([ASKING_WORDS])[0])
