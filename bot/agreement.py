"""What a sentence must share with the words it rests on: quotations, numbers, names, negations.

Plain rules on two texts; knows nothing of models, essays or meaning.
"""

import re
from collections.abc import Callable, Iterator

from ingest.keywords import split_words

ROOT = 4  # letters that the names of a country and of its people share
_QUOTATION = re.compile(
    r"“([^”]*)”|\"([^\"]*)\"|«([^»]*)»|„([^“”]*)[“”]"
    r"|(?<!\w)[‘'](?=\w)((?:[^‘’']|(?<=\w)['’](?=\w))+)['’](?!\w)"  # no apostrophe
)
_LEFT_OUT = re.compile(r"\s*(?:\.\s?\.\s?\.|…|\[[^\]]*\])\s*")
_LETTER = re.compile(r"\[([a-zA-Z])\](?=\w)")  # “[t]he river”: it was “The”
_ALTERED = re.compile(r"\[(…|\.\s?\.\s?\.|[a-zA-Z][\w ’']*)\](?![(\[:])")
TELLING_PART = 3  # words: fewer may stand anywhere
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_PLAIN = re.compile(r"[a-zA-Z\d\u00c0-\u024f\u1e00-\u1eff\s.,;:!?'\"“”‘’()/%&$£€°§…–—-]*")
_UNIT = (  # 3.5%, $1.5bn, 10:30am; U.S., U.S.-backed, Ph.D.; a word
    r"(?:[$€£]?\d[\d,]*(?:[.:/]\d[\d,]*){0,2}(?:[–-][$€£]?\d[\d.,]*(?<=\d))?"
    r"(?:%|°?[a-zA-Z]{0,3})(?:-[a-z]+)*"
    r"|(?:[a-zA-Z]{1,2}\.)+[a-zA-Z]?(?:['’]s)?(?:-\w+)*|\w+)"
)
_HARMLESS = re.compile(rf"[\"'“‘(]*{_UNIT}(?:/{_UNIT})?\W*")
_ADDRESS = re.compile(r"\w[./@:]+\w|[@#]\w|/\w")
_CLAUSE = re.compile(
    r"[,;:.!?()—]|\b(?:and|but|or|because|which|that|while|whilst|if|as)\b", re.IGNORECASE
)
_NO = re.compile(
    r"\b(?:no|not|never|none|nor|neither|nothing|nobody|nowhere|without|cannot|hardly|scarcely|"
    r"rarely|seldom|barely|\w+n't)\b"
)
_NO_DENIAL = re.compile(
    r"\b(?:(?:not|cannot|no) (?:only|merely|less|more than|above|other|doubt|sooner|un?til)|"
    r"nothing (?:but|else)|none (?:but|other))\b|\bnot\b(?=[^,;:.]*\bbut\b)"
)
_LACKING = re.compile(
    r"\b(?:lack|fail|refus|unable|imposs|inab|incap|den(?:y|ie)|absen|prevent|forbid|prohibit|"
    r"exempt|avoid|reject|impractic|insufficien|improbab|depriv|destitute|devoid|free (?:of|from)|"
    r"little\b|few\b|instead\b|rather\b|unless\b|except|un[a-z]{4}|inade|incom|incons|indep|"
    r"ir[a-z]{5}|dis[a-z]{5}|im[pm][a-z]{5}|only\b|than\b|too\b|un?til|against\b|hostile|stop|"
    r"neglect|exclu|contrary|rid\b)"
)
_FIRST_PERSON = re.compile(r"\b(?:we|us|ours?|ourselves|th(?:is|ese) (?:country|states))\b", re.I)
_DESCRIBING = re.compile(  # "Proud of their victories, the ...": no name begins so
    r" of (?:the|their|its|his|her|our|such|th(?:is|at|ese|ose))\b[^,.;:]*,"
    r" (?:an?|the|they|he|she|it|we)\b"
)
_OF_PEOPLE = re.compile(r"(?:ans?|ish|ese)$")
_LINKING = frozenset(
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
_COMMON_ENDING = re.compile(
    r"(?:ing|ed|ly|ies|tions?|ments?|ness|it(?:y|ies)|isms?|ships?|ous|ful|less|[ai]ble)$"
)
_INSTRUCTION = re.compile(
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
_SHORTENED = {
    "United States": re.compile(r"\bU\.\s?S\.(?:\s?A\.)?|\bUSA?\b"),
    "United Kingdom": re.compile(r"\bU\.\s?K\.|\bUK\b"),
    "European Union": re.compile(r"\bE\.\s?U\.|\bEU\b"),
}
_SPELLINGS = str.maketrans({**dict.fromkeys('“”‘’"', "'"), "–": "-", "—": "-"})


def foreign_part(claim: str, ground: str) -> str | None:
    """A link, a mention, markup, or a sign of a script that `ground` does not use.

    Brackets may stand in a quotation, around what its writer put in or left out.
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
    start = text.rfind(" ", 0, place) + 1
    return text[start:].split(maxsplit=1)[0]


def find_words(words: str, text: str) -> tuple[int, int] | None:
    """Where `words` stand in `text`, but for the shape of quotes, dashes and white space.

    The case of the first letter and the punctuation at the end may differ.
    """
    parts = words.strip().rstrip(".,;:!?").translate(_SPELLINGS).split()
    if not parts:
        return None
    pattern = r"\s+".join(re.escape(part) for part in parts)
    pattern = f"(?i:{pattern[0]}){pattern[1:]}" if pattern[0].isalpha() else pattern
    before, after = (r"\b" if end.isalnum() else "" for end in (parts[0][0], parts[-1][-1]))
    match = re.search(f"{before}{pattern}{after}", text.translate(_SPELLINGS))
    return match.span() if match else None


def locate_words(words: str, text: str) -> tuple[int, int] | None:
    """Where these words follow one another in `text`, whatever stands between them but words."""
    parts = _WORD.findall(words.translate(_SPELLINGS))
    if not parts:
        return None
    pattern = r"[\W_]+".join(map(re.escape, parts))
    match = re.search(rf"\b{pattern}\b", text.translate(_SPELLINGS), re.IGNORECASE)
    return match.span() if match else None


def locate_parts(words: str, text: str) -> list[tuple[int, int]]:
    """Where these words stand, or the parts of them that marks of omission leave, in order.

    Nowhere if one part does not stand there; short parts are not looked for beside longer ones.
    """
    parts = [each for each in _LEFT_OUT.split(_LETTER.sub(r"\1", words)) if _WORD.search(each)]
    telling = [each for each in parts if len(_WORD.findall(each)) >= TELLING_PART]
    places: list[tuple[int, int]] = []
    for part in telling or parts:
        begin = places[-1][1] if places else 0
        place = locate_words(part, text[begin:])
        if place is None:
            return []
        places.append((begin + place[0], begin + place[1]))
    return places


def instructs(sentence: str) -> bool:
    """Whether a sentence tells someone who answers what to say, and so is no evidence of it."""
    return bool(_INSTRUCTION.search(sentence))


def quotations_in(claim: str) -> list[str]:
    """What stands in quotation marks; where words are left out with a mark, the parts."""
    claim = _LETTER.sub(r"\1", claim)
    found = [next(filter(None, match.groups()), "") for match in _QUOTATION.finditer(claim)]
    return [part for each in found for part in _LEFT_OUT.split(each) if _WORD.search(part)]


def invented_quotation(claim: str, ground: str) -> str | None:
    """The first quotation in `claim` that does not stand word for word in `ground`."""
    return next((each for each in quotations_in(claim) if not find_words(each, ground)), None)


def strange_name(
    claim: str, ground: str, names: str, is_small: Callable[[str], bool]
) -> str | None:
    """The first name in `claim` that stands neither in `ground` nor in `names`.

    A name is a capitalised word; the first of a sentence only if it is no `is_small` word, which
    texts write in small letters.
    """
    return next(_strange_names(claim, f"{ground}\n{names}", is_small), None)


def _strange_names(claim: str, known: str, is_small: Callable[[str], bool]) -> Iterator[str]:
    known = _in_full(known).replace("United States", "United States of America")
    for word, rest in _capitalised(_in_full(claim)):
        small = rest is not None and _begins_small(word, rest, is_small)
        if not small and not _is_known(word, known):
            yield word


def _in_full(text: str) -> str:
    for name, shortened in _SHORTENED.items():
        text = shortened.sub(name, text)
    return text


def keeps_names(claim: str, ground: str, is_small: Callable[[str], bool]) -> bool:
    """Whether every name in `ground` stands in `claim`, so that none was put in its place."""
    return not any(_strange_names(ground, claim, is_small))


def speaks_of_us(ground: str) -> bool:
    """Whether it says we, ours or this country, so that a claim may say who that is."""
    return bool(_FIRST_PERSON.search(ground))


def _begins_small(word: str, rest: str, is_small: Callable[[str], bool]) -> bool:
    """Whether a word that begins a sentence, which goes on with `rest`, would else be small."""
    if _is_linking(word) or _COMMON_ENDING.search(word.lower()) or _DESCRIBING.match(rest):
        return True
    return is_small(word) or (word.startswith("Un") and is_small(word[2:]))


def _is_linking(word: str) -> bool:
    return word.lower() in _LINKING or not split_words([word.lower()])[0]


def writes_small(text: str, word: str) -> bool:
    """Whether a text has a word of the same stem in small letters, so that it is no name."""
    stem = _stem(word)
    return any(each[0].islower() and _stem(each) == stem for each in _WORD.findall(text))


def _capitalised(claim: str) -> Iterator[tuple[str, str | None]]:
    """Capitalised words; with one that begins a sentence, and no longer name, what follows it."""
    claim = _LETTER.sub(r"\1", claim)
    for match in _WORD.finditer(claim):
        before, rest = claim[: match.start()].rstrip(), claim[match.end() :]
        begins = not before or before[-1] in "“\"‘'.!?:("
        named = re.match(r"['’]s\b|,? [A-Z][a-z]", rest)
        word = re.sub(r"['’]s$", "", match.group())
        if word[0].isupper() and word != "I":
            yield word, rest if begins and (not named or _is_linking(word)) else None


def _is_known(name: str, known: str) -> bool:
    """Whether a name stands in a text, be it as American does where America stands."""
    if _stem(name) in _stems(known):
        return True
    people = re.sub(r"(?:ans?|ish|ians?|ese|ks?|s)$", "", name)
    places = [word for word, _ in _capitalised(known)]
    if people == name:
        return any(_OF_PEOPLE.search(each) and each[:ROOT] == name[:ROOT] for each in places)
    return any(each[:ROOT] == people[:ROOT] for each in places)


def _stems(text: str) -> set[str]:
    words = [re.sub(r"['’]s$", "", each) for each in _WORD.findall(text)]
    return {_stem(word) for word in words} | set(split_words([text])[0])


def _stem(word: str) -> str:
    stems = split_words([word])[0]
    return stems[0] if stems else word.lower()


def negations_differ(claim: str, ground: str) -> float:
    """How surely one text negates what the other affirms: 0 or 0.1 to 1.

    Only clauses with words of the claim are read in `ground`. It is the share of the claim's words
    that stand there, if both kinds of negation, no and such as lack or prevent, differ in number;
    for who says the same in other words may turn a negation round as well.
    """
    told, known = set(split_words([claim])[0]), set(split_words([ground])[0])
    near = ", ".join(each for each in _CLAUSE.split(ground) if told & set(split_words([each])[0]))
    plain, all_told = _negations(claim)
    plain_near, all_near = _negations(near)
    if plain == plain_near or all_told == all_near:
        return 0.0
    return len(told & known) / (len(told) or 1)


def _negations(text: str) -> tuple[int, int]:
    """How many words say no, and how many of either kind there are."""
    text = _NO_DENIAL.sub(" ", text.lower().replace("’", "'"))
    plain = len(_NO.findall(text))
    return plain, plain + len(_LACKING.findall(text))
