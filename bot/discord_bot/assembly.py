"""The whole bot: a client with its commands and what its buttons do."""

from bot.discord_bot.asking import AskingCog
from bot.discord_bot.client import EssayClient
from bot.discord_bot.control import ControlCog, SettingsView
from bot.discord_bot.essays import EssaysCog, PageButton
from bot.discord_bot.indexing import ConfirmButton, IndexCog
from bot.discord_bot.libraries import Libraries
from bot.discord_bot.memory import Memory, ServerSettings
from bot.discord_bot.phrases import DEFAULT
from bot.discord_bot.presses import AnswerButton
from bot.settings import Settings


def make_client(settings: Settings, libraries: Libraries, memory: Memory) -> EssayClient:
    """A client for one connection; what it remembers and reads outlives it."""
    return EssayClient(settings, libraries, memory, _extend)


async def _extend(client: EssayClient) -> None:
    for cog in (AskingCog(client), EssaysCog(client), IndexCog(client), ControlCog(client)):
        await client.add_cog(cog)
    client.add_dynamic_items(AnswerButton, PageButton, ConfirmButton)
    client.add_view(SettingsView(ServerSettings(), DEFAULT))
