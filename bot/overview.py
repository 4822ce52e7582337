"""Questions about essays as a whole: what are they about, and who wrote them?"""

import re
from collections.abc import Iterable, Iterator, Sequence
from math import ceil

import numpy as np
from langchain_core.documents import Document

from bot.citations import Quote
from bot.evidence import Evidence, Signals, WeighedSentence
from bot.naming import names_in
from bot.questions import telling_words
from bot.quoting import MOST_QUOTES
from bot.retrieval import PASSAGES, RankedPassage
from bot.sentences import head_of, quotable_sentences, tells
from ingest.catalogue import name_words
from ingest.embedding import SentenceEmbeddings
from ingest.essays import byline_at
from ingest.index import Generation
from ingest.keywords import split_words
from ingest.models import Vectors

MOST_ESSAYS = 8  # that are told of at once
READ = 10  # passages whose sentences are compared
SHORTEST, LONGEST = 40, 500  # characters of a sentence that is shown for an essay
ALIKE = 0.75  # cosine from which on two sentences say the same
_AUTHOR = re.compile(
    r"\bwhom?\b.*\b(?:wrote|writes|writt?en(?! (?:for|to)\b))\b"
    r"|\bwho(?:['’]?s| is| was| are)? (?:the |its |this |that |\S+['’]s ){0,3}"
    r"(?:author|writer)s?\b(?: of\b| is\b|\W*$)|^(?:name )?(?:the )?(?:author|writer)s? of\b",
    re.IGNORECASE,
)
_OVERVIEW = re.compile(
    r"\b(?:summar\w+|sum up|overview|outline|gist|tl;?dr|thesis"
    r"|(?:explain|describe)(?! (?:it|that|this|these|those|them|more|further)\b|\W*$)"
    r"|tell (?:me|us) about(?! (?:him|her|them)\b)"
    r"|(?:the|its|main|central|key|overall) "
    r"(?:points?|ideas?|arguments?|claims?|message|subject|theme|topic|conclusion))\b"
    r"|\b(?:what|which) .*\b(?:about|say|argue|claim|conclude)\W*(?:$|\?)",
    re.IGNORECASE,
)
_COMPARISON = re.compile(r"\b(?:compar\w+|contrast|differ\w*)\b", re.IGNORECASE)
_OF_ESSAYS = """essay essays article text piece paper author writer wrote written write please
    summary summarize summarise sum overview outline gist tldr tl dr thesis theme topic subject
    message main central key overall point points idea ideas argument argue claim short brief
    compare comparison contrast difference different differ know whos whats hey thanks pls plz
    explain describe word words sentence sentences few simple simply terms quick quickly detail"""

Told = tuple[list[RankedPassage], list[WeighedSentence]]  # of one essay, the best first


def look_over(
    question: str, meant: Sequence[str], generation: Generation, embeddings: SentenceEmbeddings
) -> tuple[list[RankedPassage], Evidence] | None:
    """Passages and sentences that tell it, where the question is about whole essays; else None.

    `meant` is what it may mean together with the questions before it.
    """
    goes_on = not _asks(question) and names_in(generation.catalogue, question)
    asked = meant[0] if goes_on else question  # "Summarize Nature.", "And Walking?"
    if not _asks(asked):
        return None
    author, compares = bool(_AUTHOR.search(asked)), bool(_COMPARISON.search(asked))
    sources = _essays_meant([question, *meant], generation, several=compares)
    before = _essays_meant([asked], generation)
    if not sources or _tells_more(asked, [*sources, *before], generation):
        return None
    if len(sources) == 1 and compares and not _OVERVIEW.search(asked):
        return None  # what it compares stands in the essay
    told = [
        _who_wrote(each, generation) if author else _sum_up(each, generation, embeddings)
        for each in sources
    ]
    passages = [each for found, _ in told for each in found[: ceil(PASSAGES / len(told))]]
    sentences = [each for _, found in told for each in found[: ceil(MOST_QUOTES / len(told))]]
    return passages, Evidence(sentences, certain=bool(sentences))


def _asks(question: str) -> bool:
    return any(each.search(question) for each in (_AUTHOR, _OVERVIEW, _COMPARISON))


def _essays_meant(
    questions: Sequence[str], generation: Generation, *, several: bool = False
) -> list[str]:
    """The essays that the first of these to name any names one by one, or the only one there is.

    Where `several` are compared, it is the first to name the most; no more than MOST_ESSAYS.
    """
    among = generation.only or tuple(generation.manifest.essays)
    if len(among) == 1:
        return list(among)
    names = [names_in(generation.catalogue, each) for each in questions]
    named = max(names, key=len) if several else next(filter(None, names), [])
    one_by_one = all(len(each.sources) == 1 and not each.author for each in named)
    few = one_by_one and len(named) <= MOST_ESSAYS
    return [source for each in named for source in each.sources] if few else []


def _tells_more(question: str, sources: Sequence[str], generation: Generation) -> bool:
    """Whether the question has words that neither name the essays nor ask about an essay."""
    entries = generation.manifest.essays
    names = " ".join(f"{entries[each].title} {entries[each].author} {each}" for each in sources)
    known = set(split_words([f"{' '.join(name_words(names))} {_OF_ESSAYS}"])[0])
    return any(word not in known for word in telling_words(" ".join(name_words(question))))


def _who_wrote(source: str, generation: Generation) -> Told:
    """The byline, or the author's name in the head, where the text has them."""
    essay, title = generation.essay(source), generation.manifest.essays[source].title
    text, author = essay.page_content, essay.metadata.get("author", "")
    start, end = byline_at(text)
    if start == end and author in head_of(text):
        start, end = text.index(author), text.index(author) + len(author)
    quote = Quote(source, title, text[start:end], start, end, author)
    opening = generation.passages_by_id(generation.passages_in(source)[:1])
    ranked = [RankedPassage(each, 1.0, None) for each in opening]
    return ranked, [_weighed(quote, 1.0)] if start < end else []


def _sum_up(source: str, generation: Generation, embeddings: SentenceEmbeddings) -> Told:
    """The sentences nearest to the essay's title and to its passages' mean, each saying its own.

    Radev, Jing, Stys and Tam 2004, "Centroid-based summarization of multiple documents".
    """
    rows = list(generation.rows.rows_of(generation.editions_of([source])))
    if not rows:
        return [], []
    title = embeddings.embed_query(generation.manifest.essays[source].title)
    vectors = _units(np.stack([vector for _, vector in rows]))
    centre = _units(_units(vectors.mean(axis=0)) + _units(np.asarray(title)))
    fit = vectors @ centre
    nearest = np.argsort(-fit)[:READ]
    passages = generation.passages_by_id([rows[place][0].id for place in nearest])
    scores = fit[nearest].tolist()
    ranked = [RankedPassage(*each) for each in zip(passages, scores, scores, strict=True)]
    quotes = _quotes(ranked, generation.essay(source))
    near = _units(np.asarray(embeddings.embed_documents([each.text for each in quotes])))
    chosen = _choose(near, near @ centre)
    return ranked, [_weighed(quotes[place], float(near[place] @ centre)) for place in chosen]


def _quotes(ranked: Iterable[RankedPassage], essay: Document) -> list[Quote]:
    """The sentences of the passages that tell something, each once; all, if none does."""
    sentences = [each.quote for passage in ranked for each in quotable_sentences(passage, essay)]
    once = list({each.text: each for each in sentences}.values())
    telling = [each for each in once if SHORTEST <= len(each.text) <= LONGEST]
    return [each for each in telling if tells(each.text)] or once


def _choose(vectors: Vectors, scores: Vectors) -> Iterator[int]:
    """The best ones, none of them like one before."""
    chosen: list[int] = []
    for place in np.argsort(-scores).tolist():
        if len(chosen) < MOST_QUOTES and (vectors[chosen] @ vectors[place] < ALIKE).all():
            chosen.append(place)
            yield place


def _weighed(quote: Quote, near: float) -> WeighedSentence:
    return WeighedSentence(quote, Signals(near, coverage=1, alignment=1, of_kind=1, found=1))


def _units(vectors: Vectors) -> Vectors:
    units: Vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return units
