"""Any text as Discord markdown that shows just that text, and back; knows nothing of Discord."""

import regex

from bot.display import plain

MARKS_ON_A_LETTER = 4  # combining marks; more of them paint over the lines around

# Joiners and variation selectors that change what is seen stay: those within an emoji, in scripts
# that need them, and one after an ideograph. All else that is never drawn goes.
_HIDDEN = regex.compile(
    r"""
    ( (?<=\p{Emoji})[\ufe0e\ufe0f]
    | (?<=\p{ExtPict}\p{EMod}?\ufe0f?)\u200d(?=\p{ExtPict})
    | (?<=[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mong}\p{scx=Nkoo}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}
           \p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}
           \p{scx=Khmr}\p{scx=Mymr}])[\u200c\u200d]
    | (?<=\p{Han})[\ufe00-\ufe02\U000e0100-\U000e01ef]
    | (?<=[\u1820-\u18aa])[\u180b-\u180f]
    )
    | [\p{DI}\ufff9-\ufffb]
    """,
    regex.VERBOSE,
)
_STACKED = regex.compile(rf"([\p{{Mn}}\p{{Me}}]{{{MARKS_ON_A_LETTER}}})[\p{{Mn}}\p{{Me}}]+")
_LINE_BREAKS = regex.compile("[\u2028\u2029]")
_SYNTAX = regex.compile(
    r"""
      [\\*_~|`<>\#@\[\]():]             # formatting, code, links, mentions, emoji, timestamps
    | (?m:(?<=^[^\S\n]*)[-+])           # at the start of a line: lists, small print
    | (?m:(?<=^[^\S\n]*[0-9]+)\.)
    | (?i:(?<=discord(?:app)?))\.(?=\w) # invitations are shown as such even without https://
    """,
    regex.VERBOSE,
)
_ESCAPED = regex.compile(r"\\([!-/:-@\[-`{-~])")


def escape(text: str) -> str:
    """Markdown that Discord shows as `clean(text)`: no formatting, link, mention or emoji of it.

    For places where markdown is read: not within code, where backslashes are shown. The letters
    `@everyone` stay in the message, so it must also be sent with AllowedMentions.none().
    """
    return str(_SYNTAX.sub(r"\\\g<0>", clean(text)))


def unescape(markdown: str) -> str:
    """The text that was escaped: `unescape(escape(text)) == clean(text)`."""
    return str(_ESCAPED.sub(r"\1", markdown))


def clean(text: str) -> str:
    """Text without what steers, hides or paints over other text."""
    lines = _LINE_BREAKS.sub("\n", plain(text))
    return str(_STACKED.sub(r"\1", _HIDDEN.sub(r"\1", lines)))
