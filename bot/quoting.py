"""Answer in the essays' own sentences: the embedded default, with no language model in it."""

from collections.abc import Iterable, Sequence
from itertools import islice, zip_longest

from bot.citations import Quote
from bot.evidence import Evidence, WeighedSentence

MOST_QUOTES = 4
WORTH_QUOTING = 2.0  # log-odds below the best sentence


def choose_quotes(evidence: Evidence) -> list[Quote]:
    """The best sentences, essays by their best one and each essay's in reading order; or none.

    Of several titles or authors that are named each comes in turn.
    """
    chosen = evidence.sentences if evidence.certain else _best_by_turns(evidence.parts)
    essays = [each.quote.essay for each in chosen]
    ordered = sorted(chosen, key=lambda each: _reading_order(each, essays))
    return [each.quote for each in ordered]


def _best_by_turns(parts: Iterable[Evidence]) -> list[WeighedSentence]:
    turns = zip_longest(*(_worth_quoting(part.sentences) for part in parts))
    return list(islice((each for turn in turns for each in turn if each), MOST_QUOTES))


def _worth_quoting(best_first: Sequence[WeighedSentence]) -> list[WeighedSentence]:
    return [each for each in best_first if each.support >= best_first[0].support - WORTH_QUOTING]


def _reading_order(sentence: WeighedSentence, essays: Sequence[str]) -> tuple[int, int]:
    quote = sentence.quote
    return essays.index(quote.essay), quote.start


def nearest_quote(evidence: Evidence) -> list[Quote]:
    """The sentence nearest in meaning, for a refusal; none where there is no sentence at all."""
    nearest = max(evidence.sentences, key=lambda each: each.signals.similarity, default=None)
    return [nearest.quote] if nearest else []
