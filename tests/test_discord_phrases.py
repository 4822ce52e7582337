"""Every language says everything, with the same values in it."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from string import Template
from typing import Any

import pytest

from bot.discord_bot.phrases import COMMANDS, LANGUAGES, say, translate
from tests.discord_fixtures import OpenHouse, playing

OTHERS = [language for language in LANGUAGES if language != "en"]


def phrases(language: str) -> dict[str, Any]:
    text = files("bot.discord_bot").joinpath("languages", f"{language}.toml").read_text("utf-8")
    return {name: phrase for name, phrase in tomllib.loads(text).items() if name != COMMANDS}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_phrase_with_its_values(language: str) -> None:
    english, other = phrases("en"), phrases(language)
    assert other.keys() == english.keys()
    for name, phrase in english.items():
        wanted = Template(phrase).get_identifiers()
        assert sorted(Template(other[name]).get_identifiers()) == sorted(wanted), name


@pytest.mark.parametrize(
    ("locale", "said"), [("de", "Teilen"), ("en-GB", "Share"), ("ja", "Share")]
)
def test_a_locale_of_discord_finds_its_language_or_english(locale: str, said: str) -> None:
    assert say(locale, "share") == said


def texts_of(command: dict[str, Any]) -> Iterator[str]:
    yield command.get("description") or command["name"]
    for option in command.get("options", []):
        yield from texts_of(option)


async def test_every_command_and_option_has_its_text_in_every_language(
    open_house: OpenHouse,
) -> None:
    async with playing(open_house()) as place:
        tree = place.client.tree
        commands = [each.to_dict(tree) for each in tree.get_commands()]
    for text in {text for each in commands for text in texts_of(each)}:
        for language in OTHERS:
            assert translate(language, text), text
