"""Parse a chat model's draft into its sentences, each with what it cites.

Models vary the form they are asked for, [1: "words"]; what is plainly meant is read. Knows nothing
of models.
"""

import re
from collections.abc import Iterator, Sequence

from bot.agreement import foreign_part
from bot.checking import Claim, Reading, Support
from ingest.passages import split_sentences
from prompts import read_prompt

UNFINISHED = "…"
MOST_NUMBERS = 12  # of one citation: of "[1-99]" these are read
_NUMBERS = r"\d{1,3}(?:\s*(?:[,;&–-]|and)\s*\d{1,3})*"
_CITATION = re.compile(  # [1], [1, 2], [1-3], [2: "words"], 【2】, [Passage 2: words]
    rf"[\[【]\s*(?:passages?\s+)?\^?({_NUMBERS})\s*"
    r"(?:[:,]?\s*[\"“‘']((?:(?!\[\d+\s*:).)*?)[\"”’'][.…]*|:([^\"“‘\[\]】]++))?\s*[\]】]",
    re.IGNORECASE,
)
_MORE_WORDS = re.compile(  # between the quotes of [1: "words", "words"; 2: "words"]
    r"[\"”’']\s*(?:[,;&…]|and|\.{3})\s*(?:(?:passage\s+)?(\d{1,3})\s*[:,]?\s*)?[\"“‘']",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[\[【]\s*(?:passages?\s+)?\d[^\[\]]*\]", re.IGNORECASE)
_IN_PARENTHESES = re.compile(r"\(\s*([\[【][^()]*[\]】])\s*\)")
_OPEN_CITATION = re.compile(r"[\[【][^\]】]*$")
_EMPHASIS = re.compile(r"\*+|(?<!\w)_+(?=\w)|(?<=[^\W_])_+(?!\w)|(?<=[.,:;!?])_+(?!\w)")
_MARK = re.compile(r"^\s*(?:(?:[-•>]|#{1,6}|\d+[.)])\s+)+")
_INFERENCE = re.compile(r"^\s*(?:\(inference:?\):?|inference\s*[:–—-])\s*", re.IGNORECASE)
_NAMING = re.compile(  # what comes before a citation that is itself a word of its sentence
    r"\b(?:as|according to|per|see|in|from|by|and|passages?|sources?)$", re.IGNORECASE
)
_FINISHED = re.compile(r"[.!?…][\"'”’)]*$")
_LEFT_UNSAID = r" (?:what|when|where|which|who|whose|whom|why|how|if|whether|anything)\b[^.!?\n\[]*"


def parse_claims(draft: str) -> list[Claim]:
    """The sentences of a draft, each once, with what they cite."""
    claims = [claim for line in parse_lines(draft) for claim in line]
    return list({claim.text: claim for claim in reversed(claims)}.values())[::-1]


def parse_lines(draft: str) -> list[list[Claim]]:
    """The same, line by line, as a model returns sentences it was asked to mend.

    A line that is a dash, for a sentence given up, has no claims; other lines without any are left
    out.
    """
    read = [(line.strip(), list(_claims_in(line))) for line in _lines(draft)]
    return [claims for line, claims in read if claims or line in ("-", "–", "—")]


def is_refusal(draft: str) -> bool:
    """Whether a draft says that the essays do not answer, and nothing else."""
    said = " ".join(_EMPHASIS.sub("", draft).split()).lower().strip("\"'“”‘’.! ")
    refusal = read_prompt("refusal").lower()
    alone = _CITATION.sub("", said).strip() == refusal
    return alone or bool(re.fullmatch(re.escape(refusal) + _LEFT_UNSAID, said))


def draft_text(draft: str, readings: Sequence[Reading]) -> str:
    """A draft as it may be watched: numbers for citations, and nothing that acts or links."""
    ground = "\n".join(each.text for each in readings)
    lines = (_MARK.sub("", line).strip() for line in _lines(_OPEN_CITATION.sub("", draft)))
    return " ".join(_watched(line, ground) for line in lines if line)


def _watched(line: str, ground: str) -> str:
    if foreign_part(_CITATION.sub("", line), ground):
        return UNFINISHED
    return _CITATION.sub(lambda citation: f"[{citation[1]}]", line)


def _lines(draft: str) -> list[str]:
    """Lines without markup; citations on lines of their own belong to the line before."""
    whole = _BRACKETED.sub(lambda cited: " ".join(cited.group().split()), draft)
    lines: list[str] = []
    for line in _IN_PARENTHESES.sub(r"\1", _EMPHASIS.sub("", whole)).splitlines():
        bare = _CITATION.sub("", line)
        if lines and line != bare and not bare.strip(" .,;-•") and not lines[-1].endswith(":"):
            lines[-1] += f" {line.strip(' -•')}"
        elif line.strip():
            lines.append(line.rstrip())
    return lines


def _claims_in(line: str) -> Iterator[Claim]:
    """The finished sentences of a line; one that cites nothing has what the next of them cites."""
    line = _MARK.sub("", line)
    inferred = bool(_INFERENCE.match(line))
    text, citations = _apart(_INFERENCE.sub("", line))
    waiting: list[str] = []
    for start, end in [(each.start, each.end) for each in split_sentences(text)]:
        cited = [(place, found) for place, found in citations if start < place <= end]
        waiting += _finished(text[start:end], bool(cited) and cited[-1][0] == end)
        if cited:
            supports = tuple(each for _, found in cited for each in _supports(found))
            yield from (Claim(sentence, supports, inferred) for sentence in waiting)
            waiting = []
    yield from (Claim(sentence, (), inferred) for sentence in waiting)


def _finished(sentence: str, cited: bool) -> list[str]:
    """The sentence as a list of one, or none if it breaks off: no full stop and no citation."""
    sentence = " ".join(sentence.split())
    if _FINISHED.search(sentence):
        return [sentence]
    return [sentence.rstrip(" ,;:–—-") + "."] if cited else []


def _apart(line: str) -> tuple[str, list[tuple[int, re.Match[str]]]]:
    """A line without its citations; and each citation, with the offset after which it stood."""
    text, place = "", 0
    found: list[tuple[int, re.Match[str]]] = []
    for citation in _CITATION.finditer(line):
        before = _joined(text, line[place : citation.start()], found)
        if _is_word(before, line[citation.end() :].lstrip(" ,")):
            continue  # without it “As [1] says” would be shown as “As says”; so it is at fault
        text = before
        found.append((max(len(text), 1), citation))  # one that begins a line is about what follows
        place = citation.end()
    return _joined(text, line[place:], found), found


def _is_word(before: str, rest: str) -> bool:
    """Whether a sentence names what a citation tells, and so cannot be read without it."""
    if not before:
        return rest[:1].islower()
    return rest[:1].isalnum() and bool(_NAMING.search(before.rstrip()))


def _joined(text: str, rest: str, found: Sequence[object]) -> str:
    """A text and what follows its last citation, with one full stop where both have one."""
    if found and (_FINISHED.search(text) or not text):
        rest = rest.lstrip().removeprefix(".").lstrip(" ,;:")
        return f"{text} {rest}".strip()
    if not rest.strip(" ,;"):
        return text
    space = " " if text and rest[0].isalnum() else ""
    return f"{text}{space}{rest}".rstrip()


def _supports(citation: re.Match[str]) -> Iterator[Support]:
    """The passages that a match of _CITATION names, each with the words quoted from it, if any."""
    words = citation[2] or (citation[3] or "").strip()
    first, *others = _MORE_WORDS.split(words)
    numbers = list(_numbers(citation[1]))[:MOST_NUMBERS]
    yield from (Support(number, first) for number in numbers)
    for number, more in zip(others[::2], others[1::2], strict=True):
        yield Support(int(number) if number else numbers[-1], more)


def _numbers(told: str) -> Iterator[int]:
    """The numbers of "1, 3" and those from 1 to 3 of "1-3"."""
    for part in re.split(r"[,;&]|and", told, flags=re.IGNORECASE):
        first, *last = re.split(r"[–-]", part)
        yield from range(int(first), max(int(first), int(last[-1] if last else first)) + 1)
