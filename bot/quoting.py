"""Answer in the essays' own sentences: the embedded default, with no language model in it."""

from collections.abc import Sequence

from bot.citations import Quote
from bot.evidence import Evidence, WeighedSentence

MOST_QUOTES = 4
WORTH_QUOTING = 2.0  # log-odds below the best sentence


def choose_quotes(evidence: Evidence) -> list[Quote]:
    """The best sentences, essays by their best one and each essay's in reading order; or none."""
    if not evidence.sentences:
        return []
    floor = evidence.sentences[0].support - WORTH_QUOTING
    chosen = [each for each in evidence.sentences[:MOST_QUOTES] if each.support >= floor]
    essays = [each.quote.essay for each in chosen]
    ordered = sorted(chosen, key=lambda each: _reading_order(each, essays))
    return [each.quote for each in ordered]


def _reading_order(sentence: WeighedSentence, essays: Sequence[str]) -> tuple[int, int]:
    quote = sentence.quote
    return essays.index(quote.essay), quote.start


def nearest_quote(evidence: Evidence) -> list[Quote]:
    """The sentence nearest in meaning, for a refusal; none where there is no sentence at all."""
    nearest = max(evidence.sentences, key=lambda each: each.signals.similarity, default=None)
    return [nearest.quote] if nearest else []
