"""What a claim must share with the text it cites: its quotations, its names, its script.

Rules on two English texts, the claim and its ground (the words it cites); knows nothing of models,
essays or meaning. counting.py has those on numbers, negations.py those on negations.
"""

import re
from collections.abc import Callable, Iterator

from ingest.keywords import split_words

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # don't is one word, twenty-five are two
_POSSESSIVE = re.compile(r"['’]s$")
# Typographic and plain quotation marks and dashes are taken for the same; lengths stay.
_SPELLINGS = str.maketrans({**dict.fromkeys('“”‘’"', "'"), "–": "-", "—": "-"})

# Quotations, and words that are cited

TELLING_PART = 3  # words: fewer may stand anywhere
_QUOTATION = re.compile(
    r"“([^”]*)”|\"([^\"]*)\"|«([^»]*)»|„([^“”]*)[“”]"
    r"|(?<!\w)[‘'](?=\w)((?:[^‘’']|(?<=\w)['’](?=\w))+)['’](?!\w)"  # no apostrophe
)
_OMISSION = re.compile(r"\s*(?:\.\s?\.\s?\.|…|\[[^\]]*\])\s*")  # "...", or what a writer put in
_ALTERED_CASE = re.compile(r"\[([a-zA-Z])\](?=\w)")  # “[t]he river”: it was “The”


def quotations_in(claim: str) -> list[str]:
    """What stands in quotation marks; where words are left out with a mark, the parts."""
    claim = _ALTERED_CASE.sub(r"\1", claim)
    found = [next(filter(None, match.groups()), "") for match in _QUOTATION.finditer(claim)]
    return [part for each in found for part in _OMISSION.split(each) if WORD.search(part)]


def invented_quotation(claim: str, ground: str) -> str | None:
    """The first quotation in `claim` that does not stand word for word in `ground`."""
    return next((each for each in quotations_in(claim) if not find_verbatim(each, ground)), None)


def find_verbatim(words: str, text: str) -> tuple[int, int] | None:
    """Start and end of `words` in `text`, where they stand with the same punctuation.

    Quotation marks, dashes and white space may be of another kind, the first letter of another
    case, and the punctuation at the end another.
    """
    parts = words.strip().rstrip(".,;:!?").translate(_SPELLINGS).split()
    if not parts:
        return None
    pattern = r"\s+".join(re.escape(part) for part in parts)
    pattern = f"(?i:{pattern[0]}){pattern[1:]}" if pattern[0].isalpha() else pattern
    before, after = (r"\b" if end.isalnum() else "" for end in (parts[0][0], parts[-1][-1]))
    return _span_of(f"{before}{pattern}{after}", text)


def find_word_sequence(words: str, text: str) -> tuple[int, int] | None:
    """Start and end of these words in `text`, in a row, whatever punctuation and case they have."""
    parts = WORD.findall(words.translate(_SPELLINGS))
    if not parts:
        return None
    return _span_of(r"(?i)\b" + r"[\W_]+".join(map(re.escape, parts)) + r"\b", text)


def _span_of(pattern: str, text: str) -> tuple[int, int] | None:
    match = re.search(pattern, text.translate(_SPELLINGS))
    return match.span() if match else None


def find_parts(words: str, text: str) -> list[tuple[int, int]]:
    """Where these words stand, or the parts of them that marks of omission leave, in order.

    Nowhere if one part does not stand there; short parts are not looked for beside longer ones.
    """
    parts = [each for each in _OMISSION.split(_ALTERED_CASE.sub(r"\1", words)) if WORD.search(each)]
    telling = [each for each in parts if len(WORD.findall(each)) >= TELLING_PART]
    places: list[tuple[int, int]] = []
    for part in telling or parts:
        begin = places[-1][1] if places else 0
        place = find_word_sequence(part, text[begin:])
        if place is None:
            return []
        places.append((begin + place[0], begin + place[1]))
    return places


# Names

_ROOT = 4  # letters that the names of a country and of its people share
_PEOPLE = re.compile(r"(?:ans?|ish|ese)$")  # American, British, Chinese
_PEOPLE_OR_MANY = re.compile(r"(?:ans?|ish|ians?|ese|ks?|s)$")  # also Canadian, Greek, Swedes
_FIRST_PERSON = re.compile(r"\b(?:we|us|ours?|ourselves|th(?:is|ese) (?:country|states))\b", re.I)
_DESCRIBING = re.compile(  # "Proud of their victories, the ...": no name begins so
    r" of (?:the|their|its|his|her|our|such|th(?:is|at|ese|ose))\b[^,.;:]*,"
    r" (?:an?|the|they|he|she|it|we)\b"
)
_LINKING = frozenset(  # words that begin sentences, and are no names
    re.findall(
        r"\w+",
        """are can could did do does is may must should was were will would according after all
        although among amongst an another any anyone at because before besides both by certain
        despite each either even every everyone everything few for from given had hence here
        how however if in instead less like many merely more moreover most much neither no
        nobody none nor nothing on once one only others people perhaps rather several since
        some someone something still such taken than the their then there therefore these they
        this those though through thus to together under unless until upon what when whenever
        where whereas whether which while who whoever why with within without yet""",
    )
)
_COMMON_ENDING = re.compile(  # of words that are seldom names
    r"(?:ing|ed|ly|ies|tions?|ments?|ness|it(?:y|ies)|isms?|ships?|ous|ful|less|[ai]ble)$"
)
_SHORTENED = {
    "United States": re.compile(r"\bU\.\s?S\.(?:\s?A\.)?|\bUSA?\b"),
    "United Kingdom": re.compile(r"\bU\.\s?K\.|\bUK\b"),
    "European Union": re.compile(r"\bE\.\s?U\.|\bEU\b"),
}


def strange_name(
    claim: str, ground: str, names: str, is_small: Callable[[str], bool]
) -> str | None:
    """The first name in `claim` that stands neither in `ground` nor in `names`.

    A name is a capitalised word. The first word of a sentence is one only if it is not
    `is_small`, which tells whether texts write a word in lower case.
    """
    return next(_strange_names(claim, f"{ground}\n{names}", is_small), None)


def keeps_names(claim: str, ground: str, is_small: Callable[[str], bool]) -> bool:
    """Whether every name in `ground` stands in `claim`, so that none was put in its place."""
    return not any(_strange_names(ground, claim, is_small))


def speaks_of_us(ground: str) -> bool:
    """Whether it says we, ours or this country, so that a claim may say who that is."""
    return bool(_FIRST_PERSON.search(ground))


def writes_small(text: str, word: str) -> bool:
    """Whether a text has a word of the same stem in lower case, so that it is no name."""
    stem = _stem(word)
    return any(each[0].islower() and _stem(each) == stem for each in WORD.findall(text))


def _strange_names(claim: str, known: str, is_small: Callable[[str], bool]) -> Iterator[str]:
    known = _in_full(known).replace("United States", "United States of America")
    for word, rest in _capitalised(_in_full(claim)):
        small = rest is not None and _begins_small(word, rest, is_small)
        if not small and not _is_known(word, known):
            yield word


def _in_full(text: str) -> str:
    """A text with the initials of states written out: U.S. as United States."""
    for name, shortened in _SHORTENED.items():
        text = shortened.sub(name, text)
    return text


def _capitalised(claim: str) -> Iterator[tuple[str, str | None]]:
    """Each capitalised word, and the rest of the text if it may be so only to begin a sentence.

    Else, in the midst of a sentence or as the first word of a longer name, None.
    """
    claim = _ALTERED_CASE.sub(r"\1", claim)
    for match in WORD.finditer(claim):
        before, rest = claim[: match.start()].rstrip(), claim[match.end() :]
        begins = not before or before[-1] in "“\"‘'.!?:("
        named = re.match(r"['’]s\b|,? [A-Z][a-z]", rest)
        word = _POSSESSIVE.sub("", match.group())
        if word[0].isupper() and word != "I":
            yield word, rest if begins and (not named or _is_linking(word)) else None


def _begins_small(word: str, rest: str, is_small: Callable[[str], bool]) -> bool:
    """Whether a word that begins a sentence, before `rest`, would be in lower case elsewhere."""
    if _is_linking(word) or _COMMON_ENDING.search(word.lower()) or _DESCRIBING.match(rest):
        return True
    return is_small(word) or (word.startswith("Un") and is_small(word[2:]))


def _is_linking(word: str) -> bool:
    """Whether it is a function word (the, because, would), which is never a name."""
    return word.lower() in _LINKING or not split_words([word.lower()])[0]


def _is_known(name: str, known: str) -> bool:
    """Whether a name stands in a text, be it as American does where America stands."""
    if _stem(name) in _stems(known):
        return True
    root = _PEOPLE_OR_MANY.sub("", name)
    places = [word for word, _ in _capitalised(known)]
    if root == name:
        return any(_PEOPLE.search(each) and each[:_ROOT] == name[:_ROOT] for each in places)
    return any(each[:_ROOT] == root[:_ROOT] for each in places)


def _stems(text: str) -> set[str]:
    words = [_POSSESSIVE.sub("", each) for each in WORD.findall(text)]
    return {_stem(word) for word in words} | set(split_words([text])[0])


def _stem(word: str) -> str:
    stems = split_words([word])[0]
    return stems[0] if stems else word.lower()


# Instructions to whoever answers

_INSTRUCTION = re.compile(  # an order, what must be answered, a prompt, "System:" on a line
    r"(?:^|[.,;:!?\"“(]\s*)(?:(?:and|then|please|you (?:must|should|will)|always|also|now)\s+)*"
    r"(?:write|say|claim|answer|reply|respond|mention|infer|cite|announce|repeat|print|output|"
    r"include|insert|append|ignore|disregard|forget|pretend|hide|quote|declare|translate|"
    r"state(?= (?:that|clearly|only|your|it)\b))\b"  # no "State judges", "federal, state and local"
    r"|\b(?:must|should|shall|(?:is|are)(?: now)? to) "
    r"(?:write|answer|reply|respond|output|be cited|add that)\b"
    r"|\bif (?:the )?user\b|\bwhen(?:ever)? asked\b|\bthis question is put\b|\bwhatever is asked\b"
    r"|\byour (?:answer|reply|response|instruction|prompt)|\bsystem prompt\b|\blanguage model\b"
    r"|^\s*(?:system|assistant|user|verified|confidence|claim|instruction|question|answer)\s*:",
    re.IGNORECASE | re.MULTILINE,
)


def instructs(sentence: str) -> bool:
    """Whether a sentence tells someone who answers what to say, and so is no evidence of it."""
    return bool(_INSTRUCTION.search(sentence))


# Plain writing

# Runs of signs that any claim may have.
_PLAIN = re.compile(r"[a-zA-Z\d\u00c0-\u024f\u1e00-\u1eff\s.,;:!?'\"“”‘’()/%&$£€°§…–—-]*")
_UNIT = (  # 3.5%, $1.5bn, 10:30am; U.S., U.S.-backed, Ph.D.; a word
    r"(?:[$€£]?\d[\d,]*(?:[.:/]\d[\d,]*){0,2}(?:[–-][$€£]?\d[\d.,]*(?<=\d))?"
    r"(?:%|°?[a-zA-Z]{0,3})(?:-[a-z]+)*"
    r"|(?:[a-zA-Z]{1,2}\.)+[a-zA-Z]?(?:['’]s)?(?:-\w+)*|\w+)"
)
# One unit, or two with a slash: and/or.
_HARMLESS = re.compile(rf"[\"'“‘(]*{_UNIT}(?:/{_UNIT})?\W*")
_ADDRESS = re.compile(r"\w[./@:]+\w|[@#]\w|/\w")  # part of a link, mention or command
# [had], but no [link](address): what a writer put into a quotation.
_ALTERED = re.compile(r"\[(…|\.\s?\.\s?\.|[a-zA-Z][\w ’']*)\](?![(\[:])")


def foreign_part(claim: str, ground: str) -> str | None:
    """What makes `claim` more than plain prose, the first there is.

    It is a link, a mention, markup, or a sign of a script that `ground` does not use. Brackets may
    stand in a quotation, around what its writer put in or left out.
    """
    if "[" in claim:
        claim = _QUOTATION.sub(lambda quotation: _ALTERED.sub(r"\1", quotation.group()), claim)
    for match in _ADDRESS.finditer(claim):
        word = _around(claim, match.start())
        if not _HARMLESS.fullmatch(word):
            return word
    strange = (char for char in _PLAIN.sub("", claim) if not (char.isalpha() and char in ground))
    return next(strange, None)


def _around(text: str, place: int) -> str:
    """What stands at a place between two white spaces."""
    start = text.rfind(" ", 0, place) + 1
    return text[start:].split(maxsplit=1)[0]
