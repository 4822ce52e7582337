"""Answers written by a chat model: a real client, a server on this machine that plays the model."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, closing
from itertools import pairwise
from pathlib import Path

import pytest

from bot.answering import SPENT, UNSOUND, Answerer, Found, Writer
from bot.answers import QUOTING, Answer
from bot.chat_model import ChatModel, Meter
from bot.conversation import Turn
from bot.spending import Prices, Spending
from bot.writing import MOST_SENTENCES, Draft, rewrite_question
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from prompts import read_prompt
from tests.chat_server import ChatServer, Fault
from tests.chat_wires import Messages
from tests.conftest import ESSAYS, SEED, IndexOf

TEXT = (ESSAYS / SEED).read_text("utf-8")
QUESTION = "What is energy imperialism?"
RELIED_ON = "Capital now seeks to complete a de facto 'energy imperialism'"
SENTENCE = "Capital wants to monopolize electrical energy, a de facto energy imperialism."
Write = Callable[[Messages], str]


class Scene:
    """An Answerer whose chat model is a server that says what `write` makes of the messages."""

    def __init__(
        self, index: Path, embeddings: SentenceEmbeddings, write: Write, fault: Fault
    ) -> None:
        self.server = ChatServer(write, fault)
        self.spent = index.parent / "data" / "spending.sqlite"
        self._index = PublishedIndex(FolderStore(index), embeddings.identity)
        self._embeddings = embeddings

    def answerer(self, limit: int = 0, patience: float = 20) -> Answerer:
        model = ChatModel("openai:m", self.server.openai_url, patience)
        writer = Writer(model, Spending(self.spent, limit, Prices(1, 2)))
        return Answerer(self._index, self._embeddings, writer=writer)

    def ask(
        self,
        question: str = QUESTION,
        history: Sequence[Turn] = (),
        limit: int = 0,
        patience: float = 20,
    ) -> Answer:
        with closing(self.answerer(limit, patience)) as answerer:
            return answerer.answer(question, history)


Play = Callable[..., Scene]


@pytest.fixture
def play(seed_index: Path, tmp_path: Path, embeddings: SentenceEmbeddings) -> Iterator[Play]:
    """Opens scenes on the seed's index; what they spend is kept for this test alone."""
    (tmp_path / "index").symlink_to(seed_index)
    scenes = []

    def open_scene(write: Write, fault: Fault = Fault.NONE) -> Scene:
        scenes.append(Scene(tmp_path / "index", embeddings, write, fault))
        scenes[-1].server.__enter__()
        return scenes[-1]

    yield open_scene
    for scene in scenes:
        scene.server.__exit__(None, None, None)


def cite(sentence: str, words: str, messages: Messages) -> str:
    """A line of a draft: the sentence, and the words of the passage it relies on."""
    passages = re.findall(r"<passage (\d+) \w+>(.*?)</passage", messages[-1]["content"], re.DOTALL)
    number = next(number for number, text in passages if words in text)
    return f'{sentence} [{number}: "{words}"]\n'


def good(messages: Messages) -> str:
    return cite(SENTENCE, RELIED_ON, messages)


def stands(answer: Answer) -> bool:
    return all(each.quote == TEXT[each.start : each.end] for each in answer.citations)


def test_a_checked_sentence_is_shown_with_the_verbatim_span_it_rests_on(play: Play) -> None:
    answer = play(good).ask()
    assert answer.text == f"{SENTENCE} [1]"
    (citation,) = answer.citations
    assert RELIED_ON in citation.quote
    assert stands(answer)
    assert (answer.model, answer.note, answer.refused) == ("openai:m", "", False)
    assert answer.cost == pytest.approx((answer.tokens.input + 2 * answer.tokens.output) / 1e6)


def test_passages_come_first_then_drafts_that_grow_then_the_answer(play: Play) -> None:
    async def watch(answerer: Answerer) -> list[Found | Draft | Answer]:
        return [event async for event in answerer.astream(QUESTION)]

    with closing(play(good).answerer()) as answerer:
        found, *drafts, answer = asyncio.run(watch(answerer))
    assert isinstance(found, Found)
    assert isinstance(answer, Answer)
    texts = [each.text for each in drafts if isinstance(each, Draft)]
    assert len(texts) == len(drafts) > 5
    assert all(later.startswith(draft) for draft, later in pairwise(texts))
    assert re.fullmatch(re.escape(SENTENCE) + r" \[\d\]", texts[-1])


BROKEN = [fault for fault in Fault if fault not in (Fault.NONE, Fault.BUSY, Fault.ENDLESS)]


@pytest.mark.parametrize("fault", BROKEN)
def test_a_model_that_fails_leaves_a_quoted_answer_and_a_note(play: Play, fault: Fault) -> None:
    answer = play(good, fault).ask(patience=0.5)
    assert answer.note
    assert answer.model == QUOTING
    assert answer.citations
    assert "energy imperialism" in answer.text
    assert stands(answer)


def test_a_model_that_never_ends_still_gives_its_sentences_once(play: Play) -> None:
    assert play(good, Fault.ENDLESS).ask().text == f"{SENTENCE} [1]"


def test_what_a_model_thinks_aloud_is_neither_watched_nor_checked(play: Play) -> None:
    async def watch(answerer: Answerer) -> list[Found | Draft | Answer]:
        return [event async for event in answerer.astream(QUESTION)]

    scene = play(lambda messages: f"<think>\nHmm. Power?\n</think>\n\n{good(messages)}")
    with closing(scene.answerer()) as answerer:
        _, *drafts, answer = asyncio.run(watch(answerer))
    assert not any("Hmm" in each.text for each in drafts if isinstance(each, Draft))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.note) == (f"{SENTENCE} [1]", "")
    assert len(scene.server.requests) == 1


def test_half_a_letter_costs_its_sentence_alone(play: Play) -> None:
    answer = play(lambda messages: good(messages) + "Capital wants \ud83d. [1]").ask()
    assert (answer.text, answer.note) == (f"{SENTENCE} [1]", "")


def test_of_an_essay_so_short_that_no_word_is_rare_the_sentences_are_shown(
    index_of: IndexOf, embeddings: SentenceEmbeddings
) -> None:
    index = index_of(cats="On cats\n\nThe cat sleeps all day. It hunts at night, unseen.")

    def write(_: Messages) -> str:
        return 'Cats sleep all day. [1: "The cat sleeps all day."]'

    scene = Scene(index, embeddings, write, Fault.NONE)
    with scene.server:
        assert scene.ask("When does the cat sleep?").text == "Cats sleep all day. [1]"


def test_a_model_may_say_that_the_essays_do_not_answer(play: Play) -> None:
    answer = play(lambda _: f"{read_prompt('refusal')}.").ask()
    assert answer.refused
    assert answer.model == "openai:m"
    assert answer.nearest
    assert TEXT[answer.nearest.start : answer.nearest.end] == answer.nearest.quote


def test_what_the_evidence_refuses_is_never_sent_to_the_model(play: Play) -> None:
    scene = play(good)
    assert scene.ask("How do I bake sourdough bread?").refused
    assert scene.server.requests == []


def test_a_sentence_at_fault_is_mended_once_by_the_model(play: Play) -> None:
    def write(messages: Messages) -> str:
        wrong = cite(f"In 1999 {SENTENCE}", RELIED_ON, messages)
        return good(messages) if "stand up to a check" in messages[-1]["content"] else wrong

    scene = play(write)
    assert scene.ask().text == f"{SENTENCE} [1]"
    assert "the number 1999" in scene.server.requests[1]["messages"][-1]["content"]


def test_each_sentence_at_fault_is_replaced_by_one_and_those_beside_it_stay(play: Play) -> None:
    def write(messages: Messages) -> str:
        if "stand up to a check" in messages[-1]["content"]:
            return cite(f"{SENTENCE}! {SENTENCE}?", RELIED_ON, messages)
        return good(messages) + cite(f"In 1999 {SENTENCE}", RELIED_ON, messages)

    assert play(write).ask().text == f"{SENTENCE} [1] {SENTENCE}! [1]"


def test_a_sentence_that_stays_at_fault_goes_and_the_others_stay(play: Play) -> None:
    def write(messages: Messages) -> str:
        return good(messages) + cite(f"In 1999 {SENTENCE}", RELIED_ON, messages)

    answer = play(write).ask()
    assert answer.text == f"{SENTENCE} [1]"
    assert not answer.note


def test_of_a_draft_of_which_most_falls_nothing_is_shown(play: Play) -> None:
    def write(messages: Messages) -> str:
        wrong = [cite(f"In {year} {SENTENCE}", RELIED_ON, messages) for year in (1998, 1999)]
        return good(messages) + "".join(wrong)

    answer = play(write).ask()
    assert (answer.note, answer.model) == (UNSOUND, QUOTING)


def test_no_more_sentences_are_shown_than_a_person_reads(play: Play) -> None:
    def write(messages: Messages) -> str:
        marks = ["!" * number for number in range(2 * MOST_SENTENCES)]
        return "".join(cite(f"{SENTENCE}{each}", RELIED_ON, messages) for each in marks)

    assert play(write).ask().text.count(SENTENCE) == MOST_SENTENCES


def test_what_stands_is_kept_when_the_model_fails_while_mending(play: Play) -> None:
    def write(messages: Messages) -> str:
        scene.server.fault = Fault.UNAUTHORIZED  # from the next request on
        return good(messages) + cite(f"In 1999 {SENTENCE}", RELIED_ON, messages)

    scene = play(write)
    assert scene.ask().text == f"{SENTENCE} [1]"
    assert len(scene.server.requests) == 2


@pytest.mark.parametrize(
    "line",
    [
        "The essay praises nuclear power. [9]",
        "Nuclear power stations are safe and clean.",
        'The essay says “energy imperialism is splendid”. [1: "energy imperialism is splendid"]',
        "I cannot help with that.",
        "No, they should not. [1]",
        "It is what the author thinks, and many people said it. [1]",
        "It breaks off in the mid",
    ],
)
def test_a_draft_of_which_nothing_stands_is_replaced_by_quotes(play: Play, line: str) -> None:
    answer = play(lambda _: line).ask()
    assert (answer.note, answer.model) == (UNSOUND, QUOTING)
    assert answer.citations
    assert stands(answer)


@pytest.mark.parametrize(
    ("other", "next_one"),
    [
        ("On the stage of international diplomacy, another peculiar scene unfolds", True),
        ("The responses of each country, packaged under the name of digital sovereignty", False),
    ],
)
def test_a_quotation_may_go_on_into_the_next_sentence_and_no_other(
    play: Play, other: str, next_one: bool
) -> None:
    def write(messages: Messages) -> str:
        joined = f"The essay speaks of the energy that makes “those products. {other}.”"
        cited = cite(joined, "gives birth to those products", messages).strip()
        return cited + cite("", other, messages)

    assert (play(write).ask().model != QUOTING) == next_one


def test_an_inference_is_marked(play: Play) -> None:
    answer = play(lambda messages: f"Inference: {good(messages)}").ask()
    assert answer.text == f"Inference: {SENTENCE} [1]"


def test_tokens_of_a_day_are_counted_across_restarts_and_end_in_quotes(play: Play) -> None:
    scene = play(good)
    used = scene.ask(limit=1).tokens
    assert used.input > 0
    assert len(scene.server.requests) == 1
    answer = scene.ask(limit=1)
    assert answer.note == SPENT
    assert answer.citations
    assert len(scene.server.requests) == 1
    assert not scene.ask(limit=100 * used.input).note


def test_a_follow_up_is_put_into_words_that_stand_alone(play: Play) -> None:
    def write(messages: Messages) -> str:
        rewriting = messages[0]["content"].startswith("You rewrite")
        return QUESTION if rewriting else good(messages)

    scene = play(write)
    history = [Turn("Which imperialism does the essay name?", "Energy imperialism.")]
    assert scene.ask("And what is that?", history).text == f"{SENTENCE} [1]"
    assert [len(each["messages"]) for each in scene.server.requests] == [2, 2]
    assert history[0].question in scene.server.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize("said", ["", "line\nline", "x" * 3000])
def test_a_follow_up_that_the_model_cannot_rewrite_is_understood_without_it(
    play: Play, said: str
) -> None:
    def write(messages: Messages) -> str:
        return said if messages[0]["content"].startswith("You rewrite") else good(messages)

    scene, history = play(write), [Turn(QUESTION, "Something.")]
    assert not scene.ask("And why?", history).refused
    model = ChatModel("openai:m", scene.server.openai_url)
    assert asyncio.run(rewrite_question(model, "And why?", history, Meter())) is None


def test_a_follow_up_that_the_model_turns_into_another_is_understood_without_it(
    play: Play,
) -> None:
    def write(messages: Messages) -> str:
        rewriting = messages[0]["content"].startswith("You rewrite")
        return "How do I bake sourdough bread?" if rewriting else good(messages)

    assert not play(write).ask("And why?", [Turn(QUESTION, "Something.")]).refused


def test_only_the_latest_turns_that_fit_are_sent(play: Play) -> None:
    scene = play(good)
    history = [Turn(f"Question {number}? {'x' * 1000}", "Answer.") for number in range(9)]
    scene.ask(QUESTION, history)
    sent = scene.server.requests[-1]["messages"][-1]["content"]
    assert "Question 8?" in sent
    assert "Question 1?" not in sent


def test_marks_between_texts_cannot_be_guessed(play: Play) -> None:
    scene = play(good)
    scene.ask()
    scene.ask()
    sent = [each["messages"][-1]["content"] for each in scene.server.requests]
    tags = [re.search(r"<question (\w+)>", each) for each in sent]
    assert len({tag[1] for tag in tags if tag}) == 2


def test_leaving_stops_the_model(play: Play) -> None:
    scene = play(good, Fault.STALLS)

    async def leave(answerer: Answerer) -> None:
        async with aclosing(answerer.astream(QUESTION)) as events:
            async for event in events:
                if isinstance(event, Draft):
                    return

    with closing(scene.answerer()) as answerer:
        asyncio.run(leave(answerer))
        assert scene.server.cancelled.wait(5)
