import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer_kinds import wanted
from bot.citations import Quote
from bot.evidence import Evidence, Signals, WeighedSentence, fitted_weights
from bot.questions import is_greeting, telling_words
from bot.quoting import MOST_QUOTES, choose_quotes, nearest_quote
from bot.sentences import tells

SIGNALS = st.builds(
    Signals,
    similarity=st.floats(-1, 1),
    coverage=st.floats(0, 1),
    alignment=st.floats(-1, 1),
    of_kind=st.sampled_from((0.0, 1.0)),
    found=st.floats(0, 1),
)
STRONG = Signals(similarity=0.9, coverage=1, alignment=0.9, of_kind=1, found=1)
WEAK = Signals(similarity=0.1, coverage=0.1, alignment=0.1, of_kind=0, found=0)


def sentence(signals: Signals, *, essay: str = "a.txt", start: int = 0) -> WeighedSentence:
    return WeighedSentence(Quote(essay, "A", f"Sentence {start}.", start, start + 10), signals)


def evidence(*sentences: WeighedSentence) -> Evidence:
    return Evidence(sorted(sentences, key=lambda each: each.support, reverse=True))


@given(SIGNALS, SIGNALS)
def test_more_support_never_makes_a_refusal_likelier(some: Signals, other: Signals) -> None:
    more = Signals(*map(max, some, other))
    assert sentence(more).support >= sentence(some).support
    less, better = evidence(sentence(some)), evidence(sentence(some), sentence(more))
    assert better.score >= less.score
    assert better.answers or not less.answers


def test_no_signal_counts_against_an_answer() -> None:
    for weights in fitted_weights():
        assert any(weights.signals)
        assert all(weight >= 0 for weight in weights.signals)


def test_strong_signals_answer_and_weak_ones_refuse() -> None:
    assert evidence(sentence(STRONG)).answers
    assert not evidence(sentence(WEAK)).answers


def test_no_sentences_are_no_evidence() -> None:
    assert not evidence().answers
    assert choose_quotes(evidence()) == nearest_quote(evidence()) == []


def test_a_refusal_shows_the_sentence_nearest_in_meaning() -> None:
    near = sentence(WEAK._replace(similarity=0.5), start=10)
    others = [sentence(STRONG._replace(similarity=0.2)), sentence(WEAK, start=20)]
    assert nearest_quote(evidence(near, *others)) == [near.quote]


def test_at_most_four_quotes_are_chosen_and_none_far_weaker_than_the_best() -> None:
    alike = [sentence(STRONG, start=place) for place in range(0, 90, 10)]
    assert len(choose_quotes(evidence(*alike))) == MOST_QUOTES
    weak = sentence(WEAK, start=500)
    assert choose_quotes(evidence(alike[0], weak)) == [alike[0].quote]


def test_the_essay_with_the_best_sentence_comes_first_each_in_reading_order() -> None:
    chosen = choose_quotes(
        evidence(
            sentence(STRONG, essay="b.txt", start=50),
            sentence(STRONG._replace(similarity=0.89), essay="a.txt", start=10),
            sentence(STRONG._replace(similarity=0.88), essay="b.txt", start=20),
        )
    )
    assert [(each.essay, each.start) for each in chosen] == [
        ("b.txt", 20),
        ("b.txt", 50),
        ("a.txt", 10),
    ]


def test_of_each_named_that_answers_the_best_sentences_are_chosen_by_turns() -> None:
    fair = Signals(similarity=0.5, coverage=0.7, alignment=0.6, of_kind=1, found=0.6)
    strong = [sentence(STRONG, start=place) for place in range(0, 90, 10)]
    told = [*strong, sentence(fair, essay="b.txt"), sentence(WEAK, essay="c.txt")]
    named = tuple({f"{letter}.txt"} for letter in "abc")
    chosen = choose_quotes(Evidence(told, named=named))
    assert [each.essay for each in chosen] == ["a.txt"] * 3 + ["b.txt"]
    assert {each.essay for each in choose_quotes(Evidence(told))} == {"a.txt"}


@pytest.mark.parametrize(
    ("question", "with_it", "without"),
    [
        ("Who wrote it?", "It is said that Sanders has a bill.", "Nobody is named here."),
        ("How many were there?", "There were thirty of them.", "There were some of them."),
        ("How old must he be?", "He must be thirty years of age.", "Two of them were old."),
        ("How high is it?", "It is a hundred and ten feet high.", "It is one of the highest."),
        ("How long was he in jail?", "He was there for a night.", "I alone was put in jail."),
        ("In what year was it?", "It was in May.", "It was in vain."),
        ("why not?", "It is lost, for nobody came.", "It is lost."),
        ("What is a faction?", "By a faction, I understand a number of citizens.", "Of faction."),
        ("what's prudence?", "Prudence is the virtue of the senses.", "My prudence fails me."),
        ("What are data centers?", "They are called data centers.", "Data centers cost much."),
        ("Define a republic.", "We may define a republic to be a government.", "A republic!"),
        ("What does he mean by the Wild?", "“The Wild” is the West.", "I love the Wild."),
        ("What does wildness mean?", "Wildness means life.", "Wildness is not what I seek."),
    ],
)
def test_a_sentence_with_what_is_asked_for_is_told_from_one_without(
    question: str, with_it: str, without: str
) -> None:
    assert wanted(question)(with_it)
    assert not wanted(question)(without)


def test_a_name_that_the_question_brought_answers_it_not() -> None:
    told = "The countries like Sierra Leone meet."
    assert not wanted("Who is the president of Sierra Leone?")(told)


def test_where_a_question_does_not_tell_what_it_asks_for_any_sentence_will_do() -> None:
    assert wanted("Is it so?")("Anything.")


@pytest.mark.parametrize(
    "sentence",
    [
        "What is man?",
        "(He asked: “What is man?”)",
        "I proceed now to examine the structure of this government.",
        "I shall now proceed to delineate dangers of a different kind.",
        "Let us now see what they say, and let us examine them.",
        "This subject will be resumed in the ensuing paper.",
        "The last essay has been devoted to the dangers of disunion.",
    ],
)
def test_a_sentence_that_asks_or_announces_tells_nothing(sentence: str) -> None:
    assert not tells(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Let us be just.",
        "“Is it so?” he said.",
        "They will proceed with the part that is theirs.",
        "It was shown in the last paper that mere declarations are not enough.",
        "In this essay I argue that men are free.",
    ],
)
def test_a_sentence_that_goes_on_to_say_it_tells(sentence: str) -> None:
    assert tells(sentence)


def test_words_about_the_asking_do_not_tell_what_is_asked() -> None:
    assert telling_words("What does the essay say about data centers?") == ["data", "center"]


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at_as_a_question(question: str) -> None:
    wanted(question)(question)
    assert len(telling_words(question)) == len(set(telling_words(question)))


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "Hello there!",
        "thanks :)",
        "thank you so much",
        "Good morning, all",
        "OK, thx",
        "Danke!",
    ],
)
def test_a_greeting_asks_nothing(text: str) -> None:
    assert is_greeting(text)


@pytest.mark.parametrize(
    "text", ["", "?", "Is he great?", "hi, what is energy imperialism?", "thanks to whom", "you"]
)
def test_whatever_may_be_a_question_is_no_greeting(text: str) -> None:
    assert not is_greeting(text)
