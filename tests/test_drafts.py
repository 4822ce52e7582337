import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat_model import LONGEST_ANSWER
from bot.checking import Claim, Support
from bot.drafts import draft_text, is_refusal, parse_claims, parse_lines

ONE_AND_TWO = (Support(1), Support(2, "two"))
SHARED = [Claim("Zero is.", ONE_AND_TWO), Claim("One is, and two is.", ONE_AND_TWO)]


@pytest.mark.parametrize(
    ("draft", "claims"),
    [
        ('It is so. [1: "so it is"]', [Claim("It is so.", (Support(1, "so it is"),))]),
        ("It is so [1].", [Claim("It is so.", (Support(1),))]),
        ("It is so. [1] [2: “two”]", [Claim("It is so.", (Support(1), Support(2, "two")))]),
        ("It is so. [1, 3]", [Claim("It is so.", (Support(1), Support(3)))]),
        (
            "One is. Two is. [1]\n- Three is. [2]",
            [
                Claim("One is.", (Support(1),)),
                Claim("Two is.", (Support(1),)),
                Claim("Three is.", (Support(2),)),
            ],
        ),
        (
            "One is. [1] Two is. [2]",
            [Claim("One is.", (Support(1),)), Claim("Two is.", (Support(2),))],
        ),
        ("Inference: It follows. [1]", [Claim("It follows.", (Support(1),), inferred=True)]),
        ("It is so.\nIt is so.", [Claim("It is so.", ())]),
        ("It is cut off in the mid", []),
        ("One is, [1] and two is [2: “two”].", [Claim("One is, and two is.", ONE_AND_TWO)]),
        ("Zero is. One is [1], and two is. [2: “two”]", SHARED),
        ("It is so. [1].", [Claim("It is so.", (Support(1),))]),
        ('It is so.\n\n[1: "so it is"]', [Claim("It is so.", (Support(1, "so it is"),))]),
        ('It is so. [1: "so\nit is"]', [Claim("It is so.", (Support(1, "so it is"),))]),
        ('It is so [1: "so it is"]', [Claim("It is so.", (Support(1, "so it is"),))]),
        ('- It is so ([1: "so it is"])', [Claim("It is so.", (Support(1, "so it is"),))]),
        ("It is so. [1: 'so it is'...]", [Claim("It is so.", (Support(1, "so it is"),))]),
        ("It is so. [Passage 1: so it is]", [Claim("It is so.", (Support(1, "so it is"),))]),
        ('It is so. [1: "so", "it"]', [Claim("It is so.", (Support(1, "so"), Support(1, "it")))]),
        (
            'It is so. [1: "so"; 2: "it"]',
            [Claim("It is so.", (Support(1, "so"), Support(2, "it")))],
        ),
        ('It is so. [1: "a "so" it [3]"]', [Claim("It is so.", (Support(1, 'a "so" it [3]'),))]),
        (
            'It is so. [1-2: "so"; "it", "is"]',
            [
                Claim(
                    "It is so.",
                    (Support(1, "so"), Support(2, "so"), Support(2, "it"), Support(2, "is")),
                )
            ],
        ),
        ("It is so. [1]; [2: “two”]", [Claim("It is so.", ONE_AND_TWO)]),
        (
            "It is so.\n- [1].\nSo it is. [2]",
            [Claim("It is so.", (Support(1),)), Claim("So it is.", (Support(2),))],
        ),
        ("It is so. [2-3]", [Claim("It is so.", (Support(2), Support(3)))]),
        ("It is so. 【1】[^2]", [Claim("It is so.", (Support(1), Support(2)))]),
        ("# Answer\n> It _is_ **so**. [1]", [Claim("It is so.", (Support(1),))]),
        ("**Inference:** It is so. [1]", [Claim("It is so.", (Support(1),), inferred=True)]),
        ("Inference is so. [1]", [Claim("Inference is so.", (Support(1),))]),
        (
            'It is so. [1: "so it is"] It is cut, [1: "so"] in',
            [Claim("It is so.", (Support(1, "so it is"),))],
        ),
        ("As [1] says, it is so.", [Claim("As [1] says, it is so.", ())]),
        ("According to [1], it is so. [2]", [Claim("According to [1], it is so.", (Support(2),))]),
        ("[1] says so.", [Claim("[1] says so.", ())]),
        ("Passages [1] and [2] say so.", [Claim("Passages [1] and [2] say so.", ())]),
        ("[1] It is so.", [Claim("It is so.", (Support(1),))]),
        ("It is what they live in [1].", [Claim("It is what they live in.", (Support(1),))]),
        ("", []),
    ],
)
def test_sentences_and_their_citations_are_read(draft: str, claims: list[Claim]) -> None:
    assert parse_claims(draft) == claims


def test_a_line_that_is_a_dash_stands_for_a_sentence_and_one_without_any_does_not() -> None:
    draft = "Here they are:\n- One is. [1]\n-\n2. Two is. [2]"
    assert parse_lines(draft) == [
        [Claim("One is.", (Support(1),))],
        [],
        [Claim("Two is.", (Support(2),))],
    ]


def test_a_draft_that_goes_on_in_spaces_is_read() -> None:  # minutes, if each is tried thrice
    draft = f"It is so. [1]\nIt is so too [1:{' ' * LONGEST_ANSWER}"
    assert parse_claims(draft) == [Claim("It is so.", (Support(1),))]


@given(st.text())
def test_any_draft_can_be_read_and_watched(draft: str) -> None:
    for claim in parse_claims(draft):
        assert claim.text
    assert "http://" not in draft_text(draft, [])


def test_a_draft_is_watched_without_the_words_it_cites_and_without_live_parts() -> None:
    draft = 'One. [1: "first words"]\nSee https://evil.example now.\nTwo [2: "sec'
    assert draft_text(draft, []) == "One. [1] … Two"


@pytest.mark.parametrize(
    "said",
    [
        "The essays do not say",
        " the essays do not say.\n",
        "“The essays do not say.”",
        "**The essays do not say** [1].",
        "The essays do not say what it cost.",
    ],
)
def test_a_refusal_is_known(said: str) -> None:
    assert is_refusal(said)
    assert not is_refusal(f"{said} But I know.")


@pytest.mark.parametrize(
    "said",
    [
        "The essays do not say lies.",
        'The essays do not say what it cost, but that it was dear. [1: "it was dear"]',
    ],
)
def test_what_says_more_is_no_refusal(said: str) -> None:
    assert not is_refusal(said)
