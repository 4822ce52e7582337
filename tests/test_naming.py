"""Which essays a question names: titles, numbers and authors as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.naming import names_in
from ingest.catalogue import Catalogue, name_words
from ingest.records import EssayEntry

ESSAYS = {
    "papers/federalist_06.txt": ("The Federalist No. 6: Dangers", "Hamilton"),
    "papers/federalist_10.txt": ("The Federalist No. 10: The Union Against Faction", "Madison"),
    "papers/federalist_51.txt": ("The Federalist No. 51: Checks", "Madison, with Hamilton"),
    "nature.txt": ("Nature", "Ralph Waldo Emerson"),
    "self-reliance.txt": ("Self-Reliance", "Ralph Waldo Emerson"),
    "duty.txt": ("On the Duty of Civil Disobedience", "Henry David Thoreau"),
    "plea.txt": ("A Plea for Captain John Brown", "Henry David Thoreau, Jr."),
    "influence.txt": ("Foreign Influence", "John Jay"),
    "ww2.txt": ("World War 2", ""),
    "ai.txt": ("AI", "Ann Young"),
    "interview.txt": ("Interview with John Jay", "Wait But Why"),
    "essay.txt": ("The Essay", "George Will"),
}
CATALOGUE = Catalogue(
    {
        source: EssayEntry(title, "f", "t", 1, "", author)
        for source, (title, author) in ESSAYS.items()
    },
    in_small_letters={"jay", "young"}.__contains__,
)
EMERSONS = {"nature.txt", "self-reliance.txt"}
THOREAUS = {"duty.txt", "plea.txt"}


def named(question: str) -> list[set[str]]:
    return [set(each.sources) for each in names_in(CATALOGUE, question)]


@pytest.mark.parametrize(
    ("question", "sources"),
    [
        ("What is Federalist 10 about?", ["papers/federalist_10.txt"]),
        ("what does federalist no. 6 say on war?", ["papers/federalist_06.txt"]),
        ("According to Federalist Paper #51, what are the 2 checks?", ["papers/federalist_51.txt"]),
        (
            "compare the Federalist Papers 6, 10 and 51",
            ["papers/federalist_06.txt", "papers/federalist_10.txt", "papers/federalist_51.txt"],
        ),
        (
            "Federalist Nos. 6 and 51 on war",
            ["papers/federalist_06.txt", "papers/federalist_51.txt"],
        ),
        ("Does Emerson's essay Nature speak of snow?", ["nature.txt"]),
        ("What is “Nature” about?", ["nature.txt"]),
        ("What does Self-Reliance say about society?", ["self-reliance.txt"]),
        ("Summarize Civil Disobedience for me", ["duty.txt"]),
        ("Who wrote a plea for captain John Brown?", ["plea.txt"]),
        ("summarize the text self reliance", ["self-reliance.txt"]),
        ("what is nature about", ["nature.txt"]),
        ("the difference between Nature and Self-Reliance", ["nature.txt", "self-reliance.txt"]),
        ("What is Nature about? Who wrote it?", ["nature.txt"]),
        ("summarize Emerson's Nature please", ["nature.txt"]),
        ("compare nature and self reliance", ["nature.txt", "self-reliance.txt"]),
        (
            "Compare the essays Nature, Self-Reliance and AI",
            ["nature.txt", "self-reliance.txt", "ai.txt"],
        ),
        ("And Nature?", ["nature.txt"]),
        ("Who wrote the Interview with John Jay?", ["interview.txt"]),
        ("What is Self-Reliance?", ["self-reliance.txt"]),
        ("so what's foreign influence", ["influence.txt"]),
        ("What is Nature according to Emerson?", ["nature.txt"]),
        ("Explain civil disobedience", ["duty.txt"]),
        ("What is the argument of Civil Disobedience?", ["duty.txt"]),
    ],
)
def test_an_essay_is_named_by_its_title_or_number(question: str, sources: list[str]) -> None:
    assert named(question) == [{source} for source in sources]


@pytest.mark.parametrize(
    ("question", "essays"),
    [
        ("What did Thoreau think of taxes?", [THOREAUS]),
        ("what did thoreau think of taxes?", [THOREAUS]),
        ("What are Emerson’s views?", [EMERSONS]),
        ("Do Emerson and Thoreau agree?", [EMERSONS, THOREAUS]),
        ("what would emerson say about AI?", [EMERSONS]),
        ("What does Ann Young say?", [{"ai.txt"}]),
        ("Is there a letter of Jay?", [{"influence.txt"}]),
        ("Does Thoreau share the idea of Nature?", [{"nature.txt"}, THOREAUS]),
        ("Why does Hamilton want it?", [{"papers/federalist_06.txt", "papers/federalist_51.txt"}]),
    ],
)
def test_an_author_is_named_by_a_surname(question: str, essays: list[set[str]]) -> None:
    assert named(question) == essays


@pytest.mark.parametrize(
    "question",
    [
        "What is the nature of man?",
        "What is nature?",
        "What is Nature Writing?",
        "How does civil disobedience change laws?",  # others may speak of it too
        "Is there a jay in the Garden?",
        "What caused World War 2?",  # a number, but of no series
        "Are there 10 kinds of faction?",
        "What lies between civil disobedience and the captain John Brown?",
        "What does Federalist 99 say?",
        "why are young people lonely?",
        "Young people are lonely. Why? Young men most of all.",
        "HOW DO YOUNG MEN LIVE",
        "Why do states tax salt, and will they stop?",
        "what does nature say about power?",
        "According to AI experts, what is it?",
        "the essay on nature writing",
        "What does “civil disobedience” mean?",
        "What did Captain John Brown say?",
        "Compare Nature and money",
        "When was Nature written?",
        "what is the essay about?",
        "Is “The Paper” good?",
        "",
        "???",
    ],
)
def test_words_that_only_sound_like_a_name_leave_the_whole_index(question: str) -> None:
    assert named(question) == []


def test_a_range_of_numbers_names_what_lies_between() -> None:
    for between in ("6-51", "6 – 51", "6 through 51"):
        assert named(f"what do federalist papers {between} say of war") == [
            {f"papers/federalist_{number}.txt"} for number in ("06", "10", "51")
        ]


def test_a_title_is_known_by_its_first_words_however_long() -> None:
    title = "The Day on Which the River Left the Town and the Children Walked to the Mill Alone"
    long = Catalogue({"river.txt": EssayEntry(title, "f", "t", 1, "")}, lambda _: False)
    (one,) = names_in(long, f"Summarize {title}, please")
    assert one.sources == {"river.txt"}


def test_words_that_name_are_told_apart_from_what_is_asked() -> None:
    (one,) = names_in(CATALOGUE, "What does Federalist 10 say of the union and faction?")
    assert (one.words, one.author) == (("federalist", "10"), False)
    (one,) = names_in(CATALOGUE, "What does Jay say of foreign influence?")
    assert (one.words, one.author) == (("jay",), True)


@given(st.text(max_size=300))
def test_any_text_names_only_essays_there_are(question: str) -> None:
    for each in names_in(CATALOGUE, question):
        assert each.sources
        assert each.sources <= ESSAYS.keys()
        assert set(each.words) <= set(name_words(question))


@given(
    st.sampled_from(sorted(ESSAYS.keys() - {"essay.txt"})),
    st.sampled_from(["summarize {}", "What is {} about?"]),
)
def test_every_essay_is_found_by_its_whole_title(source: str, asking: str) -> None:
    assert {source} in named(asking.format(ESSAYS[source][0]))
