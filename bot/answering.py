"""Answer one question from the essays: retrieve, weigh, quote or write or refuse, verify."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import (
    AbstractContextManager,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass

from bot.answers import Answer, Clock, Prose, Record, compose
from bot.chat_model import ChatModel
from bot.checking import Checker, read_passages
from bot.citations import Citation, Quote, cite
from bot.conversation import Turn, standalone_questions
from bot.errors import ChatModelFailed, EssayUnknown
from bot.evidence import Evidence, weigh
from bot.naming import within_named
from bot.overview import look_over
from bot.questions import check_question
from bot.reranking import RERANKED, Reranker
from bot.retrieval import PASSAGES, RankedPassage, Retrieve, retrieve, retrieve_places
from bot.settings import Settings
from bot.spending import Prices, Spending
from bot.writing import Brief, Draft, rewrite_question, write
from ingest.embedding import SentenceEmbeddings
from ingest.index import Generation
from ingest.passages import paragraph_at
from ingest.reading import PublishedIndex
from ingest.store import Store

SPENDING = "spending.sqlite"
SPENT = "The chat model has had its tokens for today"
UNSOUND = "What the chat model wrote did not stand up to the check"


@dataclass(frozen=True)
class Found:
    """The passages an answer will be made of, before it is, and how well they answer."""

    passages: list[RankedPassage]
    evidence: Evidence


@dataclass(frozen=True)
class Writer:
    """A chat model that writes the answers, and what it may spend."""

    model: ChatModel
    spending: Spending


@dataclass(frozen=True)
class Surroundings:
    """What stands in a citation's paragraph before and after the quote."""

    before: str
    after: str


class Answerer:
    """The one pipeline behind every front end.

    `answer` may be called from several threads, `astream` from one event loop, whichever is first.
    """

    def __init__(
        self,
        index: PublishedIndex,
        embeddings: SentenceEmbeddings,
        reranker: Reranker | None = None,
        writer: Writer | None = None,
    ) -> None:
        self.index = index
        self.embeddings = embeddings
        self.reranker = reranker
        self.writer = writer
        self._runner = asyncio.Runner()
        self._running = threading.Lock()

    def load(self) -> None:
        """Load the models and open the index now, so that the first answer need not wait."""
        with self._loading(), self.index.reading():
            self._load_others()

    def load_models(self) -> None:
        """Load the models alone, where there may be no index yet."""
        self.embeddings.load()
        self._load_others()

    def _load_others(self) -> None:
        if self.reranker:
            self.reranker.load()
        if self.writer:
            self.writer.model.load()

    @contextmanager
    def _loading(self) -> Iterator[None]:
        """Load the embedding model beside what the block does, which is to open the index."""
        if self.embeddings.loaded:
            yield
            return
        self.index.check()  # a model may take long; what is amiss with the index is told before
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(self.embeddings.load)
            yield
        loading.result()

    def close(self) -> None:
        """Close what `answer` and the index have open; call it when no one asks."""
        self._runner.close()
        self.index.close()

    def search(
        self, question: str, limit: int = PASSAGES, history: Sequence[Turn] = ()
    ) -> list[RankedPassage]:
        """The `limit` best passages, a text that stands in several places at each of them.

        Raises QuestionInvalid, what `PublishedIndex` raises and what loading the models raises.
        """
        standalone = standalone_questions(check_question(question), history)[0]
        with self.index.reading() as whole:
            generation = within_named(whole, question)
            return self._reranked(retrieve_places, generation, standalone, limit)

    def _reranked(
        self, search: Retrieve, generation: Generation, question: str, limit: int
    ) -> list[RankedPassage]:
        if self.reranker is None:
            return search(generation, self.embeddings, question, limit)
        ranked = search(generation, self.embeddings, question, max(limit, RERANKED))
        return self.reranker.rerank(question, ranked)[:limit]

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The answer, each citation of it verified, or a refusal.

        Raises QuestionInvalid, ChatModelUnusable, SettingsInvalid, what `PublishedIndex` raises and
        what loading the model raises.
        """
        if self.writer:
            with self._running:
                return self._runner.run(self._answer(question, history))
        # Without one nothing is waited for: no event loop, and many threads at once.
        question = check_question(question)
        clock = Clock()
        with self._loading(), self.index.reading() as generation:
            meant = standalone_questions(question, history)
            found = self._find(generation, question, meant, clock)
            return compose(Record(question, generation, clock), found.evidence)

    async def _answer(self, question: str, history: Sequence[Turn]) -> Answer:
        async with aclosing(self.astream(question, history)) as events:
            *_, answer = [event async for event in events if isinstance(event, Answer)]
            return answer

    def _find(
        self, generation: Generation, question: str, meant: Sequence[str], clock: Clock
    ) -> Found:
        """The passages for what a question asks of an essay as a whole.

        Else for the first of the questions it may mean that they answer, else for the last.
        """
        self.embeddings.load()
        clock.lap("load")
        whole = look_over(question, meant, generation, self.embeddings)
        clock.lap("retrieve")
        if whole:
            return Found(*whole)
        generation = within_named(generation, question)
        for meaning in meant:
            ranked = self._reranked(retrieve, generation, meaning, PASSAGES)
            clock.lap("retrieve")
            evidence = weigh(meaning, ranked, generation, self.embeddings)
            clock.lap("weigh")
            if evidence.answers:
                break
        return Found(ranked, evidence)

    async def astream(
        self, question: str, history: Sequence[Turn] = (), essay: str = ""
    ) -> AsyncGenerator[Found | Draft | Answer]:
        """The passages found, drafts as a chat model writes, and last the answer; as `answer`.

        With `essay` it is made from this one alone. Closing it early stops the chat model. Raises
        EssayUnknown too.
        """
        question = check_question(question)
        async with _entered(self.index.reading()) as whole:
            generation = await asyncio.to_thread(_within, whole, essay) if essay else whole
            record = Record(question, generation, Clock())
            try:
                async with aclosing(self._events(record, history)) as events:
                    async for event in events:
                        yield event
            finally:
                await asyncio.to_thread(self._count, record)

    async def _events(
        self, record: Record, history: Sequence[Turn]
    ) -> AsyncGenerator[Found | Draft | Answer]:
        meant = await self._meant(record, history)
        found = await asyncio.to_thread(
            self._find, record.generation, record.question, meant, record.clock
        )
        yield found
        prose: Prose | None = None
        if found.evidence.answers and not record.note:
            async with aclosing(self._write(record, found, history)) as events:
                async for event in events:
                    if isinstance(event, Draft):
                        yield event
                    else:
                        prose = event
        record.cost = self.writer.spending.prices.cost(record.tokens) if self.writer else 0.0
        yield await asyncio.to_thread(compose, record, found.evidence, prose)

    async def _meant(self, record: Record, history: Sequence[Turn]) -> list[str]:
        """What the question may mean, likeliest first; a model that fails leaves a note."""
        without = standalone_questions(record.question, history)
        writer = self.writer
        if writer is None:
            return without
        if not await asyncio.to_thread(writer.spending.allows):
            record.note = SPENT
        elif history:
            try:
                rewritten = await rewrite_question(
                    writer.model, record.question, history, record.tokens
                )
            except ChatModelFailed as error:
                record.note = str(error)
            else:
                return list(dict.fromkeys([*filter(None, [rewritten]), *without]))
        return without

    async def _write(
        self, record: Record, found: Found, history: Sequence[Turn]
    ) -> AsyncGenerator[Draft | Prose]:
        """Drafts, and the prose if it stood the check; else a note is left."""
        if self.writer is None:
            return
        model = self.writer.model
        readings = await asyncio.to_thread(read_passages, found.passages, record.generation)
        checker = Checker(readings, record.generation, self.embeddings)
        brief = Brief(record.question, readings, history)
        try:
            async with aclosing(write(model, brief, checker, record.tokens)) as events:
                async for event in events:
                    if isinstance(event, Draft):
                        yield event
                    elif event.complete:
                        yield Prose(model.name, event.sentences)
                    else:
                        record.note = UNSOUND
        except ChatModelFailed as error:
            record.note = str(error)
        record.clock.lap("write")

    def _count(self, record: Record) -> None:
        if self.writer and record.tokens.any:
            self.writer.spending.add(record.tokens)

    def surroundings(self, citation: Citation) -> Surroundings | None:
        """The rest of the paragraph a citation stands in; None if its essay has changed since."""
        with self.index.reading() as generation:
            quote = Quote(
                citation.essay, citation.title, citation.quote, citation.start, citation.end
            )
            if not cite([quote], generation.essay_text):
                return None
            text = generation.essay_text(citation.essay)
        start, end = paragraph_at(text, citation.start, citation.end)
        return Surroundings(text[start : citation.start], text[citation.end : end])


def _within(generation: Generation, essay: str) -> Generation:
    if essay not in generation.manifest.essays:
        raise EssayUnknown(f"There is no essay “{essay}” in the index.")
    return generation.within([essay])


@asynccontextmanager
async def _entered(reading: AbstractContextManager[Generation]) -> AsyncIterator[Generation]:
    """Enter in a thread, since opening may take seconds; left even if cancelled meanwhile."""
    entering = asyncio.create_task(asyncio.to_thread(reading.__enter__))
    try:
        generation = await asyncio.shield(entering)
    except asyncio.CancelledError:
        entering.add_done_callback(
            lambda entered: entered.exception() or reading.__exit__(None, None, None)
        )
        raise
    try:
        yield generation
    except BaseException as error:
        if not await _leave(reading, error):
            raise
    else:
        await _leave(reading, None)


async def _leave(
    reading: AbstractContextManager[Generation], error: BaseException | None
) -> bool | None:
    """Exit in a thread, since another may hold the lock for as long as it opens an index."""
    told = (type(error), error, error.__traceback__) if error else (None, None, None)
    return await asyncio.shield(asyncio.to_thread(reading.__exit__, *told))


def open_answerer(store: Store, settings: Settings) -> Answerer:
    """An Answerer over a store; nothing is opened or loaded before it is needed."""
    embeddings = SentenceEmbeddings(settings.embedding_model, settings.embedding_backend)
    reranker = Reranker(settings.rerank_model) if settings.rerank_model else None
    index = PublishedIndex(store, embeddings.identity)
    return Answerer(index, embeddings, reranker, _open_writer(settings))


def _open_writer(settings: Settings) -> Writer | None:
    if not settings.chat_model:
        return None
    return Writer(
        ChatModel(settings.chat_model, settings.chat_base_url, settings.chat_patience),
        Spending(
            settings.data_dir / SPENDING,
            settings.chat_tokens_a_day,
            Prices(settings.chat_price_input, settings.chat_price_output),
        ),
    )
