"""What a sentence counts must stand in the words it rests on, and count the same thing there.

Plain rules on two texts; knows nothing of models, essays or meaning.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from text_to_num import alpha2digit

from ingest.keywords import split_words

ONE, PAIR = "1", "2"  # that may be "the one" and "second"
SMALL = (ONE, PAIR)
THOUSANDS = ("000000", "000", "00")
AMOUNTS = {
    **{"half a century": "50 years", "half yearly": "6 months"},
    **{"half": "1/2", "quarter": "1/4", "quarters": "1/4", "dozen": "12", "dozens": "12"},
    **{"single": "1", "triple": "3", "treble": "3", "thrice": "3"},
    **{"biennial": "2", "triennial": "3", "quadrennial": "4", "septennial": "7", "decennial": "10"},
}
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"\d[\d.,/]*\d|\d")
_PART = r"(?= (?:of|part|less|more|as|(?:to|or|and) an? \d+th)\b| ?[,.;:!?]|$)"  # no "3rd reason"
_FRACTION = re.compile(
    rf"\b(?:(\d+) (\d+)(?:rd|th)s?\b|an? (\d+)(?:rd|th)\b{_PART}|(\d+)(?:rd|th) part)",
    re.IGNORECASE,
)
_MAGNITUDE = re.compile(r"\b(\d[\d,]*(?:\.\d+)?) (10{2,12})\b")  # what is left of "2.5 million"
_AMOUNT = re.compile(rf"\b(?:{'|'.join(AMOUNTS)})\b", re.IGNORECASE)
_COUNTING_CLAUSE = re.compile(
    r"[,;:.!?()—](?!\d| or\b)|\b(?:and|but|while|whereas|as|(?<!less )(?<!more )than)\b"
)
_TWO = re.compile(
    r"\b(?:both|n?either|twice|double|pair|couple|former|latter|others?|second|between|and)\b", re.I
)
_FOLD = re.compile(r"\b(\w+)fold\b", re.IGNORECASE)
_ORDINAL, _NTH = re.compile(r"(?:st|nd|rd|th)\b"), re.compile(r"\d+(?:st|nd|rd|th)")
_RANGE = re.compile(r"\b(\d+) (?:or|to|and|&) (\d+)\b")
_LIST = re.compile(r"(\w+(?:, \w+)+,? (?:and|or) \w+) (\w+)")
_LIST_MARK = re.compile(r", (?:and |or )?| (?:and|or) ")


def strange_number(claim: str, ground: str, names: str = "") -> str | None:
    """The first number of `claim`, in digits or words, that `ground` has not.

    A number of `names` may stand after a word of them: Federalist No. 10.
    """
    known = {value for told in _in_digits(ground) for value in _values(told)}
    strange = []
    for told in _in_digits(_without_numbered(claim, names)):
        numbers = [match for match in _NUMBER.finditer(told) if _value(match.group()) not in known]
        strange.append(next((one.group() for one in numbers if _counts(told, one, ground)), None))
    return strange[0] if all(strange) else None


def _without_numbered(claim: str, names: str) -> str:
    """A claim without the numbers that follow a word of the names and stand there too."""
    words = "|".join(map(re.escape, dict.fromkeys(_WORD.findall(names))))
    numbers = "|".join(dict.fromkeys(re.findall(r"\d+", names)))
    return re.sub(rf"\b({words})\b(\W+)(?:{numbers})\b", r"\1\2", claim) if numbers else claim


def misplaced_number(claim: str, ground: str) -> str | None:
    """The first number of `claim` that `ground` has, but in a clause about something else.

    That is, one whose words are fewer of the claim's than those of a clause with another number.
    """
    told, known = _in_digits(claim)[0], _in_digits(ground)[0]
    clauses = [(_words_of(each), set(_values(each))) for each in _COUNTING_CLAUSE.split(known)]
    for clause in _COUNTING_CLAUSE.split(told):
        told_here = set(_values(clause))
        for number in _NUMBER.findall(clause):
            shared = [(len(_words_of(clause) & words), values) for words, values in clauses]
            own = [count for count, values in shared if _value(number) in values]
            others = [count for count, values in shared if values and not values & told_here]
            if own and _value(number) != ONE and max(others, default=0) > max(own):
                return str(number)
    return None


def _words_of(clause: str) -> set[str]:
    return {word for word in split_words([clause])[0] if not word[0].isdigit()}


def _in_digits(text: str) -> list[str]:
    """A text with its number words in digits: "two hundred and six", and "thirty and nine"."""
    apart = _FOLD.sub(r"\1 fold", text.replace("-", " "))
    apart = _AMOUNT.sub(lambda word: AMOUNTS[word.group().lower()], apart)
    told = (alpha2digit(each, "en", 0) for each in (apart, apart.replace(" and ", " & ")))
    return [_FRACTION.sub(_fraction, _MAGNITUDE.sub(_product, each)) for each in told]


def _product(found: re.Match[str]) -> str:
    return f"{(Decimal(_value(found[1])) * int(found[2])).normalize():f}"


def _fraction(found: re.Match[str]) -> str:
    return f"{found[1] or 1}/{found[2] or found[3] or found[4]}"


def _values(told: str) -> Iterator[str]:
    """The numbers of a text; of "twenty-five or thirty thousand" also the first in full."""
    yield from map(_value, _NUMBER.findall(told))
    for first, second in _RANGE.findall(told):
        zeros = next((each for each in THOUSANDS if second.endswith(each)), "")
        yield first + zeros


def _value(number: str) -> str:
    return number.replace(",", "").rstrip(".")


def _counts(told: str, number: re.Match[str], ground: str) -> bool:
    """Whether a number counts something; one and two may be "the one", "both" or "second".

    They count where the other text counts the same thing otherwise: one year, seven years.
    """
    value, rest = _value(number.group()), told[number.end() :]
    ordinal = _ORDINAL.match(rest)
    counted = split_words([rest[ordinal.end() :] if ordinal else rest])[0][:1]
    if value not in SMALL:
        return (value, counted) not in _listed(ground)
    if value == PAIR and not ordinal and not _TWO.search(ground):
        return True
    alike = _NTH.fullmatch if ordinal else str.isdigit
    pairs = pairwise(split_words([_in_digits(ground)[0]])[0])
    return any(alike(first) and [second] == counted for first, second in pairs)


def _listed(ground: str) -> list[tuple[str, list[str]]]:
    """How many things a text lists, and what they are: legislative, executive and other powers."""
    return [
        (str(len(_LIST_MARK.split(items))), split_words([noun])[0])
        for items, noun in _LIST.findall(ground)
    ]
