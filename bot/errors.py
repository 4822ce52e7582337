"""Errors of asking, beside those of ingest/errors.py."""

from ingest.errors import EssayBotError


class SettingsInvalid(EssayBotError):
    """A setting, or the file that holds them, cannot be used."""


class QuestionInvalid(EssayBotError):
    """There is no question, or it is too long to be one."""


class EssayUnknown(EssayBotError):
    """An essay was named that the index does not hold."""


class ReindexFailed(EssayBotError):
    """A reindex that was started from Discord did not come to its end."""


class FileRefused(EssayBotError):
    """A file is no essay that can be added or removed."""


class DiscordRefused(EssayBotError):
    """Discord does not let the bot in."""


class LibraryMissing(EssayBotError):
    """Nobody's essays can be asked from here."""


class TooManyQuestions(EssayBotError):
    """So many questions wait that one more would wait too long."""


class BatchInvalid(EssayBotError):
    """A line of a batch is not a question, or the batch cannot be read."""


class StreamUnusable(EssayBotError):
    """Standard input or output is closed, or takes nothing more."""


class ChatModelUnusable(EssayBotError):
    """CHAT_MODEL names no model that can be used: a package, a key or a name is wrong."""


class ChatModelFailed(EssayBotError):
    """The chat model did not answer, or not in a way that can be read."""


class TokenInvalid(EssayBotError):
    """DISCORD_TOKEN is no bot's token, or Discord does not take it."""


class DiscordUnreachable(EssayBotError):
    """Discord cannot be asked: no network, or no answer."""


class DiscordFailed(EssayBotError):
    """Discord answered in a way that cannot be used."""
