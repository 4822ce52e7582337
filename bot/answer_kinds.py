"""Has a text what a question asks for at all: a name, a number, a date, a reason, a definition?"""

import re
from collections.abc import Callable

_COUNT = (
    r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty"
    r"|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?"
    r"|half|third|quarter|once|twice|double|both|none|single|one)"
)
_UNIT = (
    r"(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)"
    r"|inch(?:es)?|foot|feet|yards?|rods?|fathoms?|miles?|leagues?"
    r"|(?:kilo|centi|milli)?met(?:er|re)s?|acres?|ounces?|pounds?|tons?|kilos?|kilograms?|degrees?)"
)
_MEASURE = rf"\b(?:{_COUNT}|an?)(?:[ -](?:and )?\w+){{0,3}}?[ -]{_UNIT}\b"
_NUMBER = rf"\d|\b{_COUNT}\b"
_TIME = (
    r"\b\d{3,4}\b|\b(?:january|february|march|april|may|june|july|august|september|october|november"
    r"|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|centur\w+|years?|months?"
    r"|days?|today|yesterday|now|when|until|after|before|during)\b"
)
_REASON = (
    r"\b(?:because|for|since|therefore|thus|hence|so that|reason|cause|owing|consequen\w+|lest)\b"
)
_MARKS = [  # of a question, and of what it asks for
    (re.compile(asked, re.IGNORECASE), re.compile(wanted, re.IGNORECASE))
    for asked, wanted in (
        (r"\bhow (?:long|old|far|tall|high|deep|wide|heavy)\b", _MEASURE),
        (r"\bhow (?:many|much|big|large|often)\b", _NUMBER),
        (r"\b(?:what|which) (?:number|percentage|percent|share|amount|sum|size)\b", _NUMBER),
        (r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century)\b", _TIME),
        (r"\bwhy\b|\bhow come\b|\bwhat (?:reason|cause)", _REASON),
    )
]
_WHO = re.compile(r"\b(?:who|whom|whose)\b", re.IGNORECASE)
_NAME = re.compile(  # the first word of a sentence tells nothing
    r"""\w[,;:’'"”)]* ([A-Z][\w’'-]+)"""
)
_TERM = r"(?:an? |the )?(?P<term>[^\W_][\w’'-]*(?: [^\W_][\w’'-]*)?)"  # one word or two
_DEFINITION_ASKED = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:(?:and|but|so) )?what(?:['’]?s| is| are) {_TERM}\W*$",
        rf"\bwhat\b.* mean(?:s|t)? by {_TERM}\W*$",
        rf"\bwhat do(?:es)? {_TERM} mean\b",
        rf"\b(?:define[sd]?|definition of) {_TERM}\W*$",
    )
]


def wanted(question: str) -> Callable[[str], bool]:
    """Whether a text has something of the kind that this question asks for.

    A name counts that the question did not bring itself; where its words do not tell what it
    asks for, any text has it.
    """
    for asked, mark in _MARKS:
        if asked.search(question):
            return lambda text: bool(mark.search(text))
    if _WHO.search(question):
        brought = question.lower()
        return lambda text: any(name.lower() not in brought for name in _NAME.findall(text))
    for pattern in _DEFINITION_ASKED:
        if found := pattern.search(question):
            definition = _definition(found["term"])
            return lambda text: bool(definition.search(text))
    return lambda _: True


def _definition(term: str) -> re.Pattern[str]:
    """How a text says what a term is: "By a faction, I understand ...", "Prudence is ...".

    Such patterns stand in Hildebrandt, Katz and Lin 2004, "Answering Definition Questions with
    Multiple Knowledge Sources".
    """
    words = re.split(r"[\W_]+", term.strip("_-’'").removesuffix("s"))
    name = r"[\W_]+".join(map(re.escape, words))
    named = rf"(?:an? |the )?[“‘\"'_]*{name}\w{{0,2}}\b"
    is_ = r"(?:is|are|was|means?|signif\w+|denotes?|consists?)\b(?! (?:not|no|now|never)\b)"
    return re.compile(
        rf"\bby {named}.{{0,40}}\b(?:mean|understand|intend)"
        rf"|(?:^|[^\w\s]\s*)(?:\w+ ){{0,2}}{named}[”’\"'_]*,? {is_}"
        rf"|\b(?:called|named|termed|known as|the (?:name|word|term)) (?:of )?{named}"
        rf"|\bdefin(?:e|ed|es|ition)\b.*{named}|{named}.*\bdefin(?:e|ed|es|ition)\b",
        re.IGNORECASE | re.DOTALL,
    )
