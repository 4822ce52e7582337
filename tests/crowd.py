"""Fifty people ask within a second: when are they told that it is being answered, and when is it?

    python -m tests.crowd

The real client, model and index, against the local Discord of these tests; half of the people use
the command, half mention the bot, in ten channels, since Discord takes five messages in five
seconds in each.
"""

import asyncio
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bot.answering import Answerer
from bot.settings import Settings
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from ingest.sync import sync
from tests.conftest import ESSAYS
from tests.discord_bots import running
from tests.discord_fixtures import House
from tests.discord_server import DiscordServer

PEOPLE, CHANNELS = 50, 10
QUESTION = "What is energy imperialism, asks number {}?"
WAIT = 120.0


async def crowd(house: House) -> tuple[list[float], list[float], int]:
    """Seconds until each was acknowledged, and answered; and how often a limit was hit."""
    async with DiscordServer() as server, running(server, house.client()):
        world, guild = server.world, server.world.guilds[0]
        people = [world.add_user(f"person {number}") for number in range(PEOPLE)]
        channels = [world.add_channel(guild, f"channel {number}") for number in range(CHANNELS)]
        for person in people:
            server.do(world.join, person, guild)
        asked, said = [], []
        for place, person in enumerate(people):
            channel, question = channels[place % CHANNELS], QUESTION.format(place)
            if place % 2:
                asked.append(server.slash(person, channel, "ask", {"question": question}))
            else:
                said.append(server.say(person, channel, question, mentions_bot=True))
        await server.wait_until(
            lambda: (
                all(each.response and not each.waits for each in asked)
                and all(each.replies for each in said)
            ),
            WAIT,
        )
        acknowledged = [(each.acknowledged_at or WAIT) - each.created_at for each in asked]
        acknowledged += [
            min(*each.channel.typing, each.replies[0].versions[0].at) - each.versions[0].at
            for each in said
        ]
        answered = [
            each.response.versions[-1].at - each.created_at for each in asked if each.response
        ]
        answered += [each.replies[0].versions[0].at - each.versions[0].at for each in said]
        return acknowledged, answered, len(server.rate_limited)


def main() -> None:
    """Let them ask, and print a table."""
    embeddings = SentenceEmbeddings()
    embeddings.load()
    with tempfile.TemporaryDirectory() as place:
        index = Path(place) / "index"
        sync(ESSAYS, FolderStore(index), embeddings)
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            index_dir=index,
            essays_dir=ESSAYS,
            data_dir=Path(place),
        )
        models = Answerer(PublishedIndex(FolderStore(index), embeddings.identity), embeddings)
        with closing(models), closing(House(models, settings)) as house:
            acknowledged, answered, limited = asyncio.run(crowd(house))
    table = Table("seconds until", "median", "longest")
    for name, seconds in (("acknowledged", acknowledged), ("answered", answered)):
        table.add_row(name, f"{np.median(seconds):.2f}", f"{max(seconds):.2f}")
    Console().print(table)
    print(f"{PEOPLE} people; requests over one of Discord's limits: {limited}")


if __name__ == "__main__":
    main()
