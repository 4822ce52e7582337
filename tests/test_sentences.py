from langchain_core.documents import Document

from bot.retrieval import RankedPassage
from bot.sentences import quotable_sentences
from ingest.records import IndexedPassage

TEXT = """Of Salt

By Ann Lee

London

Salt was dear. Nobody bought it.

## Of Bread

Bread was cheap. Everybody bought it.

PUBLIUS
"""


def test_a_sentence_is_told_by_its_neighbours_and_the_heading_above_it_but_no_signature() -> None:
    passage = IndexedPassage("salt.txt", "salt.txt#1", "Of Salt", 0, len(TEXT), TEXT, "digest")
    found = quotable_sentences(RankedPassage(passage, 1.0, None), Document(TEXT))
    around = {each.quote.text: each.around for each in found}
    assert "Bread" not in around["Nobody bought it."]
    assert "Of Bread" in around["Bread was cheap."]
    assert "PUBLIUS" not in around["Everybody bought it."]
