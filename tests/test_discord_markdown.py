"""What essays say is shown as it is, and a long message is cut where that does no harm."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.discord_bot.markdown import clean, escape, unescape
from bot.discord_bot.splitting import split

SYNTAX = "\\*_~|`<>#@[]():-+.1! \n"
written = st.text(st.one_of(st.sampled_from(SYNTAX), st.characters()), max_size=300)
words = st.text("abcdefgh äöü", min_size=1, max_size=60)
FAMILY = "👨‍👩‍👧‍👦"
LINKS = [
    "[source](https://x.org/a_b)",
    "[[3]](https://y.org)",
    "<https://x.org/c>",
    "<@123456789>",
    "**two words**",
]
CITATIONS = [r"\[12\]", "[1]", r"\[3\]\[4\]", "[5][6]"]
FENCES = [
    "```py\ndef f():\n    return 1\n```",
    "```\n" + "x y z\n\n" * 20 + "```",
    "```one two```",
    "```\nx" + (" " * 50 + "\n") * 3 + "y\n```",
]
LINES = ["> quoted words that go on", "- an item", "1. first", "# A title", "-# small print"]
pieces = st.one_of(
    words,
    written.map(escape),
    st.sampled_from([*LINKS, *CITATIONS]),
    st.sampled_from(LINKS).map(("e" * 33).__add__),
    st.sampled_from(["e" * 150, FAMILY * 12, "An end. And “more.” [1] So!", "3 - 5 + 1. x"]),
)
prose = st.lists(pieces, max_size=30).map(" ".join)
blocks = st.lists(st.one_of(prose, st.sampled_from([*FENCES, *LINES])), max_size=12)
documents = st.one_of(blocks.map("\n".join), blocks.map("\n\n".join))
limits = st.one_of(st.integers(40, 200), st.just(2000))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def squeezed(text: str) -> str:
    return "".join(text.split())


def bare(text: str) -> str:
    """Without what a cut may add or leave out."""
    return re.sub(r"```(?:py\n)?|-#|[\s>\\]", "", text)


def markdown_in(text: str) -> set[str]:
    """What an independent parser finds, but for what Discord does not know: entities, ===, indents.

    Small print it finds after it took the backslashes away; Discord does before.
    """
    preview = pytest.importorskip("simcord.preview._markdown")
    text = re.sub(r"^\s+", "", re.sub("[&=]", "", text), flags=re.MULTILINE)
    names = {"everyone": True, "users": {"1": "someone"}, "roles": {"1": "all"}}
    found = kinds(preview.markdown_tokens(text, context=names))
    return found - {"paragraph", "inline", "text", "break", "subtext"}


def kinds(tokens: Iterable[Mapping[str, Any]]) -> set[str]:
    found = set()
    for token in tokens:
        found.add(token["type"])
        found |= kinds(token.get("children", ()))
    return found


@given(written)
@example(r"\\[a](https://x.org) <@1> @everyone :smile: <t:1> ||x|| ```y```")
@example("1990. A year\n- item\n  + item\n-# small\n> quote\n# title")
def test_escaped_text_reads_back_as_it_was(text: str) -> None:
    assert unescape(escape(text)) == clean(text)


@given(written)
@example("https://x.org and discord.gg/x, <https://x.org>, [a](https://x.org)")
@example("**a** __b__ _c_ ~~d~~ ||e|| `f` ```g```\n# h\n-# i\n> j\n- k\n1. l\n+ m")
def test_escaped_text_holds_no_markdown(text: str) -> None:
    assert not markdown_in(escape(text))
    assert not re.search(r"^\s*-#", escape(text), flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("https://x.org", r"https\://x.org"),
        ("discordapp.com/invite/a", r"discordapp\.com/invite/a"),
        ("Discord.gg/abc", r"Discord\.gg/abc"),
        ("in 1990. Then 3 - 5", "in 1990. Then 3 - 5"),
        ("12. twelve", r"12\. twelve"),
        ("a_b [c]", r"a\_b \[c\]"),
    ],
)
def test_no_more_is_escaped_than_needed(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@pytest.mark.parametrize(
    "text",
    [FAMILY, "❤️", "1️⃣", "می‌خواهم", "ක්‍ර", "葛\U000e0100", "Ça va, naïve", "ภาษาไทย", "नमस्ते", "שָׁלוֹם"],
)
def test_letters_of_all_scripts_and_emoji_stay_whole(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "hidden",
    [
        *("\u200b", "\u2060", "\u00ad", "\u3164", "\u115f", "\ufeff", "\u034f", "\u202e", "\u200d"),
        *("\ufe0f", "\u180e", "\ufff9", "\U000e0041", "\U000e0101", "\x00", "\x1b", "\ud800"),
    ],
    ids=ascii,
)
def test_what_is_never_drawn_goes(hidden: str) -> None:
    assert clean(f"ab{hidden}c{hidden}{hidden}") == "abc"


def test_marks_do_not_paint_over_other_lines() -> None:
    assert clean("e" + "\u0301" * 50) == "e" + "\u0301" * 4


def test_a_separator_of_lines_is_a_new_line() -> None:
    assert escape("a\u2028- b\u2029# c") == "a\n\\- b\n\\# c"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (  # a paragraph's end before a line's
            "aa bb cc dd ee ff gg hh ii.\n\nll.\nnn oo pp qq rr",
            ["aa bb cc dd ee ff gg hh ii.", "ll.\nnn oo pp qq rr"],
        ),
        (  # a line's before a sentence's
            "aa bb cc dd ee ff gg hh ii jj.\nkk. Ll mm nn oo",
            ["aa bb cc dd ee ff gg hh ii jj.", "kk. Ll mm nn oo"],
        ),
        (  # a sentence's before a word's, with what is cited behind it
            "aa bb cc dd ee “ff gg hh.” [1][2] Kk ll mm nn oo",
            ["aa bb cc dd ee “ff gg hh.” [1][2]", "Kk ll mm nn oo"],
        ),
        (  # no part begins with a number that belongs to the one before
            "aa bb cc dd ee ff gg hh ii jj kk ll mm [1]",
            ["aa bb cc dd ee ff gg hh ii jj kk ll", "mm [1]"],
        ),
        (  # nor with what would be a list
            "aa bb cc dd ee ff gg hh ii jj kk ll 3333 - 4",
            ["aa bb cc dd ee ff gg hh ii jj kk ll", "3333 - 4"],
        ),
        ("- " * 21 + "-", ["- " * 20, r"\- -"]),
        (
            "> aa bb cc dd ee ff gg hh ii jj kk ll mm nn",
            ["> aa bb cc dd ee ff gg hh ii jj kk ll mm", "> nn"],
        ),
        (
            "-# aa bb cc dd ee ff gg hh ii jj kk ll mm nn",
            ["-# aa bb cc dd ee ff gg hh ii jj kk ll", "-# mm nn"],
        ),
        (
            ">>> aa bb cc dd ee ff\ngg hh ii jj kk ll mm nn oo pp",
            [">>> aa bb cc dd ee ff", ">>> gg hh ii jj kk ll mm nn oo pp"],
        ),
        (
            "```py\nfirst = 1\n\nsecond = 2\nthird = 3\n```",
            ["```py\nfirst = 1\n\nsecond = 2\n```", "```py\nthird = 3\n```"],
        ),
        (
            "> ```py\n> first = 1\n> second = 2\n> third = 3\n> ```",
            ["> ```py\n> first = 1\n> second = 2\n> ```", "> ```py\n> third = 3\n> ```"],
        ),
        (
            "> ```\n> aa bb cc dd ee ff gg hh ii jj kk\n> ```",
            ["> ```\n> aa bb cc dd ee ff gg hh ii\n> ```", "> ```\n> jj kk\n> ```"],
        ),
        (  # code that fits is not cut
            "Look at all of this:\n```\naaa = 1\nbbbbb = 2\n```\nand on",
            ["Look at all of this:", "```\naaa = 1\nbbbbb = 2\n```\nand on"],
        ),
        ("Look:\n```py\nfirst = 1", ["Look:\n```py\nfirst = 1\n```"]),
    ],
)
def test_a_cut_is_where_it_does_least_harm(text: str, parts: list[str]) -> None:
    assert split(text, 40) == parts


@given(documents, limits)
def test_every_part_fits_and_shows_something(text: str, limit: int) -> None:
    for part in split(text, limit):
        assert units(part) <= limit
        assert part.strip()


@given(documents, limits)
def test_every_part_closes_its_own_code(text: str, limit: int) -> None:
    for part in split(text, limit):
        _prose, *rest = part.split("```")
        assert len(rest) % 2 == 0
        assert all(bare(code.removeprefix("py\n")) for code in rest[::2])


@given(documents, limits)
def test_nothing_is_lost(text: str, limit: int) -> None:
    assert bare("".join(split(text, limit))) == bare(text)


@given(prose, limits)
def test_plain_lines_come_back_but_for_the_space_at_the_cuts(text: str, limit: int) -> None:
    joined = "".join(unescape(part) for part in split(text, limit))
    assert squeezed(joined) == squeezed(unescape(text))


@given(documents, limits)
def test_no_link_mention_or_citation_is_cut(text: str, limit: int) -> None:
    parts = split(text, limit)
    for whole in [*LINKS, *CITATIONS, FAMILY]:
        if whole not in ("[5][6]", r"\[3\]\[4\]"):
            assert sum(part.count(whole) for part in parts) == text.count(whole)


@given(written, limits)
def test_parts_of_escaped_text_hold_no_markdown(text: str, limit: int) -> None:
    for part in split(escape(text), limit):
        assert not markdown_in(part)


@given(documents, limits)
def test_what_fits_is_not_cut(text: str, limit: int) -> None:
    assert units(text.strip()) > limit or len(split(text, limit)) == (1 if text.strip() else 0)


@given(st.text(max_size=500), limits)
def test_any_text_at_all_can_be_split(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(units(part) <= limit for part in parts if part.isprintable())
    assert "".join(bare(part) for part in parts).startswith(bare(text).rstrip("`"))
