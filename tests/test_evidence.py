import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.citations import Quote
from bot.evidence import Evidence, Signals, WeighedSentence, asks, fitted_weights
from bot.questions import (
    AnswerKind,
    has_answer_kind,
    is_greeting,
    kind_of_answer,
    telling_words,
)
from bot.quoting import MOST_QUOTES, choose_quotes, nearest_quote

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


def test_a_question_is_known_within_quotation_marks_and_brackets() -> None:
    assert asks("(He said: “Is it so?”)")
    assert not asks("“Is it so?” he said.")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who wrote it?", AnswerKind.PERSON),
        ("How many gigawatts do data centers use?", AnswerKind.NUMBER),
        ("In what year was it?", AnswerKind.TIME),
        ("why not?", AnswerKind.REASON),
        ("What is energy imperialism?", AnswerKind.ANY),
    ],
)
def test_a_question_tells_what_kind_of_answer_it_wants(question: str, kind: AnswerKind) -> None:
    assert kind_of_answer(question) is kind


@pytest.mark.parametrize(
    ("kind", "text", "there"),
    [
        (AnswerKind.PERSON, "It is said that Sanders has a bill.", True),
        (AnswerKind.PERSON, "The countries like Sierra Leone meet.", False),
        (AnswerKind.PERSON, "Nobody is named here.", False),
        (AnswerKind.NUMBER, "There were thirty of them.", True),
        (AnswerKind.NUMBER, "There were some of them.", False),
        (AnswerKind.TIME, "It was in May.", True),
        (AnswerKind.TIME, "It was in vain.", False),
        (AnswerKind.ANY, "Anything.", True),
    ],
)
def test_the_kind_is_looked_for_beyond_the_questions_own_words(
    kind: AnswerKind, text: str, there: bool
) -> None:
    assert has_answer_kind(kind, text, "Who is the president of Sierra Leone?") is there


def test_words_about_the_asking_do_not_tell_what_is_asked() -> None:
    assert telling_words("What does the essay say about data centers?") == ["data", "center"]


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at_as_a_question(question: str) -> None:
    kind = kind_of_answer(question)
    has_answer_kind(kind, question, question)
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
