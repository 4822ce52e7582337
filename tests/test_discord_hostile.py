"""Text that means harm in Discord: in essays, titles, names, questions and reasons."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.discord_bot.markdown import unescape
from bot.discord_bot.memory import ServerSettings
from tests.conftest import IndexOf
from tests.discord_fixtures import (
    House,
    OpenHouse,
    Place,
    button_id,
    playing,
    texts,
)

LINK = "[free Nitro](https://evil.example/a_b) discord.gg/evil <https://evil.example>"
PINGS = "@everyone @here <@{user}> <@!{user}> <@&{role}> <#1> </ask:1> <:a:1> <t:1>"
MARKS = "**bold** __under__ ~~gone~~ ||hidden|| `code` ```fence``` > quote # head -# small"
TURNED = "\u202eknil\u202c zero\u200bwidth \u2066isolated\u2069 \u00adsoft z" + "\u0300" * 20
DEEP = "*_~|`[(" * 12 + "deep" + ")]`|~_*" * 12
HOSTILE = [PINGS, LINK, MARKS, TURNED, DEEP]
TOLD = [
    "<t:1> it is",
    "[free Nitro](https://evil.example/a_b)",
    "**bold** __un",
    "knil zerowidth",
    "deep",
]
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u00ad]")
LIVE = re.compile(
    r"(?<!\\)(?:@(?:everyone|here)|<[@#:/t]|https?:|\]\(|\|\||~~|`)|(?m:^(?:>>> |# ))|discord\.gg"
)


@pytest.fixture
def house(open_house: OpenHouse, index_of: IndexOf) -> House:
    essays = {
        f"hostile{number}": f"Power {text}\n\nEnergy imperialism is power: {text} it is.\n"
        for number, text in enumerate(HOSTILE)
    }
    return open_house(index_dir=index_of(**essays), discord_message_content=True)


def bodies(value: Any) -> Iterator[dict[str, Any]]:
    """Everything with a text that was sent, wherever in a body it stands."""
    if isinstance(value, dict):
        if "content" in value:
            yield value
        for each in value.values():
            yield from bodies(each)


def sent(place: Place) -> list[dict[str, Any]]:
    return [
        body
        for request in place.env.http_requests
        if request.method in ("POST", "PATCH")
        for body in bodies(request.json)
    ]


def check(place: Place) -> None:
    """Nothing pings, links, formats or hides."""
    found = sent(place)
    assert found
    for body in found:
        assert body["allowed_mentions"].get("parse") == []
        assert not body["allowed_mentions"].get("users")
        assert not body["allowed_mentions"].get("roles")
        assert not body["allowed_mentions"].get("replied_user")
        assert not LIVE.search(body["content"].replace("> ", "", 1))
        assert not HIDDEN.search(body["content"])
        assert len(body["content"]) <= 2_000
    for message in place.said():
        assert not message.mentions
        assert not message.role_mentions
        assert not message.mention_everyone


@pytest.mark.parametrize("hostile", range(len(HOSTILE)))
async def test_hostile_essays_are_shown_as_text(house: House, hostile: int) -> None:
    async with playing(house) as place:
        options = {"question": "What is energy imperialism?", "essay": f"hostile{hostile}.txt"}
        result = await place.asker.slash(place.channel, "ask", **options)
        assert result.response
        await place.asker.send(place.channel, f"{place.me} What is energy imperialism?")
        passages = button_id(result.response, "passages")
        await place.asker.click(result.response, custom_id=passages)
        await place.asker.slash(place.channel, "essays")
        check(place)
        assert TOLD[hostile] in unescape(texts(result)[0])


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_questions_are_repeated_as_text(house: House, hostile: str) -> None:
    async with playing(house) as place:
        role = place.guild.create_role("readers", mentionable=True)
        question = hostile.replace("{user}", str(place.admin.id)).replace("{role}", str(role.id))
        await house.memory.keep_server(
            place.guild.id, ServerSettings(report_channel=place.channel.id)
        )
        first = await place.asker.slash(place.channel, "ask", question=question, private=True)
        assert first.response
        await place.asker.click(first.response, custom_id=button_id(first.response, "share"))
        refused = await place.asker.slash(place.channel, "ask", question=f"{question} zebras")
        assert refused.response
        if "missing" in json.dumps(refused.response.components):
            await place.asker.click(
                refused.response, custom_id=button_id(refused.response, "missing")
            )
        message = await place.admin.send(place.channel, question)
        await place.asker.context_menu(place.channel, "Ask the essays", message)
        await place.asker.slash(place.channel, "ask", question="what", essay=question[:100])
        check(place)


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_file_names_are_shown_as_text(
    open_house: OpenHouse, tmp_path: Path, hostile: str
) -> None:
    async with playing(open_house(essays_dir=tmp_path / "essays")) as place:
        for name in (f"{hostile}.txt", f"{hostile}.exe"):
            await place.admin.slash(place.channel, "essay add", file=(name, b"An essay. It is."))
        await place.admin.slash(place.channel, "essay remove", name=hostile[:100])
        check(place)


async def test_titles_to_choose_from_are_plain_and_short(
    open_house: OpenHouse, index_of: IndexOf
) -> None:
    text = f"{TURNED} \u202eevil\n\nPower is the power of the grid and of all who own it."
    async with playing(open_house(index_dir=index_of(a=text, b="x" * 300))) as place:
        choices = await place.asker.autocomplete(place.channel, "ask", "essay", "")
        assert len(choices) == 2
        assert all(1 <= len(each["name"]) <= 100 for each in choices)
        assert not any(HIDDEN.search(each["name"]) for each in choices)


async def test_no_message_shows_a_preview_of_what_it_links(house: House) -> None:
    async with playing(house) as place:
        await place.asker.send(place.channel, f"{place.me} {LINK} What is energy imperialism?")
        assert all(each.flags.suppress_embeds for each in place.said())
