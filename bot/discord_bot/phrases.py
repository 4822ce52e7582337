"""What the bot says of itself, in the languages it knows; a file a language."""

import tomllib
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

LANGUAGES = ("en", "de")
DEFAULT = "en"
COMMANDS = "commands"  # the table of what commands are called


def say(language: str, phrase: str, /, **values: object) -> str:
    """A phrase in a language, given as Discord does ("de", "en-GB"); in English if unknown.

    Raises KeyError for a phrase or a value that is missing.
    """
    short = language.partition("-")[0]
    return Template(_phrases(short if short in LANGUAGES else DEFAULT)[phrase]).substitute(values)


def translate(language: str, text: str) -> str | None:
    """A command's English text in another language; None where it has no other form."""
    short = language.partition("-")[0]
    return _file(short).get(COMMANDS, {}).get(text) if short in LANGUAGES else None


def _phrases(language: str) -> dict[str, str]:
    return {**_file(DEFAULT), **_file(language)}


@cache
def _file(language: str) -> dict[str, Any]:
    text = files("bot.discord_bot").joinpath("languages", f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)
