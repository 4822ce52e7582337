"""Discord's own description tells right requests from wrong ones."""

import discord
import pytest

from tests.discord_bots import Again, Bot, running
from tests.discord_exchange import Request
from tests.discord_openapi import DESCRIPTION, problems
from tests.discord_server import DiscordServer

pytestmark = pytest.mark.skipif(not DESCRIPTION.exists(), reason="needs Discord's description")
SENDING = "/channels/{channel_id}/messages"


def request(method: str, template: str, body: object = None) -> Request:
    return Request(method, template, template, {}, body=body)


@pytest.mark.asyncio
async def test_what_discord_py_sends_is_right() -> None:
    bot = Bot()
    async with DiscordServer() as server, running(server, bot):
        ada, questions = server.world.user("ada"), server.world.channel("questions")
        asked = server.slash(ada, questions, "ask", {"question": "Who"})
        shown = server.slash(ada, questions, "form")
        completed = server.complete(ada, questions, "ask", {"question": "Who"}, "question")
        channel = bot.place(questions)
        file = discord.File(__file__, "test.py")
        sent = await channel.send("Hello.", file=file, view=Again(), nonce=1, silent=True)
        embed = discord.Embed(title="Energy", description="It says so.").set_footer(text="1")
        await sent.edit(embed=embed.add_field(name="a", value="b"), attachments=[])
        await sent.reply("And more.")
        thread = await sent.create_thread(name="More")
        await thread.edit(archived=True)
        await sent.add_reaction("👍")
        await channel.typing()
        await server.wait_until(lambda: asked.followups and shown.modal and completed.choices)
    assert problems(server.requests) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (request("POST", SENDING, {"content": 5}), "5 is not of type 'string', 'null'"),
        (request("POST", SENDING, {"content": "x" * 5000}), "is too long"),
        (request("POST", SENDING, {"contnet": "x"}), "Discord has no 'contnet' there"),
        (request("POST", SENDING, {"embeds": [{"titel": "x"}]}), "Discord has no 'titel' there"),
        (request("POST", SENDING), "lacks its body"),
        (request("POST", "/messages", {}), "Discord knows no POST /messages"),
        (request("PUT", SENDING, {}), "Discord knows no PUT"),
        (request("POST", "/channels/{channel_id}/typing", {"a": 1}), "takes no body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_told(wrong: Request, told: str) -> None:
    (problem,) = problems([wrong])
    assert told in problem
