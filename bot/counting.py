"""The numbers of a claim must stand in the text it cites, and count the same thing there.

Rules on two English texts, the claim and its ground (the words it cites); knows nothing of models,
essays or meaning. Both are compared with their number words in digits.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from text_to_num import alpha2digit

from bot.agreement import WORD
from ingest.keywords import split_words

ONE, TWO = "1", "2"  # which often count nothing: "the one", "both"
_ZEROS = ("000000", "000", "00")  # that the first number of a range may leave out
_AMOUNTS = {  # words that text2num does not read
    **{"half a century": "50 years", "half yearly": "6 months"},
    **{"half": "1/2", "quarter": "1/4", "quarters": "1/4", "dozen": "12", "dozens": "12"},
    **{"single": "1", "triple": "3", "treble": "3", "thrice": "3"},
    **{"biennial": "2", "triennial": "3", "quadrennial": "4", "septennial": "7", "decennial": "10"},
}
_NUMBER = re.compile(r"\d[\d.,/]*\d|\d")
_PART = r"(?= (?:of|part|less|more|as|(?:to|or|and) an? \d+th)\b| ?[,.;:!?]|$)"  # no "3rd reason"
_FRACTION = re.compile(
    rf"\b(?:(\d+) (\d+)(?:rd|th)s?\b|an? (\d+)(?:rd|th)\b{_PART}|(\d+)(?:rd|th) part)",
    re.IGNORECASE,
)
_MAGNITUDE = re.compile(r"\b(\d[\d,]*(?:\.\d+)?) (10{2,12})\b")  # "2.5 million" as text2num has it
_AMOUNT = re.compile(rf"\b(?:{'|'.join(_AMOUNTS)})\b", re.IGNORECASE)
_COUNTING_CLAUSE = re.compile(
    r"[,;:.!?()—](?!\d| or\b)|\b(?:and|but|while|whereas|as|(?<!less )(?<!more )than)\b"
)
_TWO = re.compile(  # words that stand for two things
    r"\b(?:both|n?either|twice|double|pair|couple|former|latter|others?|second|between|and)\b", re.I
)
_FOLD = re.compile(r"\b(\w+)fold\b", re.IGNORECASE)  # tenfold
_ORDINAL, _NTH = re.compile(r"(?:st|nd|rd|th)\b"), re.compile(r"\d+(?:st|nd|rd|th)")
_RANGE = re.compile(r"\b(\d+) (?:or|to|and|&) (\d+)\b")
_LIST = re.compile(r"(\w+(?:, \w+)+,? (?:and|or) \w+) (\w+)")  # items, and what they are
_LIST_MARK = re.compile(r", (?:and |or )?| (?:and|or) ")  # between two items


def strange_number(claim: str, ground: str, names: str = "") -> str | None:
    """The first number of `claim`, in digits or words, that `ground` has not; None if it has all.

    A number of `names` may stand after a word of them: Federalist No. 10. Where "and" in a number
    can be read in two ways, it is enough if one reading has no such number.
    """
    known = {value for told in _in_digits(ground) for value in _values(told)}
    strange = []
    for told in _in_digits(_without_numbered(claim, names)):
        numbers = [match for match in _NUMBER.finditer(told) if _value(match.group()) not in known]
        strange.append(next((one.group() for one in numbers if _counts(told, one, ground)), None))
    return strange[0] if all(strange) else None


def _without_numbered(claim: str, names: str) -> str:
    """A claim without the numbers that follow a word of the names and stand there too."""
    words = "|".join(map(re.escape, dict.fromkeys(WORD.findall(names))))
    numbers = "|".join(dict.fromkeys(re.findall(r"\d+", names)))
    return re.sub(rf"\b({words})\b(\W+)(?:{numbers})\b", r"\1\2", claim) if numbers else claim


def misplaced_number(claim: str, ground: str) -> str | None:
    """The first number of `claim` that `ground` has, but for something else.

    Clauses are compared by the words they share with the number's own clause in `claim`: one of
    `ground` with other numbers shares more than any with this number.
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
    """Its stemmed words, but for numbers."""
    return {word for word in split_words([clause])[0] if not word[0].isdigit()}


def _in_digits(text: str) -> list[str]:
    """A text with its number words in digits, in both readings of "and".

    In the first it joins numbers ("two hundred and six" is 206), in the second it keeps them apart
    ("thirty and nine" are 30 & 9). Fractions become 3/4, and "2.5 million" 2500000.
    """
    apart = _FOLD.sub(r"\1 fold", text.replace("-", " "))
    apart = _AMOUNT.sub(lambda word: _AMOUNTS[word.group().lower()], apart)
    told = (alpha2digit(each, "en", 0) for each in (apart, apart.replace(" and ", " & ")))
    return [_FRACTION.sub(_fraction, _MAGNITUDE.sub(_product, each)) for each in told]


def _product(found: re.Match[str]) -> str:
    """A match of _MAGNITUDE as one number."""
    return f"{(Decimal(_value(found[1])) * int(found[2])).normalize():f}"


def _fraction(found: re.Match[str]) -> str:
    """A match of _FRACTION as "3/4"."""
    return f"{found[1] or 1}/{found[2] or found[3] or found[4]}"


def _values(told: str) -> Iterator[str]:
    """The numbers of a text; of "twenty-five or thirty thousand" also 25000."""
    yield from map(_value, _NUMBER.findall(told))
    for first, second in _RANGE.findall(told):
        zeros = next((each for each in _ZEROS if second.endswith(each)), "")
        yield first + zeros


def _value(number: str) -> str:
    """A match of _NUMBER without commas between its digits, and without a full stop."""
    return number.replace(",", "").rstrip(".")


def _counts(told: str, number: re.Match[str], ground: str) -> bool:
    """Whether a number of `told`, which `ground` has not, counts something that must stand there.

    A number above two need not where `ground` lists that many of the thing. One and two may be
    "the one", "both" or "second"; they count if `ground` has another number of the same thing (one
    year, seven years), and two also if nothing in `ground` stands for two.
    """
    value, rest = _value(number.group()), told[number.end() :]
    ordinal = _ORDINAL.match(rest)
    counted = split_words([rest[ordinal.end() :] if ordinal else rest])[0][:1]
    if value not in (ONE, TWO):
        return (value, counted) not in _listed(ground)
    if value == TWO and not ordinal and not _TWO.search(ground):
        return True
    alike = _NTH.fullmatch if ordinal else str.isdigit
    pairs = pairwise(split_words([_in_digits(ground)[0]])[0])
    return any(alike(first) and [second] == counted for first, second in pairs)


def _listed(ground: str) -> list[tuple[str, list[str]]]:
    """How many things each list of a text has, and the stem of their noun.

    Of "legislative, executive and other powers" it is 3, and power.
    """
    return [
        (str(len(_LIST_MARK.split(items))), split_words([noun])[0])
        for items, noun in _LIST.findall(ground)
    ]
