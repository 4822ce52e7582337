"""A claim must not deny what the text it cites affirms, nor the other way round.

Rules on two English texts, the claim and its ground (the words it cites); knows nothing of models,
essays or meaning.
"""

import re

from ingest.keywords import split_words

_CLAUSE = re.compile(
    r"[,;:.!?()—]|\b(?:and|but|or|because|which|that|while|whilst|if|as)\b", re.IGNORECASE
)
_NO = re.compile(  # plain words that negate
    r"\b(?:no|not|never|none|nor|neither|nothing|nobody|nowhere|without|cannot|hardly|scarcely|"
    r"rarely|seldom|barely|\w+n't)\b"
)
_NO_DENIAL = re.compile(  # phrases with such a word that negate nothing
    r"\b(?:(?:not|cannot|no) (?:only|merely|less|more than|above|other|doubt|sooner|un?til)|"
    r"nothing (?:but|else)|none (?:but|other))\b|\bnot\b(?=[^,;:.]*\bbut\b)"
)
_LACKING = re.compile(  # beginnings of words that negate by their meaning
    r"\b(?:lack|fail|refus|unable|imposs|inab|incap|den(?:y|ie)|absen|prevent|forbid|prohibit|"
    r"exempt|avoid|reject|impractic|insufficien|improbab|depriv|destitute|devoid|free (?:of|from)|"
    r"little\b|few\b|instead\b|rather\b|unless\b|except|un[a-z]{4}|inade|incom|incons|indep|"
    r"ir[a-z]{5}|dis[a-z]{5}|im[pm][a-z]{5}|only\b|than\b|too\b|un?til|against\b|hostile|stop|"
    r"neglect|exclu|contrary|rid\b)"
)


def negations_differ(claim: str, ground: str) -> float:
    """How surely one text negates what the other affirms, 0 to 1.

    Negations are counted in the claim and in those clauses of `ground` that share a word with it.
    If the counts agree, of plain words such as "not" alone or together with words such as "lack"
    and "prevent", it is 0. Else it is the share of the claim's words that stand in `ground`, since
    whoever says the same in other words may well negate in another way.
    """
    told, known = set(split_words([claim])[0]), set(split_words([ground])[0])
    near = ", ".join(each for each in _CLAUSE.split(ground) if told & set(split_words([each])[0]))
    plain, all_told = _negations(claim)
    plain_near, all_near = _negations(near)
    if plain == plain_near or all_told == all_near:
        return 0.0
    return len(told & known) / (len(told) or 1)


def _negations(text: str) -> tuple[int, int]:
    """How many plain words negate, and how many words negate in all."""
    text = _NO_DENIAL.sub(" ", text.lower().replace("’", "'"))
    plain = len(_NO.findall(text))
    return plain, plain + len(_LACKING.findall(text))
