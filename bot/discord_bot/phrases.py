"""What the bot says of itself, in the languages it knows; a file a language."""

import tomllib
from functools import cache
from importlib.resources import files
from string import Template

LANGUAGES = ("en", "de")
DEFAULT = "en"


def say(language: str, phrase: str, /, **values: object) -> str:
    """A phrase in a language, given as Discord does ("de", "en-GB"); in English if unknown.

    Raises KeyError for a phrase or a value that is missing.
    """
    short = language.partition("-")[0]
    return Template(_phrases(short if short in LANGUAGES else DEFAULT)[phrase]).substitute(values)


@cache
def _phrases(language: str) -> dict[str, str]:
    text = files("bot.discord_bot").joinpath("languages", f"{language}.toml").read_text("utf-8")
    return {**(_phrases(DEFAULT) if language != DEFAULT else {}), **tomllib.loads(text)}
