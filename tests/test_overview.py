"""Questions about essays as a whole, and about what one author says: real model, real Chroma."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answering import Answerer
from bot.answers import Answer
from bot.conversation import Turn
from bot.evidence import WeighedSentence, weigh
from bot.retrieval import EssayRetriever
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from ingest.sync import sync

ESSAYS = {
    "ferries": """Of Ferries
By Ann Lee

A ferry joins two shores that would else be strangers to each other. The ferryman of Alby knew
every farmer on both banks. He was paid in eggs, in news, and seldom in coin.

Where the bridge was built the ferry died within a year. The tolls of the bridge were high, and
the farmers paid them, since time had become dearer than money.
""",
    "bridges": """Of Bridges
By Bo Holm

A bridge is a promise that a town makes to those who will come after it. The arch of Dorn has
stood for six hundred years. Its masons were paid by the bishop, who wished to be remembered.

Tolls on a bridge are a tax on company, and every good town has taken them away. Ann Lee told me
once that she would rather swim than pay a toll.
""",
    "wells": """Of Wells
By Ann Lee

A well gathers a village. Whoever draws water must wait, and whoever waits must talk. The pump
ended that talk, and the village has been quieter since.
""",
    "lamps": """Of Lamps
By Cy Dahl

A lamp before a tavern is lit by the landlord, and a lamp before a church by nobody. Lamps on the
quay are lit by the town. Lamps on a ship are lit by the boy, who is beaten if one goes out.

Of all lamps the lamp of a lighthouse is the proudest. Lamps were once filled with the fat of
whales, and lamps were dear then. The lamp of a student is the last to be put out.
""",
    "cellars": """Of Cellars
By Di Eng

Cellars keep apples, wine and secrets, and of these the apples keep the shortest. Who goes down
into one should carry a lamp and no grudge. Some have gone down with both, and came up with one.
""",
    "gardens": "Gardens are slow letters to a reader who is not born yet. Tolls are for roads.\n",
}


@pytest.fixture(scope="module")
def shelf(
    tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings
) -> Iterator[Answerer]:
    folder = tmp_path_factory.mktemp("shelf")
    for name, text in ESSAYS.items():
        (folder / f"{name}.txt").write_text(text)
    yield from _opened(folder, tmp_path_factory.mktemp("index"), embeddings)


def _opened(folder: Path, index: Path, embeddings: SentenceEmbeddings) -> Iterator[Answerer]:
    store = FolderStore(index)
    sync(folder, store, embeddings)
    published = PublishedIndex(store, embeddings.identity)
    yield Answerer(published, embeddings)
    published.close()


def cited(answer: Answer) -> set[str]:
    for each in answer.citations:
        text = ESSAYS[each.essay.removesuffix(".txt")]
        assert text[each.start : each.end] == each.quote
    return {each.essay for each in answer.citations}


@pytest.mark.parametrize(
    "question",
    [
        "What is Of Ferries about?",
        "summarize “Of Ferries”",
        "Can you give me the main idea of the essay Of Ferries, please?",
        "What does Ann Lee's text Of Ferries argue?",
        "Explain the argument of “Of Ferries” in a few words",
    ],
)
def test_an_essay_is_summed_up_by_its_own_sentences(shelf: Answerer, question: str) -> None:
    answer = shelf.answer(question)
    assert cited(answer) == {"ferries.txt"}
    assert len(answer.citations) > 1
    assert any("joins two shores" in each.quote for each in answer.citations)


def test_two_essays_are_summed_up_side_by_side(shelf: Answerer) -> None:
    answer = shelf.answer("Compare “Of Ferries” and “Of Wells”")
    assert [each.essay for each in answer.citations] == ["ferries.txt"] * 2 + ["wells.txt"] * 2


def test_what_was_spoken_of_before_is_summed_up(shelf: Answerer) -> None:
    history = [Turn("What does “Of Wells” say of the pump?", "It ended that talk.")]
    answer = shelf.answer("Summarize it.", history)
    assert cited(answer) == {"wells.txt"}
    assert answer.evidence == 1


def test_of_an_index_with_one_essay_no_name_is_needed(answerer: Answerer) -> None:
    for question in ("What is the essay about?", "tl;dr"):
        answer = answerer.answer(question)
        assert len(answer.citations) > 1
        assert len({each.quote for each in answer.citations}) == len(answer.citations)


def test_a_question_on_part_of_an_essay_gets_that_part(shelf: Answerer) -> None:
    answer = shelf.answer("What does “Of Ferries” say about how the ferryman was paid?")
    assert cited(answer) == {"ferries.txt"}
    assert any("paid in eggs" in each.quote for each in answer.citations)
    assert shelf.answer("Summarize what “Of Ferries” says about the moons of Jupiter").refused


@pytest.mark.parametrize("question", ["Who wrote Of Bridges?", "who is the author of of bridges"])
def test_an_author_is_told_by_the_byline(shelf: Answerer, question: str) -> None:
    answer = shelf.answer(question)
    assert cited(answer) == {"bridges.txt"}
    assert [each.quote for each in answer.citations] == ["By Bo Holm"]


def test_an_author_whom_the_file_names_is_quoted_from_the_head(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    text = "Of Lamps\nCy Dahl, Alby, 1931\n\nA lamp is a small harbour for the eyes at night."
    (tmp_path / "lamps.html").write_text(
        f'<html><head><meta name="author" content="Cy Dahl"></head><body>'
        f"{''.join(f'<p>{line}</p>' for line in text.splitlines())}</body></html>"
    )
    for answerer in _opened(tmp_path, tmp_path / "index", embeddings):
        answer = answerer.answer("Who wrote this essay?")
    assert [each.quote for each in answer.citations] == ["Cy Dahl"]


def test_where_no_byline_tells_the_author_it_is_refused(shelf: Answerer) -> None:
    assert shelf.answer("Who wrote “Gardens”?").refused


def test_an_author_is_quoted_with_their_own_words_or_what_names_them(shelf: Answerer) -> None:
    for name, essays in (("Lee", {"ferries.txt", "wells.txt"}), ("Holm", {"bridges.txt"})):
        found = shelf.search(f"What does {name} say about tolls?", 10)
        others = [each for each in found if each.passage.essay not in essays]
        assert {each.passage.essay for each in found} >= {*essays, "bridges.txt"}
        assert all(name in each.passage.text for each in others)


def test_a_chain_of_ones_own_finds_what_an_author_wrote_too(shelf: Answerer) -> None:
    retriever = EssayRetriever(index=shelf.index, embeddings=shelf.embeddings, k=10)
    found = retriever.invoke("What does Eng say about lamps?")
    assert {each.metadata["source"] for each in found} == {"cellars.txt"}


def test_of_several_authors_each_has_a_turn(shelf: Answerer) -> None:
    found = shelf.search("Do Lee and Holm agree about tolls on a bridge?", 2)
    assert {each.passage.essay for each in found} == {"ferries.txt", "bridges.txt"}


def test_of_several_authors_each_is_quoted(shelf: Answerer) -> None:
    assert cited(shelf.answer("What do Dahl and Eng say about a lamp?")) == {
        *("lamps.txt", "cellars.txt")
    }


def test_of_several_authors_who_have_little_to_say_is_quoted_too(shelf: Answerer) -> None:
    answer = shelf.answer("Compare Lee and Holm on the masons of the arch of Dorn")
    assert cited(answer) == {"bridges.txt"}
    assert cited(shelf.answer("Compare Lee and Holm on tolls")) == {"ferries.txt", "bridges.txt"}


def weighed(shelf: Answerer, question: str) -> list[WeighedSentence]:
    ranked = shelf.search(question, 10)
    with shelf.index.reading() as generation:
        return weigh(question, ranked, generation, shelf.embeddings).sentences


def test_words_that_name_an_essay_tell_no_more_unless_there_are_no_others(shelf: Answerer) -> None:
    (pump,) = (
        each
        for each in weighed(shelf, "What does Of Wells say about the pump?")
        if each.quote.text.startswith("The pump")
    )
    assert pump.signals.coverage == 1
    assert any(
        each.signals.coverage for each in weighed(shelf, "What does the essay Of Wells say?")
    )


def test_the_author_named_last_takes_the_place_of_the_one_before(shelf: Answerer) -> None:
    history = [Turn("What does Holm say about tolls?", "They are a tax on company.")]
    assert cited(shelf.answer("and Lee?", history)) <= {"ferries.txt", "wells.txt", "bridges.txt"}
    lamps = [Turn("What does Dahl say about a lamp?", "One is lit by the landlord.")]
    assert cited(shelf.answer("and Eng?", lamps)) == {"cellars.txt"}
    found = shelf.search("and what does Lee say?", 1, history)
    assert [each.passage.essay for each in found] == ["ferries.txt"]


def test_a_question_that_names_none_is_asked_of_all(shelf: Answerer) -> None:
    found = shelf.search("What are tolls?", 10)
    assert {each.passage.essay for each in found} >= {"ferries.txt", "bridges.txt", "gardens.txt"}


def test_questions_to_one_essay_share_what_was_looked_up_of_all(shelf: Answerer) -> None:
    with shelf.index.reading() as generation:
        fresh = copy.copy(generation)
        for made in ("catalogue", "_places", "_spans"):
            fresh.__dict__.pop(made, None)
        assert fresh.within(["wells.txt"]).catalogue is fresh.within(["lamps.txt"]).catalogue


def test_an_author_named_like_a_common_word_hides_nothing_of_others(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    for title, author, text in (
        ("Sailing", "Will Young", "I sailed from Hull to Bergen with a cat, who was unkind."),
        ("Screens", "Bo Holm", "The young look at screens all day. A young man has one friend."),
        ("Clubs", "Cy Dahl", "Where clubs have shut, people sit alone on Sundays."),
    ):
        (tmp_path / f"{title}.txt").write_text(f"{title}\nBy {author}\n\n{text}\n")
    for answerer in _opened(tmp_path, tmp_path / "index", embeddings):
        for question in ("why do young people sit alone?", "Young people sit where?"):
            assert answerer.search(question, 1)[0].passage.essay == "Clubs.txt"
        assert answerer.search("What does Young look at?", 1)[0].passage.essay == "Sailing.txt"


@pytest.mark.parametrize(
    "question",
    [
        "Who does the author of “Of Bridges” mention?",
        "What does the author of “Of Bridges” say?",
        "Who was “Of Bridges” written for?",
    ],
)
def test_what_an_author_says_is_not_told_by_the_byline(shelf: Answerer, question: str) -> None:
    assert "By Bo Holm" not in [each.quote for each in shelf.answer(question).citations]


@pytest.mark.parametrize(
    "question",
    [
        "whos the author of of bridges pls",
        "By whom was Of Bridges written?",
        "do you know who wrote of bridges",
    ],
)
def test_an_author_is_asked_for_in_many_ways(shelf: Answerer, question: str) -> None:
    assert [each.quote for each in shelf.answer(question).citations] == ["By Bo Holm"]


@pytest.mark.parametrize(
    "question", ["What is the difference?", "Tell me about him.", "Explain that.", "explain?"]
)
def test_who_or_what_was_spoken_of_in_an_essay_is_not_the_essay(
    shelf: Answerer, question: str
) -> None:
    history = [Turn("What pays the ferryman of Alby in “Of Ferries”?", "Eggs.")]
    assert shelf.answer(question, history).evidence < 1


def test_what_was_spoken_of_before_is_compared_with_another(shelf: Answerer) -> None:
    history = [Turn("Summarize “Of Ferries”", "A ferry joins two shores.")]
    answer = shelf.answer("Compare it with “Of Wells”", history)
    assert cited(answer) == {"ferries.txt", "wells.txt"}


def test_of_several_essays_each_is_summed_up(shelf: Answerer) -> None:
    five = "Of Ferries, Of Bridges, Of Wells, Of Lamps and Of Cellars"
    for asked in (f"Summarize {five}", "Compare Of Ferries, Of Bridges and Of Wells"):
        answer = shelf.answer(asked)
        assert (len(cited(answer)), answer.evidence) == (asked.count("Of"), 1)


def test_another_essay_gets_what_was_asked_of_the_one_before(shelf: Answerer) -> None:
    for before in ("Summarize Of Ferries", "What is “Of Ferries” about?"):
        answer = shelf.answer("And “Of Wells”?", [Turn(before, "A ferry joins two shores.")])
        assert (cited(answer), answer.evidence) == ({"wells.txt"}, 1)
    answer = shelf.answer("and Of Wells?", [Turn("Who wrote Of Bridges?", "Bo Holm.")])
    assert [each.quote for each in answer.citations] == ["By Ann Lee"]
    history = [Turn("What does “Of Ferries” say about tolls?", "They were high.")]
    assert shelf.answer("And “Of Wells”?", history).evidence < 1
